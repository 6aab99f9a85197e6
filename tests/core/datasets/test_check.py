"""The check: what it counts and what it refuses."""

import pytest
from fixtures.kermany_stand_in import FILMS, MANIFEST, write_films

from core.datasets.check import CountRow, check_dataset, write_hash_list
from core.datasets.index import index_dataset
from core.errors import DatasetError


def test_films_and_patients_are_counted_by_split_and_class(tmp_path):
    report = check_dataset(write_films(tmp_path), manifest=MANIFEST)

    assert report.rows == (
        CountRow("train", "normal", films=2, patients=2),
        CountRow("train", "bacteria", films=2, patients=1),
        CountRow("train", "virus", films=1, patients=1),
        CountRow("val", "normal", films=1, patients=1),
        CountRow("val", "bacteria", films=1, patients=1),
        CountRow("test", "normal", films=1, patients=1),
        CountRow("test", "virus", films=1, patients=1),
    )
    assert report.warnings == ()


def test_patient_numbers_that_cross_into_test_are_listed(tmp_path):
    assert check_dataset(write_films(tmp_path), manifest=MANIFEST).shared_patients == ("person1",)


def test_other_counts_than_published_are_a_warning(tmp_path):
    write_films(tmp_path, {**FILMS, "train/NORMAL/IM-0300-0001.jpeg": 60})

    assert check_dataset(tmp_path, manifest=MANIFEST).warnings == (
        "train/NORMAL holds 3 films; 2 were published.",
    )


def test_duplicates_across_splits_and_classes_are_told_apart(tmp_path):
    inside = ("train/NORMAL/IM-0115-0001.jpeg", "train/NORMAL/IM-0300-0001.jpeg")
    across = ("test/NORMAL/IM-0001-0001.jpeg", "train/PNEUMONIA/person9_virus_9.jpeg")
    copies = {inside[1]: FILMS[inside[0]], across[1]: FILMS[across[0]]}

    report = check_dataset(write_films(tmp_path, {**FILMS, **copies}), manifest=MANIFEST)

    assert report.duplicates.exact == (across, inside)
    assert report.across_splits == (across,)
    assert report.across_labels == (across,)


def test_the_hash_list_is_used_when_it_is_there(tmp_path):
    index = index_dataset(write_films(tmp_path))
    before = check_dataset(tmp_path, manifest=MANIFEST).hash_list
    write_hash_list(index)

    assert (before, check_dataset(tmp_path, manifest=MANIFEST).hash_list) == (False, True)


def test_a_film_changed_since_the_list_was_written_is_refused(tmp_path):
    write_hash_list(index_dataset(write_films(tmp_path)))
    write_films(tmp_path, {"train/NORMAL/IM-0115-0001.jpeg": 80})

    with pytest.raises(DatasetError, match=r"1 films? in .* first train/NORMAL/IM-0115-0001\.jpeg"):
        check_dataset(tmp_path, manifest=MANIFEST)
