"""Between a review record and its row in the table."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import Row

from core.domain import (
    AbstentionBand,
    Finding,
    Mark,
    OperatingPoint,
    Prediction,
    QualityReport,
    ReaderRead,
    ReadKind,
    ReviewRecord,
    Severity,
    Verdict,
)
from core.errors import ReviewStoreError


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
            f"The read names run {record.run_id!r} and its probability comes from run "
            f"{prediction.run_id!r}: reload the film, then sign again."
        )
    row = {
        "record_id": record.record_id,
        "film_sha256": record.film_sha256,
        "film_name": record.film_name or None,
        "reader": record.reader,
        "verdict": read.verdict.value,
        "confidence": read.confidence,
        "comment": read.comment,
        "read_at": _utc(read.read_at),
        "run_id": record.run_id or None,
        "probability": None if prediction is None else _finite(prediction.probability),
        "score": None if prediction is None else _finite(prediction.score),
        "operating_point": None
        if prediction is None
        else _json_able(asdict(prediction.operating_point), "operating point"),
        "quality": _json_able(_quality_to_json(record.quality), "quality report"),
        "regions": _json_able(record.regions, "regions"),
        "app_version": record.app_version,
        "supersedes": record.supersedes,
        "abstention": None
        if prediction is None or prediction.abstention is None
        else _json_able(asdict(prediction.abstention), "band of abstention"),
        "disagreement": None
        if prediction is None or prediction.disagreement is None
        else _finite(prediction.disagreement),
        "kind": record.kind.value,
        "opened_at": None if record.opened_at is None else _utc(record.opened_at),
        "arbitrates": list(record.arbitrates) or None,
        "drawn": [list(mark.edges) for mark in record.drawn] or None,
        "shown_s": None if record.shown_s is None else _finite(record.shown_s),
    }
    _check_texts(row)
    return row


def record_from_row(row: Row[Any]) -> ReviewRecord:
    """Return the record that a row of the table keeps.

    Raises
    ------
    KeyError, TypeError, ValueError, MarkError
        If another program wrote something else into the row.
    """
    return ReviewRecord(
        record_id=row.record_id,
        film_sha256=row.film_sha256,
        film_name=row.film_name or "",
        reader=row.reader,
        read=ReaderRead(Verdict(row.verdict), row.confidence, row.comment, from_utc(row.read_at)),
        prediction=_prediction_from_row(row),
        quality=_quality_from_json(row.quality),
        run_id=row.run_id or "",
        app_version=row.app_version,
        supersedes=row.supersedes,
        regions=dict(row.regions),
        kind=ReadKind(row.kind or ReadKind.READ),
        opened_at=None if row.opened_at is None else from_utc(row.opened_at),
        arbitrates=tuple(row.arbitrates or ()),
        drawn=tuple(Mark(*edges) for edges in row.drawn or ()),
        shown_s=row.shown_s,
    )


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


def _quality_to_json(quality: QualityReport) -> list[dict[str, object]]:
    """Return the findings; a measurement that is not finite is kept as not measured."""
    return [
        asdict(finding)
        | {
            "measured": _finite_or_none(finding.measured),
            "limit": _finite_or_none(finding.limit),
        }
        for finding in quality.findings
    ]


def _quality_from_json(findings: list[dict[str, Any]]) -> QualityReport:
    return QualityReport(
        tuple(Finding(**{**each, "severity": Severity(each["severity"])}) for each in findings)
    )


def _finite_or_none(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) else None


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ReviewStoreError(
            f"The model gave {number} for this film, which is no probability: the read was not "
            "stored; tell the model lead."
        )
    return float(number)


def _json_able(value: object, what: str) -> object:
    """Return the value as JSON gives it back, NumPy's numbers as Python's."""
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_plain_number))
    except (TypeError, ValueError) as exc:
        raise ReviewStoreError(
            f"The {what} of this read cannot be kept as JSON ({exc}): the read was not stored; "
            "tell the person who keeps First Read."
        ) from exc


def _plain_number(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def _check_texts(row: dict[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, str) and not is_storable(value):
            raise ReviewStoreError(
                f"The {name.replace('_', ' ')} of this read holds a character that no database "
                "keeps (a zero byte or half of a character pair): remove it, then sign again."
            )


def is_storable(value: str) -> bool:
    """Tell a text that a database keeps from one with a zero byte or half of a character pair."""
    if "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ReviewStoreError(
            f"The time of this read ({moment}) has no time zone, so it cannot be kept: give it in "
            "UTC."
        )
    return moment.astimezone(UTC)


def from_utc(moment: datetime) -> datetime:
    """Return an aware time; SQLite gives back the UTC it was given without the zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
