"""Let Ctrl+Enter reach the page from every field."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "first_read_keys", js=Path(__file__).with_name("keys.js").read_text(encoding="utf-8")
)


def listen_for_keys() -> None:
    """Mount the listener; it draws nothing.

    Without it a chosen verdict swallows Ctrl+Enter, and the comment takes the first press for
    itself.
    """
    _component(key="page-keys")
