"""``python -m core catalogues``: bring the languages' catalogues to the words of the source."""

from __future__ import annotations

import typer

from core.language.catalogue import path_of
from core.language.current import LANGUAGES
from core.language.extraction import update_catalogues


def catalogues() -> None:
    """Bring the catalogues of all languages to the words of the source, and say what they lack."""
    for language, lacking in update_catalogues().items():
        typer.echo(
            f"{LANGUAGES[language]}: {lacking} texts lack a translation, {path_of(language)}"
        )
