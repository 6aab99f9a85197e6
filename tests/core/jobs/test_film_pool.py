"""Films read in worker processes: limits, turns, stops, and what remains after a worker is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from fixtures.dicom_films import content_of
from fixtures.film_files import encapsulated
from pydicom import uid

from core.domain.film import Turn
from core.errors import Cancelled, CorruptFile, ModelIntegrity, ModelMissing, TooLarge
from core.imaging.decoding import decode_radiograph
from core.imaging.display import display_film
from core.imaging.png import thumbnail_png
from core.jobs import film_pool, processes
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork, InputShape
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.pipeline import open_engine, prepare_film, read_film
from core.runs.store import reading_identity
from core.settings import PROJECT_ROOT, SERVED_RUN

WAIT_S = 60.0
MODELS = PROJECT_ROOT / "models"
ENGINE = open_engine(MODELS, SERVED_RUN)
IDENTITY = reading_identity(ENGINE.classifier.run_record, ENGINE.gate.sha256)
FILES = EngineFiles(MODELS, SERVED_RUN, 2, IDENTITY)


def png(pixels):
    return imagecodecs.png_encode(np.rint(pixels * 255).astype(np.uint8), level=1)


def slow_film(side_px=4200):
    """Return a JPEG 2000 film that takes seconds to decode."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 4096, (side_px, side_px), dtype=np.uint16)
    code = imagecodecs.jpeg2k_encode(
        levels, level=0, reversible=True, codecformat="j2k", bitspersample=12
    )
    return content_of(encapsulated(levels, code, uid.JPEG2000Lossless, 12, {}))


CHEST = png(draw_film(draw_settings(3, "lobar"), height_px=900).pixels)


@pytest.fixture(scope="module")
def slow():
    return slow_film()


@pytest.fixture
def pool():
    opened = FilmPool(slots=1)
    yield opened
    opened.close()


class InThread(threading.Thread):
    """Asks the pool for a film, and keeps what came of it."""

    def __init__(self, pool, work, **how):
        super().__init__(daemon=True)
        self.pool, self.work, self.how = pool, work, how
        self.answer = self.error = None
        self.start()

    def run(self):
        try:
            self.answer = self.pool.do(self.work, **self.how)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at it
            self.error = error


def wait_until(true):
    end = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def child_of(pool):
    """Return the process id of the only worker, once it waits for work."""
    wait_until(lambda: pool.processes)
    return pool.processes[0]


def test_a_film_is_read_shown_and_prepared_as_in_this_process(pool):
    answer = pool.do(
        FilmWork(CHEST, FILES, "chest.png", read=True, display=True, shape=InputShape(96, True))
    )
    here = read_film(CHEST, ENGINE)
    assert answer.reading.prediction == here.prediction
    assert answer.reading.quality == here.quality
    assert answer.reading.thumbnail == here.thumbnail
    np.testing.assert_array_equal(answer.reading.model_input.tensor, here.model_input.tensor)
    np.testing.assert_array_equal(
        answer.shown.levels, display_film(decode_radiograph(CHEST)).levels
    )
    assert answer.prepared.tensor.shape == (96, 96)
    shape = InputShape(ENGINE.input_px, ENGINE.classifier.run_record.cropped_to_lungs)
    again = pool.do(FilmWork(CHEST, FILES, invert=True, shape=shape))
    np.testing.assert_array_equal(
        again.prepared.tensor, prepare_film(CHEST, ENGINE, invert=True).tensor
    )
    assert again.reading is None
    assert again.shown is None
    turned = pool.do(FilmWork(CHEST, FILES, turn=Turn.LEFT, display=True, read=True))
    film = decode_radiograph(CHEST, turn=Turn.LEFT)
    assert turned.reading.quality.turn_asked is Turn.RIGHT
    assert turned.reading.thumbnail == thumbnail_png(film)
    np.testing.assert_array_equal(turned.shown.levels, display_film(film).levels)


def test_a_file_that_cannot_be_read_gives_its_sentence_and_costs_no_worker(pool):
    pool.prepare(FILES)
    worker = child_of(pool)
    with pytest.raises(CorruptFile, match="cut"):
        pool.do(FilmWork(CHEST[:-2000], FILES, "cut.png", read=True))
    with pytest.raises(TooLarge, match=r"empty\.png has 65\.0 MB; the limit is 64 MB"):
        pool.do(FilmWork(bytes(65_000_000), FILES, "empty.png", read=True))
    assert pool.processes == [worker]


def test_what_a_run_reads_along_unseen_is_not_counted(pool, monkeypatch):
    counted = []
    monkeypatch.setattr(film_pool, "note_reading", lambda *said: counted.append(said))
    monkeypatch.setattr(film_pool, "note_film_unreadable", counted.append)
    seen = FilmWork(CHEST, FILES, "chest.png", read=True)
    unseen = pool.do(replace(seen, unseen=True))
    assert unseen.reading.prediction is not None
    with pytest.raises(CorruptFile, match="cut"):
        pool.do(FilmWork(CHEST[:-2000], FILES, "cut.png", read=True, unseen=True))
    assert counted == []
    pool.do(seen)
    assert len(counted) == 1


def test_a_run_that_is_not_there_is_the_models_fault_and_not_the_films(pool, tmp_path):
    with pytest.raises(ModelMissing):
        pool.do(FilmWork(CHEST, replace(FILES, models=tmp_path), "chest.png", read=True))


def test_a_run_that_has_changed_on_the_disk_reads_nothing(pool):
    with pytest.raises(ModelIntegrity, match="have changed since First Read was started"):
        pool.do(FilmWork(CHEST, replace(FILES, identity="of before"), "chest.png", read=True))


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (signal.SIGSEGV, CorruptFile, "its decoder failed"),
        (signal.SIGPROF, CorruptFile, "takes more than 2 s of processor time"),
        (signal.SIGKILL, Cancelled, "was not read: the system ended the process"),
    ],
)
def test_a_worker_that_a_file_ends_is_replaced(pool, slow, sent, error, words):
    pool.prepare(FILES)
    pool.do(FilmWork(CHEST, FILES))
    worker = child_of(pool)
    asked = InThread(pool, FilmWork(slow, FILES, "slow.dcm", display=True))
    wait_until(lambda: not pool.processes)
    time.sleep(0.2)
    os.kill(worker, sent)
    asked.join(WAIT_S)
    assert isinstance(asked.error, error)
    assert words in str(asked.error)
    assert str(asked.error).startswith("slow.dcm")
    assert child_of(pool) != worker
    assert pool.do(FilmWork(CHEST, FILES, read=True)).reading.prediction is not None


def test_a_worker_that_ended_while_it_had_nothing_to_do_blames_no_film(pool):
    pool.prepare(FILES)
    pool.do(FilmWork(CHEST, FILES))
    os.kill(child_of(pool), signal.SIGKILL)
    time.sleep(0.2)
    assert pool.do(FilmWork(CHEST, FILES, read=True)).reading.prediction is not None


def test_a_worker_knows_neither_the_apps_settings_nor_those_of_dask(pool, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", "postgresql://user:secret@host/reads")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")  # as Dask does
    pool.prepare(FILES)
    pool.do(FilmWork(CHEST, FILES))
    environment = Path(f"/proc/{child_of(pool)}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"secret" not in environment
    assert b"MALLOC_TRIM" not in environment


def test_a_stop_ends_the_film_in_hand_at_once(pool, slow):
    pool.do(FilmWork(CHEST, FILES))
    worker, stop = child_of(pool), threading.Event()
    asked = InThread(pool, FilmWork(slow, FILES, display=True), cancelled=stop.is_set)
    wait_until(lambda: not pool.processes)
    stop.set()
    asked.join(WAIT_S)
    assert isinstance(asked.error, Cancelled)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_a_film_that_is_late_can_be_read_again_and_is_not_blamed(pool, slow, monkeypatch):
    pool.do(FilmWork(CHEST, FILES))
    worker = child_of(pool)
    monkeypatch.setattr(film_pool, "DEADLINE_S", 0.2)
    with pytest.raises(Cancelled, match=r"slow\.dcm was not read within 0 s: the machine is busy"):
        pool.do(FilmWork(slow, FILES, "slow.dcm", display=True))
    monkeypatch.undo()
    assert child_of(pool) != worker
    pool.do(FilmWork(CHEST, FILES))


def test_films_wait_their_turn_and_know_their_place(pool, slow):
    places, order, stop = {}, [], threading.Event()

    def ask(name, **how):
        def note(ahead):
            places.setdefault(name, []).append(ahead)

        work = FilmWork(CHEST, FILES, name)
        return InThread(pool, work, on_place=note, cancelled=stop.is_set, **how)

    pool.do(FilmWork(CHEST, FILES))
    first = InThread(pool, FilmWork(slow, FILES, "slow.dcm", display=True))
    wait_until(lambda: not pool.processes)
    threads = {}
    for name, urgent in (("batch one", False), ("batch two", False), ("open", True)):
        threads[name] = ask(name, urgent=urgent)
        wait_until(lambda name=name: name in places)
    wait_until(lambda: places["batch two"][-1] == 2)
    assert (places["batch one"][0], places["batch two"][0], places["open"][0]) == (0, 1, 0)
    assert places["batch one"][-1] == 1
    first.join(WAIT_S)
    for name, thread in threads.items():
        thread.join(WAIT_S)
        assert thread.error is None, name
        order.append(places[name][-1])
    assert order == [0, 0, 0]


def test_who_stops_while_waiting_loses_only_the_place(pool, slow):
    pool.do(FilmWork(CHEST, FILES))
    first = InThread(pool, FilmWork(slow, FILES, display=True))
    wait_until(lambda: not pool.processes)
    with pytest.raises(Cancelled):
        pool.do(FilmWork(CHEST, FILES), cancelled=lambda: True)
    first.join(WAIT_S)
    assert first.answer.shown.levels.shape == (3000, 3000)


def test_who_has_stopped_before_the_turn_comes_costs_no_worker(pool):
    pool.do(FilmWork(CHEST, FILES))
    worker = child_of(pool)
    with pytest.raises(Cancelled):
        pool.do(FilmWork(CHEST, FILES), cancelled=lambda: True)
    assert pool.processes == [worker]


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_worker_that_cannot_be_started_leaves_no_file_open(pool, monkeypatch):
    before = open_files()
    monkeypatch.setattr(processes.sys, "executable", "/no/such/program")
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            pool.do(FilmWork(CHEST, FILES))
    assert open_files() == before


LIMITED = """
import resource
from core.jobs.film_worker import _address_space, decoding_limits
own = _address_space() + 400_000_000
resource.setrlimit(resource.RLIMIT_AS, (own, own))
with decoding_limits():
    assert resource.getrlimit(resource.RLIMIT_AS) == (own, own)
assert resource.getrlimit(resource.RLIMIT_AS) == (own, own)
"""
ENDLESS = """
import time
from core.jobs.film_worker import decoding_limits
with decoding_limits():
    began = time.process_time()
    while time.process_time() < began + 30:
        sum(range(10_000))
"""
GREEDY = """
import numpy as np
from core.jobs.film_worker import decoding_limits
with decoding_limits():
    np.zeros(300_000_000, np.uint8)
    try:
        np.zeros(600_000_000, np.uint8)
    except MemoryError:
        print("no more")
np.zeros(600_000_000, np.uint8)
"""


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_decoding_is_ended_after_its_processor_time():
    assert run(ENDLESS).returncode == -signal.SIGPROF


def test_a_limit_that_the_site_has_set_for_all_processes_stays():
    ended = run(LIMITED)
    assert ended.returncode == 0, ended.stderr


def test_decoding_gets_no_more_memory_than_its_limit():
    ended = run(GREEDY)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "no more\n"
