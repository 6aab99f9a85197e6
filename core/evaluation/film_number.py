"""The number of a film that a doctor sees: a likelihood ratio, and with a prevalence a probability.

The number of films with pneumonia among 100 such films follows from likelihood ratio and
prevalence by Bayes; its interval is that of the likelihood ratio alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from core.domain.model import Prediction, RunRecord
from core.domain.rate import SURE, probability_text
from core.domain.site import ScoreBand, Scores
from core.domain.ward import ScoreRatio, ShownNumber
from core.evaluation.likelihood_ratio import (
    CountedBand,
    MeasuredRatios,
    assumed_prevalence,
    ratio_of_band,
    ratio_of_score,
)
from core.language.current import ENGLISH, using
from core.language.numbers import number
from core.language.words import msg, tr, trn
from core.stats.bayes import log_odds_at, log_ratio_of, probability_at
from core.tables import markdown_table

MOST_RATIO = 10_000
"""A ratio whose limit was not measured is not written out above this, nor below its inverse."""

_KEPT = re.compile(
    r"(?:likelihood ratio|probability here) (?P<number>.+?) "
    r"\((?:interval not measured|95 %(?P<limit> interval of the limit:)? (?P<low>.+?)"
    r"(?: to (?P<high>.+?))?)\)(?: at a prevalence of .+)?"
)
"""The English form of `FilmNumber.text`, as reads keep it."""


@dataclass(frozen=True, slots=True)
class FilmNumber:
    """What a film's score means where a share of the films shows pneumonia.

    Attributes
    ----------
    prevalence : float or None
        Of the ward; None while none is set.
    """

    ratio: ScoreRatio
    prevalence: float | None = None

    @property
    def name(self) -> str:
        """What kind of number it is."""
        return tr("likelihood ratio") if self.prevalence is None else tr("probability here")

    @property
    def words(self) -> str:
        """The number alone, as a limit where the score lies beyond what was measured."""
        said = self._number(self.ratio.log_value)
        if self.ratio.beyond is None or self._is_limit(self.ratio.log_value):
            return said
        above = self.ratio.beyond == "above"
        return tr("above {number}", number=said) if above else tr("below {number}", number=said)

    @property
    def interval(self) -> str:
        """Its 95 % interval, or that there is none."""
        return self._interval(self._number)

    @property
    def text(self) -> str:
        """The number with its kind and interval."""
        return _number_text(self.words, self.interval, self.prevalence)

    @property
    def headline(self) -> str:
        """The number with its kind, and a likelihood ratio with its interval.

        The interval of a probability stands in the sentence, which counts the same share.
        """
        if self.prevalence is not None:
            return tr("probability here {number}", number=self.words).capitalize()
        said = tr("likelihood ratio {number}", number=self.words).capitalize()
        return f"{said} ({self.interval})"

    @property
    def says_little(self) -> bool:
        """Whether the interval of the likelihood ratio holds 1."""
        low, high = self.ratio.log_low, self.ratio.log_high
        return low is not None and high is not None and low <= 0.0 <= high

    @property
    def sentence(self) -> str:
        """What the number says of children like this one; a share with its interval."""
        return self._common() if self.prevalence is None else self._counted()

    @property
    def shown(self) -> ShownNumber:
        """What is kept with a read; its words are English, as in all that is kept."""
        ratio = min(max(self.ratio.log_value, -math.log(MOST_RATIO)), math.log(MOST_RATIO))
        with using(ENGLISH):
            return ShownNumber(math.exp(ratio), self.prevalence, self.text)

    def _common(self) -> str:
        """Say how much commoner such a score is, and among whom."""
        value, unlimited = self.ratio.log_value, self.ratio.beyond is None
        ratio = float(f"{math.exp(min(abs(value), math.log(MOST_RATIO))):.1e}")
        if ratio == 1 and unlimited:
            return tr(
                "A film with this score is about as common among children with pneumonia as among "
                "those without."
            )
        more = not unlimited or abs(value) > math.log(MOST_RATIO)
        times = number(ratio, ",.0f") if ratio.is_integer() else two_digits(ratio)
        return tr(_COMMON[value < 0, more].one, times=times)

    def _counted(self) -> str:
        """Say how many of 100 such films show pneumonia."""
        ill, beyond = self._ill_of_100(self.ratio.log_value), self.ratio.beyond
        if ill in {LESS_THAN_1, MORE_THAN_99}:
            count = self._of_100(self.ratio.log_value)
        elif beyond is None:
            count = tr("about {n}", n=ill)
        else:
            count = tr("more than {n}", n=ill) if beyond == "above" else tr("fewer than {n}", n=ill)
        interval = self._interval(self._of_100)
        if ill in {LESS_THAN_1, 1}:
            return tr(
                "Of 100 such films here {count} has pneumonia ({interval}).",
                count=count,
                interval=interval,
            )
        return tr(
            "Of 100 such films here {count} have pneumonia ({interval}).",
            count=count,
            interval=interval,
        )

    def _ill_of_100(self, log_ratio: float) -> int:
        value = 100.0 * probability_at(log_ratio, self.prevalence or 0.0)
        return LESS_THAN_1 if value < 0.5 else MORE_THAN_99 if value > 99.5 else round(value)

    def _of_100(self, log_ratio: float) -> str:
        ill = self._ill_of_100(log_ratio)
        if ill == LESS_THAN_1:
            return tr("fewer than {n}", n=1)
        return tr("more than {n}", n=99) if ill == MORE_THAN_99 else str(ill)

    def _interval(self, say: Callable[[float], str]) -> str:
        low, high = self.ratio.log_low, self.ratio.log_high
        if low is None or high is None:
            return tr("interval not measured")
        return _interval_text(say(low), say(high), of_limit=self.ratio.beyond is not None)

    def _number(self, log_ratio: float) -> str:
        if self.prevalence is None:
            return ratio_text(log_ratio)
        return tr(probability_text(probability_at(log_ratio, self.prevalence)))

    def _is_limit(self, log_ratio: float) -> bool:
        """Return whether a number is written as the limit of what is written out."""
        if self.prevalence is None:
            return abs(log_ratio) > math.log(MOST_RATIO)
        return not 1 - SURE <= probability_at(log_ratio, self.prevalence) <= SURE


LESS_THAN_1, MORE_THAN_99 = -1, 101
_COMMON = {
    (False, False): msg(
        "A film with this score is {times} times as common among children with pneumonia as among "
        "those without.",
    ),
    (False, True): msg(
        "A film with this score is more than {times} times as common among children with "
        "pneumonia as among those without.",
    ),
    (True, False): msg(
        "A film with this score is {times} times as common among children without pneumonia as "
        "among those with it.",
    ),
    (True, True): msg(
        "A film with this score is more than {times} times as common among children without "
        "pneumonia as among those with it.",
    ),
}


def _number_text(said: str, interval: str, prevalence: float | None) -> str:
    if prevalence is None:
        return tr("likelihood ratio {number} ({interval})", number=said, interval=interval)
    return tr(
        "probability here {number} ({interval}) at a prevalence of {share}",
        number=said,
        interval=interval,
        share=share_text(prevalence),
    )


def _interval_text(low: str, high: str, *, of_limit: bool) -> str:
    if low == high:
        return (
            tr("95 % interval of the limit: {both}", both=low)
            if of_limit
            else tr("95 % {both}", both=low)
        )
    if of_limit:
        return tr("95 % interval of the limit: {low} to {high}", low=low, high=high)
    return tr("95 % {low} to {high}", low=low, high=high)


def kept_number_text(shown: ShownNumber) -> str:
    """Return the number that was kept with a read in the current language."""
    found = _KEPT.fullmatch(shown.text)
    if found is None:  # of a version that worded it otherwise
        return shown.text
    interval = tr("interval not measured")
    if found["low"]:
        low, high = _again(found["low"]), _again(found["high"] or found["low"])
        interval = _interval_text(low, high, of_limit=found["limit"] is not None)
    return _number_text(_again(found["number"]), interval, shown.prevalence)


def _again(said: str) -> str:
    """Return a number, or a limit, that was written in English."""
    side, _, digits = said.rpartition(" ")
    again = number(float(digits.replace(",", "")), f",.{len(digits.partition('.')[2])}f")
    if not side:
        return again
    return (
        tr("above {number}", number=again)
        if side == "above"
        else tr("below {number}", number=again)
    )


def number_of_film(
    prediction: Prediction,
    run: RunRecord,
    measured: MeasuredRatios | None,
    prevalence: float | None,
) -> FilmNumber | None:
    """Return what a film's score means; None where the share that the run assumes is not known.

    Parameters
    ----------
    measured : MeasuredRatios or None
        From `read_ratios`; not needed at a site, whose own test films are counted.
    prevalence : float or None
        Of the ward; None while none is set.
    """
    if run.site is not None:
        band = run.site.band_of(prediction.probability)
        return None if band is None else FilmNumber(ratio_of_band(band), prevalence)
    ratio = ratio_of_score(_log_odds(prediction.probability), run, measured)
    return None if ratio is None else FilmNumber(ratio, prevalence)


def _log_odds(probability: float) -> float:
    if probability in {0.0, 1.0}:
        return math.copysign(math.inf, probability - 0.5)
    return math.log(probability) - math.log1p(-probability)


@dataclass(frozen=True, slots=True)
class ScoreWords:
    """How a run's log odds are said.

    Of a film of the ward they are a likelihood ratio, or the probability at its prevalence. Of a
    film of a public set they are the probability that the run was calibrated to. At a site that
    has accepted the run they are the site's probability, for the likelihood ratios that were
    counted there are too coarse to show what a region changes.

    Attributes
    ----------
    measured : MeasuredRatios or None
        From `read_ratios`.
    prevalence : float or None
        Of the ward; None while none is set.
    in_ward : bool
        Whether the film is one of the ward.
    """

    run: RunRecord
    measured: MeasuredRatios | None = None
    prevalence: float | None = None
    in_ward: bool = False

    @property
    def name(self) -> str:
        """What kind of number it is."""
        if self._at_site:
            return tr("probability") if self.prevalence is None else tr("probability here")
        known = self._number(0.0)
        return tr("probability") if known is None else known.name

    @property
    def note(self) -> str:
        """At which prevalence it holds, in a sentence; empty for a likelihood ratio."""
        share = self.prevalence if self.in_ward else assumed_prevalence(self.run)
        if share is None and self._at_site:
            share = assumed_prevalence(self.run)
        return "" if share is None else holds_text(share)

    def of(self, log_odds: float) -> str:
        """Return the number of log odds, as a limit where it is not written out."""
        if self._at_site:
            return tr(probability_text(float(self._site_probabilities(np.array([log_odds]))[0])))
        known = self._number(log_odds)
        return tr(probability_text(float(expit(log_odds)))) if known is None else known.words

    def ticks(self) -> list[tuple[float, str]]:
        """Return log odds to mark on a line, each with its number."""
        if self._at_site:
            reached = self._site_probabilities(_GRID)
            return [
                (float(np.interp(one, reached, _GRID)), number(one, "g"))
                for one in _PROBABILITIES
                if reached[0] < one < reached[-1]
            ]
        if self._number(0.0) is None:
            return [(log_odds_at(0.0, one), number(one, "g")) for one in _PROBABILITIES]
        base = log_odds_at(0.0, assumed_prevalence(self.run) or 0.5)
        if self.prevalence is None:
            return [(base + math.log(one), number(one, "g")) for one in _RATIOS]
        return [
            (base + log_ratio_of(log_odds_at(0.0, one), self.prevalence), number(one, "g"))
            for one in _PROBABILITIES
        ]

    @property
    def _at_site(self) -> bool:
        return self.in_ward and self.run.site is not None

    def _site_probabilities(self, log_odds: Scores) -> Scores:
        """Return the site's probabilities for the run's own log odds, at the ward's prevalence."""
        assert self.run.site is not None
        found = self.run.site.calibration.apply(expit(log_odds))
        assumed = assumed_prevalence(self.run)
        if self.prevalence is None or assumed is None:
            return found
        moved = logit(found) - logit(assumed) + logit(self.prevalence)
        return np.asarray(expit(moved), np.float64)

    def _number(self, log_odds: float) -> FilmNumber | None:
        ratio = ratio_of_score(log_odds, self.run, self.measured) if self.in_ward else None
        return None if ratio is None else FilmNumber(ratio, self.prevalence)


_GRID = np.linspace(-12.0, 12.0, 961)
_PROBABILITIES = (0.01, 0.1, 0.5, 0.9, 0.99)
_RATIOS = (0.01, 0.1, 1, 10, 100)


def holds_text(share: float) -> str:
    """Return at which prevalence probabilities hold."""
    return tr(
        "Probabilities hold where {share} of the films show pneumonia.", share=share_text(share)
    )


def ratio_text(log_ratio: float) -> str:
    """Return a likelihood ratio to two digits, or that it is beyond all that is written out."""
    if log_ratio > math.log(MOST_RATIO):
        return tr("above {ratio:,}", ratio=MOST_RATIO)
    if log_ratio < -math.log(MOST_RATIO):
        return tr("below {ratio:g}", ratio=1 / MOST_RATIO)
    return two_digits(math.exp(log_ratio))


def two_digits(value: float) -> str:
    """Return a number above 0 to two digits, without an exponent."""
    rounded = float(f"{value:.1e}")
    return number(rounded, f",.{max(0, 1 - math.floor(math.log10(rounded)))}f")


def share_text(share: float) -> str:
    """Return a share in percent, to a tenth where it is small."""
    percent = 100.0 * share
    tenths = (percent < 10 or percent > 99) and round(percent, 1) % 1
    return f"{number(percent, '.1f' if tenths else '.0f')} %"


def counted_text(counted: CountedBand | None) -> str:
    """Return what counting the films of a part gives, beside the ratio of a score; empty of none.

    The two differ where the part's films are unlike those that the score was calibrated on.
    """
    if counted is None:
        return ""
    ratio = counted.ratio
    value, low, high = (two_digits(one) for one in (ratio.value, ratio.low, ratio.high))
    return trn(
        "By counting on the {films}, the likelihood ratio is {value} ({low} to {high}): {n} film "
        "with pneumonia and {well} without.",
        "By counting on the {films}, the likelihood ratio is {value} ({low} to {high}): {n} films "
        "with pneumonia and {well} without.",
        counted.ill,
        films=tr(counted.films),
        value=value,
        low=low,
        high=high,
        well=counted.well,
    )


def band_text(site: str, band: ScoreBand) -> str:
    """Return how a site's test films with such a probability were."""
    return tr(
        "Of the test films of {site}, {ill} of {all_ill} with pneumonia and {well} of {all_well} "
        "without had a probability of {low:.2f} to {high:.2f}.",
        site=site,
        ill=band.ill,
        all_ill=band.all_ill,
        well=band.well,
        all_well=band.all_well,
        low=band.low,
        high=band.high,
    )


def tabulate_ratios(measured: MeasuredRatios) -> str:
    """Return the ratios by a run's scores beside those that counting films gives, as Markdown."""
    head = ("Films", "Ratio by the score", "With pneumonia", "Without", "Ratio by counting")
    return markdown_table(head, map(_row, measured.counted))


def _row(band: CountedBand) -> Iterable[str]:
    low, high = ("" if edge is None else two_digits(edge) for edge in (band.low, band.high))
    place = f"below {high}" if not low else f"above {low}" if not high else f"{low} to {high}"
    value, least, most = (two_digits(one) for one in _ends(band))
    counts = (f"{band.ill} of {band.all_ill}", f"{band.well} of {band.all_well}")
    return (band.films, place, *counts, f"{value} ({least} to {most})")


def _ends(band: CountedBand) -> tuple[float, float, float]:
    return band.ratio.value, band.ratio.low, band.ratio.high
