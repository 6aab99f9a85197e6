"""Sets of a site's films: kept encrypted, logged, erased with their set or their patient."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import lead, raw_connection
from fixtures.site_sets import keep_set
from sqlalchemy import select

from core.domain.reader import Reader, Role
from core.domain.site_set import LeftOut, WhyLeftOut
from core.domain.worklist import ArrivingFilm
from core.errors import DatasetError, FilmGone, NotAllowed
from core.imaging.dicom.deidentify import keyed_patient
from core.store.audit_log import verify_records
from core.store.films.objects import FilmObjects
from core.store.films.site_films import SqlSiteSets
from core.store.schema import film_erasures
from core.store.site_schema import site_films, site_removals

pytest_plugins = ["fixtures.review_databases"]

ADA = lead("Dr. Ada")
READER = Reader("Dr. Bo", frozenset({Role.READER}))


@pytest.fixture
def sets(films, database, place, clock) -> SqlSiteSets:
    return SqlSiteSets(database, FilmObjects(str(place)), films.keyring, now=clock)


def files_below(place):
    return [path for path in place.rglob("*") if path.is_file()]


def test_a_set_comes_back_as_it_was_added(sets, clock):
    left_out = (LeftOut(7, WhyLeftOut.COPY, "2"), LeftOut(9, WhyLeftOut.UNREADABLE))
    one = keep_set(sets, "Ward", [True, True, False], left_out=left_out)
    (found,) = sets.sets()
    assert found == one
    assert (found.films, found.ill, found.patients, found.left_out) == (3, 2, 3, left_out)
    assert (found.added_by, found.added_at) == (ADA.name, clock.at)
    assert [film.number for film in sets.films(one.set_id)] == [1, 2, 3]
    assert sets.content(f"{one.set_id}/00002") == b"pixels of film 2"
    assert found.count_left_out() == {WhyLeftOut.UNREADABLE: 1, WhyLeftOut.COPY: 1}


def test_no_film_of_a_set_can_be_read_on_the_disk(sets, place, tmp_path):
    keep_set(sets, "Ward", [True, False])
    on_disk = b"".join(path.read_bytes() for path in files_below(tmp_path))
    assert b"pixels of film" not in on_disk
    assert len(files_below(place)) == 2


def test_only_a_lead_or_an_admin_adds_and_removes(sets, place):
    with pytest.raises(NotAllowed, match="add or remove a set"):
        sets.begin("Ward", READER)
    one = keep_set(sets, "Ward", [True])
    with pytest.raises(NotAllowed, match="add or remove a set"):
        sets.remove(one.set_id, READER)
    with pytest.raises(NotAllowed, match="add or remove a set"):
        sets.keep_film(one.set_id, sets.films(one.set_id)[0], b"", READER)
    assert len(files_below(place)) == 1
    admin = Reader("Ed", frozenset({Role.ADMIN}))
    assert sets.remove("Ward", admin) == 1


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "1 to 60 letters"), ("a" * 61, "1 to 60 letters"), (" ward ", "already")],
    ids=["empty", "long", "taken"],
)
def test_a_name_is_short_and_no_other_sets(sets, name, why):
    keep_set(sets, "Ward", [True])
    with pytest.raises(DatasetError, match=why):
        sets.begin(name, ADA)


def test_who_has_no_name_adds_and_removes_nothing(sets):
    nobody = Reader(" ", frozenset({Role.LEAD}))
    with pytest.raises(DatasetError, match="enter your name"):
        sets.begin("Ward", nobody)
    one = keep_set(sets, "Ward", [True])
    with pytest.raises(DatasetError, match="enter your name"):
        sets.remove(one.set_id, nobody)


def test_a_set_that_is_removed_leaves_two_lines_of_the_log_and_no_film(sets, place, database):
    one = keep_set(sets, "Ward", [True, False])
    other = keep_set(sets, "Clinic", [True])
    assert sets.remove(one.set_id, ADA) == 2
    assert [left.name for left in sets.sets()] == ["Clinic"]
    assert len(files_below(place)) == 1
    with pytest.raises(FilmGone, match="removed"):
        sets.content(f"{one.set_id}/00001")
    assert sets.content(f"{other.set_id}/00001")
    rows = database.rows(select(site_removals.c.set_id, site_removals.c.removed_by))
    assert [tuple(row) for row in rows] == [(one.set_id, ADA.name)]
    assert verify_records(database).intact
    with pytest.raises(DatasetError, match="no set"):
        sets.remove(one.set_id, ADA)


def test_what_the_log_says_of_sets_never_changes(sets, url):
    sets.remove(keep_set(sets, "Ward", [True]).set_id, ADA)
    for statement in (
        "UPDATE site_sets SET name = 'mine'",
        "DELETE FROM site_sets",
        "DELETE FROM site_removals",
    ):
        with raw_connection(url) as connection, pytest.raises(Exception, match="append-only"):
            connection.execute(statement)


def test_a_set_that_is_not_finished_is_not_there_and_goes_after_a_day(sets, place, clock):
    keep_set(sets, "Ward", [True, False], finished=False)
    done = keep_set(sets, "Clinic", [True])
    assert [one.name for one in sets.sets()] == ["Clinic"]
    assert sets.erase_unfinished() == 0  # it may still be under way
    clock.wait(days=1, hours=1)
    assert sets.erase_unfinished() == 1
    assert len(files_below(place)) == 1
    sets.abandon(done.set_id)  # of a set that is finished nothing goes
    assert sets.films(done.set_id)


def test_sets_outlast_the_worklist_and_their_files_are_not_swept(films, sets, place, clock):
    films.keep(ArrivingFilm("ab" * 32, "a.png", b"the file as it came"), ADA)
    one = keep_set(sets, "Ward", [True], sha256s=["ab" * 32])
    clock.wait(days=31)
    old = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    for path in files_below(place):
        os.utime(path, (old, old))
    assert films.erase_expired(30) == 1
    assert sets.content(f"{one.set_id}/00001") == b"pixels of film 1"


def test_who_erases_a_film_or_a_patient_erases_them_from_sets(films, sets, database, place):
    stamp = sets.stamp()
    patient = keyed_patient("4711", "", films.keyring.secret)
    hashes = ["ab" * 32, "cd" * 32, "ef" * 32]
    keys = ["", patient, ""]
    one = keep_set(sets, "Ward", [True, True, False], sha256s=hashes, patient_keys=keys)
    assert sets.find_film("ab" * 6).number == 1
    assert films.erase([hashes[0]], ADA, "request") == 1
    assert films.erase_patient("4711", "", ADA) == 1
    assert [film.number for film in sets.films(one.set_id)] == [3]
    assert len(files_below(place)) == 1
    reasons = [row.reason for row in database.rows(select(film_erasures.c.reason))]
    assert reasons == ["request, site film", "patient, site film"]
    assert sets.stamp() > stamp
    assert sets.sets()[0].films == 1


def test_a_new_master_key_opens_sets_too(films, sets, place, database):
    one = keep_set(sets, "Ward", [True])
    before = database.rows(select(site_films.c.wrapped_key))[0].wrapped_key
    assert films.keyring.change_master_key() == 1
    assert database.rows(select(site_films.c.wrapped_key))[0].wrapped_key != before
    assert sets.content(f"{one.set_id}/00001") == b"pixels of film 1"
