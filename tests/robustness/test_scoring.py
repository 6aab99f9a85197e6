"""An archive that is being scored loses nothing, whatever is killed meanwhile.

``FIRSTREAD_LONG=1`` scores more films, and kills the command five times at moments by chance.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bench.app_server import children_of
from bench.archive import make_films, parts_of, rows_of, workers_of
from core.jobs.film_scores import BAD, READ
from core.jobs.scoring import batch as worker
from core.jobs.scoring.archive import score_archive
from core.jobs.scoring.batch import score_batch
from core.jobs.scoring.cluster import dask_scorer
from core.jobs.scoring.manifest import read_manifest
from core.jobs.scoring.parts import PartKey, is_whole
from core.settings import PROJECT_ROOT, SERVED_RUN

LONG = os.environ.get("FIRSTREAD_LONG") == "1"
FILMS, A_PART, KILLS = (2000, 16, 5) if LONG else (56, 4, 1)
SIZE_PX = (300, 360)
MODELS = PROJECT_ROOT / "models"
WAIT_S = 120

PLACE = """
import os
import fsspec
from fsspec.implementations.local import LocalFileSystem

class Poisoned(LocalFileSystem):
    protocol = "poisoned"

    def cat_file(self, path, **how):
        if path.endswith("kills.jpg"):
            os._exit(1)
        return super().cat_file(path, **how)

fsspec.register_implementation("poisoned", Poisoned, clobber=True)
"""


class Here:
    """Scores batches in this process, and counts its films."""

    def __init__(self) -> None:
        self.films: list[str] = []

    def __call__(self, reading, batches, stopping):
        for batch in batches:
            self.films += [film.name for film in batch.films]
            yield batch, score_batch(reading, batch.films)


@pytest.fixture(scope="module", autouse=True)
def readers():
    yield
    worker._pool.cache_clear()


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    make_films(folder, FILMS, SIZE_PX, pictures=2)
    return folder


@pytest.fixture(scope="module")
def whole(films, tmp_path_factory) -> dict[str, tuple[object, ...]]:
    """Return the rows of an archive that nothing happens to."""
    out = tmp_path_factory.mktemp("whole") / "scores"
    score_archive(str(films), out, MODELS, SERVED_RUN, Here())
    return rows_of(out)


@contextmanager
def command(films: Path, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    options = ["--out", str(out), "--workers", "2", "--films-a-part", str(A_PART)]
    with subprocess.Popen(
        [sys.executable, "-m", "core", "score", str(films), *options],
        cwd=PROJECT_ROOT,
        env=os.environ | {"FIRSTREAD_MODELS": str(MODELS), "PYTHONPATH": str(PROJECT_ROOT)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for_parts(process: subprocess.Popen[bytes], out: Path, parts: int) -> None:
    end = time.monotonic() + WAIT_S
    while len(parts_of(out)) < parts:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < end
        time.sleep(0.01)


def finished(out: Path) -> list[int]:
    job = read_manifest(out)
    return [n for n in range(job.parts) if is_whole(out, PartKey(job.job, n, job.films_of(n)))]


def family(pid: int) -> list[int]:
    return [pid, *(one for child in children_of(pid) for one in family(child))]


def test_a_job_that_is_killed_whole_goes_on_without_reading_a_finished_film_again(
    films, whole, tmp_path
):
    out, seed = tmp_path / "scores", random.randrange(2**32)
    moments = random.Random(seed)
    for _ in range(KILLS):
        already = len(parts_of(out))
        with command(films, out) as process:
            wait_for_parts(process, out, already + 2)
            time.sleep(moments.uniform(0.0, 0.2))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    kept = {part: path.stat().st_mtime_ns for part, path in enumerate(sorted(parts_of(out)))}
    done = finished(out)
    assert 2 <= len(done) < FILMS // A_PART, f"seed {seed}"
    went_on = Here()
    job = score_archive(str(films), out, MODELS, SERVED_RUN, went_on)
    assert job.finished
    assert len(went_on.films) == len(set(went_on.films)) == FILMS - A_PART * len(done)
    paths = sorted(parts_of(out))
    assert all(path.stat().st_mtime_ns in kept.values() for path in map(paths.__getitem__, done))
    assert rows_of(out) == whole, f"seed {seed}"


def test_a_killed_worker_loses_nothing_and_an_interrupt_ends_the_job_cleanly(
    films, whole, tmp_path
):
    out = tmp_path / "scores"
    with command(films, out) as process:
        wait_for_parts(process, out, 1)
        killed = workers_of(process.pid)[0]
        os.kill(killed, signal.SIGKILL)
        wait_for_parts(process, out, len(parts_of(out)) + 4)
        started = family(process.pid)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        said = process.stderr.read().decode()
        assert process.wait(WAIT_S) == 130
    assert "What is finished is kept" in said
    assert "Traceback" not in said
    gone = time.monotonic() + 10
    while alive := [pid for pid in started if Path(f"/proc/{pid}/exe").exists()]:
        assert time.monotonic() < gone, alive
        time.sleep(0.05)
    assert len(finished(out)) == len(parts_of(out))
    score_archive(str(films), out, MODELS, SERVED_RUN, Here())
    assert rows_of(out) == whole


@pytest.mark.filterwarnings("ignore")
def test_a_film_that_kills_its_workers_is_listed_and_the_rest_is_read(films, tmp_path):
    import dask
    from distributed import LocalCluster

    place, loader = tmp_path / "films", tmp_path / "poisoned.py"
    place.mkdir()
    for number, film in enumerate(sorted(films.rglob("*.jpg"))[:3]):
        (place / f"film-{number}.jpg").write_bytes(film.read_bytes())
    (place / "kills.jpg").write_bytes(b"any")
    loader.write_text(PLACE)
    exec(compile(PLACE, "poisoned", "exec"), {})
    patient = {"distributed.scheduler.allowed-failures": 0}
    with (
        dask.config.set(patient),
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            dashboard_address=None,
            preload=[str(loader)],
            silence_logs=50,
        ) as site,
    ):
        scorer = dask_scorer(site.scheduler_address, 0)
        job = score_archive(
            f"poisoned://{place}", tmp_path / "out", MODELS, SERVED_RUN, scorer, films_a_part=4
        )
    assert job.finished
    rows = rows_of(tmp_path / "out")
    assert {film: row[1] for film, row in rows.items()} == {
        "film-0.jpg": READ,
        "film-1.jpg": READ,
        "film-2.jpg": READ,
        "kills.jpg": BAD,
    }
