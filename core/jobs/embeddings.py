"""A library's films brought into a network's feature space in the background, and kept."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.errors import Cancelled, FirstReadError, ModelMissing
from core.files import write_whole
from core.inference.litert import LiteRTClassifier
from core.phantom.builtin import READING_VERSION
from core.pipeline import Engine, prepare_film
from core.runs.embeddings import (
    FilmFeatures,
    compress_features,
    features_as_parquet,
    parse_features,
)
from core.runs.store import export_identity, reading_identity

Progress = Callable[[int, int], None]
Cancelling = Callable[[], bool]
ReadBytes = Callable[[str], bytes]


def read_film_features(
    film_ids: Sequence[str],
    read_bytes: ReadBytes,
    engine: Engine,
    *,
    progress: Progress | None = None,
    cancelled: Cancelling | None = None,
) -> FilmFeatures:
    """Return where films lie in the space of the engine's network, refused by the gate or not.

    Parameters
    ----------
    film_ids : sequence of str
    read_bytes : callable
        From a film's id to its file.
    engine : Engine
    progress : callable, optional
        Called with (films done, films in all).
    cancelled : callable, optional
        Asked before every film.

    Raises
    ------
    ModelMissing
        If the run has no network of its own.
    DatasetError, RadiographError
        If a film is gone or cannot be read.
    Cancelled
        If ``cancelled`` returned True.
    """
    classifier = engine.classifier
    run = classifier.run_record
    if not isinstance(classifier, LiteRTClassifier):
        raise ModelMissing(
            f"run {run.run_id} has no network of its own, and so no features: choose one of its "
            f"members, {', '.join(run.members)}."
        )
    rows = []
    for done, film_id in enumerate(film_ids):
        if cancelled is not None and cancelled():
            raise Cancelled(f"Reading was stopped after {done} of {len(film_ids)} films.")
        tensor = prepare_film(read_bytes(film_id), engine, file_name=film_id).tensor
        rows.append(classifier.features(tensor[np.newaxis, :, :, np.newaxis])[0])
        if progress is not None:
            progress(done + 1, len(film_ids))
    return compress_features(np.array(film_ids), np.stack(rows), export_identity(run))


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
