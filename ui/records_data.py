"""What the Records page shows: every read, and what the films show where that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

import streamlit as st

from core.dataset_place import find_public_set
from core.domain import Act, ReviewRecord, Verdict
from core.examples import drawn_files
from core.film_reference import reference_of_drawn, reference_of_public
from core.review_protocol import has_own_read
from core.review_table import is_synthetic
from core.settings import get_settings
from ui.served import get_store
from ui.session import Visit

LISTED = 5000
"""Rows of the list; what matches beyond them is counted and exported all the same."""


class _AllReads:
    """Every stored read, oldest first, read from the database once in this process.

    Reads are only ever added, so that the next visit asks for the new ones alone; after a database
    was put back to an older state all are read again.
    """

    def __init__(self) -> None:
        self._reads: list[ReviewRecord] = []
        self._turn = Lock()

    def get(self) -> list[ReviewRecord]:
        """Return them as a list of the caller's own."""
        store = get_store()
        with self._turn:
            if store.count() < len(self._reads):
                self._reads = []
            self._reads += store.everything(skip=len(self._reads))
            return list(self._reads)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every read, oldest first, superseded ones included; references by the film's sha256."""

    records: list[ReviewRecord]
    references: Mapping[str, Verdict]

    @property
    def superseded(self) -> set[str]:
        """Ids of the reads that a later one takes the place of."""
        return {record.supersedes for record in self.records if record.supersedes}


def get_ledger() -> Ledger:
    """Return every read with the references of their films."""
    records = _all_reads().get()
    known = _known()
    new = {r.film_sha256: r.film_name for r in records if r.film_sha256 not in known}
    if new:
        found = reference_of_public(new, find_public_set(get_settings().data))
        known.update({sha256: found.get(sha256) for sha256 in new})
    references = {sha256: shows for sha256, shows in known.items() if shows is not None}
    if any(is_synthetic(record) for record in records):
        references |= _drawn(len(drawn_files(get_settings().cache)))
    return Ledger(records, references)


def leave_out_waiting(ledger: Ledger, visit: Visit) -> tuple[Ledger, int]:
    """Leave out what was said of films that the visitor has yet to read first.

    For whoever reads and settles nothing that is any film; for others, who answer for all of the
    ledger, only those on their own worklist.

    Returns
    -------
    Ledger
    int
        How many films wait.
    """
    if not get_settings().read_first:
        return ledger, 0
    any_film = reads_only(visit)
    of_film: dict[str, list[ReviewRecord]] = {}
    for record in ledger.records:
        if any_film or record.film_sha256 in visit.films:
            of_film.setdefault(record.film_sha256, []).append(record)
    waiting = {
        film
        for film, read in of_film.items()
        if any(one.prediction for one in read) and not has_own_read(read, visit.acting.name)
    }
    kept = [record for record in ledger.records if record.film_sha256 not in waiting]
    return Ledger(kept, ledger.references), len(waiting)


def reads_only(visit: Visit) -> bool:
    """Return whether the visitor may sign reads, but not settle those of others."""
    return visit.acting.may(Act.SIGN_READ) and not visit.acting.may(Act.ARBITRATE)


@st.cache_resource(show_spinner=False)
def _all_reads() -> _AllReads:
    return _AllReads()


@st.cache_resource(show_spinner=False)
def _known() -> dict[str, Verdict | None]:
    """Return what was looked up in this process already."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=1)
def _drawn(number: int) -> dict[str, Verdict]:
    return reference_of_drawn(drawn_files(get_settings().cache)[:number])
