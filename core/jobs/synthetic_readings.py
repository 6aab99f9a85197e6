"""What runs and gate say of the synthetic films, as it is kept: shipped with them, or in the cache.

What another reading version, run, gate or film would say has another name, so it is never shown.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.model import RunRecord
from core.domain.worklist import MachineReading
from core.errors import FirstReadError
from core.files import read_checked, write_checked
from core.phantom.builtin import READING_VERSION
from core.runs.store import reading_identity
from core.store.films.readings import reading_from_json, reading_to_json

if TYPE_CHECKING:  # tables are loaded where they are read
    from core.runs.predictions import Predictions

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class GateReading:
    """What the quality gate says of one film; ``reading`` is without a run's prediction."""

    film_id: str
    film_sha256: str
    reading: MachineReading

    @property
    def refused(self) -> bool:
        """Whether the film gets no probability."""
        return self.reading.quality is not None and self.reading.quality.refused

    @property
    def findings(self) -> tuple[str, ...]:
        """Codes of what was found."""
        quality = self.reading.quality
        return () if quality is None else tuple(finding.code for finding in quality.findings)


class KeptReadings:
    """The kept readings of one set of synthetic films.

    Parameters
    ----------
    set_sha256 : str
        Of the films' names and bytes.
    folders : sequence of Path
        Where readings are looked for; the last one takes new ones.
    """

    def __init__(self, set_sha256: str, folders: Sequence[Path]) -> None:
        key = hashlib.sha256((set_sha256 + READING_VERSION).encode()).hexdigest()[:16]
        self._folders = tuple(folder / key for folder in folders)

    def of_run(self, run: RunRecord, gate_sha256: str) -> Predictions | None:
        """Return what a run says of every film; None if that is not kept, or is damaged."""
        from core.runs.predictions import parse_predictions  # noqa: PLC0415

        name = _name_of_run(run, gate_sha256)
        content = self._find(name)
        if content is None:
            return None
        try:
            return parse_predictions(content, name)
        except FirstReadError:
            _log.warning("a file of readings is another program's and is not used", exc_info=True)
            return None

    def has_run(self, run: RunRecord, gate_sha256: str) -> bool:
        """Return whether what a run says of the films is kept."""
        return self._find(_name_of_run(run, gate_sha256)) is not None

    def keep_run(self, run: RunRecord, gate_sha256: str, predictions: Predictions) -> None:
        """Keep what a run says; raises DatasetError if it cannot be written."""
        from core.runs.predictions import predictions_as_parquet  # noqa: PLC0415

        content = predictions_as_parquet(predictions)
        write_checked(self._folders[-1] / _name_of_run(run, gate_sha256), content)

    def of_gate(self, gate_sha256: str, model_px: int) -> tuple[GateReading, ...] | None:
        """Return what the gate says of every film; None if that is not kept, or is damaged."""
        content = self._find(_name_of_gate(gate_sha256, model_px))
        if content is None:
            return None
        return tuple(
            GateReading(
                row["film_id"],
                row["film_sha256"],
                replace(
                    reading_from_json(row["reading"]),
                    thumbnail=base64.b64decode(row["thumbnail"]),
                ),
            )
            for row in json.loads(content)
        )

    def keep_gate(self, gate_sha256: str, model_px: int, said: Sequence[GateReading]) -> None:
        """Keep what the gate says; raises DatasetError if it cannot be written."""
        rows = [
            {
                "film_id": one.film_id,
                "film_sha256": one.film_sha256,
                "thumbnail": base64.b64encode(one.reading.thumbnail).decode(),
                "reading": reading_to_json(one.reading),
            }
            for one in said
        ]
        content = json.dumps(rows, separators=(",", ":")).encode()
        write_checked(self._folders[-1] / _name_of_gate(gate_sha256, model_px), content)

    def _find(self, name: str) -> bytes | None:
        found = (read_checked(folder / name) for folder in self._folders)
        return next((content for content in found if content is not None), None)


def _name_of_run(run: RunRecord, gate_sha256: str) -> str:
    return f"{run.run_id}-{reading_identity(run, gate_sha256)[:16]}.checked"


def _name_of_gate(gate_sha256: str, model_px: int) -> str:
    return f"gate-{gate_sha256[:16]}-{model_px}.checked"
