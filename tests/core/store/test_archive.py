"""What is kept of the archive: settings, films that came, reports that go back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from fixtures.kept_films import Clock, arriving
from fixtures.review_records import FILM, OTHER_FILM, lead, record, sign

from core.domain.archive import ArchiveSettings, ArrivalState, Route, SendingState
from core.domain.origin import FilmOrigin
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind
from core.errors import ArchiveError, NotAllowed, ReviewStoreError
from core.language.current import using
from core.settings import get_settings
from core.store.archive import LONGEST_WAIT, SqlArchive, instance_key, wait_after
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

ADMIN = Reader("Sam Ward", frozenset({Role.ADMIN}))
ADA = lead("Dr. Ada")
SET = ArchiveSettings(
    dicomweb="https://pacs.example/dicom-web",
    fetch=True,
    known_aets=("PACS", "CR1"),
    send=Route.DICOMWEB,
    most_years=16,
)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database(url):
    opened = Database.open(url)
    yield opened
    opened.close()


@pytest.fixture
def archive(database, clock):
    return SqlArchive(database, now=clock)


def test_settings_come_back_as_they_were_set_and_each_stays_in_the_chain(archive, clock) -> None:
    assert archive.settings == ArchiveSettings()
    before = verify_records(archive.database).records
    archive.put(ArchiveSettings(), ADMIN)
    kept = archive.put(SET, ADMIN)

    assert archive.current() == kept
    assert (kept.settings, kept.set_by, kept.set_at) == (SET, "Sam Ward", clock())
    assert verify_records(archive.database).records == before + 2


def test_only_a_lead_or_an_administrator_sets_the_archive(archive) -> None:
    with pytest.raises(NotAllowed, match="may not change how the archive is reached"):
        archive.put(SET, Reader("Dr. Bo", frozenset({Role.READER, Role.TEACHER})))
    with pytest.raises(ReviewStoreError, match="enter yours"):
        archive.put(SET, replace(ADMIN, name=" "))
    assert archive.current() is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"dicomweb": "pacs/dicom-web"}, "does not begin with http"),
        ({"own_aet": "A" * 17}, "1 to 16 plain letters"),
        ({"own_aet": ""}, "1 to 16 plain letters"),
        ({"port": 0}, "1 to 65535"),
        ({"receive_port": 70000}, "1 to 65535"),
        ({"least_years": 9, "most_years": 3}, "exchange them"),
        ({"fetch": True}, "fetched over DICOMweb"),
        ({"send": Route.DICOMWEB}, "go back over DICOMweb"),
        ({"send": Route.DIMSE}, "archive's host"),
        ({"fhir": "ftp://fhir"}, "FHIR address"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_cannot_work_are_a_sentence(wrong, words) -> None:
    with pytest.raises(ArchiveError, match=words):
        ArchiveSettings(**wrong)


def test_reports_go_by_themselves_since_that_was_chosen_last(archive, clock) -> None:
    assert archive.sends_signed_since() is None
    archive.put(replace(SET, send_on_signing=True), ADMIN)
    chosen = clock()
    clock.wait(days=1)
    archive.put(replace(SET, send_on_signing=True, most_years=5), ADMIN)
    assert archive.sends_signed_since() == chosen
    archive.put(SET, ADMIN)
    assert archive.sends_signed_since() is None


def test_a_film_that_waits_is_tried_later_each_time_and_a_taken_one_never(archive, clock) -> None:
    archive.note_arrival("a", "DICOMweb", ArrivalState.WAITING, "It does not answer.")
    assert archive.resting(["a", "b"]) == {"a"}
    clock.wait(seconds=6)
    assert archive.resting(["a"]) == set()
    archive.note_arrival("a", "DICOMweb", ArrivalState.WAITING, "It does not answer.")
    clock.wait(seconds=6)
    assert archive.resting(["a"]) == {"a"}
    assert archive.known(["a"]) == set()
    archive.note_arrival("a", "DICOMweb", ArrivalState.KEPT, film_sha256=FILM)
    archive.note_arrival("b", "folder", ArrivalState.REFUSED, "It is cut short.")

    assert archive.known(["a", "b", "c"]) == {"a", "b"}
    newest = archive.arrivals()
    assert {one.instance: (one.attempts, one.reason) for one in newest} == {
        "a": (3, ""),
        "b": (1, "It is cut short."),
    }
    assert archive.count_arrivals() == {ArrivalState.KEPT: 1, ArrivalState.REFUSED: 1}


def test_waits_double_up_to_the_longest() -> None:
    waits = [wait_after(n) for n in range(1, 20)]
    assert waits[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert waits[-1] == LONGEST_WAIT
    assert waits == sorted(waits)


def test_the_key_of_an_instance_does_not_tell_it() -> None:
    uid = "1.2.840.113619.2.5.1762583153"
    assert instance_key(uid, b"s" * 32) == instance_key(uid, b"s" * 32)
    assert instance_key(uid, b"s" * 32) != instance_key(uid, b"t" * 32)
    assert uid not in instance_key(uid, b"s" * 32)


# --- reports ---


@pytest.fixture
def films(database, tmp_path, clock):
    place = FilmObjects(str(tmp_path / "films"))
    return SqlFilms(database, place, key_path=tmp_path / "films.key", now=clock)


def signed_film(database, films, film=FILM, **more):
    films.keep(arriving(film, origin=FilmOrigin(patient_id="P1")), ADA)
    read = record(film_sha256=film, reader="Dr. Ada", **more)
    sign(SqlReviewStore(database), read)
    return read


def test_a_report_is_due_until_it_is_sent(archive, database, films, clock) -> None:
    read = signed_film(database, films)
    asked = archive.ask_to_send(read.record_id, FILM, ADA, score_shown=True)
    assert (asked.state, asked.asked_by) == (SendingState.WAITING, "Dr. Ada")
    archive.note_unsent(read.record_id, "It does not answer.")
    assert archive.due() == []
    clock.wait(seconds=6)
    assert [one.record_id for one in archive.due()] == [read.record_id]
    archive.note_sent(read.record_id)

    assert archive.due() == []
    sent = archive.sending(read.record_id)
    assert (sent.state, sent.reason, sent.done_at) == (SendingState.SENT, "", clock())
    again = archive.ask_to_send(read.record_id, FILM, ADA, score_shown=True)
    assert again.state is SendingState.SENT  # it is the same report


def test_a_refused_report_is_tried_again_only_when_asked(archive, database, films, clock) -> None:
    read = signed_film(database, films)
    archive.ask_to_send(read.record_id, FILM, ADA, score_shown=False)
    archive.note_unsent(read.record_id, "The film is not kept any more.", refused=True)
    clock.wait(days=1)
    assert archive.due() == []

    archive.ask_to_send(read.record_id, FILM, ADA, score_shown=False)
    assert [one.score_shown for one in archive.due()] == [False]


def test_a_report_has_the_language_of_who_sends_it_or_of_the_site(
    archive, database, films, monkeypatch
) -> None:
    pressed, by_itself = signed_film(database, films), signed_film(database, films, OTHER_FILM)
    with using("es"):
        asked = archive.ask_to_send(pressed.record_id, FILM, ADA, score_shown=True)
        archive.ask_for_signed(by_itself.read.read_at - timedelta(minutes=1))
    assert asked.language == "es"
    assert archive.sending(by_itself.record_id).language == "en"

    archive.note_unsent(pressed.record_id, "The film is damaged.", refused=True)
    again = archive.ask_to_send(pressed.record_id, FILM, ADA, score_shown=True)
    assert again.language == "en"
    monkeypatch.setenv("FIRSTREAD_LANGUAGE", "es")
    get_settings.cache_clear()
    archive.send_again(by_itself)
    assert archive.sending(by_itself.record_id).language == "es"


def test_signed_reads_of_films_from_the_archive_are_asked_for_by_themselves(
    archive, database, films, clock
) -> None:
    read = signed_film(database, films)
    films.keep(arriving(OTHER_FILM), ADA)  # an upload: nobody knows its study
    reads = SqlReviewStore(database)
    sign(reads, record(film_sha256=OTHER_FILM, reader="Dr. Ada"))
    since = read.read.read_at - timedelta(minutes=1)

    assert archive.ask_for_signed(since + timedelta(hours=1)) == 0
    assert archive.ask_for_signed(since) == 1
    assert archive.ask_for_signed(since) == 0
    assert [one.record_id for one in archive.sendings()] == [read.record_id]


def test_a_first_read_is_not_reported(archive, database, films) -> None:
    read = signed_film(database, films, kind=ReadKind.FIRST, regions={}, comment="")
    assert archive.ask_for_signed(read.read.read_at - timedelta(minutes=1)) == 0


def test_a_trainee_sends_no_report_and_no_read_has_none(archive) -> None:
    with pytest.raises(NotAllowed):
        archive.ask_to_send("x", FILM, Reader("Tess", frozenset({Role.TRAINEE})), score_shown=True)
    with pytest.raises(ReviewStoreError):
        archive.ask_to_send("x", FILM, ADA, score_shown=True)


def test_the_newest_word_of_each_process_is_kept(archive, clock) -> None:
    archive.note_service("a:1", {"DICOM": "Listens."})
    clock.wait(seconds=5)
    archive.note_service("a:1", {"DICOM": "Listens on port 1."})
    assert archive.services() == [("a:1", clock(), {"DICOM": "Listens on port 1."})]
    clock.wait(days=2)
    archive.note_service("b:2", {})
    assert [name for name, _, _ in archive.services()] == ["b:2"]


# --- whom a film is of ---

ORIGIN = FilmOrigin(patient_id="MRN-778899", patient_name="Doe^Jane", study_instance_uid="1.2.3")


def test_whom_a_film_is_of_is_kept_encrypted_and_goes_with_it(films, tmp_path, database) -> None:
    films.keep(arriving(origin=ORIGIN), ADA)
    films.keep(arriving(OTHER_FILM), ADA)

    film = arriving().film_sha256
    assert films.origin(film) == ORIGIN
    assert films.origin(OTHER_FILM) is None
    files = (path for path in tmp_path.rglob("*") if path.is_file())
    kept = b"".join(path.read_bytes() for path in files)
    assert b"MRN-778899" not in kept
    assert b"Doe" not in kept
    films.keyring.change_master_key()
    assert films.origin(film) == ORIGIN
    films.erase([film], ADA, "request")
    assert films.origin(film) is None
    films.keep(arriving(origin=ORIGIN), ADA)
    assert films.origin(film) == ORIGIN
