"""Let Ctrl+Enter reach the page from every field."""

from __future__ import annotations

from pathlib import Path

from ui.components.declare import declare

_component = declare("first_read_keys", Path(__file__).parent, ("keys.js",))


def listen_for_keys() -> None:
    """Mount the listener; it draws nothing.

    Without it a chosen verdict swallows Ctrl+Enter, and the comment takes the first press for
    itself.
    """
    _component(key="page-keys")
