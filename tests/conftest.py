"""What every test may use."""

import os
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from core.settings import PROJECT_ROOT, get_settings
from core.store.engine import Database

TRAINING = "tests/core/training/"


LONG_FIRST = ("browser", "robustness", "training", "pages")
"""Folders whose files take longest: one that comes last keeps one worker waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders with the longest files first, and else keep the order."""

    def place(item: pytest.Item) -> int:
        folders = [name for name in LONG_FIRST if name in item.path.parts]
        return LONG_FIRST.index(folders[0]) if folders else len(LONG_FIRST)

    items.sort(key=place)


class ByFile(LoadFileScheduling):
    """Give a worker whole files, and all of training: TensorFlow takes 8 s to load, each time."""

    def _split_scope(self, nodeid: str) -> str:
        return TRAINING if nodeid.startswith(TRAINING) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    return ByFile(config, log)


@pytest.fixture(scope="session")
def served_models() -> Path:
    """Return the folder with the run that is served."""
    return PROJECT_ROOT / "models"


# Else every worklist would begin with the synthetic films; tests of these turn it on.
os.environ.setdefault("FIRSTREAD_OFFER_SYNTHETIC", "false")

# Most tests are of what the model says; those of the order of reading turn it on.
os.environ.setdefault("FIRSTREAD_READ_FIRST", "false")

# Else a test would find the films of the one before; those of the film store turn it on.
os.environ.setdefault("FIRSTREAD_KEEP_FILMS_DAYS", "0")

# Else every test would begin with them; those of the first visit turn them on.
os.environ.setdefault("FIRSTREAD_FIRST_STEPS", "false")

settings.register_profile("first_read", deadline=None)  # a busy machine is no failure
settings.load_profile("first_read")


class SettingsPatch(pytest.MonkeyPatch):
    """Changes of the environment after which the settings are read again."""

    def setenv(self, name: str, value: str, prepend: str | None = None) -> None:
        super().setenv(name, value, prepend)
        get_settings.cache_clear()

    def delenv(self, name: str, raising: bool = True) -> None:
        super().delenv(name, raising)
        get_settings.cache_clear()


@pytest.fixture
def monkeypatch() -> Iterator[SettingsPatch]:
    """Return pytest's own, with settings that always are those of the environment."""
    patch = SettingsPatch()
    get_settings.cache_clear()
    yield patch
    patch.undo()
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def clusters_once() -> Iterator[None]:
    """Cluster the same feature space once a session: k-means is nearly all that facts cost."""
    from core.error_analysis import slices

    find, kept = slices.find_clusters, {}

    def find_once(*arrays: np.ndarray):
        key = tuple(sha256(np.ascontiguousarray(one)).digest() for one in arrays)
        if key not in kept:
            kept[key] = find(*arrays)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "find_clusters", find_once)
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file of the newest schema to copy: one migration a session."""
    path = tmp_path_factory.mktemp("database") / "reads.sqlite3"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back the main module, which a page run by AppTest takes the place of.

    A process that a later test spawns imports it, and would run the page.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder with the shared films, or skip (never under CI) with what to set."""
    folder = get_settings().data
    if (folder / "kermany224" / "train").is_dir():
        return folder
    sentence = f"no films at {folder}: set FIRSTREAD_DATA to the folder that holds kermany224/"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
