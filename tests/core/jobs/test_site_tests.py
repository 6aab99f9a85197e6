"""Measuring in the background: a folder, an uploaded zip file, films without labels, a service."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures.review_records import lead
from fixtures.site_settings import LENIENT, accepted
from PIL import Image

from core.acceptance.criteria import Declaration
from core.acceptance.measured import accept
from core.acceptance.unlabelled import estimate_prevalence
from core.cli.pacs import _engine, _setting
from core.domain.model import RunRecord
from core.errors import DatasetError
from core.jobs.examples import open_examples
from core.jobs.film_worker import EngineFiles
from core.jobs.site_films import read_site
from core.jobs.site_tests import AcceptanceTask, FilmPlace, FilmsWithTable, PrevalenceTask
from core.pacs.service import ArchiveService
from core.pipeline import open_engine
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.sites.labels import read_labels
from core.sites.source import open_films
from core.store.engine import Database
from core.store.site_settings import adopt_setting

EACH = 4
DECLARED = Declaration(LENIENT, 0.9, 4, 1, "Ada Lead", datetime(2026, 11, 30, tzinfo=UTC))


@pytest.fixture(scope="module")
def engine():
    return open_engine(get_settings().models, SERVED_RUN, 1)


@pytest.fixture(scope="module")
def run(engine) -> RunRecord:
    return engine.classifier.run_record


@pytest.fixture(scope="module")
def files(engine) -> EngineFiles:
    return EngineFiles.of(engine, get_settings().models, 1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("ward")
    for name in ("NORMAL", "PNEUMONIA"):
        shipped = sorted((PROJECT_ROOT / "synthetic" / "test" / name).glob("*.png"))
        for number, path in enumerate(shipped[:EACH]):
            shutil.copy(path, place / f"{name.lower()}-{number}.png")
    return place


@pytest.fixture(scope="module")
def labels(folder) -> bytes:
    rows = [f"{path.name},{path.name.partition('-')[0]}" for path in sorted(folder.iterdir())]
    return "\n".join(["film,label", *rows]).encode()


def packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as into:
        for path in folder.iterdir():
            into.write(path, f"films/{path.name}")
    return content.getvalue()


def test_a_zip_file_gives_what_the_folder_gives_by_hand(folder, labels, run, files) -> None:
    with open_films(str(folder)) as source:
        by_hand = accept(read_site(source, read_labels(labels), files).films, run, DECLARED)
    place = FilmPlace(uploaded=packed(folder), most_bytes=10**7)
    task = AcceptanceTask("Ward", FilmsWithTable(place, labels), run, files, DECLARED).start()
    assert task.wait(120)
    assert (task.sentence, task.progress, task.title) == ("", 1.0, "uploaded zip file")
    found = task.result.found
    assert task._films is None  # the upload is let go
    assert found.calibration == by_hand.calibration
    assert found.point == by_hand.point
    assert found.judged == by_hand.judged


def test_without_labels_every_film_counts_once(folder, run, files, tmp_path) -> None:
    shutil.copy(folder / "normal-0.png", tmp_path / "a.png")
    shutil.copy(folder / "normal-0.png", tmp_path / "again.png")
    shutil.copy(folder / "pneumonia-0.png", tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"nothing")
    Image.new("L", (300, 300), 128).save(tmp_path / "grey.png")
    shutil.copy(tmp_path / "grey.png", tmp_path / "grey-again.png")
    task = PrevalenceTask(FilmPlace(str(tmp_path)), run, files).start()
    assert task.wait(120)
    found, point = task.result, run.operating_point
    assert found.assumed == point.n_positive / point.n
    assert found.share.n == len(found.reading.probabilities) == 2
    assert list(found.reading.unreadable) == ["c.png"]
    assert found.reading.refused == {"blank": 1}
    assert found.reading.twice == 2
    assert found.share == estimate_prevalence(found.reading.probabilities, found.assumed)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no zip file", "no zip file that can be read"),
        ("empty", "holds no file that may be a film"),
    ],
    ids=["damaged", "empty"],
)
def test_an_upload_that_cannot_be_measured_is_refused(tmp_path, content, sentence) -> None:
    if content == "empty":
        (tmp_path / "notes.txt").write_text("nothing")
        content = packed(tmp_path)
    with pytest.raises(DatasetError, match=sentence), FilmPlace(uploaded=content).open():
        pass


def test_a_film_of_an_upload_that_is_too_large_is_left_out_by_name(folder, files, tmp_path) -> None:
    small = folder / "normal-0.png"
    shutil.copy(small, tmp_path / "small.png")
    (tmp_path / "large.png").write_bytes(bytes(small.stat().st_size + 1))
    place = FilmPlace(uploaded=packed(tmp_path), most_bytes=small.stat().st_size)
    read = place.read_unlabelled(files, lambda _done, _all: None, lambda: False)
    assert len(read.probabilities) == 1
    ((name, why),) = read.unreadable.items()
    assert name == "films/large.png"
    assert "has more than" in why


def test_the_synthetic_films_of_the_worklist_are_read_by_the_site_too(engine, run, tmp_path):
    setting = _adopted(tmp_path, run)
    at_site = open_engine(get_settings().models, SERVED_RUN, 1, setting).classifier.run_record
    gate = engine.gate.sha256
    own = open_examples(run, gate, tmp_path).outcomes
    site = open_examples(at_site, gate, tmp_path).outcomes
    assert own.keys() == site.keys() != set()
    for key, outcome in site.items():
        if (said := outcome.reading.prediction) is None:
            continue
        before = own[key].reading.prediction.probability
        assert said.probability == pytest.approx(setting.calibration.apply([before])[0])
        assert said.operating_point == setting.point


def _adopted(folder: Path, run: RunRecord):
    database = Database.open(f"sqlite:///{folder / 'site.sqlite3'}")
    kept = adopt_setting(database, accepted(run), "Ward 3", "measured", lead("Ada Lead"))
    database.close()
    return kept.setting


def test_the_archives_service_begins_again_when_the_sites_setting_changes(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    run = load_run(get_settings().models / SERVED_RUN)
    database = Database.open(f"sqlite:///{tmp_path / 'site.sqlite3'}")
    setting = _adopted(tmp_path, run)
    assert _setting(database) == setting
    engine, files = _engine(SERVED_RUN, None)
    service = ArchiveService(
        database, engine, files, lambda: SERVED_RUN, lambda: _setting(database)
    )
    assert service.run()  # to begin again, at the site's threshold
    engine, files = _engine(SERVED_RUN, _setting(database))
    assert engine.classifier.run_record.site == files.site == setting
    database.close()
