"""Declare a component of this app from the files beside its module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_MOUNTING = Path(__file__).with_name("mounting.js")


def declare(
    name: str, folder: Path, scripts: Sequence[str], page: str | None = None
) -> Callable[..., Any]:
    """Return a Streamlit component, each element of which is opened and closed once.

    Parameters
    ----------
    name : str
        Unique in the app.
    folder : Path
        Where its files lie.
    scripts : sequence of str
        Files that form its module, one after the other. Its default export is
        ``mounting(open, selector)``, see mounting.js.
    page : str or None
        Name of the .html and the .css file, without their endings; None draws nothing.
    """

    def read(*names: str) -> str:
        return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)

    module = f"{_MOUNTING.read_text(encoding='utf-8')}\n{read(*scripts)}"
    if page is None:
        return st.components.v2.component(name, js=module)
    return st.components.v2.component(
        name, html=read(f"{page}.html"), css=read(f"{page}.css"), js=module
    )
