"""How fast an archive is scored, whether memory stays flat, and what a lost worker costs.

``python -m bench.archive`` takes other numbers of films.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Annotated

import pyarrow.parquet as pq
import typer

from bench.app_server import children_of, memory_of_all, processor_of_all
from bench.films import draw_film, encode_picture
from bench.results import RESULTS_FILE, Section, Target, judge, write_section
from bench.timing import median_ratio, rounds_text
from core.errors import FirstReadError
from core.settings import PROJECT_ROOT

TITLE = "Scoring an archive"
COMMAND = "python -m bench archive"
LARGE_PX, SMALL_PX = (2000, 2400), (400, 480)
"""Height and width: about a digital radiograph's, and one that is quick to read many times."""

DRAWN, JPEG_QUALITY = 8, 75
FILMS, RATED, ROUNDS, FEW = 20_000, 384, 3, 1_000
WORKERS = 2
SAMPLED_EVERY_S = 0.25
OF_THE_LIMIT = Target(0.8, "", at_least=True)
TWICE = Target(1.7, "x", at_least=True)
FLAT = Target(1.05, "x")
SAME = Target(0, "films")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

BARE = """
import sys, time
from pathlib import Path
import numpy as np
from core.gate.lungs import segment_lungs
from core.gate.view import measure_view
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import prepare_input, standardise_film
from core.pipeline import open_engine
from core.settings import get_settings

settings = get_settings()
engine = open_engine(settings.models, settings.served_run, 1)
gate, run = engine.gate, engine.classifier.run_record

def read(path):
    film = decode_radiograph(path.read_bytes())
    standard = standardise_film(film.pixels)
    whole = prepare_input(film, gate.input_px, standard=standard).tensor
    lungs = segment_lungs(whole, gate.network)
    measure_view(lungs, gate.view)
    box = lungs.box(film.height_px, film.width_px) if run.cropped_to_lungs else None
    seen = prepare_input(film, run.input_px, box, standard=standard)
    engine.classifier.logits(seen.tensor[np.newaxis, :, :, np.newaxis])

films = sorted(Path(sys.argv[1]).iterdir())
for film in films[:8]:
    read(film)
began, used = time.perf_counter(), time.process_time()
for film in films:
    read(film)
print(len(films) / (time.perf_counter() - began), (time.process_time() - used) / len(films))
"""
"""The limit: every film is decoded, brought to the networks' inputs, and goes forward through the
lung segmenter, the view network and the run, in one process with one thread. No check of the gate,
no limit on a file's cost, no table."""

Report = Callable[[str], None]


def make_films(folder: Path, count: int, size_px: tuple[int, int], pictures: int = DRAWN) -> None:
    """Write synthetic films as JPEG; each has bytes of its own, by a comment after its marker."""
    drawn = [
        encode_picture(draw_film(seed, *size_px, opacity=seed % 2 == 0), "JPEG", JPEG_QUALITY)
        for seed in range(pictures)
    ]
    for number in range(count):
        under = folder / f"{number // 1000:03}"
        under.mkdir(parents=True, exist_ok=True)
        content, comment = drawn[number % pictures], f"{number:08}".encode()
        start = content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        (under / f"{number:06}.jpg").write_bytes(start + content[2:])


@contextmanager
def scoring(source: Path, out: Path, workers: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command that scores an archive; it is killed with all its processes at the end."""
    options = ["--out", str(out), "--workers", str(workers)]
    command = [sys.executable, "-m", "core", "score", str(source), *options]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    environment = os.environ | ONE_THREAD
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, env=environment, start_new_session=True, **quiet
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Sample:
    """What all processes of the command held and had used when so many parts were finished."""

    parts: int
    memory_mb: float
    processor_s: float


def score(
    source: Path,
    out: Path,
    workers: int,
    meanwhile: Callable[[subprocess.Popen[bytes]], None] = lambda _process: None,
) -> list[Sample]:
    """Score an archive to its end, and watch the command.

    Raises
    ------
    FirstReadError
        If the command fails.
    """
    samples: list[Sample] = []
    ended = threading.Event()

    def watch(pid: int) -> None:
        while not ended.wait(SAMPLED_EVERY_S):
            done = len(parts_of(out))
            if samples and samples[-1].parts == done:
                continue  # looking at all processes costs them a tenth of their time
            with suppress(OSError, ValueError):  # a process that has ended meanwhile
                samples.append(Sample(done, memory_of_all(pid), processor_of_all(pid)))

    with scoring(source, out, workers) as process:
        thread = threading.Thread(target=watch, args=(process.pid,))
        thread.start()
        try:
            meanwhile(process)
            code = process.wait()
        finally:
            ended.set()
            thread.join()
    if code:
        raise FirstReadError(f"`python -m core score` ended with {code}.")
    return samples


def parts_of(out: Path) -> list[Path]:
    """Return the finished parts in the order in which they were written."""
    return sorted((out / "films").glob("part-*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def rate_of(out: Path, workers: int) -> float:
    """Return films a second, from when every worker had ended its first part."""
    parts = parts_of(out)
    films = sum(pq.ParquetFile(path).metadata.num_rows for path in parts[workers:])
    seconds = parts[-1].stat().st_mtime - parts[workers - 1].stat().st_mtime
    return films / seconds


def processor_of_a_film(samples: Sequence[Sample], films_a_part: int, workers: int) -> float:
    """Return the processor time of a film in seconds, from one finished part to another.

    Raises
    ------
    FirstReadError
        If the films are too few to tell.
    """
    first: dict[int, Sample] = {}
    for one in samples:
        first.setdefault(one.parts, one)
    # Not the last part: then processes end, and take with them what they used.
    moments = [one for parts, one in sorted(first.items()) if parts >= workers][:-1]
    if len(moments) < 2:
        raise FirstReadError("the films are too few to tell what one costs: name more.")
    films = (moments[-1].parts - moments[0].parts) * films_a_part
    return (moments[-1].processor_s - moments[0].processor_s) / films


def bare_rate(folder: Path) -> tuple[float, float]:
    """Return films a second of the limit and the processor time of one, in a process of its own."""
    command = [sys.executable, "-c", BARE, str(folder)]
    run = subprocess.run(
        command, cwd=PROJECT_ROOT, env=os.environ | ONE_THREAD, check=True, capture_output=True
    )
    rate, used = map(float, run.stdout.split())
    return rate, used


def rows_of(out: Path) -> dict[str, tuple[object, ...]]:
    """Return each film's row but for its number.

    Raises
    ------
    FirstReadError
        If a film stands there twice.
    """
    table = pq.read_table(out / "films", columns=["film", "state", "film_sha256", "logit"])
    rows = {row[0]: row for row in zip(*table.to_pydict().values(), strict=True)}
    if len(rows) != table.num_rows:
        raise FirstReadError(f"{table.num_rows - len(rows)} films stand in {out} twice.")
    return rows


def kill_a_worker(process: subprocess.Popen[bytes], out: Path, after_parts: int) -> None:
    """Kill one worker, without its reader, once some parts are there."""
    while len(parts_of(out)) < after_parts:
        if process.poll() is not None:
            raise FirstReadError("scoring ended before a worker could be killed.")
        time.sleep(0.02)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)


def workers_of(pid: int) -> list[int]:
    """Return the workers below a process: those that have a process that reads films."""
    found = []
    for child in children_of(pid):
        readers = [one for one in children_of(child) if b"film_worker" in _command(one)]
        found += [child] if readers else workers_of(child)
    return found


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


@dataclass(frozen=True, slots=True)
class Rates:
    """Films a second of every round; and the processor time of a film by the limit and by one."""

    bare: list[float]
    one: list[float]
    two: list[float]
    used: list[tuple[float, float]]


def measure_rates(folder: Path, films: Path, rounds: int, report: Report) -> Rates:
    """Score the same films by the limit, by one worker and by two, in turn."""
    rates = Rates([], [], [], [])
    flat = folder / "flat"
    flat.mkdir()
    for path in films.rglob("*.jpg"):
        (flat / path.name).hardlink_to(path)
    for number in range(rounds):
        rate, used = bare_rate(flat)
        rates.bare.append(rate)
        for workers, found in ((1, rates.one), (WORKERS, rates.two)):
            out = folder / f"rate-{workers}-{number}"
            samples = score(films, out, workers)
            found.append(rate_of(out, workers))
            if workers == 1:
                a_part = pq.ParquetFile(parts_of(out)[0]).metadata.num_rows
                rates.used.append((used, processor_of_a_film(samples, a_part, workers)))
        report(
            f"round {number + 1}: limit {rates.bare[-1]:.1f}, one worker {rates.one[-1]:.1f}, two "
            f"{rates.two[-1]:.1f} films a second"
        )
    return rates


def judge_rates(rates: Rates, films: int, size_px: tuple[int, int]) -> list[str]:
    """Hold the rates to the targets."""
    height, width = size_px
    return [
        f"Films a second, {films} films of {width} x {height} pixels, JPEG:",
        "",
        judge(
            "One worker over the bare limit (decode, and forward through all three networks)",
            median_ratio(rates.one, rates.bare),
            OF_THE_LIMIT,
            f"limit {rounds_text(rates.bare, 'films/s')}; one worker "
            f"{rounds_text(rates.one, 'films/s')}",
        ),
        judge(
            "Two workers over one",
            median_ratio(rates.two, rates.one),
            TWICE,
            rounds_text(rates.two, "films/s"),
        ),
        judge(
            "Processor time of a film by the limit over that of all processes with one worker, "
            "which other work on the machine changes less",
            median(limit / ours for limit, ours in rates.used),
            OF_THE_LIMIT,
            "; ".join(f"{1e3 * limit:.1f} of {1e3 * ours:.1f} ms" for limit, ours in rates.used),
        ),
    ]


def measure_memory(folder: Path, films: Path, count: int) -> tuple[str, str]:
    """Score many films, and watch what all processes hold together; return line and rate."""
    out = folder / "many"
    samples = score(films, out, WORKERS)
    parts = len(parts_of(out))
    early = window(samples, parts * FEW / count, parts * 2 * FEW / count)
    late = window(samples, parts * (count - FEW) / count, parts)
    line = judge(
        f"Memory of all processes at {count:,} films over that at {FEW:,}",
        late / early,
        FLAT,
        f"{early:.0f} and {late:.0f} MB, {WORKERS} workers",
    )
    return line, f"{rate_of(out, WORKERS):.1f}"


def window(samples: Sequence[Sample], start: float, end: float) -> float:
    """Return the median memory between two numbers of parts.

    Raises
    ------
    FirstReadError
        If nothing was sampled there: the films are too few.
    """
    found = [one.memory_mb for one in samples if start <= one.parts <= end]
    if not found:
        raise FirstReadError("the films are too few to watch the memory: name more.")
    return median(found)


def measure_loss(folder: Path, films: Path, whole: Path, count: int) -> str:
    """Kill a worker in between, and compare with an archive that nothing happened to."""
    out = folder / "killed"
    after = len(parts_of(whole)) // 3
    score(films, out, WORKERS, lambda process: kill_a_worker(process, out, after))
    rows, others = rows_of(out), rows_of(whole)
    other = sum(rows.get(film) != row for film, row in others.items()) + len(rows.keys() - others)
    return judge(f"Rows that differ after a worker was killed, of {count}", other, SAME)


def measure(
    report: Report, films: int = FILMS, rated: int = RATED, rounds: int = ROUNDS
) -> Section:
    """Make the films, and measure rates, loss and memory."""
    before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="archive-") as name:
        folder = Path(name)
        large, many = folder / "large", folder / "small"
        make_films(large, rated, LARGE_PX)
        rates = measure_rates(folder, large, rounds, report)
        lines = judge_rates(rates, rated, LARGE_PX)
        lines.append(measure_loss(folder, large, folder / f"rate-{WORKERS}-0", rated))
        report("\n".join(lines))
        make_films(many, films, SMALL_PX)
        line, rate = measure_memory(folder, many, films)
    load = f"{load_text(before)} before, {load_text()} after, this benchmark's own work included"
    lines = [f"Load average of the machine over 5 minutes: {load}.", "", *lines]
    height, width = SMALL_PX
    lines += [line, f"- Films of {width} x {height} pixels: {rate} films a second, two workers."]
    return Section(TITLE, COMMAND, lines)


def load_text(load: tuple[float, float, float] | None = None) -> str:
    """Return how many processes wanted the processors, over the last 5 minutes."""
    return f"{(load or os.getloadavg())[1]:.1f}"


def main(
    films: Annotated[int, typer.Option(help="Films over which memory is watched.")] = FILMS,
    rated: Annotated[int, typer.Option(help="Films of which the rate is measured.")] = RATED,
    rounds: Annotated[int, typer.Option(help="Rounds of the rates.")] = ROUNDS,
    results: Annotated[Path, typer.Option(help="The file that keeps the lines.")] = RESULTS_FILE,
) -> None:
    """Measure with other numbers of films, print, and write into the results file."""
    section = measure(lambda line: print(line, flush=True), films, rated, rounds)
    print("\n".join(section.lines))
    asked = f"python -m bench.archive --films {films} --rated {rated} --rounds {rounds}"
    usual = (films, rated, rounds) == (FILMS, RATED, ROUNDS)
    write_section(section if usual else replace(section, command=asked), results)


if __name__ == "__main__":
    typer.run(main)
