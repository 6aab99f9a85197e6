"""Stock lime over stock Keras, in a process of its own that holds TensorFlow; the app never does.

Reads one film's tensor from the file that the command line names, then for each number on standard
input explains the film with as many samples and answers with one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from lime.lime_image import ImageExplanation, LimeImageExplainer
from skimage.color import gray2rgb

from core.domain.arrays import FloatImage, LabelImage
from core.domain.model import RunRecord
from core.domain.regions import LimeSettings
from core.explain.superpixels import segment_superpixels
from core.runs.store import load_run
from core.training.kept_network import open_kept_network

SETTINGS = LimeSettings()
PNEUMONIA = 1

Scores = npt.NDArray[np.float64]


def load_keras(run: RunRecord) -> Any:
    """Return the served run as the Keras model that it was exported from."""
    return open_kept_network(run.folder, run.architecture, run.input_px, run.files)


def two_columns(model: Any, run: RunRecord) -> Callable[[FloatImage], Scores]:
    """Return the classifier function that lime takes: the run's log odds, as First Read's."""
    temperature, offset = run.calibration.temperature, run.calibration.offset

    def predict(films_rgb: FloatImage) -> Scores:
        logits = model.predict(films_rgb[..., :1], verbose=0)[:, 0].astype(np.float64)
        log_odds = logits / temperature + offset
        return np.column_stack([-log_odds, log_odds])

    return predict


def cut(film_rgb: FloatImage) -> LabelImage:
    """Cut the film into the regions that First Read cuts it into."""
    return segment_superpixels(film_rgb[..., 0], SETTINGS.regions)


def explain(
    tensor: FloatImage, predict: Callable[[FloatImage], Scores], samples: int
) -> ImageExplanation:
    """Explain a film as lime's own tutorial does, batch size included."""
    explainer = LimeImageExplainer(kernel_width=SETTINGS.kernel_width, random_state=SETTINGS.seed)
    return explainer.explain_instance(
        gray2rgb(tensor),
        predict,
        labels=(PNEUMONIA,),
        top_labels=None,
        num_samples=samples,
        segmentation_fn=cut,
        random_seed=0,  # or lime draws one, and with it other samples
    )


def main(tensor_file: str, run_folder: str) -> None:
    """Answer each line of standard input."""
    run = load_run(Path(run_folder))
    tensor = np.load(tensor_file)
    predict = two_columns(load_keras(run), run)
    for line in sys.stdin:
        began = time.perf_counter()
        explanation = explain(tensor, predict, int(line))
        took = time.perf_counter() - began
        weights = [float(weight) for _, weight in sorted(explanation.local_exp[PNEUMONIA])]
        print(json.dumps({"seconds": took, "weights": weights}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
