"""A site's threshold and calibration: kept, counted, taken back, void, on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import lead, raw_connection
from fixtures.site_settings import STRICT, accepted

from core.acceptance.setting import RUNS_OWN, InForce, decide_in_force, setting_text
from core.domain.model import Prediction
from core.domain.reader import Reader, Role
from core.domain.site import chosen_on_words, version_of
from core.errors import DatasetError, NotAllowed, ReviewStoreError
from core.runs.store import load_run
from core.settings import SERVED_RUN, get_settings
from core.store.audit_log import verify_records
from core.store.engine import Database
from core.store.site_settings import (
    adopt_setting,
    find_in_force,
    find_in_force_at,
    list_site_settings,
    run_that_read,
    take_up_setting,
)

pytest_plugins = ["fixtures.review_databases"]

MORNING = datetime(2026, 11, 30, 9, 0, 0, 250000, tzinfo=UTC)


@pytest.fixture(scope="module")
def run():
    return load_run(get_settings().models / SERVED_RUN)


@pytest.fixture(scope="module")
def found(run):
    return accepted(run)


def adopt(database, found, hours=0, **stated):
    words = {"site": "Ward 3", "reason": "measured", "by": lead("Ada Lead")} | stated
    return adopt_setting(database, found, **words, now=lambda: MORNING + timedelta(hours=hours))


def in_force(database, run):
    return decide_in_force(list_site_settings(database), run)


def test_before_anybody_accepted_the_run_it_reads_by_its_own(database, run):
    assert in_force(database, run) == InForce()
    assert in_force(database, run).note == ""


def test_all_numbers_come_back_as_they_were_adopted(database, run, found):
    kept = adopt(database, found)
    again = in_force(database, run).kept
    assert again == kept
    assert again.setting.calibration == found.calibration
    assert again.setting.version == 1
    assert again.setting.export_sha256 == found.export_sha256
    assert again.setting.own_threshold == found.own_threshold
    assert again.setting.point == replace(
        found.point, chosen_on="tuning films of Ward 3, site setting 1"
    )
    assert [(band.ill, band.well) for band in again.setting.bands] == [
        (band.ill, band.well) for _, _, band in found.bands
    ]
    assert again.declaration == found.declaration
    assert again.judged == found.judged
    assert (again.films, again.tuning, again.refused) == (240, found.tuning, 3)
    assert (again.setting.adopted_by, again.setting.adopted_at) == ("Ada Lead", MORNING)
    assert verify_records(database).faults == ()


def test_versions_are_counted_and_an_earlier_one_or_the_runs_own_comes_back(database, run, found):
    first = adopt(database, found)
    second = adopt(database, accepted(run, seed=4), hours=1)
    assert second.setting.version == 2
    assert in_force(database, run).kept == second
    take_up_setting(database, run.run_id, 1, "too many alarms", lead("Ada Lead"))
    assert in_force(database, run).kept == first
    take_up_setting(database, run.run_id, RUNS_OWN, "new device", lead("Ada Lead"))
    assert in_force(database, run) == InForce()
    third = adopt(database, found, hours=2)
    assert third.setting.version == 3
    assert [line.version for line in list_site_settings(database)] == [1, 2, 1, 0, 3]
    assert list_site_settings(database)[2].reason == "too many alarms"


def test_a_setting_is_of_its_run_alone(database, run, found):
    adopt(database, found)
    assert in_force(database, replace(run, run_id="another")) == InForce()


def test_another_export_makes_it_void_and_that_is_said(database, run, found):
    kept = adopt(database, found)
    trained_again = replace(run, files={**run.files, "model.tflite": "f" * 64})
    now = in_force(database, trained_again)
    assert now == InForce(void=kept)
    assert now.setting is None
    assert str(now.note) == (
        "Version 1 of the site's setting is void: the run's export is another one. "
        "The run's own threshold is used."
    )


def test_a_no_go_needs_a_reason_and_shows_it(database, run):
    found = accepted(run, STRICT)
    assert not found.go
    with pytest.raises(ReviewStoreError, match="the reason has 0 letters and needs 1 to 1000"):
        adopt(database, found, reason="  ")
    assert list_site_settings(database) == ()
    kept = adopt(database, found, reason="no other run reads here")
    text = str(setting_text(kept.setting))
    assert "in spite of a no go" in text
    assert text.endswith("no other run reads here”.")


def test_what_is_in_force_is_said_with_version_day_and_films(database, run, found):
    adopt(database, found)
    threshold = f"{found.point.threshold:.2f}"
    assert str(in_force(database, run).note) == (
        f"Site threshold {threshold}, version 1, accepted 2026-11-30 on {found.site.n} films."
    )


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER, Role.TEACHER, Role.ADMIN])
def test_only_who_chooses_the_run_that_serves_adopts_and_takes_back(sqlite_url, run, found, role):
    database = Database.open(sqlite_url)
    reader = Reader("Ada", frozenset({role}))
    with pytest.raises(NotAllowed, match="may not change the active model"):
        adopt(database, found, by=reader)
    with pytest.raises(NotAllowed, match="may not change the active model"):
        take_up_setting(database, run.run_id, RUNS_OWN, "why", reader)
    assert list_site_settings(database) == ()


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"site": " "}, "the site's name has 0 letters"),
        ({"reason": "x" * 1001}, "the reason has 1001 letters"),
        ({"by": lead("")}, "the name has 0 letters"),
    ],
    ids=["site", "reason", "name"],
)
def test_who_where_and_why_are_asked_for(sqlite_url, found, stated, sentence):
    database = Database.open(sqlite_url)
    with pytest.raises(ReviewStoreError, match=sentence):
        adopt(database, found, **stated)
    assert list_site_settings(database) == ()


@pytest.mark.parametrize("version", [1, 2], ids=["in force", "unknown"])
def test_a_version_that_cannot_be_taken_up_is_refused(sqlite_url, run, found, version):
    database = Database.open(sqlite_url)
    adopt(database, found)
    with pytest.raises(ReviewStoreError, match=f"Version {version} of the site's setting"):
        take_up_setting(database, run.run_id, version, "why", lead("Ada"))


def test_a_calibration_that_turns_films_round_is_refused(sqlite_url, found):
    database = Database.open(sqlite_url)
    turned = replace(found, calibration=replace(found.calibration, slope=-0.2))
    with pytest.raises(DatasetError, match="does not become commoner as the run's score rises"):
        adopt(database, turned)
    assert list_site_settings(database) == ()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE site_settings SET version = 7", "DELETE FROM site_settings"],
    ids=["changed", "deleted"],
)
def test_no_line_can_be_changed_afterwards(database, url, found, statement):
    adopt(database, found)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="site_settings is append-only"),
    ):
        connection.execute(statement)
    assert [line.version for line in list_site_settings(database)] == [1]


def test_a_read_is_shown_by_the_version_that_gave_it(sqlite_url, run, found):
    database = Database.open(sqlite_url)
    kept = adopt(database, found)
    by_site = Prediction(0.7, 0.8, run.run_id, kept.setting.point)
    take_up_setting(database, run.run_id, RUNS_OWN, "new device", lead("Ada Lead"))
    assert version_of(by_site.operating_point.chosen_on) == 1
    assert run_that_read(database, by_site, run).site == kept.setting
    by_own = Prediction(0.7, 0.8, run.run_id, run.operating_point)
    assert run_that_read(database, by_own, run_that_read(database, by_site, run)) == run


def test_the_films_that_a_site_tuned_on_are_named_in_words():
    assert chosen_on_words("tuning films of Ward, 3, site setting 12") == (
        "tuning films of Ward, 3, site setting 12"
    )
    assert chosen_on_words("validation patients") == "validation patients"
    assert version_of("validation patients") == 0


def test_without_a_database_the_run_reads_by_its_own_and_none_is_made(tmp_path, sqlite_url, found):
    nowhere = tmp_path / "not" / "there.sqlite3"
    models = get_settings().models
    assert find_in_force_at(f"sqlite:///{nowhere}", models, SERVED_RUN) == InForce()
    assert not nowhere.parent.exists()
    database = Database.open(sqlite_url)
    kept = adopt(database, found)
    assert find_in_force(database, models, SERVED_RUN).kept == kept
    assert find_in_force_at(sqlite_url, models, SERVED_RUN).kept == kept
