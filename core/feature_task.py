"""A library's films brought into a network's feature space in the background, and kept."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from core.errors import FirstReadError
from core.feature_reading import ReadBytes, read_film_features
from core.film_features import FilmFeatures, features_as_parquet, parse_features
from core.phantom_folder import READING_VERSION, write_whole
from core.pipeline import Engine
from core.run_store import reading_identity

_log = logging.getLogger(__name__)


class FeatureTask:
    """One reading of films on its way; `start` again after a stop or a failure.

    Parameters
    ----------
    film_ids : sequence of str
    read_bytes : callable
        From a film's id to its file.
    engine : Engine
    cache_folder : Path
        What was computed is kept in it, by the hashes of films and run, and the reading version.

    Attributes
    ----------
    progress : float
        From 0 to 1.
    features : FilmFeatures or None
        None until all films are read.
    sentence : str
        Why there will be none; empty while there may.
    """

    def __init__(
        self, film_ids: Sequence[str], read_bytes: ReadBytes, engine: Engine, cache_folder: Path
    ) -> None:
        self._film_ids = tuple(film_ids)
        self._read_bytes = read_bytes
        self._engine = engine
        self._folder = cache_folder / "features"
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.progress = 0.0
        self.features: FilmFeatures | None = None
        self.sentence = ""

    @property
    def running(self) -> bool:
        """True while films are read."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> FeatureTask:
        """Begin, unless the work is under way or done; returns the task itself."""
        with self._lock:
            if not self.running and self.features is None:
                self.progress, self.sentence = 0.0, ""
                self._stop.clear()
                self._thread = threading.Thread(
                    target=self._work, name="first-read-features", daemon=True
                )
                self._thread.start()
        return self

    def stop(self) -> None:
        """Ask the work to end; what was read so far is let go."""
        self._stop.set()

    def wait(self, timeout_s: float) -> None:
        """Wait until the work ends."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            self.features = self._kept_or_read()
        except FirstReadError as exc:
            self.sentence = str(exc)
        except Exception:  # noqa: BLE001 - a page must never wait for a task that has died
            _log.exception("films could not be brought into the feature space")
            self.sentence = "There is a fault in First Read. Report it with the log."

    def _kept_or_read(self) -> FilmFeatures:
        path = self._folder / f"{self._key()}.parquet"
        if path.is_file():
            return parse_features(path.read_bytes())
        found = read_film_features(
            self._film_ids,
            self._read_bytes,
            self._engine,
            progress=self._report,
            cancelled=self._stop.is_set,
        )
        write_whole(path, features_as_parquet(found))
        return found

    def _key(self) -> str:
        run, gate = self._engine.classifier.run_record, self._engine.gate.sha256
        parts = hashlib.sha256((reading_identity(run, gate) + READING_VERSION).encode())
        for film_id in self._film_ids:
            parts.update(film_id.encode() + hashlib.sha256(self._read_bytes(film_id)).digest())
        return f"{run.run_id}-{parts.hexdigest()[:16]}"

    def _report(self, done: int, total: int) -> None:
        self.progress = done / total
