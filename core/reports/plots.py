"""Plots of a document in its PDF, drawn as lines: sharp at any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.language.words import tr
from core.reports.pdf import INK, LINE_MM, MARGIN_MM, QUIET, RULE, SMALL_PT, TABLE_PT, DocumentPages

GAP_MM, TICKS_MM, MARK_MM = 3.0, 8.0, 1.1
SAMPLE_MM, ENTRY_MM = 8.0, 26.0
DASHES_MM = {"solid": (), "dash": (1.8, 1.2), "dot": (0.5, 0.9), "dashdot": (1.8, 0.9, 0.5, 0.9)}
"""Lengths of a stroke and the gap behind it, by the names that plotly has for them."""


@dataclass(frozen=True, slots=True)
class Axis:
    """What one direction of a plot measures.

    Attributes
    ----------
    ticks : tuple of (float, str)
        Where a line is drawn, and what it is called.
    """

    title: str
    start: float
    end: float
    ticks: tuple[tuple[float, str], ...]

    def share(self, value: float) -> float:
        """Return how far along the axis a value lies, 0 at its start and 1 at its end."""
        return (value - self.start) / (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot.

    Attributes
    ----------
    name : str
        In the key above the plots; empty for a line that only guides the eye.
    colour : tuple of int
        Red, green and blue.
    dash : str
        One of `DASHES_MM`.
    bars : tuple of (float, float, float)
        Intervals that stand on the line: across, and the two ends upwards.
    """

    name: str
    colour: tuple[int, int, int]
    points: tuple[tuple[float, float], ...]
    dash: str = "solid"
    mark: tuple[float, float] | None = None
    bars: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A square with lines."""

    title: str
    across: Axis
    upwards: Axis
    lines: tuple[Line, ...]


def draw_plots(pages: DocumentPages, plots: Sequence[Plot]) -> None:
    """Draw plots beside each other, and above them once which line is whose."""
    side = (pages.epw - GAP_MM * (len(plots) - 1)) / len(plots) - TICKS_MM
    named = {line.name: line for plot in plots for line in plot.lines if line.name}
    in_row = int(pages.epw // ENTRY_MM)
    rows = -(-len(named) // in_row)
    if pages.will_page_break(LINE_MM * (rows + 4) + side):
        pages.add_page()
    for place, line in enumerate(named.values()):
        _draw_entry(pages, line, place % in_row)
        if place % in_row == in_row - 1 or place == len(named) - 1:
            pages.set_xy(MARGIN_MM, pages.get_y() + LINE_MM)
    top = pages.get_y() + 1.0
    for place, plot in enumerate(plots):
        left = MARGIN_MM + TICKS_MM + place * (side + TICKS_MM + GAP_MM)
        _draw_plot(pages, plot, left, top, side)
    pages.set_xy(MARGIN_MM, top + side + 4.4 * LINE_MM)


def _draw_entry(pages: DocumentPages, line: Line, column: int) -> None:
    left, middle = MARGIN_MM + 1.0 + column * ENTRY_MM, pages.get_y() + LINE_MM / 2.0
    _take_pen(pages, line)
    pages.line(left, middle, left + SAMPLE_MM - 1.5, middle)
    pages.set_dash_pattern()
    top = pages.get_y()
    pages.set_xy(left + SAMPLE_MM - 1.0, top)
    pages.write_in(TABLE_PT, INK)
    pages.cell(ENTRY_MM - SAMPLE_MM, LINE_MM, pages.drawable(tr(line.name)))
    pages.set_xy(MARGIN_MM, top)


def _draw_plot(pages: DocumentPages, plot: Plot, left: float, top: float, side: float) -> None:
    pages.write_in(TABLE_PT, INK, "B")
    pages.set_xy(left, top)
    pages.cell(side, LINE_MM, tr(plot.title))
    pages.write_in(SMALL_PT, QUIET)
    pages.set_xy(left, top + LINE_MM)
    pages.cell(side, LINE_MM, tr("upwards: {measure}", measure=tr(plot.upwards.title)))
    top += 2.2 * LINE_MM

    def place(across: float, upwards: float) -> tuple[float, float]:
        share = plot.across.share(across), plot.upwards.share(upwards)
        return left + side * share[0], top + side * (1.0 - share[1])

    _draw_ticks(pages, plot, left, top, side)
    with pages.rect_clip(left, top, side, side):
        for line in plot.lines:
            _draw_line(pages, line, [place(*point) for point in line.points])
            for across, low, high in line.bars:
                pages.set_line_width(0.15)
                pages.line(*place(across, low), *place(across, high))
    for line in plot.lines:
        if line.mark is not None:
            x, y = place(*line.mark)
            pages.set_fill_color(*line.colour)
            corners = ((x, y - MARK_MM), (x + MARK_MM, y), (x, y + MARK_MM), (x - MARK_MM, y))
            pages.polygon(corners, style="F")


def _draw_ticks(pages: DocumentPages, plot: Plot, left: float, top: float, side: float) -> None:
    pages.write_in(SMALL_PT, QUIET)
    pages.set_draw_color(*RULE)
    pages.set_line_width(0.15)
    bottom = top + side
    for value, word in plot.across.ticks:
        x = left + side * plot.across.share(value)
        pages.line(x, top, x, bottom)
        pages.set_xy(x - 8.0, bottom + 0.6)
        pages.cell(16.0, LINE_MM, tr(word), align="C")
    for value, word in plot.upwards.ticks:
        y = bottom - side * plot.upwards.share(value)
        pages.line(left, y, left + side, y)
        pages.set_xy(left - TICKS_MM - 1.0, y - LINE_MM / 2.0)
        pages.cell(TICKS_MM, LINE_MM, tr(word), align="R")
    pages.set_xy(left, bottom + 0.6 + LINE_MM)
    pages.cell(side, LINE_MM, tr(plot.across.title), align="C")


def _draw_line(pages: DocumentPages, line: Line, points: Sequence[tuple[float, float]]) -> None:
    _take_pen(pages, line)
    pages.polyline(points)
    pages.set_dash_pattern()


def _take_pen(pages: DocumentPages, line: Line) -> None:
    pages.set_draw_color(*line.colour)
    pages.set_line_width(0.4 if line.name else 0.2)
    lengths = DASHES_MM[line.dash]
    if lengths:
        pages.set_dash_pattern(dash=lengths[0], gap=lengths[1])
