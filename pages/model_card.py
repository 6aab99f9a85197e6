"""What is known of a run on one page: what it is for, what it does, where it fails."""

import streamlit as st

from ui.app.guard import guard, spoken_errors
from ui.app.resources import get_decision, get_served
from ui.components.panels import draw_standing_line
from ui.model_card.data import (
    CHECKLISTS,
    DETAILS,
    FACTS,
    FactsView,
    get_facts,
    list_names,
    read_address,
    write_address,
)
from ui.model_card.panels import draw_checklists, draw_details, draw_exports, draw_facts, draw_head

TABS = {FACTS: "In two minutes", DETAILS: "All facts", CHECKLISTS: "Checklists"}


def draw_empty() -> None:
    """Say what is missing to state any fact."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("No runs yet")
        st.write(
            "Train one with `python -m core train f08`, or import another model's predictions on "
            "the page Compare runs: the facts of each run are stated here."
        )


def take(name: str, key: str) -> None:
    """Put what was chosen into the address."""
    st.query_params[name] = st.session_state[key]


def take_tab() -> None:
    """Put the tab that was opened into the address."""
    opened = st.session_state["facts-tab"]
    st.query_params["tab"] = next(name for name, words in TABS.items() if words == opened)


def draw_choice(view: FactsView, names: dict[str, str]) -> None:
    """Draw the choice of the run."""
    st.session_state["facts-run"] = view.run
    st.selectbox(
        "Run",
        list(names),
        format_func=names.__getitem__,
        key="facts-run",
        on_change=take,
        args=("run", "facts-run"),
    )


def draw_run(view: FactsView, names: dict[str, str]) -> None:
    """Draw everything on one run."""
    choice_side, export_side = st.columns([2, 1.6], gap="medium", vertical_alignment="bottom")
    with choice_side:
        draw_choice(view, names)
    facts = get_facts(view.run)
    draw_head(facts)
    st.session_state["facts-tab"] = TABS[view.tab]
    facts_side, details_side, lists_side = st.tabs(
        list(TABS.values()), key="facts-tab", on_change=take_tab
    )
    with facts_side:
        draw_facts(view, facts)
    with details_side:
        draw_details(view, facts)
    with lists_side:
        draw_checklists(facts)
    with export_side:  # last, for a PDF takes half a second
        draw_exports(view, facts)


visit = guard("model_card")
with spoken_errors():
    serving = get_decision().run_id
    names, sentences = list_names(serving)
    if names:
        view, complaints = read_address(st.query_params.to_dict(), list(names), serving)
        address = write_address(view)
        if st.query_params.to_dict() != address:
            st.query_params.from_dict(address)
        if complaints:
            st.warning("  \n".join(complaints), icon=":material/link_off:")
        with spoken_errors():
            draw_run(view, names)
    else:
        draw_empty()
    for sentence in sentences:
        st.warning(sentence, icon=":material/warning:")
with spoken_errors():
    draw_standing_line(get_served(), visit.reader)
