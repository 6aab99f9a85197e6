"""A library's films brought into a network's feature space in the background, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.errors import Cancelled, ModelMissing
from core.files import read_checked, write_checked
from core.inference.litert import LiteRTClassifier
from core.jobs.background import BackgroundTask
from core.language.words import msg
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
    read_bytes : callable
        From a film's id to its file.
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
            msg(
                "run {run_id} has no network of its own, and so no features: choose one of its "
                "members, {members}.",
                run_id=run.run_id,
                members=", ".join(run.members),
            )
        )
    rows = []
    for done, film_id in enumerate(film_ids):
        if cancelled is not None and cancelled():
            raise Cancelled(
                msg(
                    "Reading was stopped after {done} of {total} films.",
                    done=done,
                    total=len(film_ids),
                )
            )
        tensor = prepare_film(read_bytes(film_id), engine, file_name=film_id).tensor
        rows.append(classifier.features(tensor[np.newaxis, :, :, np.newaxis])[0])
        if progress is not None:
            progress(done + 1, len(film_ids))
    return compress_features(np.array(film_ids), np.stack(rows), export_identity(run))


class FeatureTask(BackgroundTask[FilmFeatures]):
    """One reading of films on its way; what was read until it is cancelled is let go.

    Parameters
    ----------
    read_bytes : callable
        From a film's id to its file.
    cache_folder : Path
        What was computed is kept in it, by the hashes of films and run, and the reading version.
    """

    def __init__(
        self, film_ids: Sequence[str], read_bytes: ReadBytes, engine: Engine, cache_folder: Path
    ) -> None:
        super().__init__("first-read-features")
        self._film_ids = tuple(film_ids)
        self._read_bytes = read_bytes
        self._engine = engine
        self._folder = cache_folder / "film_features"

    def _work(self) -> FilmFeatures:
        path = self._folder / f"{self._key()}.checked"
        kept = read_checked(path)
        if kept is not None:
            return parse_features(kept)
        found = read_film_features(
            self._film_ids,
            self._read_bytes,
            self._engine,
            progress=lambda done, total: self.report(done / total),
            cancelled=lambda: self.cancelled,
        )
        write_checked(path, features_as_parquet(found))
        return found

    def _key(self) -> str:
        run, gate = self._engine.classifier.run_record, self._engine.gate.sha256
        parts = hashlib.sha256((reading_identity(run, gate) + READING_VERSION).encode())
        for film_id in self._film_ids:
            parts.update(film_id.encode() + hashlib.sha256(self._read_bytes(film_id)).digest())
        return f"{run.run_id}-{parts.hexdigest()[:16]}"
