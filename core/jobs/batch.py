"""Reading many films in the background, with progress and a way to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.domain.film import Turn
from core.domain.reader import Reader
from core.errors import Cancelled, FirstReadError
from core.jobs.background import BackgroundTask
from core.language.words import msg
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
    """A film's file; ``key`` is the sha256 of the bytes that were uploaded.

    Attributes
    ----------
    held : bytes or callable
        The file, or what fetches it from where it is kept.
    by : Reader or None
        Who adds it.
    original_px : (float, float) or None
        Height and width that the film had before its file became a square; it is shown so.
    shipped : bool
        Whether it is one of the built-in synthetic films, which belong to no list of a site.
    """

    key: str
    name: str
    held: bytes | Callable[[], bytes]
    inverted: bool = False
    turn: Turn = Turn.NONE
    by: Reader | None = None
    original_px: tuple[float, float] | None = None
    shipped: bool = False

    @property
    def view_key(self) -> str:
        """What identifies the film as it is shown: its bytes, and how it was changed."""
        inverted = "-inverted" if self.inverted else ""
        turned = "" if self.turn is Turn.NONE else f"-turned-{self.turn}"
        restored = "" if self.original_px is None else "-{:.0f}x{:.0f}".format(*self.original_px)
        return f"{self.key}{inverted}{turned}{restored}"

    @property
    def content(self) -> bytes:
        """The file.

        Raises
        ------
        FilmStoreError
            If it is kept, and cannot be fetched.
        """
        return self.held() if callable(self.held) else self.held

    @property
    def held_bytes(self) -> int:
        """Bytes that it takes in memory."""
        return 0 if callable(self.held) else len(self.held)


@dataclass(frozen=True, slots=True, eq=False)
class FilmOutcome:
    """What became of one uploaded film."""

    state: FilmState
    reading: FilmReading | None = None
    sentence: str = ""

    @property
    def refused(self) -> bool:
        """Whether the file cannot be opened, or the quality gate refused the picture."""
        if self.reading is None:
            return self.state is FilmState.FAILED
        return self.reading.quality.refused


WAITING = FilmOutcome(FilmState.WAITING)
FAULT = FilmOutcome(
    FilmState.FAILED,
    sentence=msg(
        "This film could not be read because of a fault in First Read. Keep the file, and "
        "report it with the log."
    ),
)
STOPPED = FilmOutcome(FilmState.STOPPED, sentence=msg("Not read: the batch was stopped."))


class BatchJob(BackgroundTask[None]):
    """Reads films one after another; once cancelled it ends, and the film in hand with it.

    A file that cannot be read costs only itself: its sentence is kept and the next one is read.

    Parameters
    ----------
    read : callable
        From one uploaded film, and the job itself, to its reading; raises FirstReadError for one
        that cannot be read, Cancelled where the job was cancelled meanwhile.
    keep : callable, optional
        From one uploaded film to the same as it is kept; all are kept before the first is read,
        also those of a batch that was cancelled. Raises FirstReadError for one that cannot be.

    Attributes
    ----------
    ahead : int
        Films of other readers that are read before the next one.
    """

    def __init__(
        self,
        films: Sequence[UploadedFilm],
        read: Callable[[UploadedFilm, BatchJob], FilmReading],
        keep: Callable[[UploadedFilm], UploadedFilm] | None = None,
    ) -> None:
        super().__init__("first-read-batch")
        self.ahead = self.kept = 0
        self._films = list(films)
        self._read, self._keep = read, keep
        self._refused: dict[str, FilmOutcome] = {}
        self._outcomes: dict[str, FilmOutcome] = {}
        self._begun = self._done = 0
        self._closed = False

    @property
    def total(self) -> int:
        """Films in the batch."""
        return len(self._films)

    def add(self, films: Sequence[UploadedFilm]) -> bool:
        """Read these films too; False if the job has come to its end, or was cancelled."""
        with self._lock:
            if self._closed or self.cancelled:
                return False
            self._films += films
            return True

    def note_ahead(self, films: int) -> None:
        """Note how many films of other readers come first."""
        self.ahead = films

    @property
    def done(self) -> int:
        """Films that have an outcome."""
        return self._done

    @property
    def unread(self) -> set[str]:
        """Keys of the films that have no outcome yet."""
        with self._lock:
            return {film.key for film in self._films[self._done :]}

    @property
    def keeping(self) -> bool:
        """Whether films are being kept, before any more is read."""
        return self._keep is not None and self.kept < self.total

    @property
    def unkept(self) -> list[UploadedFilm]:
        """Films that are on their way to where they are kept."""
        with self._lock:
            return [] if self._keep is None else self._films[self.kept :]

    @property
    def untaken(self) -> int:
        """Outcomes that nobody has taken yet."""
        with self._lock:
            return len(self._outcomes)

    def take_outcomes(self) -> dict[str, FilmOutcome]:
        """Hand over what was finished since it was asked for last, by film key."""
        with self._lock:
            taken, self._outcomes = self._outcomes, {}
            return taken

    def _work(self) -> None:
        while (film := self._next()) is not None:
            outcome = self._refused.get(film.key) or (
                STOPPED if self.cancelled else self._outcome(film)
            )
            with self._lock:
                self._outcomes[film.key] = outcome
                self._done += 1

    def _next(self) -> UploadedFilm | None:
        """Return the next film; after the last one no more are taken."""
        while True:
            self._keep_all()
            with self._lock:
                if self.keeping:  # films came since
                    continue
                self._closed = self._begun == len(self._films)
                if self._closed:
                    return None
                self._begun += 1
                return self._films[self._begun - 1]

    def _keep_all(self) -> None:
        while self._keep is not None and self.kept < self.total:
            film = self._films[self.kept]
            try:
                kept = self._keep(film)
            except FirstReadError as exc:
                kept = film
                self._refused[film.key] = FilmOutcome(FilmState.FAILED, sentence=exc.sentence)
            except Exception:  # noqa: BLE001 - a film must never stop the films behind it
                _log.exception("a film could not be kept", extra={"film": film.key[:12]})
                kept, self._refused[film.key] = film, FAULT
            with self._lock:
                self._films[self.kept] = kept
                self.kept += 1

    def _outcome(self, film: UploadedFilm) -> FilmOutcome:
        try:
            return FilmOutcome(FilmState.READ, reading=self._read(film, self))
        except Cancelled as exc:
            return FilmOutcome(FilmState.STOPPED, sentence=exc.sentence)
        except FirstReadError as exc:
            return FilmOutcome(FilmState.FAILED, sentence=exc.sentence)
        except Exception:  # noqa: BLE001 - a film must never stop the films behind it
            _log.exception("a film could not be read", extra={"film": film.key[:12]})
            return FAULT
