"""The way from a disputed film of the worklist to its arbitration."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Act
from core.domain.worklist import FilmStatus
from ui.app.read_in_progress import ReadContext

PAGE = "pages/records.py"
ADDRESS = "dispute"
"""Names a film in the address of that page, by the beginning of its hash."""
CODE_LENGTH = 12


def draw_dispute_link(read: ReadContext) -> None:
    """Lead who may settle a dispute to where that is done; nobody who has read the film may."""
    kept = read.visit.listed.get(read.film.key)
    if kept is None or kept.status is not FilmStatus.DISPUTED or read.own:
        return
    if read.visit.acting.may(Act.ARBITRATE):
        st.page_link(
            PAGE,
            label="Settle the dispute",
            icon=":material/gavel:",
            query_params={ADDRESS: read.film.key[:CODE_LENGTH]},
            help="Shows the other readers' marks and reads: your first read is no longer blind.",
        )
