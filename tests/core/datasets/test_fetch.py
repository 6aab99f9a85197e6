"""Fetching: from a local fake, and with kagglehub itself from a loopback server."""

import io
import json
import re
import shutil
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fixtures.kermany_stand_in import FILMS, MANIFEST, write_films
from kagglesdk import kaggle_env

from core.datasets.check import HASH_LIST, changed_since_listed, published_manifest, write_hash_list
from core.datasets.fetch import download_from_kaggle, fetch_dataset
from core.datasets.index import index_dataset
from core.errors import DatasetError

FIRST = "train/NORMAL/IM-0115-0001.jpeg"
MIB = 2**20  # kagglehub writes its partial archive in steps of this size
LAST = "val/PNEUMONIA/person1946_bacteria_4874.jpeg"


class FakeDownload:
    """Hand out a prepared folder, and count how often it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.handles: list[str] = []

    def __call__(self, handle: str) -> Path:
        self.handles.append(handle)
        return self.folder


@pytest.fixture
def download(tmp_path: Path) -> FakeDownload:
    write_films(tmp_path / "cache" / "chest_xray")
    return FakeDownload(tmp_path / "cache")


def held(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_fetched_set_equals_the_download_and_lists_its_hashes(tmp_path, download):
    fetched = fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)

    assert download.handles == ["owner/stand-in"]
    assert held(tmp_path / "set") == {*FILMS, HASH_LIST}
    assert fetched.copied == len(FILMS)
    assert fetched.index.sha256 == index_dataset(download.folder).sha256
    listed = json.loads((tmp_path / "set" / HASH_LIST).read_text())
    assert listed == {f.film_id: f.sha256 for f in fetched.index.films}


def test_a_complete_set_is_left_alone(tmp_path, download):
    fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)

    again = fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)

    assert (again.copied, again.download, len(download.handles)) == (0, None, 1)


def test_a_copy_that_was_cut_off_is_finished_and_not_begun_again(tmp_path, download):
    class PowerCut(Exception):
        pass

    def cut(done: int, total: int) -> None:
        if done == 4:
            raise PowerCut

    with pytest.raises(PowerCut):
        fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST, progress=cut)
    assert len(held(tmp_path / "set")) == 4

    fetched = fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)

    assert fetched.copied == len(FILMS) - 4
    assert held(tmp_path / "set") == {*FILMS, HASH_LIST}


@pytest.mark.parametrize("damage", [b"", b"\xff\xd8\xff half a film"])
def test_a_film_damaged_later_is_restored_and_only_that_one(tmp_path, download, damage):
    fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)
    (tmp_path / "set" / FIRST).write_bytes(damage)

    fetched = fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)

    assert fetched.copied == 1
    assert changed_since_listed(fetched.index) == ()


def test_a_zip_as_download_is_copied_out(tmp_path, download):
    shutil.make_archive(str(tmp_path / "set"), "zip", download.folder)
    zipped = FakeDownload(tmp_path / "set.zip")

    assert fetch_dataset(tmp_path / "set", download=zipped, manifest=MANIFEST).copied == len(FILMS)


def test_progress_is_told_of_every_film(tmp_path, download):
    told = []

    fetch_dataset(
        tmp_path / "set",
        download=download,
        manifest=MANIFEST,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(n, len(FILMS)) for n in range(1, len(FILMS) + 1)]


def test_a_download_with_other_counts_is_refused(tmp_path, download):
    (download.folder / "chest_xray" / LAST).unlink()

    with pytest.raises(
        DatasetError, match=r"not the published set of 9 films: val/PNEUMONIA holds 0 films; 1 "
    ):
        fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)
    assert not (tmp_path / "set").exists()


def test_a_download_with_one_wrong_spot_hash_is_refused(tmp_path, download):
    hashes = {f.film_id: f.sha256 for f in index_dataset(download.folder).films}
    wrong = replace(MANIFEST, spot_sha256={FIRST: "0" * 64, LAST: hashes[LAST]})

    with pytest.raises(DatasetError, match=rf"1 of 2 spot-checked films .* first {FIRST}"):
        fetch_dataset(tmp_path / "set", download=download, manifest=wrong)


def test_another_edition_is_named_as_such_and_not_copied(tmp_path, download):
    resized = replace(MANIFEST, spot_sha256={FIRST: "0" * 64, LAST: "1" * 64})

    with pytest.raises(DatasetError, match=r"not one of the 2 published hashes .* another edition"):
        fetch_dataset(tmp_path / "set", download=download, manifest=resized)
    assert not (tmp_path / "set").exists()


def test_other_films_in_the_target_are_refused(tmp_path, download):
    write_films(tmp_path / "set", {"train/NORMAL/IM-9999-0001.jpeg": 70})

    with pytest.raises(DatasetError, match=r"holds 10 films that are not those of the download"):
        fetch_dataset(tmp_path / "set", download=download, manifest=MANIFEST)


def test_a_target_that_cannot_be_written_is_a_sentence(tmp_path, download):
    (tmp_path / "file").write_text("")

    with pytest.raises(DatasetError, match=r"cannot be written .* Free some disk space"):
        fetch_dataset(tmp_path / "file" / "set", download=download, manifest=MANIFEST)


def test_a_list_of_hashes_that_cannot_be_written_is_a_sentence(tmp_path):
    index = index_dataset(write_films(tmp_path))
    (tmp_path / f"{HASH_LIST}.part").mkdir()

    with pytest.raises(DatasetError, match=r"list of hashes .* cannot be written"):
        write_hash_list(index)


def test_a_damaged_list_of_hashes_is_a_sentence(tmp_path):
    index = index_dataset(write_films(tmp_path))
    (tmp_path / HASH_LIST).write_text("{")

    with pytest.raises(DatasetError, match=r"list of hashes .* cannot be read"):
        changed_since_listed(index)


def test_lost_added_and_changed_films_are_all_noticed(tmp_path):
    write_hash_list(index_dataset(write_films(tmp_path)))
    write_films(tmp_path, {FIRST: 80, "train/NORMAL/IM-9999-0001.jpeg": 81})
    (tmp_path / LAST).unlink()

    changed = changed_since_listed(index_dataset(tmp_path))

    assert changed == (FIRST, "train/NORMAL/IM-9999-0001.jpeg", LAST)


def test_without_a_list_there_is_nothing_to_compare(tmp_path):
    assert changed_since_listed(index_dataset(write_films(tmp_path))) is None


def test_the_published_manifest_counts_5856_films_and_39_known_hashes():
    manifest = published_manifest()

    assert manifest.films == 5856
    assert len(manifest.spot_sha256) == 39
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in manifest.spot_sha256.values())


# --- kagglehub itself -----------------------------------------------------------------------------


class StandInKaggle(ThreadingHTTPServer):
    """Serve one archive as Kaggle does; the first ``cuts`` transfers break off half way."""

    def __init__(self, archive: bytes, cuts: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.archive = archive
        self.cuts = cuts
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: StandInKaggle

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/GetDataset"):
            content = json.dumps({"currentVersionNumber": 2}).encode()
            self._send(200, content, {"Content-Type": "application/json"})
        else:
            self._send(302, b"", {"Location": f"{self.server.url}/archive.zip"})

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        content = self.server.archive[start:]
        self.server.ranges.append(asked)
        kept = len(content)
        if self.server.cuts:
            self.server.cuts -= 1
            kept //= 2
        self._send(206 if asked else 200, content, {"Accept-Ranges": "bytes"}, kept)

    def _send(self, code: int, content: bytes, headers: dict[str, str], kept: int = -1) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):  # a client that resumes drops its first answer
            self.wfile.write(content if kept < 0 else content[:kept])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def kaggle(tmp_path, monkeypatch, download) -> Iterator[StandInKaggle]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for film_id in FILMS:
            packed.write(download.folder / "chest_xray" / film_id, f"chest_xray/{film_id}")
        packed.writestr("chest_xray/padding.bin", bytes(5 * MIB))
    server = StandInKaggle(archive.getvalue(), cuts=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, server.url)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no-account"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_kagglehub_goes_on_from_where_a_download_broke_off(tmp_path, kaggle):
    kaggle.cuts = 1
    with pytest.raises(DatasetError, match=r"owner/stand-in stopped .*run the same command again"):
        fetch_dataset(tmp_path / "set", manifest=MANIFEST)

    fetched = fetch_dataset(tmp_path / "set", manifest=MANIFEST)

    assert kaggle.ranges[0] is None
    assert kaggle.ranges[-1] == f"bytes={2 * MIB}-"
    assert fetched.copied == len(FILMS)


def test_kagglehub_downloads_once_and_serves_from_its_cache(kaggle):
    first = download_from_kaggle("owner/stand-in")
    second = download_from_kaggle("owner/stand-in")

    assert first == second
    assert kaggle.ranges == [None]


def test_no_connection_is_a_sentence(kaggle, monkeypatch):
    monkeypatch.setitem(
        kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, "http://127.0.0.1:1"
    )

    with pytest.raises(DatasetError, match=r"stopped \(ConnectionError.*Check the connection"):
        download_from_kaggle("owner/stand-in")
