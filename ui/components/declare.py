"""Declare a component of this app from the files beside its module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from core.language.catalogue import translations
from core.language.current import ENGLISH, current_language

_SHARED = tuple(
    Path(__file__).with_name(name) for name in ("language.js", "mounting.js", "drafts.js")
)


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

    module = "\n".join([*(file.read_text(encoding="utf-8") for file in _SHARED), read(*scripts)])
    drawn = {} if page is None else {"html": read(f"{page}.html"), "css": read(f"{page}.css")}
    component = st.components.v2.component(name, js=module, **drawn)
    spoken = tuple(folder / file for file in (*scripts, *([f"{page}.html"] if page else [])))

    def call(*, data: Any = None, **others: Any) -> Any:
        language = current_language()
        if isinstance(data, Mapping):
            words = _words_of(spoken, language)
            data = {**data, "language": language, "translations": words}
        return component(data=data, **others)

    return call


@cache
def _words_of(files: tuple[Path, ...], language: str) -> dict[str, list[str]]:
    """Return what a component says in another language: of one thing, and of more."""
    if language == ENGLISH:
        return {}
    from core.language.extraction import messages_in  # noqa: PLC0415

    known, words = translations(language), {}
    for message in (message for file in files for _, message in messages_in(file)):
        if isinstance(message, tuple):
            one, many = message
            words[one] = [known.ngettext(one, many, 1), known.ngettext(one, many, 2)]
        else:
            words[message] = [known.gettext(message)]
    return words
