"""Paging through every public film as small pictures, made the first time and read back later."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from bench.gallery_browser import ADDRESS, Turns, turn_pages
from bench.results import Section, Target, judge
from core.datasets.fetch import find_public_set, how_to_get_films
from core.errors import DatasetError
from core.library.films import PublicLibrary
from core.library.thumbnails import ThumbnailCache
from core.pipeline import draw_small_picture
from core.settings import get_settings
from ui.components.cards.cards import PAGE_FILMS, PICTURE_PX
from ui.components.worklist.worklist import pack_thumbnails

TITLE = "Paging through the error gallery"
COMMAND = "python -m bench gallery"
A_PAGE = Target(0.5, "s")


def list_films(data: Path) -> list[str]:
    """Return the ids of all public films.

    Raises
    ------
    DatasetError
        If they are not there.
    """
    root = find_public_set(data)
    if root is None:
        raise DatasetError(how_to_get_films(data))
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jp*g"))


def page_through(films: Sequence[str], library: PublicLibrary, folder: Path) -> Turns:
    """Time each page on the server: reading, hashing, the picture, and packing it."""
    cache = ThumbnailCache(folder, partial(draw_small_picture, side_px=PICTURE_PX))
    taken, before = [], time.process_time()
    for start in range(0, len(films), PAGE_FILMS):
        began = time.perf_counter()
        shown = films[start : start + PAGE_FILMS]
        pack_thumbnails("gallery", {film: cache.get(library.read_bytes(film)) for film in shown})
        taken.append(time.perf_counter() - began)
    return Turns(taken, (time.process_time() - before) / len(taken))


def judge_pages(what: str, turns: Turns) -> str:
    """Hold the slowest page to the target."""
    taken = turns.taken_s
    note = (
        f"{len(taken)} pages in {sum(taken):.1f} s, median {median(taken) * 1e3:.0f} ms, of the "
        f"server's processor {turns.processor_s * 1e3:.0f} ms a page"
    )
    return judge(f"slowest page, {what}", max(taken), A_PAGE, note)


def measure(report: Callable[[str], None]) -> Section:
    """Page through all films twice, the second time in what the first one left on disk."""
    busy = os.getloadavg()[0]
    data = get_settings().data
    films, library = list_films(data), PublicLibrary(data)
    report(f"{len(films)} films, {PAGE_FILMS} a page")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made, read = (page_through(films, library, folder) for _ in range(2))
        head = f"{len(films)} films, {PAGE_FILMS} a page, {PICTURE_PX} px on the longer side"
        lines = [
            f"{head}. Other work on the machine before: load average {busy:.1f}.",
            "",
            "What the server does for a page, without the browser:",
            "",
            judge_pages("pictures made for the first time", made),
            judge_pages("pictures read back", read),
        ]
        size = ThumbnailCache(folder, bytes).size_bytes()
        lines.append(f"- on disk: {size / 1e6:.0f} MB, {size / len(films) / 1e3:.1f} kB a film")
    with tempfile.TemporaryDirectory() as name:
        busy_now = os.getloadavg()[0]
        forwards, backwards = turn_pages(Path(name))
    clicked = (
        f"In Chromium, {len(forwards.taken_s)} pages of `{ADDRESS}`, from a click on the next page "
        f"to its last picture; load average before {busy_now:.1f}:"
    )
    lines += [
        "",
        clicked,
        "",
        judge_pages("never seen before", forwards),
        judge_pages("seen before", backwards),
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
