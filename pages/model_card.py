"""The model card of a run: intended use, performance and known failures."""

import streamlit as st

from core.language.words import tr
from ui.app.guard import guard, show_errors
from ui.app.resources import get_decision, get_served
from ui.app.session import get_visit
from ui.components.panels import draw_standing_line
from ui.components.plain_text import plain
from ui.library.blind_reads import note_left_out
from ui.model_card.data import (
    ADDRESS,
    TAB_WORDS,
    CardView,
    get_facts,
    list_names,
)
from ui.model_card.films import without_awaiting
from ui.model_card.panels import draw_checklists, draw_details, draw_exports, draw_facts, draw_head


def draw_empty() -> None:
    """Say what is missing to state any fact."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header(tr("No runs yet"))
        st.write(
            tr(
                "Train one with `python -m core train f08`, or import another model's predictions "
                "on the page Compare runs: the model card of each run is shown here."
            )
        )


def draw_run(view: CardView, names: dict[str, str]) -> None:
    """Draw everything on one run."""
    choice_side, export_side = st.columns([2, 1.6], gap="medium", vertical_alignment="bottom")
    with choice_side:
        ADDRESS.select(view, tr("Run"), "run", names)
    facts = without_awaiting(get_visit(), get_facts(view.run))
    draw_head(facts)
    tabs = {tab: tr(words) for tab, words in TAB_WORDS.items()}
    bound = ADDRESS.bind(view, "tab", tabs)
    facts_side, details_side, lists_side = st.tabs(list(tabs.values()), **bound)
    with facts_side:
        draw_facts(view, facts)
    with details_side:
        draw_details(view, facts)
    with lists_side:
        draw_checklists(facts)
    with export_side:
        draw_exports(view, facts)


visit = guard("model_card")
with show_errors():
    serving = get_decision().run_id
    names, sentences = list_names(serving)
    if names:
        view, complaints = ADDRESS.read(st.query_params.to_dict(), list(names), serving)
        ADDRESS.go_to(view)
        if complaints:
            st.warning("  \n".join(map(plain, complaints)), icon=":material/link_off:")
        with show_errors():
            note_left_out(visit)
            draw_run(view, names)
    else:
        draw_empty()
    for sentence in sentences:
        st.warning(plain(tr(sentence)), icon=":material/warning:")
with show_errors():
    draw_standing_line(get_served(), visit.reader)
