"""What reports are made of, asked for in the background: after what readers wait to see."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.domain.regions import Explanation, ExplanationSettings
from core.errors import Cancelled, ExplanationError
from core.imaging.display import DisplayedFilm
from core.jobs.batch import UploadedFilm
from core.jobs.film_pool import get_film_pool
from core.language.words import msg
from ui.app.explanations import FOR_REPORT, possible_settings, request_for
from ui.app.resources import files_of, get_engine, work_on

EXPLANATION_LOOK_S = 0.05


def decode_for_report(film: UploadedFilm, stopped: Callable[[], bool]) -> DisplayedFilm:
    """Return a film's grey levels.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    Cancelled
        If that takes too long, or ``stopped`` returns True.
    """
    work = work_on(film, files_of(get_engine()), display=True)
    shown = get_film_pool().do(work, cancelled=stopped).shown
    assert shown is not None
    return shown


def explain_for_report(
    session: str, film: UploadedFilm, settings: ExplanationSettings, stopped: Callable[[], bool]
) -> Explanation:
    """Return the whole explanation of a film by the served run.

    Parameters
    ----------
    session : str
        The browser session that waits for it.

    Raises
    ------
    ExplanationError
        If there will be none.
    Cancelled
        If ``stopped`` returns True.
    """
    engine, waiter = get_engine(), f"{session}{FOR_REPORT}"
    task = request_for(film, engine, possible_settings(engine, settings), waiter, asked=True)
    assert task is not None
    while not task.finished:
        if stopped():
            task.leave(waiter)
            raise Cancelled(msg("Stopped while the regions were found."))
        time.sleep(EXPLANATION_LOOK_S)
    if task.result is None:
        raise ExplanationError(task.sentence)
    return task.result
