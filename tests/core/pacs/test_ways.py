"""The archive over DICOMweb and DICOM, against Orthanc."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address

import pytest
from fixtures.orthanc import Orthanc, chest_film, free_port
from pydicom import dcmread

from core.domain.archive import ArchiveSettings
from core.errors import ArchiveError
from core.jobs.site_films import keys_of
from core.pacs import dimse
from core.pacs.connections import ask_all
from core.pacs.dicomweb import DicomWebArchive, FoundFilm
from core.pacs.outbox import send_fhir
from core.pacs.site_films import archive_films
from core.sites.labels import FilmLabel

MB = 1_000_000

# pynetdicom's thread may stumble where the other side hangs up first; the association is over then.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def today():
    return datetime.now().astimezone().date()


@pytest.fixture
def dicom(orthanc: Orthanc) -> ArchiveSettings:
    return ArchiveSettings(host="127.0.0.1", port=orthanc.dicom_port, called_aet="ORTHANC")


def test_a_new_film_is_found_and_comes_as_the_archive_keeps_it(orthanc: Orthanc) -> None:
    content = chest_film(1)
    old = chest_film(2, StudyDate="20200101")
    for one in (content, old, chest_film(3, Modality="CT")):
        orthanc.add(one)
    with DicomWebArchive(orthanc.dicomweb) as archive:
        found = [one for page in archive.find("DX", 2, today()) for one in page]

    uids = {one.instance_uid for one in found}
    assert dcmread(io.BytesIO(content)).SOPInstanceUID in uids
    assert dcmread(io.BytesIO(old)).SOPInstanceUID not in uids
    assert {one.modality for one in found} == {"DX"}
    wanted = dcmread(io.BytesIO(content))
    film = next(one for one in found if one.instance_uid == wanted.SOPInstanceUID)
    with DicomWebArchive(orthanc.dicomweb) as archive:
        fetched = archive.fetch(film, 64 * MB)
        with pytest.raises(ArchiveError, match="larger than 0 MB"):
            archive.fetch(film, 100)
    assert dcmread(io.BytesIO(fetched)).PixelData == wanted.PixelData


def test_more_films_than_a_page_are_all_found(
    orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.pacs.dicomweb.PAGE", 2)
    for number in range(10, 15):
        orthanc.add(chest_film(number, Modality="CR"))

    with DicomWebArchive(orthanc.dicomweb) as archive:
        found = [one for page in archive.find("CR", 1, today()) for one in page]
    assert len(found) == len({one.instance_uid for one in found}) == 5


def test_films_between_two_days_are_named_by_accession_number_and_come_for_a_set(
    orthanc: Orthanc,
) -> None:
    wanted = chest_film(30, Modality="DR", StudyDate="20250110", AccessionNumber="ACC-30")
    bare = chest_film(31, Modality="DR", StudyDate="20250131", AccessionNumber="")
    late = chest_film(32, Modality="DR", StudyDate="20250201", AccessionNumber="ACC-32")
    for one in (wanted, bare, late):
        orthanc.add(one)
    uid, without = (dcmread(io.BytesIO(one)).SOPInstanceUID for one in (wanted, bare))
    reached = ArchiveSettings(dicomweb=orthanc.dicomweb, modalities=("DR",))
    with archive_films(reached, date(2025, 1, 10), date(2025, 1, 31), 64 * MB) as films:
        assert set(films.names) == {uid, without}
        assert (films.also(uid), films.also(without)) == (("ACC-30",), ())
        assert keys_of(films, {"ACC-30": FilmLabel(True, {})}) == {uid: "ACC-30"}
        fetched = dcmread(io.BytesIO(films.read(uid)))
    assert fetched.PixelData == dcmread(io.BytesIO(wanted)).PixelData


def test_objects_are_stored_over_dicomweb_and_over_dicom(
    orthanc: Orthanc, dicom: ArchiveSettings
) -> None:
    with DicomWebArchive(orthanc.dicomweb) as archive:
        archive.store([chest_film(20, Modality="OT")])
    dimse.send(dicom, [chest_film(21, Modality="OT"), chest_film(22, Modality="OT")])

    kept = {one["PatientID"] for one in orthanc.instances("OT")}
    assert kept == {"MRN-0000207", "MRN-0000217", "MRN-0000227"}


def test_each_way_says_whether_it_answers(orthanc: Orthanc, tmp_path) -> None:
    works = ArchiveSettings(
        dicomweb=orthanc.dicomweb, host="127.0.0.1", port=orthanc.dicom_port, folder=str(tmp_path)
    )
    assert [(one.way, one.works) for one in ask_all(works)] == [
        ("DICOMweb", True),
        ("DICOM", True),
        ("folder", True),
    ]
    dead = f"http://127.0.0.1:{free_port()}"
    broken = ArchiveSettings(
        dicomweb=dead,
        host="127.0.0.1",
        port=free_port(),
        fhir=orthanc.address,
        folder=str(tmp_path / "x"),
    )
    answers = ask_all(broken)
    assert not any(one.works for one in answers)
    said = " ".join(one.sentence for one in answers)
    for words in ("does not answer: check that it runs", "check host and port", "as FHIR", "make"):
        assert words in said
    not_dicomweb = ask_all(ArchiveSettings(dicomweb=f"{orthanc.address}/system"))
    assert not not_dicomweb[0].works
    assert ask_all(ArchiveSettings()) == []


class _Fhir(BaseHTTPRequestHandler):
    """Keeps what is put, and refuses what names no one it knows."""

    kept: dict[str, bytes]
    asked: list[str]

    def do_PUT(self) -> None:
        self.asked.append(self.headers.get("Authorization", ""))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept[self.path] = body
        self.send_response(422 if b"refuse" in body else 201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def fhir() -> Iterator[tuple[str, type[_Fhir]]]:
    handler = type("Handler", (_Fhir,), {"kept": {}, "asked": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/fhir", handler
    server.shutdown()
    server.server_close()


def test_a_report_is_put_under_its_own_id_with_the_token(fhir, monkeypatch) -> None:
    address, server = fhir
    monkeypatch.setenv("FIRSTREAD_FHIR_TOKEN", "s3cret")
    send_fhir(address, '{"id": "abc"}')
    send_fhir(address, '{"id": "abc"}')

    assert list(server.kept) == ["/fhir/DiagnosticReport/abc"]
    assert server.asked == ["Bearer s3cret"] * 2
    with pytest.raises(ArchiveError, match="fault 422"):
        send_fhir(address, '{"id": "refuse"}')
    with pytest.raises(ArchiveError, match="does not answer"):
        send_fhir(f"http://127.0.0.1:{free_port()}", '{"id": "abc"}')


# --- the receiver ---


def test_what_the_archive_sends_is_taken_before_it_hears_so(
    orthanc: Orthanc, receives_on: int
) -> None:
    taken: list[tuple[bytes, str]] = []
    refusing = threading.Event()

    def take(content: bytes, uid: str) -> None:
        if refusing.is_set():
            raise ArchiveError("The database is locked.")
        taken.append((content, uid))

    receiver = dimse.Receiver(ArchiveSettings(receive=True, receive_port=receives_on), take)
    receiver.start()
    try:
        content = chest_film(30)
        instance = orthanc.add(content)
        assert orthanc.send(instance, "firstread").is_success
        assert [uid for _, uid in taken] == [dcmread(io.BytesIO(content)).SOPInstanceUID]
        kept = dcmread(io.BytesIO(taken[0][0]))
        assert kept.PixelData == dcmread(io.BytesIO(content)).PixelData
        refusing.set()
        assert not orthanc.send(instance, "firstread").is_success
        with pytest.raises(OSError, match="refused"):  # only its own address reaches it
            socket.create_connection(("127.0.0.2", receives_on), timeout=5)
        with pytest.raises(ArchiveError, match="is taken by another program"):
            dimse.Receiver(ArchiveSettings(receive_port=receives_on), take).start()
    finally:
        receiver.stop()
    assert not orthanc.send(instance, "firstread").is_success


def test_an_address_of_another_machine_is_a_sentence(receives_on: int) -> None:
    settings = ArchiveSettings(receive_port=receives_on)
    elsewhere = dimse.Receiver(settings, lambda *_: None, IPv4Address("192.0.2.1"))
    with pytest.raises(ArchiveError, match=r"192\.0\.2\.1 is no address of this machine"):
        elsewhere.start()


def test_a_caller_that_is_not_known_is_turned_away(orthanc: Orthanc, receives_on: int) -> None:
    taken: list[str] = []
    settings = ArchiveSettings(receive_port=receives_on, known_aets=("CR-ROOM-1",))
    receiver = dimse.Receiver(settings, lambda _, uid: taken.append(uid))
    receiver.start()
    try:
        assert not orthanc.send(orthanc.add(chest_film(31)), "firstread").is_success
    finally:
        receiver.stop()
    assert taken == []


def test_a_film_that_is_cut_short_on_its_way_is_no_film() -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\nhalf a film"

    class Cut(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", 'multipart/related; boundary="b"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Cut)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with (
        DicomWebArchive(address) as archive,
        pytest.raises(ArchiveError, match="cut short"),
    ):
        archive.fetch(FoundFilm("1", "2", "3"), MB)
    server.shutdown()
    server.server_close()
