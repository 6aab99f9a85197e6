"""What runs say of synthetic films: the same as of an upload, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.domain.model import Calibration
from core.errors import Cancelled
from core.inference.gate_files import open_gate
from core.jobs import synthetic_scores
from core.jobs.synthetic_readings import GateReading
from core.jobs.synthetic_scores import PhantomScores
from core.library.films import SyntheticLibrary
from core.phantom import dataset
from core.phantom.dataset import PhantomSet, write_set
from core.pipeline import Engine, open_engine, read_film
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)


HEIGHT_PX = 256
"""Smaller than the built-in films, so that tests are quick."""


@pytest.fixture(scope="module", autouse=True)
def _small_films():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dataset, "HEIGHT_PX", HEIGHT_PX)
        yield


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory) -> PhantomSet:
    return write_set(tmp_path_factory.mktemp("phantoms") / "set", 10, 3)


@pytest.fixture
def scores(phantoms, tmp_path) -> PhantomScores:
    return PhantomScores(phantoms, open_gate(MODELS, 2), [tmp_path], threads=2)


def described(answers: Sequence[GateReading]) -> list[object]:
    return [
        (one.film_id, one.film_sha256, one.reading.quality, one.reading.thumbnail)
        for one in answers
    ]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(MODELS, SERVED_RUN)


def test_a_run_says_of_a_drawn_film_what_it_says_of_the_same_upload(scores, phantoms, engine):
    said = scores.of(RUN)

    for film_id, probability in zip(said.films.film_id, said.probability, strict=True):
        reading = read_film(phantoms.read_bytes(str(film_id)), engine)
        if reading.prediction is not None:
            assert probability == pytest.approx(reading.prediction.probability, abs=1e-5)


def test_the_gate_says_of_a_drawn_film_what_it_says_of_the_same_upload(scores, phantoms, engine):
    answers = scores.of_gate(engine.input_px)

    for answer in answers:
        quality = read_film(phantoms.read_bytes(answer.film_id), engine).quality
        assert answer.refused == quality.refused
        assert answer.findings == tuple(finding.code for finding in quality.findings)
        assert "synthetic" in answer.findings


def test_labels_and_parts_are_those_of_the_set(scores, phantoms):
    films = scores.of(RUN).films

    known = {film.film_id: film for film in phantoms.index.films}
    assert films.label.tolist() == [known[name].label for name in films.film_id]
    assert films.subtype.tolist() == [known[name].subtype for name in films.film_id]
    for part in ("train", "validation", "test"):
        names = tuple(sorted(films.film_id[films.split == part]))
        assert names == getattr(phantoms.split, part)
    assert not films.patient_in_train.any()


def test_scores_are_kept_and_not_computed_again(scores, monkeypatch):
    first, answers = scores.of(RUN), scores.of_gate(RUN.input_px)
    monkeypatch.setattr(synthetic_scores, "decode_radiograph", None)  # nothing can be read any more

    again = scores.of(RUN)

    assert again.probability.tolist() == first.probability.tolist()
    assert again.films.film_id.tolist() == first.films.film_id.tolist()
    assert described(scores.of_gate(RUN.input_px)) == described(answers)
    codes = scores.gate_codes(RUN.input_px)
    assert codes == {answer.film_id: " ".join(answer.findings) for answer in answers}


def test_a_run_with_another_calibration_is_scored_anew(scores):
    bent = replace(RUN, calibration=Calibration(RUN.calibration.temperature * 2, 0.0))

    first, second = scores.of(RUN), scores.of(bent)

    assert first.logit.tolist() == second.logit.tolist()
    assert first.probability.tolist() != second.probability.tolist()


def test_reading_can_be_stopped_and_keeps_nothing_half_done(scores, tmp_path):
    seen: list[int] = []

    with pytest.raises(Cancelled, match="after 3 of 10 films"):
        scores.of(RUN, progress=lambda done, _: seen.append(done), cancelled=lambda: len(seen) == 3)
    assert list(tmp_path.rglob("*.checked")) == []


def test_the_library_of_drawn_films_gives_films_scores_and_truth(scores, phantoms):
    library = SyntheticLibrary(phantoms, scores.of, scores.has, lambda: {"one": "rotated"})
    ill = next(film for film in phantoms.films if film.settings.finding != "normal")

    assert library.has_read(RUN) == scores.has(RUN)
    library.predictions(RUN)
    assert library.has_read(RUN)
    changed = replace(RUN, operating_point=replace(RUN.operating_point, threshold=0.11))
    assert not library.has_read(changed)
    assert library.gate_findings() == {"one": "rotated"}
    assert library.parts(RUN) == ("train", "validation", "test")
    assert library.predictions(RUN).probability.tolist() == scores.of(RUN).probability.tolist()
    assert library.read_bytes(ill.film_id) == phantoms.read_bytes(ill.film_id)
    lesion, lungs = library.truth(ill.film_id, "lesion"), library.truth(ill.film_id, "lung")
    assert lesion is not None
    assert lungs is not None
    assert 0 < lesion.sum() < lungs.size


def test_a_turned_bit_in_a_file_of_the_cache_counts_as_missing(scores, tmp_path, engine):
    said, answers = scores.of(RUN), scores.of_gate(engine.input_px)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    whole = [path.read_bytes() for path in kept]
    for path, content in zip(kept, whole, strict=True):
        middle = len(content) // 2  # of a Parquet file: inside a page of numbers
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    assert not scores.has(RUN)
    again = scores.of(RUN)
    assert again.probability.tolist() == said.probability.tolist()
    assert described(scores.of_gate(engine.input_px)) == described(answers)
    assert [path.read_bytes() for path in kept] == whole
