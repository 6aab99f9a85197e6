"""Let Ctrl+Enter reach the page from every choice; a field for text stores its text."""

from __future__ import annotations

from pathlib import Path

from ui.components.declare import declare

_component = declare("first_read_keys", Path(__file__).parent, ("keys.js",))


def listen_for_keys() -> None:
    """Mount the listener; it draws nothing.

    Without it a chosen verdict swallows Ctrl+Enter, and a button of the page takes it while a
    comment is written.
    """
    _component(key="page-keys")
