"""The list of signed reads, and what leads from one of them to the others and to its film."""

from __future__ import annotations

import streamlit as st

from core.domain.rate import probability_text
from core.domain.review import ReviewRecord
from core.reads.export import FINDINGS, ORDER, Row, describe_read
from ui.app.ledger import Ledger
from ui.app.session import Visit
from ui.charts.base import plot_reads
from ui.records.data import LISTED
from ui.records.film_links import draw_film_links
from ui.records.filters import Chosen, draw_exports
from ui.records.panels import draw_history
from ui.records.reports import draw_selection_reports

SHOWN_COLUMNS = (
    "Read at (UTC)",
    "Film",
    "Films",
    "Reader",
    "Verdict",
    FINDINGS,
    "Confidence (1 to 5)",
    "Probability",
    "Shown number",
    "Reader and model",
    "Reference",
    "Kind",
    ORDER,
    "Seconds",
    "Quality",
    "Comment",
)


def draw_reads(visit: Visit, chosen: Chosen, ledger: Ledger) -> None:
    """Draw the list with its plot and exports, and the history of the film that is chosen."""
    if not chosen.listed:
        st.info("No read matches. Remove a search word or a filter.", icon=":material/search:")
        return
    list_side, plot_side = st.columns([2.4, 1])
    plot_side.plotly_chart(plot_reads(chosen.listed[:LISTED]), key="records-plot")
    with list_side:
        read = _draw_list(chosen.listed[:LISTED], ledger)
        if len(chosen.listed) > LISTED:
            st.caption(
                f"The newest {LISTED:,} of {len(chosen.listed):,} matching reads are listed; the "
                "exports contain all of them. Search or filter by date to see older ones."
            )
        with st.container(horizontal=True, vertical_alignment="center"):
            draw_exports(chosen.listed, ledger)
            draw_selection_reports(visit, chosen.listed)
        if read is None:
            st.caption("Choose a row to see the film and every read of it.")
        else:
            draw_history(read)
            draw_film_links(visit, read)


def _draw_list(found: list[ReviewRecord], ledger: Ledger) -> ReviewRecord | None:
    """Draw the reads as a table, and return the one that is chosen."""
    described = [describe_read(record, ledger.references) for record in found]
    for row, record in zip(described, found, strict=True):
        said = record.shown_prediction
        row["Probability"] = None if said is None else probability_text(said.probability)
    event = st.dataframe(
        without_empty([{name: row[name] for name in SHOWN_COLUMNS} for row in described]),
        hide_index=True,
        height=460 if len(found) > 12 else "content",
        on_select="rerun",
        selection_mode="single-row",
        key="records-table",
        placeholder="",
        alt="Signed reads, the newest first",
        column_config={
            "Read at (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Confidence (1 to 5)": st.column_config.NumberColumn("Confidence"),
            "Probability": st.column_config.TextColumn(
                alignment="right",
                help="At the share of pneumonia among the run's validation films.",
            ),
            "Shown number": st.column_config.TextColumn(
                help="What the reader saw of the score.", alignment="right"
            ),
            "Seconds": st.column_config.NumberColumn(
                format="%.0f", help="On the screen until this read."
            ),
            "Comment": st.column_config.TextColumn(width="large"),
        },
    )
    chosen = event["selection"]["rows"]
    return found[chosen[0]] if chosen and chosen[0] < len(found) else None


def without_empty(rows: list[Row]) -> list[Row]:
    """Return rows without the columns that say nothing of any of them."""
    filled = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    return [{name: row[name] for name in filled} for row in rows]
