"""What a folder of scores is of: it is gone on with by the same job only."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from core.files import replace_file
from core.jobs.scoring.listing import LISTING_FILE
from core.jobs.scoring.parts import FOLDER, sync
from core.language.lists import joined
from core.language.words import Message, msg

MANIFEST_FILE, LOCK_FILE = "score.json", ".lock"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """A job, as it began.

    Attributes
    ----------
    identity : str
        `core.runs.store.reading_identity`: all that decides what the run says of a film.
    explained_by : str
        Hash of what explanations take beside the run; empty where none are made.
    threshold : float
        The run's operating point, on the probability.
    films : int
        In the listing.
    finished : str
        When the last part was written; empty before.
    """

    run_id: str
    identity: str
    export_sha256: str
    gate_sha256: str
    explained_by: str
    threshold: float
    place: str
    listing_sha256: str
    films: int
    films_a_part: int
    version: str
    begun: str
    finished: str = ""
    format: int = FORMAT

    @property
    def explained(self) -> bool:
        """Whether each film's row says where its score comes from."""
        return bool(self.explained_by)

    @property
    def parts(self) -> int:
        """How many parts the films make."""
        return -(-self.films // self.films_a_part)

    @property
    def job(self) -> str:
        """Hash of what decides the rows; every part states it."""
        decides = (
            self.identity,
            self.explained_by,
            self.listing_sha256,
            self.films_a_part,
            self.format,
        )
        return hashlib.sha256("|".join(map(str, decides)).encode()).hexdigest()

    def films_of(self, part: int) -> int:
        """Return how many films a part has."""
        return min(self.films_a_part, self.films - part * self.films_a_part)


def read_manifest(folder: Path) -> Manifest | None:
    """Return what a folder is of; None if no films were scored into it.

    Raises
    ------
    DatasetError
        If it cannot be read, or another version of First Read wrote it.
    """
    path = folder / MANIFEST_FILE
    try:
        stated: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        raise DatasetError(
            msg("{path} cannot be read. Name another folder with --out.", path=str(path))
        ) from exc
    other = DatasetError(
        msg(
            "{path} is of another version of First Read. Name another folder with --out.",
            path=str(path),
        )
    )
    try:
        manifest = Manifest(**stated)
    except TypeError as exc:
        raise other from exc
    if manifest.format != FORMAT:
        raise other
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what a folder is of, whole or not at all.

    Raises
    ------
    DatasetError
        If it cannot be written.
    """
    path = folder / MANIFEST_FILE
    try:
        replace_file(path, (json.dumps(asdict(manifest), indent=1) + "\n").encode())
        sync(path)
        sync(folder)
    except OSError as exc:
        raise DatasetError(
            msg("{path} cannot be written ({why}).", path=str(path), why=str(exc.strerror))
        ) from exc


def go_on(kept: Manifest, wanted: Manifest, folder: Path) -> Manifest:
    """Return the kept job, which the wanted one goes on with.

    Raises
    ------
    DatasetError
        If the wanted job would give other rows; the sentence names each difference.
    """
    other: list[Message] = []
    if kept.run_id != wanted.run_id:
        other.append(
            msg("the run was {kept} and is {wanted}", kept=kept.run_id, wanted=wanted.run_id)
        )
    elif kept.export_sha256 != wanted.export_sha256:
        other.append(msg("run {run} has another export now", run=kept.run_id))
    if kept.gate_sha256 != wanted.gate_sha256:
        other.append(msg("the quality gate is another one"))
    if kept.explained and not wanted.explained:
        other.append(msg("the films were explained, and now are not"))
    elif wanted.explained and not kept.explained:
        other.append(msg("the films were not explained, and now are"))
    elif kept.explained_by != wanted.explained_by:
        other.append(msg("the network that draws healthy lungs is another one"))
    if kept.listing_sha256 != wanted.listing_sha256:
        other.append(
            msg(
                "the source had {kept} films and has {wanted}, or some have another size",
                kept=kept.films,
                wanted=wanted.films,
            )
        )
    if not other and kept.identity != wanted.identity:
        other.append(msg("run {run} has another calibration or threshold", run=kept.run_id))
    if other:
        raise DatasetError(
            msg(
                "{folder} holds the scores of another job: {differences}. Name another folder "
                "with --out.",
                folder=str(folder),
                differences=joined(other, "; "),
            )
        )
    return kept


@contextmanager
def own_folder(folder: Path) -> Iterator[None]:
    """Keep a folder for one job at a time; it is made if it is not there.

    Raises
    ------
    DatasetError
        If another process scores into it, it holds other files, or it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = {path.name for path in folder.iterdir()}
        if MANIFEST_FILE not in found and found - {LISTING_FILE, LOCK_FILE, FOLDER}:
            raise DatasetError(
                msg(
                    "{folder} holds other files. Name an empty folder with --out.",
                    folder=str(folder),
                )
            )
        lock = (folder / LOCK_FILE).open("w", encoding="utf-8")
    except OSError as exc:
        raise DatasetError(
            msg("{folder} cannot be written ({why}).", folder=str(folder), why=str(exc.strerror))
        ) from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise DatasetError(
                msg(
                    "Another process scores films into {folder}. Wait for its end.",
                    folder=str(folder),
                )
            ) from exc
        yield
