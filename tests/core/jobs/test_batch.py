"""Many films in the background: order, faults that cost one film only, progress and stopping."""

import logging
import threading
from dataclasses import replace

import pytest
from fixtures.gate_films import film_of

from core.domain.quality import Finding, QualityReport, Severity
from core.errors import Cancelled, CorruptFile
from core.imaging.png import thumbnail_png
from core.jobs.batch import BatchJob, FilmOutcome, FilmState, UploadedFilm
from core.pipeline import FilmReading

WAIT_S = 10.0
REFUSED = QualityReport((Finding("blank", Severity.REFUSE, 0.0, 0.04, "The film is blank."),))


def uploads(*names):
    return [UploadedFilm(key=name * 16, name=f"{name}.png", held=name.encode()) for name in names]


def reading_of(upload):
    film = film_of([[0.0, 1.0]])
    return FilmReading(upload.key, thumbnail_png(film), 1, 2, "PNG", REFUSED, None, None)


class FakeRead:
    """Reads any film at once; raises what is asked for by the film's name."""

    def __init__(self, faults=None):
        self.faults = faults or {}
        self.seen = []
        self.threads = set()

    def __call__(self, upload, job):
        self.seen.append(upload)
        self.threads.add(threading.current_thread())
        if upload.name in self.faults:
            raise self.faults[upload.name]
        return reading_of(upload)


class GatedRead(FakeRead):
    """Holds each film until the test lets it go, so that the test sees the job at work."""

    def __init__(self):
        super().__init__()
        self.in_hand = threading.Semaphore(0)
        self.may_go = threading.Semaphore(0)

    def __call__(self, upload, job):
        self.in_hand.release()
        assert self.may_go.acquire(timeout=WAIT_S)
        return super().__call__(upload, job)

    def wait_for_a_film_in_hand(self):
        assert self.in_hand.acquire(timeout=WAIT_S)

    def finish_one(self):
        self.may_go.release()


def finished(job):
    assert job.start().wait(WAIT_S)
    return job.take_outcomes()


def states(outcomes):
    return [outcome.state for outcome in outcomes.values()]


def test_films_are_read_in_the_order_of_upload_and_kept_under_their_keys():
    read, films = FakeRead(), uploads("c", "a", "b")
    outcomes = finished(BatchJob(films, read))
    assert read.seen == films
    assert list(outcomes) == [film.key for film in films]
    assert states(outcomes) == [FilmState.READ] * 3
    assert [o.reading.film_sha256 for o in outcomes.values()] == [film.key for film in films]
    assert [o.sentence for o in outcomes.values()] == ["", "", ""]


def test_the_caller_does_not_read_films_itself():
    read = FakeRead()
    finished(BatchJob(uploads("a", "b"), read))
    (thread,) = read.threads
    assert thread is not threading.current_thread()
    assert thread.daemon


def test_a_film_that_cannot_be_read_costs_only_itself():
    read = FakeRead({"b.png": CorruptFile("b.png is cut short. Export it again.")})
    outcomes = finished(BatchJob(uploads("a", "b", "c"), read))
    assert states(outcomes) == [FilmState.READ, FilmState.FAILED, FilmState.READ]
    failed = outcomes["b" * 16]
    assert failed.sentence == "b.png is cut short. Export it again."
    assert failed.reading is None


def test_a_foreseen_fault_is_not_logged(caplog):
    finished(BatchJob(uploads("b"), FakeRead({"b.png": CorruptFile("Cut short.")})))
    assert caplog.records == []


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("secret detail"), MemoryError(), KeyError("mask"), SystemError()]
)
def test_an_unforeseen_fault_gives_a_plain_sentence_and_the_films_behind_are_read(fault, caplog):
    with caplog.at_level(logging.ERROR, logger="core.jobs.batch"):
        outcomes = finished(BatchJob(uploads("a", "b", "c"), FakeRead({"b.png": fault})))
    assert states(outcomes) == [FilmState.READ, FilmState.FAILED, FilmState.READ]
    sentence = outcomes["b" * 16].sentence
    assert sentence.startswith("This film could not be read because of a fault in First Read.")
    assert "secret" not in sentence
    (record,) = caplog.records
    assert record.exc_info[1] is fault
    assert (record.getMessage(), record.film) == ("a film could not be read", "b" * 12)
    assert "b.png" not in record.getMessage()


def test_outcomes_are_seen_while_later_films_are_still_being_read():
    read = GatedRead()
    job = BatchJob(uploads("a", "b", "c"), read).start()
    for done in range(3):
        read.wait_for_a_film_in_hand()
        assert job.running
        assert (job.done, job.total, job.untaken) == (done, 3, min(done, 1))
        assert states(job.take_outcomes()) == [FilmState.READ] * min(done, 1)
        read.finish_one()
    assert job.wait(WAIT_S)
    assert (job.done, job.total, job.untaken) == (3, 3, 1)
    assert not job.running


def test_waiting_gives_up_after_its_time_and_says_so():
    read = GatedRead()
    job = BatchJob(uploads("a"), read).start()
    read.wait_for_a_film_in_hand()
    assert not job.wait(0.01)
    read.finish_one()
    assert job.wait(WAIT_S)


def test_stopping_keeps_the_film_in_hand_and_marks_the_rest():
    read = GatedRead()
    job = BatchJob(uploads("a", "b", "c", "d"), read).start()
    read.wait_for_a_film_in_hand()
    read.finish_one()
    read.wait_for_a_film_in_hand()
    job.cancel()
    read.finish_one()
    assert job.wait(WAIT_S)
    outcomes = job.take_outcomes()
    assert states(outcomes) == [FilmState.READ] * 2 + [FilmState.STOPPED] * 2
    assert [film.name for film in read.seen] == ["a.png", "b.png"]
    assert outcomes["c" * 16].sentence == "Not read: the batch was stopped."
    assert outcomes["c" * 16].reading is None


def test_a_film_in_hand_that_ends_with_the_job_counts_as_stopped():
    def read(upload, job):
        job.cancel()
        raise Cancelled("a.png was not read.")

    outcomes = finished(BatchJob(uploads("a", "b"), read))
    assert states(outcomes) == [FilmState.STOPPED] * 2


def test_films_join_a_batch_while_it_runs_and_not_after_its_end():
    read = GatedRead()
    job = BatchJob(uploads("a"), read).start()
    read.wait_for_a_film_in_hand()
    assert job.add(uploads("b"))
    assert job.total == 2
    read.finish_one()
    read.finish_one()
    assert job.wait(WAIT_S)
    assert not job.add(uploads("c"))
    assert [film.name for film in read.seen] == ["a.png", "b.png"]


def test_a_batch_that_was_stopped_takes_no_more_films():
    read = GatedRead()
    job = BatchJob(uploads("a"), read).start()
    read.wait_for_a_film_in_hand()
    job.cancel()
    assert not job.add(uploads("b"))
    read.finish_one()
    assert job.wait(WAIT_S)


def test_a_job_that_is_stopped_before_it_starts_reads_nothing():
    read = FakeRead()
    job = BatchJob(uploads("a", "b"), read)
    job.cancel()
    assert states(finished(job)) == [FilmState.STOPPED] * 2
    assert read.seen == []


def test_stopping_after_the_end_changes_nothing():
    job = BatchJob(uploads("a"), FakeRead()).start()
    assert job.wait(WAIT_S)
    job.cancel()
    assert states(job.take_outcomes()) == [FilmState.READ]


def test_an_empty_batch_ends_at_once():
    job = BatchJob([], FakeRead())
    assert finished(job) == {}
    assert job.total == 0


def test_outcomes_are_handed_over_once():
    job = BatchJob(uploads("a"), FakeRead())
    assert len(finished(job)) == 1
    assert job.take_outcomes() == {}
    assert job.done == 1


def test_a_film_that_was_read_can_join_the_batch_again():
    read, film = GatedRead(), uploads("a")
    job = BatchJob([*film, *uploads("b")], read).start()
    read.wait_for_a_film_in_hand()
    assert job.unread == {"a" * 16, "b" * 16}
    read.finish_one()
    read.wait_for_a_film_in_hand()
    assert job.unread == {"b" * 16}
    assert job.add(film)
    assert job.unread == {"a" * 16, "b" * 16}
    read.finish_one()
    read.finish_one()
    assert job.wait(WAIT_S)
    assert [one.name for one in read.seen] == ["a.png", "b.png", "a.png"]


def test_films_added_to_the_callers_list_later_do_not_join_the_batch():
    films = uploads("a")
    job = BatchJob(films, FakeRead())
    films.extend(uploads("b"))
    assert len(finished(job)) == job.total == 1


def test_a_refused_film_is_read_and_carries_its_findings_without_a_prediction():
    (outcome,) = finished(BatchJob(uploads("a"), FakeRead())).values()
    assert outcome.state is FilmState.READ
    assert outcome.reading.quality.refused
    assert outcome.reading.prediction is None


def test_an_outcome_of_its_own_has_neither_reading_nor_sentence():
    waiting = FilmOutcome(FilmState.WAITING)
    assert (waiting.reading, waiting.sentence) == (None, "")


def test_all_films_are_kept_before_the_first_is_read_and_also_after_a_stop() -> None:
    order: list[str] = []

    def keep(film: UploadedFilm) -> UploadedFilm:
        order.append(f"keep {film.name}")
        if film.name == "b.png":
            raise CorruptFile("b.png holds no film.")
        if film.name == "c.png":
            raise ValueError("a fault")
        return replace(film, held=lambda: film.held)

    def read(film: UploadedFilm, job: BatchJob) -> FilmReading:
        order.append(f"read {film.name}")
        job.cancel()
        assert callable(film.held)
        return reading_of(film)

    job = BatchJob(uploads(*"abcd"), read, keep).start()
    assert job.wait(WAIT_S)
    assert order == ["keep a.png", "keep b.png", "keep c.png", "keep d.png", "read a.png"]
    outcomes = job.take_outcomes()
    states = {key[0]: outcome.state for key, outcome in outcomes.items()}
    assert states == {"a": "read", "b": "failed", "c": "failed", "d": "stopped"}
    assert "fault in First Read" in outcomes["c" * 16].sentence
    assert (job.kept, job.keeping, job.unkept) == (4, False, [])


def test_films_that_come_while_others_are_read_are_kept_first() -> None:
    kept: list[str] = []

    def keep(film: UploadedFilm) -> UploadedFilm:
        kept.append(film.name)
        return replace(film, held=lambda: film.held)

    def read(film: UploadedFilm, job: BatchJob) -> FilmReading:
        if film.name == "a.png":
            assert job.add(uploads(*"bc"))
        assert film.name in kept
        return reading_of(film)

    job = BatchJob(uploads("a"), read, keep).start()
    assert job.wait(WAIT_S)
    assert {outcome.state for outcome in job.take_outcomes().values()} == {"read"}
    assert kept == ["a.png", "b.png", "c.png"]
