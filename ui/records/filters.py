"""Which reads the Records page lists and counts, and the ways to take them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.domain.mark import Mark
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.language.current import ENGLISH, current_language, using
from core.language.words import msg, tr, trn
from core.reads.export import (
    AGREE,
    DISAGREE,
    NOT_COMPARED,
    ORDERS,
    find_drawn,
    find_reads,
    is_synthetic,
    reads_as_csv,
    reads_as_json,
    reads_as_parquet,
)
from core.reads.reader_performance import keep_whole, name_readers, own_reads
from ui.app.ledger import Ledger
from ui.components.table_files import TableFiles, offer_table

_ANY = msg("any")
FILMS = {msg("all films"): None, msg("patients' films"): False, msg("synthetic films"): True}
"""Whether the films are synthetic; None: either."""
FILMS_KEY = "records-films"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The reads that are listed, and those that are counted.

    Attributes
    ----------
    listed : list of ReviewRecord
        Newest first.
    counted : list of ReviewRecord
        By reader, films and days only, oldest first: to count by what was said would answer itself.
        A reader's reads of a film stay together, on the day of the last one.
    locked : int
        How many locked first reads without a signed one match, and are not listed.
    other_films : str
        How many reads the choice of films alone leaves out, in words; empty if none.
    """

    listed: list[ReviewRecord]
    counted: list[ReviewRecord]
    locked: int = 0
    other_films: str = ""


def choose_reads(ledger: Ledger, hidden: Collection[str] = ()) -> Chosen:
    """Draw the two lines of filters and return what they leave.

    Parameters
    ----------
    hidden : collection of str
        Films whose reads are counted and not listed.
    """
    words_side, verdict_side, model_side = st.columns([3, 1.3, 1.3], vertical_alignment="bottom")
    words = words_side.text_input(tr("Find film, reader or comment"), placeholder=tr("Any word"))
    verdict = verdict_side.selectbox(
        tr("Verdict"), [None, *Verdict], format_func=lambda chosen: tr(chosen or _ANY)
    )
    comparison = model_side.selectbox(
        tr("Reader and model"),
        [None, AGREE, DISAGREE, NOT_COMPARED],
        format_func=lambda chosen: tr(chosen or _ANY),
    )
    reader_side, films_side, days_side, old_side = st.columns(
        [1.5, 1.2, 1.6, 1.3], vertical_alignment="bottom"
    )
    readers = list(name_readers(ledger.records).values())
    reader = reader_side.selectbox(
        tr("Reader"), [None, *readers], format_func=lambda chosen: chosen or tr(_ANY)
    )
    kinds = {is_synthetic(record) for record in ledger.records}
    films = films_side.selectbox(
        tr("Films"),
        list(FILMS),
        index=1 if len(kinds) == 2 else 0,  # a synthetic film is no patient
        format_func=tr,
        key=FILMS_KEY,
    )
    days = _choose_days(days_side, ledger)
    corrected = old_side.checkbox(tr("First and corrected reads too"), key="records-corrected")
    kept = {"reader": reader, "synthetic": FILMS[films]}
    gone = set() if corrected else ledger.superseded
    newest = [
        record
        for record in reversed(ledger.records)
        if record.record_id not in gone and record.film_sha256 not in hidden
    ]
    found = find_reads(newest, words, verdict, comparison, days=days, **kept)
    signed = [one for one in found if corrected or one.kind is not ReadKind.FIRST]
    of_all = find_reads(newest, words, verdict, comparison, days=days, reader=reader)
    others = len([one for one in of_all if corrected or one.kind is not ReadKind.FIRST])
    others -= len(signed)
    more = (
        tr("{n:,} more on patients' films", n=others)
        if FILMS[films]
        else tr("{n:,} more on synthetic films", n=others)
    )
    return Chosen(
        signed,
        keep_whole(
            find_reads(ledger.records, **kept),
            lambda own: bool(find_reads([own.last], days=days)),
        ),
        len(found) - len(signed),
        more if others else "",
    )


def offer_other_films(chosen: Chosen) -> None:
    """Say how many reads the choice of films leaves out, and show them with one press."""
    if chosen.other_films:
        st.button(
            chosen.other_films,
            type="tertiary",
            icon=":material/add:",
            key="records-other-films",
            help=tr("Lists the reads of all films."),
            on_click=_choose_all_films,
        )


def _choose_all_films() -> None:
    st.session_state[FILMS_KEY] = next(iter(FILMS))


def choose_run(counted: list[ReviewRecord]) -> list[ReviewRecord]:
    """Offer one run's films where readers stood beside more than one, and return what is left."""
    by_run = Counter(record.prediction.run_id for record in counted if record.prediction)
    if len(by_run) < 2:
        return counted
    chosen = st.segmented_control(
        tr("Run that read the films"),
        ["", *sorted(by_run)],
        format_func=lambda run: run or tr("all runs together"),
        default="",
        required=True,
        key="records-run",
        help=tr(
            "More than one run has read these films: {runs}",
            runs=", ".join(
                trn("{run} for {n} read", "{run} for {n} reads", n, run=run)
                for run, n in sorted(by_run.items())
            ),
        ),
    )
    return keep_whole(counted, lambda own: chosen in ("", own.last.run_id))


def choose_order(counted: list[ReviewRecord]) -> list[ReviewRecord]:
    """Return the reads of one kind, without or with the model's order; offer which if both are.

    There is no choice of both together: a reader who knew the order did not read blind.
    """
    kinds = {own.order_known for own in own_reads(counted)}
    if len(kinds) < 2:
        return counted
    offered = [kind for kind in ORDERS if kind in kinds]
    chosen = st.segmented_control(
        tr("Worklist before the read"),
        offered,
        format_func=lambda kind: tr(ORDERS[kind]),
        default=offered[0],
        required=True,
        key="records-order",
        help=tr(
            "In the order of suspicion the reader knew the model's side before the "
            "first read. Reads of both kinds are never counted together."
        ),
    )
    return keep_whole(counted, lambda own: own.order_known is chosen)


def _choose_days(
    side: st.delta_generator.DeltaGenerator, ledger: Ledger
) -> tuple[date, date] | None:
    read_on = [record.read.read_at.date() for record in ledger.records]
    first, last = min(read_on), max(read_on)
    days = side.date_input(
        tr("Read from, to (UTC)"),
        (first, last),
        min_value=first,
        max_value=last,
        format="YYYY/MM/DD" if current_language() == ENGLISH else "DD/MM/YYYY",
        key="records-days",
    )
    return (days[0], days[1]) if len(days) == 2 else None


def draw_exports(listed: list[ReviewRecord], ledger: Ledger) -> None:
    """Offer the listed reads as files."""
    files = _make_files(_Listed(listed, ledger.references, find_drawn(ledger.records)))
    offer_table(
        files,
        "first-read-records",
        (tr("CSV of {n}", n=len(listed)), "Parquet", "JSON"),
        key="records",
        icon=":material/download:",
    )


@dataclass(frozen=True, slots=True)
class _Listed:
    records: list[ReviewRecord]
    references: Mapping[str, Verdict]
    drawn: Mapping[str, tuple[Mark, ...]]

    def identity(self) -> str:
        """Name the reads and their references; a stored read never changes."""
        return " ".join(
            f"{record.record_id} {self.references.get(record.film_sha256, '')}"
            for record in self.records
        )


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs={_Listed: _Listed.identity})
def _make_files(listed: _Listed) -> TableFiles:
    """Make the files of some reads once, whatever else the page does.

    A file that Streamlit makes when it is asked for has another address after every run, and the
    press that meets the end of a run gets none.
    """
    reads = listed.records, listed.references, listed.drawn
    with using(ENGLISH):  # files are for other programs, whoever takes them out
        return TableFiles(reads_as_csv(*reads), reads_as_parquet(*reads), reads_as_json(*reads))
