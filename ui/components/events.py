"""What the browser says to the page through a component: numbered, so that each is heard once.

A component keeps one message, ``said``, with a number that rises. The page answers with the highest
number that it has heard, and the browser obeys an answer only if it knows the latest message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.mark import Edges, Mark
from core.errors import MarkError

_HIGHEST = 2**53
"""From here on a browser's numbers are not whole any more."""


def read_event(key: str) -> Mapping[str, Any] | None:
    """Return what a component says that was not heard before; call it once a run, before drawing.

    Parameters
    ----------
    key : str
        Of the component.
    """
    event = state_of(key, "said")
    number = 0 if event is None else number_of(event)
    if number <= events_read(key):
        return None
    st.session_state[_memory(key)] = number
    return event


def state_of(key: str, name: str) -> Mapping[str, Any] | None:
    """Return a state of a component; None before any, and for what no component of ours sends.

    Whatever a browser sends may be forged: what does not have the right shape is ignored.
    """
    states = st.session_state.get(key)
    state = states.get(name) if isinstance(states, Mapping) else None
    return state if isinstance(state, Mapping) else None


def number_of(event: Mapping[str, Any]) -> int:
    """Return a message's number; 0, which is never heard, if it is none."""
    number = event.get("number")
    whole = isinstance(number, int) and not isinstance(number, bool)
    return number if whole and 0 < number < _HIGHEST else 0


def share_of(value: object) -> float | None:
    """Return a number from 0 to 1; None for anything else."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0.0 <= value <= 1.0 else None


def marks_of(value: object, most: int) -> tuple[Edges, ...] | None:
    """Return the newest marks on a film, at most so many; None if any of them is none."""
    if not isinstance(value, list | tuple):
        return None
    found: list[Edges] = []
    for mark in value[-most:]:
        edges = [share_of(edge) for edge in mark] if isinstance(mark, list | tuple) else []
        if len(edges) != 4 or None in edges:
            return None
        try:
            found.append(Mark(*[edge for edge in edges if edge is not None]).edges)
        except MarkError:
            return None
    return tuple(found)


def events_read(key: str) -> int:
    """Return the highest number that was heard; 0 before any."""
    return int(st.session_state.get(_memory(key), 0))


def _memory(key: str) -> str:
    return f"{key}-heard"


def rerun_only() -> None:
    """Streamlit keeps a component's state only where a callback is named."""
