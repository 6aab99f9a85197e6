"""The weekly check makes up for every week that is over; the shadow run reads along unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fixtures.kept_films import Clock, arriving, read_by_machine
from fixtures.monitoring import IDENTITY
from fixtures.review_records import lead
from fixtures.site_settings import accepted

from core.domain.quality import QualityReport
from core.domain.shadow import ShadowChoice
from core.errors import Cancelled, CorruptFile
from core.inference.at_site import run_at_site
from core.jobs.film_worker import EngineFiles, FilmAnswer, FilmWork
from core.jobs.monitoring import (
    ShadowRun,
    Watched,
    check_due,
    read_along,
    reference_in_use,
    reference_words,
    shadow_run,
    validation_reference,
    watch_run,
)
from core.monitoring.weekly import MonitoringReference, Origin, Stream, WeekSeen, check_weeks
from core.pipeline import FilmReading, open_engine
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, Settings
from core.store.engine import Database
from core.store.films.worklist import SqlFilms, open_films
from core.store.monitoring import SqlMonitoring
from core.store.served_runs import note_served_run
from core.store.shadow import SqlShadow
from core.store.site_settings import adopt_setting
from core.store.ward import set_ward_prevalence

ADA = lead("Dr Ada")
MODELS = PROJECT_ROOT / "models"
RUN = replace(load_run(MODELS / "f08"), run_id="run-1")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database.open(f"sqlite:///{tmp_path}/reads.sqlite3")) as opened:
        yield opened


@pytest.fixture
def films(database: Database, tmp_path: Path) -> SqlFilms:
    return open_films(database, Settings(films=str(tmp_path / "films")))


def take(films: SqlFilms, week: int, scores, refused: int = 0) -> None:
    """Let films with these scores arrive on a Monday, and some that the gate refuses."""
    clock = Clock()
    clock.at = MONDAY + timedelta(weeks=week)
    films._now = clock
    readings = [read_by_machine(float(score)) for score in scores]
    for place, reading in enumerate([*readings, *[read_by_machine(None)] * refused]):
        film = f"{week:04x}{place:04x}".ljust(64, "0")
        films.keep(arriving(film, content=b"film"), ADA)
        films.note_reading(film, reading)


def watched(weeks: int = 0, scores=None) -> Watched:
    reference = np.random.default_rng(1).random(200) if scores is None else scores
    return Watched(RUN, IDENTITY, MonitoringReference(reference), MONDAY - timedelta(weeks=weeks))


def test_every_week_that_is_over_is_checked_once(database, films) -> None:
    monitoring, rng = SqlMonitoring(database), np.random.default_rng(2)
    for week in (1, 3):  # none in the first week, and none in the third
        take(films, week, rng.random(5), refused=1)
    midweek = MONDAY + timedelta(weeks=4, days=2)
    done = check_due(monitoring, watched(weeks=2), midweek)
    assert [week.seen.begins for week in done] == [
        date(2026, 3, 9),
        date(2026, 3, 16),
        date(2026, 3, 23),
    ]
    assert [week.checked.films for week in done] == [6, 0, 6]
    assert check_due(monitoring, watched(weeks=2), midweek) == []
    assert monitoring.weeks(IDENTITY) == done


def test_a_week_waits_two_days_for_films_that_are_to_be_read(database, films) -> None:
    monitoring = SqlMonitoring(database)
    take(films, 0, [0.5])
    films.keep(arriving("ff" * 32, content=b"film"), ADA)
    monday = MONDAY + timedelta(weeks=1)
    assert check_due(monitoring, watched(), monday) == []
    (week,) = check_due(monitoring, watched(), monday + timedelta(days=2))
    assert week.checked.films == 1


class Weeks(SqlMonitoring):
    """Keeps what it is told; films come in again each week, and none is kept."""

    def gather(self, identity: str, run_id: str, begins: date) -> WeekSeen:
        rng = np.random.default_rng(begins.toordinal())
        return WeekSeen(begins, tuple(rng.random(40) ** 0.45), (False,) * 40)


@pytest.fixture
def moved(database: Database) -> SqlMonitoring:
    """Four weeks of scores that are higher than the reference's, checked one after the other."""
    monitoring = Weeks(database)
    for week in range(1, 5):
        assert len(check_due(monitoring, watched(), MONDAY + timedelta(weeks=week))) == 1
    return monitoring


def test_the_course_goes_on_from_week_to_week(moved) -> None:
    kept = moved.weeks(IDENTITY)
    together = check_weeks([week.seen for week in kept], watched().reference)
    assert [week.checked for week in kept] == together
    assert kept[-1].checked.changed == (Stream.SCORES,)
    assert moved.open_alarm(IDENTITY) is not None


def test_weeks_declared_as_usual_are_the_reference_from_then_on(moved) -> None:
    moved.acknowledge(IDENTITY, "run-1", "A new device, as it should be.", ADA, as_usual=True)
    assert len(check_due(moved, watched(), MONDAY + timedelta(weeks=10))) == 6
    assert moved.open_alarm(IDENTITY) is None
    kept, notes = moved.weeks(IDENTITY), moved.notes(IDENTITY)
    reference = reference_in_use(watched(), kept, notes)
    held = [week.seen.scores for week in kept[:4]]  # since the change, which is since the first
    assert reference.origin is Origin.WEEKS
    assert reference.scores.tolist() in [list(sum(held[begins:], ())) for begins in (0, 1)]


def test_an_alarm_that_is_not_as_usual_begins_a_course_with_the_same_reference(moved) -> None:
    moved.acknowledge(IDENTITY, "run-1", "We look into it.", ADA, as_usual=False)
    later = check_due(moved, watched(), MONDAY + timedelta(weeks=8))
    assert not later[0].checked.alarm
    assert later[-1].checked.alarm
    assert moved.open_alarm(IDENTITY).seen.begins > date(2026, 3, 23)


def test_what_is_watched_is_the_served_run_with_its_validation_films(database) -> None:
    run = load_run(MODELS / "f08")
    assert watch_run(database, run, "identity") is None  # it has not served
    note_served_run(database, run_id="f08", threshold=0.7, export_sha256="e", now=lambda: MONDAY)
    found = watch_run(database, run, "identity")
    validation = read_predictions(run).of_split("validation")
    assert found.since == MONDAY
    assert np.array_equal(found.reference.scores, validation.probability)
    set_ward_prevalence(database, 0.25, ADA)
    at_ward = watch_run(database, run, "identity").reference.scores
    ill = np.isin(at_ward, validation.probability[validation.films.label == 1])
    assert ill.mean() == pytest.approx(0.25, abs=0.01)
    own = validation_reference(run, None)
    assert watch_run(database, run, "identity", own).reference is own


def test_with_a_sites_setting_films_and_reference_are_on_one_scale(database) -> None:
    run = load_run(MODELS / "f08")
    kept = adopt_setting(database, accepted(run), "Ward 3", "measured", lead("Dr. Lena Lead"))
    own = read_predictions(run).of_split("validation").probability
    found = validation_reference(run_at_site(run, kept.setting), None).scores
    assert np.array_equal(found, kept.setting.calibration.apply(own))
    assert not np.allclose(found, own, atol=0.01)


@pytest.fixture
def planted(database):
    """Return f08 as it reads after an acceptance test with these scores, and what was adopted."""
    run = load_run(MODELS / "f08")

    def adopt(ill_scores, well_scores):
        found = replace(accepted(run), ill_scores=ill_scores, well_scores=well_scores)
        kept = adopt_setting(database, found, "Ward 3", "measured", lead("Dr. Lena Lead"))
        note_served_run(
            database, run_id="f08", threshold=0.7, export_sha256="e", now=lambda: MONDAY
        )
        return run_at_site(run, kept.setting)

    return adopt


def test_the_films_of_an_acceptance_test_are_the_reference_in_place_of_validation(
    database, planted
) -> None:
    at_site = planted((0.6,) * 30, (0.2,) * 90)
    reference = watch_run(database, at_site, "identity").reference
    assert sorted(reference.scores) == [0.2] * 90 + [0.6] * 30
    assert reference.origin is Origin.SITE
    assert str(reference_words(reference, at_site)) == (
        "Compared with 120 films of this site: those of the acceptance test of version 1, one of "
        "each patient."
    )
    alike = WeekSeen(date(2026, 3, 2), ((0.6, 0.2, 0.2, 0.2) * 25))
    (of_site,) = check_weeks([alike], reference)
    (of_validation,) = check_weeks([alike], validation_reference(at_site, None))
    assert not of_site.alarm  # a quarter is ill, as at the site
    assert of_validation.alarm  # three quarters are
    set_ward_prevalence(database, 0.5, ADA)
    at_ward = watch_run(database, at_site, "identity").reference.scores
    assert sorted(at_ward) == [0.2] * 30 + [0.6] * 30


def test_another_version_and_the_runs_own_do_not_take_the_newest_films(database, planted) -> None:
    first, second = planted((0.6,) * 60, ()), planted((0.7,) * 60, ())
    found = [watch_run(database, one, "i").reference.scores for one in (first, second)]
    assert [set(one) for one in found] == [{0.6}, {0.7}]
    own = watch_run(database, first.without_site, "i").reference
    assert own.origin is Origin.VALIDATION
    assert "validation films of f08." in str(reference_words(own, first.without_site))


def test_too_few_films_of_the_site_leave_validation_films_as_the_reference(
    database, planted
) -> None:
    at_site = planted((0.6,) * 20, (0.2,) * 29)
    reference = watch_run(database, at_site, "identity").reference
    assert np.array_equal(reference.scores, validation_reference(at_site, None).scores)
    assert "keeps too few scores of the site's own films; 50 are needed" in str(
        reference_words(reference, at_site)
    )


# --- the run that reads along ---------------------------------------------------------------------


class Pool:
    """Reads films by their first byte, as a shadow run would; keeps what it was asked."""

    def __init__(self, *said) -> None:
        self.said, self.asked = list(said), list[FilmWork]()

    def do(self, work: FilmWork, **_: object) -> FilmAnswer:
        self.asked.append(work)
        said = self.said[len(self.asked) - 1]
        if isinstance(said, Exception):
            raise said
        prediction = None if said is None else read_by_machine(said).prediction
        reading = FilmReading("", b"", 1, 1, "PNG", QualityReport(), prediction, None)
        return FilmAnswer(reading)


def shadow(chosen_at=MONDAY) -> ShadowRun:
    choice = ShadowChoice("run-2", 1, "why not", "Dr Ada", "0.1.0", chosen_at)
    return ShadowRun(choice, EngineFiles(MODELS, "run-2", 1, "run-2 and gate"))


def test_new_films_are_read_along_unseen_and_each_once(database, films) -> None:
    take(films, 0, [0.9, 0.1, 0.8])
    before = [films.find(one.film_sha256) for one in films.unread("another", 9)]
    pool = Pool(0.1, CorruptFile("It is damaged."), None)
    read = read_along(films, pool, shadow(), IDENTITY, lambda: MONDAY)
    assert (read, [work.unseen for work in pool.asked]) == (3, [True] * 3)
    found = SqlShadow(database).readings("run-2 and gate", IDENTITY)
    assert [one.probability for one in found] == [0.1, None, None]
    assert [one.differs for one in found] == [True, False, False]
    after = [films.find(one.film_sha256) for one in before]
    assert [one.reading.prediction.probability for one in after] == [0.9, 0.1, 0.8]
    assert read_along(films, pool, shadow(), IDENTITY, lambda: MONDAY) == 0


def test_a_film_that_was_not_read_to_its_end_is_read_later(database, films) -> None:
    take(films, 0, [0.9])
    assert read_along(films, Pool(Cancelled("late")), shadow(), IDENTITY, lambda: MONDAY) == 0
    assert read_along(films, Pool(0.9), shadow(), IDENTITY, lambda: MONDAY) == 1


def test_films_from_before_the_choice_and_a_stop_are_kept_to(database, films) -> None:
    take(films, 0, [0.9, 0.8])
    later = shadow(MONDAY + timedelta(days=1))
    assert read_along(films, Pool(), later, IDENTITY, lambda: MONDAY) == 0
    stopped = read_along(films, Pool(), shadow(), IDENTITY, lambda: MONDAY, lambda: True)
    assert stopped == 0


def test_the_shadow_run_is_the_chosen_one_unless_it_serves(database) -> None:
    settings = Settings(models=MODELS)
    served = open_engine(MODELS, "f08", 1)
    assert shadow_run(database, settings, served) is None
    SqlShadow(database).choose("f05", 1, "It may find more.", ADA)
    found = shadow_run(database, settings, served)
    assert (found.files.run_id, found.choice.readers) == ("f05", 1)
    assert len(found.files.identity) == 64
    SqlShadow(database).choose("f08", 1, "The other way round.", ADA)
    assert shadow_run(database, settings, served) is None
