"""The runs that the project keeps: every number of one follows from its files.

A rule is a function of one kept run that asserts one property. A run is one case, which applies
every rule to it and lists each that does not hold.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.datasets.index import patient_of
from core.datasets.split import Split, read_split
from core.domain.model import RunRecord
from core.evaluation.evaluate import PARTS, SLICED_BY, measure_run
from core.evaluation.operating_point import calibrate, choose_operating_point, fit_temperature
from core.files import sha256_of
from core.runs.predictions import (
    LEARNED_FILE,
    Predictions,
    join_predictions,
    read_learned,
    read_predictions,
)
from core.runs.store import (
    EXPORT_FILE,
    RECORD_FILE,
    WEIGHTS_FILE,
    load_run,
    read_record,
    read_verified,
)
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.stats.bootstrap import mean_rate
from core.training.catalogue.runs import CATALOGUE
from core.training.catalogue.settings import RunSettings
from core.training.export import HALF_PRECISION_PARITY_LIMIT, PARITY_LIMIT, exported_logits
from core.training.films import load_films, load_lung_masks, to_input
from core.training.hyperparameter_search import SEARCH_FILE
from core.training.lung_crop import crop_films, find_boxes, open_segmenter, segment_all
from core.training.lung_segmenter import dice_scores
from core.training.train_lungs import at_mask_size
from core.training.train_view import PERMISSIVE
from core.training.training_data import OWN_VALIDATION, redraw_split

MODELS = PROJECT_ROOT / "models"
FINISHED = sorted(
    path.parent.name
    for path in MODELS.glob(f"*/{RECORD_FILE}")
    if not path.parent.name.startswith(".")
)
CLASSIFIERS = [name for name in FINISHED if "operating_point" in read_record(MODELS / name)]

MIB = 1024 * 1024


def chosen_on(settings: RunSettings) -> str:
    """Return what a run's threshold is to be chosen on."""
    return OWN_VALIDATION if settings.split_by == "films" else PARTS["validation"].name


def flatten(value, path=""):
    """Yield (path, leaf) of nested dicts and lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from flatten(inner, f"{path}/{position}")
    else:
        yield path, value


def equal(stated, recomputed) -> bool:
    """Words and counts must be the same; a fraction may differ in its last digits."""
    if isinstance(stated, float) and isinstance(recomputed, float):
        return stated == pytest.approx(recomputed, rel=1e-9, abs=1e-12)
    return type(stated) is type(recomputed) and stated == recomputed


def differing(stated, recomputed) -> dict[str, tuple]:
    """Return the paths at which two records differ, with both values."""
    ours, theirs = dict(flatten(stated)), dict(flatten(recomputed))
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted(ours.keys() | theirs.keys())
        if not equal(ours.get(path), theirs.get(path))
    }


@dataclass(frozen=True)
class KeptRun:
    """A run's folder, and what is read from it once for all rules."""

    name: str

    @property
    def folder(self) -> Path:
        return MODELS / self.name

    @cached_property
    def record(self) -> dict[str, Any]:
        return read_record(self.folder)

    @cached_property
    def loaded(self) -> RunRecord:
        return load_run(self.folder)

    @property
    def settings(self) -> RunSettings:
        return CATALOGUE[self.name]

    @cached_property
    def split(self) -> Split:
        """The split that the run was made with: the project's, but for exhibits."""
        split = read_split(MODELS / "split.json")
        redrawn = self.settings.split_by != "patients"
        return redraw_split(split, self.settings.seed) if redrawn else split

    @cached_property
    def predictions(self) -> Predictions:
        return read_predictions(self.loaded)

    def predictions_of(self, split: str) -> Predictions:
        return self.predictions.where(self.predictions.films.split == split)

    @cached_property
    def trials(self) -> list[dict[str, Any]]:
        """What its search tried; none without a search."""
        if self.settings.search is None:
            return []
        return json.loads((self.folder / SEARCH_FILE).read_text())["trials"]

    @property
    def parity_limit(self) -> float:
        """How far export and Keras model may be apart; weights above 10 MiB were halved."""
        kept = (self.folder / WEIGHTS_FILE).is_file()
        return PARITY_LIMIT if kept else HALF_PRECISION_PARITY_LIMIT


Rule = Callable[[KeptRun], None]


def broken(run: KeptRun, rules: Sequence[Rule]) -> list[str]:
    """Return the name and the difference of every rule that does not hold for a run."""
    faults = []
    for rule in rules:
        try:
            rule(run)
        except AssertionError as fault:
            faults.append(f"{rule.__name__}: {fault}")
    return faults


# --- of every run -----------------------------------------------------------------------------


def every_file_has_its_sha256_and_none_is_unlisted(run: KeptRun) -> None:
    found = {p.name: sha256_of(p) for p in run.folder.iterdir() if p.name != RECORD_FILE}
    assert found == run.record["files"]
    assert EXPORT_FILE in found


def it_is_of_the_films_and_the_split_of_the_project(run: KeptRun) -> None:
    split = read_split(MODELS / "split.json")

    assert run.record["run_id"] == run.name
    assert run.record["data"]["index_sha256"] == split.index_sha256
    assert run.record["data"]["split_sha256"] == sha256_of(MODELS / "split.json")
    assert {"python", "tensorflow", "keras", "ai-edge-litert"} <= run.record["versions"].keys()
    assert run.record["settings"]["seed"] >= 0


def its_exported_model_is_small_enough_to_be_kept(run: KeptRun) -> None:
    limit = {"lungs": 3 * MIB, "view": MIB, "healthy": 2 * MIB}.get(run.name, 10 * MIB)

    assert (run.folder / EXPORT_FILE).stat().st_size < limit


def its_record_names_no_folder_of_the_machine_that_wrote_it(run: KeptRun) -> None:
    words = [leaf for _, leaf in flatten(run.record) if isinstance(leaf, str)]

    assert [word for word in words if word.startswith(("/", "~")) or ":\\" in word] == []


# --- of every classifier ----------------------------------------------------------------------


def every_rate_states_its_films_and_a_95_percent_interval(run: KeptRun) -> None:
    assert set(PARTS) <= run.loaded.metrics.keys()
    for part in PARTS:
        metrics = run.loaded.metrics[part]
        in_bins = sum(place["frequency"]["n"] for place in metrics["calibration_curve"])
        assert metrics["n"] == sum(metrics["matrix"].values()) == in_bins, part
        assert 0 < metrics["n_patients"] <= metrics["n"], part
        for rate, measured in metrics["rates"].items():
            if measured["n"] == 0:  # no film was called so
                stated = measured["value"], measured["low"], measured["high"]
                assert stated == (None, 0.0, 1.0), (part, rate)
                continue
            # At a bound no draw differs.
            drawn_at_bound = rate.startswith("f1") and measured["value"] in (0.0, 1.0)
            assert measured["low"] < measured["high"] or drawn_at_bound, (part, rate)
            assert measured["low"] - 1e-9 <= measured["value"] <= measured["high"] + 1e-9, rate
            assert 0 < measured["n"] <= metrics["n"], (part, rate)
        for rate, measured in metrics["rates_by_patient"].items():
            value = metrics["rates"][rate]["value"]
            assert measured["value"] == (None if value is None else pytest.approx(value, abs=1e-12))
            assert value is None or measured["low"] <= value <= measured["high"], (part, rate)


def its_predictions_are_of_every_film_of_the_split_and_of_the_external_set(run: KeptRun) -> None:
    for part in ("validation", "test"):
        films = run.predictions_of(part).films
        assert tuple(films.film_id) == getattr(run.split, part), part
        folders = [film_id.split("/")[1] for film_id in films.film_id]
        assert films.label.tolist() == [int(f == "PNEUMONIA") for f in folders], part
        assert films.patient.tolist() == [patient_of(film_id) for film_id in films.film_id]
    external = run.predictions_of("nih").films
    assert len(external) == 157  # of 183; the others have no class by radiologists
    assert len(np.unique(external.patient)) == 129
    kept = run.predictions.films
    assert len(kept) == len(run.split.validation) + len(run.split.test) + len(external)
    assert len(np.unique(kept.film_id)) == len(kept)


def no_validation_film_is_of_a_training_patient_and_test_films_say_if_they_may_be(
    run: KeptRun,
) -> None:
    shared = set(run.split.shared_patients)

    redrawn = run.settings.split_by == "films"
    assert run.predictions_of("validation").films.patient_in_train.any() == redrawn
    films = run.predictions_of("test").films
    assert films.patient_in_train.tolist() == [patient in shared for patient in films.patient]


def its_metrics_and_slices_are_those_of_its_predictions(run: KeptRun) -> None:
    kept, record = run.predictions, run.record
    probabilities = calibrate(kept.logit, run.loaded.calibration)

    point, cuts = run.loaded.operating_point, record["slices"]["cut_points"]
    measured = measure_run(kept, point.threshold, cuts, point.chosen_on)

    assert kept.probability == pytest.approx(probabilities, abs=1e-12)
    assert differing(record["metrics"], measured["metrics"]) == {}
    assert differing(record["slices"], measured["slices"]) == {}
    assert cuts.keys() == SLICED_BY.keys()


def its_calibration_is_the_one_that_fits_the_validation_films(run: KeptRun) -> None:
    validation = run.predictions_of("validation")

    fitted = fit_temperature(validation.logit, validation.films.label)

    stated = run.loaded.calibration
    assert fitted.temperature == pytest.approx(stated.temperature, rel=1e-2)
    assert fitted.offset == pytest.approx(stated.offset, abs=1e-2)


def its_operating_point_is_the_one_that_validation_films_give(run: KeptRun) -> None:
    validation = run.predictions_of("validation")

    chosen = choose_operating_point(
        validation.probability,
        validation.films.label,
        run.record["settings"]["sensitivity_wanted"],
        chosen_on(run.settings),
    )

    # It was chosen with the Keras model and these are the export's probabilities.
    stated = run.record["operating_point"]
    assert stated["threshold"] == pytest.approx(chosen.threshold, abs=run.parity_limit)
    assert {**asdict(chosen), "threshold": stated["threshold"]} == stated


def its_operating_point_finds_97_of_100_pneumonias_among_validation_films(run: KeptRun) -> None:
    point, metrics = run.loaded.operating_point, run.loaded.metrics

    assert point.sensitivity >= 0.97
    assert metrics["validation"]["rates"]["sensitivity"]["value"] == point.sensitivity
    assert metrics["validation"]["rates"]["specificity"]["value"] == point.specificity
    assert {part["threshold"] for part in metrics.values()} == {point.threshold}


def with_later_fields(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a run's settings with those that came after it, which leave everything as it was."""
    changes = {"jpeg": 0.0, "other_surroundings": 0.0, "coarse": 0.0} | settings["augmentation"]
    later = {"teachers": (), "teachers_share": 0.0, "self_supervised_epochs": 0}
    return later | settings | {"augmentation": changes}


def it_states_the_settings_of_the_catalogue_with_what_its_search_found(run: KeptRun) -> None:
    best = min(run.trials, key=lambda trial: float(trial["log_loss"]), default={"settings": {}})

    stated = with_later_fields(run.record["settings"])
    assert differing(stated, asdict(replace(run.settings, **best["settings"]))) == {}
    assert run.record["operating_point"]["chosen_on"] == chosen_on(run.settings)
    assert run.record["parity"]["n"] == run.record["operating_point"]["n"]
    assert run.record["parity"]["max_difference"] <= run.parity_limit
    assert run.record["parity"]["decisions_changed"] == 0


def its_history_has_an_entry_for_every_epoch_until_patience_ran_out(run: KeptRun) -> None:
    history = json.loads((run.folder / "history.json").read_text())
    losses = [entry["validation_loss"] for entry in history]

    waited = len(losses) - 1 - int(np.argmin(losses))
    assert len(losses) == run.settings.epochs or waited == run.settings.patience > 0


def its_search_tried_what_it_declared(run: KeptRun) -> None:
    search = run.settings.search
    if search is None:
        return

    assert len(run.trials) == search.trials
    for trial in run.trials:
        assert trial["settings"].keys() == search.choices.keys() | search.log_ranges.keys()
        assert all(trial["settings"][key] in allowed for key, allowed in search.choices.items())
        assert all(a <= trial["settings"][key] <= b for key, (a, b) in search.log_ranges.items())
        assert 0 < trial["epochs"] <= search.epochs
        assert trial["stopped_early"] == (trial["epochs"] < search.epochs)


def its_training_films_are_those_of_its_own_split_and_never_measured_on(run: KeptRun) -> None:
    if LEARNED_FILE not in run.record["files"]:
        return
    learned = read_learned(run.loaded)
    films = learned.films

    assert tuple(films.film_id) == run.split.train
    assert set(films.split) == {"train"}
    assert not films.patient_in_train.any()
    assert films.label.tolist() == ["/PNEUMONIA/" in one for one in films.film_id.tolist()]
    assert calibrate(learned.logit, run.loaded.calibration) == pytest.approx(learned.probability)
    assert len(join_predictions(run.predictions, learned)) == len(learned) + len(run.predictions)


OF_EVERY_RUN = (
    every_file_has_its_sha256_and_none_is_unlisted,
    it_is_of_the_films_and_the_split_of_the_project,
    its_exported_model_is_small_enough_to_be_kept,
    its_record_names_no_folder_of_the_machine_that_wrote_it,
)
OF_EVERY_CLASSIFIER = (
    every_rate_states_its_films_and_a_95_percent_interval,
    its_predictions_are_of_every_film_of_the_split_and_of_the_external_set,
    no_validation_film_is_of_a_training_patient_and_test_films_say_if_they_may_be,
    its_metrics_and_slices_are_those_of_its_predictions,
    its_calibration_is_the_one_that_fits_the_validation_films,
    its_operating_point_is_the_one_that_validation_films_give,
    its_operating_point_finds_97_of_100_pneumonias_among_validation_films,
    it_states_the_settings_of_the_catalogue_with_what_its_search_found,
    its_history_has_an_entry_for_every_epoch_until_patience_ran_out,
    its_search_tried_what_it_declared,
    its_training_films_are_those_of_its_own_split_and_never_measured_on,
)


@pytest.mark.parametrize("name", FINISHED)
def test_a_kept_run_keeps_every_rule(name):
    rules = OF_EVERY_RUN + (OF_EVERY_CLASSIFIER if name in CLASSIFIERS else ())
    assert broken(KeptRun(name), rules) == []


def test_a_broken_rule_is_listed_by_its_name_and_hides_no_other():
    def it_is_f03(run):
        assert run.name == "f03"

    def it_is_f04(run):
        assert run.name == "f04"

    def it_is_f05(run):
        assert run.name == "f05"

    faults = broken(KeptRun("f04"), (it_is_f03, it_is_f04, it_is_f05))
    assert [fault.split(":")[0] for fault in faults] == ["it_is_f03", "it_is_f05"]


def test_the_served_run_the_networks_of_the_gate_and_what_draws_healthy_films_are_kept():
    others = {"lungs", "view", "healthy"}
    assert {SERVED_RUN, *others} <= set(FINISHED)
    assert set(CLASSIFIERS) == set(FINISHED) - others


def test_what_draws_healthy_films_takes_lesions_away_and_leaves_the_rest():
    record, lungs = read_record(MODELS / "healthy"), read_record(MODELS / "lungs")
    assert record["data"]["segmenter_sha256"] == lungs["files"][EXPORT_FILE]
    measured = record["metrics"]["validation"]
    assert measured["n"] >= 80
    assert measured["left"] < 0.5
    assert measured["changed"] < 0.05


def test_the_view_network_was_made_for_the_segmenter_that_is_kept():
    record, lungs = read_record(MODELS / "view"), read_record(MODELS / "lungs")
    assert record["data"]["segmenter_sha256"] == lungs["files"][EXPORT_FILE]
    assert set(record["data"]["licences"]) == PERMISSIVE


def test_the_view_network_states_what_it_did_on_films_that_it_did_not_learn_from():
    metrics = read_record(MODELS / "view")["metrics"]
    assert metrics["official test films"]["value"] == 0
    assert metrics["official test films"]["n"] == 624
    refuse, keep = (metrics[f"other hospitals, wanted: {wanted}"] for wanted in ("refuse", "pass"))
    assert refuse["chest lateral"]["value"] >= 0.95
    frontal = sum(rate["n"] for rate in keep.values())
    assert sum(rate["value"] * rate["n"] for rate in keep.values()) <= 0.02 * frontal


def test_the_segmenter_finds_lungs_of_held_out_films_and_states_its_limits():
    record = read_record(MODELS / "lungs")

    for part in ("validation", "test"):
        dice = record["metrics"][part]["dice"]
        assert 0.94 <= dice["low"] < dice["value"] < dice["high"] <= 1.0
    test = record["metrics"]["test"]
    assert test["beyond_distance_limit"] <= 0.01 * test["n"]
    low, high = record["limits"]["lung_fraction"]
    assert 0.0 < low < high < 1.0


# --- with the real films --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_index(real_data):
    from core.datasets.index import index_dataset

    return index_dataset(real_data / "kermany224")


@pytest.fixture(scope="module")
def seen_by(real_index):
    """Return what a run is given of some films, each read and cropped once for all runs."""

    @lru_cache(maxsize=8)
    def read(film_ids: tuple[str, ...], *, cropped: bool):
        if not cropped:
            return load_films(real_index, list(film_ids)).films
        films = read(film_ids, cropped=False)
        return crop_films(films, find_boxes(films, open_segmenter(MODELS)))

    return read


@pytest.mark.real_films
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_kept_predictions_are_what_the_kept_model_says(name, seen_by):
    run = KeptRun(name)
    content = read_verified(run.folder, EXPORT_FILE, run.loaded.files)

    def check(kept: Predictions, every: int) -> None:
        film_ids = tuple(kept.films.film_id[::every].tolist())
        seen = seen_by(film_ids, cropped=run.loaded.cropped_to_lungs)
        logits = exported_logits(content, to_input(seen, run.loaded.input_px))
        probabilities = calibrate(logits, run.loaded.calibration)
        assert probabilities == pytest.approx(kept.probability[::every], abs=PARITY_LIMIT)

    def of_validation_films(run: KeptRun) -> None:
        check(run.predictions_of("validation"), every=30)

    def of_test_films(run: KeptRun) -> None:
        check(run.predictions_of("test"), every=30)

    def of_training_films(run: KeptRun) -> None:
        if LEARNED_FILE in run.record["files"]:
            check(read_learned(run.loaded), every=300)

    assert broken(run, (of_validation_films, of_test_films, of_training_films)) == []


@pytest.mark.real_films
def test_the_segmenters_dice_on_the_official_test_is_the_stated_one(real_index, real_data):
    from core.inference.litert import LiteRTNetwork

    folder = MODELS / "lungs"
    stated = read_record(folder)["metrics"]["test"]
    films = load_films(real_index, read_split(MODELS / "split.json").test)
    network = LiteRTNetwork((folder / EXPORT_FILE).read_bytes(), threads=2)
    masks, trusted = load_lung_masks(real_data, films.film_ids)

    fields = segment_all(films.films[trusted], network)

    scores = dice_scores(at_mask_size(fields), masks[trusted])
    measured = mean_rate(scores)
    assert measured.n == stated["dice"]["n"]
    assert asdict(measured) == pytest.approx(stated["dice"], abs=1e-4)
    assert np.quantile(scores, 0.05) == pytest.approx(stated["dice_5th_percentile"], abs=1e-3)


def test_all_runs_together_take_less_than_150_mib():
    kept = [path for path in MODELS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < 150 * 2**20
