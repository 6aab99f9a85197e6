"""A site's folder and labels become scored films: each labelled film once, the others named."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import Cancelled, DatasetError
from core.jobs.film_worker import EngineFiles
from core.jobs.site_films import TWICE, keys_of, read_site
from core.pipeline import open_engine, read_film
from core.runs.store import reading_identity
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.sites.labels import NOT_SETTLED, read_labels
from core.sites.source import open_films

SHIPPED = sorted((PROJECT_ROOT / "synthetic" / "test" / "NORMAL").glob("*.png"))[:2]
ILL = sorted((PROJECT_ROOT / "synthetic" / "test" / "PNEUMONIA").glob("*.png"))[:2]
LABELS = read_labels(
    b"film,patient,reader_1,reader_2,label,ward\n"
    b"a.png,1,0,0,,north\n"
    b"ward/b.png,1,1,0,0,north\n"
    b"c.png,2,1,1,,south\n"
    b"d.png,2,1,0,,south\n"
    b"again.png,3,1,1,,south\n"
    b"grey.png,4,0,0,,south\n"
    b"broken.png,5,0,0,,south\n"
    b"gone.png,6,0,0,,south\n"
)


@pytest.fixture(scope="module")
def engine():
    return open_engine(get_settings().models, SERVED_RUN)


@pytest.fixture(scope="module")
def files(engine) -> EngineFiles:
    identity = reading_identity(engine.classifier.run_record, engine.gate.sha256)
    return EngineFiles(get_settings().models.absolute(), SERVED_RUN, 1, identity)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("site")
    (place / "ward").mkdir()
    (place / "deep").mkdir()
    shutil.copy(SHIPPED[0], place / "a.png")
    shutil.copy(SHIPPED[1], place / "ward" / "b.png")
    shutil.copy(ILL[0], place / "deep" / "c.png")
    shutil.copy(ILL[1], place / "d.png")
    shutil.copy(ILL[0], place / "again.png")
    Image.new("L", (300, 300), 128).save(place / "grey.png")
    (place / "broken.png").write_bytes(SHIPPED[0].read_bytes()[:200])
    (place / "unlabelled.png").write_bytes(b"nothing")
    (place / ".hidden.png").write_bytes(b"nothing")
    (place / "notes.txt").write_text("nothing")
    return place


@pytest.fixture(scope="module")
def read(folder, files):
    with open_films(str(folder)) as source:
        return read_site(source, LABELS, files)


def test_each_labelled_film_is_scored_once_as_an_upload_is(read, folder, engine):
    scored = read.films.scored
    assert scored.films.label.tolist() == [0, 1, 0]  # a, again, ward/b: in order of their paths
    alone = read_film((folder / "a.png").read_bytes(), engine).prediction
    assert scored.probability[0] == alone.probability
    assert len(set(scored.films.film_id)) == 3
    assert not any("png" in film for film in scored.films.film_id)


def test_patients_readers_and_groups_come_along(read):
    films = read.films
    first, again, second = films.scored.films.patient
    assert first == second != again
    assert films.patients_stated
    np.testing.assert_array_equal(films.readers["reader_2"], [0, 1, 0])
    assert films.groups["ward"].tolist() == ["north", "south", "north"]


def test_what_is_not_measured_is_named_with_its_reason(read):
    assert read.left_out == {"d.png": NOT_SETTLED, "deep/c.png": TWICE}
    assert list(read.unreadable) == ["broken.png"]
    assert sum(read.films.refused.values()) == 1
    assert read.missing == ("gone.png",)
    assert read.unlabelled == 1


def test_a_zip_file_gives_the_same(read, folder, files, tmp_path):
    with zipfile.ZipFile(tmp_path / "site.zip", "w") as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    with open_films(str(tmp_path / "site.zip")) as source:
        again = read_site(source, LABELS, files)
    np.testing.assert_array_equal(again.films.scored.probability, read.films.scored.probability)
    assert again.left_out == read.left_out


class Numbered:
    """Three files, of which two say a number; asking for it is counted."""

    names = ("a/one.dcm", "b/two.dcm", "c/two.dcm")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def also(self, name: str) -> tuple[str, ...]:
        self.asked.append(name)
        return ("1.2.3", "ACC-5") if name.startswith(("a", "b")) else ()


@pytest.mark.parametrize(
    ("labelled", "keys", "asked"),
    [
        (["one.dcm", "b/two.dcm"], {"a/one.dcm": "one.dcm", "b/two.dcm": "b/two.dcm"}, 0),
        (["ACC-5"], {"a/one.dcm": "ACC-5", "b/two.dcm": "ACC-5"}, 3),
        (["one.dcm", "1.2.3"], {"a/one.dcm": "one.dcm", "b/two.dcm": "1.2.3"}, 2),
        (["one.dcm", "two.dcm"], {"a/one.dcm": "one.dcm"}, 2),  # which of the two is not known
    ],
    ids=["by name", "by accession number", "by both", "a name that two files have"],
)
def test_labels_know_a_film_by_its_path_its_name_or_its_number(labelled, keys, asked):
    films = Numbered()
    labels = dict.fromkeys(labelled, LABELS["a.png"])
    assert keys_of(films, labels) == keys
    assert len(films.asked) == asked


def test_it_can_be_stopped(folder, files):
    with open_films(str(folder)) as source, pytest.raises(Cancelled, match="was stopped"):
        read_site(source, LABELS, files, cancelled=lambda: True)


def test_labels_of_other_films_are_refused(folder, files):
    other = read_labels(b"film,label\nz.png,1\n")
    with open_films(str(folder)) as source, pytest.raises(DatasetError, match="no film of this"):
        read_site(source, other, files)


@pytest.mark.parametrize("place", ["nowhere", "nowhere.zip", "strange://place"])
def test_a_place_that_is_none_is_said(place, tmp_path):
    with (
        pytest.raises(DatasetError, match=r"cannot be opened|holds no file"),
        open_films(place if ":" in place else str(tmp_path / place)),
    ):
        pass
