"""Runs on disk: one folder each, described by ``run.json``, every file checked by sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.domain.model import AbstentionBand, Calibration, OperatingPoint, RunRecord
from core.errors import ModelIntegrity, ModelMissing
from core.files import replace_file, sha256_of
from core.language.words import msg, tr

RECORD_FILE = "run.json"
EXPORT_FILE = "model.tflite"
WEIGHTS_FILE = "model.weights.h5"
HISTORY_FILE = "history.json"


def write_record(folder: Path, record: Mapping[str, Any], *, without: Sequence[str] = ()) -> None:
    """Write ``run.json``, adding the sha256 of every other file in the folder.

    Parameters
    ----------
    without : sequence of str
        Names of files that are no part of the run.
    """
    files = {
        path.name: sha256_of(path)
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name not in (RECORD_FILE, *without)
    }
    replace_file(folder / RECORD_FILE, _as_json({**record, "files": files}))


def add_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Add files to a finished run, or replace them; the other files' sha256 stay as they are.

    Raises
    ------
    ModelMissing
        If the folder has no record.
    ModelIntegrity
        If the record is not readable.
    """
    record = read_record(folder)
    files = dict(record.get("files", {}))
    for name, content in contents.items():
        replace_file(folder / name, content)
        files[name] = hashlib.sha256(content).hexdigest()
    replace_file(folder / RECORD_FILE, _as_json({**record, "files": dict(sorted(files.items()))}))


def _as_json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode()


def read_record(folder: Path) -> dict[str, Any]:
    """Return a run's ``run.json`` as it is.

    Raises
    ------
    ModelMissing
        If the folder has no record.
    ModelIntegrity
        If the record is not readable.
    """
    path = folder / RECORD_FILE
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        raise ModelMissing(
            msg(
                "no run at {folder}: expected {file} in it. Choose another run "
                "with FIRSTREAD_SERVED_RUN, or train one with `python -m core train`.",
                folder=folder,
                file=RECORD_FILE,
            )
        ) from exc
    except (OSError, ValueError) as exc:
        raise ModelIntegrity(
            msg(
                "{path} cannot be read ({why}). Restore it from the repository.", path=path, why=exc
            )
        ) from exc
    return record


def load_run(folder: Path) -> RunRecord:
    """Read a run's record.

    Raises
    ------
    ModelMissing
        If the folder has no record.
    ModelIntegrity
        If the record is not readable or lacks a part that serving needs.
    """
    record = read_record(folder)
    try:
        return RunRecord(
            run_id=record["run_id"],
            folder=folder,
            sentence=record["sentence"],
            architecture=record["architecture"],
            input_px=record["input_px"],
            cropped_to_lungs=record.get("settings", {}).get("cropped_to_lungs", False),
            calibration=Calibration(**record["calibration"]),
            operating_point=OperatingPoint(**record["operating_point"]),
            files=record["files"],
            metrics={key: _part(part) for key, part in record["metrics"].items()},
            created=record["created"],
            abstention=_abstention(record.get("abstention")),
            decided=(record.get("abstention") or {}).get("measured", {}),
            members=tuple(record.get("members", ())),
            member_exports=record.get("member_exports", {}),
            foreign="foreign" in record,
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ModelIntegrity(
            msg(
                "{path} lacks a part that serving needs ({why}). Restore it from the "
                "repository, or train the run again.",
                path=folder / RECORD_FILE,
                why=exc,
            )
        ) from exc


def _part(stated: dict[str, Any]) -> dict[str, Any]:
    """Return a part's metrics; in old records the calibration error has no interval yet."""
    if "expected_calibration_error" not in stated:
        return stated
    part = dict(stated)
    alone = {"value": part.pop("expected_calibration_error"), "low": 0.0, "high": 1.0}
    part["rates"] = part["rates"] | {"expected_calibration_error": alone | {"n": part["n"]}}
    return part


def read_history(run: RunRecord) -> list[dict[str, float]]:
    """Return a run's losses, an entry for each epoch; empty where nothing was trained.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the file is missing, is not the stated one, or is not a list of losses.
    """
    if HISTORY_FILE not in run.files:
        return []
    content = read_verified(run.folder, HISTORY_FILE, run.files)
    try:
        return [
            {str(name): float(loss) for name, loss in epoch.items()}
            for epoch in json.loads(content)
        ]
    except (ValueError, TypeError, AttributeError) as exc:
        raise ModelIntegrity(
            msg(
                "{path} is not a list of losses ({why}). Restore it from the repository.",
                path=run.folder / HISTORY_FILE,
                why=exc,
            )
        ) from exc


def find_run_folder(name: str, folders: Sequence[Path]) -> Path:
    """Return a run's folder: the first that has a record of that name.

    Parameters
    ----------
    folders : sequence of Path
        Each with a sub-folder a run.

    Raises
    ------
    ModelMissing
        If none of them has it, or the name is not that of one sub-folder.
    """
    plain = Path(name).name == name
    found = [one / name for one in folders if plain and (one / name / RECORD_FILE).is_file()]
    if not found:
        places: str = str(folders[0])
        for one in folders[1:]:
            places = msg("{place} or {other}", place=places, other=one)
        raise ModelMissing(
            msg(
                "there is no run {name} in {places}: `python -m core runs` lists them.",
                name=name,
                places=places,
            )
        )
    return found[0]


def _abstention(stated: Mapping[str, Any] | None) -> AbstentionBand | None:
    if stated is None:
        return None
    return AbstentionBand(**{name: value for name, value in stated.items() if name != "measured"})


def amend_record(folder: Path, changes: Mapping[str, Any]) -> None:
    """Add parts to a finished run's ``run.json``; its files stay those that it states.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file that the record names is missing or is not the one that was measured.
    """
    record = read_record(folder)
    files = record.pop("files")
    for name in files:
        read_verified(folder, name, files)
    replace_file(folder / RECORD_FILE, _as_json({**record, **changes, "files": files}))


def name_run(run: RunRecord) -> str:
    """Return a run's name as people read it: an exhibit is called one wherever it stands.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the record is not there or not readable any more.
    """
    exhibit = (run.folder / RECORD_FILE).is_file() and read_record(run.folder).get("exhibit")
    return tr("{run} (exhibit)", run=run.run_id) if exhibit else run.run_id


def redrawn_with(folder: Path) -> int | None:
    """Return the seed with which a run drew its own split; None if it has the project's.

    Raises
    ------
    ModelMissing
        If the folder has no record.
    ModelIntegrity
        If the record is not readable.
    """
    how = read_record(folder).get("settings", {})
    return how["seed"] if how.get("split_by") == "films" else None


def export_identity(run: RunRecord) -> str:
    """Return the sha256 of a run's export; of an ensemble, that of its members' hashes."""
    return identity_of_exports(run.files, run.members, run.member_exports)


def identity_of_exports(
    files: Mapping[str, str], members: Sequence[str], member_exports: Mapping[str, str]
) -> str:
    """Return `export_identity` from the parts of a record that state it."""
    if not members:
        return files[EXPORT_FILE]
    lines = "".join(f"{name} {member_exports[name]}\n" for name in members)
    return hashlib.sha256(lines.encode()).hexdigest()


def reading_identity(run: RunRecord, gate_sha256: str) -> str:
    """Return a hash of all that is kept and decides what a run says of a film, its side included.

    Parameters
    ----------
    gate_sha256 : str
        Of the record of the lung segmenter, in whose box some runs look.
    """
    parts = (
        export_identity(run),
        run.calibration,
        run.operating_point.threshold,
        run.input_px,
        run.cropped_to_lungs,
        gate_sha256,
        *(() if run.site is None else (run.site.identity,)),
    )
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def read_verified(folder: Path, name: str, files: Mapping[str, str]) -> bytes:
    """Return a file's bytes if they have the sha256 that the record states.

    Raises
    ------
    ModelMissing
        If the file is not there.
    ModelIntegrity
        If the record does not name the file, or its hash differs.
    """
    path = folder / name
    if not path.is_file():
        raise ModelMissing(msg("{path} is missing. Restore it from the repository.", path=path))
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    stated = files.get(name)
    if found != stated:
        raise ModelIntegrity(
            msg(
                "{path} is not the file that was measured: its sha256 begins {found}, "
                "the record states {stated}. It is not used. Restore it from the "
                "repository.",
                path=path,
                found=found[:12],
                stated=str(stated)[:12],
            )
        )
    return content
