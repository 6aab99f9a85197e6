"""The built-in synthetic films, generated and read by a separate process at first start.

Nothing of what draws, reads and counts is loaded here: the app stays as small as it is without.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Self

from core.domain.model import RunRecord
from core.files import read_checked, write_checked
from core.imaging.png import is_whole_png
from core.jobs.background import BackgroundTask
from core.jobs.batch import UploadedFilm
from core.phantom.builtin import (
    BUILT_IN_FILMS,
    DRAWING_VERSION,
    MANIFEST,
    READING_VERSION,
    built_in_folder,
)
from core.runs.store import reading_identity
from core.settings import PROJECT_ROOT

OFFERED = 12
PREPARE = "prepare-examples"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExamplesSummary:
    """How the served run reads the built-in set.

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


class ExamplesTask(BackgroundTask[None]):
    """The built-in set on its way; what is drawn when it is cancelled stays.

    Parameters
    ----------
    run : RunRecord
        That reads the films.
    gate_sha256 : str
        Of the quality gate's record.
    """

    def __init__(self, cache_folder: Path, models: Path, run: RunRecord, gate_sha256: str) -> None:
        super().__init__("the synthetic films")
        self._environment = {
            "FIRSTREAD_CACHE": str(cache_folder.absolute()),
            "FIRSTREAD_MODELS": str(models.absolute()),
            "FIRSTREAD_SERVED_RUN": run.run_id,
        }
        self._cache = cache_folder
        self._summary = summary_path(cache_folder, run, gate_sha256)
        self._process: subprocess.Popen[str] | None = None
        self._ready = False

    def start(self) -> Self:
        """Begin, if the work is not done yet; returns the task itself."""
        done = done_path(self._summary).is_file() and self.summary is not None
        if not done or self.drawn < self.total:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "core", PREPARE],
                cwd=PROJECT_ROOT,
                env=os.environ | self._environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            super().start()
        return self

    def cancel(self) -> None:
        """End the work."""
        super().cancel()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _work(self) -> None:
        assert self._process is not None
        _, said = self._process.communicate()
        lines = said.strip().splitlines()
        if self._process.returncode and "Traceback" in said:
            _log.error("the synthetic films could not be prepared: %s", said)
            self.sentence = self.fault
        elif self._process.returncode and lines:
            self.sentence = lines[-1]  # before it LiteRT may say what it runs on
        elif self.summary is None:
            self.sentence = "The work was stopped; start First Read again."

    @property
    def drawn(self) -> int:
        """Films that are there already."""
        return len(drawn_files(self._cache))

    @property
    def total(self) -> int:
        """Films in all."""
        return BUILT_IN_FILMS

    @property
    def summary(self) -> ExamplesSummary | None:
        """How the served run reads them; None until it has."""
        kept = read_checked(self._summary)
        if kept is None:
            return None
        try:
            return ExamplesSummary(**json.loads(kept))
        except (TypeError, ValueError):  # of another version, or not this program's
            return None

    @property
    def ready(self) -> bool:
        """True once all films are there and the served run has read them, or never will."""
        if not self._ready and self.drawn == self.total:
            self._ready = self.finished or self.summary is not None
        return self._ready


def summary_path(cache_folder: Path, run: RunRecord, gate_sha256: str) -> Path:
    """Return where it is kept how a run reads the built-in set, by all that this depends on."""
    parts = (DRAWING_VERSION, READING_VERSION, reading_identity(run, gate_sha256))
    key = hashlib.sha256("".join(parts).encode()).hexdigest()
    return cache_folder / "phantoms" / f"{run.run_id}-{key[:16]}.checked"


def done_path(summary: Path) -> Path:
    """Return the file that is there once every other run has read the films too."""
    return summary.with_suffix(".done")


def keep_summary(path: Path, summary: ExamplesSummary) -> None:
    """Write what `ExamplesTask.summary` reads."""
    write_checked(path, json.dumps(asdict(summary)).encode())


def example_films(cache_folder: Path, n: int = OFFERED) -> list[UploadedFilm]:
    """Return the first films of the set that are drawn already, as if they had been uploaded.

    Their names do not tell what they show.

    Parameters
    ----------
    n : int
        At most.
    """
    contents = (path.read_bytes() for path in drawn_files(cache_folder))
    whole = islice(filter(is_whole_png, contents), n)  # a damaged one is drawn again at a start
    keyed = sorted((hashlib.sha256(content).hexdigest(), content) for content in whole)
    return [
        UploadedFilm(key, f"synthetic-{number:02}.png", content)
        for number, (key, content) in enumerate(keyed, start=1)
    ]


def drawn_files(cache_folder: Path) -> list[Path]:
    """Return the files of the built-in set that are there, in its order."""
    folder = built_in_folder(cache_folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = [folder / film["film_id"] for film in manifest["films"]]
    except (OSError, KeyError, TypeError, ValueError):  # nothing is drawn yet, or not by this
        return []
    return [path for path in files if path.is_file()]
