"""Which of two runs is right where they differ, as blind readers settle it.

Only films on which the runs take different sides tell them apart, as in McNemar's test. The
evidence is an e-value against a fair coin, so that it may be looked at after every film.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.reader import reader_key
from core.domain.review import Verdict
from core.domain.shadow import BlindRead, ShadowReading
from core.stats.fair_coin import (
    ALPHA,
    ShareInterval,
    coin_e_value,
    films_to_go,
    share_interval,
)


class Evidence(StrEnum):
    """What the films that are settled say of the two runs."""

    NOT_YET = "not yet"
    SHADOW = "shadow"
    SERVED = "served"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Part:
    """Settled films on which the runs differ: how often the shadow run is right.

    Attributes
    ----------
    to_go : int or None
        Films that the evidence still needs if they go on as they went; None where that is more
        than can be foretold.
    """

    share: ShareInterval
    right: int
    e_value: float
    to_go: int | None

    @property
    def suffices(self) -> bool:
        """True where the e-value has reached 1 / alpha."""
        return self.e_value >= 1.0 / ALPHA

    @property
    def side(self) -> int:
        """1 where the shadow run is better for certain, -1 where it is worse, and else 0."""
        return (self.share.low > 0.5) - (self.share.high < 0.5)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The shadow run beside the served run.

    Attributes
    ----------
    read : int
        Films that both have read.
    differ : int
        Of these, films on which they take different sides.
    ill, well : Part
        By what blind readers settled: sensitivity and specificity. Each interval holds with half
        of the error.
    """

    read: int
    differ: int
    overall: Part
    ill: Part
    well: Part

    @property
    def settled(self) -> int:
        """Films that blind readers have settled."""
        return self.overall.share.n

    @property
    def evidence(self) -> Evidence:
        """Which run is better; mixed where one kind of films speaks against the other."""
        ill, well = self.ill.side, self.well.side
        if ill * well < 0:
            return Evidence.MIXED
        if not self.overall.suffices:
            return Evidence.NOT_YET
        better = self.overall.share.value > 0.5
        against = -1 if better else 1
        if against in (ill, well):
            return Evidence.MIXED
        return Evidence.SHADOW if better else Evidence.SERVED

    @property
    def films_to_read(self) -> int | None:
        """How many more films both must read, if they differ as often as they did so far."""
        if self.overall.to_go is None or not self.differ:
            return None
        return round(self.overall.to_go * self.read / self.differ)


def settle(reads: Sequence[BlindRead], readers: int) -> bool | None:
    """Return whether a film is ill by its blind readers; None while that is open.

    Each reader counts once, with the first read that is not unsure; the first side that has enough
    readers stands.

    Parameters
    ----------
    reads : sequence of BlindRead
        Oldest first.
    readers : int
        How many must agree.
    """
    said: dict[str, Verdict] = {}
    for read in reads:
        if read.verdict is Verdict.UNSURE:
            continue
        said.setdefault(reader_key(read.reader), read.verdict)
        for side in (Verdict.PNEUMONIA, Verdict.NORMAL):
            if list(said.values()).count(side) >= readers:
                return side is Verdict.PNEUMONIA
    return None


def compare(
    readings: Iterable[ShadowReading], reads: Mapping[str, Sequence[BlindRead]], readers: int
) -> Comparison:
    """Return what the films say that both runs have read.

    Parameters
    ----------
    readings : iterable of ShadowReading
        Of one pair of runs.
    reads : mapping of str to sequence of BlindRead
        By film, oldest first.
    readers : int
        How many blind readers must agree.
    """
    both = [one for one in readings if one.probability is not None]
    differ = [one for one in both if one.differs]
    ill, well = list[bool](), list[bool]()
    for one in differ:
        settled = settle(reads.get(one.film_sha256, ()), readers)
        if settled is not None:
            (ill if settled else well).append(one.suspicious is settled)
    return Comparison(
        len(both),
        len(differ),
        _part([*ill, *well], ALPHA),
        _part(ill, ALPHA / 2.0),
        _part(well, ALPHA / 2.0),
    )


def _part(right: Sequence[bool], alpha: float) -> Part:
    count, n = sum(right), len(right)
    return Part(
        share_interval(count, n, alpha), count, coin_e_value(count, n), films_to_go(count, n, alpha)
    )
