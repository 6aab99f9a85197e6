"""Films of the archive for a site's set: those of studies between two days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from core.domain.archive import ArchiveSettings
from core.errors import ArchiveError, DatasetError, RadiographError
from core.imaging.dicom.origin import read_origin
from core.language.words import msg
from core.pacs.dicomweb import DicomWebArchive, FoundFilm


@dataclass(frozen=True, slots=True)
class ArchiveFilms:
    """Films that the archive has, by their instance UIDs; each is fetched when it is read."""

    _archive: DicomWebArchive
    _found: Mapping[str, FoundFilm]
    _most_bytes: int

    @property
    def names(self) -> tuple[str, ...]:
        """Instance UIDs, in order."""
        return tuple(sorted(self._found))

    def also(self, name: str) -> tuple[str, ...]:
        """Return the accession number of a film's study: as the archive lists it, or the file."""
        accession = self._found[name].accession
        if not accession:
            try:
                accession = read_origin(self.read(name)).accession_number
            except RadiographError:
                return ()
        return (accession,) if accession else ()

    def known_as(self, name: str) -> tuple[str, str]:  # noqa: ARG002
        """Return nothing: the worklist knows a film by its file."""
        return "", ""

    def read(self, name: str) -> bytes:
        """Fetch one film.

        Raises
        ------
        ArchiveError
            If the archive does not answer.
        """
        return self._archive.fetch(self._found[name], self._most_bytes)


@contextmanager
def archive_films(
    settings: ArchiveSettings, first: date, last: date, most_bytes: int
) -> Iterator[ArchiveFilms]:
    """Find the films of studies of two days and between, of the modalities that are taken.

    Raises
    ------
    DatasetError
        If no DICOMweb address is set, or the archive has no such film.
    ArchiveError
        If the archive does not answer.
    """
    if not settings.dicomweb:
        raise DatasetError(msg("State the archive's DICOMweb address on the page Archive first."))
    if first > last:
        raise DatasetError(msg("The first day is after the last: exchange them."))
    try:
        with DicomWebArchive(settings.dicomweb) as archive:
            found = {
                film.instance_uid: film
                for modality in settings.modalities
                for page in archive.find_between(modality, first, last)
                for film in page
            }
            if not found:
                raise DatasetError(msg("The archive has no film of these days."))
            yield ArchiveFilms(archive, found, most_bytes)
    except ArchiveError as exc:
        raise DatasetError(exc.sentence) from exc
