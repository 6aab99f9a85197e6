"""Offering the built-in synthetic films where a visitor has none of their own."""

from __future__ import annotations

import streamlit as st

from core.dataset_place import how_to_get_films
from core.examples import OFFERED, ExamplesSummary, ExamplesTask, example_films
from core.film_library import PublicLibrary
from core.settings import get_settings
from ui.preparation import REFRESH_S, draw_progress
from ui.resources import get_examples
from ui.session import Visit
from ui.uploads import add_films
from ui.watch import Watch


def offer_examples(visit: Visit) -> None:
    """Draw the button that opens synthetic films, and what the served run makes of all of them."""
    if not get_settings().offer_synthetic:
        return
    task = get_examples()
    summary = task.summary
    if summary is None and not task.sentence:
        _follow(Watch(), visit, task)
    elif task.drawn:
        _draw_button(visit)
    if task.sentence:
        st.caption(f"Synthetic films: {task.sentence}")
    if summary is not None:
        st.caption(served_on_examples(summary))
    data = get_settings().data
    if not PublicLibrary(data).has_films:
        st.caption(how_to_get_films(data))


@st.fragment(run_every=REFRESH_S)
def _follow(watch: Watch, visit: Visit, task: ExamplesTask) -> None:
    watch.tell(news=task.summary is not None or bool(task.sentence))
    if task.drawn >= OFFERED:
        _draw_button(visit)
    else:
        st.caption(f"The first {OFFERED} can be opened as soon as they are drawn.")
    draw_progress(task)


def _draw_button(visit: Visit) -> None:
    if st.button(
        f"Open {OFFERED} synthetic films",
        icon=":material/science:",
    ):
        add_films(visit, example_films(get_settings().cache))
        st.rerun()


def served_on_examples(summary: ExamplesSummary) -> str:
    """Return how the served run reads the whole set, in words."""
    return (
        "Drawn by a program, half of them with pneumonia; nobody's films. "
        f"Of all {summary.n} synthetic films the quality gate lets {summary.let_through} through, "
        f"and the served run finds {summary.found} of {summary.ill} pneumonias and clears "
        f"{summary.cleared} of {summary.n - summary.ill} normals. That says nothing of patients."
    )
