"""The film store and the worklist, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fixtures.kept_films import (
    ADA,
    BO,
    CONTENT,
    FILM,
    OTHER,
    POINT,
    SCANNER,
    THIRD,
    THUMBNAIL,
    arriving,
    bytes_below,
    listed,
    read_by_machine,
)
from fixtures.review_records import lead, raw_connection, record, sign

from core.domain.model import Prediction
from core.domain.quality import Finding, Severity
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.domain.worklist import Arrival, FilmStatus, MachineReading, WorklistFilter
from core.errors import FilmGone, FilmStoreError, NotAllowed
from core.store.audit_log import verify_records
from core.store.films.objects import FilmObjects
from core.store.films.worklist import CLAIM, READING_CLAIM, SqlFilms
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

# --- kept, opened, erased ---


def test_a_film_comes_back_as_it_was_with_what_the_machine_said(films, database, place, clock):
    finding = Finding("dark", Severity.FLAG, 0.125, 0.2, "The film is dark.")
    arrived = clock()
    assert films.keep(arriving(patient="p1", taken_at=arrived), ADA)
    films.note_reading(FILM, read_by_machine(0.9, finding))
    again = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path, now=clock)
    assert again.content(FILM) == CONTENT
    film = again.find(FILM)
    assert (film.name, film.added_by, film.arrival) == ("lobar.png", "Dr. Ada", Arrival.UPLOAD)
    assert (film.arrived_at, film.taken_at, film.status) == (arrived, arrived, FilmStatus.NEW)
    assert film.reading.thumbnail == THUMBNAIL
    assert film.reading.prediction == Prediction(0.9, 2.0, "run-1", POINT)
    assert film.reading.quality.findings == (finding,)
    assert (film.reading.height_px, film.reading.width_px) == (300, 400)


def test_a_film_is_kept_once_and_its_first_name_stays(films):
    assert films.keep(arriving(), ADA)
    assert not films.keep(arriving(name="copy.png"), BO)
    assert films.find(FILM).name == "lobar.png"


def test_nothing_of_a_film_can_be_read_on_the_disk_and_nobody_finds_its_file(
    films, place, tmp_path
):
    films.keep(arriving(), ADA)
    films.note_reading(FILM, read_by_machine())
    on_disk = bytes_below(tmp_path)
    assert len(on_disk) > len(CONTENT)
    assert CONTENT[:40] not in on_disk
    assert THUMBNAIL[:40] not in on_disk
    names = [path.name for path in place.rglob("*")]
    assert not any(FILM[:8] in name for name in names)
    assert (tmp_path / "films.key").stat().st_mode & 0o077 == 0


def test_an_erased_film_leaves_its_read_and_nothing_else(films, database, place, tmp_path):
    films.keep(arriving(name="Ångström Anna.png"), ADA)
    films.note_reading(FILM, read_by_machine())
    sign(SqlReviewStore(database), record("r1", film_sha256=FILM, film_name=""))
    file = next(path for path in place.rglob("*") if path.is_file()).read_bytes()
    assert films.erase([FILM, OTHER], ADA, "request") == 1
    assert films.find(FILM) is None
    database.close()
    on_disk = bytes_below(tmp_path)
    assert file[:64] not in on_disk
    assert file[64:128] not in on_disk
    assert "Ångström Anna".encode() not in on_disk
    assert not [path for path in place.rglob("*") if path.is_file()]
    assert [one.record_id for one in SqlReviewStore(database).history(FILM)] == ["r1"]
    assert verify_records(database).intact
    with pytest.raises(FilmStoreError, match="not kept any more"):
        films.content(FILM)


def test_a_patients_films_go_together_by_the_number(films):
    from core.imaging.dicom.deidentify import keyed_patient

    ours = keyed_patient("4711", "St. Mary", films.keyring.secret)
    films.keep(arriving(FILM, patient=ours), ADA)
    films.keep(arriving(OTHER, patient=ours), ADA)
    films.keep(arriving(THIRD, patient=keyed_patient("4712", "", films.keyring.secret)), ADA)
    assert films.erase_patient("4711", "", ADA) == 0
    assert films.erase_patient(" 4711 ", "St. Mary", ADA) == 2
    assert listed(films) == [THIRD]


def test_films_go_when_their_time_is_over_and_broken_writes_with_them(films, place, clock):
    films.keep(arriving(FILM), ADA)
    clock.wait(days=29)
    films.keep(arriving(OTHER), ADA)
    lost = place / films.keyring.site / "ff" / f"{'f' * 64}.0123456789ab.part"
    ours, other = lost.with_name("IMG_1.dcm"), place / "another site" / "ff" / ("f" * 64)
    long_ago = (clock() - timedelta(hours=2)).timestamp()
    for path in (lost, ours, other):
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(b"broken off")
        os.utime(path, (long_ago, long_ago))
    assert films.erase_expired(30) == 0
    assert [path.exists() for path in (lost, ours, other)] == [False, True, True]
    clock.wait(days=1)
    assert films.erase_expired(30) == 1
    assert listed(films) == [OTHER]
    assert films.content(OTHER) == CONTENT
    assert films.erase_expired(0) == 1


def test_a_file_that_is_being_written_is_not_swept(films, place, clock):
    films.keep(arriving(FILM), ADA)
    young = place / films.keyring.site / "aa" / ("a" * 64)
    young.parent.mkdir(exist_ok=True)
    young.write_bytes(b"its row is on its way")
    os.utime(young, (clock().timestamp(), clock().timestamp()))
    films.erase_expired(30)
    assert young.exists()


def test_a_damaged_or_exchanged_file_is_a_sentence(films, place):
    films.keep(arriving(FILM), ADA)
    films.keep(arriving(OTHER, content=b"another film"), ADA)
    one, other = (path for path in place.rglob("*") if path.is_file())
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for film in (FILM, OTHER):
        with pytest.raises(FilmStoreError, match="damaged"):
            films.content(film)
    one.unlink()
    other.unlink()
    with pytest.raises(FilmStoreError, match="add the film again"):
        films.content(FILM)
    films.note_reading(FILM, read_by_machine())
    assert films.keep(arriving(FILM), BO)  # as the sentence says
    assert films.content(FILM) == CONTENT
    assert (films.find(FILM).added_by, films.find(FILM).reading) == ("Dr. Ada", None)


def test_of_two_who_keep_the_same_film_at_once_neither_destroys_it(films, database, place):
    def keep(n):
        own = SqlFilms(database, FilmObjects(str(place)), key_path=films.keyring.path)
        return sum(own.keep(arriving(f"{film:02x}" * 32), ADA) for film in range(n, n + 12))

    assert films.keyring.secret
    with ThreadPoolExecutor(4) as pool:
        kept = sum(pool.map(keep, (0, 0, 6, 6)))
    assert kept == 18
    assert all(films.content(f"{film:02x}" * 32) == CONTENT for film in range(18))
    assert len([path for path in place.rglob("*") if path.is_file()]) == 18


def test_one_row_that_does_not_open_leaves_the_list(films, url):
    films.keep(arriving(FILM), ADA)
    films.keep(arriving(OTHER), ADA)
    films.note_reading(FILM, read_by_machine())
    with raw_connection(url) as connection:
        connection.execute("UPDATE films SET wrapped_key = thumbnail WHERE thumbnail IS NOT NULL")
        connection.commit()
    assert listed(films) == [FILM, OTHER]
    assert films.find(FILM).reading.thumbnail == b""
    assert films.erase([FILM], ADA, "request") == 1


def test_what_was_read_of_a_film_that_was_turned_meanwhile_is_let_go(films):
    films.keep(arriving(FILM), ADA)
    films.change(FILM, inverted=False, quarter_turns=1)
    films.note_reading(FILM, read_by_machine(), (False, 0))
    assert films.find(FILM).reading is None
    films.note_reading(FILM, read_by_machine(), (False, 1))
    assert films.find(FILM).reading.prediction is not None


def test_a_signature_leaves_another_readers_claim(films, database):
    films.keep(arriving(FILM), ADA)
    films.claim(FILM, BO)
    sign(SqlReviewStore(database), record("r1", film_sha256=FILM, reader="Dr. Ada"))
    assert films.find(FILM).claimed_by == "Dr. Bo"


def test_disputes_are_told_to_those_who_may_know(films, database, clock):
    for film in (FILM, OTHER):
        films.keep(arriving(film), ADA)
    for n, verdict in enumerate((Verdict.NORMAL, Verdict.PNEUMONIA)):
        signed = record(f"{n}", verdict=verdict, film_sha256=FILM, reader=f"{n}", read_at=clock())
        sign(SqlReviewStore(database), signed)
    assert listed(films, statuses=(FilmStatus.SIGNED,)) == []
    assert listed(films, statuses=(FilmStatus.SIGNED,), tells_disputes=False) == [FILM]
    assert listed(films, statuses=(FilmStatus.DISPUTED,), tells_disputes=False) == []
    clock.wait(hours=13)
    assert listed(films) == [FILM, OTHER]
    assert listed(films, tells_disputes=False) == [OTHER]


def test_a_file_that_cannot_be_opened_is_named_and_not_kept(films, place):
    reading = MachineReading("run-1 and gate", sentence="x.txt is no film.")
    films.keep_refusal(arriving(name="x.txt"), ADA, reading, Arrival.FOLDER)
    film = films.find(FILM)
    assert (film.status, film.reading.sentence) == (FilmStatus.REFUSED, "x.txt is no film.")
    assert (film.arrival, film.has_file) == (Arrival.FOLDER, False)
    assert films.unread("another run", 5) == []
    with pytest.raises(FilmGone, match="was not kept"):
        films.content(FILM)
    assert not [path for path in place.rglob("*") if path.is_file()]


# --- the list ---


def test_the_status_follows_the_reads(films, database):
    reads = SqlReviewStore(database, read_first=True)
    films.keep(arriving(), ADA)
    films.note_reading(FILM, read_by_machine())
    normal = {"verdict": Verdict.NORMAL, "film_sha256": FILM}
    assert films.find(FILM).status is FilmStatus.NEW
    films.claim(FILM, lead("Dr. Bo"))
    assert films.find(FILM).status is FilmStatus.BEING_READ
    sign(reads, record("r1", kind=ReadKind.FIRST, regions={}, reader="Dr. Bo", **normal))
    assert films.find(FILM).status is FilmStatus.FIRST_LOCKED
    assert films.find(FILM).claimed_by == "Dr. Bo"
    pneumonia = record("r2", supersedes="r1", reader="Dr. Bo", film_sha256=FILM)
    sign(reads, pneumonia)
    film = films.find(FILM)
    assert film.status is FilmStatus.DISPUTED  # the record's model says not suspicious
    assert film.claimed_by == ""


def test_a_film_that_was_signed_before_comes_in_as_signed(films, database):
    sign(SqlReviewStore(database), record("r1", verdict=Verdict.NORMAL, film_sha256=FILM))
    films.keep(arriving(), ADA)
    assert films.find(FILM).status is FilmStatus.SIGNED
    films.note_reading(FILM, read_by_machine())
    assert films.find(FILM).status is FilmStatus.SIGNED


def test_the_list_is_what_waits_and_what_was_signed_today(films, database, clock):
    for film in (FILM, OTHER, THIRD):
        films.keep(arriving(film, name=f"{film[:2]}.png"), ADA)
        clock.wait(minutes=1)
    signed = record("r1", verdict=Verdict.NORMAL, film_sha256=OTHER, read_at=clock())
    sign(SqlReviewStore(database), signed)
    assert listed(films) == [FILM, OTHER, THIRD]
    clock.wait(hours=13)
    assert listed(films) == [FILM, THIRD]
    assert listed(films, every=True) == [FILM, OTHER, THIRD]
    assert listed(films, statuses=(FilmStatus.SIGNED,)) == [OTHER]
    assert films.counts() == {
        FilmStatus.NEW: 2,
        FilmStatus.SIGNED: 1,
        FilmStatus.BEING_READ: 0,
    }


def test_films_are_found_by_name_hash_arrival_and_time(films, clock):
    films.keep(arriving(FILM, name="Kind_100%.png"), ADA)
    clock.wait(days=1)
    films.keep(arriving(OTHER, name="kindchen.dcm"), SCANNER, Arrival.PACS)
    assert listed(films, words="kind") == [FILM, OTHER]
    assert listed(films, words="100%") == [FILM]
    assert listed(films, words="d_1") == [FILM]  # no wildcard
    assert listed(films, words=OTHER[:6].upper()) == [OTHER]
    assert listed(films, arrival=Arrival.PACS) == [OTHER]
    assert listed(films, since=clock() - timedelta(hours=1)) == [OTHER]


def test_pages_of_the_list_and_its_order_by_suspicion(films, clock):
    probabilities = {f"{n:02x}" * 32: n / 10 for n in range(1, 9)}
    for film, probability in probabilities.items():
        films.keep(arriving(film), ADA)
        films.note_reading(film, read_by_machine(probability))
        clock.wait(seconds=1)
    films.keep(arriving(FILM), ADA)
    page, total = films.page(WorklistFilter(by_suspicion=True), 3)
    assert total == 9
    assert [film.film_sha256[:2] for film in page] == ["08", "07", "06"]
    assert films.page(WorklistFilter(), 3, 6)[0][-1].film_sha256 == FILM
    assert films.page(WorklistFilter(), 3, 9) == ([], 9)


def test_the_films_that_a_reader_has_not_read(films, database):
    films.keep(arriving(FILM), ADA)
    films.keep(arriving(OTHER), ADA)
    sign(SqlReviewStore(database), record("r1", film_sha256=FILM, reader="Dr. Ada"))
    assert films.unread_by("Dr. Ada") == {OTHER}
    assert films.unread_by("Dr. Bo") == {FILM, OTHER}


def test_priors_are_the_patients_earlier_films_the_newest_first(films, clock):
    for film, days in ((FILM, 30), (OTHER, 0), (THIRD, 400)):
        films.keep(arriving(film, patient="p", taken_at=clock() - timedelta(days=days)), ADA)
    films.keep(arriving("11" * 32, patient="q", taken_at=clock()), ADA)
    films.keep(arriving("22" * 32), ADA)
    assert [film.film_sha256 for film in films.priors(OTHER)] == [FILM, THIRD]
    assert films.priors(THIRD) == []
    assert films.priors("22" * 32) == []
    assert sorted(films.of_patient(FILM)) == [OTHER, THIRD]
    assert films.of_patient("22" * 32) == []


def test_who_may_add_films_and_who_may_erase_them(films):
    def acting(*roles):
        return Reader("Dr. Ada", frozenset(roles))

    with pytest.raises(NotAllowed, match="may not add films"):
        films.keep(arriving(), acting())
    films.keep(arriving(), acting(Role.TRAINEE))
    for role in (Role.TRAINEE, Role.READER, Role.TEACHER):
        with pytest.raises(NotAllowed, match="may not erase films"):
            films.erase([FILM], acting(role), "request")
    assert films.erase([FILM], acting(Role.ADMIN), "request") == 1


# --- claims ---


def test_one_reader_claims_a_film_until_the_claim_is_over(films, clock):
    films.keep(arriving(), ADA)
    assert films.claim(FILM, lead("Dr. Ada")).claimed_by == "Dr. Ada"
    assert films.claim(FILM, lead("Dr. Bo")).claimed_by == "Dr. Ada"
    clock.wait(seconds=CLAIM.total_seconds() - 1)
    assert films.claim(FILM, lead("dr.  ada")).claimed_until == clock() + CLAIM
    assert films.claim(FILM, lead("Dr. Bo")).claimed_by == "dr.  ada"
    clock.wait(seconds=CLAIM.total_seconds())
    assert films.claim(FILM, lead("Dr. Bo")).claimed_by == "Dr. Bo"


def test_of_many_who_claim_at_once_one_does(films):
    films.keep(arriving(), ADA)
    names = [f"Dr. {n}" for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda name: films.claim(FILM, lead(name)).claimed_by, names))
    assert len(seen) == 1


def test_going_on_to_another_film_lets_the_first_one_go_and_none_of_another_tab(films):
    films.keep(arriving(FILM), ADA)
    films.keep(arriving(OTHER), ADA)
    films.claim(FILM, lead("Dr. Ada"))
    films.claim(OTHER, lead("Dr. Ada"))
    films.release("Dr. Ada", {FILM})
    assert films.find(FILM).claimed_by == ""
    assert films.find(OTHER).claimed_by == "Dr. Ada"


# --- the machine's work ---


def test_each_film_is_read_by_one_process_and_again_where_that_was_broken_off(films, clock):
    films.keep(arriving(), ADA)
    assert [film.film_sha256 for film in films.unread("run-1 and gate", 5)] == [FILM]
    assert films.begin_reading(FILM)
    assert not films.begin_reading(FILM)
    assert films.unread("run-1 and gate", 5) == []
    assert films.count_unread("run-1 and gate") == 1
    clock.wait(seconds=READING_CLAIM.total_seconds())
    assert films.begin_reading(FILM)
    films.stop_reading(FILM)
    assert films.begin_reading(FILM)
    films.note_reading(FILM, read_by_machine())
    assert films.count_unread("run-1 and gate") == 0
    assert films.count_unread("run-2 and gate") == 1


def test_a_film_that_is_turned_or_inverted_is_read_again(films):
    films.keep(arriving(), ADA)
    films.note_reading(FILM, read_by_machine())
    films.change(FILM, inverted=True, quarter_turns=5)
    film = films.find(FILM)
    assert (film.inverted, film.quarter_turns) == (True, 1)
    assert films.count_unread("run-1 and gate") == 1


def test_a_refused_film_is_listed_as_refused(films):
    refused = Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank.")
    films.keep(arriving(), ADA)
    films.note_reading(FILM, read_by_machine(None, refused))
    assert films.find(FILM).status is FilmStatus.REFUSED
    assert films.content(FILM) == CONTENT  # a doctor may still read it


def test_what_is_said_of_a_film_that_was_erased_meanwhile_is_let_go(films):
    films.keep(arriving(), ADA)
    films.erase([FILM], ADA, "request")
    films.note_reading(FILM, read_by_machine())
    assert films.find(FILM) is None
