"""The way from a film that is done to the next one that waits for the visitor's read."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.language.words import msg, tr
from ui.app.session import Visit
from ui.components.worklist.worklist import WorklistRow
from ui.review.shared_worklist import free_rows

BUTTON = "next-unread"
SHORTCUT = "Shift+J"
KEYS = (
    ("j k", msg("Next, previous film of the worklist")),
    ("Shift j", msg("Next unread film, after signing")),
)


def next_unread(visit: Visit, rows: Sequence[WorklistRow]) -> str | None:
    """Return the film that comes next: the first one after the open film, or else from the top.

    Parameters
    ----------
    rows : sequence of WorklistRow
        In the order in which they are to be read.
    """
    keys = [row.key for row in rows]
    here = keys.index(visit.selected) if visit.selected in keys else -1
    around = [*rows[here + 1 :], *rows[: max(here, 0)]]
    return next((row.key for row in free_rows(visit, around) if row.waits), None)


def draw_next(visit: Visit) -> None:
    """Offer the next film, or say that none waits."""
    if visit.following is None:
        st.caption(f":material/done_all: {tr('No other film in the list waits for your read.')}")
        return
    st.button(
        tr("Next unread film"),
        type="primary",
        icon=":material/skip_next:",
        shortcut=SHORTCUT,
        width="stretch",
        key=BUTTON,
        on_click=_go_on,
        args=(visit, visit.following),
    )


def _go_on(visit: Visit, film: str) -> None:
    visit.selected, visit.complaint, visit.done = film, "", ""
    visit.gone_on = film
