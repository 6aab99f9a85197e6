"""Open, check and index the Kermany chest films of children, from a folder or a zip.

The published layout is ``{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg``; what a film shows and whose
it is stand in its file name only.

References
----------
.. [1] Kermany et al., Cell 172 (2018) 1122-1131; Mendeley Data, doi 10.17632/rscbjbr9sj
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from PIL import Image

from core.domain.review import Verdict
from core.errors import DatasetError
from core.files import sha256_of
from core.settings import get_settings

SPLITS: Final = ("train", "val", "test")
CLASSES: Final = ("NORMAL", "PNEUMONIA")
LAYOUT: Final = "{train,val,test}/{NORMAL,PNEUMONIA}/*.jpeg"
MAX_FILM_BYTES: Final = 30 * 1024 * 1024  # the largest published film is under 3 MB
_MAX_FOLDERS_ABOVE: Final = 3  # how far below the folder named the layout may begin
_CLUTTER: Final = frozenset({"thumbs.db", "desktop.ini"})
Progress = Callable[[int, int], None]
"""Called with (films done, films in all)."""
_NAMED_FILES: Final = 3  # files named in a sentence; the rest are counted

# ``IM-0115`` and ``NORMAL2-IM-0115`` are two series numbered independently (328 numbers occur in
# both, with different films), so they are two patients here. ``person264_bacteria`` and
# ``person264_virus`` may also be two children; they share a key, because a group that is too
# large costs nothing and one that is too small leaks a child into validation.
_NAME: Final = {
    "PNEUMONIA": re.compile(r"(?P<patient>person\d+)_(?P<subtype>bacteria|virus)_\d+"),
    "NORMAL": re.compile(r"(?P<patient>(?:NORMAL2-)?IM-\d+)(?P<subtype>)-\d+"),
}
_CLASSES = {"NORMAL": Verdict.NORMAL, "PNEUMONIA": Verdict.PNEUMONIA}
OFFICIAL_TEST = "test"


def open_source(source: Path) -> tuple[zipfile.ZipFile | None, list[str]]:
    """Open a zip, or nothing for a folder, and list the files in it as relative POSIX paths.

    Raises
    ------
    DatasetError
        If there is nothing at ``source``, the folder is empty, or the file is no whole zip.
    """
    if source.is_dir():
        listing = list(_list_folder(source))
        if not listing:
            raise DatasetError(f"The folder {source} is empty: {LAYOUT} was expected in it.")
        return None, listing
    if not source.exists():
        raise DatasetError(
            f"There is no data folder at {source}. Run `python -m core data fetch`, or set "
            f"FIRSTREAD_DATA to the folder that holds {LAYOUT}."
        )
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as exc:
        raise DatasetError(
            f"{source} is neither a folder nor a whole zip file ({exc}). Download it again."
        ) from exc
    names = dict.fromkeys(archive.namelist())  # a name that stands there twice is one file
    return archive, [n for n in names if not n.endswith("/") and _is_plain(n)]


def _list_folder(source: Path) -> Iterable[str]:
    deepest = _MAX_FOLDERS_ABOVE + 2
    for folder, subfolders, names in os.walk(source, followlinks=True):
        inside = Path(folder).relative_to(source)
        if len(inside.parts) >= deepest:
            subfolders.clear()
        subfolders.sort()
        for name in names:
            path = (inside / name).as_posix()
            if _is_plain(path):
                yield path


def _is_plain(name: str) -> bool:
    """Tell files of the set from what macOS and Windows leave beside them, and from ``..``."""
    parts = PurePosixPath(name).parts
    if not parts:  # a member called "." or nothing at all
        return False
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not (hidden or name.startswith("/") or parts[-1].lower() in _CLUTTER)


def find_prefix(source: Path, listing: list[str]) -> str:
    """Return the shallowest folder that holds train and test, as ``""`` or ``"a/b/"``.

    The Kaggle zip holds the set twice, as chest_xray/ and again as chest_xray/chest_xray/.

    Raises
    ------
    DatasetError
        If no folder holds train and test, or several at the same depth do.
    """
    held: dict[str, set[str]] = {}
    for name in listing:
        parts = PurePosixPath(name).parts
        if len(parts) >= 3 and parts[-3] in SPLITS and parts[-2] in CLASSES:
            prefix = "".join(f"{part}/" for part in parts[:-3])
            held.setdefault(prefix, set()).add(parts[-3])
    found = [prefix for prefix, splits in held.items() if {"train", "test"} <= splits]
    shallowest = min((prefix.count("/") for prefix in found), default=0)
    found = sorted(prefix for prefix in found if prefix.count("/") == shallowest)
    if len(found) == 1:
        return found[0]
    if found:
        raise DatasetError(
            f"{source} holds several data sets: {', '.join(found)}. Name one with --source."
        )
    seen = sorted({PurePosixPath(name).parts[0] for name in listing})
    shown = ", ".join(seen[:6]) + (" ..." if len(seen) > 6 else "") or "nothing"
    raise DatasetError(
        f"{source} holds no train and test folders with films: {LAYOUT} was expected, "
        f"{shown} was found. Name the folder that holds train and test."
    )


def is_film_place(name: str, prefix: str) -> bool:
    """Tell whether a file lies in one of the class folders below ``prefix``."""
    parts = name.removeprefix(prefix).split("/") if name.startswith(prefix) else []
    return len(parts) == 3 and parts[0] in SPLITS and parts[1] in CLASSES


def require_classes(source: Path, prefix: str, names: list[str]) -> None:
    """Refuse a copy in which a class folder of train or test holds nothing.

    Raises
    ------
    DatasetError
        If one of the four class folders is missing or empty.
    """
    found = {tuple(name.removeprefix(prefix).split("/")[:2]) for name in names}
    missing = [f"{s}/{c}" for s in ("train", "test") for c in CLASSES if (s, c) not in found]
    if missing:
        raise DatasetError(
            f"{source} has no films in {', '.join(missing)}: NORMAL and PNEUMONIA were expected in "
            f"both train and test. {len(names)} films were found elsewhere; the copy is incomplete."
        )


def read_member(root: Path, archive: zipfile.ZipFile | None, name: str) -> bytes:
    """Return one file's bytes, from the folder ``root`` or from the zip.

    Raises
    ------
    DatasetError
        If the file is gone, unreadable or over 30 MB.
    """
    where = root / name if archive is None else Path(f"{root}:{name}")
    try:
        size = (root / name).stat().st_size if archive is None else archive.getinfo(name).file_size
        if size > MAX_FILM_BYTES:
            raise DatasetError(
                f"{where} is {size / 2**20:.0f} MB; a film may be {MAX_FILM_BYTES // 2**20} MB at "
                "most. This is not a film of the set: remove it."
            )
        return (root / name).read_bytes() if archive is None else archive.read(name)
    # zipfile raises RuntimeError for an encrypted member, and a kind of it for a compression that
    # it does not know
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as exc:
        raise DatasetError(f"{where} cannot be read ({exc}). Restore it or fetch again.") from exc


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


def list_public(root: Path | None) -> tuple[Path, ...]:
    """Return the films of the official test split; none where the set is not at hand.

    The other films of the public set are left out: the model was fitted or tuned on them, so that
    it may not be held to a reader there.
    """
    folders = () if root is None else [root / OFFICIAL_TEST / name for name in _CLASSES]
    return tuple(path for folder in folders for path in sorted(folder.glob("*")) if path.is_file())


def class_named(path: Path) -> Verdict | None:
    """Return what a film of the set shows, by its folder or its own name; None if neither says."""
    for name, verdict in _CLASSES.items():
        if path.parent.name == name:
            return verdict
    return next((_CLASSES[name] for name in CLASSES if _NAME[name].match(path.name)), None)


def reference_of_files(files: Iterable[Path]) -> dict[str, Verdict]:
    """Return what films of the set show, by their sha256."""
    max_bytes = get_settings().max_film_mb * 1_000_000
    return {
        sha256_of(path): verdict
        for path in files
        for verdict in [class_named(path)]
        if verdict is not None and path.stat().st_size <= max_bytes
    }
