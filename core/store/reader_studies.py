"""Where reader studies are kept: append-only, each read durable before the page goes on.

The store enforces the order: it takes the next film of the reader's plan, after the washout, and
nothing once the study is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Select, select

from core import __version__
from core.domain.mark import Mark
from core.domain.reader import Act, Reader, reader_key
from core.domain.review import Verdict
from core.errors import MarkError, ReviewStoreError, TeachingError
from core.language.numbers import time_text
from core.language.words import msg
from core.phantom.builtin import current_id
from core.reader_studies.design import Arm, ReaderStudy, StudyCase
from core.reader_studies.study import (
    Advice,
    KeptStudy,
    Progress,
    StudyAnswer,
    StudyReading,
    not_yet_text,
    progress_of,
)
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc, is_storable
from core.store.schema import reader_studies, reader_study_events, reader_study_readings

MAX_NAME, MAX_CASE_TEXT = 100, 500
OPENED, CLOSED = "opened", "closed"
ONE_STUDY = 0
"""Stands for session and place where an event is of the whole study."""


class SqlReaderStudies:
    """Studies and their reads in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    def make(
        self,
        design: ReaderStudy,
        library: str,
        run_id: str,
        advice: Mapping[str, Advice],
        by: Reader,
        *,
        with_marks: bool = False,
    ) -> KeptStudy:
        """Store a new study of the acting reader and return it.

        Raises
        ------
        NotAllowed
            If the acting reader may not make one.
        TeachingError
            If readers or films do not fit.
        ReviewStoreError
            If a name or text is missing or too long, or the database cannot be written.
        """
        by.require(Act.MAKE_STUDY)
        _check_words(design, by)
        study = KeptStudy(
            study_id=uuid4().hex[:12],
            design=design,
            library=library,
            run_id=run_id,
            advice=advice,
            made_by=by.name,
            made_at=self._now(),
            with_marks=with_marks,
        )
        row = {
            "study_id": study.study_id,
            "title": design.name,
            "library": library,
            "run_id": run_id,
            "arms": [arm.value for arm in design.arms],
            "readers": list(design.readers),
            "cases": [asdict(case) | asdict(advice[case.film_id]) for case in design.cases],
            "washout_days": design.washout_days,
            "seed": design.seed,
            "with_marks": with_marks,
            "made_by": by.name,
            "made_at": study.made_at.astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, reader_studies, row)
        return study

    def open_film(self, study: KeptStudy, progress: Progress, by: Reader) -> None:
        """Store that the reader has the next film of their plan on the screen from now on.

        Raises
        ------
        NotAllowed
            If the acting reader may not read in studies.
        TeachingError
            If the film may not be read now.
        ReviewStoreError
            If the database cannot be written.
        """
        by.require(Act.READ_IN_STUDY)
        with self.database.writing() as connection:
            wait_for_turn(connection)
            name, now = self._may_read(connection, study, progress, by)
            row = {
                **_place(study, name, progress.session, progress.place),
                "kind": OPENED,
                "at": now.astimezone(UTC),
                "app_version": __version__,
            }
            insert_chained(connection, reader_study_events, row)

    def read(self, study: KeptStudy, progress: Progress, answer: StudyAnswer, by: Reader) -> None:
        """Store the read of the next film of the reader's plan; it is never changed.

        Raises
        ------
        NotAllowed
            If the acting reader may not read in studies.
        TeachingError
            If the film may not be read now, was read in another window, or was not opened.
        ReviewStoreError
            If the database cannot be written.
        """
        by.require(Act.READ_IN_STUDY)
        with self.database.writing() as connection:
            wait_for_turn(connection)
            name, now = self._may_read(connection, study, progress, by)
            read = progress.plan[progress.place]
            place = _place(study, name, progress.session, progress.place)
            opened = _openings(connection, place)
            if not opened:
                raise TeachingError(msg("Open the film first; then read it."))
            row = {
                **place,
                "film_id": read.case.film_id,
                "arm": read.arm.value,
                "verdict": answer.verdict.value,
                "rating": answer.rating,
                "marks": [list(mark.edges) for mark in answer.marks],
                "seconds": max(0.0, (now - max(opened)).total_seconds()),
                "openings": len(opened),
                "read_at": now.astimezone(UTC),
                "app_version": __version__,
            }
            insert_chained(connection, reader_study_readings, row)

    def close(self, study_id: str, by: Reader) -> None:
        """Store that nothing more is read in a study; a second time changes nothing.

        Raises
        ------
        NotAllowed
            If the acting reader may not make studies.
        ReviewStoreError
            If there is no such study, or the database cannot be written.
        """
        by.require(Act.MAKE_STUDY)
        row = {
            "study_id": study_id,
            "reader": by.name,
            "reader_key": reader_key(by.name),
            "session": ONE_STUDY,
            "place": ONE_STUDY,
            "kind": CLOSED,
            "at": self._now().astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            wait_for_turn(connection)
            if _closed_at(connection, study_id) is None:
                insert_chained(connection, reader_study_events, row)

    def studies(self) -> list[KeptStudy]:
        """Return every study, newest first."""
        return self._studies(select(reader_studies).order_by(reader_studies.c.sequence.desc()))

    def study(self, study_id: str) -> KeptStudy | None:
        """Return one study, or None."""
        found = self._studies(select(reader_studies).where(reader_studies.c.study_id == study_id))
        return found[0] if found else None

    def readings(self, study: KeptStudy) -> list[StudyReading]:
        """Return every read of a study, oldest first."""
        own = reader_study_readings.c.study_id == study.study_id
        query = select(reader_study_readings).where(own)
        rows = self.database.rows(query.order_by(reader_study_readings.c.sequence))
        return self._readings(study, rows)

    def unfinished_of(self, reader: str) -> list[KeptStudy]:
        """Return the open studies in which somebody has films left to read."""
        closed = select(reader_study_events.c.study_id).where(reader_study_events.c.kind == CLOSED)
        still_open = select(reader_studies).where(reader_studies.c.study_id.not_in(closed))
        return [
            study
            for study in self._studies(still_open)
            if (name := study.reader_named(reader)) is not None
            and not progress_of(study, name, self.readings(study)).finished
        ]

    def _may_read(
        self, connection: Connection, study: KeptStudy, progress: Progress, by: Reader
    ) -> tuple[str, datetime]:
        """Return the reader's name in the study, and the time; raise if the film must wait."""
        name, now = study.reader_named(by.name), self._now()
        if name is None:
            raise TeachingError(
                msg("{reader} does not read in this study. Ask who made it.", reader=by.name)
            )
        if _closed_at(connection, study.study_id) is not None:
            raise TeachingError(msg("The study is closed: nothing more is read in it."))
        own = (
            reader_study_readings.c.study_id == study.study_id,
            reader_study_readings.c.reader_key == reader_key(name),
        )
        rows = connection.execute(select(reader_study_readings).where(*own)).all()
        stands = progress_of(study, name, self._readings(study, rows))
        if (stands.session, stands.place) != (progress.session, progress.place):
            raise TeachingError(
                msg("This film was read in another window. Go on with the film that is next.")
            )
        if stands.opens_at is None or now < stands.opens_at:
            when = "" if stands.opens_at is None else time_text(stands.opens_at)
            raise TeachingError(not_yet_text(stands, when))
        return name, now

    def _studies(self, query: Select[Any]) -> list[KeptStudy]:
        closings = select(reader_study_events).where(reader_study_events.c.kind == CLOSED)
        closed = {row.study_id: from_utc(row.at) for row in self.database.rows(closings)}
        try:
            return [_study(row, closed.get(row.study_id)) for row in self.database.rows(query)]
        except (ValueError, KeyError, TypeError, TeachingError) as exc:
            raise self.database.changed_elsewhere(msg("A reader study")) from exc

    def _readings(self, study: KeptStudy, rows: Sequence[Row[Any]]) -> list[StudyReading]:
        named = {reader_key(name): name for name in study.design.readers}
        try:
            return [_reading(row, named[row.reader_key]) for row in rows]
        except (ValueError, KeyError, TypeError, TeachingError, MarkError) as exc:
            raise self.database.changed_elsewhere(msg("A read of a study")) from exc


def _place(study: KeptStudy, name: str, session: int, place: int) -> dict[str, Any]:
    return {
        "study_id": study.study_id,
        "reader": name,
        "reader_key": reader_key(name),
        "session": session,
        "place": place,
    }


def _openings(connection: Connection, place: Mapping[str, Any]) -> list[datetime]:
    columns = reader_study_events.c
    keys = ("study_id", "reader_key", "session", "place")
    same = [columns[key] == place[key] for key in keys]
    query = select(columns.at).where(columns.kind == OPENED, *same)
    return [from_utc(at) for at in connection.execute(query).scalars()]


def _closed_at(connection: Connection, study_id: str) -> datetime | None:
    columns = reader_study_events.c
    query = select(columns.at).where(columns.study_id == study_id, columns.kind == CLOSED)
    at = connection.execute(query).scalar_one_or_none()
    return None if at is None else from_utc(at)


def _check_words(design: ReaderStudy, by: Reader) -> None:
    if not design.name.strip():
        raise ReviewStoreError(msg("Give the study a title first."))
    if not by.name.strip():
        raise ReviewStoreError(msg("Enter your name first: a study names who made it."))
    for words, most in [
        (design.name, MAX_NAME),
        *((name, MAX_NAME) for name in design.readers),
        *((case.text, MAX_CASE_TEXT) for case in design.cases),
    ]:
        if len(words) > most or not is_storable(words):
            raise ReviewStoreError(
                msg(
                    "A title or name has at most {name} characters, a case text {text}; "
                    "{words!r} is longer or cannot be stored.",
                    name=MAX_NAME,
                    text=MAX_CASE_TEXT,
                    words=words[:40],
                )
            )


def _study(row: Row[Any], closed_at: datetime | None) -> KeptStudy:
    """Read a study; a synthetic film of an earlier drawing is today's film of the same child."""
    cases = [case | {"film_id": current_id(case["film_id"])} for case in row.cases]
    design = ReaderStudy(
        name=row.title,
        cases=tuple(StudyCase(one["film_id"], one["ill"], one["text"]) for one in cases),
        arms=tuple(Arm(arm) for arm in row.arms),
        readers=tuple(row.readers),
        seed=row.seed,
        washout_days=row.washout_days,
    )
    advice = {
        one["film_id"]: Advice(one["probability"], one["threshold"], one["side"]) for one in cases
    }
    return KeptStudy(
        study_id=row.study_id,
        design=design,
        library=row.library,
        run_id=row.run_id,
        advice=advice,
        made_by=row.made_by,
        made_at=from_utc(row.made_at),
        with_marks=row.with_marks,
        closed_at=closed_at,
    )


def _reading(row: Row[Any], name: str) -> StudyReading:
    marks = tuple(Mark(*edges) for edges in row.marks)
    return StudyReading(
        reader=name,
        session=row.session,
        place=row.place,
        film_id=current_id(row.film_id),
        arm=Arm(row.arm),
        answer=StudyAnswer(Verdict(row.verdict), row.rating, marks),
        seconds=row.seconds,
        openings=row.openings,
        read_at=from_utc(row.read_at),
    )
