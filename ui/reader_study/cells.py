"""Figures of a study as they stand in a table."""

from __future__ import annotations

from math import isnan

from core.domain.rate import Rate, interval_text
from core.language.numbers import number
from core.language.words import tr

NO_FIGURE = ""


def rate_cell(rate: Rate, digits: int = 2) -> str:
    """Return a rate with its interval, alone where none can be given; empty where it is nan."""
    if isnan(rate.value):
        return NO_FIGURE
    if isnan(rate.low):
        return number(rate.value, f".{digits}f")
    return tr(interval_text(rate, digits))
