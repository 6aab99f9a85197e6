"""Index the Kermany chest films of children, from a folder or a zip.

The published layout is ``{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg``; what a film shows and whose
it is stand in its file name only.

References
----------
.. [1] Kermany et al., Cell 172 (2018) 1122-1131; Mendeley Data, doi 10.17632/rscbjbr9sj
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from core.dataset_source import (
    CLASSES,
    find_prefix,
    is_film_place,
    open_source,
    read_member,
    require_classes,
)
from core.errors import DatasetError

Progress = Callable[[int, int], None]

_NAMED_FILES: Final = 3  # files named in a sentence; the rest are counted

# ``IM-0115`` and ``NORMAL2-IM-0115`` are two series numbered independently (328 numbers occur in
# both, with different films), so they are two patients here. ``person264_bacteria`` and
# ``person264_virus`` may also be two children; they share a key, because a group that is too
# large costs nothing and one that is too small leaks a child into validation.
_NAME: Final = {
    "PNEUMONIA": re.compile(r"(?P<patient>person\d+)_(?P<subtype>bacteria|virus)_\d+"),
    "NORMAL": re.compile(r"(?P<patient>(?:NORMAL2-)?IM-\d+)(?P<subtype>)-\d+"),
}


@dataclass(frozen=True, slots=True)
class Film:
    """One film of the set.

    Attributes
    ----------
    film_id : str
        Relative POSIX path, such as ``train/NORMAL/IM-0115-0001.jpeg``.
    label : int
        1 for pneumonia, 0 for normal.
    subtype : str
        ``bacteria``, ``virus``, or empty for a normal film.
    patient : str
        ``person12``, ``IM-0115`` or ``NORMAL2-IM-0115``.
    official_split : str
        ``train``, ``val`` or ``test`` as published.
    sha256 : str
        Of the file's bytes, 64 hexadecimal digits.
    """

    film_id: str
    label: int
    subtype: str
    patient: str
    official_split: str
    sha256: str

    @property
    def stratum(self) -> str:
        """``normal``, ``bacteria`` or ``virus``."""
        return self.subtype or "normal"


@dataclass(frozen=True, slots=True)
class DatasetIndex:
    """Every film of one copy of the set, sorted by ``film_id``.

    ``root`` is the folder that holds ``train`` and ``test``, or the zip file; in a zip the films
    lie below ``prefix``.
    """

    root: Path
    films: tuple[Film, ...]
    archive: zipfile.ZipFile | None = field(default=None, repr=False, compare=False)
    prefix: str = ""

    @property
    def sha256(self) -> str:
        """Hash over every film's name and bytes, independent of where the copy lies."""
        lines = sorted(f"{film.film_id} {film.sha256}\n" for film in self.films)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def read_bytes(self, film: Film) -> bytes:
        """Return a film's file as it is stored.

        Raises
        ------
        DatasetError
            If the file is gone, unreadable or over 30 MB.
        """
        return read_member(self.root, self.archive, self.prefix + film.film_id)


def index_dataset(source: Path, *, progress: Progress | None = None) -> DatasetIndex:
    """Find the layout in a folder or zip and hash every film.

    Parameters
    ----------
    source : Path
        The set's own folder, a folder up to three levels above it, or a zip of either.
    progress : callable, optional
        Called with (films done, films in all).

    Returns
    -------
    DatasetIndex
        Films sorted by name. A zip is read in place and never extracted.

    Raises
    ------
    DatasetError
        If there is nothing at ``source``, the zip is damaged, the layout or one of its class
        folders is missing, or a file is empty, over 30 MB, no image, or named without a patient.
    """
    archive, listing = open_source(source)
    prefix = find_prefix(source, listing)
    names = sorted(name for name in listing if is_film_place(name, prefix))
    require_classes(source, prefix, names)
    root = source if archive is not None else source / prefix
    inner = prefix if archive is not None else ""
    films: list[Film] = []
    damaged: list[str] = []
    for done, name in enumerate(names, start=1):
        film_id = name.removeprefix(prefix)
        content = read_member(root, archive, inner + film_id)
        damage = _damage(content)
        if damage:
            damaged.append(f"{film_id} ({damage})")
        else:
            films.append(_describe(film_id, hashlib.sha256(content).hexdigest()))
        if progress is not None:
            progress(done, len(names))
    if damaged:
        raise DatasetError(damaged_sentence(source, damaged))
    return DatasetIndex(root=root, films=tuple(films), archive=archive, prefix=inner)


def decode_grey(content: bytes) -> Image.Image:
    """Decode a film to 8-bit grey for hashing, never for reading it.

    Raises
    ------
    DatasetError
        If the bytes do not decode to their end.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as image:
            return image.convert("L")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
        raise DatasetError(f"the image cannot be decoded: {exc}") from exc


def damaged_sentence(source: Path, damaged: list[str]) -> str:
    """Return one sentence that counts damaged files and names the first few."""
    named = ", ".join(damaged[:_NAMED_FILES])
    rest = len(damaged) - _NAMED_FILES
    more = f" and {rest} more" if rest > 0 else ""
    files = "1 file is" if len(damaged) == 1 else f"{len(damaged)} files are"
    return (
        f"{files} damaged in {source}: {named}{more}. "
        "Every film must be a whole JPEG or PNG; fetch the set again or restore these files."
    )


def patient_of(film_id: str) -> str:
    """Return the patient key that a film's name carries.

    Raises
    ------
    DatasetError
        If the name is not one of the published patterns.
    """
    return _parse(film_id)["patient"]


def _parse(film_id: str) -> re.Match[str]:
    _, folder, name = film_id.split("/")
    match = _NAME[folder].match(name)
    if match is None:
        raise DatasetError(
            f"The file name {film_id} states no patient: names such as person12_virus_3.jpeg in "
            "PNEUMONIA and IM-0115-0001.jpeg in NORMAL were expected. Move the file elsewhere."
        )
    return match


def _describe(film_id: str, sha256: str) -> Film:
    match = _parse(film_id)
    split, folder, _ = film_id.split("/")
    return Film(
        film_id=film_id,
        label=CLASSES.index(folder),
        subtype=match["subtype"],
        patient=match["patient"],
        official_split=split,
        sha256=sha256,
    )


def _damage(content: bytes) -> str:
    if not content:
        return "0 bytes"
    known = content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
    return "" if known else "neither JPEG nor PNG"
