"""A synthetic film that lies on its side, turned and read in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.app_server import Server, wait_until_idle
from PIL import Image
from playwright.sync_api import Page, expect

from core.phantom.builtin import built_in_files
from core.settings import PROJECT_ROOT

pytestmark = pytest.mark.browser

SCORE = re.compile(r"^score \d")
SHAPE = "img => [img.naturalWidth, img.naturalHeight]"
REFUSED = re.compile(r"Refused.*does not look upright", re.DOTALL)
TURNED = "The reader turned the film left by 90 degrees"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    url = f"sqlite:///{tmp_path_factory.mktemp('turned') / 'reads.sqlite3'}"
    running = Server(
        PROJECT_ROOT / "streamlit_app.py",
        {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_READ_FIRST": "false",
        },
    )
    yield running
    running.stop()


def test_a_film_on_its_side_is_turned_read_and_put_back(
    page: Page, server: Server, tmp_path: Path
) -> None:
    stored = tmp_path / "on its side.png"
    with Image.open(built_in_files()[0]) as upright:
        upright.transpose(Image.Transpose.ROTATE_270).save(stored)  # to the right
    page.goto(server.address)
    page.set_input_files("input[type=file]", files=[stored])
    expect(page.get_by_text(REFUSED)).to_be_visible()
    picture = page.get_by_role("option").filter(has_text=stored.name).locator("img")
    width, height = picture.evaluate(SHAPE)
    assert width != height

    page.get_by_role("button", name="Turn and read again").click()
    expect(page.get_by_text(TURNED)).to_be_visible()
    expect(page.get_by_text(REFUSED)).to_have_count(0)
    expect(page.get_by_role("img", name=SCORE)).to_be_visible()
    expect(page.get_by_role("img", name=f"Film {stored.name}")).to_be_visible()
    assert picture.evaluate(SHAPE) == [height, width]

    wait_until_idle(page)
    page.get_by_role("button", name="Undo the turn").click()
    expect(page.get_by_text(REFUSED)).to_be_visible()
    assert picture.evaluate(SHAPE) == [width, height]
