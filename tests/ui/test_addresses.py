"""Every file and page that README.md and docs/ point to is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT

PAPERS = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PLACE = re.compile(r"`((?:core|ui|pages|bench|tests|models|docs)/[\w./*-]*)`")


def pointed_at() -> Iterator[tuple[str, str]]:
    for paper in PAPERS:
        text = paper.read_text(encoding="utf-8")
        name = str(paper.relative_to(PROJECT_ROOT))
        yield from ((name, link) for link in LINK.findall(text) if "://" not in link)
        yield from ((name, f"/{place}") for place in PLACE.findall(text))


@pytest.mark.parametrize(("paper", "place"), sorted(set(pointed_at())))
def test_what_a_paper_points_to_is_there(paper: str, place: str) -> None:
    folder = PROJECT_ROOT if place.startswith("/") else (PROJECT_ROOT / paper).parent
    named, _, heading = place.partition("#")
    path = named.lstrip("/") or Path(paper).name

    assert (folder / path).exists() or list(folder.glob(path))
    assert not heading or heading in headings_of(folder / path)


def headings_of(paper: Path) -> set[str]:
    """Return what an address calls the headings of a paper."""
    titles = re.findall(r"^#+ (.+)$", paper.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_papers_point_to_something() -> None:
    assert len(set(pointed_at())) > 10
