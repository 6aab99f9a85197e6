"""What the database tells of a site whenever Prometheus asks: queues, disagreement, drift."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from core.domain.archive import ArrivalState, SendingState
from core.domain.model import Calibration
from core.domain.review import ReadKind
from core.domain.worklist import FilmStatus
from core.errors import FirstReadError
from core.reads.drift import Probabilities, Week, weekly_drift
from core.reads.export import AGREE, DISAGREE, NOT_COMPARED, compare_with_model, find_reads
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

OUTCOMES = {AGREE: "agrees", DISAGREE: "disagrees", NOT_COMPARED: "not compared"}


@dataclass(frozen=True, slots=True)
class Served:
    """The run that reads films here.

    Attributes
    ----------
    identity : str
        Of run and gate, from `core.runs.store.reading_identity`.
    """

    models: Path
    run_id: str
    identity: str


@dataclass(frozen=True, slots=True)
class _Reads:
    """What the signed reads tell, worked out once for as many as there were."""

    n: int
    outcomes: Mapping[str, int]
    weeks: tuple[Week, ...]


class SiteMetrics(Collector):
    """Asks the database at each scrape; reads are worked through again when there are more.

    Parameters
    ----------
    served : callable
        Called at each scrape; it may raise FirstReadError.
    """

    def __init__(self, films: SqlFilms, served: Callable[[], Served]) -> None:
        self._films, self._served = films, served
        self._database: Database = films.database
        self._reads: _Reads | None = None
        self._reference: tuple[str, tuple[Probabilities, Calibration]] | None = None
        self._one = threading.Lock()

    def describe(self) -> list[Metric]:
        """Return nothing: registering it must not ask the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the site's state; where the database does not answer, that alone."""
        up = GaugeMetricFamily("firstread_database_up", "1 where the database answers.")
        try:
            with self._one:
                found = list(self._found())
        except FirstReadError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found

    def _found(self) -> Iterator[Metric]:
        archive, served = SqlArchive(self._database), self._served()
        yield _by(
            "firstread_films", "Kept films, by how far they are.", "status", FilmStatus,
            self._films.counts(),
        )  # fmt: skip
        waiting = self._films.count_unread(served.identity)
        yield _one("firstread_films_waiting", "Kept films that gate and model have yet to read.",
                   waiting)  # fmt: skip
        yield _by(
            "firstread_archive_films", "Films of the archive, by what became of them.", "state",
            ArrivalState, archive.count_arrivals(),
        )  # fmt: skip
        yield _by(
            "firstread_archive_reports", "Reports for the archive, by how far they are.", "state",
            SendingState, archive.count_sendings(),
        )  # fmt: skip
        reads = self._worked_through(served)
        signed = GaugeMetricFamily(
            "firstread_signed_reads",
            "Signed reads of patients' films, by whether reader and model agree.",
            labels=["model"],
        )
        for outcome, words in OUTCOMES.items():
            signed.add_metric([words], reads.outcomes.get(outcome, 0))
        yield signed
        alarms = sum(week.alarm for week in reads.weeks)
        yield _one("firstread_drift_alarm_weeks", "Weeks whose probabilities drifted.", alarms)
        known = [week for week in reads.weeks if week.index is not None]
        newest = known[-1] if known else None
        drift = GaugeMetricFamily(
            "firstread_drift_index", "Population stability index of the newest week with one."
        )
        limit = GaugeMetricFamily(
            "firstread_drift_limit", "Index above which that week is an alarm."
        )
        if newest is not None and newest.index is not None:
            drift.add_metric([], newest.index)
            limit.add_metric([], newest.limit)
        yield drift
        yield limit

    def _worked_through(self, served: Served) -> _Reads:
        store = SqlReviewStore(self._database)
        n = store.count()
        if self._reads is None or self._reads.n != n:
            patients = find_reads(store.everything(), synthetic=False)
            signed = [one for one in patients if one.kind is ReadKind.READ]
            outcomes = Counter(compare_with_model(one) for one in signed)
            reference, calibration = self._reference_of(served)
            weeks = weekly_drift(patients, served.run_id, reference, calibration)
            self._reads = _Reads(n, outcomes, tuple(weeks))
        return self._reads

    def _reference_of(self, served: Served) -> tuple[Probabilities, Calibration]:
        if self._reference is None or self._reference[0] != served.run_id:
            run = load_run(served.models / served.run_id)
            predictions = read_predictions(run)
            validation = predictions.films.split == "validation"
            said = predictions.probability[validation], run.calibration
            self._reference = served.run_id, said
            self._reads = None
        return self._reference[1]


def open_site_metrics(films: SqlFilms, served: Callable[[], Served]) -> CollectorRegistry:
    """Return a registry that asks the database whenever it is asked."""
    registry = CollectorRegistry()
    registry.register(SiteMetrics(films, served))
    return registry


def _one(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family


def _by(
    name: str, text: str, label: str, values: type[StrEnum], counts: Mapping[Any, int]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value in values:
        family.add_metric([value.value], counts.get(value, 0))
    return family
