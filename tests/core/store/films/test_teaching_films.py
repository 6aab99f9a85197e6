"""Films that are kept for teaching, on SQLite and on PostgreSQL."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.review_records import lead, raw_connection, record, sign
from typer.testing import CliRunner

from core.__main__ import app
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import ArrivingFilm
from core.errors import FilmStoreError, NotAllowed, TeachingError
from core.imaging.dicom.deidentify import keyed_patient
from core.settings import Settings, get_settings
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.teaching_films import SqlTeachingFilms, open_teaching_films, why_no_case
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

FILM, OTHER = "ab" * 32, "cd" * 32
CONTENT = b"the pixels alone " * 500
CONSENT = "Ethics vote 12/2026, St. Mary"
SENIOR = lead("Dr. Senior")
ADA = lead("Dr. Ada")
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Clock:
    at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def place(tmp_path):
    return tmp_path / "films"


@pytest.fixture
def films(database, place, tmp_path, clock):
    return SqlFilms(database, FilmObjects(str(place)), key_path=tmp_path / "films.key", now=clock)


@pytest.fixture
def taught(database, place, films, clock):
    return SqlTeachingFilms(database, FilmObjects(str(place)), films.keyring, now=clock)


def settled(film=FILM, verdict=Verdict.PNEUMONIA, **changes):
    changes = {"kind": ReadKind.ARBITRATION, "regions": {}, "reader": SENIOR.name} | changes
    return record(film_sha256=film, verdict=verdict, **changes)


def make(taught, film=FILM, **changes):
    patient = changes.pop("patient", "")
    return taught.make(settled(film, **changes), CONTENT, CONSENT, SENIOR, patient)


def files_of(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.is_file()]


def test_a_case_comes_back_with_who_made_it_and_the_consent(taught, database, place):
    read = settled()
    made = taught.make(read, CONTENT, f" {CONSENT} ", SENIOR, "p1")
    (case,) = taught.cases()
    assert case == made == taught.case_of(FILM[:12])
    assert (case.film_sha256, case.record_id, case.patient) == (FILM, read.record_id, "p1")
    assert (case.consent, case.made_by, case.made_at) == (CONSENT, SENIOR.name, START)
    assert taught.content(case.case_id) == CONTENT
    assert FILM[:8] not in case.case_id
    assert verify_records(database).intact


def test_nothing_of_a_case_can_be_read_on_the_disk(taught, place, tmp_path):
    make(taught)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert CONTENT[:40] not in on_disk
    assert not [path for path in files_of(place) if FILM[:8] in path.name]


def test_a_film_becomes_one_case_and_a_second_press_leaves_no_file(taught, place):
    make(taught)
    with pytest.raises(TeachingError, match="a teaching case already"):
        make(taught)
    assert len(taught.cases()) == len(files_of(place)) == 1


def test_only_who_arbitrates_makes_a_case(taught, place):
    teacher = Reader("Dr. Tea", frozenset({Role.TEACHER}))
    with pytest.raises(NotAllowed, match="arbitrate"):
        taught.make(settled(), CONTENT, CONSENT, teacher)
    assert not files_of(place)


@pytest.mark.parametrize(
    ("read", "consent", "why"),
    [
        (settled(), "  ", "set FIRSTREAD_TEACHING_CONSENT"),
        (settled(kind=ReadKind.READ), CONSENT, "Only a settled dispute"),
        (settled(verdict=Verdict.UNSURE), CONSENT, "no answer to teach"),
        (settled(prediction=None, run_id=""), CONSENT, "has not read this film"),
    ],
)
def test_what_makes_no_case_is_a_sentence(taught, place, read, consent, why):
    assert why in why_no_case(read, consent)
    with pytest.raises(TeachingError, match=why):
        taught.make(read, CONTENT, consent, SENIOR)
    assert not files_of(place)


# --- how long it stays ---


def test_a_case_outlives_the_worklist_and_its_own_file_is_not_swept(films, taught, clock):
    films.keep(ArrivingFilm(FILM, "a.png", b"the file as it came"), ADA)
    made = make(taught)
    clock.at += timedelta(days=31)
    assert films.erase_expired(30) == 1
    assert films.find(FILM) is None
    assert taught.content(made.case_id) == CONTENT
    assert films.erase_expired(0) == 0
    assert [case.case_id for case in taught.cases()] == [made.case_id]


@pytest.mark.parametrize("kept", [True, False])
def test_who_erases_a_film_erases_the_case_and_the_log_says_both(
    films, taught, database, place, kept
):
    if kept:
        films.keep(ArrivingFilm(FILM, "a.png", b"the file as it came"), ADA)
    read = settled()
    sign(SqlReviewStore(database), read)
    made = taught.make(read, CONTENT, CONSENT, SENIOR)
    make(taught, OTHER)
    assert films.erase([FILM], ADA, "request") == 1
    assert [case.film_sha256 for case in taught.cases()] == [OTHER]
    assert len(files_of(place)) == 1
    with pytest.raises(TeachingError, match="was erased"):
        taught.content(made.case_id)
    rows = erasures(database)
    assert rows == [("request",)] * kept + [("request, teaching case",)]
    assert SqlReviewStore(database).history(FILM) == [read]
    assert verify_records(database).intact


def erasures(database):
    from sqlalchemy import select

    from core.store.schema import film_erasures

    query = select(film_erasures.c.reason).order_by(film_erasures.c.sequence)
    return [tuple(row) for row in database.rows(query)]


def test_a_patients_cases_go_with_the_patients_films(films, taught, clock):
    ours = keyed_patient("4711", "", films.keyring.secret)
    films.keep(ArrivingFilm(OTHER, "b.dcm", b"a later film", ours), ADA)
    make(taught, FILM, patient=ours)
    make(taught, "ef" * 32, patient=keyed_patient("4712", "", films.keyring.secret))
    assert films.of_patient(OTHER) == [FILM]
    assert films.erase_patient("4711", "", ADA) == 2
    assert [case.film_sha256 for case in taught.cases()] == ["ef" * 32]


def test_a_new_master_key_opens_cases_too_and_the_old_one_none(films, taught, database, place):
    made = make(taught)
    before = films.keyring.path.read_text()
    assert films.keyring.change_master_key() == 1

    def opened() -> SqlTeachingFilms:
        fresh = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
        return SqlTeachingFilms(database, FilmObjects(str(place)), fresh.keyring)

    assert opened().content(made.case_id) == CONTENT
    films.keyring.path.write_text(before)
    with pytest.raises(FilmStoreError, match="put back the file"):
        opened().content(made.case_id)


def test_the_line_that_says_who_made_a_case_is_never_changed(taught, url):
    make(taught)
    for statement in ("UPDATE teaching_cases SET consent = 'mine'", "DELETE FROM teaching_cases"):
        with raw_connection(url) as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(statement)


def test_the_settings_of_a_site_open_its_cases(database, tmp_path, monkeypatch):
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'x.sqlite3'}", films=str(tmp_path / "films")
    )
    made = open_teaching_films(database, settings).make(settled(), CONTENT, CONSENT, SENIOR)
    assert open_teaching_films(database, settings).content(made.case_id) == CONTENT
    assert (tmp_path / "films.key").exists()


def test_the_command_that_erases_says_how_many_were_teaching_cases(
    sqlite_url, tmp_path, monkeypatch
):
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    with closing(Database.open(sqlite_url)) as opened:
        taught = open_teaching_films(opened, get_settings())
        for film in (FILM, OTHER):
            taught.make(settled(film), CONTENT, CONSENT, SENIOR)
    done = CliRunner().invoke(app, ["films", "erase", FILM[:12], "0" * 12])
    assert (
        "1 films were erased. 1 of them were teaching cases too. 1 were not found." in done.output
    )
    assert done.exit_code == 1
    with closing(Database.open(sqlite_url)) as opened:
        left = open_teaching_films(opened, get_settings()).cases()
    assert [case.film_sha256 for case in left] == [OTHER]
