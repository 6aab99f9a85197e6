"""Two runs of one visit's page: the one that is over goes on in its thread for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from core.domain.reader import Role
from core.jobs.batch import FilmOutcome, FilmState
from ui.app import read_in_progress
from ui.app.session import ReadToken, Visit

LEFT_AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def test_films_that_both_runs_note_as_left_are_noted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    visit = Visit(roles=frozenset({Role.READER}))
    visit.left += [(ReadToken("film", "ada", turn), LEFT_AT) for turn in range(2)]
    noted = []

    def note(film: str, turn: int, *_args: object, **_named: object) -> None:
        noted.append(turn)
        read_in_progress.leave(visit)  # the other run, in the midst of this one

    monkeypatch.setattr(read_in_progress, "get_review_steps", lambda: SimpleNamespace(note=note))
    read_in_progress.leave(visit)
    assert noted == [0, 1]
    assert visit.left == []


def test_a_batch_that_the_other_run_let_go_of_gives_its_outcomes_once() -> None:
    visit = Visit(films={"film": None})
    read = FilmOutcome(FilmState.FAILED, sentence="unreadable")

    class Ended:
        sentence = "one film could not be read"

        @property
        def running(self) -> bool:
            visit.job = None  # the other run
            return False

        def take_outcomes(self) -> dict[str, FilmOutcome]:
            return {"film": read}

    visit.job = Ended()
    visit.absorb_job()
    assert (visit.outcomes, visit.job) == ({"film": read}, None)
    assert visit.notice == "one film could not be read"
