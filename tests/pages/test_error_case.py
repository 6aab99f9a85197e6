"""An open case of the error gallery: its note while it is written, and its contrasts."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest
from test_errors import data, films, missed_film, notes, open_page

from core.film_address import film_code
from core.predictions import read_predictions
from core.run_store import load_run
from core.settings import PROJECT_ROOT
from ui import case_view

__all__ = ["data", "films", "notes"]


def comment_of(page: AppTest):
    return next(box for box in page.text_area if box.label == "Comment")


def test_a_tag_takes_nothing_of_a_note_that_is_being_written(films, notes) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    page.text_input(key="reader-name").set_value("Dr. A").run()
    next(box for box in page.text_area if box.label == "Comment").set_value(
        "behind the heart"
    ).run()
    for _ in range(2):  # on and off again
        next(button for button in page.button if button.label == "Tag").click().run()
        assert comment_of(page).value == "behind the heart"
    assert notes.count() == 2


def test_missed_films_are_contrasted_in_the_runs_feature_space(films, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(case_view, "show_cards", lambda cards, **_: shown.append(cards))
    part = read_predictions(load_run(PROJECT_ROOT / "models" / "f04")).of_split("test")
    point = load_run(PROJECT_ROOT / "models" / "f04").operating_point.threshold
    missed = part.films.film_id[(part.films.label == 1) & (part.probability < point)]
    for film_id in missed[:4]:
        page = open_page(run="f04", split="test", film=film_code(film_id))
        assert any("Nearest in the run's feature space" in one.value for one in page.caption)
    positives = {cards[0].key for cards in shown if cards and cards[0].heading.endswith("positive")}
    assert len(positives) > 1  # by the probability alone it would be one and the same
