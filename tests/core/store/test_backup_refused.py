"""Backups that are refused by name, and targets; nothing is left then."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import re
import shutil
import sqlite3
import tarfile
from pathlib import Path

import pytest
from fixtures.backup_sites import Site, files_below
from fixtures.review_records import (
    path_of,
)

from core.errors import BackupError, FilmStoreError
from core.store.backup import backup_file, snapshot
from core.store.engine import Database
from core.store.films.keyring import FilmKeyring
from core.store.films.objects import FilmObjects

pytest_plugins = ["fixtures.review_databases"]


def rewritten(path: Path, change) -> Path:
    """Copy a backup with changed members; the tar itself stays whole."""
    other = path.with_name(f"{path.name}.changed")
    with tarfile.open(path) as read, tarfile.open(other, "w", format=tarfile.PAX_FORMAT) as write:
        members = {one.name: read.extractfile(one).read() for one in read.getmembers()}
        for name, content in change(members).items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            write.addfile(entry, io.BytesIO(content))
    return other


def relisted(members: dict[str, bytes], **stated: object) -> dict[str, bytes]:
    """Return members with a manifest that states their hashes, as a careful forger writes it."""
    manifest = json.loads(members[backup_file.MANIFEST]) | stated
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in members.items()
        if not name.startswith("manifest.")
    }
    content = json.dumps(manifest).encode()
    line = f"{hashlib.sha256(content).hexdigest()}  manifest.json\n".encode()
    return members | {backup_file.MANIFEST: content, backup_file.MANIFEST_SHA256: line}


# --- refused --------------------------------------------------------------------------------------


REVIEWS = "tables/reviews.jsonl"


def changed(name: str):
    return lambda members: members | {name: members[name].replace(b"r", b"R", 1)}


def without(name: str):
    return lambda members: {one: content for one, content in members.items() if one != name}


def forged(members: dict[str, bytes]) -> dict[str, bytes]:
    lines = members[REVIEWS].replace(b'"verdict":"pneumonia"', b'"verdict":"normal"', 1)
    return relisted(members | {REVIEWS: lines})


def cut_and_forged(members: dict[str, bytes]) -> dict[str, bytes]:
    ledger = members["tables/ledger.jsonl"].splitlines(keepends=True)
    counts = json.loads(members["manifest.json"])["counts"]
    return relisted(
        members | {"tables/ledger.jsonl": b"".join(ledger[:-1])},
        counts=counts | {"ledger": counts["ledger"] - 1},
    )


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(changed(REVIEWS), f"{REVIEWS} was changed", id="rows"),
        pytest.param(changed("manifest.json"), "manifest.json was changed", id="manifest"),
        pytest.param(without(REVIEWS), f"{REVIEWS} is missing", id="missing"),
        pytest.param(without("manifest.json"), "manifest.json is missing", id="no manifest"),
        pytest.param(
            lambda members: {"extra": b"x"} | members, "extra was added", id="added"
        ),
        pytest.param(
            lambda members: relisted({"films/../../x": b"x"} | members),
            r"films/\.\./\.\./x of .* is no address of a film",
            id="outside the folder",
        ),
        pytest.param(
            forged, r"reviews, row 1 \(first, Dr Ádám\): was changed after", id="forged row"
        ),
        pytest.param(cut_and_forged, "lacks the newest hash", id="forged end"),
        pytest.param(
            lambda members: relisted(members, revision="9999"), "newer First Read", id="revision"
        ),
        pytest.param(
            lambda members: relisted(members, format=99), r"newer First Read \(format 99\)",
            id="format",
        ),
        pytest.param(
            lambda members: relisted(members, counts={}), "not hold the tables", id="tables"
        ),
        pytest.param(
            lambda members: relisted(members | {REVIEWS: b"{}\n"}), "a line that is no row",
            id="no row",
        ),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_named_and_nothing_is_left(backup, empty, change, fault) -> None:
    with pytest.raises(BackupError, match=fault):
        empty.restore(rewritten(backup, change))
    assert not [one for one in empty.folder.rglob("*") if one.is_file()]
    assert not path_of(empty.url).parent.exists()


def test_a_file_that_is_cut_short_anywhere_is_refused(backup, empty) -> None:
    content = backup.read_bytes()
    with tarfile.open(backup) as tar:
        entries = tar.getmembers()
    film = next(one for one in entries if one.name.startswith("films/"))
    cases = {
        film.offset_data + 100: f"{film.name} is cut short",
        film.offset_data - 700: "cut short|damaged|is missing",
        entries[-1].offset: "manifest.sha256 is missing: the file ends after manifest.json",
        film.offset: "manifest.json is missing: the file ends after",
        100: "is no backup of First Read",
    }
    for size, fault in cases.items():
        backup.write_bytes(content[:size])
        with pytest.raises(BackupError, match=fault):
            empty.restore(backup)
        assert not empty.folder.exists()


def test_a_flipped_bit_in_any_member_is_refused_by_its_name(backup, empty) -> None:
    content = backup.read_bytes()
    with tarfile.open(backup) as tar:
        entries = [entry for entry in tar.getmembers() if entry.size]
    for entry in entries:
        damaged = bytearray(content)
        damaged[entry.offset_data + entry.size // 2] ^= 1
        backup.write_bytes(damaged)
        name = "manifest.json" if entry.name == "manifest.sha256" else re.escape(entry.name)
        with pytest.raises(BackupError, match=f"not as it was written: {name} was changed"):
            empty.restore(backup)
    assert not empty.folder.exists()


def test_a_target_that_holds_something_is_refused_and_stays(backup, on_sqlite, empty) -> None:
    before = on_sqlite.rows()
    with pytest.raises(BackupError, match="site/films holds files already"):
        on_sqlite.restore(backup)
    shutil.rmtree(on_sqlite.folder / "films")
    with pytest.raises(BackupError, match=r"sqlite3 holds tables of First Read already"):
        on_sqlite.restore(backup)
    assert on_sqlite.rows() == before
    empty.folder.mkdir()
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"
    empty.key.write_text(key)
    with pytest.raises(BackupError, match=r"films\.key holds another master key"):
        empty.restore(backup)
    assert empty.key.read_text() == key
    assert files_below(empty.folder) == ["films.key"]


def test_a_film_that_cannot_be_written_leaves_nothing(backup, empty, monkeypatch) -> None:
    write, written = FilmObjects.write, []

    def full(objects: FilmObjects, address: str, content: bytes) -> None:
        if len(written) == 2:
            raise FilmStoreError("The film cannot be written to the place")
        written.append(address)
        write(objects, address, content)

    monkeypatch.setattr(FilmObjects, "write", full)
    with pytest.raises(FilmStoreError, match="cannot be written"):
        empty.restore(backup)
    assert len(written) == 2
    assert not path_of(empty.url).parent.exists()
    assert files_below(empty.folder) in ([], ["films"])


def test_a_backup_never_replaces_a_file_and_needs_its_folder(on_sqlite, tmp_path) -> None:
    (tmp_path / "b.tar").write_bytes(b"precious")
    with pytest.raises(BackupError, match=r"b\.tar is there already and stays as it is"):
        on_sqlite.back_up(tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_bytes() == b"precious"
    with pytest.raises(BackupError, match=r"nowhere/b\.tar cannot be written \(No such file"):
        on_sqlite.back_up(tmp_path / "nowhere" / "b.tar")


def test_a_database_without_tables_has_nothing_to_back_up(sqlite_url, tmp_path) -> None:
    with pytest.raises(BackupError, match="There is nothing to back up"):
        Site(sqlite_url, tmp_path).back_up(tmp_path / "b.tar")


def test_a_full_disk_leaves_nothing_and_is_a_sentence(
    on_sqlite, postgresql_url, tmp_path, monkeypatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = tmp_path / "backups"
    target.mkdir()
    server = Site(postgresql_url, tmp_path / "server")
    Database.open(postgresql_url).close()
    for site in (on_sqlite, server):
        for module, name in ((backup_file.os, "fsync"), (backup_file.BackupWriter, "add_file")):
            with monkeypatch.context() as patch:
                patch.setattr(module, name, full)
                with pytest.raises(BackupError, match=r"b\.tar cannot be written \(No space left"):
                    site.back_up(target / "b.tar")
            assert files_below(target) == []


def test_a_full_disk_below_the_copy_of_the_database_is_not_blamed_on_it(
    on_sqlite, tmp_path, monkeypatch
) -> None:
    def small(path: Path) -> sqlite3.Connection:
        connection = sqlite3.Connection(path)
        connection.execute("PRAGMA max_page_count=2")
        return connection

    monkeypatch.setattr(snapshot.sqlite3, "connect", small)
    with pytest.raises(BackupError, match=r"b\.tar cannot be written \(No space left"):
        on_sqlite.back_up(tmp_path / "b.tar")
    assert [one.name for one in tmp_path.iterdir()] == ["site"]


def test_a_master_key_that_changes_meanwhile_is_no_backup(on_sqlite, tmp_path, monkeypatch) -> None:
    texts = iter(["old\n", "new\n"])
    monkeypatch.setattr(FilmKeyring, "key_text", lambda _: next(texts))
    with pytest.raises(BackupError, match="master key of the films was changed meanwhile"):
        on_sqlite.back_up(tmp_path / "b.tar", with_key=True)
    assert [one.name for one in tmp_path.iterdir()] == ["site"]


def test_the_file_is_for_this_account_only(backup) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backup) as tar:
        assert {one.mode for one in tar.getmembers()} == {0o600}
        names = tar.getnames()
    assert names[-3:] == ["films.key", "manifest.json", "manifest.sha256"]
