"""What the Records page says of films that are hidden, of readers, and of the chain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.domain.rate import Rate, of_few_text
from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.language.words import tr, trn
from core.reads.reader_performance import ReaderNumbers, tabulate_readers
from core.store.audit_log import report_text, verify_records
from ui.app.resources import get_database, get_store
from ui.app.session import Visit
from ui.components.panels import draw_record
from ui.components.plain_text import plain
from ui.records.data import reads_only
from ui.records.words import reader_text

_RIGHT = st.column_config.TextColumn(alignment="right")


def opens_unread(visit: Visit, films: int) -> bool:
    """Say how many films wait for the visitor's own first read; return whether they are shown.

    Whoever settles disputes may open them, and knows then that no first read of theirs is blind.
    Each dispute opens by itself, without this.
    """
    waiting = trn(
        "1 film that others have read awaits your own first read. Other readers' and the model's "
        "results are hidden here until then.",
        "{n} films that others have read await your own first read. Other readers' and the "
        "model's results are hidden here until then.",
        films,
    )
    st.caption(f":material/visibility_off: {waiting}")
    return not reads_only(visit) and st.toggle(
        tr("Show all (unblinds you)"), help=tr("Your own first read is then no longer blind.")
    )


def draw_readers(records: Sequence[ReviewRecord], references: Mapping[str, Verdict]) -> None:
    """Draw everybody's numbers and each reader's."""
    numbers = tabulate_readers(records, references)
    if not numbers:
        st.info(tr("No signed read matches the reader, films and dates."), icon=":material/search:")
        return
    described = {reader_text(one.reader): _describe(one) for one in numbers}
    st.dataframe(
        [
            {"": measure} | {reader: of[measure] for reader, of in described.items()}
            for measure in next(iter(described.values()))
        ],
        hide_index=True,
        height="content",
        key="records-readers",
        placeholder="",
        column_config=dict.fromkeys(described, _RIGHT),
        alt=tr("Agreement of reader and model, and both against the reference"),
    )
    known = len({record.film_sha256 for record in records} & references.keys())
    st.caption(
        tr(
            "Each value has its 95 % interval and n; the model is at its threshold. Each "
            "reader's last read of a film counts, if neither reader nor model is unsure; "
            "arbitrations do not count. Synthetic films and films of the public set's "
            "official test split have a reference standard: {known} of the films counted "
            "here. Reliance compares first reads, locked before the model was seen, with "
            "the final reads. Over-reliance: of correct first reads against a wrong "
            "model, the share changed to the model's verdict. Under-reliance: of wrong "
            "first reads against a correct model, the share not changed to it. Changes "
            "count where neither read is unsure. Intervals of all readers together "
            "resample films, with all reads of a film. Time is the time on screen until "
            "the first signature; for old reads, from opening the film.",
            known=known,
        )
    )


def _describe(numbers: ReaderNumbers) -> dict[str, str]:
    return {
        tr("Reads counted"): str(numbers.films),
        tr("Agreement with model"): _text(numbers.agreement),
        tr("Kappa"): _text(numbers.kappa),
        tr("Sensitivity"): _text(numbers.sensitivity),
        tr("Model's sensitivity"): _text(numbers.model_sensitivity),
        tr("Specificity"): _text(numbers.specificity),
        tr("Model's specificity"): _text(numbers.model_specificity),
        tr("Over-reliance"): _text(numbers.over_reliance),
        tr("Under-reliance"): _text(numbers.under_reliance),
        tr("Agreed when the model was wrong"): _text(numbers.same_as_wrong),
        tr("Disagreed when the model was right"): _text(numbers.other_than_right),
        tr("Changed wrong to right"): str(numbers.to_right),
        tr("Changed right to wrong"): str(numbers.to_wrong),
        tr("Median time to the first read"): tr("not kept")
        if numbers.median_s is None
        else tr("{seconds:.0f} s (n = {n})", seconds=numbers.median_s, n=numbers.timed),
    }


def _text(rate: Rate) -> str:
    return tr("none (n = {n})", n=rate.n) if math.isnan(rate.value) else of_few_text(rate)


def draw_history(visit: Visit, record: ReviewRecord) -> None:
    """Draw every read of one film, oldest first."""
    history = get_store().history(record.film_sha256)
    film = plain(record.film_name or record.film_sha256[:12])
    st.subheader(tr("All reads of {film}", film=film))
    corrected, name = corrected_reads(history), reader_key(visit.acting.name)
    for read in history:
        own = reader_key(read.reader) == name
        draw_record(read, history, own=own, superseded=read.record_id in corrected)
    st.caption(tr("Film sha256 {sha256}", sha256=record.film_sha256))


def corrected_reads(history: Sequence[ReviewRecord]) -> set[str]:
    """Return the signed reads of a film that their own reader has signed again in other words.

    A first read that is followed by the signed one is not corrected: the protocol asks for both.
    """
    by_id = {read.record_id: read for read in history}
    pairs = [(by_id[new.supersedes], new) for new in history if new.supersedes in by_id]
    return {
        old.record_id
        for old, new in pairs
        if (old.kind, new.kind) == (ReadKind.READ, ReadKind.READ)
        and replace(old.read, read_at=new.read.read_at) != new.read
    }


# --- the chain ---


def draw_chain() -> None:
    """Draw the button that verifies all records against the chain."""
    st.write(
        tr(
            "Reads, notes, teaching sessions, case sets, teaching cases, erased films, "
            "choices of the served run, the weekly check, the run that reads along with its blind "
            "reads, and changes of the local user form one chain: "
            "each record carries the hash of its content and of the previous record."
        )
    )
    kept = st.text_input(
        tr("Previously saved hash"),
        key="records-head",
        placeholder=tr("Optional: detects a truncated chain"),
    )
    if not st.button(tr("Verify all records"), icon=":material/verified:"):
        return
    report = verify_records(get_database(), kept)
    if report.intact:
        st.success(report_text(report), icon=":material/verified:")
    else:
        first, *faults = report_text(report).splitlines()
        st.error("\n".join([first, "", *(f"- {fault}" for fault in faults)]))
