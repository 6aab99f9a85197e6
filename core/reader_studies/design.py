"""The layout of a reader study: who reads which case in which arm, in which session and order.

Every reader reads every case in every arm (a full crossover). The cases are dealt into as many
blocks as there are arms, pneumonia and normal apart. In each session every block is read in another
arm, so that no arm is always the first; which block begins in which arm changes from reader to
reader. Between two sessions lies a washout, in which cases are forgotten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np

from core.errors import TeachingError
from core.language.words import Message, msg

WASHOUT_DAYS = 28
"""As Obuchowski and Bullen (Radiographics 2022) take for usual."""


class Arm(StrEnum):
    """What a reader sees beside the film and the case text."""

    ALONE = "alone"
    SCORE = "score"
    REGIONS = "score and regions"


ARM_WORDS: Mapping[Arm, Message] = {
    Arm.ALONE: msg("alone"),
    Arm.SCORE: msg("with the score"),
    Arm.REGIONS: msg("with the score and the regions"),
}


ARM_NAMES: Mapping[Arm, Message] = {
    Arm.ALONE: msg("Alone"),
    Arm.SCORE: msg("Score"),
    Arm.REGIONS: msg("Score and regions"),
}
"""For tables and plots."""


@dataclass(frozen=True, slots=True)
class StudyCase:
    """One case: a film, its reference, and what is told of the child beforehand."""

    film_id: str
    ill: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReaderStudy:
    """What is settled before anybody reads.

    Attributes
    ----------
    seed : int
        Deals the cases and orders them for each reader and session.
    """

    name: str
    cases: tuple[StudyCase, ...]
    arms: tuple[Arm, ...]
    readers: tuple[str, ...]
    seed: int
    washout_days: int = WASHOUT_DAYS

    def __post_init__(self) -> None:
        if len(set(self.arms)) != len(self.arms) or len(self.arms) < 2:
            raise TeachingError(msg("A reader study compares two different arms at least."))
        if len(set(self.readers)) != len(self.readers) or len(self.readers) < 2:
            raise TeachingError(msg("A reader study needs two different readers at least."))
        names = {case.film_id for case in self.cases}
        if len(names) != len(self.cases):
            raise TeachingError(msg("A case stands twice in the study. Take one of them out."))
        ill = sum(case.ill for case in self.cases)
        if min(ill, len(self.cases) - ill) < len(self.arms):
            raise TeachingError(
                msg(
                    "A study of {arms} arms needs {arms} cases with pneumonia and {arms} without "
                    "at least; there are {ill} and {well}.",
                    arms=len(self.arms),
                    ill=ill,
                    well=len(self.cases) - ill,
                )
            )


@dataclass(frozen=True, slots=True)
class StudyRead:
    """One case as one reader reads it."""

    case: StudyCase
    arm: Arm


def plan_session(study: ReaderStudy, reader: str, session: int) -> tuple[StudyRead, ...]:
    """Return what a reader reads in one session, in order.

    Parameters
    ----------
    session : int
        0 for the first; there are as many as arms.
    """
    if reader not in study.readers or not 0 <= session < len(study.arms):
        raise TeachingError(msg("The study has no such reader or session."))
    turn = study.readers.index(reader) + session
    block_of = _deal(study)
    reads = [
        StudyRead(case, study.arms[(block_of[case.film_id] + turn) % len(study.arms)])
        for case in study.cases
    ]
    order = _random(study.seed, reader, session).permutation(len(reads))
    return tuple(reads[place] for place in order)


def _deal(study: ReaderStudy) -> Mapping[str, int]:
    """Return the block of each case, by film: as many of each class in each block."""
    rng, blocks = _random(study.seed, "blocks", 0), {}
    for ill in (True, False):
        some = [case.film_id for case in study.cases if case.ill is ill]
        for place, number in enumerate(rng.permutation(len(some))):
            blocks[some[number]] = place % len(study.arms)
    return blocks


def _random(seed: int, name: str, session: int) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}/{name}/{session}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8]))


def next_session(
    study: ReaderStudy, begun: datetime, ended: Sequence[datetime]
) -> tuple[int, datetime] | None:
    """Return a reader's next session and from when on it may begin; None if all are read.

    Parameters
    ----------
    begun : datetime
        Of the study.
    ended : sequence of datetime
        When each of the reader's sessions before ended.
    """
    if len(ended) >= len(study.arms):
        return None
    if not ended:
        return 0, begun
    return len(ended), max(ended) + timedelta(days=study.washout_days)
