"""The built-in synthetic films, drawn and read at the first start by a process of its own.

Nothing of what draws, reads and counts is loaded here: the app stays as small as it is without.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from core.batch import UploadedFilm
from core.domain import RunRecord
from core.phantom_folder import (
    BUILT_IN_FILMS,
    MANIFEST,
    built_in_folder,
    drawing_sha256,
    reading_sha256,
    write_whole,
)
from core.run_store import export_identity
from core.settings import PROJECT_ROOT

OFFERED = 12
PREPARE = "prepare-examples"


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


class ExamplesTask:
    """The built-in set on its way.

    Parameters
    ----------
    cache_folder : Path
    run : RunRecord
        That reads the films.
    """

    def __init__(self, cache_folder: Path, run: RunRecord) -> None:
        self._cache, self._run_id = cache_folder, run.run_id
        self._summary = summary_path(cache_folder, run)
        self._process: subprocess.Popen[str] | None = None
        self._said = ""

    def start(self) -> ExamplesTask:
        """Begin, if the work is not done yet; returns the task itself."""
        if not self._summary.is_file():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "core", PREPARE],
                cwd=PROJECT_ROOT,
                env=os.environ
                | {
                    "FIRSTREAD_CACHE": str(self._cache.absolute()),
                    "FIRSTREAD_SERVED_RUN": self._run_id,
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            threading.Thread(target=self._wait, args=(self._process,), daemon=True).start()
        return self

    def _wait(self, process: subprocess.Popen[str]) -> None:
        _, said = process.communicate()
        if process.returncode:
            self._said = said.strip() or "The work was stopped; start First Read again."

    @property
    def drawn(self) -> int:
        """Films that are there already."""
        return len(_drawn_files(self._cache))

    @property
    def total(self) -> int:
        """Films in all."""
        return BUILT_IN_FILMS

    @property
    def summary(self) -> ExamplesSummary | None:
        """How the served run reads them; None until it has."""
        if not self._summary.is_file():
            return None
        return ExamplesSummary(**json.loads(self._summary.read_text(encoding="utf-8")))

    @property
    def sentence(self) -> str:
        """Why the films or their reading will not come; empty while they may."""
        return self._said

    def stop(self) -> None:
        """End the work; what is drawn stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def summary_path(cache_folder: Path, run: RunRecord) -> Path:
    """Return where it is kept how a run reads the built-in set, by all that this depends on."""
    parts = (reading_sha256(), export_identity(run), run.calibration, run.operating_point.threshold)
    key = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()
    return cache_folder / "phantoms" / f"{drawing_sha256()[:16]}-{run.run_id}-{key[:16]}.json"


def keep_summary(path: Path, summary: ExamplesSummary) -> None:
    """Write what `ExamplesTask.summary` reads."""
    write_whole(path, json.dumps(asdict(summary)).encode())


def example_films(cache_folder: Path, n: int = OFFERED) -> list[UploadedFilm]:
    """Return the first films of the set that are drawn already, as if they had been uploaded.

    Their names do not tell what they show.

    Parameters
    ----------
    cache_folder : Path
    n : int
        At most.
    """
    films = []
    for number, path in enumerate(_drawn_files(cache_folder)[:n], start=1):
        content = path.read_bytes()
        key = hashlib.sha256(content).hexdigest()
        films.append(UploadedFilm(key, f"synthetic-{number:02}.png", content))
    return films


def _drawn_files(cache_folder: Path) -> list[Path]:
    folder = built_in_folder(cache_folder)
    try:
        planned = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["films"]
    except OSError:  # nothing is drawn yet
        return []
    files = (folder / film["film_id"] for film in planned)
    return [path for path in files if path.is_file()]
