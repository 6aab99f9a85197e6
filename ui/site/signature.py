"""Who answers for what a form of the page Site keeps."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import READER_LIMIT, Reader
from core.language.words import tr
from ui.app.session import Visit


def draw_signature(visit: Visit, key: str) -> Reader:
    """Draw the field for the local user's name in a form, and return who acts.

    Parameters
    ----------
    key : str
        Of the field: a page may have several forms.
    """
    name = visit.reader
    if not visit.logged_in:
        name = st.text_input(tr("Your name"), value=visit.reader, max_chars=READER_LIMIT, key=key)
    return Reader(name.strip(), visit.roles)
