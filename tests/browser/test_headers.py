"""The headers of every answer of the app as it is started, and a browser that obeys them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from browser.test_first_minute import synthetic_films
from playwright.sync_api import BrowserContext, expect

from core.settings import PROJECT_ROOT
from ui.app.headers import HEADERS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('headers') / 'reads.sqlite3'}"
    running = Server(PROJECT_ROOT / "app.py", {"FIRSTREAD_DATABASE_URL": url})
    yield running
    running.stop()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/records",
        "/_stcore/health",
        "/media/none.png",
        "/static/none.js",
        "/no-page",
        "/ready",
    ],
)
def test_every_answer_carries_the_headers(server: Server, path: str) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("GET", path)
        with closing(connection.getresponse()) as answer:
            given = {name: answer.headers.get_all(name) for name in HEADERS}
    assert given == {name: [value] for name, value in HEADERS.items()}


def test_machines_are_answered_and_metrics_only_where_the_site_says_so(
    server: Server, tmp_path: Path
) -> None:
    def ask(port: int, path: str) -> tuple[int, str]:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("GET", path)
            with closing(connection.getresponse()) as answer:
                return answer.status, answer.read().decode()

    assert ask(server.port, "/health") == (200, "alive")
    assert ask(server.port, "/ready") == (200, "ready")
    assert ask(server.port, "/metrics") == (404, "not found")
    database, damaged = tmp_path / "reads.sqlite3", tmp_path / "damaged"
    settings = {
        "FIRSTREAD_DATABASE_URL": f"sqlite:///{database}",
        "FIRSTREAD_FILMS": str(tmp_path / "films"),
        "FIRSTREAD_METRICS": "true",
    }
    other = Server(PROJECT_ROOT / "app.py", settings)
    try:
        status, text = ask(other.port, "/metrics")
        assert status == 200
        assert "firstread_database_up 1.0" in text
        assert 'firstread_films_taken_total{arrival="upload"} 0.0' in text
        database.rename(damaged)
        assert ask(other.port, "/ready") == (503, "not ready")
        assert ask(other.port, "/health") == (200, "alive")
        assert "firstread_database_up 0.0" in ask(other.port, "/metrics")[1]
    finally:
        other.stop()


def test_the_app_works_under_its_own_policy(window: BrowserContext, server: Server) -> None:
    page = window.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(server.address)
    film = synthetic_films().picture
    page.set_input_files("input[type=file]", files=[film])
    expect(page.get_by_role("option").locator("img")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Film "))).to_be_visible()
    expect(page.locator(".fr-regions")).to_be_visible()
    page.get_by_role("link", name="Model card").click()
    expect(page.get_by_text("Out of 1,000 children")).to_be_visible()
    wait_until_idle(page)
    assert [one for one in complaints if "Content Security Policy" in one] == []


def test_another_page_cannot_frame_the_app(
    window: BrowserContext, server: Server, tmp_path: Path
) -> None:
    outer = tmp_path / "outer.html"
    outer.write_text(f'<iframe src="{server.address}/"></iframe>', encoding="utf-8")
    page = window.new_page()
    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
        page.goto(outer.as_uri())
