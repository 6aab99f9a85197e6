"""What the machine said of a film, as the worklist keeps it."""

from __future__ import annotations

from typing import Any

from core.domain.worklist import MachineReading
from core.language.recall import recalled
from core.store.reads import (
    prediction_from_json,
    prediction_to_json,
    quality_from_json,
    quality_to_json,
)


def suspicion_of(reading: MachineReading) -> float | None:
    """Return what films are sorted by: the side first, and the probability within it."""
    if reading.prediction is None:
        return None
    sides = ("not suspicious", "unsure", "suspicious")
    return sides.index(reading.prediction.side) + reading.prediction.probability


def reading_to_json(reading: MachineReading) -> dict[str, Any]:
    """Return a reading as JSON keeps it, its thumbnail and identity apart."""
    return {
        "height_px": reading.height_px,
        "width_px": reading.width_px,
        "source_format": reading.source_format,
        "sentence": reading.sentence,
        "quality": None if reading.quality is None else quality_to_json(reading.quality),
        "prediction": None
        if reading.prediction is None
        else prediction_to_json(reading.prediction),
    }


def reading_from_json(kept: dict[str, Any]) -> MachineReading:
    """Return the reading that `reading_to_json` kept."""
    quality, prediction = kept["quality"], kept["prediction"]
    return MachineReading(
        identity="",
        height_px=kept["height_px"],
        width_px=kept["width_px"],
        source_format=kept["source_format"],
        quality=None if quality is None else quality_from_json(quality),
        prediction=None if prediction is None else prediction_from_json(prediction),
        sentence=recalled(kept["sentence"]),
    )
