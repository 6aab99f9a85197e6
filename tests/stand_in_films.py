"""Smooth noise under the names of the public films, so that a kept run's gallery has pictures."""

from collections.abc import Iterable
from pathlib import Path

from kermany_stand_in import draw_film, encode_film, write_bytes

from core.predictions import read_predictions
from core.run_store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

DRAWN = 12


def served_predictions():
    """Return what the served run said of the public films."""
    return read_predictions(load_run(PROJECT_ROOT / "models" / SERVED_RUN))


def write_stand_ins(data: Path, film_ids: Iterable[str]) -> None:
    """Write a picture for each name; a few pictures take turns."""
    drawn = [encode_film(draw_film(seed)) for seed in range(DRAWN)]
    names = [*film_ids, "train/NORMAL/one-more.jpeg", "test/NORMAL/one-more.jpeg"]
    for turn, film_id in enumerate(names):
        write_bytes(data / "kermany224" / film_id, drawn[turn % DRAWN])
