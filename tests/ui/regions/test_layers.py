"""The layers of a film as a page shows them: asked for, under way, stopped, chosen, lacking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from fixtures import stand_in_layers
from fixtures.stand_in_layers import ANSWERS, FAILS, FIRST, SECOND, SENTENCE, WAITS, views_of
from streamlit.testing.v1 import AppTest

from core.domain.layers import Layer
from core.domain.model import FilmBox, Geometry, ModelInput, RunRecord
from core.jobs import activations
from core.jobs.activations import ActivationQueue
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from ui.components.viewer.viewer import RegionOverlay
from ui.regions import layers
from ui.regions.layers import HIDE, MOST_CELLS, SHOW, STOP, add_up, overlay_of_places, stage_words

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
GEOMETRY = Geometry(100, 200, 8, FilmBox(10, 20, 90, 180))
GREYS = np.linspace(0.1, 0.4, 64, dtype=np.float32).reshape(8, 8)


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[ActivationQueue]:
    made = ActivationQueue(idle_s=0.1)
    monkeypatch.setattr(activations, "start_process", stand_in_layers.start)
    monkeypatch.setattr(layers, "get_layers", lambda: made)
    yield made
    wait_until(lambda: made.process_id is None)


def wait_until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def film_that(does: float) -> ModelInput:
    pixels = GREYS.copy()
    pixels[0, 0] = does
    return ModelInput(pixels, GEOMETRY)


def layers_page(run, film, name):  # its source runs as a page: annotations would need imports
    from types import SimpleNamespace

    import streamlit as st

    from ui.app.session import get_visit
    from ui.regions.layers import draw_layers

    engine = SimpleNamespace(classifier=SimpleNamespace(run_record=run))
    st.session_state["overlay"] = draw_layers(get_visit(), name, film, engine)


def open_page(does: float = ANSWERS, run: RunRecord = RUN, name: str = "film") -> AppTest:
    given = {"run": run, "film": film_that(does), "name": name}
    page = AppTest.from_function(layers_page, kwargs=given, default_timeout=30).run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def shown(does: float = ANSWERS) -> AppTest:
    page = press(open_page(does), SHOW)
    task = page.session_state["first_read"].layers
    wait_until(lambda: task.finished)
    return page.run()


def overlay_of(page: AppTest) -> RegionOverlay | None:
    return page.session_state["overlay"]


def words_of(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.caption, *page.markdown))


def labels_of(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_nothing_is_computed_before_it_is_asked_for(queue: ActivationQueue) -> None:
    page = open_page()
    assert labels_of(page) == [SHOW]
    assert overlay_of(page) is None
    assert queue.process_id is None


def test_the_last_layer_comes_first_and_the_slider_leads_to_the_others() -> None:
    page = shown()
    fine, coarse = views_of(film_that(ANSWERS).tensor)
    (slider,) = page.select_slider
    assert slider.options == ["Fine edges, 8 x 8", "Edges, 4 x 4"]
    assert overlay_of(page).segments.shape == (4, 4)
    assert overlay_of(page).weights.sum() == pytest.approx(100.0)
    assert "add up to the score, but for a constant" in words_of(page)
    assert f"`{coarse.layer.name}`" in words_of(page)
    slider.set_value("fine").run()
    assert overlay_of(page).segments.shape == fine.places.shape
    assert "estimates by the gradient" in words_of(page)


def test_a_channel_is_shown_alone_until_it_is_chosen_again() -> None:
    page = shown()
    every = overlay_of(page)
    for number, expected in ((1, -100.0), (2, 100.0)):
        page.session_state["layers-channels-film-coarse"] = {
            "said": {"number": number, "act": "open", "film": str(SECOND)}
        }
        page.run()
        assert overlay_of(page).weights.sum() == pytest.approx(expected)
        assert (f"shows channel {SECOND} alone" in words_of(page)) == (number == 1)
    np.testing.assert_array_equal(overlay_of(page).weights, every.weights)


def test_stop_takes_the_film_back_to_where_it_was() -> None:
    page = press(open_page(WAITS), SHOW)
    task = page.session_state["first_read"].layers
    wait_until(lambda: task.step.share == 0.5)
    assert labels_of(page.run()) == [STOP]
    assert page.session_state["first_read"].layers is task
    assert labels_of(press(page, STOP).run()) == [SHOW]
    assert task.finished


def test_why_there_are_none_is_said_and_can_be_tried_again() -> None:
    page = shown(FAILS)
    assert f"No layers: {SENTENCE}" in words_of(page)
    assert overlay_of(page) is None
    assert labels_of(press(page, "Try again")) == [SHOW]


def test_layers_can_be_hidden() -> None:
    page = press(shown(), HIDE)
    assert labels_of(page) == [SHOW]
    assert overlay_of(page) is None


def test_a_run_without_layers_says_why_and_offers_nothing() -> None:
    page = open_page(run=replace(RUN, foreign=True))
    assert not page.button
    assert "another model's predictions" in words_of(page)


def test_the_sheet_gives_each_channel_its_number_and_sign() -> None:
    fine, _ = views_of(film_that(ANSWERS).tensor)
    cards = [layers._card(one, rank, shown=False) for rank, one in enumerate(fine.maps, start=1)]
    first, second = float(GREYS.sum() - GREYS[0, 0]), -float(GREYS.sum() - GREYS[0, 0]) / 2
    assert [card.name for card in cards] == [f"No. {FIRST}", f"No. {SECOND}"]
    assert [card.words for card in cards] == [f"+{first:.2f}", f"\u2212{-second:.2f}"]


def test_a_map_lies_on_what_the_network_sees_and_keeps_its_sum_by_sign() -> None:
    places = np.zeros((4, 4), np.float32)
    places[0, 0], places[3, 2] = 0.6, -0.2
    overlay = overlay_of_places(places, GEOMETRY)
    assert overlay.box == (0.1, 0.1, 0.9, 0.9)
    assert overlay.weights[0] == pytest.approx(75.0)
    assert overlay.weights[14] == pytest.approx(-25.0)
    assert overlay.segments.ravel().tolist() == list(range(16))
    assert overlay.scale is not None
    assert overlay.scale.least < overlay.scale.full <= 75.0
    assert not overlay.scale.outlined


def test_fine_places_are_added_up_to_blocks() -> None:
    places = np.arange(MOST_CELLS * MOST_CELLS * 4.0).reshape(2 * MOST_CELLS, -1)
    cells = add_up(places)
    assert cells.shape == (MOST_CELLS, MOST_CELLS)
    assert cells[0, 0] == places[:2, :2].sum()
    assert cells.sum() == places.sum()
    np.testing.assert_array_equal(add_up(cells), cells)


@pytest.mark.parametrize(
    ("side", "words"), [(72, "Edges, 72 x 72"), (9, "Patterns, 9 x 9"), (1, "Layer, 1 x 1")]
)
def test_a_layer_is_called_by_how_far_its_places_are_apart(side: int, words: str) -> None:
    view = replace(views_of(GREYS)[0], layer=Layer("any", side, side, 3, input_px=144), maps=())
    assert stage_words(view) == words
