"""Comparisons of runs as sentences."""

from __future__ import annotations

import math
from typing import NamedTuple

from core.comparison.case_matrix import Step
from core.comparison.paired_tests import ErrorCounts, PairComparison
from core.comparison.prevalence import Expected, WardOutcome, expect_wards
from core.comparison.scored_films import ScoredFilms, part_of
from core.language.numbers import number
from core.language.words import Message, msg, tr, trn
from core.stats.intervals import Difference

NOTE = msg(
    "Intervals are 95 % and of this pair alone. A difference's interval is of the "
    "same method as its p. Errors, sensitivity, specificity and accuracy: McNemar's "
    "exact test, given the films that only one run gets wrong. Intervals in films "
    "are rounded outward. ROC AUC: DeLong. Other metrics: bootstrap over patients. "
    "Rates of one run: Wilson. McNemar and DeLong treat films as independent. "
    "Holm-corrected p values allow for all pairs, separately for each question."
)
SIGNIFICANT = 0.05


class _Errors(NamedTuple):
    """What is said of two runs' errors of one kind."""

    same: Message
    as_many: Message
    more: Message
    fewer: Message


_MISSED = _Errors(
    msg("{second} and {first} miss the same {errors} of {n} pneumonias."),
    msg("{second} and {first} miss {errors} of {n} pneumonias each ({apart})."),
    msg("{second} misses {change} more of {n} pneumonias than {first} ({interval}; {apart})."),
    msg("{second} misses {change} fewer of {n} pneumonias than {first} ({interval}; {apart})."),
)
_FALSE_ALARMS = _Errors(
    msg("{second} and {first} raise a false alarm on the same {errors} of {n} normal films."),
    msg("{second} and {first} raise a false alarm on {errors} of {n} normal films each ({apart})."),
    msg(
        "{second} raises a false alarm on {change} more of {n} normal films than {first} "
        "({interval}; {apart})."
    ),
    msg(
        "{second} raises a false alarm on {change} fewer of {n} normal films than {first} "
        "({interval}; {apart})."
    ),
)


def p_text(p_value: float) -> str:
    """Return a p value in words: three decimals, or below 0.001."""
    return f"< {number(0.001)}" if p_value < 0.0005 else f"= {number(p_value, '.3f')}"


def missed_text(pair: PairComparison) -> str:
    """Return in one sentence how many pneumonias the second run misses more or less."""
    return _errors_text(pair, pair.missed, _MISSED, "missed")


def false_alarms_text(pair: PairComparison) -> str:
    """Return in one sentence how many false alarms the second run raises more or less."""
    return _errors_text(pair, pair.false_alarms, _FALSE_ALARMS, "false_alarms")


def _errors_text(pair: PairComparison, errors: ErrorCounts, said: _Errors, question: str) -> str:
    known = {"first": pair.first, "second": pair.second, "errors": errors.first, "n": errors.n}
    if not errors.only_first and not errors.only_second:
        return tr(str(said.same), **known)
    known["apart"] = tr(
        "{only_first} only {first}, {only_second} only {second}; {tested}",
        only_first=errors.only_first,
        first=pair.first,
        only_second=errors.only_second,
        second=pair.second,
        tested=_tested_text(errors.p_value, pair.holm[question]),
    )
    if not errors.change:
        return tr(str(said.as_many), **known)
    known |= {"change": abs(errors.change), "interval": _interval_text(*errors.shown_ends)}
    return tr(str(said.more if errors.change > 0 else said.fewer), **known)


def area_text(pair: PairComparison) -> str:
    """Return in one sentence by how much the ROC area of the second run is higher or lower."""
    area = pair.roc_auc
    return _difference_text(pair, area, msg("The ROC AUC"), pair.holm["delong"])


def pair_texts(pair: PairComparison) -> list[str]:
    """Return the three sentences on a pair: missed films, false alarms and ROC area."""
    return [missed_text(pair), false_alarms_text(pair), area_text(pair)]


def difference_text(pair: PairComparison, metric: str, name: str) -> str:
    """Return in one sentence by how much a metric of the second run is higher or lower.

    Parameters
    ----------
    metric : str
        A key of ``pair.differences``.
    """
    difference = pair.differences[metric]
    if math.isnan(difference.value):
        return tr(
            "{name} is not defined for {first} or for {second} on these films.",
            name=tr(name),
            first=pair.first,
            second=pair.second,
        )
    return _difference_text(pair, difference, name, pair.holm[metric])


def _difference_text(
    pair: PairComparison, difference: Difference, name: str, adjusted: float
) -> str:
    size = f"{abs(difference.value):.4f}"
    known = {
        "name": tr(name),
        "first": pair.first,
        "second": pair.second,
        "size": number(float(size), ".4f") if float(size) else tr("less than 0.0001"),
        "tested": tr(
            "(95 % {low:+.4f} to {high:+.4f}; {tested})",
            low=difference.low,
            high=difference.high,
            tested=_tested_text(difference.p_value, adjusted),
        ),
    }
    if not difference.value:
        return tr("{name} of {second} and {first} is the same {tested}.", **known)
    if difference.value > 0.0:
        return tr("{name} of {second} is {size} higher than that of {first} {tested}.", **known)
    return tr("{name} of {second} is {size} lower than that of {first} {tested}.", **known)


def _tested_text(p_value: float, adjusted: float) -> str:
    alone, corrected = p_text(p_value), p_text(adjusted)
    if adjusted < SIGNIFICANT:
        return tr("p {alone}, Holm-corrected p {corrected}", alone=alone, corrected=corrected)
    return tr(
        "p {alone}, Holm-corrected p {corrected}, not statistically significant",
        alone=alone,
        corrected=corrected,
    )


def step_text(step: Step) -> str:
    """Return in one sentence what a run fixes and breaks of another's."""
    return tr(
        "{later} corrects {fixed} of {earlier}'s errors and adds {broken}. "
        "Pneumonias: {found_now} found now, {missed_now} missed now. False alarms: "
        "{cleared_now} gone, {alarmed_now} new.",
        later=step.later,
        fixed=step.fixed,
        earlier=step.earlier,
        broken=step.broken,
        found_now=len(step.found_now),
        missed_now=len(step.missed_now),
        cleared_now=len(step.cleared_now),
        alarmed_now=len(step.alarmed_now),
    )


def films_text(scored: ScoredFilms) -> str:
    """Return in one sentence which films are compared, at which thresholds."""
    ill, n = int(scored.ill.sum()), len(scored.films)
    patients = len(set(scored.films.patient.tolist()))
    known = {
        "part": tr(part_of(scored.part, scored.title).name),
        "n": n,
        "ill": ill,
        "normal": n - ill,
        "patients": patients,
        "chosen_at": tr(scored.chosen_at),
    }
    sentences = [
        tr(
            "{part}: {n} films ({ill} pneumonia, {normal} normal) generated by First Read, at "
            "{chosen_at}.",
            **known,
        )
        if scored.synthetic
        else tr(
            "{part}: {n} films ({ill} pneumonia, {normal} normal) of {patients} patients, at "
            "{chosen_at}.",
            **known,
        )
    ]
    if scored.left_out:
        sentences.append(
            trn(
                "Left out: {n} film that at least one run did not score.",
                "Left out: {n} films that at least one run did not score.",
                scored.left_out,
            )
        )
    if scored.synthetic:
        sentences.append(tr("Results on synthetic films do not apply to patients."))
    if scored.part == "validation":
        sentences.append(
            tr("Operating points were chosen on these films, so every run looks too good.")
        )
    return " ".join(sentences)


def thresholds_text(sensitivity: float) -> Message:
    """Return how `thresholds_at_sensitivity` set the thresholds."""
    return msg(
        "equal sensitivity: each run's highest operating point that finds {percent:g} "
        "% of the pneumonias of validation",
        percent=100.0 * sensitivity,
    )


def ward_texts(scored: ScoredFilms, children: int, prevalence: float) -> list[str]:
    """Return for each run what to expect of it among children of a given prevalence.

    Raises
    ------
    ComparisonError
        As in `expect_among`.
    """
    wards = expect_wards(scored, children, prevalence)
    return [ward_text(run, ward) for run, ward in zip(scored.run_ids, wards, strict=True)]


def ward_text(run: str, ward: WardOutcome) -> str:
    """Return in words what to expect of a run among children of a given prevalence."""
    return tr(
        "Of {children:,} children, {ill:.0f} with pneumonia, {run} misses {missed} and raises "
        "{alarms} false alarms. PPV: {ppv}. NPV: {npv}.",
        children=ward.children,
        ill=ward.ill,
        run=run,
        missed=_count(ward.missed),
        alarms=_count(ward.false_alarms),
        ppv=_share(ward.ppv),
        npv=_share(ward.npv),
    )


def _interval_text(low: float, high: float) -> str:
    """Say an interval of a change in films; the side that the change is on comes first."""
    ends = sorted((low, high), key=abs)
    if ends[0] * ends[1] < 0:
        fewer, more = (films_end_text(abs(end)) for end in sorted(ends))
        return tr("95 % {fewer} fewer to {more} more", fewer=fewer, more=more)
    near, far = (films_end_text(abs(end)) for end in ends)
    if sum(ends) > 0:
        return tr("95 % {near} to {far} more", near=near, far=far)
    return tr("95 % {near} to {far} fewer", near=near, far=far)


def films_end_text(films: float, sign: str = "") -> str:
    """Return an end of an interval in films: one decimal, more for one that is nearer 0."""
    return number(films, f"{sign}.1f" if not films or abs(films) >= 0.1 else f"{sign}g")


def _count(expected: Expected) -> str:
    return tr(
        "{value:.0f} ({low:.0f} to {high:.0f})",
        value=expected.value,
        low=expected.low,
        high=expected.high,
    )


def _share(expected: Expected) -> str:
    if math.isnan(expected.value):
        return tr("not defined")
    return tr(
        "{value:.1f} % ({low:.1f} to {high:.1f})",
        value=100.0 * expected.value,
        low=100.0 * expected.low,
        high=100.0 * expected.high,
    )
