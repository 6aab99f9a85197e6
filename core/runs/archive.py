"""Runs whose folder was removed and whose numbers are kept."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from core.errors import DatasetError, ModelIntegrity
from core.files import replace_file
from core.language.words import msg
from core.runs.listing import USUAL_PARTS
from core.runs.store import read_record

ARCHIVE_FILE = "archived.json"
EARLIER_FILE = "set_aside.json"
"""Its name before; read where there is no other: a site may have one."""
KEPT = ("sentence", "parent", "created", "architecture", "input_px", "operating_point", "settings")
ArchivedRun = dict[str, dict[str, Any]]


def read_archive(models: Path) -> ArchivedRun:
    """Return what is kept of each archived run, by name; nothing without a file.

    Raises
    ------
    ModelIntegrity
        If the file is not readable.
    """
    files = (models / ARCHIVE_FILE, models / EARLIER_FILE)
    path = next((file for file in files if file.is_file()), None)
    if path is None:
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as exc:
        raise ModelIntegrity(
            msg("{path} cannot be read: restore it from the repository.", path=path)
        ) from exc


def archive_run(models: Path, name: str) -> None:
    """Keep a finished run's settings and metrics, and remove its folder.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If there is no such run, or a file cannot be read.
    DatasetError
        If another run of the name was archived before.
    """
    record, before = read_record(models / name), read_archive(models)
    if name in before:
        raise DatasetError(
            f"a run {name} is already archived in {models / ARCHIVE_FILE}: give this one "
            "another name in the catalogue, so that neither is lost."
        )
    kept = {key: record[key] for key in KEPT if key in record}
    kept["metrics"] = {part: record["metrics"][part] for part in USUAL_PARTS}
    for measured in kept["metrics"].values():
        measured.pop("calibration_curve", None)
    everything = json.dumps({**before, name: kept}, indent=1, sort_keys=True) + "\n"
    replace_file(models / ARCHIVE_FILE, everything.encode())
    shutil.rmtree(models / name)
