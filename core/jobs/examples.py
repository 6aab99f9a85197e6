"""The built-in synthetic films as the worklist takes them, with what a run says of them.

Films and readings ship as files. Nothing that draws films is loaded here.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.domain.model import Prediction, RunRecord
from core.jobs.batch import FilmOutcome, FilmState, UploadedFilm
from core.jobs.synthetic_readings import GateReading, KeptReadings
from core.phantom import builtin
from core.phantom.builtin import built_in_files
from core.pipeline import FilmReading
from core.settings import PROJECT_ROOT

SHIPPED, CACHED = "readings", "synthetic_scores"
BEHIND_OTHER_WORK = 10


@dataclass(frozen=True, slots=True)
class ExamplesSummary:
    """How a run reads the built-in set.

    Attributes
    ----------
    let_through : int
        Films that pass the quality gate.
    n, ill : int
        Films in all, and those with pneumonia.
    found, cleared : int
        Pneumonias at or above the operating point, and normals below it; refused films count too.
    """

    let_through: int
    n: int
    ill: int
    found: int
    cleared: int


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """The built-in films, and what a run says of them.

    Attributes
    ----------
    films : sequence of UploadedFilm
        Sorted by their hash, so that neither place nor name tells what a film shows.
    outcomes : mapping of str to FilmOutcome
        By the film's hash; without films that the run has yet to read.
    summary : ExamplesSummary or None
        None where the run has yet to read them.
    """

    films: Sequence[UploadedFilm]
    outcomes: Mapping[str, FilmOutcome]
    summary: ExamplesSummary | None


def reading_folders(cache_folder: Path) -> tuple[Path, Path]:
    """Return where readings of the built-in set lie: those that ship, and those made here."""
    return builtin.BUILT_IN_FOLDER / SHIPPED, cache_folder / CACHED


def open_examples(run: RunRecord, gate_sha256: str, cache_folder: Path) -> Examples:
    """Return the built-in films with a run's kept readings; no film if one is missing.

    Parameters
    ----------
    gate_sha256 : str
        Of the quality gate's record.
    """
    contents = {path: path.read_bytes() for path in built_in_files()}
    hashes = {path: hashlib.sha256(content).hexdigest() for path, content in contents.items()}
    keyed = sorted((hashes[path], content) for path, content in contents.items())
    films = [
        UploadedFilm(key, f"synthetic-{number:02}.png", content, shipped=True)
        for number, (key, content) in enumerate(keyed, start=1)
    ]
    kept = KeptReadings(_set_sha256(hashes), reading_folders(cache_folder))
    said = kept.of_run(run.without_site, gate_sha256)
    looks = kept.of_gate(gate_sha256, run.input_px)
    if said is None or looks is None:
        return Examples(films, {}, None)
    if run.site is not None:
        said = replace(said, probability=run.site.calibration.apply(said.probability))
    rows = dict(zip(said.films.film_id.tolist(), range(len(said)), strict=True))
    outcomes = {}
    if not run.members:  # how far members disagree is not kept
        for look in looks:
            row = rows[look.film_id]
            logit, probability = float(said.logit[row]), float(said.probability[row])
            reading = _as_read(look, run, logit, probability)
            outcomes[look.film_sha256] = FilmOutcome(FilmState.READ, reading)
    ill, called = said.films.label == 1, said.probability >= run.operating_point.threshold
    summary = ExamplesSummary(
        let_through=sum(not look.refused for look in looks),
        n=len(said),
        ill=int(ill.sum()),
        found=int((ill & called).sum()),
        cleared=int((~ill & ~called).sum()),
    )
    return Examples(films, outcomes, summary)


def _set_sha256(hashes: Mapping[Path, str]) -> str:
    """Return what `DatasetIndex.sha256` is of the same films."""
    names = {path.relative_to(builtin.BUILT_IN_FOLDER).as_posix(): hashes[path] for path in hashes}
    lines = sorted(f"{name} {sha256}\n" for name, sha256 in names.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _as_read(look: GateReading, run: RunRecord, logit: float, probability: float) -> FilmReading:
    from scipy.special import expit  # noqa: PLC0415 (a fifth of a second)

    assert look.reading.quality is not None
    prediction = Prediction(
        probability=probability,
        score=float(expit(logit)),
        run_id=run.run_id,
        operating_point=run.operating_point,
        abstention=run.abstention,
    )
    return FilmReading(
        film_sha256=look.film_sha256,
        thumbnail=look.reading.thumbnail,
        height_px=look.reading.height_px,
        width_px=look.reading.width_px,
        source_format=look.reading.source_format,
        quality=look.reading.quality,
        prediction=None if look.refused else prediction,
        model_input=None,
    )


def read_behind(cache_folder: Path, models: Path) -> subprocess.Popen[bytes]:
    """Have a separate process read the built-in films with the runs that have yet to read them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "phantom-scores"],
        cwd=PROJECT_ROOT,
        env=os.environ
        | {
            "FIRSTREAD_CACHE": str(cache_folder.absolute()),
            "FIRSTREAD_MODELS": str(models.absolute()),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, process.pid, BEHIND_OTHER_WORK)
    return process
