"""The log of the weekly check: what each week held, what was found, who acknowledged an alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.exc import IntegrityError

from core import __version__
from core.domain.reader import READER_LIMIT, Act, Reader
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.errors import ReviewStoreError
from core.language.words import msg
from core.monitoring.weekly import Stream, WeekChecked, WeekSeen
from core.reads.export import is_synthetic
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc, is_storable
from core.store.films.kept import NO_FILE
from core.store.films.readings import reading_from_json
from core.store.reads import SqlReviewStore
from core.store.schema import films, reviews
from core.store.site_schema import monitoring_notes, monitoring_weeks

NOTE_LIMIT = 1000
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KeptWeek:
    """One week as it was checked.

    Attributes
    ----------
    reference_sha256 : str
        Of what it was compared with: weeks of another reference belong to another course.
    """

    seen: WeekSeen
    checked: WeekChecked
    reference_sha256: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class AlarmNote:
    """That somebody acknowledged the alarm of a week, and what they say of it.

    Attributes
    ----------
    as_usual : bool
        Whether the weeks up to that one are the reference from then on.
    """

    begins: date
    reader: str
    note: str
    as_usual: bool
    noted_at: datetime


def monday_of(moment: datetime) -> date:
    """Return the Monday of a moment's week, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class SqlMonitoring:
    """The weekly check's log in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    # --- weeks ------------------------------------------------------------------------------------

    def gather(self, identity: str, run_id: str, begins: date) -> WeekSeen:
        """Return what a run and gate read in a week, and how signed reads compare.

        Of each patient the first film of the week gives a score. A film that cannot be opened
        counts as refused. A film's first read in time is compared with the run, in the week of
        that read: where the site reads first, it was locked before the run's score was shown.

        Raises
        ------
        ReviewStoreError
            If the database cannot be read, or another program wrote into it.
        """
        start, end = _start(begins), _start(begins) + WEEK
        rows = self.database.rows(
            select(films.c.reading, films.c.patient)
            .where(films.c.reading_identity == identity)
            .where(films.c.arrived_at >= start, films.c.arrived_at < end)
            .order_by(films.c.arrived_at, films.c.film_sha256)
        )
        scores, refused, patients = list[float](), list[bool](), set[str]()
        for row in rows:
            reading = reading_from_json(row.reading)
            quality = reading.quality
            if quality is not None and any(one.code == "synthetic" for one in quality.findings):
                continue
            refused.append(quality is None or quality.refused)
            if reading.prediction is None or row.patient in patients:
                continue
            patients |= {row.patient} if row.patient else set()
            scores.append(round(reading.prediction.probability, 6))
        disagreed = tuple(self._disagreements(run_id, start, end))
        return WeekSeen(begins, tuple(scores), tuple(refused), disagreed)

    def unread_in(self, identity: str, begins: date) -> int:
        """Return how many films of a week a run and gate have yet to read."""
        start = _start(begins)
        other = films.c.reading_identity != identity
        unread = select(func.count(films.c.film_sha256)).where(
            films.c.arrived_at >= start,
            films.c.arrived_at < start + WEEK,
            or_(films.c.reading_identity.is_(None), other),
            ~films.c.address.startswith(NO_FILE, autoescape=True),
        )
        return int(self.database.rows(unread)[0][0])

    def _disagreements(self, run_id: str, start: datetime, end: datetime) -> Iterator[bool]:
        in_week = reviews.c.read_at >= start, reviews.c.read_at < end
        wanted = select(reviews.c.film_sha256).distinct()
        rows = self.database.rows(wanted.where(*in_week, reviews.c.run_id == run_id))
        firsts: dict[str, ReviewRecord] = {}
        for one in SqlReviewStore(self.database).reads_of([row.film_sha256 for row in rows]):
            if one.kind is not ReadKind.ARBITRATION:
                firsts.setdefault(one.film_sha256, one)
        for one in sorted(firsts.values(), key=lambda first: first.read.read_at):
            if start <= one.read.read_at < end and not is_synthetic(one):
                disagrees = disagrees_with(one, run_id)
                if disagrees is not None:
                    yield disagrees

    def keep_week(
        self, identity: str, run_id: str, week: KeptWeek, *, app_version: str = __version__
    ) -> bool:
        """Keep what a week's check found; False where another process came first.

        Raises
        ------
        ReviewStoreError
            If the database cannot be written.
        """
        seen = week.seen
        row = {
            "run_id": run_id,
            "identity": identity,
            "begins": _start(seen.begins),
            "seen": {
                "scores": list(seen.scores),
                "refused": [int(one) for one in seen.refused],
                "disagreed": [int(one) for one in seen.disagreed],
            },
            "found": {str(name): power for name, power in week.checked.log10_e.items()},
            "reference_sha256": week.reference_sha256,
            "checked_at": week.checked_at.astimezone(UTC),
            "app_version": app_version,
        }
        try:
            with self.database.writing() as connection:
                insert_chained(connection, monitoring_weeks, row)
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError):
                return False
            raise
        return True

    def weeks(self, identity: str) -> list[KeptWeek]:
        """Return every week that was checked of a run and gate, oldest first.

        Raises
        ------
        ReviewStoreError
            If the database cannot be read, or another program wrote into it.
        """
        of_run = select(monitoring_weeks).where(monitoring_weeks.c.identity == identity)
        rows = self.database.rows(of_run.order_by(monitoring_weeks.c.begins))
        try:
            return [_week(row) for row in rows]
        except (ValueError, KeyError, TypeError) as exc:
            raise self.database.changed_elsewhere(msg("A week of the weekly check")) from exc

    def newest_identity(self, run_id: str) -> str:
        """Return which export and gate of a run were checked last; empty if none was."""
        of_run = select(monitoring_weeks.c.identity).where(monitoring_weeks.c.run_id == run_id)
        newest = of_run.order_by(monitoring_weeks.c.sequence.desc()).limit(1)
        return next((row.identity for row in self.database.rows(newest)), "")

    # --- alarms -----------------------------------------------------------------------------------

    def notes(self, identity: str) -> list[AlarmNote]:
        """Return who acknowledged which alarm of a run and gate, oldest first."""
        of_run = select(monitoring_notes).where(monitoring_notes.c.identity == identity)
        return [
            AlarmNote(
                from_utc(row.begins).date(),
                row.reader,
                row.note,
                row.as_usual,
                from_utc(row.noted_at),
            )
            for row in self.database.rows(of_run.order_by(monitoring_notes.c.sequence))
        ]

    def open_alarm(self, identity: str) -> KeptWeek | None:
        """Return the first week whose alarm nobody has acknowledged; None where there is none."""
        notes = self.notes(identity)
        since = max((one.begins for one in notes), default=date.min)
        weeks = (week for week in self.weeks(identity) if week.seen.begins > since)
        return next((week for week in weeks if week.checked.alarm), None)

    def acknowledge(
        self, identity: str, run_id: str, note: str, by: Reader, *, as_usual: bool
    ) -> AlarmNote:
        """Acknowledge the open alarm with all weeks up to now; the course begins again.

        Parameters
        ----------
        note : str
            1 to 1,000 letters: what was found, and what was done.
        as_usual : bool
            Whether what these weeks held is the reference from now on.

        Raises
        ------
        NotAllowed
            If the reader has no role that acknowledges alarms.
        ReviewStoreError
            If no alarm is open, the note or the name is missing or too long, or the database
            cannot be written.
        """
        by.require(Act.ACKNOWLEDGE_ALARM)
        words, name = note.strip(), by.name.strip()
        for what, said, limit in (
            (msg("the note"), words, NOTE_LIMIT),
            (msg("the name"), name, READER_LIMIT),
        ):
            check_text(what, said, limit)
        if self.open_alarm(identity) is None:
            raise ReviewStoreError(msg("No alarm is open: somebody has acknowledged it."))
        begins = self.weeks(identity)[-1].seen.begins
        made = AlarmNote(begins, name, words, as_usual, self._now())
        row = {
            "run_id": run_id,
            "identity": identity,
            "begins": _start(begins),
            "reader": name,
            "note": words,
            "as_usual": as_usual,
            "noted_at": made.noted_at.astimezone(UTC),
            "app_version": __version__,
        }
        with self.database.writing() as connection:
            insert_chained(connection, monitoring_notes, row)
        return made


def check_text(what: str, said: str, limit: int) -> None:
    """Refuse a text that is missing, too long, or cannot be stored; raises ReviewStoreError."""
    if not 0 < len(said) <= limit or not is_storable(said):
        raise ReviewStoreError(
            msg(
                "{what} has {letters} letters and needs 1 to {limit}, of those that can be stored.",
                what=what,
                letters=len(said),
                limit=limit,
            )
        )


def disagrees_with(record: ReviewRecord, run_id: str) -> bool | None:
    """Return whether a read takes the other side than the run; None where either takes none."""
    prediction, verdict = record.prediction, record.read.verdict
    if prediction is None or prediction.run_id != run_id or verdict is Verdict.UNSURE:
        return None
    if prediction.side == "unsure" or record.score_held_back:
        return None
    return (prediction.side == "suspicious") is not (verdict is Verdict.PNEUMONIA)


def _week(row: Row[Any]) -> KeptWeek:
    begins, seen = from_utc(row.begins).date(), row.seen
    kept = WeekSeen(
        begins,
        tuple(float(one) for one in seen["scores"]),
        tuple(bool(one) for one in seen["refused"]),
        tuple(bool(one) for one in seen["disagreed"]),
    )
    found = {Stream(name): float(power) for name, power in row.found.items()}
    checked = WeekChecked(begins, len(kept.refused), found)
    return KeptWeek(kept, checked, row.reference_sha256, from_utc(row.checked_at))


def course_of(
    weeks: Sequence[KeptWeek], notes: Sequence[AlarmNote], reference_sha256: str
) -> list[KeptWeek]:
    """Return the weeks of the course that goes on: since the last note, with one reference."""
    since = max((one.begins for one in notes), default=date.min)
    course: list[KeptWeek] = []
    for week in reversed(weeks):
        if week.seen.begins <= since or week.reference_sha256 != reference_sha256:
            break
        course.insert(0, week)
    return course
