"""What the browser says to the page through a component: numbered, so that each is heard once.

A component keeps one message, ``said``, with a number that rises. The page answers with the highest
number that it has heard, and the browser obeys an answer only if it knows the latest message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


def read_event(key: str) -> Mapping[str, Any] | None:
    """Return what a component says that was not heard before; call it once a run, before drawing.

    Parameters
    ----------
    key : str
        Of the component.
    """
    event = st.session_state.get(key, {}).get("said")
    if not event or int(event["number"]) <= events_read(key):
        return None
    st.session_state[_memory(key)] = int(event["number"])
    chosen: Mapping[str, Any] = event
    return chosen


def events_read(key: str) -> int:
    """Return the highest number that was heard; 0 before any."""
    return int(st.session_state.get(_memory(key), 0))


def _memory(key: str) -> str:
    return f"{key}-heard"


def rerun_only() -> None:
    """Streamlit keeps a component's state only where a callback is named."""
