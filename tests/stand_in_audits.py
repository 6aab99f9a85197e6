"""A shortcut audit of a stand-in run, as the serving rule asks for one."""

from pathlib import Path

from core.run_store import read_record
from core.serving import _export_identity
from core.shortcut_record import PartAudit, ShortcutAudit


def stand_in_audit(folder: Path, **changes) -> bytes:
    """Return an audit of the export that a run's record names, on films that nobody changed."""
    record = read_record(folder)
    part = PartAudit("validation patients", 4, 2, 0, (), ())
    stated = {
        "run_id": record["run_id"],
        "export_sha256": _export_identity(record),
        "threshold": 0.4,
        "grey": 127,
        "parts": {"validation": part},
    }
    return ShortcutAudit(**{**stated, **changes}).to_json()
