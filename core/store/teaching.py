"""Where teaching sessions and case sets are kept: append-only, in the review store's database.

Each step is on the disk before the page goes on, so whoever is interrupted resumes where they were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.exc import IntegrityError

from core import __version__
from core.domain.reader import Act, Reader, reader_key
from core.errors import FindingsError, NotAllowed, ReviewStoreError, TeachingError
from core.language.words import msg
from core.phantom.builtin import current_id
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc, is_storable
from core.store.schema import teaching_sessions, teaching_sets, teaching_steps
from core.teaching.session import (
    MAX_FILMS,
    Case,
    Course,
    Plan,
    Session,
    Step,
    StepKind,
    follow_steps,
    plan_as_json,
    plan_from_json,
)

MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class CaseSet:
    """A teacher's films by id, in the order in which they are shown."""

    set_id: str
    name: str
    library: str
    film_ids: tuple[str, ...]
    made_by: str
    made_at: datetime


class SqlTeachingStore:
    """Sessions, steps and case sets in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    def start(self, plan: Plan, cases: Sequence[Case], by: Reader) -> Session:
        """Store a new session of the acting reader and return it.

        Raises
        ------
        NotAllowed
            If the acting reader may not take one.
        ReviewStoreError
            If no reader is named, or the database cannot be written.
        """
        by.require(Act.TAKE_SESSION)
        name = _checked(by.name, msg("Enter your name first: a session is kept under it."))
        session = Session(uuid4().hex, name, plan, tuple(cases), self._now())
        row = {
            "session_id": session.session_id,
            "reader": name,
            "reader_key": reader_key(name),
            "library": plan.library,
            "set_id": plan.case_set,
            "plan": plan_as_json(plan),
            "cases": [asdict(case) for case in cases],
            "started_at": session.started_at.astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, teaching_sessions, row)
        return session

    def note(
        self,
        session_id: str,
        place: int,
        kind: StepKind,
        said: Mapping[str, Any] | None = None,
        *,
        by: Reader,
    ) -> bool:
        """Store one step durably before returning.

        Returns
        -------
        bool
            False if this step was done already, perhaps in another window: what was kept stands.

        Raises
        ------
        NotAllowed
            If the acting reader may not take a session, or this one is another reader's.
        ReviewStoreError
            If there is no such session, or the database cannot be written.
        """
        by.require(Act.TAKE_SESSION)
        row = {
            "session_id": session_id,
            "place": place,
            "kind": kind.value,
            "at": self._now().astimezone(UTC),
            "said": dict(said or {}),
        }
        try:
            with self.database.writing() as connection:
                _require_own(connection, session_id, by)
                insert_chained(connection, teaching_steps, row)
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError) and self._was_done(row):
                return False
            raise
        return True

    def course(self, session_id: str) -> Course | None:
        """Return where a session stands; None if there is none of this id."""
        found = self._courses(
            select(teaching_sessions).where(teaching_sessions.c.session_id == session_id)
        )
        return found[0] if found else None

    def courses_of(self, reader: str) -> list[Course]:
        """Return a reader's sessions, oldest first."""
        own = teaching_sessions.c.reader_key == reader_key(reader)
        return self._courses(select(teaching_sessions).where(own))

    def courses_of_set(self, set_id: str, by: Reader) -> list[Course]:
        """Return everybody's sessions of a case set, oldest first.

        Raises
        ------
        NotAllowed
            If the acting reader may not see how others read.
        """
        by.require(Act.SEE_GROUP)
        return self._courses(select(teaching_sessions).where(teaching_sessions.c.set_id == set_id))

    def all_courses(self, library: str) -> list[Course]:
        """Return everybody's sessions of a library, oldest first."""
        return self._courses(
            select(teaching_sessions).where(teaching_sessions.c.library == library)
        )

    def keep_set(self, name: str, library: str, film_ids: Sequence[str], by: Reader) -> CaseSet:
        """Store a case set of the acting reader and return it.

        Raises
        ------
        NotAllowed
            If the acting reader may not put one together.
        TeachingError
            If it has no films, too many, or one twice.
        ReviewStoreError
            If a name is missing or cannot be kept, or the database cannot be written.
        """
        by.require(Act.MAKE_CASE_SET)
        if not 1 <= len(film_ids) <= MAX_FILMS or len(set(film_ids)) < len(film_ids):
            raise TeachingError(
                msg(
                    "A set has 1 to {most} different films, and this one has {films}, "
                    "{different} of them different.",
                    most=MAX_FILMS,
                    films=len(film_ids),
                    different=len(set(film_ids)),
                )
            )
        case_set = CaseSet(
            uuid4().hex[:12],
            _checked(name, msg("Name the set first.")),
            library,
            tuple(film_ids),
            _checked(by.name, msg("Enter your name first: a case set names its author.")),
            self._now(),
        )
        row = asdict(case_set) | {
            "film_ids": list(film_ids),
            "made_at": case_set.made_at.astimezone(UTC),
        }
        with self.database.writing() as connection:
            insert_chained(connection, teaching_sets, row)
        return case_set

    def case_sets(self) -> list[CaseSet]:
        """Return every case set, newest first."""
        query = select(teaching_sets).order_by(teaching_sets.c.sequence.desc())
        return [_case_set(row) for row in self.database.rows(query)]

    def case_set(self, set_id: str) -> CaseSet | None:
        """Return one case set, or None."""
        rows = self.database.rows(select(teaching_sets).where(teaching_sets.c.set_id == set_id))
        return _case_set(rows[0]) if rows else None

    def _was_done(self, row: Mapping[str, Any]) -> bool:
        names = ("session_id", "place", "kind")
        same = [teaching_steps.c[name] == row[name] for name in names]
        return bool(self.database.rows(select(teaching_steps).where(*same)))

    def _courses(self, sessions: Select[Any]) -> list[Course]:
        chosen = sessions.with_only_columns(teaching_sessions.c.session_id)
        steps = select(teaching_steps).where(teaching_steps.c.session_id.in_(chosen))
        try:
            done: dict[str, list[Step]] = defaultdict(list)
            found = self.database.rows(sessions.order_by(teaching_sessions.c.sequence))
            for row in self.database.rows(steps.order_by(teaching_steps.c.sequence)):
                step = Step(
                    row.session_id, row.place, StepKind(row.kind), from_utc(row.at), row.said
                )
                done[row.session_id].append(step)
            return [follow_steps(_session(row), done[row.session_id]) for row in found]
        except (ValueError, KeyError, TypeError, IndexError, FindingsError) as exc:
            raise self.database.changed_elsewhere(msg("A teaching session")) from exc


def _require_own(connection: Connection, session_id: str, by: Reader) -> None:
    """Raise NotAllowed if a session is another reader's; one that is not there may be anybody's."""
    own = select(teaching_sessions.c.reader_key).where(teaching_sessions.c.session_id == session_id)
    whose = connection.execute(own).scalar_one_or_none()
    if whose not in (None, reader_key(by.name)):
        raise NotAllowed(
            msg("This teaching session belongs to another reader: start one of your own.")
        )


def _checked(words: str, lacking: str) -> str:
    name = " ".join(words.split())
    if not name:
        raise ReviewStoreError(lacking)
    if len(name) > MAX_NAME or not is_storable(name):
        raise ReviewStoreError(
            msg(
                "A name has at most {most} characters, no zero byte and no half of a "
                "character pair; this one has {characters}: shorten or retype it.",
                most=MAX_NAME,
                characters=len(name),
            )
        )
    return name


def _session(row: Row[Any]) -> Session:
    cases = tuple(map(_case, row.cases))
    plan = plan_from_json(row.plan)
    return Session(row.session_id, row.reader, plan, cases, from_utc(row.started_at))


def _case(stored: dict[str, Any]) -> Case:
    """Read a case; earlier versions named its side "band", with "above" and "below".

    A synthetic film of an earlier drawing is today's film of the same child.
    """
    stored = stored | {"film_id": current_id(stored["film_id"])}
    if "band" in stored:
        earlier = {"above": "suspicious", "below": "not suspicious"}
        band = stored["band"]
        stored = {key: value for key, value in stored.items() if key != "band"}
        stored |= {"side": earlier.get(band, band)}
    return Case(**stored)


def _case_set(row: Row[Any]) -> CaseSet:
    made_at = from_utc(row.made_at)
    return CaseSet(
        row.set_id,
        row.name,
        row.library,
        tuple(map(current_id, row.film_ids)),
        row.made_by,
        made_at,
    )
