"""The catalogue of a language: what each English text is called in it (gettext)."""

from __future__ import annotations

from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from core.language.current import ENGLISH

if TYPE_CHECKING:  # Babel is loaded where another language than English is spoken
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).with_name("catalogues")


def path_of(language: str) -> Path:
    """Return the file of a language's catalogue."""
    return FOLDER / f"{language}.po"


def read_catalogue(language: str) -> Catalog:
    """Return what stands in the file of a language."""
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


@lru_cache
def translations(language: str) -> NullTranslations:
    """Return the texts of a language; those of English are the source's own."""
    if language == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415

    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    compiled.seek(0)
    return GNUTranslations(compiled)
