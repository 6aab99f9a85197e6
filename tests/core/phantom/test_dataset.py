"""Synthetic films as a data set: layout, marks, truth, and going on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.datasets.check import check_dataset
from core.datasets.index import index_dataset
from core.errors import Cancelled, DatasetError
from core.imaging.decoding import decode_radiograph
from core.phantom import dataset
from core.phantom.builtin import BUILT_IN_FILMS, BUILT_IN_SEED
from core.phantom.dataset import (
    NOTE,
    PhantomSet,
    encode_film,
    plan_films,
    write_set,
)
from core.phantom.film import draw_film

N, SEED = 10, 3


HEIGHT_PX = 256
"""Smaller than the built-in films, so that tests are quick."""


@pytest.fixture(scope="module", autouse=True)
def _small_films():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dataset, "HEIGHT_PX", HEIGHT_PX)
        yield


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> PhantomSet:
    return write_set(tmp_path_factory.mktemp("phantoms") / "set", N, SEED)


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# --- what is planned ------------------------------------------------------------------------------


def test_half_of_a_set_is_normal_and_every_illness_has_its_share() -> None:
    planned = plan_films(BUILT_IN_FILMS, BUILT_IN_SEED)

    findings = [film.settings.finding for film in planned]
    assert findings[::2] == ["normal"] * 30
    assert {name: findings.count(name) for name in set(findings) - {"normal"}} == {
        "lobar": 8,
        "patchy": 8,
        "interstitial": 7,
        "effusion": 7,
    }
    assert len({film.settings.seed for film in planned}) == BUILT_IN_FILMS


def test_another_seed_plans_other_children() -> None:
    first, second = plan_films(N, 1), plan_films(N, 2)

    assert not {f.settings.seed for f in first} & {f.settings.seed for f in second}


def test_a_set_that_is_too_small_for_a_split_is_refused() -> None:
    with pytest.raises(DatasetError, match="9 films is too small"):
        plan_films(9, 0)


# --- what is written ------------------------------------------------------------------------------


def test_the_set_is_read_as_the_public_set_is(drawn) -> None:
    index = index_dataset(drawn.folder)

    assert index.sha256 == drawn.index.sha256
    assert [film.film_id for film in index.films] == sorted(f.film_id for f in drawn.films)
    ill = {film.film_id for film in index.films if film.label == 1}
    assert ill == {f.film_id for f in drawn.films if f.settings.finding != "normal"}
    assert all(film.subtype in ("bacteria", "virus") for film in index.films if film.label)
    assert check_dataset(drawn.folder).duplicates.exact == ()


def test_every_part_of_the_split_has_both_classes_and_no_child_is_in_two(drawn) -> None:
    label = {film.film_id: film.label for film in drawn.index.films}
    parts = (drawn.split.train, drawn.split.validation, drawn.split.test)

    assert all({label[name] for name in part} == {0, 1} for part in parts)
    assert sorted(name for part in parts for name in part) == sorted(label)
    assert len({film.patient for film in drawn.index.films}) == N


def test_no_public_film_has_a_synthetic_childs_number(drawn) -> None:
    numbers = [int("".join(filter(str.isdigit, f.patient))) for f in drawn.index.films]

    assert min(numbers) >= 9001


def test_a_film_says_in_its_file_that_it_is_synthetic(drawn) -> None:
    content = drawn.read_bytes(drawn.films[0].film_id)

    assert NOTE.encode() in content
    film = decode_radiograph(content)
    assert film.synthetic
    assert film.height_px == HEIGHT_PX


def test_a_film_says_in_its_pixels_that_it_is_synthetic_and_is_else_as_drawn(drawn) -> None:
    planned = drawn.films[1]
    film = decode_radiograph(drawn.read_bytes(planned.film_id))
    plain = draw_film(planned.settings, height_px=film.height_px, width_px=film.width_px)

    apart = 2 / 255  # half of the step between two of its greys, and less than a letter's
    rows, columns = np.nonzero(np.abs(film.pixels - plain.pixels) > apart)
    assert rows.min() > 0.9 * HEIGHT_PX
    assert columns.max() < 0.5 * film.width_px
    assert film.pixels[rows, columns].max() > 0.6  # letters, on a dark ground
    assert 60 < len(rows) < 0.01 * film.pixels.size


def test_masks_are_those_that_were_drawn(drawn) -> None:
    for planned in drawn.films[:2]:
        film = decode_radiograph(drawn.read_bytes(planned.film_id))
        plain = draw_film(planned.settings, height_px=film.height_px, width_px=film.width_px)

        assert np.array_equal(drawn.truth(planned.film_id, "lesion"), plain.lesion_mask)
        assert np.array_equal(drawn.truth(planned.film_id, "core"), plain.core_mask)
        assert np.array_equal(drawn.truth(planned.film_id, "lung"), plain.lung_mask)
        assert drawn.truth(planned.film_id, "lesion").any() == (plain.label == 1)


def test_the_manifest_states_seed_and_every_parameter(drawn) -> None:
    kept = json.loads((drawn.folder / "films.json").read_text())

    assert (kept["set"]["n"], kept["set"]["seed"]) == (N, SEED)
    assert [film["film_id"] for film in kept["films"]] == [f.film_id for f in drawn.films]
    assert [film["seed"] for film in kept["films"]] == [f.settings.seed for f in drawn.films]
    assert all(film["synthetic"] for film in kept["films"])


def test_the_same_seed_writes_the_same_bytes(drawn, tmp_path) -> None:
    for planned in drawn.films[:3]:
        width_px = decode_radiograph(drawn.read_bytes(planned.film_id)).width_px
        again = draw_film(planned.settings, height_px=HEIGHT_PX, width_px=width_px)
        assert encode_film(again) == drawn.read_bytes(planned.film_id)


# --- going on, stopping, refusing -----------------------------------------------------------------


def test_what_is_there_is_not_drawn_again_and_what_is_missing_is(drawn) -> None:
    before = bytes_of(drawn.folder)
    gone, kept = (drawn.folder / drawn.films[i].film_id for i in (2, 3))
    gone.unlink()
    stamp = kept.stat().st_mtime_ns

    write_set(drawn.folder, N, SEED)

    assert bytes_of(drawn.folder) == before
    assert kept.stat().st_mtime_ns == stamp


def test_drawing_that_is_stopped_keeps_what_is_drawn(tmp_path) -> None:
    seen: list[int] = []

    with pytest.raises(Cancelled, match="after generating 2 of 10 films"):
        write_set(
            tmp_path / "set",
            N,
            SEED,
            progress=lambda done, _: seen.append(done),
            cancelled=lambda: len(seen) == 2,
        )

    planned = plan_films(N, SEED)
    assert [(tmp_path / "set" / f.film_id).is_file() for f in planned] == [True] * 2 + [False] * 8


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path) -> None:
    (tmp_path / "letter.txt").write_text("dear")

    with pytest.raises(DatasetError, match="is not empty and holds no synthetic set"):
        write_set(tmp_path, N, SEED)
    assert bytes_of(tmp_path) == {"letter.txt": b"dear"}


def test_a_start_that_was_killed_before_the_manifest_stood_does_not_block_the_set(tmp_path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / ".films.json.1234").write_text("{")  # what a killed process leaves

    with pytest.raises(Cancelled):
        write_set(tmp_path / "set", N, SEED, cancelled=lambda: True)
    assert (tmp_path / "set" / "films.json").is_file()


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_another_programs_films_json_is_left_alone(tmp_path, content) -> None:
    (tmp_path / "films.json").write_text(content)

    with pytest.raises(DatasetError, match="holds another synthetic set"):
        write_set(tmp_path, N, SEED)
    assert (tmp_path / "films.json").read_text() == content


def test_a_lost_mask_is_drawn_again(drawn) -> None:
    mask = drawn.folder / "lesion_masks" / drawn.films[5].film_id.rsplit("/", 1)[1]
    content = mask.read_bytes()
    mask.unlink()

    write_set(drawn.folder, N, SEED)

    assert mask.read_bytes() == content


def test_another_set_is_not_mixed_in(drawn) -> None:
    with pytest.raises(DatasetError, match="holds another synthetic set"):
        write_set(drawn.folder, N, SEED + 1)


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(DatasetError, match="cannot be written to"):
        write_set(tmp_path / "file" / "set", N, SEED)


def test_a_film_of_another_set_is_refused_and_a_lost_one_is_named(drawn) -> None:
    with pytest.raises(DatasetError, match="has no film test/NORMAL/IM-0001"):
        drawn.read_bytes("test/NORMAL/IM-0001-0001.jpeg")
    name = drawn.films[4].film_id
    path = drawn.folder / name
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(DatasetError, match=r"cannot be read.*draws what is missing"):
        drawn.read_bytes(name)
    path.write_bytes(content)


def test_a_damaged_file_is_refused_and_drawn_again_when_the_set_is_written(drawn) -> None:
    whole, ill = bytes_of(drawn.folder), drawn.films[1].film_id
    number = ill.rsplit("/", 1)[1]
    for place in (ill, *(f"{kind}_masks/{number}" for kind in ("lesion", "core", "lung"))):
        content = bytearray(whole[place])
        content[len(content) // 2] ^= 1
        (drawn.folder / place).write_bytes(bytes(content))
    with pytest.raises(DatasetError, match=r"is damaged in .*draws what is missing or damaged"):
        drawn.read_bytes(ill)
    with pytest.raises(DatasetError, match="is damaged in"):
        drawn.truth(ill, "lesion")
    write_set(drawn.folder, N, SEED)
    assert bytes_of(drawn.folder) == whole
