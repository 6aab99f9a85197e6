"""How seldom the weekly check raises a false alarm, and how many weeks a real change takes.

A site is simulated from the served run's validation films: its films are drawn from them with
replacement, and so is the reference. How much of the capital bets at once was chosen with other
seeds than those that are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import log

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from bench.results import Section, Target, judge
from core.domain.model import RunRecord
from core.monitoring.weekly import ALARM_AT, ALPHA, reference_at
from core.runs.listing import list_runs
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import load_run
from core.serving.requirements import check_demands
from core.settings import get_settings
from core.stats.e_process import (
    AT_ONCE,
    PATIENCE,
    Floats,
    conformal_p_values,
    log_capital,
    rank_bets,
    rate_log_e,
)
from core.stats.fair_coin import ALPHA as COIN_ALPHA
from core.stats.fair_coin import coin_e_value, coin_log_e, share_interval
from core.stats.intervals import wilson_rate

TITLE = "Monitoring at a site"
COMMAND = "python -m bench monitoring"

FILMS_A_WEEK = 50
CHOSEN_SEED, SHOWN_SEED = 210, 211
CHOSEN_SITES, QUIET_SITES, CHANGED_SITES = 100, 1500, 300
QUIET_WEEKS, WEEKS_BEFORE, WEEKS_AFTER = 104, 26, 52
CANDIDATES = ((0.2, 1000.0), (0.5, 300.0), (0.5, 1000.0), (0.5, 3000.0), (0.8, 1000.0))
ORDERS = 20
_AT_ONCE_SITES = 100
FALSE_ALARMS = Target(100.0 * ALPHA, "%")


@dataclass(frozen=True, slots=True)
class Site:
    """What a simulated site sends: shares, and what is added to the log odds of each score."""

    words: str
    prevalence: float = 0.3
    refused: float = 0.02
    shift: float = 0.0
    reader_errs: float = 0.05


QUIET = Site("no change")
CHANGES = (
    replace(QUIET, words="log odds of every film + 0.5", shift=0.5),
    replace(QUIET, words="log odds of every film + 1", shift=1.0),
    replace(QUIET, words="log odds of every film - 1", shift=-1.0),
    replace(QUIET, words="share of pneumonia 0.3 to 0.6", prevalence=0.6),
    replace(QUIET, words="refused films 2 % to 10 %", refused=0.10),
    replace(QUIET, words="readers' errors 5 % to 15 %", reader_errs=0.15),
)


@dataclass(frozen=True, slots=True, eq=False)
class Bets:
    """Three streams of some sites.

    Attributes
    ----------
    scores : (sites, films, bets) float64 ndarray
        What the bets return.
    refusals, disagreement : (sites, films) bool ndarray
    """

    scores: Floats
    refusals: npt.NDArray[np.bool_]
    disagreement: npt.NDArray[np.bool_]


class Simulator:
    """Draws sites' films from a run's validation films.

    Parameters
    ----------
    validation : Predictions
    threshold : float
        The run's operating point.
    """

    def __init__(self, validation: Predictions, threshold: float) -> None:
        odds = logit(np.clip(validation.probability, 1e-9, 1.0 - 1e-9))
        label = validation.films.label
        self._odds = {1: odds[label == 1], 0: odds[label == 0]}
        self._threshold = float(logit(threshold))
        kept = reference_at(validation.probability, label, QUIET.prevalence)
        self.reference_films = len(kept)

    def bets(
        self, rng: np.random.Generator, sites: int, before: int, after: int, changed: Site
    ) -> Bets:
        """Return the bets of sites that change after ``before`` films."""
        films = before + after
        scores, refusals, disagreement = [], [], []
        for _ in range(sites):
            parts = [self._draw(rng, before, QUIET), self._draw(rng, after, changed)]
            odds, refused, disagreed = (np.concatenate(part) for part in zip(*parts, strict=True))
            reference = self._draw(rng, self.reference_films, QUIET)[0]
            scores.append(conformal_p_values(odds, reference, rng.random(films)))
            refusals.append(refused)
            disagreement.append(disagreed)
        return Bets(
            rank_bets(np.array(scores)),
            np.array(refusals),
            np.array(disagreement),
        )

    def _draw(self, rng: np.random.Generator, n: int, site: Site) -> tuple[Floats, ...]:
        ill = rng.random(n) < site.prevalence
        odds = np.where(ill, rng.choice(self._odds[1], n), rng.choice(self._odds[0], n))
        odds = odds + site.shift
        said = ill ^ (rng.random(n) < site.reader_errs)
        return odds, rng.random(n) < site.refused, (odds >= self._threshold) != said


def weeks_until_alarm(bets: Bets, at_once: float, patience: float) -> npt.NDArray[np.float64]:
    """Return the week of each site's first alarm, from 1 on; inf where there is none."""
    films = bets.scores.shape[1]
    ends = np.arange(FILMS_A_WEEK, films + 1, FILMS_A_WEEK)
    scores = log_capital(bets.scores, at_once=at_once, patience=patience)[:, ends - 1]
    rates = [rate_log_e(one, ends) for one in (bets.refusals, bets.disagreement)]
    alarms = np.maximum.reduce([scores, *rates]) >= log(ALARM_AT)
    return np.where(alarms.any(axis=1), alarms.argmax(axis=1) + 1.0, np.inf)


def _in_parts(
    simulator: Simulator, seed: int, sites: int, before: int, after: int, changed: Site
) -> Iterator[Bets]:
    rng = np.random.default_rng(seed)
    for start in range(0, sites, _AT_ONCE_SITES):
        some = min(_AT_ONCE_SITES, sites - start)
        yield simulator.bets(rng, some, before * FILMS_A_WEEK, after * FILMS_A_WEEK, changed)


def measure(report: Callable[[str], None]) -> Section:
    """Measure the check on simulated sites, and on films of other places."""
    settings = get_settings()
    run = load_run(settings.models / settings.served_run)
    predictions = read_predictions(run)
    validation = predictions.of_split("validation")
    simulator = Simulator(validation, run.operating_point.threshold)
    lines = [
        (
            f"Sites are drawn from {len(validation)} validation films of {run.run_id}: "
            f"{FILMS_A_WEEK} films a week, {QUIET.prevalence:.0%} ill, {QUIET.refused:.0%} "
            f"refused, readers wrong on {QUIET.reader_errs:.0%}. The reference has "
            f"{simulator.reference_films} films. The alarm is at e = {ALARM_AT:.0f}."
        ),
        "",
    ]
    parts: list[Callable[[], Sequence[str]]] = [
        lambda: _chosen(simulator),
        lambda: _quiet(simulator),
        lambda: _changed(simulator),
        lambda: _elsewhere(predictions),
        _coin,
        lambda: _beside(run, predictions),
    ]
    for part in parts:
        found = [*part(), ""]
        for line in found:
            report(line)
        lines += found
    return Section(TITLE, COMMAND, lines)


def _chosen(simulator: Simulator) -> list[str]:
    """Try the shares that bet at once, with seeds of their own."""
    taken = {one: list[npt.NDArray[np.float64]]() for one in CANDIDATES}
    changes = (*CHANGES[:2], CHANGES[3])
    for place, site in enumerate((QUIET, *changes)):
        seed = CHOSEN_SEED * 100 + place
        parts = list(_in_parts(simulator, seed, CHOSEN_SITES, WEEKS_BEFORE, WEEKS_AFTER, site))
        for one, weeks in taken.items():
            weeks.append(np.concatenate([weeks_until_alarm(part, *one) for part in parts]))
    rows = [
        (
            f"Chosen with seeds of their own ({CHOSEN_SITES} sites each): the share of the "
            "capital that bets on scores at once, and the films until half of the rest does."
        ),
        "",
        "| At once | Films | False alarms | Weeks until the alarm: "
        + "; ".join(site.words for site in changes)
        + " |",
        "| --- | --- | --- | --- |",
    ]
    for (at_once, patience), (quiet, *changed) in taken.items():
        marked = " (taken)" if (at_once, patience) == (AT_ONCE, PATIENCE) else ""
        waits = "; ".join(_median(_waits(weeks)) for weeks in changed)
        alarms = np.isfinite(quiet).mean()
        rows.append(f"| {at_once:.1f}{marked} | {patience:.0f} | {alarms:.1%} | {waits} |")
    return rows


def _quiet(simulator: Simulator) -> list[str]:
    weeks = np.concatenate(
        [
            weeks_until_alarm(part, AT_ONCE, PATIENCE)
            for part in _in_parts(simulator, SHOWN_SEED, QUIET_SITES, QUIET_WEEKS, 0, QUIET)
        ]
    )
    alarms = int(np.isfinite(weeks).sum())
    rate = wilson_rate(alarms, len(weeks))
    note = f"{alarms} of {len(weeks)} sites; 95 % interval {rate.low:.2%} to {rate.high:.2%}"
    years = QUIET_WEEKS / 52
    what = f"Sites without change that get a false alarm in {years:.0f} years"
    return [judge(what, 100.0 * rate.value, FALSE_ALARMS, note)]


def _waits(weeks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weeks from the change to the alarm; alarms before it are left out."""
    return weeks[weeks > WEEKS_BEFORE] - WEEKS_BEFORE


def _median(waits: npt.NDArray[np.float64]) -> str:
    middle = float(np.quantile(waits, 0.5, method="higher"))
    return f"{middle:.0f}" if np.isfinite(middle) else f"more than {WEEKS_AFTER}"


def _changed(simulator: Simulator) -> list[str]:
    rows = [
        (
            f"Weeks from the change, which comes after {WEEKS_BEFORE} weeks, to the alarm; "
            f"{CHANGED_SITES} sites each, {WEEKS_AFTER} weeks at most."
        ),
        "",
        "| Change | Median | Nine of ten sites within | Sites with an alarm |",
        "| --- | --- | --- | --- |",
    ]
    for place, site in enumerate(CHANGES):
        parts = _in_parts(
            simulator, SHOWN_SEED * 100 + place, CHANGED_SITES, WEEKS_BEFORE, WEEKS_AFTER, site
        )
        weeks = np.concatenate([weeks_until_alarm(part, AT_ONCE, PATIENCE) for part in parts])
        waits = _waits(weeks)
        most = float(np.quantile(waits, 0.9, method="higher"))
        within = f"{most:.0f}" if np.isfinite(most) else f"more than {WEEKS_AFTER}"
        rows.append(
            f"| {site.words} | {_median(waits)} | {within} | {np.isfinite(waits).mean():.0%} |"
        )
    return rows


def _elsewhere(predictions: Predictions) -> list[str]:
    """Let films of other places come in as a site's, against validation at their own prevalence."""
    validation = predictions.of_split("validation")
    rows = [
        (
            "Scores alone, films of other places against validation films with their share of "
            f"ill ones; {ORDERS} orders."
        ),
        "",
        "| Films | n | Films until the alarm, median | Orders with an alarm |",
        "| --- | --- | --- | --- |",
    ]
    rng = np.random.default_rng(SHOWN_SEED)
    for split, words in (("test", "official test split"), ("nih", "adults (NIH)")):
        films = predictions.of_split(split)
        share = float(films.films.label.mean())
        reference = reference_at(validation.probability, validation.films.label, share)
        until = []
        for _ in range(ORDERS):
            scores = rng.permutation(films.probability)
            p_values = conformal_p_values(scores, reference, rng.random(len(scores)))
            alarms = log_capital(rank_bets(p_values)) >= log(ALARM_AT)
            until.append(float(alarms.argmax() + 1) if alarms.any() else np.inf)
        middle = float(np.quantile(until, 0.5, method="higher"))
        told = f"{middle:.0f}" if np.isfinite(middle) else f"more than {len(films)}"
        rows.append(
            f"| {words} | {len(films)} | {told} | {int(np.isfinite(until).sum())} of {ORDERS} |"
        )
    return rows


def _coin() -> list[str]:
    """Return how many films on which two runs differ a comparison takes."""
    rng = np.random.default_rng(SHOWN_SEED)
    rows = [
        (
            "Shadow run: films on which two runs differ, until the evidence says which is better "
            f"(e = {1 / COIN_ALPHA:.0f}; 1,000 comparisons, 500 films at most)."
        ),
        "",
        "| Share that the shadow run gets right | Films, median | Decided | Decided wrongly |",
        "| --- | --- | --- | --- |",
    ]
    limit = log(1.0 / COIN_ALPHA)
    counts = np.arange(501)
    for share in (0.5, 0.6, 0.7, 0.8):
        until, wrong = [], 0
        for _ in range(1000):
            right = np.concatenate([[0], np.cumsum(rng.random(500) < share)])
            made = next(islice(_decided(right, counts, limit), 1), None)
            until.append(np.inf if made is None else float(made))
            wrong += made is not None and (share == 0.5 or right[made] * 2 < made)
        middle = float(np.quantile(until, 0.5, method="higher"))
        told = f"{middle:.0f}" if np.isfinite(middle) else "more than 500"
        decided = np.isfinite(until).mean()
        rows.append(f"| {share:.1f} | {told} | {decided:.1%} | {wrong / 1000:.1%} |")
    return rows


def _beside(served: RunRecord, predictions: Predictions) -> list[str]:
    """Let each run that could serve read the official test split along; labels settle it."""
    settings = get_settings()
    films = predictions.of_split("test")
    calls = films.probability >= served.operating_point.threshold
    rows = [
        (
            f"Each run that could serve beside {served.run_id} on the official test split, where "
            "the reference settles every film: it stands for the blind readers."
        ),
        "",
        "| Run | Films that differ | The other run is right | Interval at all times | e-value |",
        "| --- | --- | --- | --- | --- |",
    ]
    for other in list_runs(settings.models):
        if other.run_id == served.run_id or not all(one.met for one in check_demands(other.folder)):
            continue
        theirs = read_predictions(other).of_split("test")
        if not np.array_equal(theirs.films.film_id, films.films.film_id):
            continue
        called = theirs.probability >= other.operating_point.threshold
        right = (called == (films.films.label == 1))[called != calls]
        share = share_interval(int(right.sum()), len(right))
        rows.append(
            f"| {other.run_id} | {len(right)} | {int(right.sum())} | {share.low:.2f} to "
            f"{share.high:.2f} | {coin_e_value(int(right.sum()), len(right)):.3g} |"
        )
    return rows


def _decided(
    right: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], limit: float
) -> Iterator[int]:
    for n in counts[1:]:
        if coin_log_e(float(right[n]), float(n)) >= limit:
            yield int(n)
