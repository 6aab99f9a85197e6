"""The encrypted files of films, in a folder or in a bucket."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
from collections.abc import Collection, Iterator
from datetime import datetime

import fsspec
from fsspec.implementations.local import LocalFileSystem

from core.errors import FilmGone, FilmStoreError
from core.language.words import msg

_log = logging.getLogger(__name__)
_BUCKETS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl"}
_OWN_NAME = re.compile(r"[0-9a-f]{64}(\.[0-9a-f]{12}\.part)?")


class FilmObjects:
    """Files by their address, written whole or not at all.

    Parameters
    ----------
    place : str
        A folder, or an address that fsspec knows, such as ``s3://bucket/films``.

    Raises
    ------
    FilmStoreError
        If the address is of a kind that this installation does not reach.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        try:
            self._system, self._root = fsspec.core.url_to_fs(place)
        except (ImportError, ValueError) as exc:
            raise FilmStoreError(
                msg(
                    "Films cannot be kept at {place!r} ({error}). Name a folder, or "
                    "install what reaches that address, for S3: pip install s3fs.",
                    place=place,
                    error=exc,
                )
            ) from exc

    @staticmethod
    def new_address(site: str) -> str:
        """Return a random address of a site; nobody finds it who knows the film."""
        return f"{site}/{secrets.token_hex(32)}"

    def write(self, address: str, content: bytes) -> None:
        """Keep a file; one of that address is replaced.

        Raises
        ------
        FilmStoreError
            If it cannot be written.
        """
        path = self._path(address)
        beside = f"{path}.{os.urandom(6).hex()}.part"
        with self._sentences(msg("written to")):
            if not self._is_bucket():  # a mistyped one would be made, open to who knows whom
                self._system.makedirs(self._system._parent(path), exist_ok=True)
            try:
                with self._system.open(beside, "wb") as file:
                    file.write(content)
                    file.flush()
                    with contextlib.suppress(AttributeError, OSError, ValueError):
                        os.fsync(file.fileno())  # a bucket has no such number, and needs none
                self._system.mv(beside, path)
                self._sync(path)
            except BaseException:
                with contextlib.suppress(Exception):
                    self._system.rm_file(beside)
                raise

    def _is_bucket(self) -> bool:
        named = self._system.protocol
        return not _BUCKETS.isdisjoint((named,) if isinstance(named, str) else named)

    def _sync(self, path: str) -> None:
        """Bring a renamed file's folder to the disk, where there is one."""
        if isinstance(self._system, LocalFileSystem):
            folder = os.open(self._system._parent(path), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def read(self, address: str) -> bytes:
        """Return a file's content.

        Raises
        ------
        FilmGone
            If it is not there.
        FilmStoreError
            If it cannot be read.
        """
        with self._sentences(msg("read from")):
            try:
                return bytes(self._system.cat_file(self._path(address)))
            except FileNotFoundError as exc:
                raise FilmGone(
                    msg(
                        "The film's file is not in {place} any more: add the film again.",
                        place=self.place,
                    )
                ) from exc

    def erase(self, address: str) -> None:
        """Take a file away; one that is not there is no error.

        Raises
        ------
        FilmStoreError
            If it cannot be taken away.
        """
        with self._sentences(msg("erased from")), contextlib.suppress(FileNotFoundError):
            self._system.rm_file(self._path(address))

    def holds_files(self) -> bool:
        """Return whether any file lies there, whoever put it there.

        Raises
        ------
        FilmStoreError
            If it cannot be listed.
        """
        with self._sentences(msg("listed in")):
            return any(files for _, _, files in self._system.walk(self._root))

    def take_back(self, addresses: Collection[str]) -> None:
        """Take files away with the folders that were made for them."""
        for address in addresses:
            self.erase(address)
            folder = self._system._parent(self._path(address))
            while isinstance(self._system, LocalFileSystem) and folder != self._root.rstrip("/"):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)  # noqa: PTH106 - fails, as it should, where files are left
                folder = self._system._parent(folder)

    def sweep(self, site: str, known: Collection[str], older_than: datetime) -> int:
        """Take away a site's files that nobody knows, as a broken write leaves them.

        Parameters
        ----------
        known : collection of str
            Addresses whose files stay. Files of other names stay too.
        older_than : datetime
            Younger files stay: their row may be on its way.

        Returns
        -------
        int
            How many went.
        """
        with self._sentences(msg("listed in")):
            try:
                found = self._system.find(f"{self._root.rstrip('/')}/{site}")
            except FileNotFoundError:
                return 0
            names = {path: path.rpartition("/")[2] for path in found}
            ours = [path for path, name in names.items() if _OWN_NAME.fullmatch(name)]
            lost = [path for path in ours if f"{site}/{names[path]}" not in known]
            old = [path for path in lost if self._system.modified(path) < older_than]
            for path in old:
                self._system.rm_file(path)
        return len(old)

    def _path(self, address: str) -> str:
        site, _, name = address.rpartition("/")
        return f"{self._root.rstrip('/')}/{site}/{name[:2]}/{name}"

    @contextlib.contextmanager
    def _sentences(self, done: str) -> Iterator[None]:
        try:
            yield
        except FilmStoreError:
            raise
        except Exception as exc:  # every kind of bucket has errors of its own
            _log.exception("a film could not be kept, fetched or erased")
            raise FilmStoreError(
                msg(
                    "The film cannot be {done} {place} ({error}): make room there, or "
                    "give First Read the right to write, then try again.",
                    done=done,
                    place=self.place,
                    error=type(exc).__name__,
                )
            ) from exc
