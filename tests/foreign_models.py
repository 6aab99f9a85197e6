"""A folder with one small run and its split, for tests of what is imported beside it."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from film_tables import film_table, predictions_of

from core.domain import OperatingPoint
from core.evaluation import find_cut_points, measure_run
from core.film_facts import FACTS_FILE, empty_facts, write_facts
from core.predictions import PREDICTIONS_FILE, FilmTable, write_predictions
from core.run_store import write_record

POINT = OperatingPoint(0.5, 1.0, 1.0, 8, 4, "validation patients")
TRAIN = ["train/NORMAL/IM-0900-0001.jpeg", "train/PNEUMONIA/person900_virus_1.jpeg"]


def ids_of(folder: str, first: int) -> list[str]:
    """Return four normal films and four of pneumonia, two of them viral."""
    normal = [f"{folder}/NORMAL/IM-{number:04d}-0001.jpeg" for number in range(first, first + 4)]
    kinds = ("bacteria", "bacteria", "virus", "virus")
    return normal + [
        f"{folder}/PNEUMONIA/person{first + place}_{kind}_{place}.jpeg"
        for place, kind in enumerate(kinds)
    ]


VALIDATION, TEST = ids_of("train", 100), ids_of("test", 900)
"""The first test film has the bare name of the first training film."""

NIH = [f"nih_rsna/images/0000000{number}_000.png" for number in range(4)]
LABELS = [0, 0, 0, 0, 1, 1, 1, 1]


def known_films() -> FilmTable:
    """Return eight films of validation, eight of test and four external."""
    ids = [*VALIDATION, *TEST, *NIH]
    subtypes = [""] * 4 + ["bacteria"] * 2 + ["virus"] * 2
    return film_table(
        len(ids),
        film_id=ids,
        split=["validation"] * 8 + ["test"] * 8 + ["nih"] * 4,
        label=np.array(LABELS * 2 + [0, 1, 0, 1]),
        subtype=subtypes * 2 + [""] * 4,
    )


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """Return a folder with the run ``own`` and ``split.json``."""
    folder = tmp_path_factory.mktemp("models")
    split = {
        "format": 1,
        "seed": 20,
        "validation_fraction": 0.15,
        "index_sha256": "0" * 64,
        "shared_patients": [],
        "joined_patients": {},
        "excluded": {"train/NORMAL/IM-0901-0001-0001.jpeg": "a copy"},
        "train": TRAIN,
        "validation": VALIDATION,
        "test": TEST,
    }
    (folder / "split.json").write_text(json.dumps(split))
    films = known_films()
    predictions = predictions_of(films, np.where(films.label == 1, 0.8, 0.3))
    (folder / "own").mkdir()
    write_predictions(predictions, folder / "own" / PREDICTIONS_FILE)
    record = {
        "run_id": "own",
        "sentence": "A stand-in.",
        "created": "2024-05-04T12:00:00+00:00",
        "architecture": "none",
        "input_px": 8,
        "calibration": {"temperature": 1.0, "offset": 0.0},
        "operating_point": asdict(POINT),
        "data": {"index_sha256": "0" * 64},
        **measure_run(predictions, 0.5, find_cut_points(films)),
    }
    write_record(folder / "own", record)
    write_facts(empty_facts(), folder / FACTS_FILE)
    return folder
