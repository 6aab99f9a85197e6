"""Compare runs on the films that all of them scored, and choose the one that serves."""

from dataclasses import replace

import streamlit as st

from core.domain.reader import Act
from core.errors import FirstReadError
from core.language.words import tr
from ui.app.guard import guard, show_errors
from ui.app.resources import get_decision, get_served
from ui.app.session import Visit, show_notice
from ui.charts.runs import Style, style_runs
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.library.blind_reads import note_left_out
from ui.runs.case_matrix import draw_cases, find_case
from ui.runs.data import ListedRuns, get_listed_runs, get_scored
from ui.runs.importing import draw_import
from ui.runs.lesson import draw_lesson, offer_lesson
from ui.runs.paired_tests import draw_curves, draw_films, draw_tests
from ui.runs.prevalence import draw_wards
from ui.runs.query import ADDRESS, TABS, RunsView, draw_operating_points, draw_part, read_address
from ui.runs.report import offer_report
from ui.runs.serving import draw_serving
from ui.runs.table import draw_audits, draw_histories, draw_table, find_audits, show_audits


def draw_empty() -> None:
    """Say what is missing to compare anything."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header(tr("No runs yet"))
        st.write(
            tr(
                "Train one with `python -m core train f08`, or import another model's "
                "predictions: each run is listed here and can be compared with the "
                "others."
            )
        )
        offer_lesson()


def draw_head(visit: Visit, view: RunsView, listed: ListedRuns) -> None:
    """Draw what is compared, and the two things that change the runs themselves."""
    choice_side, change_side = st.columns([1, 2.4], gap="medium", vertical_alignment="bottom")
    with choice_side:
        draw_part(view, listed)
    with change_side.container(horizontal=True, horizontal_alignment="right", gap="small"):
        offer_lesson()
        with st.popover(tr("Import a run"), icon=":material/upload_file:"):
            draw_import(visit, view)
        with st.popover(tr("Change active model"), icon=":material/swap_horiz:"):
            draw_serving(visit, listed)


def draw_comparison(visit: Visit, view: RunsView, listed: ListedRuns) -> None:
    """Draw everything that is computed of the compared runs."""
    draw_operating_points(view)
    styles = style_runs(tuple(listed.runs), view.runs)
    key = listed.key(view.runs, view.part, view.at)
    try:
        scored = get_scored(key, listed)
    except FirstReadError as exc:
        if view.at is None:
            raise
        st.warning(
            tr("{why} Shown at each run's own operating point.", why=plain(str(exc))),
            icon=":material/warning:",
        )
        key = replace(key, at=None)
        scored = get_scored(key, listed)
    film_id = find_case(visit, view, scored)
    films_side, file_side = st.columns([4, 1], gap="medium", vertical_alignment="center")
    with films_side:
        draw_films(scored, listed)
    with file_side:
        offer_report(view, key, listed, scored, styles)
    names = {tab: tr(name) for tab, name in TABS.items()}
    tabs = st.tabs(list(names.values()), **ADDRESS.bind(view, "tab", names))
    tests_side, cases_side, ward_side, training_side = tabs
    with tests_side:
        draw_curves(key, listed, scored, styles)
        st.markdown(f"#### {tr('Paired tests')}")
        draw_tests(view, key, listed, scored, styles)
    with cases_side:
        note_left_out(visit)
        draw_cases(visit, view, film_id, key, listed, scored, styles)
    with ward_side:
        draw_wards(view, scored, styles)
    with training_side:
        draw_training(view, listed, styles)


def draw_training(view: RunsView, listed: ListedRuns, styles: dict[str, Style]) -> None:
    """Draw what changes on purpose did to the compared runs, and how they were trained."""
    audit_side, history_side = st.columns([1.7, 1], gap="large")
    audits = find_audits(listed, view.runs, view.part)
    with audit_side:
        draw_audits(audits, view)
    with history_side:
        draw_histories(listed, view, styles)
        show_audits(audits)


def draw_runs(visit: Visit, view: RunsView, listed: ListedRuns, serving: str) -> None:
    """Draw every run in the table, and the comparison of those that are ticked."""
    with show_errors():
        draw_table(view, listed, serving, style_runs(tuple(listed.runs), view.runs))
        if len(listed.runs) == 1:
            st.info(tr("There is only one run: train or import another to compare them."))
        draw_comparison(visit, view, listed)


def draw_page(visit: Visit) -> None:
    """Draw the table of runs and what is compared, or say that there is nothing yet."""
    listed = get_listed_runs()
    serving = get_decision().run_id
    show_notice(visit, "long")
    if listed.runs:
        readers = listed.that_read(st.query_params.get("part"))
        view, complaints = read_address(st.query_params.to_dict(), readers, serving)
        ADDRESS.go_to(view)
        draw_head(visit, view, listed)
        if complaints:
            st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
        draw_runs(visit, view, readers, serving)
    else:
        draw_empty()
    for sentence in listed.sentences:
        st.warning(plain(sentence), icon=":material/warning:")


visit = guard("runs")
with show_errors():
    compares = visit.acting.may(Act.COMPARE_RUNS)
    if "lesson" in st.query_params or not compares:
        draw_lesson(way_back=compares)
    else:
        draw_page(visit)
with show_errors():
    draw_standing_line(get_served(), visit.reader)
