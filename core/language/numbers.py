"""Numbers, days and times as the current language writes them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from numbers import Real
from string import Formatter
from typing import Any

from core.language.current import ENGLISH, current_language

# Babel is loaded where another language than English is spoken.


@lru_cache
def _signs(language: str) -> dict[int, str]:
    """Return what takes the place of the signs in Python's way to write a number."""
    from babel import Locale  # noqa: PLC0415

    no_break = "\N{NO-BREAK SPACE}"
    space = no_break if no_break in Locale.parse(language).percent_formats[None].pattern else ""
    decimal, group = separators(language)
    return str.maketrans({".": decimal, ",": group, "%": f"{space}%"})


def separators(language: str) -> tuple[str, str]:
    """Return the signs before decimals and between thousands."""
    if language == ENGLISH:
        return ".", ","
    from babel.numbers import get_decimal_symbol, get_group_symbol  # noqa: PLC0415

    return get_decimal_symbol(language), get_group_symbol(language)


def number(value: float, spec: str = "") -> str:
    """Return a number as ``format(value, spec)`` has it, with the signs of the language."""
    text = format(value, spec)
    language = current_language()
    return text if language == ENGLISH else text.translate(_signs(language))


def day_text(day: date) -> str:
    """Return a day: ``2026-11-28`` in English, ``28 nov 2026`` in Spanish."""
    language = current_language()
    if language == ENGLISH:
        return f"{day:%Y-%m-%d}"
    from babel.dates import format_date  # noqa: PLC0415

    return str(format_date(day, "d MMM y", locale=language))


def time_text(moment: datetime) -> str:
    """Return day and minute: ``2026-11-28 14:03`` in English, ``28 nov 2026, 14:03`` in Spanish."""
    language = current_language()
    if language == ENGLISH:
        return f"{moment:%Y-%m-%d %H:%M}"
    from babel.dates import format_datetime  # noqa: PLC0415

    return str(format_datetime(moment, "d MMM y, HH:mm", locale=language))


class LocalFormatter(Formatter):
    """Fills a text's fields as ``str.format`` does; numbers have the signs of the language."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return one field; other things than numbers as they are."""
        if not isinstance(value, Real) or isinstance(value, bool):
            return str(super().format_field(value, format_spec))
        plain = isinstance(value, int) and not ("," in format_spec or format_spec[-1:] in "feg%n")
        return format(value, format_spec) if plain else number(value, format_spec)  # type: ignore[arg-type]
