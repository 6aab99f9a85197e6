"""Reading order: nothing of the model is shown before the reader's own first read."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Act
from core.settings import get_settings
from ui.app.read_in_progress import ReadContext, keep_regions_asked
from ui.app.session import Visit


def offer_regions(read: ReadContext) -> None:
    """Draw what shows the model's regions; that they were shown is kept with the signed read."""
    if not get_settings().read_first or read.regions_asked:
        return
    if st.button("Show the model's regions", icon=":material/filter_center_focus:"):
        keep_regions_asked(read)
        st.rerun()


def order_text() -> str:
    """Return in a sentence in which order a film is read here."""
    if get_settings().read_first:
        return (
            "You lock your own first read and may mark where you see a finding. Then you see the "
            "model's probability and, on request, the regions it depends on. Then you sign your "
            "verdict."
        )
    return "You see its probability and the regions it depends on, and sign your verdict."


def draw_read_first(visit: Visit) -> None:
    """Say why nothing of the model is shown yet, and to whom it never is.

    A role that may not lock a read sees nothing either: its bearer may have another one as well.
    """
    st.markdown("**Read first**")
    if not visit.acting.may(Act.SIGN_READ):
        st.caption(
            "On this site the model's result is shown after your own first read, and your role "
            "cannot lock one. On the page Teaching you read films and then see the model's read."
        )
        return
    st.caption(
        "You see the model's result for this film, and the reasons, after your own first read. The "
        "worklist is in the model's order: suspicious, unsure, not suspicious."
    )
