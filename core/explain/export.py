"""An explanation as files: the regions as a table, and all of it as JSON that can be recomputed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from pydantic import TypeAdapter

from core import __version__
from core.domain.arrays import FloatVector, LabelImage
from core.domain.film import Turn
from core.domain.model import RunRecord
from core.domain.regions import (
    CamSettings,
    Explanation,
    ExplanationSettings,
    LimeSettings,
    OcclusionSettings,
)
from core.errors import ExplanationError
from core.explain.lime import top_regions
from core.explain.trust import doubt_of
from core.language.words import msg
from core.tables import csv_table

FORMAT: Literal["First Read explanation, version 1"] = "First Read explanation, version 1"
CSV_HEAD = (
    "rank",
    "region",
    "zone of the patient",
    "weight (log odds)",
    "lowest",
    "highest",
    "counts",
    "share of all weight",
    "area (px)",
    "centre row (px)",
    "centre column (px)",
    "top (px)",
    "left (px)",
    "bottom (px)",
    "right (px)",
)
"""Of the table; regions count from 1 as on the pages, places are px of the film."""


@dataclass(frozen=True, slots=True)
class ExplainedFilm:
    """What an explanation is of: a film's bytes, how the film was inverted or turned, and the run.

    Attributes
    ----------
    networks : mapping of str to str
        The hashes of what else the explanation took, by name.
    of_others : bool
        Whether the film is known to be of a population that regions were not measured on.
    """

    film_sha256: str
    inverted: bool
    run: RunRecord
    export_sha256: str
    networks: Mapping[str, str]
    of_others: bool = False
    turned: Turn = Turn.NONE


@dataclass(frozen=True, slots=True)
class KeptExplanation:
    """What a kept explanation says: how it was made, and its weights."""

    format: Literal["First Read explanation, version 1"]
    film_sha256: str
    inverted: bool
    run_id: str
    export_sha256: str
    networks: dict[str, str]
    method: str
    settings: dict[str, Any]
    score: float
    weights: list[float]
    turned: Turn = Turn.NONE

    @property
    def made_by(self) -> ExplanationSettings:
        """The settings.

        Raises
        ------
        ExplanationError
            If this version knows no such method or settings.
        """
        kinds: dict[str, TypeAdapter[Any]] = {
            "cam": TypeAdapter(CamSettings),
            "lime": TypeAdapter(LimeSettings),
            "occlusion": TypeAdapter(OcclusionSettings),
        }
        try:
            settings: ExplanationSettings = kinds[self.method].validate_python(self.settings)
        except (KeyError, ValueError) as exc:
            raise ExplanationError(
                msg(
                    "The file names a method or settings that this version does not know. "
                    "Use the version that wrote it."
                )
            ) from exc
        return settings


_KEPT = TypeAdapter(KeptExplanation)


def explanation_as_json(explanation: Explanation, of: ExplainedFilm) -> str:
    """Return all of an explanation, its settings and what it is of.

    Regions lie on the grid ``segments``: row by row, pairs of a label and how often it follows.
    """
    geometry = explanation.geometry
    record = {
        "format": FORMAT,
        "app_version": __version__,
        "film_sha256": of.film_sha256,
        "inverted": of.inverted,
        "turned": of.turned,
        "run_id": of.run.run_id,
        "export_sha256": of.export_sha256,
        "networks": dict(of.networks),
        "method": explanation.method,
        "settings": asdict(explanation.settings),
        "unit": "log odds of pneumonia",
        "score": explanation.score,
        "parts": dict(explanation.parts),
        "do_not_rely": doubt_of(explanation, of_others=of.of_others),
        "samples": explanation.samples,
        "surrogate_r2": explanation.surrogate_r2,
        "geometry": asdict(geometry),
        "zones": list(explanation.zones),
        "weights": explanation.weights.tolist(),
        "intervals": None if explanation.intervals is None else explanation.intervals.tolist(),
        "segments": _run_lengths(explanation.segments),
    }
    return json.dumps(record, indent=1) + "\n"


def _run_lengths(segments: LabelImage) -> dict[str, Any]:
    labels = segments.ravel()
    starts = np.flatnonzero(np.diff(labels, prepend=labels[0] - 1))
    lengths = np.diff(starts, append=labels.size)
    pairs = np.column_stack([labels[starts], lengths])
    return {"shape": list(segments.shape), "run_lengths": pairs.ravel().tolist()}


def read_explanation(content: bytes) -> KeptExplanation:
    """Read what `explanation_as_json` wrote, as far as it can be recomputed.

    Raises
    ------
    ExplanationError
        If it is no such file.
    """
    try:
        return _KEPT.validate_json(content)
    except ValueError as exc:
        raise ExplanationError(
            msg(
                "The file is not an explanation that First Read has written. Choose the JSON file "
                "that the page Regions offers."
            )
        ) from exc


def largest_difference(kept: KeptExplanation, weights: FloatVector) -> float:
    """Return by how much the weights of equal regions differ at most.

    Raises
    ------
    ExplanationError
        If there are not as many.
    """
    if len(kept.weights) != len(weights):
        raise ExplanationError(
            msg(
                "The file has {kept} regions and the film now has {now}. The film is cut in "
                "another way: other versions of the libraries are installed.",
                kept=len(kept.weights),
                now=len(weights),
            )
        )
    return float(np.abs(np.array(kept.weights) - weights).max())


def regions_as_csv(explanation: Explanation) -> str:
    """Return every region with a weight, strongest first, as a table."""
    areas = _areas(explanation)
    intervals, zones = explanation.intervals, explanation.zones
    rows = []
    for region in top_regions(explanation, len(explanation.weights)):
        low, high = (None, None) if intervals is None else intervals[region.label].tolist()
        row, column = region.centroid_px
        zone = zones[region.label] if zones else ""
        rows.append(
            (
                *(region.rank, region.label + 1, zone, region.weight, low, high),
                "for" if region.weight > 0 else "against",
                *(region.share, areas[region.label], row, column),
                *region.bbox_px,
            )
        )
    return csv_table(CSV_HEAD, rows)


def _areas(explanation: Explanation) -> list[int]:
    """Return each region's area on the film, in px."""
    seen, cells = explanation.geometry.looked_at, explanation.segments.size
    counts = np.bincount(explanation.segments.ravel())
    return [round(count * seen.height_px * seen.width_px / cells) for count in counts]
