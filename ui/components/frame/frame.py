"""The list that `?` opens on every page, and what the bar does in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.domain.reader import READER_LIMIT
from ui.components.declare import declare
from ui.components.events import events_read, read_event, rerun_only
from ui.components.steps.steps import COOKIE

FRAME = "frame"
NAME_COOKIE = "firstread_reader"
"""Who signs in a browser without a log-in, percent-encoded; it goes when the browser is closed."""
LANGUAGE_COOKIE = "firstread_language"
"""The language that was chosen in this browser."""

_component = declare("first_read_frame", Path(__file__).parent, ("frame.js",), "frame")


def read_frame_event() -> tuple[str | None, bool]:
    """Return the name that was being written when a link was followed, and a wish for the steps.

    Returns
    -------
    name : str or None
        None if no name was left unsent.
    steps : bool
        Whether the first steps are asked for.
    """
    event = read_event(FRAME) or {}
    name = event.get("name")
    return name[:READER_LIMIT] if isinstance(name, str) else None, event.get("steps") is True


def show_frame(
    title: str,
    how_to: Sequence[str],
    keys: Sequence[tuple[str, str]],
    name: str,
    *,
    keeps_name: bool = False,
    chosen_language: str = "",
) -> None:
    """Draw the button that opens the list.

    Parameters
    ----------
    name : str
        Of the local user, as it is known here.
    keeps_name : bool
        Whether the browser keeps the name, so that a reload signs as the same reader.
    chosen_language : str
        What the browser keeps as the reader's choice; empty if they chose none.
    """
    _component(
        key=FRAME,
        data={
            "title": title,
            "howTo": list(how_to),
            "keys": [list(pair) for pair in keys],
            "name": name,
            "cookie": COOKIE,
            "nameCookie": NAME_COOKIE if keeps_name else "",
            "languageCookie": LANGUAGE_COOKIE if chosen_language else "",
            "heard": events_read(FRAME),
        },
        on_said_change=rerun_only,
    )
