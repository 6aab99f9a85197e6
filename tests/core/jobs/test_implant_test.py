"""The implant test with a kept run on synthetic films, whose lungs and lesions are known."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from core.errors import Cancelled
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import resize_film
from core.implants.lesion import LesionShape, implant_png
from core.implants.measure import ImplantPlan, marked_film
from core.implants.place import lesion_in_zone
from core.implants.practice import Trial
from core.jobs.implant_test import (
    ImplantTask,
    RunReader,
    draw_trial,
    host_film,
    hosts,
    normal_film,
    normals_of,
    run_on_films,
)
from core.library.films import PublicLibrary, states_synthetic
from core.phantom.dataset import open_built_in_set
from core.pipeline import Engine, Explainable, open_engine, open_healthy, read_film
from core.settings import SERVED_RUN, get_settings


@pytest.fixture(scope="module")
def engine() -> Engine:
    return open_engine(get_settings().models, SERVED_RUN)


@pytest.fixture(scope="module")
def phantoms():
    return open_built_in_set()


@pytest.fixture(scope="module")
def film_ids(phantoms) -> list[str]:
    return [film.film_id for film in phantoms.films if film.settings.finding == "normal"]


def test_the_zones_lie_on_the_phantoms_known_lungs(engine, phantoms, film_ids) -> None:
    for film_id in film_ids[:4]:
        film = host_film(film_id, phantoms.read_bytes(film_id), engine)
        known = phantoms.truth(film_id, "lung").astype(np.float32)
        fields = resize_film(known, *film.pixels.shape) >= 0.5
        rows, columns = np.nonzero(fields)
        middle = (columns.min() + columns.max()) / 2
        for zone, mask in film.zones.items():
            side, third = zone.split(" ")
            at_row, at_column = (float(np.median(one)) for one in np.nonzero(mask & fields))
            assert (at_column < middle) == (side == "right")
            place = (at_row - rows.min()) / np.ptp(rows)
            assert int(3 * place) == ("upper", "middle", "lower").index(third)
            assert (mask & fields).sum() > 0.3 * mask.sum()  # the rest lies behind the heart


def test_a_film_in_memory_is_read_as_its_file_is(engine, phantoms, film_ids) -> None:
    film = host_film(film_ids[0], phantoms.read_bytes(film_ids[0]), engine)
    depth = lesion_in_zone(film, "right middle", LesionShape("lobar", 3))
    content = implant_png(film.pixels, depth, 2.0)
    filed = read_film(content, engine).prediction
    (score,) = RunReader(engine).scores([marked_film(film.pixels, depth, 2.0)])
    assert 1 / (1 + np.exp(-score)) == pytest.approx(filed.probability, abs=1e-5)
    assert decode_radiograph(content).synthetic


def test_a_dense_lesion_raises_the_score_and_the_run_points_at_it(
    engine, phantoms, film_ids
) -> None:
    reader = RunReader(engine, Explainable(engine.classifier, open_healthy(get_settings().models)))
    film = normal_film(film_ids[1], phantoms.read_bytes(film_ids[1]), engine)
    depth = lesion_in_zone(film, "right middle", LesionShape("lobar", 3))
    plain, ill = (marked_film(film.pixels, one, 4.0) for one in (None, depth))
    before, after = reader.scores([plain, ill])
    assert after > before + 0.5
    row, column = reader.point(ill)
    height, width = film.pixels.shape
    assert depth.core[int(row * height), int(column * width)]


def test_a_run_without_evidence_by_place_points_nowhere(engine, phantoms, film_ids) -> None:
    film = host_film(film_ids[0], phantoms.read_bytes(film_ids[0]), engine)
    assert RunReader(engine).point(film.pixels) is None


def test_films_that_are_suspicious_or_no_films_are_left_out(engine, phantoms) -> None:
    ill = next(one.film_id for one in phantoms.films if one.settings.finding == "interstitial")
    reading = read_film(phantoms.read_bytes(ill), engine)
    assert reading.prediction.suspicious
    assert normal_film(ill, phantoms.read_bytes(ill), engine) is None
    assert normal_film("x", b"no film", engine) is None


def test_normal_films_are_childrens_one_a_patient(engine, tmp_path) -> None:
    public = PublicLibrary(tmp_path)  # predictions are kept without the films
    run = engine.classifier.run_record
    kept = public.predictions(run)
    of = dict(zip(kept.films.film_id.tolist(), range(len(kept)), strict=True))
    assert "nih" in kept.films.split
    normals = normals_of(public, engine)
    rows = [of[film_id] for film_id in normals]
    assert not set(kept.films.split[rows]) - {"validation", "test"}
    assert not kept.films.label[rows].any()
    assert len(set(kept.films.patient[rows])) == len(rows) > 200
    called = [of[film_id] for film_id in normals_of(public, engine, "test", called_normal=True)]
    assert set(kept.films.split[called]) == {"test"}
    assert kept.probability[called].max() < run.operating_point.threshold
    assert len(called) < len(normals_of(public, engine, "test"))


def test_the_order_of_films_is_the_seeds(engine, film_ids) -> None:
    read = []
    for seed in (0, 0, 1):
        seen: list[str] = []
        list(hosts(film_ids[:6], lambda name, seen=seen: seen.append(name) or b"", engine, seed))
        read.append(seen)
    assert read[0] == read[1] != read[2]
    assert sorted(read[0]) == sorted(read[2]) == sorted(film_ids[:6])


def test_a_task_can_be_stopped_and_says_so(engine, phantoms, film_ids) -> None:
    read, go_on = threading.Event(), threading.Event()

    def read_bytes(film_id: str) -> bytes:
        read.set()
        go_on.wait(20)
        return b"no film"

    def work(**calls):
        return run_on_films(film_ids, read_bytes, engine, "Synthetic", ImplantPlan(), **calls)

    task = ImplantTask(work).start()
    assert read.wait(20)
    task.cancel()
    go_on.set()
    assert task.wait(20)
    assert task.result is None
    assert str(task.sentence) == "The implant test was stopped."
    gone = ImplantTask(work, lambda: True).start()
    assert gone.wait(20)
    assert str(gone.sentence) == "The implant test was stopped."
    with pytest.raises(Cancelled):
        work(cancelled=lambda: True)


def test_a_trial_is_a_marked_file_with_what_the_run_says_of_it(engine, phantoms, film_ids) -> None:
    content = phantoms.read_bytes(film_ids[2])
    shape = LesionShape("patchy", 4)
    with_lesion = draw_trial(Trial(film_ids[2], "left lower", 4.0, shape), content, engine)
    without = draw_trial(Trial(film_ids[2], "", 0.0, shape), content, engine)
    assert states_synthetic(with_lesion.content)
    assert states_synthetic(without.content)
    assert without.lesion is None
    assert without.rise == 0.0
    assert with_lesion.rise > 0.0
    changed = (
        decode_radiograph(with_lesion.content).pixels != decode_radiograph(without.content).pixels
    )
    assert changed[with_lesion.lesion].mean() > 0.9
    said = read_film(with_lesion.content, engine).prediction.probability
    assert with_lesion.prediction.probability == pytest.approx(said, abs=1e-5)
