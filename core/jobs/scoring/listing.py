"""Which films an archive holds, kept on disk: ten million names would not fit memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import DatasetError
from core.language.words import msg
from core.sites.source import ListedFilm

LISTING_FILE = "listing.parquet"
ROWS = 10_000
_SCHEMA = pa.schema([("film", pa.string()), ("size", pa.int64())])


class Listing(NamedTuple):
    """How many films there are, and a hash of their names and sizes in order."""

    films: int
    sha256: str


def write_listing(
    films: Iterable[ListedFilm], path: Path, counted: Callable[[int], None] = lambda _n: None
) -> Listing:
    """Write the films into a file, some thousands in memory at a time.

    Parameters
    ----------
    counted : callable
        Called with how many there are so far.

    Raises
    ------
    DatasetError
        If there is no film, or the file cannot be written.
    """
    digest, number = hashlib.sha256(), 0
    try:
        with pq.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
            for block in _blocks(films):
                for film in block:
                    digest.update(f"{film.name}\0{film.size}\0".encode("utf-8", "surrogateescape"))
                names = [_text(film.name) for film in block]
                sizes = [film.size for film in block]
                writer.write_table(pa.table([names, sizes], schema=_SCHEMA))
                number += len(block)
                counted(number)
    except OSError as exc:
        raise DatasetError(
            msg("{path} cannot be written ({why}).", path=str(path), why=str(exc.strerror))
        ) from exc
    if not number:
        raise DatasetError(msg("The place holds no file that may be a film."))
    return Listing(number, digest.hexdigest())


def _text(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as exc:
        raise DatasetError(
            msg(
                "The name of {name} is no text in UTF-8. Rename the file.",
                name=repr(name),
            )
        ) from exc
    return name


def _blocks(films: Iterable[ListedFilm]) -> Iterator[list[ListedFilm]]:
    block: list[ListedFilm] = []
    for film in films:
        block.append(film)
        if len(block) == ROWS:
            yield block
            block = []
    if block:
        yield block


def read_listing(path: Path, films_a_part: int) -> Iterator[list[ListedFilm]]:
    """Yield the films of one part after the other.

    Raises
    ------
    DatasetError
        If the file is damaged.
    """
    waiting: list[ListedFilm] = []
    try:
        with pq.ParquetFile(path) as file:
            for block in file.iter_batches(ROWS):
                columns = (block.column(place).to_pylist() for place in (0, 1))
                waiting += map(ListedFilm, *columns)
                while len(waiting) >= films_a_part:
                    yield waiting[:films_a_part]
                    del waiting[:films_a_part]
    except (OSError, pa.ArrowException) as exc:
        raise DatasetError(msg("{path} is damaged. Delete it, and try again.", path=path)) from exc
    if waiting:
        yield waiting
