"""Copies of the project's runs that a test may change."""

import shutil
from pathlib import Path

from core.film_facts import FACTS_FILE
from core.run_store import RECORD_FILE, amend_record, read_record, write_record
from core.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "models"


def copy_runs(to: Path, *names: str) -> Path:
    """Return a folder of runs with the named ones, the split and the facts on films."""
    to.mkdir(exist_ok=True)
    for name in ("split.json", FACTS_FILE):
        shutil.copy(MODELS / name, to)
    for name in names:
        shutil.copytree(MODELS / name, to / name)
    return to


def copy_as(models: Path, name: str, other: str, **changes: object) -> Path:
    """Return the folder of a run that is another one but for its name and some changes."""
    folder = shutil.copytree(MODELS / name, models / other)
    amend_record(folder, {"run_id": other, **changes})
    assert (folder / RECORD_FILE).is_file()
    return folder


def copy_unaudited(to: Path, name: str) -> Path:
    """Return a folder of runs with the named one, as if nobody had audited it."""
    folder = copy_runs(to, name) / name
    for path in folder.glob("audit.*"):
        path.unlink()
    write_record(folder, read_record(folder))
    return to
