"""Reading many films in the background, with progress and a way to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import FirstReadError
from core.jobs.background import BackgroundTask
from core.pipeline import FilmReading

_log = logging.getLogger(__name__)


class FilmState(StrEnum):
    """How far a film of a batch has come."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, eq=False)
class UploadedFilm:
    """A file as it was uploaded; ``key`` is the sha256 of its bytes."""

    key: str
    name: str
    content: bytes
    inverted: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FilmOutcome:
    """What became of one uploaded film."""

    state: FilmState
    reading: FilmReading | None = None
    sentence: str = ""


class BatchJob(BackgroundTask[None]):
    """Reads films one after another; once cancelled it ends after the film in hand.

    A file that cannot be read costs only itself: its sentence is kept and the next one is read.

    Parameters
    ----------
    read : callable
        From one uploaded film to its reading; raises FirstReadError for one that cannot be read.
    """

    def __init__(
        self, films: Sequence[UploadedFilm], read: Callable[[UploadedFilm], FilmReading]
    ) -> None:
        super().__init__("first-read-batch")
        self._films = tuple(films)
        self._read = read
        self._outcomes: dict[str, FilmOutcome] = {}

    @property
    def total(self) -> int:
        """Films in the batch."""
        return len(self._films)

    def take_outcomes(self) -> dict[str, FilmOutcome]:
        """Return what is finished so far, by film key."""
        with self._lock:
            return dict(self._outcomes)

    def _work(self) -> None:
        for film in self._films:
            outcome = (
                FilmOutcome(FilmState.STOPPED, sentence="Not read: the batch was stopped.")
                if self.cancelled
                else self._outcome(film)
            )
            with self._lock:
                self._outcomes[film.key] = outcome

    def _outcome(self, film: UploadedFilm) -> FilmOutcome:
        try:
            return FilmOutcome(FilmState.READ, reading=self._read(film))
        except FirstReadError as exc:
            return FilmOutcome(FilmState.FAILED, sentence=str(exc))
        except Exception:  # noqa: BLE001 - a film must never stop the films behind it
            _log.exception("film %s could not be read", film.key[:12])
            sentence = (
                "This film could not be read because of a fault in First Read. Keep the file, and "
                "report it with the log."
            )
            return FilmOutcome(FilmState.FAILED, sentence=sentence)
