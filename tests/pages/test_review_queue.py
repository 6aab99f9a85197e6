"""The Review page while other readers' explanations come first."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from fixtures.app_pages import open_app
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.errors import ExplanationError
from core.jobs.explanations import SHORT_QUEUE, ExplanationTask, Steps
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.store.reads import SqlReviewStore
from ui.app import explanations


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What the explanations of other readers wait for."""
    gate = threading.Event()
    yield gate
    gate.set()


def begin_others(count: int, gate: threading.Event) -> list[ExplanationTask | None]:
    def begin() -> Steps:
        gate.wait(60)
        raise ExplanationError("The test has ended.")

    queue = explanations._explanations()
    return [queue.request(f"other {n}", begin, f"reader {n}") for n in range(count)]


def open_film() -> AppTest:
    """Upload a film, and let the model read it."""
    buffer = io.BytesIO()
    pixels = draw_film(draw_settings(3, "lobar"), height_px=400).pixels
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    page = open_app()
    page.get("file_uploader")[0].set_value([("chest.png", buffer.getvalue(), "image/png")])
    page.run()
    while page.session_state["first_read"].job is not None:
        time.sleep(0.1)
        page.run()
    return page


def bars_of(page: AppTest) -> list[str]:
    return [bar.proto.text for bar in page.get("progress")]


def html_of(page: AppTest) -> str:
    return "".join(element.proto.body for element in page.get("html"))


def test_a_reader_sees_how_many_explanations_come_first(
    store: SqlReviewStore, gate: threading.Event
) -> None:
    others = begin_others(2, gate)
    page = open_film()
    assert bars_of(page) == ["Waiting for the regions: 2 explanations before yours"]
    others[1].leave("reader 1")
    page.run()
    assert bars_of(page) == ["Waiting for the regions: 1 explanation before yours"]
    others[0].leave("reader 0")
    page.run()
    assert bars_of(page) == ["Finding the regions the score depends on"]
    gate.set()
    while 'class="fr-regions"' not in html_of(page):
        time.sleep(0.1)
        page.run()
    page.run()  # the run before may have begun before the work was done
    assert bars_of(page) == []


def test_nothing_is_precomputed_for_a_first_read_while_the_queue_is_long(
    store: SqlReviewStore, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    others = begin_others(SHORT_QUEUE, gate)
    page = open_film()
    assert page.session_state["first_read"].explaining is None
    others[0].leave("reader 0")
    page.run()
    assert page.session_state["first_read"].explaining is not None
    assert bars_of(page) == []
