"""How well a run's explanations point at lesions whose place is known, as kept beside the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from core.errors import ModelIntegrity
from core.statistics import Rate

EXPLANATIONS_FILE = "explanations.json"


@dataclass(frozen=True, slots=True)
class PointingRates:
    """One way of explaining, over all films of a group.

    Attributes
    ----------
    points_at_lesion : Rate
        Share of films whose strongest point lies on the lesion.
    energy_inside, iou, lesion_share : Rate
        Means over the films, as in `core.explanation_score`.
    """

    points_at_lesion: Rate
    energy_inside: Rate
    iou: Rate
    lesion_share: Rate


@dataclass(frozen=True, slots=True)
class ExplanationQuality:
    """A run's explanations held against drawn lesions.

    Attributes
    ----------
    export_sha256 : str
        Of the export that was explained; another one makes the record void.
    films : str
        What the films are.
    ways : mapping of str to str
        Each way of explaining, and what it is.
    rates : mapping of str to mapping of str to PointingRates
        Group of films to way of explaining.
    """

    run_id: str
    export_sha256: str
    films: str
    ways: Mapping[str, str]
    rates: Mapping[str, Mapping[str, PointingRates]]

    def to_json(self) -> bytes:
        """Return the record as it is kept."""
        return _QUALITY.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> ExplanationQuality:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not such a record.
        """
        try:
            return _QUALITY.validate_json(content)
        except ValidationError as exc:
            first = exc.errors()[0]
            place = "/".join(map(str, first["loc"])) or "its beginning"
            raise ModelIntegrity(
                f"{EXPLANATIONS_FILE} is not a record of explanations (at {place}: "
                f"{first['msg']}). Restore it, or run `python -m bench pointing` again."
            ) from exc


_QUALITY = TypeAdapter(ExplanationQuality)
