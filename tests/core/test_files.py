"""Files of the cache: whole with their hash, or as good as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DatasetError
from core.files import read_checked, write_checked


def test_what_was_kept_is_read_back(tmp_path: Path) -> None:
    for content in (b"", b"PAR1"):
        write_checked(tmp_path / "folder" / "file", content)
        assert read_checked(tmp_path / "folder" / "file") == content
    assert read_checked(tmp_path / "none") is None


def test_any_turned_bit_and_any_lost_or_added_byte_is_found(tmp_path: Path, caplog) -> None:
    path = tmp_path / "file"
    write_checked(path, b"PAR1 and more")
    kept = path.read_bytes()
    turned = [
        kept[:place] + bytes([kept[place] ^ 1 << bit]) + kept[place + 1 :]
        for place in range(len(kept))
        for bit in range(8)
    ]
    cut = [kept[:end] for end in range(len(kept))]
    for damaged in [*turned, *cut, kept + b"\0", b"PAR1 and more"]:
        path.write_bytes(damaged)
        caplog.clear()
        assert read_checked(path) is None
        assert f"{path} of the cache is damaged" in caplog.text


def test_a_folder_in_the_place_of_a_file_is_as_good_as_none(tmp_path: Path, caplog) -> None:
    (tmp_path / "file").mkdir()
    assert read_checked(tmp_path / "file") is None
    assert "cannot be read and is made again" in caplog.text
    with pytest.raises(DatasetError, match="file cannot be written"):
        write_checked(tmp_path / "file", b"")
