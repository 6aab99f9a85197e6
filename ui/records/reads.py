"""The list of signed reads, and what leads from one of them to the others and to its film."""

from __future__ import annotations

import streamlit as st

from core.domain.rate import probability_text
from core.domain.review import ReviewRecord
from core.evaluation.film_number import kept_number_text
from core.language.words import tr, trn
from core.reads.export import Row, describe_read
from ui.app.ledger import Ledger
from ui.app.session import Visit
from ui.charts.base import draw_plot, plot_reads
from ui.records.data import LISTED
from ui.records.film_links import draw_film_links
from ui.records.filters import Chosen, draw_exports, offer_other_films
from ui.records.panels import draw_history
from ui.records.reports import draw_selection_reports
from ui.records.words import HEADS, row_text

SHOWN_NUMBER_PX = 460
READ = "read"
"""Names the chosen read in the address, by the beginning of its id."""
READ_LENGTH = 12


def draw_reads(visit: Visit, chosen: Chosen, ledger: Ledger, hidden: int = 0) -> None:
    """Draw the list with its plot and exports, and the history of the film that is chosen.

    Parameters
    ----------
    hidden : int
        Films whose reads are not listed, because the visitor must read them first.
    """
    if not chosen.listed:
        st.info(_why_empty(chosen, hidden), icon=":material/search:")
        offer_other_films(chosen)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        # and room for the table's tools
        st.caption(tr("Newest first. Choose a row to see its film."), width="content")
        offer_other_films(chosen)
    read = _draw_list(chosen.listed[:LISTED], ledger)
    if len(chosen.listed) > LISTED:
        st.caption(
            tr(
                "The newest {listed:,} of {found:,} matching reads are listed; the "
                "exports contain all of them. Search or filter by date to see older ones.",
                listed=LISTED,
                found=len(chosen.listed),
            )
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_exports(chosen.listed, ledger)
        draw_selection_reports(visit, chosen.listed)
    history_side, plot_side = st.columns([1.4, 1]) if read else (None, st.container())
    with plot_side:
        draw_plot(plot_reads(chosen.listed[:LISTED]), "records-plot")
    if read is not None and history_side is not None:
        with history_side:
            draw_history(visit, read)
            draw_film_links(visit, read)


def _why_empty(chosen: Chosen, hidden: int) -> str:
    """Return why no read is listed, and what changes that."""
    if hidden:
        return trn(
            "No read that you may see matches. Reads of 1 film stay hidden until you have locked "
            "your own first read.",
            "No read that you may see matches. Reads of {n} films stay hidden until you have "
            "locked your own first read.",
            hidden,
        )
    words = tr("No signed read matches. Remove a search word or a filter.")
    if not chosen.locked:
        return words
    locked = trn(
        "1 first read is locked and not signed: tick “First and corrected reads too”.",
        "{n} first reads are locked and not signed: tick “First and corrected reads too”.",
        chosen.locked,
    )
    return f"{words} {locked}"


def _draw_list(found: list[ReviewRecord], ledger: Ledger) -> ReviewRecord | None:
    """Draw the reads as a table, and return the one that is chosen."""
    described = [describe_read(record, ledger.references) for record in found]
    for row, record in zip(described, found, strict=True):
        said = record.shown_prediction
        row["Probability"] = None if said is None else probability_text(said.probability)
        if record.shown_number is not None:
            row["Shown number"] = kept_number_text(record.shown_number)
    named = st.query_params.get(READ, "")
    rows = [n for n, one in enumerate(found) if one.record_id[:READ_LENGTH] == named]
    event = st.dataframe(
        without_empty([row_text({name: row[name] for name in HEADS}) for row in described]),
        hide_index=True,
        height=460 if len(found) > 12 else "content",
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows, "columns": [], "cells": []}},
        key="records-table",
        placeholder="",
        alt=tr("Signed reads, the newest first"),
        column_config={
            **{name: tr(head) for name, head in HEADS.items()},
            "Read at (UTC)": st.column_config.DatetimeColumn(
                tr(HEADS["Read at (UTC)"]), format=tr("YYYY-MM-DD HH:mm")
            ),
            "Confidence (1 to 5)": st.column_config.NumberColumn(tr(HEADS["Confidence (1 to 5)"])),
            "Probability": st.column_config.TextColumn(
                tr(HEADS["Probability"]),
                alignment="right",
                help=tr(
                    "The model's, from 0 to 1, as on the Worklist. It is a "
                    "probability at the share of pneumonia among the run's "
                    "validation films."
                ),
            ),
            "Shown number": st.column_config.TextColumn(
                tr(HEADS["Shown number"]),
                width=SHOWN_NUMBER_PX,
                help=tr("What the reader saw of the score."),
            ),
            "Seconds": st.column_config.NumberColumn(
                tr(HEADS["Seconds"]), format="%.0f", help=tr("On the screen until this read.")
            ),
            "Comment": st.column_config.TextColumn(tr(HEADS["Comment"]), width="medium"),
        },
    )
    chosen = event["selection"]["rows"]
    read = found[chosen[0]] if chosen and chosen[0] < len(found) else None
    if read is not None:  # so that the way back to this page finds the row chosen
        st.query_params[READ] = read.record_id[:READ_LENGTH]
    elif named:
        del st.query_params[READ]
    return read


def without_empty(rows: list[Row]) -> list[Row]:
    """Return rows without the columns that say nothing of any of them."""
    filled = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    return [{name: row[name] for name in filled} for row in rows]
