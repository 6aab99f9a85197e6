"""Sites to back up, and a backup of one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fixtures.backup_sites import Site


@pytest.fixture
def site(url, tmp_path) -> Site:
    made = Site(url, tmp_path / "site")
    made.fill()
    return made


@pytest.fixture(scope="module")
def filled_once(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("filled")
    made = Site(f"sqlite:///{folder / 'reads.sqlite3'}", folder)
    made.fill()
    return made


@pytest.fixture
def on_sqlite(filled_once, tmp_path) -> Site:
    folder = shutil.copytree(filled_once.folder, tmp_path / "site")
    return Site(f"sqlite:///{folder / 'reads.sqlite3'}", folder)


@pytest.fixture
def empty(tmp_path) -> Site:
    return Site(f"sqlite:///{tmp_path / 'new' / 'db' / 'reads.sqlite3'}", tmp_path / "new")


@pytest.fixture(scope="module")
def backup_once(filled_once) -> Path:
    path = filled_once.folder.parent / "filled.tar"
    filled_once.back_up(path, with_key=True)
    return path


@pytest.fixture
def backup(backup_once, tmp_path) -> Path:
    return shutil.copy(backup_once, tmp_path / "b.tar")
