"""The rule that decides which run may read films: what it demands, and what a run has of it.

It looks at the run's record and files only, so it costs the start of the app nothing. What takes
the run's predictions as well stands in `core.serving.verification`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelIntegrity, ModelMissing, ModelNotServable
from core.files import sha256_of
from core.language.lists import joined
from core.language.words import msg
from core.runs.store import EXPORT_FILE, identity_of_exports, read_record
from core.shortcuts.record import AUDIT_FILE, ShortcutAudit

MAX_EXPORT_BYTES = 10 * 1024 * 1024
MAX_DIFFERENCE = 1e-3
"""Largest difference of a probability between the trained network and its export in float16."""

_USUAL_DIFFERENCE = 1e-4
"""The same for an export in float32, which is what a record without a limit has."""

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that the rule demands, and what a run has of it."""

    name: str
    met: bool
    found: str
    remedy: str


def check_demands(folder: Path) -> list[Demand]:
    """Check a run against the serving rule.

    Parameters
    ----------
    folder : Path
        The run's; an ensemble's members are looked for beside it.

    Raises
    ------
    ModelMissing
        If the folder, a member's folder or an export is not there.
    ModelIntegrity
        If a record is not readable.
    """
    record = _read(folder)
    members = {str(name): folder.parent / str(name) for name in record.get("members", ())}
    demands = [demand(folder, record) for demand in _DEMANDED]
    if "foreign" in record:
        return demands
    if not members:
        return [*demands, _small_export(folder, record)]
    for name, member in members.items():
        demands += [_pinned_member(record, name, member), _small_export(member, _read(member))]
    return demands


def require_servable(folder: Path) -> None:
    """Refuse a run that the rule does not let serve.

    Raises
    ------
    ModelNotServable
        If a demand is not met; the sentence names each with what supplies it.
    ModelMissing, ModelIntegrity
        As in `check_demands`.
    """
    lacking = [demand for demand in check_demands(folder) if not demand.met]
    if not lacking:
        return
    reasons = (
        msg("{name}: {found} ({remedy})", name=one.name, found=one.found, remedy=one.remedy)
        for one in lacking
    )
    raise ModelNotServable(
        msg(
            "run {run} may not read films. It lacks {reasons}. `python -m core "
            "serve-check {run}` lists every requirement; FIRSTREAD_SERVED_RUN names "
            "another run.",
            run=folder.name,
            reasons=joined(reasons, "; "),
        )
    )


def _read(folder: Path) -> Record:
    record: object = read_record(folder)
    return record if isinstance(record, dict) else {}


def _part(record: Record, name: str) -> Record:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _numbers(part: Record, *names: str) -> bool:
    values = [part.get(name) for name in names]
    return all(isinstance(value, float | int) and math.isfinite(value) for value in values)


def _maker(folder: Path, record: Record) -> str:
    """Return the command that makes a run again."""
    members = " ".join(str(name) for name in record.get("members", ()))
    if members:
        return msg(
            "`python -m core ensemble {run} {members}` builds it again",
            run=folder.name,
            members=members,
        )
    return msg("`python -m core train {run}` trains it again", run=folder.name)


def _not_an_exhibit(_folder: Path, record: Record) -> Demand:
    shown = bool(record.get("exhibit"))
    return Demand(
        msg("a run that is meant to read films"),
        not shown,
        msg("it is an exhibit, kept to show its mistakes")
        if shown
        else msg("it is not an exhibit"),
        msg("an exhibit can never serve"),
    )


def _own_network(_folder: Path, record: Record) -> Demand:
    imported = "foreign" in record
    return Demand(
        msg("a network of its own"),
        not imported,
        msg("it is another model's predictions, imported")
        if imported
        else msg("it was trained here"),
        msg("imported predictions cannot read a film"),
    )


def _calibration(folder: Path, record: Record) -> Demand:
    part = _part(record, "calibration")
    met = _numbers(part, "temperature", "offset") and part["temperature"] > 0.0
    found = (
        msg(
            "temperature {temperature:.3f}, offset {offset:.3f}",
            temperature=part["temperature"],
            offset=part["offset"],
        )
        if met
        else msg("none")
    )
    return Demand(msg("a calibration"), met, found, _maker(folder, record))


def _operating_point(folder: Path, record: Record) -> Demand:
    # A threshold taken over from another run is not the one that this run's films were measured at.
    point = _part(record, "operating_point")
    threshold, origin = point.get("threshold"), point.get("chosen_on", "")
    measured = _part(_part(record, "metrics"), "validation").get("threshold")
    if not _numbers(point, "threshold"):
        met, found = False, msg("none")
    elif not str(origin).startswith("validation"):
        met, found = (
            False,
            msg("its record says “{origin}”", origin=origin)
            if origin
            else msg("its record names no origin"),
        )
    elif measured != point["threshold"]:
        met, found = (
            False,
            msg("its own validation films were measured at {measured}", measured=measured),
        )
    else:
        met, found = (
            True,
            msg("{threshold:.3f}, chosen on {films}", threshold=threshold, films=msg(origin)),
        )
    remedy = _maker(folder, record)
    return Demand(msg("an operating point chosen on its own validation films"), met, found, remedy)


def _parity(folder: Path, record: Record) -> Demand:
    members = record.get("members", ())  # an ensemble has its members' tests
    stated = _part(record, "parity")
    tests = [_part(_part(stated, "members"), str(name)) for name in members] or [stated]
    known = all(_numbers(test, "n", "max_difference", "decisions_changed") for test in tests)
    met = known and all(_agrees(test) for test in tests)
    found = msg("none")
    if known:
        largest = max(test["max_difference"] for test in tests)
        changed = sum(test["decisions_changed"] for test in tests)
        found = msg(
            "largest difference {largest:.1e}, {changed} decisions changed",
            largest=largest,
            changed=changed,
        )
    return Demand(msg("a passed parity test of its export"), met, found, _maker(folder, record))


def _agrees(test: Record) -> bool:
    """Return whether an export agrees with its network as closely as its precision allows."""
    limit = test["limit"] if _numbers(test, "limit") else _USUAL_DIFFERENCE
    near = test["max_difference"] <= min(limit, MAX_DIFFERENCE)
    return bool(test["n"] > 0 and near and not test["decisions_changed"])


def _shortcut_audit(folder: Path, record: Record) -> Demand:
    wrong = _wrong_with_audit(folder, record)
    remedy = msg("`python -m core audit {run}` makes it", run=folder.name)
    return Demand(msg("a shortcut audit"), not wrong, wrong or AUDIT_FILE, remedy)


def _wrong_with_audit(folder: Path, record: Record) -> str:
    """Return what keeps a run's audit from being one of its export; nothing if it is."""
    stated, path = _part(record, "files").get(AUDIT_FILE), folder / AUDIT_FILE
    if stated is None:
        return msg("none")
    if not path.is_file() or sha256_of(path) != stated:
        return msg("{file} is not as recorded", file=AUDIT_FILE)
    try:
        return _not_of_this_run(ShortcutAudit.from_json(path.read_bytes()), record)
    except ModelIntegrity as exc:
        return str(exc)


def _not_of_this_run(audit: ShortcutAudit, record: Record) -> str:
    if audit.run_id != record.get("run_id"):
        return msg("{file} is of run {run}", file=AUDIT_FILE, run=audit.run_id)
    if not audit.parts:
        return msg("{file} covers no films", file=AUDIT_FILE)
    if audit.export_sha256 != _export_identity(record):
        return msg("{file} belongs to another export of the run", file=AUDIT_FILE)
    return ""


def _export_identity(record: Record) -> str | None:
    """Return what an audit names the export by; None where the record does not state it."""
    files, exports = _part(record, "files"), _part(record, "member_exports")
    try:
        return identity_of_exports(files, record.get("members", ()), exports)
    except (KeyError, TypeError):
        return None


_DEMANDED: tuple[Callable[[Path, Record], Demand], ...] = (
    _not_an_exhibit,
    _own_network,
    _calibration,
    _operating_point,
    _parity,
    _shortcut_audit,
)


def _small_export(folder: Path, record: Record) -> Demand:
    path = folder / EXPORT_FILE
    if not path.is_file():
        raise ModelMissing(msg("{path} is missing. Restore it from the repository.", path=path))
    size = path.stat().st_size
    return Demand(
        msg("an export of at most {size:.0f} MiB", size=MAX_EXPORT_BYTES / 2**20),
        size <= MAX_EXPORT_BYTES,
        msg("{run} has {size:.1f} MiB", run=folder.name, size=size / 2**20),
        msg(
            "train a smaller architecture than {architecture}",
            architecture=record.get("architecture", msg("this one")),
        ),
    )


def _pinned_member(record: Record, name: str, member: Path) -> Demand:
    stated = _part(record, "member_exports").get(name)
    theirs, met, found = _read(member), False, name
    exported = _part(theirs, "files").get(EXPORT_FILE)
    if theirs.get("exhibit"):
        found = msg("{run} is an exhibit", run=name)
    elif stated is None or stated != exported:
        found = msg("{run} was exported again after the ensemble was made", run=name)
    else:
        met = True
    ensemble = member.parent / str(record.get("run_id"))
    remedy = _maker(ensemble, record)
    return Demand(msg("members as the ensemble was made of them"), met, found, remedy)
