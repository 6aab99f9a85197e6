"""How figures stand in tables: the interval quieter than the value."""

from __future__ import annotations


def dimmed(figure: str) -> str:
    """Return a value with its interval in grey, for a table that reads Markdown.

    Parameters
    ----------
    figure : str
        Such as ``0.50 (0.09 to 0.91, n = 2)``; words without an interval stay as they are.
    """
    value, gap, interval = figure.partition(" (")
    counted = bool(gap) and value.replace(".", "", 1).isdigit()
    together = interval.replace(" = ", "\u00a0=\u00a0")  # the number of films stays on one line
    return f"{value} :gray[({together}]" if counted else figure
