"""What is kept beside a run's record: read whole, and only if it is of the run's own export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from core.domain.model import RunRecord
from core.errors import ModelIntegrity
from core.language.words import msg
from core.runs.store import export_identity, read_verified


class Artifact(Protocol):
    """Something that was computed with one export of a run."""

    @property
    def export_sha256(self) -> str:
        """Of the export, as `export_identity` returns it."""


Kept = TypeVar("Kept", bound=Artifact)


def parse_record(record: TypeAdapter[Kept], content: bytes, what: str, remedy: str) -> Kept:
    """Return what JSON holds, or raise `ModelIntegrity` with the first place that does not fit."""
    try:
        return record.validate_json(content)
    except ValidationError as exc:
        first = exc.errors()[0]
        place = "/".join(map(str, first["loc"])) or msg("its beginning")
        raise ModelIntegrity(
            msg(
                "{what} (at {place}: {why}). {remedy}",
                what=what,
                place=place,
                why=first["msg"],
                remedy=remedy,
            )
        ) from exc


def read_artifact(
    run: RunRecord, name: str, parse: Callable[[bytes], Kept], remedy: str
) -> Kept | None:
    """Return what a file kept with a run holds; None if the run has no such file.

    Parameters
    ----------
    parse : callable
        Raises `ModelIntegrity` if the bytes are not such a file.
    remedy : str
        What makes the file again, for a sentence.

    Raises
    ------
    ModelMissing
        If the file is missing.
    ModelIntegrity
        If it is not the stated file, cannot be read, or is of another export than the run has.
    """
    if name not in run.files:
        return None
    kept = parse(read_verified(run.folder, name, run.files))
    if kept.export_sha256 != export_identity(run):
        raise ModelIntegrity(
            msg(
                "{file} of run {run} belongs to another export and is not used: {remedy}.",
                file=name,
                run=run.run_id,
                remedy=remedy,
            )
        )
    return kept
