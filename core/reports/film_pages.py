"""Reports of signed reads as PDF, one A4 page a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import __version__
from core.domain.mark import Mark
from core.domain.model import AbstentionBand, Prediction
from core.imaging.film_pictures import AGAINST, FOR, film_picture
from core.language.current import current_language
from core.language.words import msg, tr
from core.reports.film_report import (
    CONFIDENCE_NOTE,
    DISCLAIMER,
    MODEL_LABEL,
    NOT_FOR_DIAGNOSIS,
    TITLE,
    FilmReport,
    ReportLine,
    report_lines,
    score_digits,
    signing_text,
    time_text,
    verdict_text,
    version_lines,
)
from core.reports.pdf import FAMILY, INK, QUIET, RULE, Pages

MARGIN_MM, FOOT_MM, GAP_MM, LABEL_MM = 14.0, 9.0, 6.0, 29.0
TITLE_PT, VERDICT_PT, CAPTION_PT, VERSION_PT = 12.0, 14.0, 6.8, 5.8
CAPTION_MM, VERSION_MM, SCALE_MM = 3.2, 2.7, 7.0
SCALE_WIDTH_MM = 70.0
MARK = (255, 214, 10)
"""Of what the reader marked."""

BAR_MM = 50.0
"""Of the scale on the film, at the detector."""

ALONE = 1.4
"""How much higher a picture may be that has no other beside it, so that the page is filled."""

WHOLE_IN_TEXT = msg("… (shortened: the text of this report has the whole comment)")


@dataclass(frozen=True, slots=True)
class _Fit:
    """How a page is filled: the height of its pictures, its type, and how long a comment may be."""

    picture_mm: float
    size_pt: float
    comment: int
    line: int = 10_000

    @property
    def row_mm(self) -> float:
        """Height of a line of type."""
        return self.size_pt * 0.47


FITS = (
    *(_Fit(98.0, 8.8, comment) for comment in (2_000, 900, 600)),
    *(_Fit(84.0, 7.8, comment) for comment in (2_000, 900, 600, 400)),
    *(_Fit(66.0, 7.2, comment) for comment in (900, 600, 400, 200)),
    *(_Fit(50.0, 6.5, comment, 600) for comment in (400, 200, 80)),
    _Fit(40.0, 6.0, 40, 200),
)
"""The first one with which a report takes a page is taken; the last one fits whatever is said."""


class ReportPages(Pages):
    """A PDF of reports, a page each, in the current language."""

    def __init__(self, title: str) -> None:
        super().__init__(title, margin_mm=MARGIN_MM)
        self.set_lang(current_language())
        self.set_creator(f"First Read {__version__}")
        self.set_auto_page_break(auto=False)
        self.c_margin = 0.0  # words begin where pictures do
        self._foot = ""

    def add_report(self, report: FilmReport) -> None:
        """Write a report on a page of its own."""
        rows, versions = report_lines(report)[1:], version_lines(report)
        made = tr("Report made {moment}.", moment=time_text(report.made_at))
        head = (report.named, report.reads.signed.reader, made, *_words(rows), *_words(versions))
        self.take_typefaces_for("".join(head))
        self._foot = made
        self.add_page()
        self._write_head(report)
        top = self.get_y()
        room = self.h - top - MARGIN_MM - FOOT_MM - VERSION_MM * len(versions)
        fit = next((one for one in FITS if self._height(report, rows, one) <= room), FITS[-1])
        self._draw_pictures(report, fit)
        self._write_rows(report, rows, fit)
        self.set_y(self.h - MARGIN_MM - FOOT_MM - VERSION_MM * len(versions))
        self._write_versions(versions)

    def footer(self) -> None:
        """Write the line at the foot of a page."""
        self.set_draw_color(*RULE)
        self.set_line_width(0.15)
        self.set_y(self.h - MARGIN_MM - FOOT_MM + 2.5)
        self.line(MARGIN_MM, self.get_y(), self.w - MARGIN_MM, self.get_y())
        self.ln(1.0)
        self._write_in(CAPTION_PT, QUIET)
        self._write_caption(tr(DISCLAIMER), self.epw)
        self.ln(CAPTION_MM)
        page = tr("Page {page} of {pages}.", page=self.page_no(), pages="{nb}")
        self._write_caption(f"{self._foot} {page}", self.epw)

    def _write_in(self, size_pt: float, ink: tuple[int, int, int], style: str = "") -> None:
        self.set_font(FAMILY, style, size_pt)
        self.set_text_color(*ink)

    @property
    def _left(self) -> float:
        """Return how much of the line is left."""
        return self.w - MARGIN_MM - self.get_x()

    def _write_caption(self, words: str, room_mm: float) -> None:
        """Write a caption on one line, smaller where a language needs more than its room."""
        size = CAPTION_PT
        while self.get_string_width(words) > room_mm and size > VERSION_PT:
            size -= 0.1
            self.set_font_size(size)
        self.cell(room_mm, CAPTION_MM, words)
        self.set_font_size(CAPTION_PT)

    def _write_head(self, report: FilmReport) -> None:
        """Write what is read first: of which film, what was signed, by whom, and what it is not."""
        self._write_in(8.0, INK, "B")
        warning = tr(NOT_FOR_DIAGNOSIS)
        width = self.get_string_width(warning) + 5.0
        self.set_draw_color(*INK)
        self.set_line_width(0.3)
        self.set_xy(self.w - MARGIN_MM - width, MARGIN_MM)
        self.cell(width, 6.0, warning, border=1, align="C")
        self._write_in(8.5, QUIET)
        self.set_xy(MARGIN_MM, MARGIN_MM)
        self.cell(0.0, 4.0, tr(TITLE))
        self._write_in(TITLE_PT, INK, "B")
        self.set_xy(MARGIN_MM, MARGIN_MM + 4.6)
        room = self.epw - width - 4.0
        self.cell(room, 6.0, self._cut(report.named, room))
        signed = report.reads.signed
        self.set_xy(MARGIN_MM, MARGIN_MM + 12.5)
        self._write_in(VERDICT_PT, INK, "B")
        words = self.drawable(tr("Signed read: {verdict}", verdict=verdict_text(signed)))
        self.multi_cell(0.0, 6.5, words, align="L", new_x="LMARGIN", new_y="NEXT")
        self._write_in(8.5, INK)
        by = self.drawable(f"{signing_text(report.reads)} {tr(CONFIDENCE_NOTE)}")
        self.multi_cell(0.0, 4.4, by, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(2.5)

    def _cut(self, text: str, room_mm: float) -> str:
        """Return text on one line that is not wider than that."""
        words = self.drawable(text)
        if self.get_string_width(words) <= room_mm:
            return words
        while words and self.get_string_width(f"{words}…") > room_mm:
            words = words[:-1]
        return f"{words}…"

    # --- pictures ---

    def _height(self, report: FilmReport, rows: Sequence[ReportLine], fit: _Fit) -> float:
        """Return the height that pictures and rows take."""
        self._write_in(fit.size_pt, INK)
        words = sum(self._wrapped_mm(self._said(row, fit), fit) for row in rows)
        scale = SCALE_MM if report.prediction is not None else 0.0
        gaps = fit.row_mm * 0.35 * len(rows)
        return _picture_height(report, self._room(report), fit) + words + gaps + scale

    def _wrapped_mm(self, text: str, fit: _Fit) -> float:
        width = self.epw - LABEL_MM
        height = self.multi_cell(width, fit.row_mm, text, align="L", dry_run=True, output="HEIGHT")
        assert isinstance(height, float)
        return height

    @property
    def _width(self) -> float:
        """Of one of the two pictures."""
        return (self.epw - GAP_MM) / 2.0

    def _room(self, report: FilmReport) -> float:
        """Return the width that the film's picture may have: all of it where it stands alone."""
        return self.epw if _stands_alone(report) else self._width

    def _draw_pictures(self, report: FilmReport, fit: _Fit) -> None:
        """Draw the film alone, beside it the film with regions and marks, or why there are none."""
        top, right = self.get_y(), MARGIN_MM + self._width + GAP_MM
        film, alone = report.film, _stands_alone(report)
        if film is None:
            self._write_box(MARGIN_MM, top, f"{tr('The film is not drawn.')} {report.not_drawn}")
        else:
            place = self._draw_film(report, MARGIN_MM, top, fit, with_regions=False)
            self._draw_bar(report, place)
        if film is not None and not alone:
            place = self._draw_film(report, right, top, fit, with_regions=True)
            self._draw_signs(report, place)
        elif film is None:
            self._write_box(right, top, _why_one_picture(report))
        bottom = top + _picture_height(report, self._room(report), fit)
        self.set_y(bottom - 2.0 * CAPTION_MM - 2.5)
        self._write_legends(report, right)
        self.set_xy(MARGIN_MM, bottom)

    def _draw_film(
        self, report: FilmReport, left: float, top: float, fit: _Fit, *, with_regions: bool
    ) -> _Place:
        assert report.film is not None
        room = self._room(report)
        width, height = _picture_size(report, room, fit)
        place = _Place(left + (room - width) / 2.0, top, width, height)
        regions = report.regions if with_regions else None
        picture = film_picture(report.film, None if regions is None else regions.coloured)
        words = tr("The film with the model's regions") if with_regions else tr("The film")
        self.set_fill_color(9, 10, 12)
        self.rect(left, top, room, height, style="F")
        self.image(picture, place.left, place.top, width, height, alt_text=words)
        return place

    def _draw_bar(self, report: FilmReport, place: _Place) -> None:
        """Draw a length at the detector, where it is known and the film is wide enough."""
        film = report.film
        if film is None or film.pixel_spacing_mm is None:
            return
        length = BAR_MM / (film.pixel_spacing_mm[1] * film.width_px) * place.width
        if length > place.width * 0.8:
            return
        left, bottom = place.left + 3.0, place.top + place.height - 3.0
        self.set_draw_color(*MARK)
        self.set_line_width(0.5)
        self.line(left, bottom, left + length, bottom)
        for end in (left, left + length):
            self.line(end, bottom - 1.0, end, bottom + 1.0)

    def _draw_signs(self, report: FilmReport, place: _Place) -> None:
        """Draw what the model sees, the numbers of the listed regions, and the reader's marks."""
        if report.regions is not None:
            coloured = report.regions.coloured
            if coloured.box != (0.0, 0.0, 1.0, 1.0):
                top, left, bottom, right = coloured.box
                self.set_draw_color(235, 235, 235)
                self.set_line_width(0.25)
                self.set_dash_pattern(dash=1.4, gap=1.0)
                self._draw_edges(place, left, top, right, bottom)
                self.set_dash_pattern()
            for label in report.regions.strongest:
                self._write_number(place, *coloured.middle_of(label), str(label + 1))
        self.set_draw_color(*MARK)
        self.set_line_width(0.45)
        for mark in report.marks:
            self._draw_mark(place, mark)

    def _draw_edges(
        self, place: _Place, left: float, top: float, right: float, bottom: float
    ) -> None:
        x, y = place.at(left, top)
        self.rect(x, y, (right - left) * place.width, (bottom - top) * place.height)

    def _draw_mark(self, place: _Place, mark: Mark) -> None:
        if mark.is_point:
            x, y = place.at(mark.left, mark.top)
            self.circle(x, y, 1.6)
            self.line(x - 2.6, y, x + 2.6, y)
            self.line(x, y - 2.6, x, y + 2.6)
        else:
            self._draw_edges(place, *mark.edges)

    def _write_number(self, place: _Place, down: float, across: float, number: str) -> None:
        x, y = place.at(across, down)
        self._write_in(6.5, (255, 255, 255), "B")
        width = self.get_string_width(number) + 1.6
        self.set_fill_color(20, 22, 26)
        self.rect(x - width / 2.0, y - 1.6, width, 3.2, style="F")
        self.set_xy(x - width / 2.0, y - 1.6)
        self.cell(width, 3.2, number, align="C")

    def _write_box(self, left: float, top: float, text: str) -> None:
        self._write_in(8.0, QUIET)
        self.set_xy(left, top + 2.0)
        self.multi_cell(self._width, 4.0, self.drawable(text), align="L")

    def _write_legends(self, report: FilmReport, right: float) -> None:
        top, film = self.get_y(), report.film
        self._write_in(CAPTION_PT, QUIET)
        if film is not None:
            known = film.pixel_spacing_mm is not None
            bar = (
                tr("Line: {length:.0f} mm at the detector.", length=BAR_MM)
                if known
                else tr("No scale: no pixel spacing is stated.")
            )
            sentences = [tr("Synthetic film.")] if film.synthetic else []
            sentences += [tr("The film alone."), bar]
            self.set_xy(MARGIN_MM, top)
            self._write_caption(" ".join(sentences), self._width)
            if _stands_alone(report):
                self.set_xy(MARGIN_MM, top + CAPTION_MM)
                self.cell(0.0, CAPTION_MM, self._cut(_why_one_picture(report), self.epw))
        if film is None or (report.regions is None and not report.marks):
            return
        self.set_xy(right, top)
        if report.regions is not None:
            coloured = report.regions.coloured
            self._write_chip(FOR, tr("for pneumonia"))
            self._write_chip(AGAINST, tr("against"))
            colours = tr(
                "full colour from {full:g}, none below {least:g}",
                full=coloured.full,
                least=coloured.least,
            )
            self._write_caption(colours, self._left)
        self.set_xy(right, top + CAPTION_MM)
        notes = []
        if report.regions is not None and report.regions.coloured.box != (0.0, 0.0, 1.0, 1.0):
            notes.append(tr("Dashed: what the model sees."))
        if report.marks:
            notes.append(tr("Yellow: marked at the blind first read."))
        self._write_caption(" ".join(notes), self._left)

    def _write_chip(self, colour: tuple[int, int, int], words: str) -> None:
        self.set_fill_color(*colour)
        self.rect(self.get_x() + 0.4, self.get_y() + 0.6, 2.0, 2.0, style="F")
        self.set_x(self.get_x() + 3.4)
        self.cell(self.get_string_width(words) + 3.0, CAPTION_MM, words)

    # --- words ---

    def _said(self, row: ReportLine, fit: _Fit) -> str:
        words = self.drawable(row.text)
        if not row.comment:
            words = "\n".join(map(self.drawable, row.text.splitlines()))
            return words if len(words) <= fit.line else f"{words[: fit.line].rstrip()}…"
        if len(words) <= fit.comment:
            return f"“{words}”"
        return f"“{words[: fit.comment].rstrip()}{tr(WHOLE_IN_TEXT)}"

    def _write_rows(self, report: FilmReport, rows: Sequence[ReportLine], fit: _Fit) -> None:
        for row in rows:
            top = self.get_y()
            self._write_in(fit.size_pt, QUIET)
            self.set_xy(MARGIN_MM, top)
            self.cell(LABEL_MM, fit.row_mm, tr(row.label))
            self._write_in(fit.size_pt, INK)
            self.multi_cell(
                self.epw - LABEL_MM, fit.row_mm, self._said(row, fit), align="L",
                new_x="LMARGIN", new_y="NEXT",
            )  # fmt: skip
            if row.label == MODEL_LABEL and report.prediction is not None:
                self._draw_scale(report.prediction)
            self.ln(fit.row_mm * 0.35)

    def _draw_scale(self, prediction: Prediction) -> None:
        """Draw the score on a line from 0 to 1, with operating point and unsure band."""
        left, middle = MARGIN_MM + LABEL_MM + 4.0, self.get_y() + 2.2

        def at(score: float) -> float:
            return left + score * SCALE_WIDTH_MM

        self.set_draw_color(*RULE)
        self.set_line_width(0.8)
        self.line(left, middle, at(1.0), middle)
        edges = _edges(prediction.abstention)
        if edges is not None:
            self.set_draw_color(*QUIET)
            self.set_line_width(1.6)
            self.line(at(edges[0]), middle, at(edges[1]), middle)
        point = at(prediction.operating_point.threshold)
        self.set_draw_color(*INK)
        self.set_line_width(0.4)
        self.line(point, middle - 1.6, point, middle + 1.6)
        self.set_fill_color(*INK)
        self.circle(at(prediction.probability), middle, 1.1, style="F")
        self._write_in(CAPTION_PT, QUIET)
        for words, place in (("0", left), ("1", at(1.0)), (tr("threshold"), point)):
            self.set_xy(place - 15.0, middle + 1.4)
            self.cell(30.0, CAPTION_MM, words, align="C")
        self.set_xy(at(1.0) + 4.0, middle - CAPTION_MM / 2.0)
        legend = tr("Dot: {score}.", score=score_digits(prediction.probability))
        if edges is not None:
            legend = f"{legend} {tr('Thick grey: unsure.')}"
        self._write_caption(legend, self._left)
        self.set_xy(MARGIN_MM, middle - 2.2 + SCALE_MM)

    def _write_versions(self, versions: Sequence[ReportLine]) -> None:
        self._write_in(VERSION_PT, QUIET)
        for line in versions:
            self.cell(LABEL_MM, VERSION_MM, tr(line.label))
            self.cell(0.0, VERSION_MM, self._cut(line.text, self.epw - LABEL_MM))
            self.ln(VERSION_MM)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a picture lies on the page, in mm."""

    left: float
    top: float
    width: float
    height: float

    def at(self, across: float, down: float) -> tuple[float, float]:
        """Return the place of a point of the film, by its shares of the film's sides."""
        return self.left + across * self.width, self.top + down * self.height


def write_report(report: FilmReport) -> bytes:
    """Return the report of one film as a PDF of one A4 page.

    Raises
    ------
    ModelError
        If the typeface is not there.
    """
    pages = ReportPages(tr("Report of {film}", film=report.named))
    pages.add_report(report)
    return pages.finish()


def _words(lines: Sequence[ReportLine]) -> list[str]:
    return [line.text for line in lines]


def _picture_size(report: FilmReport, width_mm: float, fit: _Fit) -> tuple[float, float]:
    """Return width and height of one picture, in mm, the film's aspect ratio kept."""
    if report.film is None:
        return width_mm, 12.0
    height, width = report.film.height_px, report.film.width_px
    most_mm = fit.picture_mm * (ALONE if _stands_alone(report) else 1.0)
    scale = min(width_mm / width, most_mm / height)
    return width * scale, height * scale


def _picture_height(report: FilmReport, width_mm: float, fit: _Fit) -> float:
    """Return the height that both pictures take with their legends."""
    return max(_picture_size(report, width_mm, fit)[1], 24.0) + 2.0 * CAPTION_MM + 4.0


def _stands_alone(report: FilmReport) -> bool:
    """Return whether the film is drawn, and no second picture with regions or marks beside it."""
    return report.film is not None and report.regions is None and not report.marks


def _why_one_picture(report: FilmReport) -> str:
    if report.reads.signed.prediction is None:
        return tr("No regions: the model did not read this film.")
    if report.prediction is None:
        return tr("No regions: the score of an adult's film is shown only where it was asked for.")
    return f"{tr('No regions are drawn.')} {report.why_no_regions}"


def _edges(band: AbstentionBand | None) -> tuple[float, float] | None:
    """Return where the model takes no side; None if it always takes one."""
    if band is None or band.low == band.high is not None:
        return None
    return (0.0 if band.low is None else band.low, 1.0 if band.high is None else band.high)
