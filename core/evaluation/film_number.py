"""The number of a film that a doctor sees: a likelihood ratio, and with a prevalence a probability.

The number of films with pneumonia among 100 such films follows from likelihood ratio and
prevalence by Bayes; its interval is that of the likelihood ratio alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scipy.special import expit

from core.domain.model import Prediction, RunRecord
from core.domain.rate import probability_text
from core.domain.ward import ScoreRatio, ShownNumber
from core.evaluation.likelihood_ratio import (
    CountedBand,
    MeasuredRatios,
    assumed_prevalence,
    ratio_of_score,
)
from core.stats.bayes import log_odds_at, log_ratio_of, probability_at
from core.tables import markdown_table

MOST_RATIO = 10_000
"""A ratio whose limit was not measured is not written out above this, nor below its inverse."""


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
        return "likelihood ratio" if self.prevalence is None else "probability here"

    @property
    def words(self) -> str:
        """The number alone, as a limit where the score lies beyond what was measured."""
        return self._limited(self._number(self.ratio.log_value))

    @property
    def interval(self) -> str:
        """Its 95 % interval, or that there is none."""
        return self._interval(self._number)

    @property
    def text(self) -> str:
        """The number with its kind and interval, as it is kept with a read."""
        at = "" if self.prevalence is None else f" at a prevalence of {share_text(self.prevalence)}"
        return f"{self.name} {self.words} ({self.interval}){at}"

    @property
    def headline(self) -> str:
        """The number with its kind, and a likelihood ratio with its interval.

        The interval of a probability stands in the sentence, which counts the same share.
        """
        said = f"{self.name} {self.words}".capitalize()
        return said if self.prevalence is not None else f"{said} ({self.interval})"

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
        """What is kept with a read."""
        ratio = min(max(self.ratio.log_value, -math.log(MOST_RATIO)), math.log(MOST_RATIO))
        return ShownNumber(math.exp(ratio), self.prevalence, self.text)

    def _common(self) -> str:
        """Say how much commoner such a score is, and among whom."""
        value, unlimited = self.ratio.log_value, self.ratio.beyond is None
        among = "with pneumonia as among those without"
        times = ratio_text(min(abs(value), math.log(MOST_RATIO))).removesuffix(".0")
        if times == "1" and unlimited:
            said = "about as common"
        else:
            more = "" if unlimited and abs(value) <= math.log(MOST_RATIO) else "more than "
            said = f"{more}{times} times as common"
            if value < 0:
                among = "without pneumonia as among those with it"
        return f"A film with this score is {said} among children {among}."

    def _counted(self) -> str:
        """Say how many of 100 such films show pneumonia."""
        count = self._of_100(self.ratio.log_value)
        if count.isdigit():
            limits = {None: "about", "above": "more than", "below": "fewer than"}
            count = f"{limits[self.ratio.beyond]} {count}"
        verb = "has" if count.endswith(" 1") else "have"
        return f"Of 100 such films here {count} {verb} pneumonia ({self._interval(self._of_100)})."

    def _of_100(self, log_ratio: float) -> str:
        value = 100.0 * probability_at(log_ratio, self.prevalence or 0.0)
        if value < 0.5:
            return "fewer than 1"
        return "more than 99" if value > 99.5 else str(round(value))

    def _interval(self, say: Callable[[float], str]) -> str:
        low, high = self.ratio.log_low, self.ratio.log_high
        if low is None or high is None:
            return "interval not measured"
        of_what = "" if self.ratio.beyond is None else " interval of the limit:"
        ends_text = [say(low), say(high)]
        both = ends_text[0] if ends_text[0] == ends_text[1] else " to ".join(ends_text)
        return f"95 %{of_what} {both}"

    def _number(self, log_ratio: float) -> str:
        if self.prevalence is None:
            return ratio_text(log_ratio)
        return probability_text(probability_at(log_ratio, self.prevalence))

    def _limited(self, number: str) -> str:
        bounded = number.startswith(("above", "below"))
        return number if self.ratio.beyond is None or bounded else f"{self.ratio.beyond} {number}"


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
        From `read_ratios`.
    prevalence : float or None
        Of the ward; None while none is set.
    """
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
    film of a public set they are the probability that the run was calibrated to.

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
        number = self._number(0.0)
        return "probability" if number is None else number.name

    @property
    def note(self) -> str:
        """At which prevalence it holds, in a sentence; empty for a likelihood ratio."""
        share = self.prevalence if self.in_ward else assumed_prevalence(self.run)
        return "" if share is None else holds_text(share)

    def of(self, log_odds: float) -> str:
        """Return the number of log odds, as a limit where it is not written out."""
        number = self._number(log_odds)
        return probability_text(float(expit(log_odds))) if number is None else number.words

    def ticks(self) -> list[tuple[float, str]]:
        """Return log odds to mark on a line, each with its number."""
        if self._number(0.0) is None:
            return [(log_odds_at(0.0, one), f"{one:g}") for one in _PROBABILITIES]
        base = log_odds_at(0.0, assumed_prevalence(self.run) or 0.5)
        if self.prevalence is None:
            return [(base + math.log(one), f"{one:g}") for one in _RATIOS]
        return [
            (base + log_ratio_of(log_odds_at(0.0, one), self.prevalence), f"{one:g}")
            for one in _PROBABILITIES
        ]

    def _number(self, log_odds: float) -> FilmNumber | None:
        ratio = ratio_of_score(log_odds, self.run, self.measured) if self.in_ward else None
        return None if ratio is None else FilmNumber(ratio, self.prevalence)


_PROBABILITIES = (0.01, 0.1, 0.5, 0.9, 0.99)
_RATIOS = (0.01, 0.1, 1, 10, 100)


def holds_text(share: float) -> str:
    """Return at which prevalence probabilities hold."""
    return f"Probabilities hold where {share_text(share)} of the films show pneumonia."


def ratio_text(log_ratio: float) -> str:
    """Return a likelihood ratio to two digits, or that it is beyond all that is written out."""
    if log_ratio > math.log(MOST_RATIO):
        return f"above {MOST_RATIO:,}"
    if log_ratio < -math.log(MOST_RATIO):
        return f"below {1 / MOST_RATIO:g}"
    return two_digits(math.exp(log_ratio))


def two_digits(value: float) -> str:
    """Return a number above 0 to two digits, without an exponent."""
    rounded = float(f"{value:.1e}")
    return f"{rounded:,.{max(0, 1 - math.floor(math.log10(rounded)))}f}"


def share_text(share: float) -> str:
    """Return a share in percent, to a tenth where it is small."""
    percent = 100.0 * share
    tenths = (percent < 10 or percent > 99) and round(percent, 1) % 1
    return f"{percent:.1f} %" if tenths else f"{percent:.0f} %"


def counted_text(counted: CountedBand | None) -> str:
    """Return what counting the films of a part gives, beside the ratio of a score; empty of none.

    The two differ where the part's films are unlike those that the score was calibrated on.
    """
    if counted is None:
        return ""
    ratio = counted.ratio
    value, low, high = (two_digits(one) for one in (ratio.value, ratio.low, ratio.high))
    films = "1 film" if counted.ill == 1 else f"{counted.ill} films"
    return (
        f"By counting on the {counted.films}, the likelihood ratio is {value} ({low} to {high}): "
        f"{films} with pneumonia and {counted.well} without."
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
