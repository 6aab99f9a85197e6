"""A teaching session as a PDF: figures with intervals, films to review, a line for each film."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core import __version__
from core.domain.mark import Mark
from core.errors import ModelError, TeachingError
from core.language.lists import said_rows
from core.language.numbers import day_text, time_text
from core.language.words import Message, msg, tr, trn
from core.reports.pdf import FAMILY, RULE, Pages
from core.teaching.outcomes import Outcome, outcomes_of, summarise
from core.teaching.session import Course
from core.teaching.text import (
    FIGURES_NOTE,
    TIME,
    TO_REVIEW,
    describe_outcomes,
    describe_plan,
    describe_summary,
    model_text,
    read_and_reference,
)

NOT_FOR_DIAGNOSIS: Final = msg(
    "First Read is an initial reviewer and a learning tool. It is not a medical device and never a "
    "diagnosis. These figures describe one reader on these films."
)
LEGEND: Final = msg("Yellow: your marks. Green: the lesion's outline, or a radiologist's box.")
NUMBER: Final = msg("No.")
FILM_WIDTHS: Final = {
    NUMBER: 11,
    "Film": 44,
    "Reference": 38,
    "Your read": 34,
    "Blind read": 20,
    "Mark": 52,
    "Model": 32,
    "After the model": 34,
    "Time": 17,
}
"""Of the table's columns, in proportion: together they fill the page."""


GAP_MM, PICTURE_MM, CAPTION_MM = 5.0, 62.0, 3.6
"""Between pictures, of a picture at most, and of a line below it."""

LEAST_PICTURE_MM, CAPTIONS_MM = 38.0, 5.0 * CAPTION_MM
"""Of a picture at least, so that one more row stands on the page, and of all lines below it."""

ROW_MM, FOOT_MM, TOGETHER = 5.0, 3.0, 3
"""Of the table; from its end to the foot; rows at least on a page that it goes on to."""

IN_A_ROW = 4
MARK, LESION = (255, 214, 10), (90, 200, 120)


@dataclass(frozen=True, slots=True)
class DrawnFilm:
    """A film as the PDF shows it.

    Attributes
    ----------
    number : int
        In the session, from 1.
    picture : bytes
        A JPEG with the lesion's outline; empty where there is none.
    sides : (int, int)
        Height and width of the film, in any unit.
    boxes : tuple of Mark
        Radiologists' boxes.
    why_none : str
        Why there is no picture.
    """

    number: int
    outcome: Outcome
    picture: bytes = b""
    sides: tuple[int, int] = (1, 1)
    boxes: tuple[Mark, ...] = ()
    why_none: str = ""


def session_as_pdf(course: Course, to_review: Sequence[DrawnFilm] = ()) -> bytes:
    """Return a session's summary as a PDF of landscape A4 pages, its font embedded.

    Raises
    ------
    TeachingError
        If nothing was read yet, or the font is not installed.
    """
    outcomes = outcomes_of(course)
    if not outcomes:
        raise TeachingError(msg("No film of this session was read yet: read one first."))
    session = course.session
    document = _new_document(session.session_id, day_text(session.started_at))
    _write_line(document, tr("Teaching session of {reader}", reader=session.reader), size=17)
    read = trn(
        "{read} of {n} film read", "{read} of {n} films read", len(course.films), read=len(outcomes)
    )
    begun = f"{time_text(session.started_at)} UTC"
    _write_line(document, f"{begun} \u00b7 {tr(describe_plan(session.plan))} \u00b7 {read}", size=9)
    document.ln(3)
    figures = describe_summary(summarise(outcomes), with_model=session.plan.with_model)
    _write_figures(document, figures)
    _write_line(document, tr(FIGURES_NOTE), size=8)
    document.ln(3)
    _draw_to_review(document, to_review)
    _write_films(document, course, outcomes)
    return document.finish()


class SessionPages(Pages):
    """Pages that say at their foot what the figures are not."""

    def footer(self) -> None:
        """Write the lines at the foot of a page."""
        self.set_y(FOOT_MM - self.b_margin)
        self.set_font(FAMILY, size=7)
        page = tr("Page {page} of {pages}.", page=self.page_no(), pages="{nb}")
        of_cells, self.c_margin = self.c_margin, 0.0  # a table's may be in force
        self.multi_cell(
            0, CAPTION_MM, f"{tr(NOT_FOR_DIAGNOSIS)} {page}", new_x="LMARGIN", new_y="NEXT"
        )
        self.c_margin = of_cells


def _write_figures(document: Pages, figures: Mapping[Message, Message]) -> None:
    """Write the figures in two columns, so that the films to review begin on the same page."""
    rows = list(figures.items())
    half, top = -(-len(rows) // 2), document.get_y()
    for place, (name, words) in enumerate(rows):
        column, line = divmod(place, half)
        document.set_xy(document.l_margin + column * document.epw / 2.0, top + 5.0 * line)
        document.cell(78, 5.0, tr(name))
        document.cell(0, 5.0, tr(words))
    document.set_xy(document.l_margin, top + 5.0 * half + 1.0)


def _write_films(document: Pages, course: Course, outcomes: Sequence[Outcome]) -> None:
    """Write a line for each film; a column that says nothing of any film is left out."""
    _write_heading(document, tr("All films"), needed_mm=20.0)
    document.set_font(FAMILY, size=8)
    document.set_draw_color(*RULE)
    document.set_line_width(0.15)
    read = [place for place, film in enumerate(course.films, start=1) if film.read is not None]
    films: list[dict[Message, str | int | None]] = [
        {NUMBER: number, **row}
        for number, row in zip(read, describe_outcomes(outcomes), strict=True)
    ]
    widths = [FILM_WIDTHS[name] for name in films[0]]
    heads = [tr("Time (s)") if name == TIME else tr(name) for name in films[0]]
    rows = [
        ["" if cell is None else str(cell) for cell in film.values()] for film in said_rows(films)
    ]
    document.c_margin = 1.0
    while rows:
        fitting = _rows_fitting(document, heads, rows, widths)
        left = len(rows) - fitting
        if 0 < left < TOGETHER:
            fitting = max(0, len(rows) - TOGETHER)
        if fitting:
            document.write_table([heads, *rows[:fitting]], widths, ROW_MM)
        rows = rows[fitting:]
        if rows:
            document.add_page()
    document.c_margin = 0.0


def _rows_fitting(
    document: Pages, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]
) -> int:
    """Return how many rows stand on what is left of the page, below their head."""
    free_mm = document.page_break_trigger - document.get_y()
    free_mm -= document.row_mm(heads, widths, ROW_MM)
    for place, row in enumerate(rows):
        free_mm -= document.row_mm(row, widths, ROW_MM)
        if free_mm < 0.0:
            return place
    return len(rows)


# --- the films to review --------------------------------------------------------------------------


def _draw_to_review(document: Pages, to_review: Sequence[DrawnFilm]) -> None:
    """Draw the films in rows, each row as high as its highest picture."""
    if not to_review:
        return
    width = (document.epw - GAP_MM * (IN_A_ROW - 1)) / IN_A_ROW
    least_mm, most_mm = LEAST_PICTURE_MM + CAPTIONS_MM, PICTURE_MM
    for start in range(0, len(to_review), IN_A_ROW):
        row = to_review[start : start + IN_A_ROW]
        if start == 0:
            _write_heading(document, tr(TO_REVIEW), needed_mm=least_mm)
            _write_line(document, tr(LEGEND), size=8)
            document.ln(1.5)
            most_mm = _highest_mm(document, len(to_review))
        elif document.will_page_break(least_mm):
            document.add_page()
            most_mm = _highest_mm(document, len(to_review) - start)
        sizes = [_size_of(film, width, most_mm) for film in row]
        picture_mm = max(height for _, height in sizes)
        needed = picture_mm + CAPTIONS_MM
        top = document.get_y()
        for place, (film, size) in enumerate(zip(row, sizes, strict=True)):
            left = document.l_margin + place * (width + GAP_MM)
            _draw_film(document, film, (left, top, width, picture_mm), size)
        document.set_xy(document.l_margin, top + needed)


def _highest_mm(document: Pages, films: int) -> float:
    """Return how high a picture may be, so that rows of them fill what is left of the page."""
    free_mm = document.page_break_trigger - document.get_y()
    fitting = int(free_mm // (LEAST_PICTURE_MM + CAPTIONS_MM))
    rows = max(1, min(-(-films // IN_A_ROW), fitting))
    return min(PICTURE_MM, free_mm / rows - CAPTIONS_MM)


def _size_of(film: DrawnFilm, width_mm: float, most_mm: float) -> tuple[float, float]:
    """Return width and height of a picture, in mm, the film's aspect ratio kept."""
    if not film.picture:
        return width_mm, 4.0 * CAPTION_MM
    height, width = film.sides
    scale = min(width_mm / width, most_mm / height)
    return width * scale, height * scale


def _draw_film(
    document: Pages,
    film: DrawnFilm,
    room: tuple[float, float, float, float],
    size: tuple[float, float],
) -> None:
    left, top, width, height = room
    if film.picture:
        place = (left, top, *size)
        name = tr("Film {number}", number=film.number)
        document.image(io.BytesIO(film.picture), *place, alt_text=name)
        document.set_line_width(0.4)
        document.set_draw_color(*LESION)
        for box in film.boxes:
            _draw_mark(document, place, box)
        document.set_draw_color(*MARK)
        for mark in film.outcome.read.marks:
            _draw_mark(document, place, mark)
    else:
        document.set_font(FAMILY, size=8)
        document.set_xy(left, top)
        document.multi_cell(width, CAPTION_MM, document.drawable(tr(film.why_none)), align="L")
    case = film.outcome.case
    model = tr("Model: {read}", read=model_text(case))
    document.set_font(FAMILY, "B", 8)
    document.set_xy(left, top + height + 0.8)
    document.cell(width, CAPTION_MM, tr("Film {number}", number=film.number))
    document.set_font(FAMILY, size=8)
    document.set_xy(left, top + height + 0.8 + CAPTION_MM)
    words = f"{tr(read_and_reference(film.outcome))}\n{model}"
    document.multi_cell(width, CAPTION_MM, words, align="L")


def _draw_mark(document: Pages, place: tuple[float, float, float, float], mark: Mark) -> None:
    left, top, width, height = place
    x, y = left + mark.left * width, top + mark.top * height
    if mark.is_point:
        document.circle(x, y, 1.2)
        document.line(x - 2.0, y, x + 2.0, y)
        document.line(x, y - 2.0, x, y + 2.0)
    else:
        document.rect(x, y, (mark.right - mark.left) * width, (mark.bottom - mark.top) * height)


def _write_heading(document: Pages, words: str, *, needed_mm: float) -> None:
    """Write a heading together with what comes below it."""
    if document.will_page_break(needed_mm + 8.0):
        document.add_page()
    document.set_font(FAMILY, "B", 11)
    document.cell(0, 6.5, words, new_x="LMARGIN", new_y="NEXT")
    document.set_font(FAMILY, size=10)


def _new_document(session_id: str, day: str) -> Pages:
    title = tr("First Read teaching session {session}, {day}", session=session_id[:8], day=day)
    try:
        document = SessionPages(title, landscape=True, margin_mm=15.0)
    except ModelError as exc:
        raise TeachingError(
            msg(
                "The font DejaVu Sans is not installed, so no PDF can be written: reinstall "
                "requirements.txt."
            )
        ) from exc
    document.set_creator(f"First Read {__version__}")
    document.c_margin = 0.0  # words begin where pictures do
    document.add_page()
    return document


def _write_line(document: Pages, words: str, *, size: int) -> None:
    document.set_font(FAMILY, size=size)
    document.multi_cell(0, size * 0.52, words, new_x="LMARGIN", new_y="NEXT")
    document.set_font(FAMILY, size=10)
