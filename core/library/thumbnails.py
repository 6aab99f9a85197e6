"""Small pictures on disk, by the sha256 of the file that they show; made once."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from core.files import replace_file
from core.imaging.png import is_whole_png

_log = logging.getLogger(__name__)

MAX_BYTES = 500_000_000
KEPT_AFTER_CLEARING = 0.8


class ThumbnailCache:
    """A folder of small PNG pictures; several processes may share it.

    Parameters
    ----------
    folder : Path
        Made if it is not there. It must hold nothing else.
    make : callable
        From a film's file, and from the sides that the film had before its file became a square,
        to its small picture. Where it or the size that it makes changes, the
        folder must be another one.
    max_bytes : int
        Once the pictures take more, those that were made first are removed until four fifths are
        left.
    """

    def __init__(
        self, folder: Path, make: Callable[..., bytes], max_bytes: int = MAX_BYTES
    ) -> None:
        self._folder = folder
        self._make = make
        self._max_bytes = max_bytes
        self._taken: int | None = None
        self._lock = threading.Lock()

    def get(self, content: bytes, original_px: tuple[float, float] | None = None) -> bytes:
        """Return the small picture of a film's file, from disk if it is there.

        A folder that cannot be written costs time, not the picture: it is made again.

        Raises
        ------
        RadiographError
            If the file cannot become a radiograph; nothing is kept then.
        """
        name = hashlib.sha256(content).hexdigest()
        if original_px is not None:
            name += "-{:.0f}x{:.0f}".format(*original_px)
        path = self._folder / name[:2] / f"{name}.png"
        kept = _read_whole(path)
        if kept is not None:
            return kept
        picture = self._make(content) if original_px is None else self._make(content, original_px)
        try:
            self._keep(path, picture)
        except OSError as exc:
            _log.warning("thumbnails cannot be stored in %s: %s", self._folder, exc.strerror)
        return picture

    def size_bytes(self) -> int:
        """Return how many bytes the pictures take."""
        return sum(size for _, size, _ in self._list())

    def _keep(self, path: Path, picture: bytes) -> None:
        replace_file(path, picture)
        with self._lock:
            if self._taken is None:
                self._taken = self.size_bytes()
            else:
                self._taken += len(picture)
            if self._taken > self._max_bytes:
                self._taken = self._clear()

    def _clear(self) -> int:
        """Remove the oldest pictures, and return how many bytes are left."""
        listed = sorted(self._list())
        left = sum(size for _, size, _ in listed)
        for _, size, path in listed:
            if left <= KEPT_AFTER_CLEARING * self._max_bytes:
                break
            path.unlink(missing_ok=True)
            left -= size
        return left

    def _list(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._folder.glob("*/*.png"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process has cleared
                continue
            found.append((stat.st_mtime, stat.st_size, path))
        return found


def _read_whole(path: Path) -> bytes | None:
    """Return a picture if all of it is there; a disk that was full may have left a part."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    if is_whole_png(kept):
        return kept
    _log.warning("%s is damaged and is made again", path)
    return None
