"""The pictures of docs/ are of the app as a newcomer finds it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from bench.screenshot import PICTURES, as_fresh_machine
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
