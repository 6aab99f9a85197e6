"""The pictures of docs/ are of the app as a newcomer finds it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from bench.screenshot import FILLS_WINDOW, MORE, PICTURES, as_fresh_machine, take_each_width
from core.settings import PROJECT_ROOT, Settings


def test_the_pictures_show_the_usual_order_of_reading(monkeypatch, tmp_path: Path) -> None:
    for name, value in as_fresh_machine(str(tmp_path)).items():
        monkeypatch.setenv(name, value)

    settings = Settings()
    assert settings.read_first
    assert not (PROJECT_ROOT / settings.data).exists()
    assert Path(os.environ["FIRSTREAD_CACHE"]).is_relative_to(tmp_path)


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_that_is_taken_is_in_the_documentation(name: str) -> None:
    assert (PROJECT_ROOT / "docs" / f"{name}.png").is_file()


class Watched:
    """A page that writes down how it stood at each picture."""

    def __init__(self) -> None:
        self.theme, self.size = "dark", (1440, 900)
        self.taken: list[tuple[str, str, tuple[int, int]]] = []

    def emulate_media(self, *, color_scheme: str) -> None:
        self.theme = color_scheme

    def set_viewport_size(self, size: dict[str, int]) -> None:
        self.size = size["width"], size["height"]

    def wait_for_timeout(self, _: float) -> None: ...

    def wait_for_function(self, _: str) -> None: ...

    def evaluate(self, _: str) -> int:
        """Return how tall the page is: as a window of 1440 px shows it whole, or taller."""
        return 850 if self.size[0] == 1440 else 2000

    def screenshot(self, *, path: Path) -> None:
        self.taken.append((path.name, self.theme, self.size))


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("errors", [(1440, 900), (1024, 2000), (720, 2000), (390, 2000)]),
        ("review", [(1440, 900), (1024, 768), (720, 450), (390, 844)]),
    ],
    ids=["whole", "as the window shows it"],
)
def test_every_page_is_taken_in_both_themes_and_four_widths(
    name: str, sizes: list[tuple[int, int]], tmp_path: Path
) -> None:
    page = Watched()
    take_each_width(page, tmp_path, name)
    assert page.taken == [
        (f"{name}-{size[0]}-{theme}.png", theme, size)
        for theme in ("dark", "light")
        for size in sizes
    ]
    assert (page.theme, page.size) == ("dark", (1440, 900))


def test_a_film_that_fills_the_window_is_on_a_page_that_is_taken() -> None:
    assert set(FILLS_WINDOW) <= PICTURES.keys() | MORE.keys()
