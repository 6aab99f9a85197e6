"""Upload films, see the model's first read and its regions, and sign a verdict."""

import streamlit as st

from core.batch import FilmState
from ui.guard import guard, spoken_errors
from ui.panels import draw_standing_line
from ui.resources import get_engine, get_film_view, get_store
from ui.review_panels import (
    build_row,
    draw_model_read,
    draw_refusal,
    draw_verdict,
    explanation_of,
)
from ui.session import Visit
from ui.uploads import draw_batch, draw_uploader
from ui.viewer import RegionOverlay, show_film
from ui.worklist import show_worklist

VIEW_HEIGHT = 700


def draw_empty(visit: Visit) -> None:
    """Say what the page does, and take the first films."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("Put new films in order of suspicion")
        st.write(
            "Upload frontal chest films of children. Each is checked for quality and read by the "
            "model; you see its probability and the regions it depends on, and sign your verdict."
        )
        draw_uploader(visit)


def draw_worklist(visit: Visit) -> None:
    """List the films, most suspicious first, and keep which one is open."""
    signed = get_store().latest_for_films(list(visit.films))
    rows = [build_row(film, visit.outcome(key), signed) for key, film in visit.films.items()]
    if visit.selected is None:
        read = [row for row in rows if row.thumbnail_png is not None]
        if read:
            visit.selected = max(read, key=lambda row: row.probability or -1.0).key
    with st.popover("Add films", icon=":material/add:", width="stretch"):
        draw_uploader(visit)
    draw_batch(visit)
    point = get_engine().classifier.run_record.operating_point
    chosen = show_worklist(
        rows,
        selected=visit.selected,
        key="worklist",
        height=VIEW_HEIGHT - 60,
        operating_point=point.threshold,
    )
    if chosen is not None and chosen != visit.selected:
        visit.selected = chosen
        st.rerun()


def draw_film(visit: Visit, key: str) -> None:
    """Show the film with its regions, or the sentence that says why it cannot be shown."""
    film, outcome = visit.films[key], visit.outcome(key)
    if outcome.state is FilmState.FAILED:
        st.error(f"{film.name}: {outcome.sentence}", icon=":material/broken_image:")
        return
    task = explanation_of(visit, film)
    explanation = None if task is None else task.explanation
    overlay = None if explanation is None else RegionOverlay.from_explanation(explanation)
    show_film(get_film_view(film), regions=overlay, key="viewer", height=VIEW_HEIGHT)


def draw_read(visit: Visit, key: str) -> None:
    """Draw the model's side and the doctor's side of one film."""
    film, reading = visit.films[key], visit.outcome(key).reading
    if reading is None:
        return
    if reading.quality.refused:
        draw_refusal(visit, film, reading)
    draw_model_read(reading, explanation_of(visit, film))
    draw_verdict(visit, film, reading)


def draw_steps(visit: Visit) -> None:
    """Buttons and keys to the next and the previous film."""
    keys = list(visit.films)
    place = keys.index(visit.selected) if visit.selected in keys else 0
    back, on = st.columns(2)
    step = 0
    if back.button("Previous", shortcut="k", width="stretch", disabled=len(keys) < 2):
        step = -1
    if on.button("Next", shortcut="j", width="stretch", disabled=len(keys) < 2):
        step = 1
    if step:
        visit.selected = keys[(place + step) % len(keys)]
        st.rerun()


visit = guard()
with spoken_errors():
    run = get_engine().classifier.run_record
    visit.absorb_job()
    if visit.notice:
        st.toast(visit.notice)
        visit.notice = ""
    if not visit.films:
        draw_empty(visit)
    else:
        list_side, film_side, read_side = st.columns([1.0, 3.7, 1.25], gap="small")
        with list_side:
            draw_worklist(visit)
        if visit.selected is not None:
            with film_side:
                draw_film(visit, visit.selected)
            with read_side:
                draw_steps(visit)
                draw_read(visit, visit.selected)
    draw_standing_line(run, visit.reader)
