"""Score an archive into a folder of Parquet files; what is finished there is not scored again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.errors import Cancelled, ExplanationError
from core.files import sha256_of
from core.jobs.scoring.batch import Reading
from core.jobs.scoring.cluster import Batch, Scorer, Stopping
from core.jobs.scoring.listing import LISTING_FILE, read_listing, write_listing
from core.jobs.scoring.manifest import (
    Manifest,
    go_on,
    own_folder,
    read_manifest,
    write_manifest,
)
from core.jobs.scoring.parts import FOLDER, PartKey, is_whole, write_part
from core.language.words import msg
from core.pipeline import HEALTHY_RUN, Engine, open_engine
from core.runs.store import RECORD_FILE, export_identity, reading_identity
from core.sites.source import walk_films

LEAST_PART, MOST_PART, PARTS = 32, 1000, 1000
"""Films of a part: so few that a kill costs seconds, so many that the files are not countless."""

_NO_HEALTHY = "none"


@dataclass(frozen=True, slots=True)
class Steps:
    """What is told of a job as it goes on.

    Attributes
    ----------
    listed : callable
        Called with the number of films found so far.
    done : callable
        Called with films finished, films in all, and films that this process scored.
    """

    listed: Callable[[int], None] = lambda _n: None
    done: Callable[[int, int, int], None] = lambda _done, _all, _own: None


def score_archive(
    place: str,
    folder: Path,
    models: Path,
    run_id: str,
    scorer: Scorer,
    *,
    explained: bool = False,
    films_a_part: int = 0,
    steps: Steps | None = None,
    stopping: Stopping = lambda: False,
) -> Manifest:
    """Gate and score every film of a place, or go on with it.

    Parameters
    ----------
    place : str
        As `core.sites.source` takes it.
    folder : Path
        Where the scores go.
    films_a_part : int
        0 chooses by the number of films; a job that goes on keeps its own.

    Raises
    ------
    DatasetError
        If the place or the folder cannot be used, or the folder holds another job.
    ModelError
        If the run cannot be opened.
    ExplanationError
        If it is to be explained, and its log odds cannot be split by place.
    Cancelled
        If ``stopping`` returned True; what is finished stays.
    """
    told = steps or Steps()
    engine = open_engine(models, run_id, threads=1)
    if explained and not engine.classifier.has_evidence:
        raise ExplanationError(
            msg("The log odds of run {run} cannot be split by place.", run=run_id)
        )

    def listed(films: int) -> None:
        if stopping():
            raise Cancelled(msg("Scoring was stopped."))
        told.listed(films)

    with own_folder(folder):
        job = _begin(place, folder, models, engine, explained, films_a_part, listed)
        del engine  # the workers have their own
        _score_missing(job, place, folder, scorer, told, stopping)
        if not job.finished:
            job = replace(job, finished=_now())
            write_manifest(folder, job)
    return job


def _begin(
    place: str,
    folder: Path,
    models: Path,
    engine: Engine,
    explained: bool,
    films_a_part: int,
    listed: Callable[[int], None],
) -> Manifest:
    """List the place, and return the job that the folder holds, or a new one."""
    kept, listing = read_manifest(folder), folder / LISTING_FILE
    fresh = listing.with_name(f".{LISTING_FILE}")
    try:
        found = write_listing(walk_films(place), fresh, listed)
        run = engine.classifier.run_record
        wanted = Manifest(
            run_id=run.run_id,
            identity=reading_identity(run, engine.gate.sha256),
            export_sha256=export_identity(run),
            gate_sha256=engine.gate.sha256,
            explained_by=_healthy_identity(models) if explained else "",
            threshold=run.operating_point.threshold,
            place=place,
            listing_sha256=found.sha256,
            films=found.films,
            films_a_part=films_a_part or choose_part(found.films),
            version=__version__,
            begun=_now(),
        )
        if kept is not None:
            wanted = go_on(kept, wanted, folder)
        fresh.replace(listing)
    finally:
        fresh.unlink(missing_ok=True)
    if kept is None:
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        write_manifest(folder, wanted)
    return wanted


def choose_part(films: int) -> int:
    """Return how many films a part has."""
    return min(MOST_PART, max(LEAST_PART, -(-films // PARTS)))


def _healthy_identity(models: Path) -> str:
    record = models / HEALTHY_RUN / RECORD_FILE
    return sha256_of(record) if record.is_file() else _NO_HEALTHY


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _score_missing(
    job: Manifest, place: str, folder: Path, scorer: Scorer, told: Steps, stopping: Stopping
) -> None:
    """Score the parts that are not there or torn, and write each as it comes."""
    missing = [
        part
        for part in range(job.parts)
        if not is_whole(folder, PartKey(job.job, part, job.films_of(part)))
    ]
    lacking = sum(map(job.films_of, missing))
    own = 0
    told.done(job.films - lacking, job.films, own)
    if not missing:
        return
    reading = Reading(_absolute(place), job.run_id, job.identity, job.explained)
    batches = _batches(job, folder / LISTING_FILE, set(missing))
    with closing(scorer(reading, batches, stopping)) as scored:
        for batch, scores in scored:
            key = PartKey(job.job, batch.part, len(batch.films))
            write_part(folder, key, batch.first, batch.films, scores, explained=job.explained)
            own += len(batch.films)
            told.done(job.films - lacking + own, job.films, own)


def _absolute(place: str) -> str:
    """Return a path of this machine from its root: a worker may start in another folder."""
    return place if "://" in place or "::" in place else str(Path(place).absolute())


def _batches(job: Manifest, listing: Path, missing: set[int]) -> Iterator[Batch]:
    for part, films in enumerate(read_listing(listing, job.films_a_part)):
        if part in missing:
            yield Batch(part, part * job.films_a_part, tuple(films))
