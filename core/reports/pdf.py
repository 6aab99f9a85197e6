"""A document as PDF, with its typeface inside, so that every character is there on any machine."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, cast

from fpdf import FPDF
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace, TTFFont
from fpdf.util import Padding

from core.domain.rate import rate_text
from core.language.current import current_language
from core.language.numbers import number
from core.language.words import tr
from core.reports.document import Block, Bullets, Document, Intervals, MeasuredRow, Paragraph, Table
from core.reports.typefaces import find_for, find_typefaces, own_characters

FAMILY = "DejaVu"
MARGIN_MM, LINE_MM, ROW_MM, RATE_MM = 16.0, 4.2, 5.0, 4.0
TITLE_PT, HEADING_PT, TEXT_PT, TABLE_PT, SMALL_PT = 16.0, 11.0, 8.5, 7.2, 7.0
IN_SHORT, IN_SHORT_PT = "short", 9.6
LEADING_MM_PER_PT = 0.514
LABEL_MM, VALUE_MM, PLOT_PAD_MM = 66.0, 44.0, 3.0
INK, QUIET, RULE = (25, 28, 32), (105, 110, 118), (200, 203, 207)
FOR_MEASURE = {"Sensitivity": (200, 106, 28), "Specificity": (42, 100, 150)}


class Pages(FPDF):
    """Pages of A4 with a title and the typeface inside.

    Parameters
    ----------
    margin_mm : float
        At the left, the top and the right.

    Raises
    ------
    ModelError
        If the typeface is not there.
    """

    def __init__(self, title: str, *, landscape: bool = False, margin_mm: float) -> None:
        super().__init__(orientation="landscape" if landscape else "portrait", format="A4")
        for style, path in find_typefaces().items():
            self.add_font(FAMILY, style, path)
        self._drawn = own_characters()
        self._fallbacks: tuple[str, ...] = ()
        self.set_margin(margin_mm)
        self.set_title(title)

    def take_typefaces_for(self, text: str) -> None:
        """Take typefaces of this machine into the file for what DejaVu Sans does not draw."""
        paths, drawn = find_for(frozenset(filter(str.isprintable, text)) - self._drawn)
        if not paths:
            return
        for path in paths:
            if path.stem not in self._fallbacks:
                self.add_font(path.stem, "", path)
                self._fallbacks += (path.stem,)
        self._drawn |= drawn
        self.set_fallback_fonts(self._fallbacks, exact_match=False)

    def drawable(self, text: str) -> str:
        """Return text on one line, a character that no typeface draws by its code."""
        return "".join(
            letter if letter in self._drawn else f"[U+{ord(letter):04X}]"
            for letter in " ".join(text.split())
        )

    def finish(self) -> bytes:
        """Return the file, and close the typefaces, which stay open otherwise."""
        try:
            return bytes(self.output())
        finally:
            self.close_typefaces()

    def close_typefaces(self) -> None:
        """Close the typefaces of a file that nobody wants any more."""
        for typeface in self.fonts.values():
            if isinstance(typeface, TTFFont):
                typeface.ttfont.close()

    def write_table(
        self, rows: Iterable[Sequence[str]], widths: Sequence[float], line_mm: float, **looks: Any
    ) -> None:
        """Write rows with a line between them; the first one is the head."""
        with self.table(
            col_widths=tuple(widths),
            line_height=line_mm,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD"),
            text_align="LEFT",
            **looks,
        ) as table:
            for cells in rows:
                row = table.row()
                for cell in cells:
                    row.cell(cell)

    def row_mm(self, cells: Sequence[str], widths: Sequence[float], line_mm: float) -> float:
        """Return how high `write_table` draws a row, which is that of the cell with most lines."""
        share_mm = self.epw / sum(widths)
        lines = [
            self.multi_cell(width * share_mm, line_mm, cell, dry_run=True, output="LINES")
            for cell, width in zip(cells, widths, strict=True)
        ]
        return line_mm * max(len(cast("list[str]", of_cell)) for of_cell in lines)


class DocumentPages(Pages):
    """Pages with the document's title and number at their foot, in the current language."""

    def __init__(self, title: str) -> None:
        super().__init__(title, margin_mm=MARGIN_MM)
        self._title = title
        self.set_lang(current_language())

    def footer(self) -> None:
        """Write the line at the foot of a page."""
        self.set_y(-MARGIN_MM + 4.0)
        self.write_in(SMALL_PT, QUIET)
        foot = tr(
            "{title}, page {page} of {pages}", title=self._title, page=self.page_no(), pages="{nb}"
        )
        self.cell(0.0, LINE_MM, foot, align="R")

    def write_in(self, size_pt: float, ink: tuple[int, int, int], style: str = "") -> None:
        """Choose size, ink and weight."""
        self.set_font(FAMILY, style, size_pt)
        self.set_text_color(*ink)

    def say(self, text: str, indent_mm: float = 0.0) -> None:
        """Write text over the whole line, from an indent on."""
        self.set_x(MARGIN_MM + indent_mm)
        self.multi_cell(self.epw - indent_mm, LINE_MM, tr(text), align="L")
        self.set_x(MARGIN_MM)


def write_pdf(
    document: Document,
    pictures: Mapping[str, Callable[[DocumentPages], None]] | None = None,
    own_pages: Collection[str] = (),
) -> bytes:
    """Return a document as PDF, in the current language.

    Parameters
    ----------
    pictures : mapping of str to callable, optional
        By the key of a section, what draws the picture below its heading.
    own_pages : collection of str
        Keys of sections that begin a page.

    Raises
    ------
    ModelError
        If the typeface is not there.
    """
    title = tr(document.title)
    pages = DocumentPages(title)
    pages.add_page()
    pages.write_in(TITLE_PT, INK, "B")
    pages.multi_cell(0.0, 8.0, title, align="L", new_x="LMARGIN", new_y="NEXT")
    pages.write_in(TEXT_PT, INK)
    pages.say(document.summary)
    pages.ln(1.5)
    for notice in document.notices:
        _draw_notice(pages, notice)
    for section in document.sections:
        if section.key in own_pages:
            pages.add_page()
        _start_section(pages, tr(section.heading))
        in_short = section.key == IN_SHORT
        if pictures and section.key in pictures:
            pictures[section.key](pages)
        for block in section.blocks:
            _draw(pages, block, IN_SHORT_PT if in_short else TABLE_PT)
        if in_short:  # the first page stands by itself, in larger type
            pages.add_page()
    return pages.finish()


def _draw_notice(pages: DocumentPages, notice: str) -> None:
    top = pages.get_y()
    pages.write_in(TEXT_PT, INK, "B")
    pages.say(notice, indent_mm=3.0)
    pages.set_draw_color(*FOR_MEASURE["Sensitivity"])
    pages.set_line_width(0.8)
    pages.line(MARGIN_MM + 0.8, top + 0.4, MARGIN_MM + 0.8, pages.get_y() - 0.4)
    pages.ln(1.2)


def _start_section(pages: DocumentPages, heading: str) -> None:
    if pages.will_page_break(22.0):  # a heading never stands alone at the foot of a page
        pages.add_page()
    pages.ln(2.2)
    pages.write_in(HEADING_PT, INK, "B")
    pages.start_section(heading)
    pages.cell(0.0, 6.0, heading, new_x="LMARGIN", new_y="NEXT")
    pages.ln(0.6)


def _draw(pages: DocumentPages, block: Block, table_pt: float) -> None:
    pages.write_in(TEXT_PT, INK)
    if isinstance(block, Paragraph):
        pages.say(block.text)
    elif isinstance(block, Bullets):
        for item in block.items:
            pages.set_x(MARGIN_MM + 1.0)
            pages.cell(3.0, LINE_MM, "•")
            pages.say(item, indent_mm=4.0)
    elif isinstance(block, Table):
        _draw_table(pages, block, table_pt)
    else:
        _draw_intervals(pages, block)
    pages.ln(1.4)


def _draw_table(pages: DocumentPages, block: Table, size_pt: float) -> None:
    pages.write_in(size_pt, INK)
    pages.set_draw_color(*RULE)
    pages.set_fill_color(255)  # a cell takes the colour that was filled with last
    pages.set_line_width(0.15)
    pages.write_table(
        [[tr(cell) for cell in row] for row in (block.head, *block.rows)],
        block.widths,
        LEADING_MM_PER_PT * size_pt,
        padding=(0.7, 1.0, 0.7, 0.0),
        v_align="TOP",
    )


def _draw_intervals(pages: DocumentPages, block: Intervals) -> None:
    """Draw each part's rates below each other, its name before and their numbers behind them."""
    left = MARGIN_MM + LABEL_MM + PLOT_PAD_MM
    width = pages.epw - LABEL_MM - VALUE_MM - 2.0 * PLOT_PAD_MM
    _head_intervals(pages, block, left, width)
    for part, rows in block.by_part().items():
        if pages.will_page_break(RATE_MM * len(rows)):
            pages.add_page()
            _head_intervals(pages, block, left, width)
        top = pages.get_y()
        bottom = max(_write_part(pages, part), top + RATE_MM * len(rows) + 1.0)
        for turn, row in enumerate(rows):
            line = top + RATE_MM * turn
            _draw_interval(pages, row, block.start, left, width, line + RATE_MM / 2.0)
            pages.set_xy(left + width + PLOT_PAD_MM, line)
            pages.write_in(TABLE_PT, INK)
            pages.cell(VALUE_MM, RATE_MM, tr(rate_text(row.rate)))
        pages.set_xy(MARGIN_MM, bottom)


def _write_part(pages: DocumentPages, part: str) -> float:
    """Write the name of a part, and return where it ends."""
    pages.write_in(TABLE_PT, INK)
    padding = Padding(top=0.65, bottom=0.65)
    pages.multi_cell(LABEL_MM, ROW_MM - 1.3, tr(part), align="L", padding=padding)
    return pages.get_y()


def _head_intervals(pages: DocumentPages, block: Intervals, left: float, width: float) -> None:
    top = pages.get_y()
    for measure in block.measures:
        pages.write_in(TABLE_PT, FOR_MEASURE.get(measure, INK), "B")
        pages.cell(24.0, ROW_MM, tr(measure))
    pages.write_in(SMALL_PT, QUIET)
    for share in (0.0, 0.5, 1.0):
        pages.set_xy(left + share * width - 5.0, top)
        pages.cell(10.0, ROW_MM, number(block.start + share * (1.0 - block.start), "g"), align="C")
    pages.set_xy(left + width + PLOT_PAD_MM, top)
    pages.cell(VALUE_MM, ROW_MM, tr("axis from {start:g} to 1", start=block.start))
    pages.set_xy(MARGIN_MM, top + ROW_MM)


def _draw_interval(
    pages: DocumentPages, row: MeasuredRow, start: float, left: float, width: float, middle: float
) -> None:
    def across(share: float) -> float:
        return left + width * (share - start) / (1.0 - start)

    pages.set_line_width(0.15)
    pages.set_draw_color(*RULE)
    pages.line(left, middle, left + width, middle)
    ink = FOR_MEASURE.get(row.measure, INK)
    pages.set_draw_color(*ink)
    pages.set_fill_color(*ink)
    pages.set_line_width(0.6)
    pages.line(across(row.rate.low), middle, across(row.rate.high), middle)
    pages.circle(across(row.rate.value), middle, 0.95, style="D" if row.out_of_population else "F")
