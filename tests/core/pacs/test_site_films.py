"""Films of the archive between two days, named by instance UID and accession number."""

from __future__ import annotations

from datetime import date

import pytest
from fixtures.dicom_films import content_of, film

from core.domain.archive import ArchiveSettings
from core.errors import ArchiveError, DatasetError
from core.pacs import site_films
from core.pacs.dicomweb import FoundFilm, _found
from core.pacs.site_films import archive_films

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
SETTINGS = ArchiveSettings(dicomweb="https://pacs.example/dicom-web", modalities=("CR", "DX"))


class StandIn:
    """An archive with one film a modality; the second states no accession number."""

    asked: list[tuple[str, date, date]]

    def __init__(self, address: str) -> None:
        assert address == SETTINGS.dicomweb
        self.asked = []
        StandIn.last = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def find_between(self, modality, first, last):
        self.asked.append((modality, first, last))
        accession = "ACC-1" if modality == "CR" else ""
        yield [FoundFilm("1.1", "1.2", f"1.3.{len(self.asked)}", modality, accession)]

    def fetch(self, found, most_bytes):
        assert most_bytes == 5_000_000
        if found.instance_uid == "1.3.1":
            raise ArchiveError("The archive is gone.")
        return content_of(film(AccessionNumber="ACC-2"))


@pytest.fixture(autouse=True)
def _archive(monkeypatch):
    monkeypatch.setattr(site_films, "DicomWebArchive", StandIn)


def test_films_of_all_modalities_are_found_and_known_by_their_accession_number():
    with archive_films(SETTINGS, FIRST, LAST, 5_000_000) as films:
        assert films.names == ("1.3.1", "1.3.2")
        assert films.also("1.3.1") == ("ACC-1",)
        assert films.also("1.3.2") == ("ACC-2",)  # as the file states it
        assert films.known_as("1.3.2") == ("", "")
        assert films.read("1.3.2").startswith(bytes(128) + b"DICM")
    assert StandIn.last.asked == [("CR", FIRST, LAST), ("DX", FIRST, LAST)]


def test_an_archive_that_is_gone_meanwhile_is_said():
    with (
        pytest.raises(DatasetError, match="archive is gone"),
        archive_films(SETTINGS, FIRST, LAST, 5_000_000) as films,
    ):
        films.read("1.3.1")


@pytest.mark.parametrize(
    ("settings", "days", "why"),
    [
        (ArchiveSettings(), (FIRST, LAST), "State the archive's DICOMweb address"),
        (SETTINGS, (LAST, FIRST), "first day is after the last"),
        (ArchiveSettings(dicomweb=SETTINGS.dicomweb, modalities=()), (FIRST, LAST), "no film of"),
    ],
    ids=["no address", "days exchanged", "no film"],
)
def test_what_cannot_be_asked_is_said(settings, days, why):
    with pytest.raises(DatasetError, match=why), archive_films(settings, *days, 1):
        pass


def test_the_accession_number_is_read_from_what_the_archive_lists():
    stated = {
        tag: {"vr": "UI", "Value": [value]}
        for tag, value in (
            ("0020000D", "1.1"),
            ("0020000E", "1.2"),
            ("00080018", "1.3"),
            ("00080060", "CR"),
            ("00080050", "ACC-7"),
        )
    }
    assert _found(stated) == FoundFilm("1.1", "1.2", "1.3", "CR", "ACC-7")
