"""Whether the page Archive stands in the bar: most sites have no archive that is set."""

from __future__ import annotations

import streamlit as st

from core.domain.reader import Reader, Role
from core.errors import FirstReadError
from core.store.archive import SqlArchive
from ui.app.resources import LOOKED_FOR_AGAIN_S, get_database

NAME = "archive"


def in_the_bar(reader: Reader) -> bool:
    """Return whether a reader who may open the page is shown its link."""
    return Role.ADMIN in reader.roles or _is_set()


def look_again() -> None:
    """Forget whether an archive is set: it has just been."""
    _is_set.clear()


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _is_set() -> bool:
    try:
        return SqlArchive(get_database()).current() is not None
    except FirstReadError:  # which the page's guard says
        return False
