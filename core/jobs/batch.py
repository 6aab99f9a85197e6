"""Reading many films in the background, with progress and a way to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.errors import FirstReadError
from core.jobs.memory import give_memory_back
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


class BatchJob:
    """Reads films one after another in a thread of its own.

    A file that cannot be read costs only itself: its sentence is kept and the next one is read.

    Parameters
    ----------
    films : sequence of UploadedFilm
    read : callable
        From one uploaded film to its reading; raises FirstReadError for one that cannot be read.
    """

    def __init__(
        self, films: Sequence[UploadedFilm], read: Callable[[UploadedFilm], FilmReading]
    ) -> None:
        self._films = tuple(films)
        self._read = read
        self._outcomes: dict[str, FilmOutcome] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="first-read-batch", daemon=True)

    def start(self) -> BatchJob:
        """Begin reading; returns the job itself."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Ask the job to stop after the film in hand; films not yet read are kept as stopped."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; True if it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def running(self) -> bool:
        """True while films are being read."""
        return self._thread.is_alive()

    @property
    def total(self) -> int:
        """Films in the batch."""
        return len(self._films)

    def take_outcomes(self) -> dict[str, FilmOutcome]:
        """Return what is finished so far, by film key."""
        with self._lock:
            return dict(self._outcomes)

    def _run(self) -> None:
        for film in self._films:
            outcome = (
                FilmOutcome(FilmState.STOPPED, sentence="Not read: the batch was stopped.")
                if self._stop.is_set()
                else self._outcome(film)
            )
            with self._lock:
                self._outcomes[film.key] = outcome
        give_memory_back()

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
