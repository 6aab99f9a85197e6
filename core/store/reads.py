"""Where signed reads are kept: one append-only table, and how a record becomes a row of it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select
from sqlalchemy.exc import IntegrityError

from core.domain.mark import Mark
from core.domain.model import AbstentionBand, OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reader import Act, Reader, reader_key
from core.domain.review import ReaderRead, ReadKind, ReviewRecord, Verdict
from core.domain.ward import ShownNumber
from core.errors import FindingsError, MarkError, NotAllowed, ReviewStoreError
from core.language.recall import recalled
from core.language.words import msg
from core.reads.findings import findings_as_json, findings_from_json
from core.reads.protocol import reads_by, why_out_of_order
from core.settings import get_settings
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc, is_storable
from core.store.film_status import note_signed
from core.store.schema import reviews

_ALL = 2**62
_NO_CONFIDENCE = 1
"""What the column holds of a read without confidence; the table takes 1 to 5."""
_FILMS_A_QUERY = 10_000  # SQLite takes 32,766 parameters


class SqlReviewStore:
    """Signed reads in SQLite or PostgreSQL; one may serve many threads.

    Parameters
    ----------
    read_first : bool, optional
        Whether a signed read must follow its reader's locked first read; the site's setting
        without it.
    """

    def __init__(self, database: Database, *, read_first: bool | None = None) -> None:
        self.database = database
        self._read_first = get_settings().read_first if read_first is None else read_first

    def append(self, record: ReviewRecord, by: Reader) -> None:
        """Store one record durably before returning.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that signs, or is another than the one who signed.
        ReviewStoreError
            If it is a first read after another of the same reader, or one at which regions were
            shown; if it is signed without a first read where the site reads first; if regions were
            drawn at another read than a first one.
        ReviewStoreError
            If the record's id is already stored.
        ReviewStoreError
            If the read that it supersedes is missing, is of another film, or was superseded
            meanwhile.
        ReviewStoreError
            If a field cannot be kept: a time without a zone, a number that is not finite or out of
            range, text that no database takes, a prediction of another run than the record's.
        ReviewStoreError
            If the database cannot be written; nothing is stored then.
        """
        by.require(Act.ARBITRATE if record.kind is ReadKind.ARBITRATION else Act.SIGN_READ)
        if by.name != record.reader:
            raise NotAllowed(
                msg(
                    "{name} may not store what {reader} signed: sign it yourself.",
                    name=by.name,
                    reader=record.reader,
                )
            )
        row = row_from_record(record)
        try:
            with self.database.writing() as connection:
                wait_for_turn(connection)
                self._check_order(connection, record)
                insert_chained(connection, reviews, row)
                history = self.history_in(connection, record.film_sha256)
                note_signed(connection, record.film_sha256, history, _utc(record.read.read_at))
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError):
                raise ReviewStoreError(self._why_refused(record)) from exc.__cause__
            raise

    def latest_for_film(self, film_sha256: str) -> ReviewRecord | None:
        """Return the newest record of a film that nothing supersedes, or None."""
        return self.latest_for_films([film_sha256]).get(film_sha256)

    def latest_for_films(
        self, film_sha256s: Collection[str], reader: str = ""
    ) -> dict[str, ReviewRecord]:
        """Return each film's newest record that nothing supersedes; films never read are absent.

        One query for up to 10,000 films.

        Parameters
        ----------
        reader : str
            Whose own record is returned even where another reader's is newer; empty: nobody's.
        """
        films = list(dict.fromkeys(film_sha256s))
        latest: dict[str, ReviewRecord] = {}
        for start in range(0, len(films), _FILMS_A_QUERY):
            some = reviews.c.film_sha256.in_(films[start : start + _FILMS_A_QUERY])
            standing = select(reviews).where(some, _is_current()).order_by(reviews.c.sequence)
            records = self._fetch(standing)
            latest.update((record.film_sha256, record) for record in records)
            if reader:
                latest.update((one.film_sha256, one) for one in reads_by(records, reader))
        return latest

    def films_read_by(self, film_sha256s: Collection[str], reader: str) -> set[str]:
        """Return the films, of those named, that a reader has read beside a model's output.

        As `has_own_read` of each film's history, in one query for up to 10,000 films.
        """
        films, found = list(film_sha256s), set[str]()
        key = reader_key(reader)
        for start in range(0, len(films), _FILMS_A_QUERY):
            some = reviews.c.film_sha256.in_(films[start : start + _FILMS_A_QUERY])
            read = select(reviews.c.film_sha256, reviews.c.reader).distinct()
            rows = self.database.rows(read.where(some, reviews.c.probability.is_not(None)))
            found |= {row.film_sha256 for row in rows if reader_key(row.reader) == key}
        return found

    def reads_of(self, film_sha256s: Collection[str]) -> list[ReviewRecord]:
        """Return every record of some films, oldest first within a film."""
        films, found = list(dict.fromkeys(film_sha256s)), list[ReviewRecord]()
        for start in range(0, len(films), _FILMS_A_QUERY):
            some = reviews.c.film_sha256.in_(films[start : start + _FILMS_A_QUERY])
            found += self._fetch(select(reviews).where(some).order_by(reviews.c.sequence))
        return found

    def history(self, film_sha256: str) -> Sequence[ReviewRecord]:
        """Return every record of a film, oldest first."""
        return self._fetch(_of_film(film_sha256))

    def recent(self, limit: int = 200) -> Sequence[ReviewRecord]:
        """Return up to `limit` current (not superseded) records, newest first."""
        current = select(reviews).where(_is_current()).order_by(reviews.c.sequence.desc())
        return self._fetch(current.limit(max(limit, 0)))

    def everything(self, skip: int = 0) -> Sequence[ReviewRecord]:
        """Return all records but the oldest `skip`, superseded ones included, oldest first.

        What was stored once stays in its place, so that whoever has the oldest reads asks for the
        others only.
        """
        after = select(reviews).order_by(reviews.c.sequence)
        # SQLite knows OFFSET beside LIMIT only
        return self._fetch(after.limit(_ALL).offset(max(skip, 0)))

    def count(self) -> int:
        """Return how many records are stored, superseded ones included."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(reviews)).scalar_one()

    def history_in(self, connection: Connection, film_sha256: str) -> list[ReviewRecord]:
        """Return all records of a film, oldest first, as a transaction sees them."""
        return self._records(connection, _of_film(film_sha256))

    def _check_order(self, connection: Connection, record: ReviewRecord) -> None:
        """Refuse a read that may not follow what is stored of its film by now."""
        history = self.history_in(connection, record.film_sha256)
        why = why_out_of_order(record, history, read_first=self._read_first)
        if why:
            raise ReviewStoreError(why)

    def _fetch(self, query: Select[Any]) -> list[ReviewRecord]:
        with self.database.reading() as connection:
            return self._records(connection, query)

    def _records(self, connection: Connection, query: Select[Any]) -> list[ReviewRecord]:
        try:
            return [record_from_row(row) for row in connection.execute(query)]
        except (ValueError, KeyError, TypeError, MarkError, FindingsError) as exc:
            raise self.database.changed_elsewhere(msg("A record")) from exc

    def _why_refused(self, record: ReviewRecord) -> str:
        """Say which rule of the table a record broke."""
        if self._film_of(record.record_id) is not None:
            return msg(
                "The read {record_id} is already stored: reload the film to see it.",
                record_id=record.record_id,
            )
        if record.supersedes is not None and record.supersedes != record.record_id:
            film = self._film_of(record.supersedes)
            if film is None:
                return msg(
                    "The read to correct ({supersedes}) is not stored: reload the film.",
                    supersedes=record.supersedes,
                )
            if film != record.film_sha256:
                return msg(
                    "The read to correct ({supersedes}) is of another film: reload "
                    "the film and sign again.",
                    supersedes=record.supersedes,
                )
            if self._is_superseded(record.supersedes):
                return msg("This read was corrected meanwhile: reload the film, then sign again.")
        return msg(
            "The read {record_id} breaks a rule of the store and was not stored: its "
            "confidence ({confidence}) must be 1 to 5, its probability 0 to 1, and "
            "it may not correct itself.",
            record_id=record.record_id,
            confidence=record.read.confidence,
        )

    def _film_of(self, record_id: str) -> str | None:
        query = select(reviews.c.film_sha256).where(reviews.c.record_id == record_id)
        with self.database.reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def _is_superseded(self, record_id: str) -> bool:
        query = select(exists().where(reviews.c.supersedes == record_id))
        with self.database.reading() as connection:
            return bool(connection.execute(query).scalar_one())


def _of_film(film_sha256: str) -> Select[Any]:
    of_film = select(reviews).where(reviews.c.film_sha256 == film_sha256)
    return of_film.order_by(reviews.c.sequence)


def _is_current() -> ColumnElement[bool]:
    later = reviews.alias("later")
    return ~exists().where(later.c.supersedes == reviews.c.record_id)


# --- a record as a row ----------------------------------------------------------------------------


def row_from_record(record: ReviewRecord) -> dict[str, Any]:
    """Return a record as the values of the table's columns.

    Raises
    ------
    ReviewStoreError
        If the time has no zone, a number is not finite, a text is one that no database takes, a
        value is not JSON, or the prediction is of another run than the record.
    """
    read, prediction = record.read, record.prediction
    if prediction is not None and prediction.run_id != record.run_id:
        raise ReviewStoreError(
            msg(
                "The read names run {run_id!r} and its probability comes from run "
                "{other!r}: reload the film, then sign again.",
                run_id=record.run_id,
                other=prediction.run_id,
            )
        )
    row = {
        "record_id": record.record_id,
        "film_sha256": record.film_sha256,
        "film_name": record.film_name or None,
        "reader": record.reader,
        "verdict": read.verdict.value,
        "confidence": _NO_CONFIDENCE if read.confidence is None else read.confidence,
        "without_confidence": True if read.confidence is None else None,
        "comment": read.comment,
        "read_at": _utc(read.read_at),
        "run_id": record.run_id or None,
        "probability": None if prediction is None else _finite(prediction.probability),
        "score": None if prediction is None else _finite(prediction.score),
        "operating_point": None
        if prediction is None
        else _json_able(asdict(prediction.operating_point), msg("operating point")),
        "quality": _json_able(quality_to_json(record.quality), msg("quality report")),
        "regions": _json_able(record.regions, msg("regions")),
        "app_version": record.app_version,
        "supersedes": record.supersedes,
        "abstention": None
        if prediction is None or prediction.abstention is None
        else _json_able(asdict(prediction.abstention), msg("abstention band")),
        "disagreement": None
        if prediction is None or prediction.disagreement is None
        else _finite(prediction.disagreement),
        "kind": record.kind.value,
        "opened_at": None if record.opened_at is None else _utc(record.opened_at),
        "arbitrates": list(record.arbitrates) or None,
        "drawn": [list(mark.edges) for mark in record.drawn] or None,
        "shown_s": None if record.shown_s is None else _finite(record.shown_s),
        "order_known": record.order_known,
        **_row_of_shown(record.shown_number),
        "findings": findings_as_json(read.findings),
    }
    _check_texts(row)
    return row


def record_from_row(row: Row[Any]) -> ReviewRecord:
    """Return the record that a row of the table keeps.

    Raises
    ------
    KeyError, TypeError, ValueError, MarkError, FindingsError
        If another program wrote something else into the row.
    """
    return ReviewRecord(
        record_id=row.record_id,
        film_sha256=row.film_sha256,
        film_name=row.film_name or "",
        reader=row.reader,
        read=ReaderRead(
            Verdict(row.verdict),
            None if row.without_confidence else row.confidence,
            row.comment,
            from_utc(row.read_at),
            findings_from_json(row.findings),
        ),
        prediction=_prediction_from_row(row),
        quality=quality_from_json(row.quality),
        run_id=row.run_id or "",
        app_version=row.app_version,
        supersedes=row.supersedes,
        regions=dict(row.regions),
        kind=ReadKind(row.kind or ReadKind.READ),
        opened_at=None if row.opened_at is None else from_utc(row.opened_at),
        arbitrates=tuple(row.arbitrates or ()),
        drawn=tuple(Mark(*edges) for edges in row.drawn or ()),
        shown_s=row.shown_s,
        order_known=row.order_known,
        shown_number=None
        if row.shown_number is None
        else ShownNumber(row.likelihood_ratio, row.ward_prevalence, row.shown_number),
    )


def _row_of_shown(shown: ShownNumber | None) -> dict[str, Any]:
    if shown is None:
        return {"likelihood_ratio": None, "ward_prevalence": None, "shown_number": None}
    return {
        "likelihood_ratio": _finite(shown.likelihood_ratio),
        "ward_prevalence": None if shown.prevalence is None else _finite(shown.prevalence),
        "shown_number": shown.text,
    }


def _prediction_from_row(row: Row[Any]) -> Prediction | None:
    if row.probability is None:
        return None
    return Prediction(
        row.probability,
        row.score,
        row.run_id or "",
        OperatingPoint(**row.operating_point),
        None if row.abstention is None else AbstentionBand(**row.abstention),
        row.disagreement,
    )


def quality_to_json(quality: QualityReport) -> list[dict[str, object]]:
    """Return the findings; a measurement that is not finite is kept as not measured."""
    return [
        asdict(finding)
        | {
            "measured": _finite_or_none(finding.measured),
            "limit": _finite_or_none(finding.limit),
        }
        for finding in quality.findings
    ]


def quality_from_json(findings: list[dict[str, Any]]) -> QualityReport:
    """Return the report that `quality_to_json` kept."""
    return QualityReport(
        tuple(
            Finding(
                **{
                    **each,
                    "severity": Severity(each["severity"]),
                    "message": recalled(each["message"]),
                }
            )
            for each in findings
        )
    )


def _finite_or_none(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ReviewStoreError(
            msg(
                "The model gave {number} for this film, which is not a probability: the "
                "read was not stored; tell the model lead.",
                number=number,
            )
        )
    return float(number)


def _json_able(value: object, what: str) -> object:
    """Return the value as JSON gives it back, NumPy's numbers as Python's."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_plain_number))
    except (TypeError, ValueError) as exc:
        raise ReviewStoreError(
            msg(
                "The {what} of this read cannot be stored as JSON ({error}): the read was "
                "not stored; tell the administrator of First Read.",
                what=what,
                error=exc,
            )
        ) from exc


def _plain_number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _check_texts(row: dict[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, str) and not is_storable(value):
            raise ReviewStoreError(
                msg(
                    "The {field} of this read contains a character that cannot be "
                    "stored (a zero byte or half of a character pair): remove it, then "
                    "sign again.",
                    field=name.replace("_", " "),
                )
            )


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ReviewStoreError(
            msg(
                "The time of this read ({moment}) has no time zone, so it cannot be "
                "stored: give it in UTC.",
                moment=moment,
            )
        )
    return moment.astimezone(UTC)


# --- what a machine said, as JSON -----------------------------------------------------------------


def prediction_to_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as JSON keeps it."""
    return {
        "probability": _finite(prediction.probability),
        "score": _finite(prediction.score),
        "run_id": prediction.run_id,
        "operating_point": _json_able(asdict(prediction.operating_point), msg("operating point")),
        "abstention": None
        if prediction.abstention is None
        else _json_able(asdict(prediction.abstention), msg("abstention band")),
        "disagreement": prediction.disagreement,
    }


def prediction_from_json(kept: dict[str, Any]) -> Prediction:
    """Return the prediction that `prediction_to_json` kept."""
    band = kept["abstention"]
    return Prediction(
        kept["probability"],
        kept["score"],
        kept["run_id"],
        OperatingPoint(**kept["operating_point"]),
        None if band is None else AbstentionBand(**band),
        kept["disagreement"],
    )
