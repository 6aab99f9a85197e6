"""Which language is spoken now: what a piece of work was given, else what the visitor chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ENGLISH = "en"
"""The language of the source, which needs no catalogue."""
LANGUAGES = {ENGLISH: "English", "es": "Español"}
"""Each by its ISO 639-1 code, with its own name for itself."""

_given: ContextVar[str] = ContextVar("language", default="")
_sources: list[Callable[[], str]] = []


def current_language() -> str:
    """Return the code of the language that is spoken now; English where nobody chose one."""
    given = _given.get()
    if given:
        return given
    for source in _sources:
        if (chosen := source()) in LANGUAGES:
            return chosen
    return ENGLISH


@contextmanager
def using(language: str) -> Iterator[None]:
    """Speak this language inside; another thread that is started inside does not."""
    token = _given.set(language if language in LANGUAGES else ENGLISH)
    try:
        yield
    finally:
        _given.reset(token)


def ask(source: Callable[[], str]) -> None:
    """Ask this from now on which language the visitor chose; it returns "" if it knows of none."""
    _sources[:] = [source]


def best_of(wished: str) -> str:
    """Return the language that fits a locale such as ``es-MX`` best; "" if there is none."""
    code = wished.replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else ""
