"""A site's labels: a CSV file with a row a film, read by one reader or two.

``film`` is the file's name, or its path under the folder. ``label`` is the settled label; without
it ``reader_1`` and ``reader_2`` have to agree, and a film on which they do not is left out.
``patient`` holds a patient's films together. Every other column tells films apart, such as ward.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import DatasetError
from core.language.words import Message, msg

FILM, LABEL, PATIENT = "film", "label", "patient"
READERS = ("reader_1", "reader_2")
ILL = frozenset({"1", "pneumonia", "yes", "true", "positive", "neumonía", "neumonia", "sí", "si"})
WELL = frozenset({"0", "normal", "no", "false", "negative"})
MOST_BYTES, MOST_GROUPS = 50_000_000, 10
_ENCODING = "utf-8-sig"

NOT_SETTLED = msg("the readers disagree, and no label settles it")
NOT_LABELLED = msg("nobody has labelled it")


@dataclass(frozen=True, slots=True)
class FilmLabel:
    """What a site says of one film.

    Attributes
    ----------
    ill : bool or None
        None if it is not settled.
    readers : mapping of str to bool
        By reader, as far as they read it.
    patient : str
        As in the file; empty if it has no such column.
    groups : mapping of str to str
    """

    ill: bool | None
    readers: Mapping[str, bool]
    patient: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def why_left_out(self) -> Message | None:
        """Why it cannot be measured; None if it can."""
        if self.ill is not None:
            return None
        return NOT_SETTLED if len(self.readers) > 1 else NOT_LABELLED


def read_labels(content: bytes) -> dict[str, FilmLabel]:
    """Return the labels by film.

    Raises
    ------
    DatasetError
        If the file is no such table; the line of the first fault is named.
    """
    if len(content) > MOST_BYTES:
        raise DatasetError(msg("The file of labels has more than {n} MB.", n=MOST_BYTES // 10**6))
    try:
        text = content.decode(_ENCODING)
    except UnicodeDecodeError as exc:
        raise DatasetError(msg("The file of labels is no text in UTF-8. Save it as CSV.")) from exc
    rows = csv.DictReader(io.StringIO(text, newline=""), dialect=_dialect_of(text))
    columns = [name.strip().lower() for name in rows.fieldnames or ()]
    _check(columns)
    rows.fieldnames = columns
    found: dict[str, FilmLabel] = {}
    for row in rows:
        film = (row.get(FILM) or "").strip().replace("\\", "/")
        if not film:
            raise DatasetError(msg("Line {line} names no film.", line=rows.line_num))
        if film in found:
            raise DatasetError(msg("Line {line} names a film again.", line=rows.line_num))
        found[film] = _label(row, columns, rows.line_num)
    if not found:
        raise DatasetError(msg("The file of labels names no film."))
    return found


def _dialect_of(text: str) -> type[csv.Dialect]:
    class Separated(csv.excel):
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)

    return Separated


def _check(columns: list[str]) -> None:
    if FILM not in columns:
        raise DatasetError(msg("The file of labels has no column “film”."))
    if LABEL not in columns and READERS[0] not in columns:
        raise DatasetError(msg("The file of labels has neither “label” nor “reader_1”."))
    if len(set(columns)) != len(columns):
        raise DatasetError(msg("Two columns of the file of labels have the same name."))
    if len(_groups(columns)) > MOST_GROUPS:
        raise DatasetError(
            msg("The file of labels has more than {n} other columns.", n=MOST_GROUPS)
        )


def _groups(columns: list[str]) -> list[str]:
    known = {FILM, LABEL, PATIENT, *READERS}
    return [name for name in columns if name and name not in known]


def _label(row: Mapping[str, str | None], columns: list[str], line: int) -> FilmLabel:
    said = {name: _call(row.get(name), line) for name in (*READERS, LABEL)}
    readers = {name: call for name in READERS if (call := said[name]) is not None}
    ill = said[LABEL]
    if ill is None and readers and len(set(readers.values())) == 1:
        (ill,) = set(readers.values())
    return FilmLabel(
        ill,
        readers,
        (row.get(PATIENT) or "").strip(),
        {name: (row.get(name) or "").strip() for name in _groups(columns)},
    )


def _call(words: str | None, line: int) -> bool | None:
    said = (words or "").strip().lower()
    if not said:
        return None
    if said in ILL or said in WELL:
        return said in ILL
    raise DatasetError(
        msg("Line {line} says “{said}”: write pneumonia or normal.", line=line, said=said[:40])
    )
