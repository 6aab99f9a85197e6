"""What one process counts as it works, for Prometheus; each count has its line in the log.

No label holds anything of a patient, a reader or a file: all come from short lists of our own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from core.domain.quality import QualityReport, Severity
from core.domain.worklist import Arrival

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]
Registry = CollectorRegistry
REGISTRY = Registry()
ProcessCollector(registry=REGISTRY)

FILMS_TAKEN = Counter(
    "firstread_films_taken", "Films that came, by how.", ["arrival"], registry=REGISTRY
)
FILMS_UNREADABLE = Counter(
    "firstread_films_unreadable", "Files that could not become a radiograph.", registry=REGISTRY
)
GATE_REFUSALS = Counter(
    "firstread_gate_refusals",
    "Findings for which the quality gate refused a film, by code.",
    ["code"],
    registry=REGISTRY,
)
READING_SECONDS = Histogram(
    "firstread_reading_seconds",
    "Time from a free worker to gate and model having read a film.",
    buckets=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0),
    registry=REGISTRY,
)
EXPLANATION_SECONDS = Histogram(
    "firstread_explanation_seconds",
    "Time from the first step of an explanation to its last.",
    buckets=(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0),
    registry=REGISTRY,
)
for _arrival in Arrival:
    FILMS_TAKEN.labels(_arrival.value)

_log = logging.getLogger(__name__)


def note_film_taken(arrival: Arrival, film_sha256: str) -> None:
    """Count a film that came."""
    FILMS_TAKEN.labels(arrival.value).inc()
    _log.info("film taken", extra=_named(film_sha256) | {"arrival": arrival.value})


def note_film_unreadable(film_sha256: str = "") -> None:
    """Count a file that could not become a radiograph."""
    FILMS_UNREADABLE.inc()
    _log.info("film unreadable", extra=_named(film_sha256))


def note_reading(film_sha256: str, seconds: float, quality: QualityReport) -> None:
    """Count a film that gate and model have read, and why the gate refused it, if it did."""
    READING_SECONDS.observe(seconds)
    refused = [one.code for one in quality.findings if one.severity is Severity.REFUSE]
    for code in refused:
        GATE_REFUSALS.labels(code).inc()
    _log.info(
        "film read",
        extra=_named(film_sha256) | {"seconds": round(seconds, 3), "codes": refused},
    )


def _named(film_sha256: str) -> dict[str, object]:
    """Return a film as the log names it; nothing where it is not known."""
    return {"film": film_sha256[:12]} if film_sha256 else {}


@contextmanager
def timed_explanation() -> Iterator[None]:
    """Count the explanation that is made in the block, unless the block raises."""
    begun = time.monotonic()
    yield
    note_explanation(time.monotonic() - begun)


def note_explanation(seconds: float) -> None:
    """Count an explanation that is finished."""
    EXPLANATION_SECONDS.observe(seconds)
    _log.info("explanation made", extra={"seconds": round(seconds, 3)})


def exposition(registries: Sequence[Registry] = (REGISTRY,)) -> bytes:
    """Return every count in Prometheus's text format."""
    return b"".join(generate_latest(one) for one in registries)
