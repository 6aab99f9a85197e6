"""A signed read as a picture for viewers that show nothing else: DICOM Secondary Capture."""

from __future__ import annotations

from pathlib import Path

import highdicom
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core import __version__
from core.imaging.film_pictures import coloured_levels
from core.language.words import tr
from core.reports.dicom.reported_film import (
    MANUFACTURER,
    MODEL,
    ReportedFilm,
    note_times,
    series_description,
    written,
)
from core.reports.film_report import (
    NOT_FOR_DIAGNOSIS,
    SIDES,
    FilmReport,
    score_digits,
    time_text,
    verdict_text,
)
from core.reports.typefaces import find_typefaces

SERIES_NUMBER = 9102
LONGER_SIDE_PX = 1600
MARK = (255, 214, 10)
_LINE = 0.028
"""Height of a burnt-in line, as a share of the picture's width."""


def write_secondary_capture(film: ReportedFilm) -> bytes | None:
    """Return the film with regions, marks and what was said, as a file; None if it is not drawn.

    That it is not for diagnostic use and which run read it is burned into the picture, in the
    current language.
    """
    if film.report.film is None:
        return None
    levels = draw_capture(film.report)
    capture = highdicom.sc.SCImage.from_ref_dataset(
        film.reference,
        pixel_array=levels,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),  # as every frontal film is looked at
        series_instance_uid=film.uid("capture series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid("capture"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        series_description=series_description(),
    )
    capture.Modality = "OT"
    capture.ConversionType = "WSD"
    capture.BurnedInAnnotation = "YES"  # of the read, and none of the patient
    capture.ManufacturerModelName = MODEL
    capture.SoftwareVersions = __version__
    capture.DerivationDescription = tr("Film with the model's regions and the reader's marks")
    capture.Laterality = ""
    note_times(capture, film, "Content")
    return written(capture)


def draw_capture(report: FilmReport) -> np.ndarray:
    """Return (h, w, 3) uint8 levels: the film, regions and marks on it, the words below it."""
    assert report.film is not None
    coloured = None if report.regions is None else report.regions.coloured
    picture = Image.fromarray(coloured_levels(report.film, coloured, LONGER_SIDE_PX))
    _draw_marks(picture, report)
    lines = _lines(report)
    size = max(12, round(picture.width * _LINE))
    step, margin = round(size * 1.45), size
    whole = Image.new("RGB", (picture.width, picture.height + step * len(lines) + margin))
    whole.paste(picture)
    draw = ImageDraw.Draw(whole)
    for row, (line, style) in enumerate(lines):
        font = _fitting(find_typefaces()[style], line, size, whole.width - 2 * margin)
        y = picture.height + margin // 2 + step * row
        draw.text((margin, y), line, font=font, fill=(235, 235, 235))
    return np.asarray(whole)


def _draw_marks(picture: Image.Image, report: FilmReport) -> None:
    draw, width = ImageDraw.Draw(picture), max(2, picture.width // 300)
    for mark in report.marks:
        left, top, right, bottom = (
            edge * side for edge, side in zip(mark.edges, picture.size * 2, strict=True)
        )
        if mark.is_point:
            reach = picture.width / 60
            box = left - reach, top - reach, left + reach, top + reach
            draw.ellipse(box, outline=MARK, width=width)
        else:
            draw.rectangle((left, top, right, bottom), outline=MARK, width=width)


def _lines(report: FilmReport) -> list[tuple[str, str]]:
    """Return the burnt-in lines and their style."""
    signed, prediction = report.reads.signed, report.prediction
    lines = [
        (f"{tr(NOT_FOR_DIAGNOSIS).upper()}. First Read {signed.app_version}", "B"),
        (
            tr(
                "Signed: {verdict}. {moment}",
                verdict=verdict_text(signed),
                moment=time_text(signed.read.read_at),
            ),
            "",
        ),
    ]
    if prediction is not None:
        said = tr(
            "Model: {side}, score {score}, threshold {threshold:.2f}, run {run}",
            side=tr(SIDES[prediction.side]).lower(),
            score=score_digits(prediction.probability),
            threshold=prediction.operating_point.threshold,
            run=signed.run_id,
        )
        lines.append((said, ""))
        drawn = (
            tr("Orange counts for pneumonia, blue against.")
            if report.regions
            else f"{tr('No regions.')} {report.why_no_regions}".strip()
        )
        yellow = f" {tr('Yellow: the reader.')}" if report.marks else ""
        lines.append((f"{drawn}{yellow}", ""))
    return lines


def _fitting(path: Path, line: str, size: int, width: int) -> ImageFont.FreeTypeFont:
    """Return a typeface in which a line fits the width."""
    font = ImageFont.truetype(str(path), size)
    while size > 8 and font.getlength(line) > width:
        size -= 1
        font = ImageFont.truetype(str(path), size)
    return font
