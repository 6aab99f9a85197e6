"""The quality gate's networks, reference films and limits, loaded from their files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.model import Network
from core.errors import ModelIntegrity
from core.files import sha256_of
from core.gate.lungs import FeatureReference
from core.gate.quality import GateLimits
from core.gate.view import ViewTest, read_view_test
from core.inference.litert import LiteRTNetwork
from core.language.words import msg
from core.runs.store import EXPORT_FILE, RECORD_FILE, read_record, read_verified

LUNGS_RUN, VIEW_RUN = "lungs", "view"
REFERENCE_FILE = "reference.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Gate:
    """The lung segmenter, its reference films and the limits, and the view network.

    The hash is of both records.
    """

    network: Network
    input_px: int
    reference: FeatureReference
    limits: GateLimits
    sha256: str = ""
    view: ViewTest | None = None


def open_gate(models: Path, threads: int) -> Gate:
    """Load the quality gate.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of ``models/lungs`` or ``models/view`` is missing or is not the one that was
        measured.
    """
    folder = models / LUNGS_RUN
    record = read_record(folder)
    try:
        files, limits = record["files"], _limits(record["limits"])
    except (KeyError, TypeError) as exc:
        raise ModelIntegrity(
            msg(
                "{folder}'s record lacks a part that the quality gate needs ({reason}). Restore "
                "it from the repository.",
                folder=folder,
                reason=str(exc),
            )
        ) from exc
    network = LiteRTNetwork(read_verified(folder, EXPORT_FILE, files), threads)
    reference = FeatureReference.from_bytes(read_verified(folder, REFERENCE_FILE, files))
    view = models / VIEW_RUN
    of_view = read_record(view)
    if "files" not in of_view:
        raise ModelIntegrity(
            msg(
                "{view}'s record lacks a part that the quality gate needs ('files'). Restore "
                "it from the repository.",
                view=view,
            )
        )
    export = read_verified(view, EXPORT_FILE, of_view["files"])
    test = read_view_test(of_view, LiteRTNetwork(export, threads=1))
    sha256 = gate_sha256(models)
    return Gate(network, network.input_shape[0], reference, limits, sha256, test)


def gate_sha256(models: Path) -> str:
    """Return what tells one quality gate from another, of its records; no network is opened.

    Raises
    ------
    ModelMissing
        If a record is missing.
    """
    folders = models / LUNGS_RUN, models / VIEW_RUN
    for folder in folders:
        read_record(folder)
    records = (sha256_of(folder / RECORD_FILE) for folder in folders)
    return hashlib.sha256("".join(records).encode()).hexdigest()


def _limits(record: Mapping[str, Any]) -> GateLimits:
    return GateLimits(
        distance=record["distance"],
        lung_fraction=tuple(record["lung_fraction"]),
        median_grey=tuple(record["median_grey"]),
        clipped=record["clipped"],
    )
