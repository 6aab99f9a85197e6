"""Every stored read, and what the films show where that is known, for the pages that count them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import streamlit as st

from core.datasets.copies import list_test_files, published_references
from core.datasets.index import reference_of_files
from core.domain.review import ReviewRecord, Verdict
from core.language.words import tr
from core.phantom.builtin import built_in_files
from core.reads.export import is_synthetic
from core.settings import get_settings
from ui.app.resources import LOOKED_FOR_AGAIN_S, get_store


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
    references: dict[str, Verdict] = {}
    if not all(is_synthetic(record) for record in records):
        references |= published_references()
        references |= _references_of(get_test_files(get_settings().data))
    if any(is_synthetic(record) for record in records):
        references |= _references_of(tuple(built_in_files()))
    return Ledger(records, references)


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S, max_entries=4)
def get_test_files(data: Path) -> tuple[Path, ...]:
    """Return every film file of the official test that a data folder holds.

    The folder is listed now and then, not at each press: thousands of files take a third of a
    second.
    """
    return list_test_files(data)


@st.cache_resource(show_spinner=False)
def _all_reads() -> _AllReads:
    return _AllReads()


def _references_of(files: tuple[Path, ...]) -> dict[str, Verdict]:
    with st.spinner(tr("Looking for the films' references")):
        return _references(hash(files), files)  # Streamlit takes 0.15 s to hash as many paths


@st.cache_resource(show_spinner=False, max_entries=4)
def _references(key: int, _files: tuple[Path, ...]) -> dict[str, Verdict]:  # noqa: ARG001
    """Return what these films show by their bytes, read once in this process."""
    return reference_of_files(_files)
