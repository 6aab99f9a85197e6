"""Films as a run sees them: cut to the lungs, or split again without regard to patients."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.tiny_films import TINY, show_nothing, write_tiny_set
from PIL import Image

from core.datasets.duplicates import find_duplicates
from core.datasets.index import index_dataset
from core.datasets.split import split_dataset, write_split
from core.domain.model import FilmBox
from core.errors import DatasetError
from core.settings import PROJECT_ROOT
from core.training.films import STORED_PX, FilmSet, find_training_set, load_lung_masks
from core.training.lung_crop import crop_masks, crop_set, find_boxes, open_segmenter
from core.training.training_data import as_the_run_sees, load_training_data

MODELS = PROJECT_ROOT / "models"


@pytest.fixture(scope="module")
def masks(tiny_run) -> np.ndarray:
    numbers = np.arange(len(tiny_run.films.train), dtype=np.uint8)
    return np.broadcast_to(numbers[:, None, None], tiny_run.films.train.films.shape)


def ids(films: FilmSet) -> set[str]:
    return set(films.film_ids)


def test_an_ordinary_run_sees_the_films_of_the_split(tiny_run, masks):
    data, same = as_the_run_sees(TINY, tiny_run.films, masks, MODELS, show_nothing)

    assert data is tiny_run.films
    assert same is masks


def test_films_drawn_one_by_one_keep_the_numbers_and_the_test_films(tiny_run, masks):
    settings = replace(TINY, split_by="films")

    data, moved = as_the_run_sees(settings, tiny_run.films, masks, MODELS, show_nothing)

    before = tiny_run.films
    assert len(data.validation) == len(before.validation)
    assert ids(data.train) | ids(data.validation) == ids(before.train) | ids(before.validation)
    assert not ids(data.train) & ids(data.validation)
    assert ids(data.validation) != ids(before.validation)
    assert data.test is before.test
    # A film keeps its mask; those that were validation films have none.
    number = {film_id: n for n, film_id in enumerate(before.train.film_ids)}
    assert [int(mask[0, 0]) for mask in moved] == [
        number.get(film_id, 127) for film_id in data.train.film_ids
    ]


def test_every_part_is_cut_to_its_lungs(tiny_run, masks):
    settings = replace(TINY, cropped_to_lungs=True)
    lines: list[str] = []

    data, _ = as_the_run_sees(settings, tiny_run.films, masks, MODELS, lines.append)

    network = open_segmenter(MODELS)
    for part in ("train", "validation", "test"):
        before: FilmSet = getattr(tiny_run.films, part)
        expected = crop_set(before, find_boxes(before.films, network))
        np.testing.assert_array_equal(getattr(data, part).films, expected.films)
        assert getattr(data, part).film_ids == before.film_ids
    assert len(lines) == 3


def test_a_mask_is_cut_as_its_film_is():
    film = np.zeros((1, 224, 224), np.uint8)
    film[0, 56:168, 56:168] = 255
    box = [FilmBox(28, 28, 196, 196)]

    cut = crop_set(FilmSet(("a",), film, np.array([1])), box).films
    mask = crop_masks(film, box)

    assert set(np.unique(mask)) == {0, 255}
    assert mask.mean() == pytest.approx(255 * (112 / 168) ** 2, rel=0.02)
    assert np.abs(cut.astype(int) - mask).mean() < 3


def test_fetched_films_are_trained_on_where_there_are_no_copies(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="run `python -m core data fetch`"):
        find_training_set(tmp_path)
    write_tiny_set(tmp_path, tmp_path)
    copies = tmp_path / "kermany224"
    assert find_training_set(tmp_path) == copies
    for film in copies.rglob("*.jpeg"):
        with Image.open(film) as small:
            small.resize((420, 300)).save(film)
    fetched = copies.rename(tmp_path / "chest_xray")
    assert find_training_set(tmp_path) == fetched
    with pytest.raises(DatasetError, match="make a new split"):
        load_training_data(fetched, tmp_path / "split.json", show_nothing)
    index = index_dataset(fetched)
    drawn = split_dataset(index, find_duplicates(index), validation_fraction=0.4)
    write_split(drawn, tmp_path / "split.json")
    loaded = load_training_data(fetched, tmp_path / "split.json", show_nothing)
    assert loaded.train.films.shape[1:] == (STORED_PX, STORED_PX)
    assert load_lung_masks(tmp_path, loaded.train.film_ids)[1].sum() >= len(loaded.train) - 1
