"""The way from a disputed film of the worklist to its arbitration."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Act
from core.domain.review import ReadKind
from core.domain.worklist import FilmStatus
from core.language.words import msg, tr
from ui.app.read_in_progress import ReadContext

PAGE = "pages/records.py"
ADDRESS = "dispute"
"""Names a film in the address of that page, by the beginning of its hash."""
CODE_LENGTH = 12
BLIND_FIRST = msg(
    "This film is disputed. Lock your own blind read first; then you can settle the dispute."
)
UNSIGNED = msg("Leave your read unsigned: a reader who has signed cannot settle the dispute.")


def draw_dispute_link(read: ReadContext) -> None:
    """Lead who may settle a dispute to where that is done, once they have read the film blind.

    Nobody who has signed a read of the film may.
    """
    kept = read.visit.listed.get(read.film.key)
    if kept is None or kept.status is not FilmStatus.DISPUTED:
        return
    signed = any(record.kind is not ReadKind.FIRST for record in read.own)
    if signed or not read.visit.acting.may(Act.ARBITRATE):
        return
    if read.kind is ReadKind.FIRST:
        st.caption(f":material/gavel: {tr(BLIND_FIRST)}")
        return
    st.page_link(
        PAGE,
        label=tr("Settle the dispute"),
        icon=":material/gavel:",
        query_params={ADDRESS: read.film.key[:CODE_LENGTH]},
        help=tr("Shows the film with the other readers' marks and reads."),
    )
    if read.own:
        st.caption(tr(UNSIGNED))
