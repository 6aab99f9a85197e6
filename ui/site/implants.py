"""The implant test of the served run on a library's normal films: begun, followed, shown."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import streamlit as st

from core.domain.findings import ZONES
from core.errors import FirstReadError
from core.implants.lesion import DIAMETER_CM
from core.implants.measure import FILMS, LEAST_FILMS, ImplantPlan, ImplantResult
from core.implants.report import (
    answer_of,
    control_table,
    export_implants,
    implants_as_csv,
    left_out_text,
    opacity_text,
    zone_table,
)
from core.jobs.implant_test import ImplantTask, normals_of, run_on_films
from core.language.words import tr
from core.library.films import FilmLibrary
from core.phantom.settings import LUNG_HEIGHT_CM
from core.pipeline import Explainable, open_healthy
from core.settings import get_settings
from ui.app.presence import is_here, session_id
from ui.app.progress import REFRESH_S, Watch
from ui.app.resources import get_engine, get_libraries, get_library
from ui.app.session import get_visit
from ui.charts.base import draw_plot
from ui.charts.implants import plot_found, plot_lungs
from ui.components.figures import draw_text_table
from ui.components.made_when_asked import offer_pdf
from ui.components.plain_text import plain

VALIDATION = "validation"


def show_implants(library: str | None = None) -> None:
    """Draw the implant test of the served run.

    Parameters
    ----------
    library : str, optional
        The library whose normal films are taken. Without it the visitor chooses one.
    """
    st.subheader(tr("Implanted lesions: how faint is still found"))
    st.write(
        tr(
            "Synthetic lesions are drawn into each zone of normal films, fainter and denser. The "
            "active model reads every one. No film that is drawn is kept."
        )
    )
    visit = get_visit()
    try:
        _draw_form(library)
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/error:")
        return
    task = visit.implant_test
    if task is None:
        return
    if task.running:
        st.fragment(_follow, run_every=REFRESH_S)(Watch(), task)
    elif task.result is None:
        st.warning(plain(task.sentence), icon=":material/info:")
    else:
        draw_implants(task.result)


def _draw_form(library: str | None) -> None:
    ready = {name: one for name, one in get_libraries().items() if one.has_films}
    if library is None and not ready:
        st.info(tr("There are no films on this machine."), icon=":material/image_not_supported:")
        return
    films_side, size_side, number_side = st.columns(3, vertical_alignment="bottom")
    if library is None:
        library = films_side.selectbox(
            tr("Films"),
            list(ready),
            format_func=lambda name: tr(ready[name].title),
            key="implants-library",
        )
    diameter = size_side.number_input(
        tr("Diameter (cm)"),
        *(1.0, 9.0, DIAMETER_CM, 0.5),
        key="implants-diameter",
        help=tr(
            "In lungs that are {height:.1f} cm high; larger lungs are scaled to it.",
            height=LUNG_HEIGHT_CM,
        ),
    )
    films = number_side.number_input(
        tr("Number of films"), LEAST_FILMS, 200, FILMS, key="implants-films"
    )
    visit = get_visit()
    if st.button(
        tr("Start the implant test"),
        icon=":material/play_arrow:",
        disabled=visit.implant_test is not None and visit.implant_test.running,
        key="implants-start",
    ):
        plan = ImplantPlan(diameter_cm=float(diameter))
        visit.implant_test = _begin(get_library(str(library)), plan, int(films))
        st.rerun()


def _begin(library: FilmLibrary, plan: ImplantPlan, films: int) -> ImplantTask:
    engine, session = get_engine(), session_id()
    parts = library.parts(engine.classifier.run_record)
    part = VALIDATION if not library.synthetic and VALIDATION in parts else None
    explained = Explainable(engine.classifier, open_healthy(get_settings().models))
    normals = normals_of(library, engine, part)
    return ImplantTask(
        partial(
            run_on_films,
            *(normals, library.read_bytes, engine, library.title, plan),
            explained=explained,
            films=films,
            synthetic=library.synthetic,
        ),
        lambda: not is_here(session),
    ).start()


def _follow(watch: Watch, task: ImplantTask) -> None:
    st.progress(min(1.0, task.progress), text=tr("Reading films with implanted lesions"))
    st.button(tr("Stop"), icon=":material/stop:", key="implants-stop", on_click=task.cancel)
    watch.rerun_if(news=task.finished)


def draw_implants(result: ImplantResult) -> None:
    """Draw what an implant test found."""
    st.markdown("\n".join(f"- {line}" for line in answer_of(result)))
    noticed = {zone.zone: zone.noticed.half.value for zone in result.zones if zone.zone in ZONES}
    words = {
        zone: tr("{opacity} cm", opacity=opacity_text(value, result.plan))
        for zone, value in noticed.items()
    }
    ends = result.plan.opacities_cm[0], result.plan.opacities_cm[-1]
    lungs_side, curves_side = st.columns(2, gap="large")
    with lungs_side:
        title = tr("Opacity that the score notices in half of the films")
        draw_plot(plot_lungs(noticed, words, ends, title), "implants-lungs")
    with curves_side:
        draw_plot(plot_found(result), "implants-curves")
    st.caption(
        tr(
            "Noticed: the lesion raises the score more than chance would. In soft tissue, where no "
            "pneumonia lies, the densest lesion raises it as much in 1 of 20 films. Suspicious: "
            "the score reaches the run's threshold."
        )
    )
    st.caption(left_out_text(result))
    zones, controls = zone_table(result), control_table(result)
    draw_text_table(zones.head, zones.rows, tr("Smallest opacity by zone, in cm of water"))
    with st.expander(tr("Controls")):
        draw_text_table(controls.head, controls.rows, tr("Controls"))
    _draw_files(result)


def _draw_files(result: ImplantResult) -> None:
    pdf_side, csv_side, _ = st.columns([1, 1, 3])
    with pdf_side:
        offer_pdf(
            tr("Report as PDF"),
            lambda: export_implants(result, datetime.now(UTC)),
            name="implants.pdf",
            key="implants-pdf",
        )
    csv_side.download_button(
        tr("Table as CSV"),
        implants_as_csv(result),
        "implants.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
        key="implants-csv",
    )
