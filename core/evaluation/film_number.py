"""The number of a film that a doctor sees: a likelihood ratio, and with a prevalence a probability.

The number of films with pneumonia among 100 such films follows from likelihood ratio and
prevalence by Bayes; its interval is that of the likelihood ratio alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from core.domain.model import Prediction, RunRecord
from core.domain.ward import ScoreRatio, ShownNumber
from core.evaluation.likelihood_ratio import CountedBand, MeasuredRatios, ratio_of_score
from core.stats.bayes import probability_at
from core.tables import markdown_table

MOST_RATIO = 10_000
"""A ratio whose limit was not measured is not written out above this, nor below its inverse."""

SURE = 0.99
"""A probability is not written out above this, nor below the rest to 1."""


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
        low, high = self.ratio.log_low, self.ratio.log_high
        if low is None or high is None:
            return "interval not measured"
        return f"95 % {self._number(low)} to {self._number(high)}"

    @property
    def text(self) -> str:
        """The number with its kind and interval, as it is kept with a read."""
        at = "" if self.prevalence is None else f" at a prevalence of {share_text(self.prevalence)}"
        return f"{self.name} {self.words} ({self.interval}){at}"

    @property
    def sentence(self) -> str:
        """What the number says of children like this one."""
        if self.prevalence is None:
            return self._common()
        value = 100.0 * probability_at(self.ratio.log_value, self.prevalence)
        count = _count_text(value)
        if self.ratio.beyond is not None and count == str(round(value)):
            count = f"{'more' if self.ratio.beyond == 'above' else 'fewer'} than {count}"
        elif count == str(round(value)):
            count = f"about {count}"
        verb = "has" if count.endswith(" 1") else "have"
        return f"Of 100 such films here {count} {verb} pneumonia."

    @property
    def shown(self) -> ShownNumber:
        """What is kept with a read."""
        ratio = min(max(self.ratio.log_value, -math.log(MOST_RATIO)), math.log(MOST_RATIO))
        return ShownNumber(math.exp(ratio), self.prevalence, self.text)

    def _common(self) -> str:
        """Say how much commoner such a score is, and among whom."""
        value = self.ratio.log_value
        times = ratio_text(min(abs(value), math.log(MOST_RATIO)))
        beyond = self.ratio.beyond is not None or abs(value) > math.log(MOST_RATIO)
        if times == "1.0" and not beyond:
            return (
                "A film with this score is about as common among children with pneumonia as among "
                "those without."
            )
        among = ("with pneumonia", "without") if value > 0 else ("without pneumonia", "with it")
        more = "more than " if beyond else ""
        times = times.removesuffix(".0")
        return (
            f"A film with this score is {more}{times} times as common among children {among[0]} as "
            f"among those {among[1]}."
        )

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


def probability_text(probability: float) -> str:
    """Return a probability as a number, or that it is near 0 or 1."""
    if probability > SURE:
        return f"above {SURE}"
    if probability < 1 - SURE:
        return f"below {1 - SURE:.2f}"
    return f"{probability:.2f}"


def share_text(share: float) -> str:
    """Return a share in percent, to a tenth where it is small."""
    percent = 100.0 * share
    return f"{percent:.1f} %" if percent < 10 and round(percent, 1) % 1 else f"{percent:.0f} %"


def _count_text(value: float) -> str:
    if value < 0.5:
        return "fewer than 1"
    return "more than 99" if value > 99.5 else str(round(value))


def counted_text(counted: CountedBand | None) -> str:
    """Return what counting the films of a part gives, beside the ratio of a score; empty of none.

    The two differ where the part's films are unlike those that the score was calibrated on.
    """
    if counted is None:
        return ""
    ratio = counted.ratio
    value, low, high = (two_digits(one) for one in (ratio.value, ratio.low, ratio.high))
    return (
        f"By counting on the {counted.films}: {value} ({low} to {high}), {counted.ill} films with "
        f"pneumonia and {counted.well} without."
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
