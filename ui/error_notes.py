"""What readers noted so far, counted, and the ways to take it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import streamlit as st

from core.case_notes import CaseNote, ProposalState, count_notes
from core.case_notes_export import notes_as_csv, notes_as_json, notes_as_parquet
from ui.error_films import get_case_notes
from ui.error_link import ErrorView
from ui.error_runs import get_references


def draw_notes(view: ErrorView, notes: Sequence[CaseNote]) -> None:
    """Draw, behind one button, what readers noted so far, and the ways to take it out."""
    references = get_references(view.library, view.run)
    counts = count_notes(notes, references)
    with st.popover(f"Notes ({counts.films})", icon=":material/sticky_note_2:", width="stretch"):
        if not counts.films:
            st.write("Open a film to note a cause, tags, a comment or another label.")
        else:
            _draw_counts("Causes", counts.by_cause)
            _draw_counts("Tags", counts.by_tag)
            _draw_counts(
                "Proposed labels",
                {state.value: counts.by_proposal.get(state, 0) for state in ProposalState},
            )
        _draw_export(view, notes)


def _draw_counts(title: str, counts: Mapping[str, int]) -> None:
    rows = sorted(counts.items(), key=lambda row: -row[1])
    if not any(counts.values()):
        return
    st.markdown(f"**{title}** (films)")
    st.table({name: number for name, number in rows if number})


def _draw_export(view: ErrorView, notes: Sequence[CaseNote]) -> None:
    """Offer every note of the library, replaced ones included."""
    library = view.library
    files = _make_files(library, view.run, notes)
    st.download_button(
        "All notes as CSV",
        files.csv,
        file_name=f"first-read-notes-{library}.csv",
        mime="text/csv",
        disabled=not notes,
        width="stretch",
        on_click="ignore",
    )
    st.download_button(
        "All notes as Parquet",
        files.parquet,
        file_name=f"first-read-notes-{library}.parquet",
        mime="application/vnd.apache.parquet",
        disabled=not notes,
        width="stretch",
        on_click="ignore",
    )
    st.download_button(
        "All notes as JSON",
        files.json,
        file_name=f"first-read-notes-{library}.json",
        mime="application/json",
        disabled=not notes,
        width="stretch",
        on_click="ignore",
    )


@dataclass(frozen=True, slots=True)
class _Files:
    csv: str
    parquet: bytes
    json: str


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs={CaseNote: attrgetter("note_id")})
def _make_files(library: str, run: str, standing: Sequence[CaseNote]) -> _Files:
    """Make the files once for the notes that stand: every new note changes which these are."""
    history = get_case_notes().history(library) if standing else []
    references = get_references(library, run)
    return _Files(
        notes_as_csv(history, references),
        notes_as_parquet(history, references),
        notes_as_json(history, references),
    )
