"""A film on its way to a teaching case, and a case that another run reads."""

from __future__ import annotations

from core.domain.model import Prediction
from core.imaging.png import levels_png
from core.jobs.batch import UploadedFilm
from core.jobs.film_pool import get_film_pool
from ui.app.resources import files_of, get_engine, work_on


def film_without_metadata(film: UploadedFilm) -> bytes:
    """Return a film as a PNG of the pixels that are shown, which says nothing of its patient.

    Raises
    ------
    RadiographError, FilmStoreError, Cancelled
        As `ui.app.resources.get_film_view`.
    """
    work = work_on(film, files_of(get_engine()), display=True)
    shown = get_film_pool().do(work, urgent=True).shown
    assert shown is not None
    return levels_png(shown.levels, synthetic=shown.synthetic)


def read_again(film: UploadedFilm) -> Prediction | None:
    """Return what the served run says of a film now; None if the gate refuses it.

    Raises
    ------
    RadiographError, Cancelled
        As `ui.app.resources.get_film_view`.
    """
    reading = get_film_pool().do(work_on(film, files_of(get_engine()), read=True)).reading
    assert reading is not None
    return reading.prediction
