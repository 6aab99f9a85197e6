"""A worker scores its films as an upload is read; what cannot be read has its sentence."""

import shutil

import numpy as np
import pytest

from core.domain.regions import CamSettings
from core.errors import Cancelled, CorruptFile, DatasetError, ModelIntegrity
from core.jobs.film_scores import BAD, READ, REFUSED, FilmScore
from core.jobs.scoring import batch
from core.jobs.scoring.batch import LEAST_FAILING, TRIES, Reading, score_batch
from core.pipeline import Explainable, explain_film, open_engine, open_healthy, read_film
from core.runs.store import reading_identity
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.sites.source import ListedFilm, walk_films

MODELS = PROJECT_ROOT / "models"
ENGINE = open_engine(MODELS, SERVED_RUN, 1)
IDENTITY = reading_identity(ENGINE.classifier.run_record, ENGINE.gate.sha256)
SHIPPED = PROJECT_ROOT / "synthetic" / "test"
ILL, WELL = (
    sorted((SHIPPED / kind).glob("*.png"))[0].read_bytes() for kind in ("PNEUMONIA", "NORMAL")
)


@pytest.fixture(autouse=True)
def fresh_source():
    yield
    batch._source.cache_clear()
    batch._opened.close()


@pytest.fixture(scope="module", autouse=True)
def one_pool():
    yield
    batch._pool(SERVED_RUN, IDENTITY)[0].close()
    batch._pool.cache_clear()


def reading(place, *, explained=False, identity=IDENTITY):
    return Reading(str(place), SERVED_RUN, identity, explained)


def test_films_are_scored_as_uploads_are_and_bad_ones_say_why(tmp_path):
    mask = next((PROJECT_ROOT / "synthetic" / "lung_masks").glob("*.png"))
    contents = {
        "a-ill.png": ILL,
        "b-cut.png": ILL[:3000],
        "c-empty.png": b"",
        "d-well.png": WELL,
        "e-page.dcm": b"<html>",
        "f-mask.png": mask.read_bytes(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "g-huge.png").write_bytes(b"")
    films = tuple(walk_films(str(tmp_path)))
    films = (*films[:-1], ListedFilm("g-huge.png", 10**9))
    ill, torn, empty, well, page, other, huge = score_batch(reading(tmp_path), films)
    for score, content in ((ill, ILL), (well, WELL)):
        read = read_film(content, ENGINE)
        assert score.state == READ
        assert score.probability == pytest.approx(read.prediction.probability, abs=1e-6)
        assert score.side == read.prediction.side
        assert 1 / (1 + np.exp(-score.logit)) == pytest.approx(read.prediction.score, abs=1e-6)
        assert score.film_sha256 == read.film_sha256
        findings = tuple(f"{one.severity}:{one.code}" for one in read.quality.findings)
        assert score.findings == findings
    assert [one.state for one in (torn, empty, page, huge)] == [BAD] * 4
    assert "b-cut.png" in torn.reason or "PNG" in torn.reason
    assert "empty" in empty.reason
    assert "web page" in page.reason
    assert "1000.0 MB" in huge.reason
    assert (other.state, other.probability) == (REFUSED, None)
    assert f"refuse:{other.code}" in other.findings


def test_the_zones_and_parts_of_an_explained_film_add_up(tmp_path):
    (tmp_path / "ill.png").write_bytes(ILL)
    (score,) = score_batch(reading(tmp_path, explained=True), (ListedFilm("ill.png", len(ILL)),))
    read = read_film(ILL, ENGINE)
    run = Explainable(ENGINE.classifier, open_healthy(MODELS))
    known = explain_film(read.model_input, run, CamSettings())
    assert score.parts == pytest.approx(known.parts, abs=1e-4)
    assert sum(score.parts.values()) == pytest.approx(known.score, abs=1e-4)
    regions = known.parts["regions for"] + known.parts["regions against"]
    assert sum(score.zones.values()) == pytest.approx(regions, abs=1e-4)
    assert set(score.zones) == set(known.zones)
    odds = np.log(score.probability / (1 - score.probability))
    assert sum(score.parts.values()) == pytest.approx(odds, abs=1e-3)


def test_a_place_that_is_gone_stops_the_job_and_one_missing_film_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "PAUSES_S", (0.0,))
    (tmp_path / "there.png").write_bytes(ILL)
    gone = tuple(ListedFilm(f"gone-{number}.png", 5) for number in range(LEAST_FAILING))
    first, _ = score_batch(reading(tmp_path), (gone[0], ListedFilm("there.png", len(ILL))))
    assert (first.state, "cannot be read any more" in first.reason) == (BAD, True)
    with pytest.raises(DatasetError, match=r"none of 8 films\. Run the command again"):
        score_batch(reading(tmp_path), gone)


def test_a_worker_with_other_models_stops_the_job(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "films")
    films = tuple(walk_films(str(tmp_path)))[:1]
    with pytest.raises(ModelIntegrity, match="have changed"):
        score_batch(reading(tmp_path, identity="another"), films)
    batch._pool(SERVED_RUN, "another")[0].close()


class Failing:
    """A pool that fails in turn, and then reads."""

    def __init__(self, *faults):
        self.faults, self.asked = list(faults), 0

    def do(self, _work):
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return type("Answer", (), {"row": FilmScore(READ)})


@pytest.mark.parametrize(
    ("faults", "asked", "state", "reason"),
    [
        ([Cancelled("busy")], 2, READ, ""),
        ([Cancelled("busy")] * TRIES, TRIES, BAD, "busy"),
        ([CorruptFile("its decoder failed")], 1, BAD, "its decoder failed"),
        ([RuntimeError("a fault")], 1, BAD, "a fault"),
    ],
    ids=["ended once", "ended every time", "ended by the film", "a fault at the film"],
)
def test_a_lost_reader_is_tried_again_and_a_film_that_ends_it_is_bad(
    tmp_path, monkeypatch, faults, asked, state, reason
):
    pool = Failing(*faults)
    monkeypatch.setattr(batch, "_pool", lambda *_: (pool, None))
    (tmp_path / "a.png").write_bytes(b"any")
    (score,) = score_batch(reading(tmp_path), (ListedFilm("a.png", 3),))
    assert (score.state, score.reason, pool.asked) == (state, reason, asked)


def test_files_are_fetched_ahead_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "AHEAD_BYTES", 25)
    fetched, seen = [], []
    monkeypatch.setattr(batch, "_fetch", lambda _, film: fetched.append(film.name) or b"x")
    films = tuple(ListedFilm(f"{number}", 10) for number in range(6))
    for film, _ in batch._fetched(None, films):
        seen.append(film.name)
        assert len(set(fetched) - set(seen)) <= 2
    assert seen == [film.name for film in films]
