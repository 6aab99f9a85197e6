"""What the DICOM objects of one signed read have in common: the film, the patient and the UIDs."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from uuid import UUID, uuid5

import highdicom
import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from core import __version__
from core.domain.film import Turn, printable
from core.domain.mark import Mark
from core.language.current import ENGLISH, current_language
from core.language.words import tr
from core.reports.film_report import NOT_FOR_DIAGNOSIS, FilmReport

# Its warnings quote the patient's name, and they would stand in a log.
warnings.filterwarnings("ignore", module="highdicom")

MANUFACTURER, MODEL = "First Read", "First Read, initial reviewer"
SERIAL_NUMBER = "none"
_NAMESPACE = UUID("6c0b1a52-3c1c-4c77-9c8e-5b0a4c6f4f0e")

Points = npt.NDArray[np.float64]
"""(n, 2): column and row on the film's own pixel grid, from 0 at the outer edge."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportedFilm:
    """A signed read's report and the header of the film that it is of.

    Attributes
    ----------
    reference : Dataset
        From `core.imaging.dicom.origin.reference_of`.
    """

    report: FilmReport
    reference: Dataset

    @property
    def turn(self) -> Turn:
        """How the reader had turned the film; places are on the turned one."""
        return self.report.reads.signed.quality.turn

    def uid(self, what: str) -> highdicom.UID:
        """Return the UID of an object of this read: the same for the same report and language."""
        signed, regions = self.report.reads.signed, self.report.regions
        listed = "" if regions is None else f"{regions.coloured.weights.tobytes().hex()}"
        name = f"{signed.record_id} {what} {listed} {self.report.score_shown} {__version__}"
        language = current_language()
        if language != ENGLISH:
            name = f"{name} {language}"
        return highdicom.UID.from_uuid(str(uuid5(_NAMESPACE, name)))

    def on_film(self, shares: Points) -> Points:
        """Return where points lie on the film as it was stored, in its pixels.

        Parameters
        ----------
        shares : (n, 2) float64 ndarray
            x and y as shares of the sides of the film as its reader saw it.
        """
        across, down = shares[:, 0], shares[:, 1]
        for _ in range(-self.turn.quarters % 4):
            across, down = down, 1.0 - across
        sides = float(self.reference.Columns), float(self.reference.Rows)
        return np.stack((across * sides[0], down * sides[1]), axis=1)

    def outline_of(self, mark: Mark) -> Points:
        """Return a mark as a closed line on the film, or as its one point."""
        left, top, right, bottom = mark.edges
        if mark.is_point:
            return self.on_film(np.array([[left, top]]))
        corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
        return self.on_film(np.array(corners))


def series_description() -> str:
    """Return what a series of these objects is called: what it is not for."""
    return f"First Read: {tr(NOT_FOR_DIAGNOSIS).lower()}"


def person_name(words: str) -> str:
    """Return a reader's name as DICOM takes it: one component, nothing that parts it."""
    plain = printable(words).translate({ord(c): " " for c in "^=\\"})
    return f"{' '.join(plain.split())[:63]}^"


def written(dataset: Dataset) -> bytes:
    """Return a dataset as a DICOM file."""
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def note_times(dataset: Dataset, film: ReportedFilm, *kinds: str) -> None:
    """State when the report was made, in UTC.

    Parameters
    ----------
    kinds : str
        Which times the object has beside its own and its series': Content, PresentationCreation.
    """
    made = film.report.made_at
    dataset.TimezoneOffsetFromUTC = "+0000"
    for kind in ("InstanceCreation", "Series", *kinds):
        setattr(dataset, f"{kind}Date", f"{made:%Y%m%d}")
        setattr(dataset, f"{kind}Time", f"{made:%H%M%S}")
