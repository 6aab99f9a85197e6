"""The file of a backup: a tar whose last members list what the others must be."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Self

from core.errors import BackupError

FORMAT = 1
MANIFEST, MANIFEST_SHA256, KEYS = "manifest.json", "manifest.sha256", "films.key"
TABLES, FILMS = "tables/", "films/"
Progress = Callable[[int, int], None]
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """What a member of the file must be."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes
    ----------
    made_at : str
        ISO 8601, UTC.
    head : str
        Newest hash of the audit log; empty where the database was older than the log.
    faults : tuple of str or None
        What was wrong with the audit log already; None where it could not be checked.
    counts : dict
        Rows of each table.
    missing : tuple of str
        Addresses of films whose file was gone.
    """

    made_at: str
    app_version: str
    revision: str
    head: str
    faults: tuple[str, ...] | None
    counts: dict[str, int]
    films: int
    missing: tuple[str, ...]
    with_key: bool
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def needs_key(self) -> bool:
        """Whether films or teaching cases open only with a master key that lies elsewhere."""
        return bool(self.counts.get("film_secrets")) and not self.with_key


def _manifest(content: bytes, path: Path) -> Manifest:
    try:
        stated = json.loads(content)
        version = int(stated.pop("format"))
        if version > FORMAT:
            raise BackupError(
                f"{path} was written by a newer First Read (format {version}): restore it with "
                "that version."
            )
        faults = stated.pop("faults")
        stated["members"] = {name: Member(**one) for name, one in stated["members"].items()}
        stated["missing"] = tuple(stated["missing"])
        return Manifest(**stated, faults=None if faults is None else tuple(faults))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise _damaged(path, f"{MANIFEST} does not list what a backup holds") from exc


def _damaged(path: Path, what: str) -> BackupError:
    return BackupError(
        f"{path} is not as it was written: {what}. Nothing was restored. Take another backup."
    )


# --- writing --------------------------------------------------------------------------------------


class BackupWriter:
    """Members of a backup, one after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
        self.members: dict[str, Member] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        self.members[name] = Member(hashlib.sha256(content).hexdigest(), len(content))
        self._put(name, io.BytesIO(content), len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a member from a file, which may be larger than the memory."""
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            size = content.tell()
            content.seek(0)
            self.members[name] = Member(sha256, size)
            self._put(name, content, size)

    def close(self, manifest: Manifest) -> None:
        """Add the manifest, and end the file."""
        stated = {"format": FORMAT} | asdict(manifest)
        content = json.dumps(stated, indent=1, ensure_ascii=False).encode()
        self._put(MANIFEST, io.BytesIO(content), len(content))
        line = f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()
        self._put(MANIFEST_SHA256, io.BytesIO(line), len(line))
        self._tar.close()

    def _put(self, name: str, content: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._tar.addfile(entry, content)


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write that gets its name when it is whole; only this account reads it.

    Raises
    ------
    BackupError
        If a file of that name is there, or it cannot be written; nothing half-written stays.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    try:
        refuse_if_there(path)
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        refuse_if_there(path)
        beside.rename(path)
    except OSError as exc:
        raise cannot_write(path, exc) from exc
    finally:
        beside.unlink(missing_ok=True)


def refuse_if_there(path: Path) -> None:
    """Refuse a target that exists.

    Raises
    ------
    BackupError
        If it does.
    """
    if path.exists():
        raise BackupError(f"{path} is there already and stays as it is: name another file.")


def cannot_write(path: Path, exc: OSError) -> BackupError:
    """Return the error for a backup that cannot be written."""
    return BackupError(
        f"{path} cannot be written ({exc.strerror or exc}) and nothing of it was left: make room, "
        "or name a folder that is there and may be written."
    )


# --- reading --------------------------------------------------------------------------------------


class BackupReader(AbstractContextManager["BackupReader"]):
    """A backup that is open for reading.

    Raises
    ------
    BackupError
        If the file cannot be opened or is no backup.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as exc:
            raise BackupError(f"{path} cannot be read ({exc.strerror}).") from exc
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115
        except (tarfile.TarError, OSError) as exc:
            self._file.close()
            raise BackupError(
                f"{path} is no backup of First Read, or its beginning is damaged."
            ) from exc
        self._entries: dict[str, tarfile.TarInfo] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()
        self._file.close()

    def check(self, progress: Progress) -> Manifest:
        """Hold every member to the manifest before anything is restored.

        Raises
        ------
        BackupError
            If a member was changed, is missing, was added, or the file ends within one.
        """
        found: dict[str, Member] = {}
        size = max(1, os.fstat(self._file.fileno()).st_size)
        for entry in self._each():
            if entry.name in found:
                raise _damaged(self.path, f"{entry.name} is in it twice")
            found[entry.name] = self._measure(entry)
            self._entries[entry.name] = entry
            progress(min(size, entry.offset_data + entry.size), size)
        for name in (MANIFEST, MANIFEST_SHA256):
            if name not in found:
                last = next(reversed(found), "its beginning")
                raise _damaged(self.path, f"{name} is missing: the file ends after {last}")
        stated = self.read(MANIFEST_SHA256).split(b" ")[0].decode("ascii", "replace")
        if stated != found[MANIFEST].sha256:
            raise _damaged(self.path, f"{MANIFEST} was changed")
        manifest = _manifest(self.read(MANIFEST), self.path)
        self._compare(found, manifest.members)
        return manifest

    def _each(self) -> Iterator[tarfile.TarInfo]:
        last = "its beginning"
        while True:
            try:
                entry = self._tar.next()
            except (tarfile.TarError, OSError) as exc:
                raise _damaged(self.path, f"{last} is cut short or damaged") from exc
            if entry is None:
                return
            last = entry.name
            yield entry

    def _measure(self, entry: tarfile.TarInfo) -> Member:
        digest, size = hashlib.sha256(), 0
        try:
            with self.open_entry(entry) as content:
                while chunk := content.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    size += len(chunk)
        except (tarfile.TarError, OSError) as exc:
            raise _damaged(self.path, f"{entry.name} is cut short") from exc
        return Member(digest.hexdigest(), size)

    def _compare(self, found: dict[str, Member], members: dict[str, Member]) -> None:
        for name, member in members.items():
            if name not in found:
                raise _damaged(self.path, f"{name} is missing")
            if found[name] != member:
                raise _damaged(self.path, f"{name} was changed")
        added = set(found) - set(members) - {MANIFEST, MANIFEST_SHA256}
        if added:
            raise _damaged(self.path, f"{min(added)} was added")

    def open_entry(self, entry: tarfile.TarInfo) -> IO[bytes]:
        """Return a member's content; raises BackupError for one that is no file."""
        content = self._tar.extractfile(entry)
        if content is None:
            raise _damaged(self.path, f"{entry.name} is no file")
        return content

    def open(self, name: str) -> IO[bytes]:
        """Return the content of a member that `check` found."""
        return self.open_entry(self._entries[name])

    def read(self, name: str) -> bytes:
        """Return the whole content of a member that `check` found."""
        with self.open(name) as content:
            return content.read()
