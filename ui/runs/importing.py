"""Another model's predictions, uploaded, become a run."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Act
from core.errors import FirstReadError
from core.imported_runs.importing import ForeignRequest, ImportedRun, import_run
from core.imported_runs.isolated import read_foreign_table_apart
from core.language.words import msg, tr
from core.settings import get_settings
from core.tables import csv_table
from ui.app.identity import not_allowed
from ui.app.query_params import put
from ui.app.session import Visit
from ui.runs.query import RunsView

SHOWN_FAULTS = 20
PARTS = {
    "": msg("all splits found in the file"),
    "validation": msg("validation patients"),
    "test": msg("official test split"),
    "nih": msg("external adults (NIH)"),
}


def draw_import(visit: Visit, view: RunsView) -> None:
    """Draw the form; a file that cannot become a run gets a sentence for each bad row."""
    if not_allowed(visit, Act.IMPORT_RUN):
        return
    turn = st.session_state.setdefault("runs-import-turn", 0)
    with st.form(f"runs-import-{turn}", border=False):
        st.markdown(
            tr(
                "A table with one column of film names and one of probabilities of "
                "pneumonia. The imported run can be compared and browsed. It never reads "
                "films."
            )
        )
        file = st.file_uploader(
            tr("CSV or Parquet"), type=["csv", "parquet"], key=f"runs-file-{turn}"
        )
        name = st.text_input(tr("Name of the run"), key=f"runs-name-{turn}", max_chars=40)
        film_side, probability_side = st.columns(2)
        film_column = film_side.text_input(
            tr("Film column"), key=f"runs-film-{turn}", placeholder=tr("detected automatically")
        )
        probability_column = probability_side.text_input(
            tr("Probability column"),
            key=f"runs-probability-{turn}",
            placeholder=tr("detected automatically"),
        )
        part = st.selectbox(tr("Films"), list(PARTS), format_func=lambda one: tr(PARTS[one]))
        incomplete = st.checkbox(tr("Films of a part may be missing"), key=f"runs-part-{turn}")
        sent = st.form_submit_button(tr("Import"), type="primary", icon=":material/upload_file:")
    if not sent:
        return
    lacking = [
        sentence
        for sentence, given in (
            (tr("Choose a file."), file is not None),
            (tr("Enter a name for the run."), bool(name.strip())),
        )
        if not given
    ]
    if file is None or lacking:
        st.error(" ".join(lacking), icon=":material/error:")
        return
    request = ForeignRequest(
        name=name.strip(),
        file_name=file.name if get_settings().keep_file_names else "",
        split=part,
        incomplete=incomplete,
        film_column=film_column.strip(),
        probability_column=probability_column.strip(),
    )
    settings = get_settings()
    try:
        with st.spinner(tr("Checking the rows against the films")):
            imported = import_run(
                file.getvalue(),
                request,
                settings.models,
                settings.foreign_runs,
                visit.acting,
                read_foreign_table_apart,
            )
    except FirstReadError as exc:
        show_refusal(str(exc))
        return
    st.session_state["runs-import-turn"] = turn + 1  # an empty form
    visit.notice = import_text(imported)
    if view.part not in parts_of(imported):
        put(part=parts_of(imported)[0])
    put(runs=",".join([*view.runs, imported.folder.name]))
    st.rerun()


def parts_of(imported: ImportedRun) -> tuple[str, ...]:
    """Return the parts that a new run has films of and can be compared on, the test first."""
    return tuple(part for part in ("test", "validation", "nih") if imported.films.get(part))


def import_text(imported: ImportedRun) -> str:
    """Return in words which films a new run has, and what is odd about it."""
    point = imported.operating_point
    text = tr(
        "Run {name} is imported: films {films}; operating point {threshold:.3f} ({chosen_on}).",
        name=imported.folder.name,
        films=imported.films_text,
        threshold=point.threshold,
        chosen_on=tr(point.chosen_on),
    )
    return " ".join([text, *imported.list_oddities()])


def show_refusal(sentences: str) -> None:
    """Draw why a file is refused: the first sentences, and all of them as a file to work off."""
    first, *rows = sentences.splitlines()
    shown = [f"- `{row}`" for row in rows[:SHOWN_FAULTS]]
    if len(rows) > SHOWN_FAULTS:
        shown.append(
            tr("- and {rows:,} more, listed in the file below", rows=len(rows) - SHOWN_FAULTS)
        )
    st.error("\n".join([first, "", *shown]) if rows else first, icon=":material/error:")
    if len(rows) > SHOWN_FAULTS:
        st.download_button(
            tr("All {rows:,} problems", rows=len(rows)),
            csv_table([tr("Problems that prevent the import")], ([row] for row in rows)),
            file_name="first-read-import.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
