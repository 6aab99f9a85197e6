"""Small tables of films and predictions for tests, with a default for every column."""

from typing import Any

import numpy as np

from core.predictions import FilmTable, Predictions


def film_table(n: int, **columns: Any) -> FilmTable:
    """Return n films of the official test, each of its own patient, with the columns given."""
    numbers = np.arange(n)
    table: dict[str, Any] = {
        "film_id": [f"test/NORMAL/{number}.jpeg" for number in numbers],
        "split": ["test"] * n,
        "label": numbers % 2,
        "subtype": [("", "bacteria", "", "virus")[number % 4] for number in numbers],
        "patient": [f"person{number}" for number in numbers],
        "patient_in_train": np.zeros(n, np.bool_),
        "original_height_px": np.full(n, 800.0),
        "original_width_px": np.full(n, 1200.0),
        "contrast": np.full(n, 0.7),
        "median_grey": np.full(n, 0.5),
        "sharpness": np.full(n, 0.05),
    }
    return FilmTable(**{name: np.asarray(value) for name, value in (table | columns).items()})


def predictions_of(films: FilmTable, probability: Any) -> Predictions:
    """Return predictions whose logits are those of the probabilities."""
    p = np.asarray(probability, np.float64)
    return Predictions(films, np.log(p) - np.log1p(-p), p)
