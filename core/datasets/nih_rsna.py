"""The external adults: rows of the manifest beside the films, and radiologists' boxes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Final

from core.domain.mark import Mark
from core.errors import DatasetError
from core.language.words import msg

MANIFEST: Final = "manifest.csv"
BOX_SIDE_PX: Final = 1024
EXTERNAL_PREFIX: Final = "nih_rsna/"


def read_radiologist_boxes(data: Path) -> dict[str, tuple[Mark, ...]]:
    """Return the boxes that radiologists of the RSNA drew, by film; empty without the films.

    Raises
    ------
    DatasetError
        If the manifest is there and cannot be read.
    """
    path = data / EXTERNAL_PREFIX / MANIFEST
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return {
                EXTERNAL_PREFIX + row["file"]: tuple(
                    _mark(*box) for box in json.loads(row["rsna_boxes_1024px"] or "[]")
                )
                for row in csv.DictReader(lines)
            }
    except (OSError, KeyError, TypeError, ValueError) as exc:
        raise DatasetError(
            msg(
                "{path} is not the manifest of the external films: obtain it again, or "
                "move it away.",
                path=path,
            )
        ) from exc


def _mark(left: float, top: float, width: float, height: float) -> Mark:
    edges = (left, top, left + width, top + height)
    return Mark(*(min(1.0, max(0.0, edge / BOX_SIDE_PX)) for edge in edges))


def read_manifest(data: Path) -> list[dict[str, str]]:
    """Return the rows of the manifest, one a film.

    Raises
    ------
    DatasetError
        If it cannot be read.
    """
    path = data / EXTERNAL_PREFIX / MANIFEST
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    except OSError as exc:
        raise DatasetError(
            msg(
                "The external films' list {path} cannot be read ({why}): point "
                "FIRSTREAD_DATA at the folder that holds nih_rsna/.",
                path=path,
                why=exc.strerror,
            )
        ) from exc
