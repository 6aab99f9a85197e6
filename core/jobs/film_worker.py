"""Reads films in a process of its own, so that a file costs nobody else time or memory.

:class:`core.jobs.film_pool.FilmPool` starts it with the number of an open socket. It answers each
`FilmWork` with a `FilmAnswer`, an error, or, where a file made it end, with nothing.
"""

from __future__ import annotations

import logging
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from core.domain.film import Radiograph, Turn
from core.domain.model import ModelInput, SiteSetting
from core.errors import FirstReadError, ModelIntegrity
from core.imaging.decoding import decode_radiograph
from core.imaging.dicom.deidentify import Deidentified, deidentify
from core.imaging.display import DisplayedFilm, display_film
from core.imaging.time_limit import extend_limit
from core.inference.gate_files import open_gate
from core.jobs.film_scores import FilmScore, score_film
from core.jobs.memory import give_memory_back
from core.jobs.passing import put, take
from core.language.words import msg
from core.observability.logs import configure_logs
from core.pipeline import (
    Engine,
    FilmReading,
    open_classifier,
    open_engine,
    prepare_radiograph,
    read_radiograph,
    score_radiograph,
)
from core.runs.store import load_run, reading_identity

_log = logging.getLogger(__name__)

DECODING_S = 2.0
"""Processor time that decoding a file may take; JPEG 2000 may take more by its size."""

DECODING_BYTES = 500_000_000
"""Address space that decoding a file may add, the file itself left out."""


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """Where the run that reads films lies, with how many threads it reads, and which one it is.

    Attributes
    ----------
    identity : str
        `reading_identity` of the run, with the site's setting, and the gate.
    site : SiteSetting or None
        None: by the run's own calibration and operating point.
    """

    models: Path
    run_id: str
    threads: int
    identity: str
    site: SiteSetting | None = None

    @classmethod
    def of(cls, engine: Engine, models: Path, threads: int) -> EngineFiles:
        """Return what a worker process opens to read films as an engine does."""
        run = engine.classifier.run_record
        identity = reading_identity(run, engine.gate.sha256)
        return cls(models.absolute(), run.run_id, threads, identity, run.site)


@dataclass(frozen=True, slots=True)
class InputShape:
    """How a run takes a film: the side of its square input, and whether it sees the lungs only."""

    input_px: int
    cropped: bool


@dataclass(frozen=True, slots=True, eq=False)
class FilmWork:
    """What is wanted of one file.

    Attributes
    ----------
    content : bytes
        Empty on its way, which it makes through a memory file.
    size : int
        Bytes of the content on its way.
    read : bool
        Whether gate and served run read it.
    display : bool
        Whether it is to be shown.
    score : bool
        Whether the run says its score past the gate; it need not be one that may serve.
    shape : InputShape or None
        How it is prepared, if another run than the served one asks.
    secret : bytes
        Not empty: a DICOM file is only stripped of what names its patient, keyed with this.
    key : str
        Which film it is, by the hash of the file as it came; for the log.
    unseen : bool
        Whether a run reads along that nobody sees: such a reading is not counted.
    scored : bool
        Whether gate and run score it as a row of a table, without anything to show.
    explained : bool
        Whether that row says where the score comes from.
    """

    content: bytes
    engine: EngineFiles
    file_name: str = ""
    invert: bool = False
    read: bool = False
    display: bool = False
    shape: InputShape | None = None
    secret: bytes = b""
    size: int = 0
    turn: Turn = Turn.NONE
    key: str = ""
    unseen: bool = False
    score: bool = False
    scored: bool = False
    explained: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FilmAnswer:
    """What became of one file; None for what was not asked for. ``score``: logit and probability.

    The levels of what is shown make their way through a memory file, and are empty on it; so does
    the content of what was stripped, of ``size`` bytes.
    """

    reading: FilmReading | None = None
    shown: DisplayedFilm | None = None
    prepared: ModelInput | None = None
    stripped: Deidentified | None = None
    size: int = 0
    score: tuple[float, float] | None = None
    row: FilmScore | None = None


@lru_cache(maxsize=2)
def _engine(files: EngineFiles) -> Engine:
    engine = open_engine(files.models, files.run_id, files.threads, files.site)
    return _unchanged(engine, files)


@lru_cache(maxsize=1)
def _scorer(files: EngineFiles) -> Engine:
    classifier = open_classifier(load_run(files.models / files.run_id), files.threads)
    return _unchanged(Engine(classifier, _gate(files.models, files.threads)), files)


_gate = lru_cache(maxsize=1)(open_gate)


def _unchanged(engine: Engine, files: EngineFiles) -> Engine:
    if reading_identity(engine.classifier.run_record, engine.gate.sha256) != files.identity:
        raise ModelIntegrity(
            msg(
                "the files of run {run_id} or of the quality gate have changed since First "
                "Read was started. Start it again.",
                run_id=files.run_id,
            )
        )
    return engine


@contextmanager
def decoding_limits() -> Iterator[None]:
    """Let the operating system end this process if decoding takes too long; bound its memory.

    A timer's signal ends a process inside of any library; a handler would wait for its return.
    """

    def extend(seconds: float) -> None:
        left, _ = signal.getitimer(signal.ITIMER_PROF)
        signal.setitimer(signal.ITIMER_PROF, left + seconds)

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    address_space = _address_space()
    if address_space:
        most = address_space + DECODING_BYTES
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)  # the site's own limit
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    signal.setitimer(signal.ITIMER_PROF, DECODING_S)
    token = extend_limit.set(extend)
    try:
        yield
    finally:
        extend_limit.reset(token)
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Return the bytes of this process's address space; 0 where the system does not tell."""
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        return pages * resource.getpagesize()
    return 0


def answer(work: FilmWork) -> FilmAnswer:
    """Decode a file within the limits, and do what is wanted of it.

    Raises
    ------
    RadiographError
        If the bytes cannot become a radiograph.
    ModelError
        If the run or the gate cannot be opened.
    """
    if work.secret:
        with decoding_limits():
            return FilmAnswer(stripped=deidentify(work.content, work.secret))
    with decoding_limits():
        film: Radiograph = decode_radiograph(
            work.content, file_name=work.file_name, invert=work.invert, turn=work.turn
        )
    if work.scored:
        engine, models = _engine(work.engine), work.engine.models
        return FilmAnswer(row=score_film(film, engine, models, explained=work.explained))
    reading = shown = prepared = score = None
    if work.read:
        reading = read_radiograph(film, _engine(work.engine))
    if work.display:
        shown = display_film(film)
    if work.score:
        score = score_radiograph(film, _scorer(work.engine))
    if work.shape is not None:
        gate, shape = _engine(work.engine).gate, work.shape
        prepared = prepare_radiograph(film, gate, shape.input_px, cropped=shape.cropped)
    return FilmAnswer(reading, shown, prepared, score=score)


def serve(connection: Connection, memory: int) -> None:
    """Answer one piece of work after another until the other side is gone.

    Parameters
    ----------
    memory : int
        Descriptor of the memory file that carries what is large.
    """
    while True:
        try:
            work = connection.recv()
        except EOFError:
            return
        if isinstance(work, EngineFiles):  # that will read: loaded before the first film comes
            with suppress(FirstReadError):
                _engine(work)
            continue
        connection.send(_attempt(replace(work, content=take(memory, work.size).tobytes()), memory))
        if not work.scored:  # an archive is large: what a film took is taken again by the next
            give_memory_back()


def _attempt(work: FilmWork, memory: int) -> FilmAnswer | Exception:
    """Return the answer as it is sent, or why there is none."""
    try:
        found = answer(work)
    except FirstReadError as exc:
        return exc
    except Exception:  # noqa: BLE001 - the answer says that there was one
        _log.exception("a film could not be read")
        return RuntimeError("a film could not be read; the fault is in the log")
    if found.stripped is not None:
        content = found.stripped.content
        put(memory, content)
        return replace(found, stripped=replace(found.stripped, content=b""), size=len(content))
    if found.shown is None:
        return found
    levels = found.shown.levels
    put(memory, levels.data.cast("B"))
    return replace(
        found, shown=replace(found.shown, levels=np.empty((0, *levels.shape), levels.dtype))
    )


def main() -> None:
    """Serve the socket and the memory file whose numbers the command line names."""
    # Deferred: what only asks the worker need not load the decoders.
    import core.imaging.dicom.reader  # noqa: PLC0415
    import core.imaging.tiff  # noqa: F401, PLC0415

    connection, memory = (int(number) for number in sys.argv[1:3])
    configure_logs("film worker")
    with suppress(BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        serve(Connection(connection), memory)
