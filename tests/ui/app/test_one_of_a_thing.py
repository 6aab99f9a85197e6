"""One film is not called "1 films"."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from core.language.current import using
from ui.app import progress
from ui.teaching import progress as progress_of_trainee

NOW = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("job", "english", "spanish"),
    [
        pytest.param({"ahead": 0}, "0 of 1 film read", "0 de 1 radiografía leída", id="alone"),
        pytest.param(
            {"ahead": 3},
            "0 of 1 film read; 3 other films come first",
            "0 de 1 radiografía leída; antes van 3 más",
            id="after others",
        ),
        pytest.param(
            {"keeping": True, "ahead": 0},
            "0 of 1 film added to the list",
            "0 de 1 radiografía añadida a la lista",
            id="kept first",
        ),
    ],
)
def test_how_far_one_film_is(
    job: dict[str, object], english: str, spanish: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = MagicMock()
    monkeypatch.setattr(progress.st, "progress", shown)
    batch = SimpleNamespace(
        **{"done": 0, "total": 1, "kept": 0, "keeping": False, "running": True, "untaken": 0} | job
    )
    progress._draw_batch(batch)
    with using("es"):
        progress._draw_batch(batch)
    assert [call.kwargs["text"] for call in shown.call_args_list] == [english, spanish]


@pytest.mark.parametrize(
    ("due", "words"),
    [
        pytest.param(1, "1 film is due for review now.", id="one"),
        pytest.param(2, "2 films are due for review now.", id="two"),
    ],
)
def test_how_many_films_are_due(due: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_of_trainee, "every_source", lambda: ["one library"])
    monkeypatch.setattr(progress_of_trainee, "outcomes_in", MagicMock())
    dates = MagicMock(return_value=dict.fromkeys(map(str, range(due)), NOW))
    monkeypatch.setattr(progress_of_trainee, "due_dates", dates)
    assert progress_of_trainee._due_in_words("Ada", NOW) == words
