"""Places are listed a folder at a time, always in the same order, and read by name afterwards."""

import zipfile

import fsspec
import pytest

from core.errors import DatasetError
from core.sites.source import ListedFilm, open_place, walk_films

FILES = {
    "z.png": b"12",
    "a/x.dcm": b"345",
    "a/b/nameless": b"6",
    "a/b/.hidden.png": b"7",
    ".kept/q.png": b"8",
    "a/notes.txt": b"9",
    "DICOMDIR": b"0",
}
FILMS = [ListedFilm("z.png", 2), ListedFilm("a/x.dcm", 3), ListedFilm("a/b/nameless", 1)]


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "site"
    for name, content in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


@pytest.fixture
def bucket():
    system = fsspec.filesystem("memory")
    for name, content in FILES.items():
        system.pipe(f"/listed/{name}", content)
    yield "memory://listed"
    system.rm("/listed", recursive=True)


@pytest.fixture
def packed(tmp_path):
    path = tmp_path / "site.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, content in FILES.items():
            file.writestr(name, content)
    return path


@pytest.fixture
def places(folder, bucket, packed):
    return [str(folder), bucket, str(packed)]


def test_every_kind_of_place_lists_the_same_films_in_the_same_order(places):
    assert [list(walk_films(place)) for place in places] == [FILMS] * 3


def test_a_place_is_read_by_name_without_listing_it(places, monkeypatch):
    monkeypatch.setattr("core.sites.source.walk_films", None)
    for place in places:
        with open_place(place) as source:
            assert source.names == ()
            assert source.read("a/x.dcm") == b"345"
            with pytest.raises(DatasetError, match="cannot be read any more"):
                source.read("gone.png")


def test_a_link_to_a_folder_is_not_followed(folder):
    (folder / "a" / "circle").symlink_to(folder)
    (folder / "y.png").symlink_to(folder / "z.png")
    assert ListedFilm("y.png", 2) in walk_films(str(folder))
    assert len(list(walk_films(str(folder)))) == 4


def test_a_place_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DatasetError, match="nowhere cannot be opened"):
        list(walk_films(str(tmp_path / "nowhere")))


def test_a_folder_that_cannot_be_listed_stops_the_listing(folder, monkeypatch):
    system = fsspec.filesystem("file")
    listed = type(system).ls

    def ls(self, path, **how):
        if path.endswith("/b"):
            raise PermissionError(path)
        return listed(self, path, **how)

    monkeypatch.setattr(type(system), "ls", ls)
    with pytest.raises(DatasetError, match="cannot be listed to its end"):
        list(walk_films(str(folder)))
