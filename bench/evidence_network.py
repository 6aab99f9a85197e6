"""Whether a pixel loss on synthetic lesions makes a run's evidence point at lesions.

The parent run is fine-tuned with that loss and, as a control, without it, from several seeds. No
network of this experiment goes into ``models/``: the last lines say whether one may serve.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.lesion_films import (
    LesionFilm,
    adult_films,
    pasted_films,
    require_films,
    synthetic_films,
    take,
)
from bench.localisation import (
    BRIGHTEST,
    CENTRE,
    METHODS,
    OTHER_FILM,
    SPLIT_FILE,
    WHOLE,
    WHOLE_LUNGS,
    Sizes,
    column_of,
    explain_all,
    locate_all,
)
from bench.results import Section
from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.evaluation.metrics import CALIBRATION_BINS, log_losses
from core.evaluation.operating_point import (
    SENSITIVITY_WANTED,
    calibrate,
    choose_operating_point,
    fit_temperature,
)
from core.explain.localisation import Location
from core.files import sha256_of
from core.inference.litert import LiteRTClassifier
from core.phantom.builtin import DRAWING_VERSION
from core.pipeline import Explainable, open_engine
from core.runs.store import EXPORT_FILE, export_identity, load_run
from core.settings import Settings, get_settings
from core.shortcuts.perturbations import keep_border_without_lungs
from core.stats.bootstrap import PatientDraws, draw_patients, interval_of_draws
from core.stats.intervals import Labels, structural_components
from core.training.evidence_network import (
    CONTROL,
    KEPT,
    MEAN_WEIGHTS,
    EvidenceSettings,
    make_networks,
)
from core.training.export import exported_logits
from core.training.films import to_input
from core.training.lung_crop import crop_films, find_boxes, open_segmenter
from core.training.scoring import films_as_seen, open_films_to_score
from core.training.shortcut_audit import grey_of, load_audit_films

TITLE = "A network whose evidence points at lesions: an experiment"
COMMAND = "python -m bench evidence_network"
SETTINGS = EvidenceSettings()

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats, Labels], float]


def mean_of(values: Floats, _labels: Labels) -> float:
    """Return the mean over all films."""
    return float(values.mean())


def area_of(values: Floats, labels: Labels) -> float:
    """Return the area under the ROC curve."""
    return float(structural_components(values, labels)[0].mean())


def distance_of(values: Floats, labels: Labels) -> float:
    """Return how far the area under the ROC curve is from chance."""
    return abs(area_of(values, labels) - 0.5)


def share_of_ill(values: Floats, labels: Labels) -> float:
    """Return the mean over films with pneumonia."""
    return float(values[labels == 1].mean())


def share_of_well(values: Floats, labels: Labels) -> float:
    """Return what is missing from 1 in the mean over normal films."""
    return 1.0 - float(values[labels == 0].mean())


def calibration_error(values: Floats, labels: Labels) -> float:
    """Return the expected calibration error of probabilities."""
    bins = np.minimum((values * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    return float(np.abs(np.bincount(bins, values - labels)).sum() / len(labels))


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of a run's values, and what is made of it; ``part`` names the films."""

    part: str
    column: str
    statistic: Statistic


VALIDATION, TEST, ADULTS = "validation", "test", "nih"
BORDERS = {VALIDATION: "border of validation", TEST: "border of test"}
LESIONS = ("synthetic", "pasted", "adults with boxes")
LOSS = "validation: log loss"
RISE = "distance from 0.5"
MEASURES = {
    LOSS: Measure(VALIDATION, "loss", mean_of),
    "test: ROC AUC": Measure(TEST, "probability", area_of),
    "test: sensitivity": Measure(TEST, "called", share_of_ill),
    "test: specificity": Measure(TEST, "called", share_of_well),
    "test: ECE": Measure(TEST, "probability", calibration_error),
    "adults: ROC AUC": Measure(ADULTS, "probability", area_of),
    **{f"{films}: ROC AUC": Measure(films, "logit", area_of) for films in BORDERS.values()},
    **{f"{films}: {RISE}": Measure(films, "logit", distance_of) for films in BORDERS.values()},
    **{f"{films}: hit": Measure(films, "hit", mean_of) for films in LESIONS},
    **{f"{films}: AUC in lungs": Measure(films, "auc", mean_of) for films in LESIONS},
    **{f"{films}: hit less {OTHER_FILM}": Measure(films, "hit lead", mean_of) for films in LESIONS},
    **{f"{films}: AUC less {OTHER_FILM}": Measure(films, "auc lead", mean_of) for films in LESIONS},
}
LOCATED = [name for name, measure in MEASURES.items() if measure.column in ("hit", "auc")]

Values = Mapping[tuple[str, str], Floats]
"""One run's values, one a film, by part and column."""

Leads = Mapping[tuple[str, str], Mapping[str, Rate]]
"""By how much a group leads a reference, by group, reference and measure."""


@dataclass(frozen=True, slots=True, eq=False)
class FilmSets:
    """All films that a run is measured on.

    Attributes
    ----------
    inputs : mapping of str to (N, px, px, 1) float32 ndarray
        By part: with labels and patients.
    lesions : mapping of str to sequence of LesionFilm
        Films that the parent calls pneumonia.
    draws : mapping of str to PatientDraws
        The bootstrap draws of every part.
    """

    inputs: Mapping[str, npt.NDArray[np.float32]]
    labels: Mapping[str, Labels]
    lesions: Mapping[str, Sequence[LesionFilm]]
    draws: Mapping[str, PatientDraws]


def load_film_sets(
    app: Settings, parent: RunRecord, sizes: Sizes, report: Callable[[str], None]
) -> FilmSets:
    """Load and prepare the films, as the parent sees them.

    Raises
    ------
    DatasetError
        If films or lung masks are missing.
    ModelMissing, ModelIntegrity
        If the parent or the gate cannot be used.
    """
    split = app.models / SPLIT_FILE
    seen = films_as_seen(open_films_to_score(app.data, app.models, report), True, app.models)
    inputs, labels, draws = {}, {}, {}
    for part in (VALIDATION, TEST, ADULTS):
        chosen = seen.table.split == part
        inputs[part] = to_input(seen.films[chosen], parent.input_px)
        labels[part] = seen.table.label[chosen]
        draws[part] = draw_patients(seen.table.patient[chosen])
    audited, segmenter = load_audit_films(app.data, split), open_segmenter(app.models)
    for part, name in BORDERS.items():
        report(f"{name}: hiding all else")
        films = audited[part]
        trusted = films.trusted
        bordered = keep_border_without_lungs(
            films.films[trusted], films.lung_masks[trusted], grey_of(audited)
        )
        cut = crop_films(bordered, find_boxes(bordered, segmenter))
        inputs[name] = to_input(cut, parent.input_px)
        labels[name] = np.asarray(films.labels)[trusted]
        draws[name] = draw_patients(np.arange(len(cut)))
    engine = open_engine(app.models, parent.run_id, app.inference_threads)
    found = (
        (synthetic_films(engine), sizes.synthetic),
        (pasted_films(engine, app.data, split), sizes.pasted),
        (adult_films(engine, app.data), sizes.adults),
    )
    lesions = {}
    for name, (films_found, n) in zip(LESIONS, found, strict=True):
        lesions[name] = take(films_found, n, name, report)
        labels[name] = np.ones(len(lesions[name]), np.int64)
        draws[name] = draw_patients(np.arange(len(lesions[name])))
    return FilmSets(inputs, labels, lesions, draws)


def score_network(
    content: bytes, name: str, parent: RunRecord, films: FilmSets, *, own: bool
) -> Values:
    """Calibrate a network on validation, choose its threshold there, and measure it once.

    Parameters
    ----------
    own : bool
        Whether it is the parent itself, which keeps its calibration and threshold.
    """
    logits = {part: exported_logits(content, inputs) for part, inputs in films.inputs.items()}
    known = films.labels[VALIDATION]
    record = replace(parent, run_id=name, abstention=None)
    if not own:
        calibration = fit_temperature(logits[VALIDATION], known)
        probabilities = calibrate(logits[VALIDATION], calibration)
        point = choose_operating_point(probabilities, known, SENSITIVITY_WANTED, VALIDATION)
        record = replace(record, calibration=calibration, operating_point=point)
    values: dict[tuple[str, str], Floats] = {}
    for part in (VALIDATION, TEST, ADULTS):
        probabilities = calibrate(logits[part], record.calibration)
        values[part, "probability"] = probabilities
        values[part, "loss"] = log_losses(probabilities, films.labels[part])
        called = probabilities >= record.operating_point.threshold
        values[part, "called"] = called.astype(np.float64)
    for part in BORDERS.values():
        values[part, "logit"] = logits[part]
    run = Explainable(LiteRTClassifier(content, record))
    for part, some in films.lesions.items():
        located = locate_whole_lungs(some, run)
        for column in ("hit", "auc"):
            own, other = (column_of(located[name], column) for name in (WHOLE_LUNGS, OTHER_FILM))
            values[part, column], values[part, f"{column} lead"] = own, own - other
    return values


def locate_whole_lungs(films: Sequence[LesionFilm], run: Explainable) -> dict[str, list[Location]]:
    """Hold a run's maps of the whole lungs, and the controls, against the films' lesions."""
    made = explain_all(films, run, lambda _line: None, {WHOLE_LUNGS: METHODS[WHOLE_LUNGS]})
    return locate_all(films, made)


def value_of(values: Values, labels: Mapping[str, Labels], measure: Measure) -> float:
    """Return one measure of one run."""
    return measure.statistic(values[measure.part, measure.column], labels[measure.part])


def difference(
    first: Sequence[Values], second: Sequence[Values], films: FilmSets, measure: Measure
) -> Rate:
    """Return the first group's mean of a measure less the second's, on the same films.

    The 95 % interval is a bootstrap over films, a patient's films kept together. It holds for these
    networks: other seeds would add to it.
    """
    labels, key = films.labels[measure.part], (measure.part, measure.column)

    def gap(some: npt.NDArray[np.int64]) -> float:
        one, other = (
            np.mean([measure.statistic(run[key][some], labels[some]) for run in group])
            for group in (first, second)
        )
        return float(one - other)

    places = np.arange(len(labels))
    counts = films.draws[measure.part].film_counts(places).astype(np.int64)
    drawn = np.array([gap(np.repeat(places, count)) for count in counts])
    return Rate(gap(places), *interval_of_draws(drawn), len(places))


def tabulate_runs(
    runs: Mapping[str, Values], maps: Mapping[str, Values], parent: str, films: FilmSets
) -> list[str]:
    """Return a table with a line a run, and one for each map that knows nothing of the lesion."""
    lines = [
        f"| Run | {' | '.join(MEASURES)} | log loss less that of {parent} |",
        "| --- " * (len(MEASURES) + 2) + "|",
    ]
    for name, values in runs.items():
        cells = [f"{value_of(values, films.labels, one):.3f}" for one in MEASURES.values()]
        lead = difference([values], [runs[parent]], films, MEASURES[LOSS])
        lines.append(f"| {' | '.join([name, *cells, signed_text(lead)])} |")
    for name, values in maps.items():
        cells = [
            f"{value_of(values, films.labels, one):.3f}" if measure in LOCATED else ""
            for measure, one in MEASURES.items()
        ]
        lines.append(f"| {' | '.join([name, *cells, ''])} |")
    return lines


def signed_text(rate: Rate) -> str:
    """Return a difference with its sign and interval."""
    return f"{rate.value:+.3f} ({rate.low:+.3f} to {rate.high:+.3f})"


def compare_groups(groups: Mapping[str, Sequence[Values]], parent: str, films: FilmSets) -> Leads:
    """Return by how much each group with the pixel loss leads, by group, reference and measure.

    The references are the control and the parent.
    """
    return {
        (group, other): {
            name: difference(groups[group], groups[other], films, measure)
            for name, measure in MEASURES.items()
        }
        for group in groups
        for other in (CONTROL, parent)
        if group not in (CONTROL, parent)
    }


def tabulate_groups(
    groups: Mapping[str, Sequence[Values]], leads: Leads, films: FilmSets
) -> list[str]:
    """Return a table with a line a measure: each group's mean, and its leads."""
    head = ["Measure", "n", *groups, *(f"{group} less {other}" for group, other in leads)]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for name, measure in MEASURES.items():
        means = [
            np.mean([value_of(values, films.labels, measure) for values in of_group])
            for of_group in groups.values()
        ]
        cells = [name, str(len(films.labels[measure.part])), *(f"{mean:.3f}" for mean in means)]
        texts = [signed_text(lead[name]) for lead in leads.values()]
        lines.append(f"| {' | '.join([*cells, *texts])} |")
    return lines


def group_runs(
    runs: Mapping[str, Values], parent: str, *, averaged: bool
) -> dict[str, list[Values]]:
    """Return the parent, and each group's seeds or the one network with their mean weights."""
    groups = {parent: [runs[parent]]}
    for name, values in runs.items():
        group, _, which = name.partition(", ")
        if which and (which == MEAN_WEIGHTS) is averaged:
            groups.setdefault(group, []).append(values)
    return groups


def judge_group(group: str, leads: Mapping[str, Leads], parent: str) -> list[str]:
    """Say by the rule whether a group's network may serve; the last line is the verdict.

    Parameters
    ----------
    leads : mapping of str to Leads
        Of the group's seeds, and of the one network that would serve: the rule holds for both.
    """
    lines, all_met = [], True
    for which, of_these in leads.items():
        for what, rate, met in _check_rule(group, of_these, parent):
            all_met &= met
            word = "met" if met else "NOT MET"
            text = f"{signed_text(rate)}, n = {rate.n}"
            lines.append(f"- {group}, {which}: {what}: {text}: **{word}**")
    if all_met:
        verdict = f"such a network may serve in the place of {parent}"
    else:
        verdict = f"it stays an experiment, and the exact map of {parent} serves"
    return [*lines, f"- {group}: verdict: **{verdict}**."]


def _check_rule(group: str, leads: Leads, parent: str) -> Iterator[tuple[str, Rate, bool]]:
    over_control, loss = leads[group, CONTROL], leads[group, parent][LOSS]
    yield f"log loss on validation is within chance of {parent}'s", loss, loss.low <= 0.0
    for films in LESIONS[1:]:
        lead = over_control[f"{films}: AUC in lungs"]
        yield f"{films}: the AUC in the lungs rises over the control", lead, lead.low > 0.0
    for films in BORDERS.values():
        lead = over_control[f"{films}: {RISE}"]
        what = f"{films}: its ROC AUC does not move away from 0.5 over the control"
        yield what, lead, lead.low <= 0.0


def experiment_folder(app: Settings, settings: EvidenceSettings, parent: RunRecord) -> Path:
    """Return the folder that holds what these settings, films and drawings give, and make it."""
    decided = [asdict(settings), export_identity(parent), sha256_of(app.models / SPLIT_FILE)]
    key = hashlib.sha256(json.dumps([*decided, DRAWING_VERSION]).encode()).hexdigest()[:16]
    folder = app.cache / "evidence_network" / key
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def about(settings: EvidenceSettings, parent: str) -> list[str]:
    """Say what was trained and measured."""
    made = settings.pairs
    pairs = made.lesions * made.pairs_a_lesion
    trained = (
        f"Networks that start from {parent} and learn on from `{settings.first_layer}`, "
        f"{settings.epochs} epochs, {len(settings.seeds)} seeds a group. The pixel loss asks of "
        f"each place whether a synthetic lesion is there: {pairs} pairs of {made.lesions} "
        f"lesions of seeds from {made.first_seed} on, half of them synthetic altogether, half "
        f"laid on real normal training films. {CONTROL}: the same without the pixel loss. {KEPT}: "
        f"with it, and each film's label replaced by what {parent} says of the changed film. All "
        f"seeds see the same {settings.epochs} random changes of each film. {MEAN_WEIGHTS}: the "
        "mean of the seeds' weights, in one network."
    )
    measured = (
        "Calibration and threshold come from validation patients. The official test and the adults "
        "were scored once. Lesions: the class activation map of the whole lungs, averaged with the "
        f"mirrored film's, on the films of `python -m bench localisation`, that {parent} calls "
        "pneumonia. Border: only the outer eighth is left, lungs replaced. 95 % intervals are "
        "bootstrapped over films, a patient's films kept together, for these seeds."
    )
    return [trained, "", measured, ""]


def measure(
    report: Callable[[str], None],
    settings: EvidenceSettings = SETTINGS,
    sizes: Sizes = WHOLE,
) -> Section:
    """Train, score, compare and judge; what an interrupted call left is not trained again.

    Raises
    ------
    DatasetError
        If films or lung masks are missing.
    ModelMissing, ModelIntegrity
        If the parent or the gate cannot be used.
    """
    app = get_settings()
    require_films(app.data)
    parent = load_run(app.models / settings.parent)
    folder = experiment_folder(app, settings, parent)
    exports = make_networks(app.data, app.models, folder, settings, report)
    films = load_film_sets(app, parent, sizes, report)
    runs = {}
    for name, path in {parent.run_id: parent.folder / EXPORT_FILE, **exports}.items():
        own = name == parent.run_id
        runs[name] = score_network(path.read_bytes(), name, parent, films, own=own)
        report(f"{name} is scored")
    maps = _maps_that_know_nothing(parent, films)
    seeds, averaged = (
        group_runs(runs, parent.run_id, averaged=averaged) for averaged in (False, True)
    )
    leads = {
        which: compare_groups(groups, parent.run_id, films)
        for which, groups in (("seeds", seeds), (MEAN_WEIGHTS, averaged))
    }
    lines = [
        *about(settings, parent.run_id),
        *tabulate_runs(runs, maps, parent.run_id, films),
        "",
        "Means over the seeds of each group:",
        "",
        *tabulate_groups(seeds, leads["seeds"], films),
        "",
        "The rule, for the means over the seeds and for the one network with their mean weights:",
        "",
    ]
    for group in settings.groups:
        if group != CONTROL:
            lines += judge_group(group, leads, parent.run_id)
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)


def _maps_that_know_nothing(parent: RunRecord, films: FilmSets) -> dict[str, Values]:
    classifier = LiteRTClassifier((parent.folder / EXPORT_FILE).read_bytes(), parent)
    maps: dict[str, dict[tuple[str, str], Floats]] = {CENTRE: {}, BRIGHTEST: {}}
    for part, some in films.lesions.items():
        located = locate_whole_lungs(some, Explainable(classifier))
        for name, values in maps.items():
            for column in ("hit", "auc"):
                values[part, column] = column_of(located[name], column)
    return maps
