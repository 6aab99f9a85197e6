"""The index of the film set: names, layouts, zips, and sentences for what is wrong."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from fixtures.kermany_stand_in import FILMS, draw_film, encode_film, write_bytes, write_films

from core.datasets.index import Film, index_dataset
from core.errors import DatasetError

NORMAL = "train/NORMAL/IM-0115-0001.jpeg"


def zip_films(path: Path, prefix: str, films=FILMS) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for film_id, seed in films.items():
            archive.writestr(prefix + film_id, encode_film(draw_film(seed)))
    return path


@pytest.mark.parametrize(
    ("film_id", "label", "subtype", "patient"),
    [
        ("train/PNEUMONIA/person12_bacteria_46.jpeg", 1, "bacteria", "person12"),
        ("train/PNEUMONIA/person447_virus_921_1.jpeg", 1, "virus", "person447"),
        ("train/NORMAL/IM-0666-0001-0002.jpeg", 0, "", "IM-0666"),
        ("train/NORMAL/NORMAL2-IM-0587-0001-0001.jpeg", 0, "", "NORMAL2-IM-0587"),
    ],
)
def test_a_file_name_gives_class_subtype_and_patient(tmp_path, film_id, label, subtype, patient):
    write_films(tmp_path, {**FILMS, film_id: 50})

    film = next(f for f in index_dataset(tmp_path).films if f.film_id == film_id)

    sha256 = hashlib.sha256((tmp_path / film_id).read_bytes()).hexdigest()
    assert film == Film(film_id, label, subtype, patient, "train", sha256)


def test_films_are_sorted_and_carry_their_official_split(tmp_path):
    films = index_dataset(write_films(tmp_path)).films

    assert [f.film_id for f in films] == sorted(FILMS)
    assert [f.official_split for f in films] == ["test"] * 2 + ["train"] * 5 + ["val"] * 2


def test_the_same_number_in_the_two_normal_series_is_two_patients(tmp_path):
    films = index_dataset(write_films(tmp_path)).films

    assert {f.patient for f in films if "0115" in f.film_id} == {"IM-0115", "NORMAL2-IM-0115"}


def test_the_layout_is_found_three_folders_below_the_one_named(tmp_path):
    write_films(tmp_path / "a" / "b" / "chest_xray")

    index = index_dataset(tmp_path)

    assert index.root == tmp_path / "a" / "b" / "chest_xray"
    assert len(index.films) == len(FILMS)


def test_what_operating_systems_leave_beside_films_is_ignored(tmp_path):
    write_films(tmp_path / "films")
    for name in (".DS_Store", "._IM-0115-0001.jpeg", "Thumbs.db"):
        write_bytes(tmp_path / "films" / "train" / "NORMAL" / name, b"clutter")
    for film_id in FILMS:
        write_bytes(tmp_path / "__MACOSX" / film_id, b"clutter")

    assert len(index_dataset(tmp_path).films) == len(FILMS)


def test_a_zip_with_a_second_copy_inside_counts_each_film_once(tmp_path):
    path = zip_films(tmp_path / "x.zip", "chest_xray/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"chest_xray/chest_xray/{NORMAL}", b"second copy")
        archive.writestr("chest_xray/chest_xray/test/NORMAL/IM-0001-0001.jpeg", b"second copy")
        archive.writestr("chest_xray/__MACOSX/train/NORMAL/._IM-0115-0001.jpeg", b"clutter")
        archive.writestr("chest_xray/train/.DS_Store", b"clutter")

    assert [f.film_id for f in index_dataset(path).films] == sorted(FILMS)


def test_a_zip_is_read_in_place_and_equals_the_folder(tmp_path):
    folder = index_dataset(write_films(tmp_path / "films"))
    zipped = index_dataset(zip_films(tmp_path / "x.zip", "chest_xray/"))

    assert zipped.sha256 == folder.sha256
    assert [zipped.read_bytes(f) for f in zipped.films] == [
        folder.read_bytes(f) for f in folder.films
    ]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["films", "x.zip"]


def test_names_that_climb_out_of_a_zip_are_ignored(tmp_path):
    path = zip_films(tmp_path / "x.zip", "")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../train/NORMAL/IM-0999-0001.jpeg", b"x")
        archive.writestr("/train/NORMAL/IM-0998-0001.jpeg", b"x")

    assert [f.film_id for f in index_dataset(path).films] == sorted(FILMS)


def test_the_index_hash_is_the_hash_of_sorted_names_and_hashes(tmp_path):
    index = index_dataset(write_films(tmp_path))

    lines = "".join(
        f"{name} {hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}\n"
        for name in sorted(FILMS)
    )
    assert index.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_another_film_under_the_same_name_changes_the_index_hash(tmp_path):
    before = index_dataset(write_films(tmp_path)).sha256
    write_films(tmp_path, {NORMAL: 99})

    assert index_dataset(tmp_path).sha256 != before


def test_progress_is_told_of_every_film(tmp_path):
    told = []

    index_dataset(write_films(tmp_path), progress=lambda done, total: told.append((done, total)))

    assert told == [(n, len(FILMS)) for n in range(1, len(FILMS) + 1)]


def test_a_missing_folder_is_named_with_what_to_do(tmp_path):
    with pytest.raises(DatasetError, match=r"no data folder at .*nowhere.*data fetch"):
        index_dataset(tmp_path / "nowhere")


def test_an_empty_folder_is_named_with_what_was_expected(tmp_path):
    with pytest.raises(DatasetError, match=r"is empty: \{train,val,test\}"):
        index_dataset(tmp_path)


def test_a_wrong_folder_is_answered_with_what_was_found(tmp_path):
    write_bytes(tmp_path / "holiday" / "beach.jpeg", b"x")

    with pytest.raises(DatasetError, match=r"train and test folders.*expected, holiday was found"):
        index_dataset(tmp_path)


def test_a_folder_without_test_is_refused(tmp_path):
    write_films(tmp_path, {n: s for n, s in FILMS.items() if not n.startswith("test")})

    with pytest.raises(DatasetError, match=r"no train and test folders.*train, val was found"):
        index_dataset(tmp_path)


def test_a_missing_class_folder_is_named(tmp_path):
    write_films(tmp_path, {n: s for n, s in FILMS.items() if not n.startswith("test/NORMAL")})

    with pytest.raises(DatasetError, match=r"no films in test/NORMAL: .*8 films were found"):
        index_dataset(tmp_path)


def test_two_data_sets_side_by_side_are_both_named(tmp_path):
    write_films(tmp_path / "first")
    write_films(tmp_path / "second")

    with pytest.raises(DatasetError, match=r"several data sets: first/, second/\. Name one"):
        index_dataset(tmp_path)


def test_damaged_files_are_counted_and_the_first_three_named(tmp_path):
    write_films(tmp_path)
    for number in range(1, 6):
        write_bytes(tmp_path / f"train/NORMAL/IM-000{number}-0001.jpeg", b"")
    write_bytes(tmp_path / "train/NORMAL/IM-0002-0001.jpeg", b"<html>not found</html>")

    with pytest.raises(DatasetError) as caught:
        index_dataset(tmp_path)

    sentence = str(caught.value)
    assert sentence.startswith("5 files are damaged in")
    assert "IM-0001-0001.jpeg (0 bytes)" in sentence
    assert "IM-0002-0001.jpeg (neither JPEG nor PNG)" in sentence
    assert "and 2 more" in sentence


def test_a_name_without_a_patient_is_refused(tmp_path):
    write_films(tmp_path, {**FILMS, "train/PNEUMONIA/scan.jpeg": 50})

    with pytest.raises(DatasetError, match=r"train/PNEUMONIA/scan\.jpeg states no patient"):
        index_dataset(tmp_path)


def test_a_file_over_30_mb_is_refused(tmp_path):
    write_films(tmp_path)
    with (tmp_path / NORMAL).open("wb") as film:
        film.truncate(31 * 2**20)

    with pytest.raises(DatasetError, match=r"is 31 MB; a film may be 30 MB"):
        index_dataset(tmp_path)


def test_a_zip_member_that_expands_over_30_mb_is_refused(tmp_path):
    path = zip_films(tmp_path / "x.zip", "")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/NORMAL/IM-0900-0001.jpeg", bytes(31 * 2**20))

    with pytest.raises(DatasetError, match=r"is 31 MB; a film may be 30 MB"):
        index_dataset(path)


def test_a_truncated_zip_is_refused(tmp_path):
    path = zip_films(tmp_path / "x.zip", "")
    path.write_bytes(path.read_bytes()[:-200])

    with pytest.raises(DatasetError, match=r"neither a folder nor a whole zip file"):
        index_dataset(path)


def test_a_zip_with_a_flipped_byte_in_a_film_is_refused(tmp_path):
    path = zip_films(tmp_path / "x.zip", "")
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        middle = archive.getinfo(NORMAL).header_offset + 200
    content[middle] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(DatasetError, match=r"IM-0115-0001\.jpeg cannot be read"):
        index_dataset(path)


def test_an_encrypted_zip_is_refused(tmp_path):
    buffer = io.BytesIO(zip_films(tmp_path / "x.zip", "").read_bytes())
    content = bytearray(buffer.getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1  # general purpose bit 0: encrypted (APPNOTE 4.4.4)
            at = content.find(mark, at + 1)
    (tmp_path / "x.zip").write_bytes(content)

    with pytest.raises(DatasetError, match=r"cannot be read .*encrypted"):
        index_dataset(tmp_path / "x.zip")


def test_a_zip_of_an_unknown_compression_is_refused(tmp_path):
    path = zip_films(tmp_path / "x.zip", "")
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] = 77  # compression method (APPNOTE 4.4.5): none has this number
            at = content.find(mark, at + 1)
    path.write_bytes(content)

    with pytest.raises(DatasetError, match=r"cannot be read .*compression"):
        index_dataset(path)


def test_a_film_that_was_deleted_after_indexing_is_named(tmp_path):
    index = index_dataset(write_films(tmp_path))
    film = next(f for f in index.films if f.film_id == NORMAL)
    (tmp_path / NORMAL).unlink()

    with pytest.raises(DatasetError, match=r"IM-0115-0001\.jpeg cannot be read"):
        index.read_bytes(film)
