"""The project's own split: by patient and duplicate, stratified, seeded, written down."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.datasets.duplicates import DuplicateReport
from core.datasets.index import DatasetIndex, Film
from core.datasets.split import count_parts, read_split, split_dataset, write_split
from core.errors import DatasetError

NO_DUPLICATES = DuplicateReport(exact=(), near=())


def film(split: str, patient: str, number: int, subtype: str = "") -> Film:
    if subtype:
        film_id = f"{split}/PNEUMONIA/{patient}_{subtype}_{number}.jpeg"
    else:
        film_id = f"{split}/NORMAL/{patient}-{number:04}.jpeg"
    return Film(film_id, int(bool(subtype)), subtype, patient, split, f"{film_id:0>64}"[-64:])


def children() -> DatasetIndex:
    """Return 100 normal films of 50 children, 200 bacterial of 50, 100 viral of 100, 20 in test."""
    films = [film("train", f"IM-{n // 2:04}", n % 2 + 1) for n in range(100)]
    films += [film("train", f"person{n // 4}", n, "bacteria") for n in range(200)]
    films += [film("train", f"person{n + 1000}", n, "virus") for n in range(98)]
    films += [film("val", f"person{n + 2000}", n, "virus") for n in range(2)]
    films += [film("test", f"NORMAL2-IM-{n:04}", 1) for n in range(10)]
    films += [film("test", f"person{n}", n + 5000, "bacteria") for n in range(10)]
    return DatasetIndex(Path("films"), tuple(sorted(films, key=lambda f: f.film_id)))


@pytest.fixture
def index() -> DatasetIndex:
    return children()


def patients(index: DatasetIndex, film_ids) -> set[str]:
    held = {f.film_id: f.patient for f in index.films}
    return {held[film_id] for film_id in film_ids}


def test_every_film_serves_exactly_once(index):
    split = split_dataset(index, NO_DUPLICATES)

    served = Counter((*split.train, *split.validation, *split.test, *split.excluded))
    assert served == Counter(f.film_id for f in index.films)


def test_the_official_test_is_untouched(index):
    split = split_dataset(index, NO_DUPLICATES)

    assert split.test == tuple(f.film_id for f in index.films if f.official_split == "test")


def test_the_official_val_films_are_in_the_pool(index):
    split = split_dataset(index, NO_DUPLICATES)

    pool = {*split.train, *split.validation}
    assert {f.film_id for f in index.films if f.official_split == "val"} <= pool


def test_no_patient_is_both_in_train_and_validation(index):
    split = split_dataset(index, NO_DUPLICATES)

    assert patients(index, split.train).isdisjoint(patients(index, split.validation))


@pytest.mark.parametrize("seed", range(5))
def test_validation_holds_its_share_of_each_stratum(index, seed):
    counts = count_parts(split_dataset(index, NO_DUPLICATES, seed=seed))["validation"]

    # 15 % of 100, 200 and 100 films, in groups of 2, 4 and 1.
    assert counts == {
        "normal": pytest.approx(15, abs=2),
        "bacteria": pytest.approx(30, abs=4),
        "virus": pytest.approx(15, abs=1),
    }


def test_the_same_seed_gives_the_same_split(index):
    backwards = replace(index, films=index.films[::-1])

    again = split_dataset(backwards, NO_DUPLICATES)

    assert set(split_dataset(index, NO_DUPLICATES).validation) == set(again.validation)


def test_another_seed_draws_other_patients(index):
    first = split_dataset(index, NO_DUPLICATES, seed=1).validation
    second = split_dataset(index, NO_DUPLICATES, seed=2).validation

    assert set(first) != set(second)


@pytest.mark.parametrize("seed", range(8))
def test_patients_who_share_a_duplicate_stay_together(index, seed):
    """person1000, person1001 and person1002 are a chain of two duplicate pairs."""
    chain = [film("train", f"person{n + 1000}", n, "virus").film_id for n in range(3)]
    duplicates = DuplicateReport(exact=((chain[0], chain[1]),), near=((chain[1], chain[2]),))

    split = split_dataset(index, duplicates, seed=seed)

    assert len({film_id in split.train for film_id in chain}) == 1
    assert {split.group[film_id] for film_id in chain} == {"person1000"}


def test_two_patients_joined_by_a_duplicate_carry_all_their_films(index):
    """Only one film of each child is a copy; their other films must follow."""
    pair = ("train/PNEUMONIA/person0_bacteria_0.jpeg", "train/PNEUMONIA/person7_bacteria_28.jpeg")

    split = split_dataset(index, DuplicateReport(exact=(pair,), near=()))

    both = [f.film_id for f in index.films if f.patient in {"person0", "person7"}]
    assert {split.group[film_id] for film_id in both} == {"person0"}
    pool = {f for f in both if not f.startswith("test")}
    assert pool <= set(split.train) or pool <= set(split.validation)


def test_a_copy_of_a_test_film_is_left_out_with_the_reason(index):
    copy, original = "train/NORMAL/IM-0003-0001.jpeg", "test/NORMAL/NORMAL2-IM-0004-0001.jpeg"

    split = split_dataset(index, DuplicateReport(exact=(), near=((original, copy),)))

    assert split.excluded == {copy: f"a copy of {original}"}
    assert copy not in {*split.train, *split.validation}
    assert original in split.test
    assert "train/NORMAL/IM-0003-0002.jpeg" in {*split.train, *split.validation}


def test_numbers_that_also_occur_in_test_are_recorded_and_stay_in(index):
    split = split_dataset(index, NO_DUPLICATES)

    assert split.shared_patients == tuple(f"person{n}" for n in range(10))
    pool = patients(index, (*split.train, *split.validation))
    assert set(split.shared_patients) <= pool


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5])
def test_a_fraction_outside_0_to_1_is_refused(index, fraction):
    with pytest.raises(DatasetError, match=rf"{fraction} is not between 0 and 1"):
        split_dataset(index, NO_DUPLICATES, validation_fraction=fraction)


def test_a_fraction_too_small_for_one_patient_is_refused(index):
    with pytest.raises(DatasetError, match=r"400 films to train on and 0 to validate on"):
        split_dataset(index, NO_DUPLICATES, validation_fraction=0.0001)


def test_a_written_split_is_read_back_whole(index, tmp_path):
    pair = ("train/PNEUMONIA/person0_bacteria_0.jpeg", "train/PNEUMONIA/person7_bacteria_28.jpeg")
    leak = ("test/NORMAL/NORMAL2-IM-0004-0001.jpeg", "train/NORMAL/IM-0003-0001.jpeg")
    split = split_dataset(index, DuplicateReport(exact=(pair, leak), near=()), seed=3)

    write_split(split, tmp_path / "runs" / "split.json")

    assert read_split(tmp_path / "runs" / "split.json", index) == split


def test_a_written_split_states_seed_counts_and_index(index, tmp_path):
    split = split_dataset(index, NO_DUPLICATES, seed=3)
    write_split(split, tmp_path / "split.json")

    written = json.loads((tmp_path / "split.json").read_text())

    assert (written["seed"], written["index_sha256"]) == (3, index.sha256)
    assert written["counts"]["test"] == {"bacteria": 10, "normal": 10}
    assert written["validation"] == list(split.validation)


def test_a_split_of_other_films_is_refused(index, tmp_path):
    write_split(split_dataset(index, NO_DUPLICATES), tmp_path / "split.json")
    other = replace(index, films=index.films[1:])

    with pytest.raises(DatasetError, match=r"was made from other films"):
        read_split(tmp_path / "split.json", other)


def test_a_missing_split_is_answered_with_the_command(tmp_path):
    with pytest.raises(DatasetError, match=r"no split at .*data split --out"):
        read_split(tmp_path / "split.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 9}'])
def test_a_file_that_is_no_split_is_refused(tmp_path, content):
    (tmp_path / "split.json").write_text(content)

    with pytest.raises(DatasetError, match=r"is not a split of format 1"):
        read_split(tmp_path / "split.json")


def test_a_split_that_cannot_be_written_is_a_sentence(index, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(DatasetError, match=r"cannot be written to"):
        write_split(split_dataset(index, NO_DUPLICATES), tmp_path / "file" / "split.json")
