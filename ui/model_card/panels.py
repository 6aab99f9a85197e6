"""The facts of a run, drawn: blocks of the document, and pictures where they say it faster."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.language.current import current_language, using
from core.language.words import tr
from core.model_card.card import NO_DEVICE, describe_in_short, describe_run
from core.model_card.checklists.checklist import describe_checklist
from core.model_card.export import CHECKLISTS, export_markdown, export_pdf
from core.model_card.facts import RunFacts
from core.model_card.recorded import split_text
from core.model_card.results import describe_ward, expect_in_ward, usual_part
from core.reports.document import Block, Bullets, Intervals, Paragraph, Section, Table
from core.reports.markdown import escape_markdown
from ui.app.resources import get_decision, get_in_force
from ui.charts.base import draw_plot
from ui.charts.model_card import plot_intervals
from ui.components.figures import draw_text_table
from ui.components.made_when_asked import offer_pdf
from ui.model_card.data import ADDRESS, CardView
from ui.model_card.films import draw_errors
from ui.model_card.site import draw_site_results
from ui.runs.prevalence import DRAWN, SAID, draw_prevalence, show_wards


def draw_exports(view: CardView, facts: RunFacts) -> None:
    """Offer the facts and both checklists as files."""
    name = f"model-card-{facts.run.run_id}"
    pdf_side, markdown_side = st.columns(2)
    with pdf_side:
        offer_pdf(
            "PDF",
            partial(_make_pdf, facts, view.prevalence, current_language()),
            name=f"{name}.pdf",
            key="card-pdf",
        )
    markdown_side.download_button(
        "Markdown",
        export_markdown(facts, view.prevalence),
        file_name=f"{name}.md",
        mime="text/markdown",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs={RunFacts: export_markdown})
def _make_pdf(facts: RunFacts, prevalence: int, language: str) -> bytes:
    """Make the PDF once for the same words of a language."""
    with using(language):
        return export_pdf(facts, prevalence)


def draw_head(facts: RunFacts) -> None:
    """Draw what must be known first; the permanent line of every page says the rest."""
    document = describe_run(facts)
    st.markdown(f"### {escape_markdown(document.title)}")
    for notice in document.notices:
        if notice != tr(NO_DEVICE):
            st.warning(escape_markdown(notice), icon=":material/report:")
    now = get_in_force()
    if now.note and facts.run.run_id == get_decision().run_id:
        own = tr("This card is of the run's own threshold.")
        st.info(f"{escape_markdown(tr(now.note))} {own}", icon=":material/location_on:")


def draw_facts(view: CardView, facts: RunFacts) -> None:
    """Draw what a doctor reads in two minutes, with the ward and films that it decides wrongly."""
    words_side, pictures_side = st.columns([1.35, 1], gap="large")
    with words_side:
        for block in describe_in_short(facts, view.prevalence).blocks:
            if isinstance(block, Table):  # of two columns: what is asked, and the answer
                for what, text in block.rows:
                    name_side, text_side = st.columns([1, 4.2], gap="small")
                    name_side.markdown(f"**{escape_markdown(what)}**")
                    text_side.markdown(escape_markdown(text))
        draw_site_results(facts.run)
    with pictures_side:
        draw_ward(view, facts)
        st.markdown(f"#### {tr('Most confident errors')}")
        draw_errors(facts)


def draw_details(view: CardView, facts: RunFacts) -> None:
    """Draw all sections, those that a doctor needs first on top, hashes at the bottom."""
    document = describe_run(facts, view.prevalence)
    narrow_side, wide_side = st.columns([1, 1.75], gap="large")
    with narrow_side:
        for key in ("use", "external", "band"):
            draw_section(document.section(key))
    with wide_side:
        for key in ("results", "failures"):
            draw_section(document.section(key))
    population_side, training_side = st.columns(2, gap="large")
    with population_side:
        for key in ("population", "shortcuts"):
            draw_section(document.section(key))
    with training_side:
        for key in ("training", "sanity"):
            draw_section(document.section(key))
    draw_section(document.section("explanations"))
    versions = document.section("versions")
    with st.expander(versions.heading):
        draw_blocks(versions)


def draw_section(section: Section) -> None:
    """Draw a section with its heading."""
    st.markdown(f"#### {section.heading}")
    draw_blocks(section)


def draw_blocks(section: Section) -> None:
    """Draw what stands in a section."""
    for number, block in enumerate(section.blocks):
        _draw_block(block, f"facts-{section.key}-{number}", section.heading)


def _draw_block(block: Block, key: str, name: str) -> None:
    if isinstance(block, Paragraph):
        st.markdown(escape_markdown(block.text))
    elif isinstance(block, Bullets):
        st.markdown("\n".join(f"- {escape_markdown(item)}" for item in block.items))
    elif isinstance(block, Intervals):
        draw_plot(plot_intervals(block), key)
    else:
        draw_text_table(block.head, block.rows, name)


def draw_ward(view: CardView, facts: RunFacts) -> None:
    """Draw a thousand children of the ward, and say what to expect of them."""
    st.markdown(f"#### {tr('Out of 1,000 children')}")
    drawn, stated = (expect_in_ward(facts, n, view.prevalence) for n in (DRAWN, SAID))
    if drawn is None or stated is None:
        draw_blocks(describe_ward(facts, view.prevalence))
        return
    draw_prevalence(ADDRESS.bind(view, "prevalence"))
    split = split_text(facts.run.metrics[usual_part(facts)])
    show_wards([(facts.run.run_id, drawn, stated)], tr("the {split}", split=split))


def draw_checklists(facts: RunFacts) -> None:
    """Draw both checklists with what is open in each."""
    st.caption(
        tr(
            "Filled from the records of this run each time the page is opened. Partly: something "
            "that the item asks for is not known or was not done."
        )
    )
    for checklist in CHECKLISTS:
        draw_section(describe_checklist(checklist, facts))
