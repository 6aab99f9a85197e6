"""Read, see, sign: the three steps that a first visit shows, each with a drawing."""

from __future__ import annotations

from pathlib import Path

from core.language.words import msg, tr
from ui.components.declare import declare
from ui.components.events import events_read, read_event, rerun_only

COOKIE_NAME = "firstread_steps"
COOKIE = f"{COOKIE_NAME}=1; path=/; max-age={400 * 24 * 3600}; samesite=strict"
"""Of a browser that has seen the steps: it names nobody. No browser keeps one longer."""
_KEY = "first-steps"
_NOTE = msg("The model looks for pneumonia only. It is a learning tool: a doctor signs every read.")
_BLIND = {
    "read": msg(
        "Look at the film without the model. Choose a verdict, mark what you see, and lock your "
        "first read."
    ),
    "see": msg(
        "The model's result appears after you lock. Its regions show what counts for and against "
        "pneumonia."
    ),
    "sign": msg(
        "Keep your verdict or change it, then sign. Both reads are kept; nothing is overwritten."
    ),
    "note": _NOTE,
}
_AT_ONCE = _BLIND | {
    "read": msg("Look at the film, choose a verdict, and mark what you see."),
    "see": msg(
        "The model's result stands beside the film. Its regions show what counts for and against "
        "pneumonia."
    ),
    "sign": msg("Sign your verdict. Every read is kept; nothing is overwritten."),
}

_component = declare("first_read_steps", Path(__file__).parent, ("steps.js",), "steps")


def show_steps(*, blind: bool) -> bool:
    """Draw the steps, and return whether the reader goes on from them now.

    Parameters
    ----------
    blind : bool
        Whether a first read is locked before the model's result is shown.
    """
    done = read_event(_KEY) is not None
    words = {part: tr(text) for part, text in (_BLIND if blind else _AT_ONCE).items()}
    _component(
        key=_KEY,
        data=words | {"cookie": COOKIE, "heard": events_read(_KEY)},
        on_said_change=rerun_only,
    )
    return done
