"""The index of the real films: what the published set holds."""

from collections import Counter
from pathlib import Path

import pytest

from core.datasets.duplicates import find_duplicates
from core.datasets.index import index_dataset
from core.datasets.split import count_parts, read_split, shared_patients, split_dataset
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.real_films


@pytest.fixture(scope="module")
def index(real_data: Path):
    return index_dataset(real_data / "kermany224")


@pytest.fixture(scope="module")
def duplicates(index):
    return find_duplicates(index)


def test_the_real_set_has_the_published_counts(index):
    assert Counter(f.official_split for f in index.films) == {
        "train": 5216,
        "val": 16,
        "test": 624,
    }
    assert Counter(f.stratum for f in index.films) == {
        "normal": 1583,
        "bacteria": 2780,
        "virus": 1493,
    }


def test_170_person_numbers_of_the_real_set_cross_into_test(index):
    crossing = shared_patients(index)

    assert len(crossing) == 170
    assert all(patient.startswith("person") for patient in crossing)


def test_the_real_set_holds_30_exact_groups_and_none_crosses_splits_or_classes(duplicates):
    assert len(duplicates.exact) == 30
    assert sum(map(len, duplicates.exact)) == 62
    assert sum(group[0].startswith("test/") for group in duplicates.exact) == 6
    folders = [{film_id.rpartition("/")[0] for film_id in group} for group in duplicates.exact]
    assert all(len(folder) == 1 for folder in folders)


def test_different_real_films_are_never_near_duplicates(duplicates):
    assert duplicates.near == ()


def test_the_real_split_is_disjoint_by_patient_and_holds_15_percent(index, duplicates):
    split = split_dataset(index, duplicates)

    groups = [
        {split.group[film_id] for film_id in part} for part in (split.train, split.validation)
    ]
    assert groups[0].isdisjoint(groups[1])
    assert len(split.train) + len(split.validation) == 5232
    counts = count_parts(split)
    for stratum, held in counts["validation"].items():
        share = held / (held + counts["train"][stratum])
        assert share == pytest.approx(0.15, abs=0.015)


def test_the_committed_split_is_the_one_that_these_films_give(index, duplicates):
    committed = read_split(PROJECT_ROOT / "models" / "split.json", index)

    assert committed == split_dataset(index, duplicates)
