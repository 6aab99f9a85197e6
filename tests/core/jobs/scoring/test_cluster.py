"""Batches in hand are bounded, lost ones are read film by film, and a film is blamed alone."""

import pytest
from distributed import KilledWorker, LocalCluster

from core.errors import Cancelled, DatasetError, ModelMissing
from core.jobs.film_scores import BAD, READ, FilmScore
from core.jobs.scoring import cluster
from core.jobs.scoring.batch import Reading
from core.jobs.scoring.cluster import AHEAD, BLAMED, Batch, dask_scorer
from core.sites.source import ListedFilm

READING = Reading("place", "f08", "identity", explained=False)


class Future:
    """Done at once, with a score a film or a fault."""

    def __init__(self, scores, fault, *, lost=False):
        self._scores, self._fault, self._lost, self.released = scores, fault, lost, False

    def done(self):
        return True

    def cancelled(self):
        return self._lost

    def exception(self):
        return self._fault

    def result(self):
        return self._scores

    def release(self):
        self.released = True

    def add_done_callback(self, call):
        call(self)


class Client:
    """Two workers that a film named ``kills`` ends; another may end ``times`` beside it."""

    status = "running"

    def __init__(self, beside=0, fault=None, *, lost=False):
        self.beside, self.fault, self.lost = beside, fault, lost
        self.futures, self.asked, self.most = [], [], 0

    def nthreads(self):
        return {"one": 1, "two": 1}

    def submit(self, _call, _reading, films, *, pure):
        names = [film.name for film in films]
        self.asked.append(names)
        fault = self.fault
        if "kills" in names:
            fault = KilledWorker("task", None, 3)
        elif len(names) == 1 and self.beside:
            self.beside -= 1
            fault = KilledWorker("task", None, 3)
        future = Future(
            [FilmScore(READ, film_sha256=name) for name in names], fault, lost=self.lost
        )
        self.futures.append(future)
        self.most = max(self.most, sum(not one.released for one in self.futures))
        return future

    def cancel(self, futures, *, force):
        for future in futures:
            future.release()


def batches(*films):
    return iter(
        Batch(part, 0, tuple(ListedFilm(name, 1) for name in names.split()))
        for part, names in enumerate(films)
    )


def run(client, *films, stopping=lambda: False):
    window = cluster._Window(client, READING, batches(*films), stopping)
    return {batch.part: scores for batch, scores in window.results()}


def test_no_more_batches_are_in_hand_than_the_workers_need_and_none_is_kept():
    client = Client()
    found = run(client, *["a b"] * 50)
    assert sorted(found) == list(range(50))
    assert client.most == AHEAD * 2
    assert all(future.released for future in client.futures)


def test_a_film_that_ends_its_workers_is_bad_and_its_neighbours_are_read():
    client = Client()
    found = run(client, "a b", "c kills d", "e")
    assert [score.film_sha256 for score in found[1] if score.state == READ] == ["c", "d"]
    assert found[1][1].state == BAD
    assert "Every worker that read this film was lost" in found[1][1].reason
    assert client.asked.count(["kills"]) == BLAMED
    assert [score.state for score in (*found[0], *found[2])] == [READ] * 3


def test_a_film_that_lost_its_worker_beside_another_is_read_in_the_end():
    found = run(Client(beside=1), "c kills d")
    assert [score.state for score in found[0]] == [READ, BAD, READ]


def test_a_fault_of_the_job_stops_it_and_lets_go_of_all():
    client = Client(fault=ModelMissing("no run"))
    with pytest.raises(ModelMissing, match="no run"):
        run(client, *["a"] * 9)
    assert all(future.released for future in client.futures)
    with pytest.raises(DatasetError, match=r"A worker could not read films \(TypeError: odd"):
        run(Client(fault=TypeError("odd")), "a")


def test_a_stop_and_a_lost_scheduler_end_it():
    with pytest.raises(Cancelled):
        run(Client(), "a", stopping=lambda: True)
    with pytest.raises(DatasetError, match="The scheduler is gone"):
        run(Client(lost=True), "a")


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(cluster, "TO_ANSWER_S", 0.2)
    with pytest.raises(DatasetError, match=r"No scheduler answers at tcp://127\.0\.0\.1:1"):
        next(dask_scorer("tcp://127.0.0.1:1", 0)(READING, batches("a"), lambda: False))


@pytest.mark.filterwarnings("ignore")
def test_the_workers_of_a_scheduler_are_taken_and_left_alone(monkeypatch):
    def score_here(_reading, films):
        return [FilmScore(READ, film_sha256=film.name) for film in films]

    monkeypatch.setattr(cluster, "score_batch", score_here)
    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as site:
        scorer = dask_scorer(site.scheduler_address, 0)
        found = dict(scorer(READING, batches("a b", "c"), lambda: False))
        assert {batch.part: [one.film_sha256 for one in scores] for batch, scores in found.items()}
        assert len(site.workers) == 1
