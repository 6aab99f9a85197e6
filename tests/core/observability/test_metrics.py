"""What Prometheus is told: counts of the process, the site's state, and the dashboard's names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import numpy as np
import pytest
from fixtures.kept_films import ADA, arriving, read_by_machine
from fixtures.review_records import lead, record
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from core.domain.archive import ArrivalState
from core.domain.model import Calibration, OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import Arrival
from core.errors import ArchiveError, ModelMissing
from core.observability import metrics
from core.observability.metrics import REGISTRY, exposition
from core.observability.probes import Probes, ProbeServer
from core.observability.site_metrics import Served, SiteMetrics, open_site_metrics
from core.reads.drift import FEWEST_FILMS
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

DASHBOARD = PROJECT_ROOT / "deploy" / "grafana-dashboard.json"
SERVED = Served(PROJECT_ROOT / "models", SERVED_RUN, "run-1 and gate")
POINT = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(*registries: CollectorRegistry) -> Samples:
    text = exposition(registries).decode()
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.fixture
def films(tmp_path: Path) -> Iterator[SqlFilms]:
    with closing(Database.open(f"sqlite:///{tmp_path}/reads.sqlite3")) as database:
        yield SqlFilms(
            database, FilmObjects(str(tmp_path / "films")), key_path=tmp_path / "films.key", keys=""
        )


def test_what_a_process_does_is_counted() -> None:
    before = samples(REGISTRY)

    def more(name: str, **labels: str) -> float:
        key = name, tuple(labels.items())
        return samples(REGISTRY)[key] - before.get(key, 0.0)

    metrics.note_film_taken(Arrival.PACS, "ab" * 32)
    metrics.note_film_unreadable()
    findings = (
        Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank."),
        Finding("dark", Severity.FLAG, 0.1, 0.2, "The film is dark."),
    )
    metrics.note_reading("ab" * 32, 0.3, QualityReport(findings))
    with metrics.timed_explanation():
        pass
    assert more("firstread_films_taken_total", arrival="PACS") == 1
    assert more("firstread_films_unreadable_total") == 1
    assert more("firstread_gate_refusals_total", code="blank") == 1
    assert ("firstread_gate_refusals_total", (("code", "dark"),)) not in samples(REGISTRY)
    assert more("firstread_reading_seconds_bucket", le="0.2") == 0
    assert more("firstread_reading_seconds_bucket", le="0.5") == 1
    assert more("firstread_explanation_seconds_count") == 1


def test_the_database_tells_queues_disagreement_and_drift(films: SqlFilms) -> None:
    site = open_site_metrics(films, lambda: SERVED)
    for name in ("ab", "cd", "ef"):
        films.keep(arriving(name * 32), ADA)
    films.note_reading("ab" * 32, read_by_machine())
    archive = SqlArchive(films.database)
    archive.note_arrival("1", "DICOM", ArrivalState.WAITING, "The disk is full.")
    reads = SqlReviewStore(films.database, read_first=False)
    for number in range(FEWEST_FILMS):
        prediction = Prediction(0.99, 2.0, SERVED_RUN, POINT)
        verdict = Verdict.NORMAL if number < 2 else Verdict.PNEUMONIA
        film = f"{number:064x}"
        signed = record(film_sha256=film, prediction=prediction, run_id=SERVED_RUN, verdict=verdict)
        reads.append(signed, lead(signed.reader))
    found = samples(site)
    assert found["firstread_database_up", ()] == 1
    assert found["firstread_films", (("status", "new"),)] == 3
    assert found["firstread_films_waiting", ()] == 2
    assert found["firstread_archive_films", (("state", "waiting"),)] == 1
    assert found["firstread_archive_reports", (("state", "sent"),)] == 0
    assert found["firstread_signed_reads", (("model", "disagrees"),)] == 2
    assert found["firstread_signed_reads", (("model", "agrees"),)] == FEWEST_FILMS - 2
    assert found["firstread_drift_alarm_weeks", ()] == 1
    assert found["firstread_drift_index", ()] > found["firstread_drift_limit", ()]

    unsure = record(film_sha256="99" * 32, verdict=Verdict.UNSURE, confidence=None)
    reads.append(unsure, lead(unsure.reader))
    first = record(film_sha256="98" * 32, kind=ReadKind.FIRST, regions={})
    reads.append(first, lead(first.reader))
    now = samples(site)
    assert now["firstread_signed_reads", (("model", "not compared"),)] == 1
    assert now["firstread_signed_reads", (("model", "agrees"),)] == FEWEST_FILMS - 2


def test_reads_are_worked_through_again_only_when_there_are_more(
    films: SqlFilms, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    site = SiteMetrics(films, lambda: SERVED)
    whole = SqlReviewStore.everything
    monkeypatch.setattr(SqlReviewStore, "everything", lambda self: asked.append(1) or whole(self))
    said = np.linspace(0.0, 1.0, 100), Calibration(1.0, 0.0)
    monkeypatch.setattr(SiteMetrics, "_reference_of", lambda *_: said)
    for _ in range(2):
        list(site.collect())
    signed = record()
    SqlReviewStore(films.database, read_first=False).append(signed, lead(signed.reader))
    list(site.collect())
    assert len(asked) == 2


def test_a_database_that_does_not_answer_is_told_and_nothing_else(films: SqlFilms) -> None:
    def lost() -> Served:
        raise ModelMissing("There is no such run.")

    assert samples(open_site_metrics(films, lost)) == {("firstread_database_up", ()): 0.0}


def test_every_metric_of_the_dashboard_exists(films: SqlFilms) -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"\b(?:firstread|process)_\w+", target["expr"])
    }
    metrics.GATE_REFUSALS.labels("blank")
    text = exposition((REGISTRY, open_site_metrics(films, lambda: SERVED))).decode()
    families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    known = {
        f"{name}{ending}"
        for name, kind in families
        for ending in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
    }
    assert asked <= known
    told = {name for name in known if name.startswith("firstread")}
    unused = {name for name in told - asked if not name.endswith(("_sum", "_count"))}
    assert unused == set()


def test_a_process_without_a_web_server_answers_on_a_port_of_its_own() -> None:
    healthy = True

    def check() -> None:
        if not healthy:
            raise ModelMissing("The run f08 is not in /srv/models.")

    server = ProbeServer(Probes(check, lambda: b"firstread_x 1\n"), 0)
    try:

        def ask(path: str) -> tuple[int, str]:
            answer = httpx.get(f"http://127.0.0.1:{server.port}{path}")
            return answer.status_code, answer.text

        assert ask("/health") == (200, "alive")
        assert ask("/ready") == (200, "ready")
        assert ask("/metrics") == (200, "firstread_x 1\n")
        assert ask("/films") == (404, "not found")
        healthy = False
        assert ask("/health") == (200, "alive")
        assert ask("/ready") == (503, "not ready")
        with pytest.raises(ArchiveError, match=f"Port {server.port} .* is taken"):
            ProbeServer(Probes(check, None), server.port)
    finally:
        server.close()


def test_metrics_that_are_not_offered_are_not_there_and_failing_ones_say_no_cause() -> None:
    def fails() -> bytes:
        raise ModelMissing("The run f08 is not in /srv/models.")

    assert Probes(lambda: None, None).answer("/metrics").status == 404
    failed = Probes(lambda: None, fails).answer("/metrics")
    assert (failed.status, failed.body) == (503, b"not ready")
