"""The app serves readers round after round, and takes no more of the machine than before.

Three minutes by default; ``FIRSTREAD_LONG=1`` takes an hour. A round is over when its readers have
left, so that two rounds can be compared.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from statistics import median

import httpx
import pytest

from bench import load
from bench.app_server import AppServer, memory_of_all, run_app, threads_and_descriptors
from bench.films import encode_picture
from bench.websocket_reader import open_page
from core.errors import FirstReadError
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from ui.app.pages import FIRST, PAGES

LONG = os.environ.get("FIRSTREAD_LONG") == "1"
SECONDS = 3600.0 if LONG else 170.0
READERS = 3
SEED, HEIGHT_PX, WIDTH_PX, JPEG_QUALITY = 4, 2400, 3000, 98
"""Large films and files: the app's memory for films that were shown is full after seven."""

FORGET_AFTER_S = 3
SETTLED_S = 1.0
WARM_SHARE = 0.4
"""So much of the run counts as warming up: caches fill, workers start, allocators grow."""

LEAST_ROUNDS, MOST_LATE = 10, 1


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the app holds of the machine, all its processes together."""

    memory_mb: float
    threads: float
    descriptors: float
    temporary_files: float


SHORT = Footprint(2.0, 0.4, 0.4, 0.2)
"""Growth that one film more may cause at most: less than its file or its pixels take, and
less than one thing each. The app's caches are still filling meanwhile."""

LONG_RUN = replace(SHORT, memory_mb=0.5)
"""All caches are full."""


def find_growth(rounds: Sequence[Footprint], films_a_round: int, limits: Footprint) -> list[str]:
    """Say in a sentence of each thing that it grows with the films that are read.

    The medians of the two halves after the warm-up are compared, so that one busy moment is none.

    Parameters
    ----------
    limits : Footprint
        Growth for each film that counts as flat.
    """
    warm = rounds[int(len(rounds) * WARM_SHARE) :]
    half = len(warm) // 2
    films = films_a_round * (len(warm) - half)  # between the middles of the two halves
    found = []
    for number, (of, limit) in enumerate(zip(fields(Footprint), astuple(limits), strict=True)):
        early, late = (
            median(astuple(one)[number] for one in some) for some in (warm[:half], warm[-half:])
        )
        if (late - early) / films > limit:
            found.append(
                f"{of.name} grew from {early:g} to {late:g} while {films} films were read, at most "
                f"{limit:g} a film is flat"
            )
    return found


def take_footprint(server: AppServer, temporary: Sequence[Path]) -> Footprint:
    threads, descriptors = threads_and_descriptors(server.pid)
    left = [path for folder in temporary for path in folder.rglob("*")]
    return Footprint(memory_of_all(server.pid), threads, descriptors, len(left))


def film_of_its_own(number: int, drawn: bytes) -> bytes:
    """Return a JPEG of other bytes and the same pixels: a comment follows its first marker."""
    comment = f"{number:08}".encode()
    return drawn[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + drawn[2:]


async def visit(address: str, film: bytes, name: str, waits: load.Waits) -> None:
    """Read a film to its report, open every page, and leave."""
    async with open_page(address) as page:
        try:
            await load.Reader(page, waits, name, lambda: 0.0).read(0, film)
            await page.enter("Report", bool_value=True)
            await page.until(lambda: page.find("report-pdf"), "the report")
            for path in (path for path in PAGES if path != FIRST):
                await page.go_to(path)
        except FirstReadError as exc:
            waits.errors.append(f"{exc} The page had: {page.words()}")
        finally:
            waits.errors.extend(page.errors)


async def one_round(address: str, films: Sequence[bytes], waits: load.Waits) -> None:
    visits = (
        visit(address, film, f"Reader {number}", waits) for number, film in enumerate(films, 1)
    )
    await asyncio.gather(*visits)
    async with httpx.AsyncClient() as machine:
        for path in ("health", "ready", "metrics"):
            (await machine.get(f"{address}/{path}")).raise_for_status()


def soak(server: AppServer, temporary: Sequence[Path], waits: load.Waits) -> list[Footprint]:
    """Let readers come and go; return what the app holds after each round."""
    settings = draw_settings(SEED, "lobar")
    pixels = draw_film(settings, height_px=HEIGHT_PX, width_px=WIDTH_PX).pixels
    drawn, rounds = encode_picture(pixels, "JPEG", JPEG_QUALITY), list[Footprint]()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or len(rounds) < LEAST_ROUNDS:
        first = len(rounds) * READERS
        films = [film_of_its_own(first + reader, drawn) for reader in range(READERS)]
        asyncio.run(one_round(server.address, films, waits))
        time.sleep(SETTLED_S)
        rounds.append(take_footprint(server, temporary))
    return rounds


# --- the judgement itself -------------------------------------------------------------------------

FLAT = Footprint(1000.0, 26, 46, 1)


def rounds_that_leak(**a_film: float) -> list[Footprint]:
    """Return 40 rounds with caches that fill, a busy moment now and then, and a leak."""
    rounds = []
    for number in range(40):
        cache_mb, busy = 80.0 * min(1.0, number / 12), number % 7 == 3
        held = replace(FLAT, memory_mb=FLAT.memory_mb + cache_mb + 30.0 * busy)
        held = replace(held, descriptors=held.descriptors + 6 * busy, threads=held.threads + busy)
        grown = {of: getattr(held, of) + each * READERS * number for of, each in a_film.items()}
        rounds.append(replace(held, **grown))
    return rounds


def test_caches_that_fill_and_busy_moments_are_no_growth() -> None:
    assert find_growth(rounds_that_leak(), READERS, LONG_RUN) == []


@pytest.mark.parametrize(
    ("of", "each", "limits"),
    [
        pytest.param("memory_mb", 1.05, LONG_RUN, id="1 MiB in an hour"),
        pytest.param("memory_mb", 3.0, SHORT, id="a large film"),
        pytest.param("threads", 1, SHORT, id="a thread"),
        pytest.param("descriptors", 1, SHORT, id="a descriptor"),
        pytest.param("temporary_files", 1, SHORT, id="a temporary file"),
    ],
)
def test_a_leak_of_one_a_film_is_named(of: str, each: float, limits: Footprint) -> None:
    (found,) = find_growth(rounds_that_leak(**{of: each}), READERS, limits)
    assert found.startswith(f"{of} grew from ")


# --- the app --------------------------------------------------------------------------------------


@pytest.mark.timeout(SECONDS + 900)
def test_what_the_app_holds_stays_flat_while_readers_come_and_go(tmp_path: Path) -> None:
    temporary, waits = tmp_path / "temporary", load.Waits()
    temporary.mkdir()
    settings = load.AS_DEFAULT | {
        "FIRSTREAD_KEEP_FILMS_DAYS": "30",
        "FIRSTREAD_LIME_SAMPLES": "100",
        "FIRSTREAD_METRICS": "true",
        "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": str(FORGET_AFTER_S),
        "TMPDIR": str(temporary),
    }
    with run_app(settings, script="app.py") as server:
        server.wait_until_it_answers()
        rounds = soak(server, [temporary], waits)
    # On a busy machine one visit may wait in vain; it is named where there are more.
    assert len(waits.errors) <= MOST_LATE, waits.errors
    assert len(waits.seconds["sign"]) >= len(rounds) * READERS - MOST_LATE
    assert find_growth(rounds, READERS, LONG_RUN if LONG else SHORT) == []
