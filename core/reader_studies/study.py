"""A reader study as it is kept: what was settled, what the run said, and what was read since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from core.domain.mark import Mark
from core.domain.model import Side
from core.domain.reader import reader_key
from core.domain.review import Verdict
from core.errors import TeachingError
from core.language.words import Message, msg
from core.reader_studies.design import Arm, ReaderStudy, StudyRead, next_session, plan_session

MOST_FILMS, MOST_READERS, MOST_WASHOUT_DAYS = 200, 40, 365
LOWEST, HIGHEST = 0, 100
"""Of a rating: 0 is certainly no pneumonia, 100 certainly pneumonia."""

_SAYS: Mapping[Side, Verdict] = {
    "suspicious": Verdict.PNEUMONIA,
    "not suspicious": Verdict.NORMAL,
    "unsure": Verdict.UNSURE,
}


@dataclass(frozen=True, slots=True)
class Advice:
    """What the run said of a film when the study was made."""

    probability: float
    threshold: float
    side: Side

    @property
    def verdict(self) -> Verdict:
        """The side that the run takes, if it takes one."""
        return _SAYS[self.side]

    def is_right(self, *, ill: bool) -> bool | None:
        """Return whether the run is right; None if it takes no side."""
        if self.verdict is Verdict.UNSURE:
            return None
        return (self.verdict is Verdict.PNEUMONIA) is ill


@dataclass(frozen=True, slots=True)
class KeptStudy:
    """A study with its films' library, its run and what the run said of each film.

    Attributes
    ----------
    advice : mapping of str to Advice
        By film.
    with_marks : bool
        Whether readers may mark where they see a lesion.
    closed_at : datetime or None
        None while films may be read.
    """

    study_id: str
    design: ReaderStudy
    library: str
    run_id: str
    advice: Mapping[str, Advice]
    made_by: str
    made_at: datetime
    with_marks: bool = False
    closed_at: datetime | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.design.washout_days <= MOST_WASHOUT_DAYS:
            raise TeachingError(
                msg("A washout lasts 0 to {most} days. Change it.", most=MOST_WASHOUT_DAYS)
            )
        if len(self.design.cases) > MOST_FILMS or len(self.design.readers) > MOST_READERS:
            raise TeachingError(
                msg(
                    "A study has at most {films} films and {readers} readers.",
                    films=MOST_FILMS,
                    readers=MOST_READERS,
                )
            )
        if len({reader_key(name) for name in self.design.readers}) < len(self.design.readers):
            raise TeachingError(msg("A reader stands twice in the study. Take one name out."))
        lacking = [case for case in self.design.cases if case.film_id not in self.advice]
        if lacking:
            raise TeachingError(msg("The run has not read {n} films of the study.", n=len(lacking)))

    def reader_named(self, name: str) -> str | None:
        """Return the name of a reader as the study has it; None of who does not read in it."""
        key = reader_key(name)
        return next((one for one in self.design.readers if key and reader_key(one) == key), None)

    def is_made_by(self, name: str) -> bool:
        """Return whether somebody made the study."""
        return bool(reader_key(name)) and reader_key(name) == reader_key(self.made_by)


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """What a reader says of one film.

    Attributes
    ----------
    rating : int
        From 0 (certainly no pneumonia) to 100 (certainly pneumonia). It need not agree with the
        verdict: one may treat a child whose pneumonia is less likely than not.
    """

    verdict: Verdict
    rating: int
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.verdict is Verdict.UNSURE:
            raise TeachingError(msg("A read of a study says pneumonia or normal."))
        if not LOWEST <= self.rating <= HIGHEST:
            raise TeachingError(msg("A rating is 0 to 100, not {rating}.", rating=self.rating))


@dataclass(frozen=True, slots=True)
class StudyReading:
    """One film as one reader has read it; never changed.

    Attributes
    ----------
    session, place : int
        From 0: the reader's session, and the film's place in it.
    seconds : float
        From the film's last opening to the read.
    openings : int
        How often the film was opened; after more than one the time is not that of the read.
    """

    reader: str
    session: int
    place: int
    film_id: str
    arm: Arm
    answer: StudyAnswer
    seconds: float
    openings: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one reader is.

    Attributes
    ----------
    session : int
        The one that is open or comes next; as many as there are if all are read.
    place : int
        Of the next film in it.
    opens_at : datetime or None
        From when on the next film may be read; None if all are read.
    """

    plan: tuple[StudyRead, ...]
    session: int
    sessions: int
    place: int
    opens_at: datetime | None

    @property
    def finished(self) -> bool:
        """Whether every session is read."""
        return self.opens_at is None

    @property
    def read(self) -> int:
        """Films read so far, in all sessions."""
        return self.session * len(self.plan) + self.place if self.plan else 0

    @property
    def following(self) -> StudyRead | None:
        """The next film; None if all are read."""
        return None if self.finished else self.plan[self.place]


def progress_of(study: KeptStudy, reader: str, readings: Sequence[StudyReading]) -> Progress:
    """Return how far a reader of a study is.

    Parameters
    ----------
    reader : str
        As the study names them.
    readings : sequence of StudyReading
        Of the study; others' do not count.
    """
    n, sessions = len(study.design.cases), len(study.design.arms)
    own = [reading for reading in readings if reading.reader == reader]
    ended = []
    for session in range(sessions):
        of_it = [reading.read_at for reading in own if reading.session == session]
        if len(of_it) < n:
            break
        ended.append(max(of_it))
    following = next_session(study.design, study.made_at, ended)
    if following is None:
        last = plan_session(study.design, reader, sessions - 1)
        return Progress(last, sessions, sessions, 0, None)
    session, opens_at = following
    place = sum(reading.session == session for reading in own)
    plan = plan_session(study.design, reader, session)
    return Progress(plan, session, sessions, place, opens_at)


def not_yet_text(progress: Progress, when: str) -> Message:
    """Return why a session is not open yet.

    Parameters
    ----------
    when : str
        The time at which it opens, in words.
    """
    return msg(
        "Session {session} of {sessions} opens on {when} UTC. Until then the films of the session "
        "before are forgotten.",
        session=progress.session + 1,
        sessions=progress.sessions,
        when=when,
    )


def finished_readers(study: KeptStudy, readings: Sequence[StudyReading]) -> tuple[str, ...]:
    """Return the readers who have read every film in every arm, in the study's order."""
    return tuple(
        name for name in study.design.readers if progress_of(study, name, readings).finished
    )


def washout_kept(study: KeptStudy, readings: Sequence[StudyReading]) -> bool:
    """Return whether the washout lies between any two sessions of each reader."""
    least = timedelta(days=study.design.washout_days)
    for name in study.design.readers:
        own = [reading for reading in readings if reading.reader == name]
        by_session = [
            [reading.read_at for reading in own if reading.session == session]
            for session in range(len(study.design.arms))
        ]
        for before, after in pairwise(by_session):
            if before and after and min(after) - max(before) < least:
                return False
    return True
