"""Films of a visit and the batch that reads them: none is left without an outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from fixtures.gate_films import film_of

from core.domain.quality import Finding, QualityReport, Severity
from core.errors import Cancelled
from core.imaging.png import thumbnail_png
from core.jobs.batch import BatchJob, FilmState, UploadedFilm
from core.pipeline import FilmReading
from ui.app.session import Visit
from ui.review import uploads

WAIT_S = 30.0
BLANK = QualityReport((Finding("blank", Severity.REFUSE, 0.0, 0.04, "The film is blank."),))
THUMBNAIL = thumbnail_png(film_of([[0.0, 1.0]]))


class Gate:
    """Holds the film in hand until it is opened, or until its batch is stopped."""

    def __init__(self) -> None:
        self.opened, self.in_hand = threading.Event(), threading.Event()

    def read(self, film: UploadedFilm, job: BatchJob) -> FilmReading:
        self.in_hand.set()
        while not self.opened.wait(0.01):
            if job.cancelled:
                time.sleep(0.1)  # a worker takes a moment to end
                raise Cancelled("The film was not read: reading was stopped.")
        return FilmReading(film.key, THUMBNAIL, 1, 2, "PNG", BLANK, None, None)


class Ending(BatchJob):
    """Comes to its end at the moment at which more films come."""

    gate: Gate

    def add(self, films: Sequence[UploadedFilm]) -> bool:
        self.gate.opened.set()
        assert self.wait(WAIT_S)
        return super().add(films)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    made = Gate()
    start: Callable[..., BatchJob] = lambda films, _by: BatchJob(  # noqa: E731
        films, made.read
    ).start()
    monkeypatch.setattr(uploads, "start_batch", start)
    monkeypatch.setattr(uploads, "AT_ONCE_S", 0.0)
    return made


def put_into(visit: Visit, *names: str) -> None:
    for name in names:
        visit.films[name] = UploadedFilm(name, f"{name}.png", name.encode())


def states_of(visit: Visit) -> dict[str, FilmState]:
    assert visit.job is not None
    assert visit.job.wait(WAIT_S)
    visit.absorb_job()
    return {key: visit.outcome(key).state for key in visit.films}


def test_films_that_come_right_after_a_stop_leave_none_of_the_stopped_ones_behind(
    gate: Gate,
) -> None:
    visit = Visit()
    put_into(visit, "a", "b")
    uploads.read_waiting(visit)
    assert visit.job is not None
    assert gate.in_hand.wait(WAIT_S)
    visit.job.cancel()
    put_into(visit, "c")
    uploads.read_waiting(visit)
    gate.opened.set()
    stopped = FilmState.STOPPED
    assert states_of(visit) == {"a": stopped, "b": stopped, "c": FilmState.READ}


def test_films_that_come_as_a_batch_ends_leave_none_of_its_films_behind(gate: Gate) -> None:
    visit = Visit()
    put_into(visit, "a")
    visit.job = Ending(list(visit.films.values()), gate.read)
    visit.job.gate = gate
    visit.job.start()
    put_into(visit, "b")
    uploads.read_waiting(visit)
    assert states_of(visit) == {"a": FilmState.READ, "b": FilmState.READ}


def test_an_outcome_of_a_film_that_was_removed_meanwhile_is_not_kept(gate: Gate) -> None:
    visit = Visit()
    put_into(visit, "a", "b")
    uploads.read_waiting(visit)
    visit.remove(["a"])
    gate.opened.set()
    assert states_of(visit) == {"b": FilmState.READ}
    assert set(visit.outcomes) == {"b"}
