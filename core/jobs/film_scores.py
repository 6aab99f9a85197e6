"""One film's score as a row of a table: what the gate found, what the run said, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.domain.film import Radiograph
from core.domain.quality import Severity
from core.domain.regions import CamSettings, Explanation
from core.inference.litert import LiteRTNetwork
from core.pipeline import Engine, Explainable, explain_film, open_healthy, read_radiograph

READ, REFUSED, BAD = "read", "refused", "bad"
"""What became of a film: scored; refused by the quality check; a file that is no readable film."""


@dataclass(frozen=True, slots=True)
class FilmScore:
    """What became of one film.

    Attributes
    ----------
    state : str
        `READ`, `REFUSED` or `BAD`.
    reason : str
        The sentence of a refused film, or of a bad one.
    code : str
        Of the finding that refused the film; empty otherwise.
    findings : tuple of str
        Severity and code of each finding, apart by a colon, worst first.
    logit, probability : float or None
        None unless the film was read.
    zones : mapping of str to float
        What the regions of each zone add to the log odds; empty unless explained.
    parts : mapping of str to float
        What the log odds are the sum of; empty unless explained.
    """

    state: str
    reason: str = ""
    code: str = ""
    findings: tuple[str, ...] = ()
    film_sha256: str = ""
    height_px: int | None = None
    width_px: int | None = None
    source_format: str = ""
    logit: float | None = None
    probability: float | None = None
    side: str = ""
    zones: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _healthy(models: Path) -> LiteRTNetwork | None:
    return open_healthy(models, threads=1)


def score_film(film: Radiograph, engine: Engine, models: Path, *, explained: bool) -> FilmScore:
    """Take a decoded film through the gate and the run, and add up its regions by zone if asked.

    Raises
    ------
    ExplanationError
        If the run's log odds cannot be split by place.
    """
    from scipy.special import logit  # noqa: PLC0415 (the pool that only asks does not wait for it)

    reading = read_radiograph(film, engine, pictured=False)
    findings = reading.quality.findings
    known = FilmScore(
        REFUSED,
        findings=tuple(f"{one.severity}:{one.code}" for one in findings),
        film_sha256=reading.film_sha256,
        height_px=reading.height_px,
        width_px=reading.width_px,
        source_format=reading.source_format,
    )
    prediction = reading.prediction
    if prediction is None or reading.model_input is None:
        worst = next(one for one in findings if one.severity is Severity.REFUSE)
        return replace(known, reason=str(worst.message), code=worst.code)
    zones: Mapping[str, float] = {}
    parts: Mapping[str, float] = {}
    if explained:
        run = Explainable(engine.classifier, _healthy(models))
        explanation = explain_film(reading.model_input, run, CamSettings())
        zones, parts = add_up_zones(explanation), dict(explanation.parts)
    return replace(
        known,
        state=READ,
        logit=float(logit(prediction.score)),
        probability=prediction.probability,
        side=prediction.side,
        zones=zones,
        parts=parts,
    )


def add_up_zones(explanation: Explanation) -> dict[str, float]:
    """Return what the regions of each zone add to the log odds; their sum is that of all regions.

    A region's weight by CAM is its part as if it had the mean region's size; here it counts as it
    is.
    """
    sizes = np.bincount(explanation.segments.ravel(), minlength=len(explanation.weights))
    added = explanation.weights * sizes * len(sizes) / explanation.segments.size
    sums: dict[str, float] = {}
    for zone, part in zip(explanation.zones, added.tolist(), strict=True):
        sums[zone] = sums.get(zone, 0.0) + part
    return sums
