"""Many readers at one app: what they wait for while all of them read, and what they leave behind.

The app has its own settings and an empty store. The readers are in this process: each has a
websocket of its own, uploads synthetic films one after the other, locks a first read, asks for the
regions, and signs.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench.app_server import AppServer, memory_of_all, processor_of_all, run_app
from bench.memory import write_films
from bench.results import Section, Target, judge
from bench.websocket_reader import Page, open_page
from core.errors import FirstReadError

TITLE = "Load of 25 readers"
COMMAND = "python -m bench load"
READERS, SECONDS, FILMS_EACH = 25, 100.0, 6
PAUSE_S = (1.0, 3.0)
ARRIVAL_S = 15.0
"""The readers arrive within this time, not all at once."""

SEED = 0
FORGOTTEN_S = 150.0
"""Streamlit keeps a visit for two minutes after its connection has ended."""

SETTLED_S = 5.0
ANSWERED, ERRORS = Target(100, "%", at_least=True), Target(0, "errors")
REGIONS, STEP, MEMORY = Target(30, "s"), Target(1.5, "s"), Target(1.2, "times")
STEPS = ("verdict", "lock", "sign")
AS_DEFAULT = {"FIRSTREAD_READ_FIRST": "true"}
"""The app's default, which other benchmarks change."""


@dataclass(slots=True)
class Waits:
    """What all readers waited for.

    Attributes
    ----------
    asked : Counter of str
        How often each step was begun.
    seconds : dict of str to list of float
        How long each one that was answered took.
    """

    asked: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @contextmanager
    def clock(self, step: str) -> Iterator[None]:
        """Measure one step; one that fails is asked and not answered."""
        began = time.perf_counter()
        self.asked[step] += 1
        yield
        self.seconds.setdefault(step, []).append(time.perf_counter() - began)


@dataclass(slots=True)
class Reader:
    """One reader with a page open.

    Parameters
    ----------
    pause : callable
        Returns the seconds that the reader thinks before the next step.
    """

    page: Page
    waits: Waits
    name: str
    pause: Callable[[], float]

    async def read(self, number: int, content: bytes) -> None:
        """Take one film, the visit's ``number``-th from 0, all the way to a signature."""
        page, film = self.page, hashlib.sha256(content).hexdigest()
        await page.until(lambda: page.find(f"upload-{number}"), "the uploader")
        await self._think()
        with self.waits.clock("verdict"):
            await page.upload(f"upload-{number}", f"{self.name}-{number}.jpg", content)
            if number:
                await self._choose(film, number)
            await page.until(lambda: self._shows(film), "the film and its form")
        await self._think()
        await page.enter("reader-name", string_value=self.name)
        await page.until(lambda: page.holds(f"Reading: {self.name}"), "the reader's name")
        await page.enter(f"verdict-{film}-0-*", string_array_value={"data": ["Normal"]})
        await self._think()
        with self.waits.clock("lock"):
            await page.press(f"sign-{film}-0-*")
            await page.until(lambda: page.find(f"sign-{film}-1-*"), "the model's read")
        await self._think()
        with self.waits.clock("regions"):
            await page.press("Show the model's regions")
            await page.until(lambda: page.holds('class="fr-regions"'), "the regions")
        await self._think()
        with self.waits.clock("sign"):
            await page.press(f"sign-{film}-1-*")
            await page.until(lambda: page.find(f"correct-{film}-2-*"), "the signed read")

    async def _choose(self, film: str, number: int) -> None:
        page = self.page
        await page.until(lambda: film in page.find("worklist").json, "the film in the worklist")
        choice = {"choice": {"film": film, "number": number}}
        await page.enter("worklist", json_value=json.dumps(choice))

    def _shows(self, film: str) -> bool:
        pixels = self.page.find("viewer-film")
        return bool(self.page.find(f"sign-{film}-0-*") and pixels and film.encode() in pixels.bytes)

    async def _think(self) -> None:
        await asyncio.sleep(self.pause())


async def read_films(
    address: str,
    films: Sequence[bytes],
    waits: Waits,
    number: int,
    seconds: float,
    arrival_s: float,
) -> None:
    """Be one reader for a while; a film that is begun in time is read to the end."""
    pauses = random.Random(SEED + number)  # nosec B311 # pauses, no secret
    end = time.perf_counter() + seconds
    try:
        await asyncio.sleep(pauses.uniform(0, arrival_s))
        async with open_page(address) as page:
            reader = Reader(page, waits, f"Reader {number}", lambda: pauses.uniform(*PAUSE_S))
            try:
                for count, film in enumerate(films):
                    if time.perf_counter() < end:
                        await reader.read(count, film)
            finally:
                waits.errors.extend(page.errors)
    except (FirstReadError, OSError) as exc:
        waits.errors.append(f"Reader {number}: {exc}")


async def put_under_load(
    address: str, films: Sequence[bytes], readers: int, seconds: float, arrival_s: float = ARRIVAL_S
) -> Waits:
    """Let that many readers read at once, each films of their own."""
    waits = Waits()
    visits = [
        read_films(address, films[number::readers], waits, number, seconds, arrival_s)
        for number in range(readers)
    ]
    await asyncio.gather(*visits)
    return waits


def wait_for_memory(server: AppServer, limit_mb: float) -> float:
    """Return the memory once it is at most ``limit_mb``, or once all visits are forgotten."""
    end = time.perf_counter() + FORGOTTEN_S
    while memory_of_all(server.pid) > limit_mb and time.perf_counter() < end:
        time.sleep(SETTLED_S)
    return memory_of_all(server.pid)


def judge_waits(waits: Waits, readers: int) -> list[str]:
    """Hold what the readers waited for to the targets."""
    regions, asked = waits.seconds.get("regions", []), waits.asked["regions"]
    share = 100 * len(regions) / max(1, asked)
    late = max(regions, default=float("inf"))
    lines = [
        judge(
            "Requests for regions that were answered", share, ANSWERED, f"{len(regions)} of {asked}"
        ),
        judge("Longest wait for regions", late, REGIONS, f"p95 {p95(regions):.1f} s"),
    ]
    for step in STEPS:
        taken = waits.seconds.get(step, [])
        note = f"n = {len(taken)} of {waits.asked[step]}, median {median(taken or [0]):.2f} s"
        lines.append(judge(f"{step.capitalize()}, p95", p95(taken), STEP, note))
    said = "; ".join(f"{n} x {text}" for text, n in Counter(waits.errors).most_common(3))
    return [*lines, judge(f"Errors of {readers} readers", len(waits.errors), ERRORS, said)]


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile; infinity where nothing was answered."""
    if len(seconds) < 2:
        return max(seconds, default=float("inf"))
    return quantiles(seconds, n=20, method="inclusive")[-1]


def synthetic_films(count: int) -> list[bytes]:
    """Return so many JPEG films, no two with the same bytes."""
    with tempfile.TemporaryDirectory() as folder:
        return [path.read_bytes() for path in write_films(Path(folder), count)]


@dataclass(slots=True)
class Cores:
    """What used the machine's processor meanwhile, in cores (Linux)."""

    server: AppServer
    _before: tuple[float, ...] = ()

    def _used_s(self) -> tuple[float, ...]:
        first = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0]
        user, nice, system = (int(ticks) for ticks in first.split()[1:4])
        app_s, own_s = processor_of_all(self.server.pid), time.process_time()
        busy_s = (user + nice + system) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), app_s, own_s, busy_s - app_s - own_s

    def begin(self) -> None:
        """Measure from here."""
        self._before = self._used_s()

    def line(self) -> str:
        """Return what was used since, as a Markdown list item."""
        took = [now - before for now, before in zip(self._used_s(), self._before, strict=True)]
        app, own, others = (used_s / took[0] for used_s in took[1:])
        return (
            f"- Of {os.cpu_count()} cores the app used {app:.2f}, the readers {own:.2f} and what "
            f"else ran on the machine {others:.2f}."
        )


def measure(report: Callable[[str], None]) -> Section:
    """Let one reader warm the app up, then all of them read."""
    films = synthetic_films(1 + READERS * FILMS_EACH)
    with run_app(AS_DEFAULT) as server:
        server.wait_until_it_answers()
        asyncio.run(put_under_load(server.address, films[:1], 1, SECONDS, 0.0))
        time.sleep(SETTLED_S)
        before_mb = memory_of_all(server.pid)
        report(f"{before_mb:.0f} MB after one film; {READERS} readers for {SECONDS:g} s")
        cores = Cores(server)
        cores.begin()
        waits = asyncio.run(put_under_load(server.address, films[1:], READERS, SECONDS))
        used = cores.line()
        full_mb = memory_of_all(server.pid)
        report(f"{full_mb:.0f} MB when the last reader has left")
        after_mb = wait_for_memory(server, MEMORY.limit * before_mb)
    note = f"{before_mb:.0f}, {full_mb:.0f} and {after_mb:.0f} MB"
    lines = [
        *judge_waits(waits, READERS),
        judge("Memory before, when all have left, and after", after_mb / before_mb, MEMORY, note),
        used,
    ]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
