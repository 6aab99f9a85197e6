"""Files and folders: written whole or not at all, and known by their hash."""

from __future__ import annotations

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from core.errors import DatasetError
from core.language.words import msg

_log = logging.getLogger(__name__)

_DIGEST_BYTES = 32


def sha256_of(path: Path) -> str:
    """Return a file's sha256 as 64 hexadecimal digits."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def replace_file(path: Path, content: bytes) -> None:
    """Write a file so that whoever reads it meanwhile finds all of the old or the new one.

    Raises
    ------
    OSError
        If it cannot be written; nothing half-written stays.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes its place once all of it is written.

    Raises
    ------
    OSError
        If it cannot be written; nothing half-written stays.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield beside
        beside.chmod(0o755)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file of the cache as `replace_file` does.

    Raises
    ------
    DatasetError
        If it cannot be written; nothing half-written stays.
    """
    try:
        replace_file(path, content)
    except OSError as exc:
        raise DatasetError(
            msg(
                "{name} cannot be written to {folder} ({why}): make room, or name a folder that "
                "can be written (FIRSTREAD_CACHE for the built-in films).",
                name=path.name,
                folder=str(path.parent),
                why=str(exc.strerror),
            )
        ) from exc


def write_checked(path: Path, content: bytes) -> None:
    """Write a file of the cache with the sha256 of its content behind it.

    Raises
    ------
    DatasetError
        If it cannot be written; nothing half-written stays.
    """
    write_whole(path, content + hashlib.sha256(content).digest())


def read_checked(path: Path) -> bytes | None:
    """Return what `write_checked` kept; None if it is missing or any bit of it has changed."""
    try:
        kept = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as exc:
        _log.warning("%s of the cache cannot be read and is made again: %s", path, exc.strerror)
        return None
    content, digest = kept[:-_DIGEST_BYTES], kept[-_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() == digest:
        return content
    _log.warning("%s of the cache is damaged and is made again", path)
    return None
