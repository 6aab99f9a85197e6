"""Where labelled films come from, and what is said when they are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.datasets.fetch import find_public_set
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.png import marked_png, thumbnail_png
from core.library.films import FilmCopy, PublicLibrary, order_parts, states_synthetic
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

FILM = "test/NORMAL/IM-0001-0001.jpeg"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a tiny public set and one film from elsewhere."""
    for place in (FILM, "train/PNEUMONIA/person1_virus_1.jpeg"):
        path = tmp_path / "kermany224" / place
        path.parent.mkdir(parents=True)
        path.write_bytes(b"film " + place.encode())
    (tmp_path / "nih_rsna").mkdir()
    (tmp_path / "nih_rsna" / "1.png").write_bytes(b"adult")
    (tmp_path / "secret.txt").write_bytes(b"secret")
    return tmp_path


def test_films_of_the_set_and_of_elsewhere_are_read_by_their_id(data) -> None:
    library = PublicLibrary(data)

    assert library.has_films
    assert library.read_bytes(FILM) == b"film test/NORMAL/IM-0001-0001.jpeg"
    assert library.read_bytes("nih_rsna/1.png") == b"adult"


def test_the_largest_file_of_a_film_is_shown_and_says_what_it_is(data) -> None:
    name = Path(FILM).stem
    small = FilmCopy(b"film test/NORMAL/IM-0001-0001.jpeg", "224 px copy", square=True)
    assert PublicLibrary(data).read_shown(FILM) == small
    for folder, ending, kind in (
        ("kermany_test_1024", "jpg", "1024 px copy"),
        ("kermany_fullres", "jpeg", "original file"),
    ):
        path = data / folder / "images" / f"{name}.{ending}"
        path.parent.mkdir(parents=True)
        path.write_bytes(kind.encode())
        library = PublicLibrary(data)
        assert library.read_shown(FILM) == FilmCopy(kind.encode(), kind)
        assert library.read_bytes(FILM) == small.content  # what runs are measured on
    path.unlink()
    assert library.read_shown(FILM) == small
    assert library.read_shown("nih_rsna/1.png") == FilmCopy(b"adult")
    (data / "kermany224").rename(data / "chest_xray")  # as it is fetched, in its proportions
    assert PublicLibrary(data).read_shown(FILM) == FilmCopy(small.content)


def test_a_file_says_that_it_was_drawn_where_decoding_finds_it_too() -> None:
    grey = np.linspace(0.0, 1.0, 64 * 64, dtype=np.float32).reshape(64, 64)
    marked = marked_png(grey, "SYNTHETIC", "Drawn for a test.")
    unmarked = thumbnail_png(decode_radiograph(marked), side_px=64)

    assert states_synthetic(marked)
    assert decode_radiograph(marked).synthetic
    assert not states_synthetic(unmarked)
    assert not decode_radiograph(unmarked).synthetic


@pytest.mark.parametrize("layout", ["chest_xray", "chest_xray/chest_xray", "kermany224"])
def test_the_set_is_found_where_fetching_leaves_it(tmp_path, layout) -> None:
    for part in ("train", "test"):
        folder = tmp_path / layout / part / "NORMAL"
        folder.mkdir(parents=True)
        (folder / "IM-0001-0001.jpeg").write_bytes(b"x")

    assert find_public_set(tmp_path) == tmp_path / layout


def test_without_films_the_sentence_says_how_to_get_them(tmp_path) -> None:
    (tmp_path / "chest_xray").mkdir()  # a download that has not begun
    library = PublicLibrary(tmp_path)

    assert not library.has_films
    with pytest.raises(DatasetError, match=r"python -m core data fetch.*FIRSTREAD_DATA"):
        library.read_bytes(FILM)


@pytest.mark.parametrize("film_id", ["../secret.txt", "nih_rsna/../secret.txt", "test/../../x"])
def test_no_name_leads_out_of_the_set(data, film_id) -> None:
    with pytest.raises(DatasetError, match="is not a film"):
        PublicLibrary(data).read_bytes(film_id)


def test_a_film_that_is_gone_is_named(data) -> None:
    library = PublicLibrary(data)
    (data / "kermany224" / FILM).unlink()

    with pytest.raises(DatasetError, match=f"{FILM} cannot be read"):
        library.read_bytes(FILM)


def test_predictions_and_parts_are_there_without_any_film(tmp_path) -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    library = PublicLibrary(tmp_path)

    assert library.parts(run) == ("validation", "test", "nih")
    assert len(library.predictions(run).of_split("test")) == 624


def test_parts_come_in_the_order_of_the_field_and_others_by_name() -> None:
    found = np.array(["zoo", "test", "nih", "train", "validation", "test"])

    assert order_parts(found) == ("train", "validation", "test", "nih", "zoo")
