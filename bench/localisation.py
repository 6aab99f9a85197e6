"""How well explanations point at lesions whose place is known, beside maps that know nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import numpy.typing as npt

from bench.films import open_served_engine
from bench.lesion_films import (
    LesionFilm,
    adult_films,
    ill_children,
    pasted_films,
    require_films,
    synthetic_films,
    take,
)
from bench.results import Section, Target, judge
from core.domain.arrays import FloatVector
from core.domain.model import ModelInput
from core.domain.rate import Rate, interval_text, rate_text
from core.domain.regions import SETTINGS, Design, Explanation, Fill, LimeSettings, Way
from core.explain.localisation import LUNG, Location, depth_in, locate, region_means
from core.explain.pointing_game import (
    EXPLANATIONS_FILE,
    AgreementRates,
    ExplanationQuality,
    PointingRates,
)
from core.explain.trust import points_alike, share_outside
from core.pipeline import Explainable, explain_film, open_healthy
from core.runs.store import add_files, export_identity
from core.settings import get_settings
from core.stats.bootstrap import interval_of_draws, mean_rate
from core.stats.intervals import wilson_rate

TITLE = "Explanations against lesions whose place is known"
COMMAND = "python -m bench localisation"
SPLIT_FILE = "split.json"

Hits = npt.NDArray[np.bool_]
Explain = Callable[[ModelInput, Explainable], Explanation]
Located = Mapping[str, Sequence[Location]]
"""One location a film, by map."""

DEFAULT, LIME = str(Way.CAM), str(Way.LIME)
WHOLE_LUNGS, OCCLUSION = str(Way.WHOLE_LUNGS), str(Way.OCCLUSION)
"""As the pages name what they show."""

LIME_RANDOM, LIME_HEALTHY, LIME_OWN = "LIME, random masks", "LIME, healthy fill", "LIME, own mean"
SAMPLES = 300
OTHERS = {
    LIME_RANDOM: LimeSettings(samples=SAMPLES, fill=Fill.DARK),
    LIME_HEALTHY: LimeSettings(samples=SAMPLES, fill=Fill.HEALTHY, design=Design.ORTHOGONAL),
    LIME_OWN: LimeSettings(samples=SAMPLES),
}
"""Settings that no page begins with."""

METHODS: dict[str, Explain] = {
    str(name): partial(explain_film, settings=settings)
    for name, settings in {**SETTINGS, **OTHERS}.items()
}
"""Ways of explaining, the one that is shown first."""

OTHER_FILM, SHUFFLED, RANDOM = "CAM of another film", "CAM shuffled", "random lung region"
CENTRE, BRIGHTEST = "centre of the lungs", "brightest in the lungs"
WAYS = {
    DEFAULT: "class activation map, averaged with the mirrored film's, of lung that is brighter "
    "than a drawing of the same lung without a lesion (the network that draws learned from "
    "synthetic lesions of other seeds, on other patients' films)",
    WHOLE_LUNGS: "class activation map of the whole lungs",
    LIME: "orthogonal masks, as many as it takes until the five strongest regions stay the same; a "
    "hidden region takes the grey of dark lung",
    OCCLUSION: "each region of the lungs hidden once, alone, by the grey of dark lung",
    LIME_RANDOM: f"{SAMPLES} random masks, as in lime; the grey of dark lung",
    LIME_HEALTHY: f"{SAMPLES} orthogonal masks; a hidden region takes that drawing",
    LIME_OWN: f"{SAMPLES} random masks; a hidden region takes its own mean grey, as in lime",
    OTHER_FILM: "the map of the next film of the set (control)",
    SHUFFLED: "its weights exchanged at random between the lungs' regions (control)",
    RANDOM: "a weight at random for each region of the lungs (control)",
    CENTRE: "how deep a region lies inside the lungs (control)",
    BRIGHTEST: "how bright a region of the lungs is (control)",
}
CONTROLS = (OTHER_FILM, SHUFFLED, RANDOM, CENTRE, BRIGHTEST)

SYNTHETIC, PASTED, ADULTS = "synthetic", "pasted", "adults"
FILMS = {
    SYNTHETIC: "films with one of four kinds of synthetic lesion, seeds from 7001 on",
    PASTED: "real normal films of validation patients, each with a synthetic lesion that makes the "
    "run call it pneumonia",
    ADULTS: "external adults with radiologists' boxes",
}
TARGETS = {
    SYNTHETIC: {"hit": 0.80, "energy_inside": 0.50, "auc": 0.90},
    PASTED: {"hit": 0.80, "energy_inside": 0.50, "auc": 0.90},
    ADULTS: {"hit": 0.60},
}
SIZES_EVERY = 10
DRAWS = 2000
IN_LUNGS = Target(0.95, "share", at_least=True)
WORDS = {
    "hit": "points at the lesion",
    "energy_inside": "weight for pneumonia inside the lesion",
    "auc": "area under the curve inside the lungs",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many films each set has at most; None is all of them."""

    synthetic: int | None = 200
    pasted: int | None = None
    adults: int | None = None
    children: int | None = None


WHOLE = Sizes()


def control_maps(
    films: Sequence[LesionFilm], shown: Sequence[Explanation]
) -> dict[str, list[FloatVector]]:
    """Return the maps that know nothing of a film's lesion, one a film by control.

    Parameters
    ----------
    shown : sequence of Explanation
        Of each film by the default method; the weights returned are of its regions.
    """
    maps: dict[str, list[FloatVector]] = {name: [] for name in CONTROLS}
    for place, (one, own) in enumerate(zip(films, shown, strict=True)):
        other = shown[(place + 1) % len(shown)]
        rng = np.random.default_rng(place)
        lungs = _lungs_of(one.film)
        depth = np.asarray(depth_in(lungs))
        bright = np.where(lungs, one.film.tensor, np.float32(0))
        inside = region_means(lungs.astype(np.float32), own.segments) >= LUNG
        maps[OTHER_FILM].append(
            region_means(other.weights[other.segments].astype(np.float32), own.segments)
        )
        maps[SHUFFLED].append(_shuffled(own.weights, inside, rng))
        maps[RANDOM].append(np.where(inside, rng.random(len(inside)), 0.0))
        maps[CENTRE].append(region_means(depth, own.segments))
        maps[BRIGHTEST].append(region_means(bright, own.segments))
    return maps


def _lungs_of(film: ModelInput) -> npt.NDArray[np.bool_]:
    if film.lungs is None:
        return np.ones(film.tensor.shape, np.bool_)
    return film.lungs >= LUNG


def _shuffled(
    weights: FloatVector, inside: npt.NDArray[np.bool_], rng: np.random.Generator
) -> FloatVector:
    shuffled = weights.copy()
    shuffled[inside] = rng.permutation(weights[inside])
    return shuffled


Made = Mapping[str, Sequence[Explanation]]
"""One explanation a film, by method; the one that is shown comes first."""


def explain_all(
    films: Sequence[LesionFilm],
    run: Explainable,
    report: Callable[[str], None],
    methods: Mapping[str, Explain] = METHODS,
) -> Made:
    """Explain every film by every method."""
    made: dict[str, Sequence[Explanation]] = {}
    for name, explain in methods.items():
        made[name] = [explain(one.film, run) for one in films]
        report(f"{name}: {len(films)} films are explained")
    return made


def locate_all(films: Sequence[LesionFilm], made: Made) -> dict[str, list[Location]]:
    """Hold every method's and every control's maps against the films' lesions."""
    shown = made[next(iter(made))]
    located = {
        name: [
            locate_explained(one, each.weights, each)
            for one, each in zip(films, explanations, strict=True)
        ]
        for name, explanations in made.items()
    }
    for name, maps in control_maps(films, shown).items():
        located[name] = [
            locate_explained(one, weights, own)
            for one, weights, own in zip(films, maps, shown, strict=True)
        ]
    return located


def locate_explained(one: LesionFilm, weights: FloatVector, explanation: Explanation) -> Location:
    """Hold weights of an explanation's regions against a film's lesion."""
    return locate(weights, explanation.segments, one.lesion, _lungs_of(one.film).astype(np.float32))


def column_of(locations: Sequence[Location], name: str) -> npt.NDArray[np.float64]:
    """Return one measure of every film, (N,)."""
    return np.array([getattr(one, name) for one in locations], np.float64)


def rates_of(locations: Sequence[Location]) -> PointingRates:
    """Return Wilson's interval of the hits, and bootstrap intervals of the means."""
    hits = wilson_rate(sum(one.hit for one in locations), len(locations))
    means = (mean_rate(column_of(locations, name)) for name in ("energy_inside", "auc", "iou"))
    return PointingRates(hits, *means)


def difference(located: Located, control: str, name: str) -> Rate:
    """Return the default's measure less a control's, film by film."""
    return mean_rate(column_of(located[DEFAULT], name) - column_of(located[control], name))


def agreement_of(hits: Hits, alike: Hits) -> AgreementRates:
    """Return how often films are hit where two ways agree, and where they do not.

    Parameters
    ----------
    hits, alike : (N,) bool ndarray
        Whether the shown way hits the lesion, and whether the other way points there too.
    """
    n_alike, n = int(alike.sum()), len(hits)
    agree = wilson_rate(int(hits[alike].sum()), n_alike) if n_alike else None
    differ = wilson_rate(int(hits[~alike].sum()), n - n_alike) if n_alike < n else None
    if agree is None or differ is None:
        return AgreementRates(agree, differ, None)
    places = np.random.default_rng(0).integers(n, size=(DRAWS, n))
    drawn, beside = hits[places], alike[places]
    leads = _share(drawn & beside, beside) - _share(drawn & ~beside, ~beside)
    low, high = interval_of_draws(leads[np.isfinite(leads)])
    return AgreementRates(agree, differ, Rate(agree.value - differ.value, low, high, n))


def _share(part: Hits, whole: Hits) -> FloatVector:
    with np.errstate(invalid="ignore"):
        share: FloatVector = part.sum(axis=1) / whole.sum(axis=1)
    return share


def tabulate_agreement(agreement: Mapping[str, AgreementRates]) -> list[str]:
    """Return a table of what LIME's agreement says, a line for each set."""
    lines = [
        f"| Films | {DEFAULT} hits where {LIME} agrees | where it does not | difference |",
        "| --- | --- | --- | --- |",
    ]
    for films, of_set in agreement.items():
        cells = [
            "no such film" if rate is None else f"{interval_text(rate, 2)}, n = {rate.n}"
            for rate in (of_set.agree, of_set.differ, of_set.lead)
        ]
        lines.append(f"| {' | '.join([films, *cells])} |")
    return lines


def tell_sizes(films: Sequence[ModelInput], run: Explainable) -> str:
    """Say how large a film's largest weight is, by way: what the colours' scales are chosen by."""
    parts = []
    for way, settings in SETTINGS.items():
        weights = [explain_film(film, run, settings).weights.max() for film in films]
        low, middle, high = np.quantile(weights, (0.1, 0.5, 0.9))
        parts.append(f"{way} {middle:.2f} ({low:.2f} to {high:.2f})")
    return (
        f"- Largest weight for pneumonia of {len(films)} of these films, median and middle eight "
        f"tenths: {'; '.join(parts)}."
    )


def tell_outside(explanations: Sequence[Explanation]) -> str:
    """Say how much of real pneumonias' scores lies outside of the lungs, as the doubt counts it."""
    shares = [share_outside(each) for each in explanations]
    return (
        f"- Of what these scores are made of, a median share of {median(shares):.2f} lies outside "
        f"of the lungs, at most {max(shares):.2f}."
    )


def tabulate(rates: Mapping[str, Mapping[str, PointingRates]]) -> list[str]:
    """Return a table with a line for each set and map."""
    lines = [
        "| Films | n | Map | Points at the lesion | Energy inside | AUC in lungs | IoU, top 5 |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for films, ways in rates.items():
        for way, of_way in ways.items():
            hits = of_way.points_at_lesion
            measures = (hits, of_way.energy_inside, of_way.auc, of_way.iou)
            cells = [films, str(hits.n), way, *(interval_text(rate, 2) for rate in measures)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def tabulate_differences(located: Mapping[str, Located]) -> list[str]:
    """Return a table of the default's lead over each control, a line for each set and control."""
    lines = [
        f"| Films | n | {DEFAULT} less | Points at the lesion | AUC in the lungs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for films, maps in located.items():
        for control in CONTROLS:
            leads = [difference(maps, control, name) for name in ("hit", "auc")]
            texts = [interval_text(lead, 2) for lead in leads]
            lines.append(f"| {' | '.join([films, str(leads[0].n), control, *texts])} |")
    return lines


def judge_all(rates: Mapping[str, Mapping[str, PointingRates]]) -> list[str]:
    """Hold the default to its targets, a line for each."""
    lines = []
    for films, targets in TARGETS.items():
        of_default = rates[films][DEFAULT]
        measured = {
            "hit": of_default.points_at_lesion,
            "energy_inside": of_default.energy_inside,
            "auc": of_default.auc,
        }
        for name, limit in targets.items():
            target = Target(limit, "share", at_least=True)
            what = f"{DEFAULT}, {films}: {WORDS[name]}"
            lines.append(judge(what, measured[name].value, target, rate_text(measured[name])))
    return lines


def judge_lungs(films: Sequence[ModelInput], explanations: Sequence[Explanation]) -> list[str]:
    """Say how much of the default's weight for pneumonia lies inside the lungs."""
    shares = [
        share_in_lungs(film, explanation)
        for film, explanation in zip(films, explanations, strict=True)
    ]
    rate = mean_rate(np.array(shares))
    judged = judge(
        f"{DEFAULT}, pneumonias of the official test: weight for pneumonia inside the lungs",
        rate.value,
        IN_LUNGS,
        rate_text(rate),
    )
    outside = mean_rate(np.array([each.parts["outside the lungs"] for each in explanations]))
    score = float(np.mean([each.score for each in explanations]))
    cut = (
        f"- The map is cut to the lungs. What lies outside of them adds "
        f"{interval_text(outside, 2)} to a mean score of {score:.2f} log odds."
    )
    return [judged, cut]


def tell_healthy(explanations: Sequence[Explanation]) -> str:
    """Say how much of real pneumonias' scores lies on lung that looks unlike healthy lung."""
    counted = median(
        [each.parts["regions for"] + each.parts["regions against"] for each in explanations]
    )
    rest = median([each.parts["lungs that look healthy"] for each in explanations])
    score = median([each.score for each in explanations])
    return (
        f"- Of a median score of {score:.2f} log odds, lung that looks unlike healthy lung holds "
        f"{counted:.2f}, and the rest of the lungs {rest:.2f}."
    )


def share_in_lungs(film: ModelInput, explanation: Explanation) -> float:
    """Return the lungs' share of all weight for pneumonia, in [0, 1]; 0 if there is none."""
    positive = np.clip(explanation.weights, 0.0, None)[explanation.segments]
    total = float(positive.sum())
    return float(positive[_lungs_of(film)].sum()) / total if total else 0.0


def _alike(made: Made) -> Hits:
    pairs = zip(made[DEFAULT], made[LIME], strict=True)
    return np.array([points_alike(one, other) for one, other in pairs], np.bool_)


def measure(report: Callable[[str], None], sizes: Sizes = WHOLE) -> Section:
    """Hold the served run's explanations against lesions.

    What is found of whole sets is kept beside the run too: its facts are written from there.

    Raises
    ------
    DatasetError
        If films are missing.
    ModelMissing, ModelIntegrity
        If the served run or the gate cannot be used.
    """
    settings = get_settings()
    data, split = settings.data, settings.models / SPLIT_FILE
    require_films(data)
    engine = open_served_engine()
    run = engine.classifier.run_record
    explainable = Explainable(engine.classifier, open_healthy(settings.models))
    sets = {
        SYNTHETIC: (synthetic_films(engine), sizes.synthetic),
        PASTED: (pasted_films(engine, data, split), sizes.pasted),
        ADULTS: (adult_films(engine, data), sizes.adults),
    }
    taken = {name: take(films, n, name, report) for name, (films, n) in sets.items()}
    made = {name: explain_all(films, explainable, report) for name, films in taken.items()}
    located = {name: locate_all(films, made[name]) for name, films in taken.items()}
    agreement = {
        name: agreement_of(column_of(located[name][DEFAULT], "hit") > 0, _alike(made[name]))
        for name in taken
    }
    rates = {
        name: {way: rates_of(locations) for way, locations in maps.items()}
        for name, maps in located.items()
    }
    children = take(ill_children(engine, data), sizes.children, "official test", report)
    explanations = [METHODS[DEFAULT](film, explainable) for film in children]
    if sizes == WHOLE:
        quality = ExplanationQuality(
            run.run_id, export_identity(run), FILMS, WAYS, rates, agreement
        )
        add_files(run.folder, {EXPLANATIONS_FILE: quality.to_json()})
    about = (
        f"Run {run.run_id}, films that it calls pneumonia, none of them used to choose a method or "
        "a setting; 95 % intervals. No child with pneumonia has outlines by radiologists."
    )
    lines = [
        about,
        "",
        *(f"- **{name}**: {what}." for name, what in (*FILMS.items(), *WAYS.items())),
        "",
        *tabulate(rates),
        "",
        f"{DEFAULT} less each control, paired by film:",
        "",
        *tabulate_differences(located),
        "",
        *tabulate_agreement(agreement),
        "",
        *judge_all(rates),
        *judge_lungs(children, explanations),
        tell_healthy(explanations),
        tell_outside(explanations),
        tell_sizes(children[::SIZES_EVERY], explainable),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
