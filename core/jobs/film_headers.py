"""Films whose labels know them by what their DICOM file states: instance UID, accession number."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import FirstReadError
from core.imaging.dicom.origin import read_origin
from core.imaging.dicom.reader import looks_like_dicom
from core.sites.source import Films

_MAY_BE_DICOM = (".dcm", ".dicom", ".ima")


@dataclass(frozen=True, slots=True)
class KnownByHeader:
    """Films of a place, which labels may also call by instance UID or accession number.

    The header of a file is read only where the labels know neither its path nor its name.
    """

    films: Films

    @property
    def names(self) -> tuple[str, ...]:
        """Of all files, in order."""
        return self.films.names

    def also(self, name: str) -> tuple[str, ...]:
        """Return instance UID and accession number, as far as the file states them."""
        last = name.rsplit("/", 1)[-1].lower()
        if "." in last and not last.endswith(_MAY_BE_DICOM):
            return self.films.also(name)
        try:
            content = self.films.read(name)
            origin = read_origin(content) if looks_like_dicom(content) else None
        except FirstReadError:  # what is wrong with it is said where it is read
            return ()
        if origin is None:
            return ()
        return tuple(filter(None, (origin.sop_instance_uid, origin.accession_number)))

    def known_as(self, name: str) -> tuple[str, str]:
        """Return what the place returns."""
        return self.films.known_as(name)

    def read(self, name: str) -> bytes:
        """Return one file; raises as the place does."""
        return self.films.read(name)
