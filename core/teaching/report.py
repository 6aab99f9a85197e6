"""A teaching session as a PDF: figures with intervals, then one line a film; no picture."""

from __future__ import annotations

from typing import Final

from core import __version__
from core.errors import ModelError, TeachingError
from core.reports.pdf import FAMILY, Pages
from core.teaching.outcomes import outcomes_of, summarise
from core.teaching.session import Course
from core.teaching.text import FIGURES_NOTE, describe_outcome, describe_plan, describe_summary

NOT_FOR_DIAGNOSIS: Final = (
    "First Read is an initial reviewer and a learning tool. It is not a medical device and never a "
    "diagnosis. These figures describe one reader on these films."
)
FILM_WIDTHS: Final = (44, 40, 34, 20, 42, 32, 34, 14)
"""Of the table's columns, in mm; together they fill a landscape A4 page."""


def session_as_pdf(course: Course) -> bytes:
    """Return a session's summary as a PDF of landscape A4 pages, its font embedded.

    Raises
    ------
    TeachingError
        If nothing was read yet, or the font is not installed.
    """
    outcomes = outcomes_of(course)
    if not outcomes:
        raise TeachingError("No film of this session was read yet: read one first.")
    session = course.session
    document = _new_document(session.session_id, session.started_at.strftime("%Y-%m-%d"))
    _write_line(document, f"Teaching session of {session.reader}", size=17)
    read = f"{len(outcomes)} of {len(course.films)} films read"
    begun = f"{session.started_at:%Y-%m-%d %H:%M} UTC"
    _write_line(document, f"{begun} \u00b7 {describe_plan(session.plan)} \u00b7 {read}", size=9)
    document.ln(3)
    figures = describe_summary(summarise(outcomes), with_model=session.plan.with_model)
    for name, words in figures.items():
        document.cell(75, 6, name)
        document.cell(0, 6, words, new_x="LMARGIN", new_y="NEXT")
    _write_line(document, FIGURES_NOTE, size=8)
    document.ln(4)
    films = [describe_outcome(one) for one in outcomes]
    document.set_font(FAMILY, size=8)
    document.write_table([[*films[0]], *([*film.values()] for film in films)], FILM_WIDTHS, 5.0)
    document.ln(3)
    _write_line(document, NOT_FOR_DIAGNOSIS, size=8)
    return document.finish()


def _new_document(session_id: str, day: str) -> Pages:
    title = f"First Read teaching session {session_id[:8]}, {day}"
    try:
        document = Pages(title, landscape=True, margin_mm=15.0)
    except ModelError as exc:
        raise TeachingError(
            "The font DejaVu Sans is not installed, so no PDF can be written: reinstall "
            "requirements.txt."
        ) from exc
    document.set_creator(f"First Read {__version__}")
    document.add_page()
    return document


def _write_line(document: Pages, words: str, *, size: int) -> None:
    document.set_font(FAMILY, size=size)
    document.multi_cell(0, size * 0.52, words, new_x="LMARGIN", new_y="NEXT")
    document.set_font(FAMILY, size=10)
