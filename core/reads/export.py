"""Signed reads as a table: what a list shows, and its exports as CSV, JSON and Parquet."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date

import pyarrow as pa

from core.domain.findings import findings_text
from core.domain.mark import Mark
from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.domain.ward import ShownNumber
from core.language.words import msg
from core.stats.bayes import probability_at
from core.tables import csv_table, parquet_table

Row = dict[str, str | float | int | None]
DRAWN = "Marks (left top right bottom)"
"""Shares of the film's sides, apart by semicolons; of a point left is right and top is bottom."""

ORDER = "Worklist"
ORDERS = {
    False: msg("order of arrival"),
    True: msg("order of suspicion"),
    None: msg("not kept"),
}
"""What the reader's worklist showed before the read, by `ReviewRecord.order_known`."""

FINDINGS = "Findings"
"""The WHO's categories, each with its places; empty where the reader gave a verdict only."""

FILM_TYPE = "Film type"
"""``patient`` or ``synthetic``."""

INSIDE_DRAWN = "Weight for pneumonia inside"
_SHOWN_NUMBERS = ("Likelihood ratio", "Ward's prevalence", "Probability in the ward")
AGREE, DISAGREE, NOT_COMPARED = msg("agree"), msg("disagree"), msg("not compared")
_NUMBERS = {
    "Confidence (1 to 5)": pa.int64(),
    "Probability": pa.float64(),
    "Operating point": pa.float64(),
    "Seconds": pa.float64(),
    INSIDE_DRAWN: pa.float64(),
    "Score": pa.float64(),
    **dict.fromkeys(_SHOWN_NUMBERS, pa.float64()),
}


def compare_with_model(record: ReviewRecord) -> str:
    """Say whether reader and model agree.

    Returns
    -------
    str
        ``agree``, ``disagree``, or ``not compared`` for a refused film, where either is
        unsure, and for an adult's film whose score the reader did not ask for.
    """
    verdict, prediction = record.read.verdict, record.shown_prediction
    if prediction is None or verdict is Verdict.UNSURE or prediction.side == "unsure":
        return NOT_COMPARED
    suspicious = prediction.side == "suspicious"
    return AGREE if suspicious == (verdict is Verdict.PNEUMONIA) else DISAGREE


def find_reads(
    records: Sequence[ReviewRecord],
    words: str = "",
    verdict: Verdict | None = None,
    comparison: str | None = None,
    *,
    reader: str | None = None,
    synthetic: bool | None = None,
    days: tuple[date, date] | None = None,
) -> list[ReviewRecord]:
    """Return the reads that match everything asked for, in the order given.

    Parameters
    ----------
    words : str
        Each word, case ignored, must be in the film's name, the reader's name, the comment or at
        the start of the film's sha256.
    verdict : Verdict or None
        None: any.
    comparison : str or None
        One of `compare_with_model`'s answers; None: any.
    reader : str or None
        Of that name, however it is written; None: any.
    synthetic : bool or None
        True: synthetic films only; False: patients' films only; None: any.
    days : tuple of two dates or None
        First and last day of reading, UTC; None: any.
    """
    wanted = words.casefold().split()
    return [
        record
        for record in records
        if (verdict is None or record.read.verdict is verdict)
        and (comparison is None or compare_with_model(record) == comparison)
        and (reader is None or reader_key(record.reader) == reader_key(reader))
        and (synthetic is None or is_synthetic(record) is synthetic)
        and (days is None or days[0] <= record.read.read_at.date() <= days[1])
        and all(_mentions(record, word) for word in wanted)
    ]


def is_synthetic(record: ReviewRecord) -> bool:
    """Tell a synthetic film from a patient's by the quality gate's findings."""
    return any(finding.code == "synthetic" for finding in record.quality.findings)


def reading_seconds(record: ReviewRecord) -> float | None:
    """Return how long the film was on the screen for a read, in s; None if it was not kept.

    Of older reads only the time from the film's opening to the signature is known.
    """
    if record.shown_s is not None:
        return record.shown_s
    if record.opened_at is None:
        return None
    return (record.read.read_at - record.opened_at).total_seconds()


def _mentions(record: ReviewRecord, word: str) -> bool:
    texts = (record.film_name, record.reader, record.read.comment)
    return record.film_sha256.startswith(word) or any(word in text.casefold() for text in texts)


def find_drawn(records: Records) -> dict[str, tuple[Mark, ...]]:
    """Return by record the marks that its reader made at the first read."""
    drawn: dict[tuple[str, str], tuple[Mark, ...]] = {}
    by_record = {}
    for record in records:
        own = (record.film_sha256, reader_key(record.reader))
        if record.kind is ReadKind.FIRST:
            drawn[own] = record.drawn
        by_record[record.record_id] = drawn.get(own, ())
    return by_record


def describe_read(
    record: ReviewRecord,
    references: Mapping[str, Verdict] | None = None,
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> Row:
    """Return one read as a flat row; the keys are the column names of list and exports.

    Parameters
    ----------
    references : mapping of str to Verdict, optional
        What films show by the reference standard, by their sha256.
    drawn : mapping of str to tuple of Mark, optional
        From `find_drawn`; the record's own marks without it.
    """
    marks = record.drawn if drawn is None else drawn.get(record.record_id, record.drawn)
    inside = record.regions.get("share_inside_drawn")
    reference = (references or {}).get(record.film_sha256)
    prediction, read = record.shown_prediction, record.read
    return {
        "Read at (UTC)": read.read_at.isoformat(timespec="seconds"),
        "Film": record.film_name,
        "Reader": record.reader,
        "Verdict": read.verdict.value,
        "Confidence (1 to 5)": None if read.verdict is Verdict.UNSURE else read.confidence,
        "Probability": None if prediction is None else prediction.probability,
        "Operating point": None if prediction is None else prediction.operating_point.threshold,
        "Model's verdict": None if prediction is None else prediction.side,
        "Reader and model": compare_with_model(record),
        "Quality": "; ".join(f"{f.severity}: {f.code}" for f in record.quality.findings),
        "Comment": read.comment,
        "Run": record.run_id,
        "Film sha256": record.film_sha256,
        "Record": record.record_id,
        "Corrects": record.supersedes or "",
        "App version": record.app_version,
        FILM_TYPE: msg("synthetic") if is_synthetic(record) else msg("patient"),
        "Reference": None if reference is None else reference.value,
        "Kind": record.kind.value,
        "Arbitrates": "; ".join(record.arbitrates),
        "Seconds": reading_seconds(record),
        "Opened at (UTC)": None
        if record.opened_at is None
        else record.opened_at.isoformat(timespec="seconds"),
        "Model's regions": _regions_in_words(record),
        DRAWN: "; ".join(" ".join(f"{edge:g}" for edge in mark.edges) for mark in marks),
        INSIDE_DRAWN: float(inside) if isinstance(inside, int | float) else None,
        FINDINGS: findings_text(read.findings),
        ORDER: "" if record.kind is ReadKind.ARBITRATION else ORDERS[record.order_known],
        "Score": None if prediction is None else prediction.score,
        **_describe_shown(record.shown_number),
    }


def _describe_shown(shown: ShownNumber | None) -> Row:
    """Return the number that the reader saw, and what it is made of."""
    if shown is None:
        return dict.fromkeys((*_SHOWN_NUMBERS, "Shown number"))
    ratio, prevalence = shown.likelihood_ratio, shown.prevalence
    there = None if prevalence is None else probability_at(math.log(ratio), prevalence)
    numbers: Row = dict(zip(_SHOWN_NUMBERS, (ratio, prevalence, there), strict=True))
    return numbers | {"Shown number": shown.text}


def _regions_in_words(record: ReviewRecord) -> str:
    """Say whether the model's regions were on the film at this read."""
    if "n_regions" in record.regions:
        return msg("shown")
    return msg("asked for") if record.regions.get("asked") else msg("not shown")


def reads_as_csv(
    records: Sequence[ReviewRecord],
    references: Mapping[str, Verdict] | None = None,
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> str:
    """Return reads as CSV; see `csv_table`."""
    rows = [describe_read(record, references, drawn) for record in records]
    return csv_table(rows[0] if rows else [], (row.values() for row in rows))


def reads_as_json(
    records: Sequence[ReviewRecord],
    references: Mapping[str, Verdict],
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> str:
    """Return reads as a JSON list of objects; times in ISO 8601."""
    rows = [describe_read(record, references, drawn) for record in records]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def reads_as_parquet(
    records: Sequence[ReviewRecord],
    references: Mapping[str, Verdict],
    drawn: Mapping[str, tuple[Mark, ...]] | None = None,
) -> bytes:
    """Return reads as a Parquet file; times in ISO 8601."""
    rows = [describe_read(record, references, drawn) for record in records]
    names = list(rows[0]) if rows else []
    schema = pa.schema({name: _NUMBERS.get(name, pa.string()) for name in names})
    return parquet_table(rows, schema)
