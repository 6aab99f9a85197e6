"""From films' files to a network's features, by the same way as any upload's score."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.errors import Cancelled, ModelMissing
from core.film_features import FilmFeatures, compress_features
from core.inference import LiteRTClassifier
from core.pipeline import Engine, prepare_film
from core.run_store import export_identity

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
