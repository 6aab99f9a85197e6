"""The benchmarks' command line: ``python -m bench`` for all of speed, with a name for one."""

from __future__ import annotations

import subprocess
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bench.results import RESULTS_FILE, write_section
from core.errors import FirstReadError


class Benchmark(StrEnum):
    """What can be measured."""

    EXPLAIN = "explain"
    UPLOAD = "upload"
    START = "start"
    MEMORY = "memory"
    GALLERY = "gallery"
    AGREEMENT = "agreement"
    GATE = "gate"
    COMPARISON = "comparison"
    LOCALISATION = "localisation"
    EVIDENCE_NETWORK = "evidence_network"
    PHANTOM = "phantom"
    PHANTOM_SETS = "phantom_sets"
    BORDER = "border"
    DECODE = "decode"
    LOAD = "load"
    WHAT_IF = "what_if"
    WORKLIST = "worklist"
    PACS = "pacs"
    TRANSCRIPT = "transcript"
    ACCEPTANCE = "acceptance"
    MONITORING = "monitoring"
    COPIES = "copies"
    IMPLANT = "implant"
    ARCHIVE = "archive"


SPEED = (Benchmark.EXPLAIN, Benchmark.UPLOAD, Benchmark.START, Benchmark.MEMORY)
MODULES = {name: f"bench.{name}" for name in Benchmark} | {Benchmark.GATE: "bench.gate_rates"}

app = typer.Typer(pretty_exceptions_enable=False)


def measure_one(name: Benchmark, results: Path) -> None:
    """Run one benchmark here, print its lines and keep them."""
    # Deferred: what one benchmark loads must not weigh on another, or on its memory.
    benchmark = import_module(MODULES[name])
    try:
        section = benchmark.measure(lambda line: print(line, flush=True))
    except FirstReadError as exc:
        print(exc, file=sys.stderr)
        raise typer.Exit(1) from exc
    write_section(section, results)


def measure_speed(results: Path) -> None:
    """Run every speed benchmark, each in a process of its own."""
    failed = []
    for name in SPEED:
        print(f"\n{name}", flush=True)
        command = [sys.executable, "-m", "bench", name, "--results", str(results)]
        if subprocess.run(command, check=False).returncode:
            failed.append(str(name))
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
        raise typer.Exit(1)


@app.command(help=__doc__)
def main(
    name: Annotated[
        Benchmark | None, typer.Argument(help="One benchmark; all of speed without it.")
    ] = None,
    results: Annotated[Path, typer.Option(help="The file that keeps the lines.")] = RESULTS_FILE,
) -> None:
    """Measure, print, and write into the results file."""
    if name is None:
        measure_speed(results)
    else:
        measure_one(name, results)


if __name__ == "__main__":
    app()
