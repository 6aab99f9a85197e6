"""What is trained or loaded once for all tests of training."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.tiny_films import (
    TINY,
    TWO_LESIONS,
    build_small_network,
    show_nothing,
    write_tiny_set,
)

from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.kept_network import open_kept_network
from core.training.lesion_pairs import LesionPairs, draw_lesions, make_lesion_pairs
from core.training.scoring import FilmsToScore, load_films_to_score
from core.training.train_healthy import NormalFilms
from core.training.train_run import finish_run
from core.training.training_data import TrainingData, load_training_data


@dataclass(frozen=True)
class TinyRun:
    """A run of a few synthetic films, with everything that went into it."""

    data: Path
    models: Path
    films: TrainingData
    to_score: FilmsToScore
    model: Any
    history: list[dict[str, float]]
    folder: Path
    lines: list[str]


@pytest.fixture(scope="session")
def lesion_pairs() -> LesionPairs:
    """Return the pairs of two lesions, half of them laid on the same normal film."""
    drawn = draw_film(draw_settings(1, "normal"), height_px=224, width_px=224)
    normal = NormalFilms(drawn.pixels[None], drawn.volume_mask[None].astype(np.float32))
    return make_lesion_pairs(normal, draw_lesions(TWO_LESIONS, show_nothing), TWO_LESIONS)


@pytest.fixture
def without_graphs() -> Iterator[None]:
    """Run a few steps as they stand: building their graph takes far longer than they do."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def served_keras():
    """Return the served run as the Keras model that was kept."""
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    return open_kept_network(run.folder, run.architecture, run.input_px, run.files)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> TinyRun:
    """Train a small network on synthetic films, from the films on disk to a finished folder."""
    from core.training import fit, train_step
    from core.training.films import load_lung_masks

    data, models = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("models")
    write_tiny_set(data, models)
    lines: list[str] = []
    films = load_training_data(data / "kermany224", models / "split.json", lines.append)
    masks, _ = load_lung_masks(data, films.train.film_ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_step, "build_classifier", build_small_network)
        model, history = fit.train_classifier(
            films.train, masks, films.validation, TINY, None, lines.append
        )
    to_score = load_films_to_score(data, films.index, films.split, lines.append)
    folder = finish_run(model, history, films, to_score, TINY, models, lines.append)
    return TinyRun(data, models, films, to_score, model, history, folder, lines)
