"""Who may see a page, and the frame that every page stands in; the first call of every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.errors import FirstReadError
from ui.session import Visit, get_visit

PAGES = {
    "review": ("pages/review.py", "Review", ":material/radiology:"),
    "errors": ("pages/errors.py", "Errors", ":material/grid_view:"),
    "where_it_fails": ("pages/where_it_fails.py", "Where it fails", ":material/troubleshoot:"),
    "runs": ("pages/runs.py", "Compare runs", ":material/compare_arrows:"),
    "model_facts": ("pages/model_facts.py", "Model facts", ":material/fact_check:"),
    "exhibit": ("pages/exhibit.py", "Exhibit", ":material/biotech:"),
    "teaching": ("pages/teaching.py", "Teaching", ":material/school:"),
    "records": ("pages/records.py", "Records", ":material/menu_book:"),
}
_ROUTED = "first_read_routed"

# A Material symbol as page icon would be fetched from outside.
_ICON = Path(__file__).with_name("icon.png")
_STYLE = Path(__file__).with_name("frame.css")


def route() -> None:
    """Declare the pages and run the one that was asked for; only streamlit_app.py calls this."""
    st.set_page_config(page_title="First Read", page_icon=_ICON, layout="wide")
    st.session_state[_ROUTED] = True
    st.navigation(list(_pages().values()), position="top").run()


def _pages() -> dict[str, StreamlitPage]:
    return {
        name: st.Page(path, title=title, icon=icon, default=name == "review")
        for name, (path, title, icon) in PAGES.items()
    }


@contextmanager
def spoken_errors() -> Iterator[None]:
    """Show what First Read raises on purpose as one sentence; the page ends there."""
    try:
        yield
    except FirstReadError as exc:
        st.error(str(exc), icon=":material/error:")


def guard(name: str) -> Visit:
    """Let the visitor in to the page of that name, and return the visit.

    On a fresh process Streamlit runs a deep-linked page without streamlit_app.py, and so without
    the router; such a run ends here and the page is asked for again through the router.
    """
    if not st.session_state.get(_ROUTED):
        pages = _pages()
        st.navigation(list(pages.values()), position="top")
        st.switch_page(pages[name], query_params=st.query_params.to_dict())
    st.html(_STYLE)
    return get_visit()
