"""All DICOM objects of one signed read."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain.origin import FilmOrigin
from core.imaging.dicom.origin import reference_of
from core.reports.dicom.presentation_state import write_presentation_state
from core.reports.dicom.reported_film import ReportedFilm
from core.reports.dicom.secondary_capture import write_secondary_capture
from core.reports.dicom.structured_report import write_structured_report
from core.reports.film_report import FilmReport


@dataclass(frozen=True, slots=True)
class ReportObjects:
    """The read as files; None where there is nothing to draw.

    Attributes
    ----------
    structured_report : bytes
        What was said, with codes: Comprehensive SR, TID 1500.
    secondary_capture : bytes or None
        The film with regions and marks, as a picture.
    presentation_state : bytes or None
        Regions and marks as outlines over the archive's film.
    """

    structured_report: bytes
    secondary_capture: bytes | None
    presentation_state: bytes | None

    @property
    def files(self) -> dict[str, bytes]:
        """Those that there are, by a name for a file."""
        named = {
            "structured-report.dcm": self.structured_report,
            "secondary-capture.dcm": self.secondary_capture,
            "presentation-state.dcm": self.presentation_state,
        }
        return {name: content for name, content in named.items() if content is not None}


def write_objects(report: FilmReport, content: bytes, origin: FilmOrigin) -> ReportObjects:
    """Return the DICOM objects of a signed read.

    Parameters
    ----------
    content : bytes
        The film's DICOM file; whom it names is taken from ``origin``.

    Raises
    ------
    RadiographError
        If the file's header cannot be read.
    """
    film = ReportedFilm(report, reference_of(content, origin))
    return ReportObjects(
        write_structured_report(film),
        write_secondary_capture(film),
        write_presentation_state(film),
    )
