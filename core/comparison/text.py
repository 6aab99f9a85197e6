"""Comparisons of runs as sentences."""

from __future__ import annotations

import math

from core.comparison.case_matrix import Step
from core.comparison.paired_tests import ErrorCounts, PairComparison
from core.comparison.prevalence import Expected, WardOutcome, expect_wards
from core.comparison.scored_films import COMPARED_PARTS, ScoredFilms

NOTE = (
    "Intervals are 95 %: of a run's rates Wilson's, of an ROC AUC and its difference DeLong's, of "
    "a difference in errors from a bootstrap that keeps a patient's films together. p of errors is "
    "McNemar's exact, p of the ROC AUC DeLong's; both take films for independent. Holm's p is "
    "adjusted over all pairs, for each question by itself."
)
SIGNIFICANT = 0.05


def say_p(p_value: float) -> str:
    """Return a p value as it is said: three decimals, or that it is below the least of these."""
    return "< 0.001" if p_value < 0.0005 else f"= {p_value:.3f}"


def say_missed(pair: PairComparison) -> str:
    """Return in one sentence how many pneumonias the second run misses more or less."""
    of = f"of {pair.missed.n} pneumonias"
    return _say_errors(pair, pair.missed, ("misses", "miss"), of, "missed")


def say_false_alarms(pair: PairComparison) -> str:
    """Return in one sentence how many false alarms the second run raises more or less."""
    of = f"of {pair.false_alarms.n} normal films"
    verbs = ("raises a false alarm on", "raise a false alarm on")
    return _say_errors(pair, pair.false_alarms, verbs, of, "false_alarms")


def _say_errors(
    pair: PairComparison, errors: ErrorCounts, verbs: tuple[str, str], of: str, question: str
) -> str:
    alone, together = verbs
    if not errors.only_first and not errors.only_second:
        return f"{pair.second} and {pair.first} {together} the same {errors.first} {of}."
    apart = (
        f"{errors.only_first} only {pair.first}, {errors.only_second} only {pair.second}; "
        f"{_say_tested(errors.p_value, pair.holm[question])}"
    )
    if not errors.change:
        return f"{pair.second} and {pair.first} {together} {errors.first} {of} each ({apart})."
    return (
        f"{pair.second} {alone} {_more(errors.change)} {of} than {pair.first} "
        f"({_range(errors.low, errors.high)}; {apart})."
    )


def say_area(pair: PairComparison) -> str:
    """Return in one sentence by how much the ROC area of the second run is higher or lower."""
    area = pair.roc_auc
    direction = "higher" if area.value >= 0.0 else "lower"
    return (
        f"The ROC AUC of {pair.second} is {abs(area.value):.4f} {direction} than that of "
        f"{pair.first} (95 % {area.low:+.4f} to {area.high:+.4f}; "
        f"{_say_tested(area.p_value, pair.holm['delong'])})."
    )


def say_pair(pair: PairComparison) -> list[str]:
    """Return the three sentences on a pair: missed films, false alarms and ROC area."""
    return [say_missed(pair), say_false_alarms(pair), say_area(pair)]


def say_difference(pair: PairComparison, metric: str, name: str) -> str:
    """Return in one sentence by how much a metric of the second run is higher or lower.

    Parameters
    ----------
    pair : PairComparison
    metric : str
        A key of ``pair.differences``.
    name : str
        What it is called.
    """
    difference = pair.differences[metric]
    if math.isnan(difference.value):
        return f"{name} is not defined for {pair.first} or for {pair.second} on these films."
    direction = "higher" if difference.value >= 0.0 else "lower"
    return (
        f"{name} of {pair.second} is {abs(difference.value):.4f} {direction} than that of "
        f"{pair.first} (95 % {difference.low:+.4f} to {difference.high:+.4f}, bootstrap over "
        f"patients; {_say_tested(difference.p_value, pair.holm[metric])})."
    )


def _say_tested(p_value: float, adjusted: float) -> str:
    verdict = "" if adjusted < SIGNIFICANT else ", which chance may explain"
    return f"p {say_p(p_value)}, after Holm p {say_p(adjusted)}{verdict}"


def say_step(step: Step) -> str:
    """Return in one sentence what a run fixes and breaks of another's."""
    return (
        f"{step.later} fixes {step.fixed} and breaks {step.broken} of {step.earlier}'s: missed "
        f"films found {len(step.found_now)}, found films missed {len(step.missed_now)}; false "
        f"alarms gone {len(step.cleared_now)}, new {len(step.alarmed_now)}."
    )


def say_films(scored: ScoredFilms) -> str:
    """Return in one sentence which films are compared, at which thresholds."""
    ill, n = int(scored.ill.sum()), len(scored.films)
    patients = len(set(scored.films.patient.tolist()))
    source = "drawn by a program" if scored.synthetic else f"of {patients} patients"
    sentence = (
        f"{COMPARED_PARTS[scored.part].name}: {n} films ({ill} pneumonia, {n - ill} normal) "
        f"{source}, at {scored.chosen_at}."
    )
    if scored.left_out:
        sentence += f" Left out: {scored.left_out} films that not every one of these runs scored."
    if scored.synthetic:
        sentence += " What a run does here says nothing of patients."
    if scored.part == "validation":
        sentence += " Thresholds were chosen on these films, which flatters every run."
    return sentence


def say_thresholds(sensitivity: float) -> str:
    """Return how thresholds came about that `thresholds_at_sensitivity` set."""
    return (
        f"thresholds set together, each the highest that finds {100.0 * sensitivity:g} % of the "
        "pneumonias of validation"
    )


def say_wards(scored: ScoredFilms, children: int, prevalence: float) -> list[str]:
    """Return for each run what to expect of it among children of a given prevalence.

    Raises
    ------
    ComparisonError
        As in `expect_among`.
    """
    wards = expect_wards(scored, children, prevalence)
    return [say_ward(run, ward) for run, ward in zip(scored.run_ids, wards, strict=True)]


def say_ward(run: str, ward: WardOutcome) -> str:
    """Return in words what to expect of a run among children of a given prevalence."""
    return (
        f"Of {ward.children:,} children, {ward.ill:.0f} of them ill, {run} misses "
        f"{_count(ward.missed)} and raises {_count(ward.false_alarms)} false alarms. Right when it "
        f"says pneumonia: {_share(ward.ppv)}; when it says normal: {_share(ward.npv)}."
    )


def _more(change: int) -> str:
    return f"{change} more" if change > 0 else f"{-change} fewer"


def _range(low: float, high: float) -> str:
    """Say an interval of a change in films; the side that the change is on comes first."""
    ends = sorted((round(low), round(high)), key=abs)
    if ends[0] * ends[1] >= 0:
        side = "more" if sum(ends) > 0 else "fewer"
        return f"95 % {abs(ends[0])} to {abs(ends[1])} {side}"
    fewer, more = sorted(ends)
    return f"95 % {-fewer} fewer to {more} more"


def _count(expected: Expected) -> str:
    return f"{expected.value:.0f} ({expected.low:.0f} to {expected.high:.0f})"


def _share(expected: Expected) -> str:
    if math.isnan(expected.value):
        return "it never does"
    ends = (f"{100.0 * share:.1f}" for share in (expected.value, expected.low, expected.high))
    return "{} % ({} to {})".format(*ends)
