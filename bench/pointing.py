"""How well explanations point at lesions, on synthetic films whose lesions are known exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from bench.films import open_served_engine
from bench.results import Section
from core.domain.rate import Rate
from core.domain.regions import Explanation, LimeSettings
from core.explain.lime import weights_on_film
from core.explain.pointing_game import (
    EXPLANATIONS_FILE,
    ExplanationQuality,
    ExplanationScore,
    PointingRates,
    score_explanation,
)
from core.phantom.dataset import PhantomSet, open_built_in_set
from core.pipeline import Engine, explain_film, read_film
from core.runs.store import add_files, export_identity
from core.settings import get_settings
from core.stats.bootstrap import mean_rate
from core.stats.intervals import wilson_rate

TITLE = "Explanations against lesions whose place is known"
COMMAND = "python -m bench pointing"
WAYS = {
    "LIME": "regions of the served run, 1,000 samples",
    "shuffled": "the same regions with their weights exchanged at random",
    "lungs": "the lung fields, all alike",
}


@dataclass(frozen=True, slots=True)
class Pointed:
    """One film's scores, by way of explaining; ``called`` if the run calls it pneumonia.

    ``in_chest`` holds the same explanations against lungs and lesion together.
    """

    finding: str
    called: bool
    scores: dict[str, ExplanationScore]
    in_chest: dict[str, ExplanationScore]


def explain_ill_films(
    phantoms: PhantomSet, engine: Engine, report: Callable[[str], None]
) -> Iterator[Pointed]:
    """Explain every film of the set that has a lesion and passes the gate."""
    ill = [film for film in phantoms.films if film.settings.finding != "normal"]
    for number, film in enumerate(ill):
        reading = read_film(phantoms.read_bytes(film.film_id), engine)
        if reading.model_input is None or reading.prediction is None:
            continue
        explanation = explain_film(reading.model_input, engine.classifier, LimeSettings())
        lesion = phantoms.truth(film.film_id, "core")
        lungs = phantoms.truth(film.film_id, "lung")
        maps = {
            "LIME": weights_on_film(explanation),
            "shuffled": weights_on_film(_shuffled(explanation, number)),
            "lungs": lungs.astype(np.float32),
        }
        scores, in_chest = (
            {way: score_explanation(weights, mask) for way, weights in maps.items()}
            for mask in (lesion, lesion | lungs)
        )
        yield Pointed(film.settings.finding, reading.prediction.suspicious, scores, in_chest)
        report(f"film {number + 1} of {len(ill)}")


def _shuffled(explanation: Explanation, seed: int) -> Explanation:
    weights = np.random.default_rng(seed).permutation(explanation.weights)
    return replace(explanation, weights=weights)


def group_rates(pointed: list[Pointed]) -> dict[str, dict[str, PointingRates]]:
    """Return for each kind of film, and each way of explaining, how well it points."""
    findings = sorted({one.finding for one in pointed})
    groups = {"all": pointed, "called pneumonia": [one for one in pointed if one.called]}
    groups |= {name: [one for one in pointed if one.finding == name] for name in findings}
    return {
        group: {way: _rates([one.scores[way] for one in members]) for way in WAYS}
        for group, members in groups.items()
        if members
    }


def _rates(scores: list[ExplanationScore]) -> PointingRates:
    hits = wilson_rate(sum(score.hit for score in scores), len(scores))
    return PointingRates(
        hits, *(_mean(scores, name) for name in ("energy_inside", "iou", "lesion_share"))
    )


def _mean(scores: list[ExplanationScore], name: str) -> Rate:
    values: npt.NDArray[np.float64] = np.array([getattr(score, name) for score in scores])
    return mean_rate(values)


def tabulate(rates: Mapping[str, Mapping[str, PointingRates]], place: str = "lesion") -> list[str]:
    """Return one table line for each way of explaining and each kind of film."""
    share = f"{place.capitalize()}'s share"
    lines = [
        f"| Films | n | Explanation | Points at the {place} | Energy inside | IoU | {share} |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for group, ways in rates.items():
        for way, of_way in ways.items():
            text = [
                _text(one) for one in (of_way.points_at_lesion, of_way.energy_inside, of_way.iou)
            ]
            share = f"{of_way.lesion_share.value:.2f}"
            cells = [group, str(of_way.points_at_lesion.n), way, *text, share]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _text(rate: Rate) -> str:
    return f"{rate.value:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def chest_rates(pointed: list[Pointed]) -> dict[str, dict[str, PointingRates]]:
    """Return rates against lungs and lesion of all films; the lungs themselves need no score."""
    rates = group_rates([replace(one, scores=one.in_chest) for one in pointed])
    return {
        group: {way: of_way for way, of_way in rates[group].items() if way != "lungs"}
        for group in ("all", "called pneumonia")
        if group in rates
    }


def measure(report: Callable[[str], None]) -> Section:
    """Explain the built-in set's films with lesions and hold each against its mask.

    What is found is kept beside the run too: its facts are written from there.
    """
    engine = open_served_engine()
    phantoms = open_built_in_set(get_settings().cache)
    pointed = list(explain_ill_films(phantoms, engine, report))
    run = engine.classifier.run_record
    rates = group_rates(pointed)
    films = "synthetic films with a lesion whose place is known"
    quality = ExplanationQuality(run.run_id, export_identity(run), films, WAYS, rates)
    add_files(run.folder, {EXPLANATIONS_FILE: quality.to_json()})
    about = f"Run {run.run_id}, {len(pointed)} synthetic films with a lesion; 95 % intervals."
    lines = [
        about,
        "",
        *(f"- **{way}**: {what}" for way, what in WAYS.items()),
        "",
        *tabulate(rates),
        "",
        "The same explanations against lungs and lesion together: do they mark at least these?",
        "",
        *tabulate(chest_rates(pointed), "lungs and lesion"),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
