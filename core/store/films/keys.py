"""The keys of the film store: a master key of the site, and under it one key for each film.

A film's own key is kept in the database, wrapped (AES-GCM) by the master key. A new master key
wraps all of them again and no film is written again; whoever erases a film's key has erased the
film, wherever a copy of its file may lie.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import make_url

from core.errors import FilmGone, FilmStoreError
from core.language.words import msg

KEY_BYTES, _NONCE_BYTES, _ID_BYTES = 32, 12, 4


def encrypt(key: bytes, content: bytes, purpose: str) -> bytes:
    """Return content encrypted and sealed by AES-256-GCM, with its nonce before it.

    Parameters
    ----------
    purpose : str
        What it is and of which film: under another purpose it does not open.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, purpose.encode())


def decrypt(key: bytes, sealed: bytes, purpose: str) -> bytes:
    """Return what `encrypt` sealed.

    Raises
    ------
    FilmGone
        If a bit of it has changed, or the key or the purpose is another.
    """
    try:
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        return AESGCM(key).decrypt(nonce, rest, purpose.encode())
    except (InvalidTag, ValueError) as exc:
        raise FilmGone(
            msg("The kept film is damaged, or was encrypted with another key: add the film again.")
        ) from exc


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master keys of a site: the first wraps, all of them open."""

    keys: tuple[bytes, ...]

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """Return a key under the newest master key."""
        return _identity(self.keys[0]) + encrypt(self.keys[0], key, purpose)

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        """Return a key that `wrap` wrapped.

        Raises
        ------
        FilmStoreError
            If the master key is not among these, or the wrapped key was changed.
        """
        named, sealed = wrapped[:_ID_BYTES], wrapped[_ID_BYTES:]
        for key in self.keys:
            if _identity(key) == named:
                return decrypt(key, sealed, purpose)
        raise FilmStoreError(
            msg(
                "The films are encrypted with the master key {key}, which is not here: "
                "put back the file films.key, or set FIRSTREAD_FILM_KEY to it. Without "
                "it no kept film opens.",
                key=named.hex(),
            )
        )

    def is_current(self, wrapped: bytes) -> bool:
        """Return whether a key is under the newest master key."""
        return wrapped[:_ID_BYTES] == _identity(self.keys[0])


def _identity(key: bytes) -> bytes:
    return hashlib.sha256(b"First Read master key\0" + key).digest()[:_ID_BYTES]


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def parse_keys(text: str, where: str) -> MasterKeys:
    """Return the master keys that a text names, in base64, one a line or between commas.

    Raises
    ------
    FilmStoreError
        If one of them is not 32 bytes in base64, or there is none.
    """
    words = text.replace(",", "\n").split()
    try:
        keys = tuple(base64.b64decode(word, validate=True) for word in words)
    except binascii.Error:
        keys = ()
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise FilmStoreError(
            msg(
                "{where} must hold keys of {size} bytes in base64, the newest "
                "first. Make one with: openssl rand -base64 32.",
                where=where,
                size=KEY_BYTES,
            )
        )
    return MasterKeys(keys)


def keys_as_text(keys: MasterKeys) -> str:
    """Return master keys in base64, one a line, the newest first."""
    return "".join(base64.b64encode(key).decode() + "\n" for key in keys.keys)


def key_file(database_url: str, otherwise: Path) -> Path:
    """Return where the master keys lie where no setting holds them: beside the database.

    Parameters
    ----------
    otherwise : Path
        Folder for a database that is no file.
    """
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).absolute().with_name("films.key")
    return otherwise / "films.key"


def read_key_file(path: Path) -> MasterKeys | None:
    """Return the master keys of a file; None if there is no such file.

    Raises
    ------
    FilmStoreError
        If it cannot be read.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        raise FilmStoreError(msg("{path} cannot be read: {error}.", path=path, error=exc)) from exc
    return parse_keys(text, str(path))


def make_key_file(path: Path) -> MasterKeys:
    """Make a file with a new master key, or return the keys of one that was made meanwhile.

    Raises
    ------
    FilmStoreError
        If it cannot be written.
    """
    with contextlib.suppress(FileExistsError):
        write_key_file(path, MasterKeys((new_key(),)), new=True)
    made = read_key_file(path)
    assert made is not None
    return made


def write_key_file(path: Path, keys: MasterKeys, *, new: bool = False) -> None:
    """Write master keys so that only this account reads them, and a crash loses none.

    Raises
    ------
    FileExistsError
        If it is to be new, and is there.
    FilmStoreError
        If it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    text = keys_as_text(keys)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if new:
                os.link(beside, path)  # which fails where there is one
            else:
                beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as exc:
        raise FilmStoreError(
            msg("{path} cannot be written ({error}).", path=path, error=exc.strerror)
        ) from exc
