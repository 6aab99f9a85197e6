"""The weekly check and the run that reads along, as pages show them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from fixtures.app_pages import open_app, open_page
from fixtures.kept_films import ADA, Clock, arriving, read_by_machine
from fixtures.monitoring import kept_week, shadow_reading
from fixtures.review_records import lead
from fixtures.site_settings import accepted
from pages.test_review import choose_verdict, name_reader, press, words_of
from streamlit.testing.v1 import AppTest

from core.domain.reader import Role
from core.domain.review import Verdict
from core.monitoring.weekly import Stream, WeekChecked, WeekSeen
from core.phantom.builtin import built_in_files
from core.pipeline import open_engine
from core.runs.predictions import read_predictions
from core.runs.store import export_identity, load_run, reading_identity
from core.settings import get_settings
from core.store.local_reader import choose_local_reader
from core.store.monitoring import KeptWeek, SqlMonitoring
from core.store.reads import SqlReviewStore
from core.store.served_runs import note_served_run
from core.store.shadow import SqlShadow
from core.store.site_settings import adopt_setting
from ui.app.resources import get_films
from ui.app.watching import open_alarm

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def served():
    return open_engine(get_settings().models, "f08", 1)


@pytest.fixture
def identity(store: SqlReviewStore, served, monkeypatch, tmp_path: Path) -> str:
    """A site that keeps films, where f08 has served since a Monday in March."""
    monkeypatch.setenv("FIRSTREAD_KEEP_FILMS_DAYS", "3000")
    monkeypatch.setenv("FIRSTREAD_FILMS", str(tmp_path / "films"))
    st.cache_resource.clear()
    run = served.classifier.run_record
    note_served_run(
        store.database,
        run_id="f08",
        threshold=run.operating_point.threshold,
        export_sha256=export_identity(run),
        now=lambda: MONDAY,
    )
    return reading_identity(run, served.gate.sha256)


@pytest.fixture
def alarm(store: SqlReviewStore, identity: str) -> SqlMonitoring:
    """Eight weeks; in the last four the gate refuses 40 of 100 films instead of 2."""
    monitoring = SqlMonitoring(store.database)
    for week in range(8):
        begins = MONDAY.date() + timedelta(weeks=week)
        refused = 2 if week < 4 else 40
        seen = WeekSeen(begins, (0.25, 0.9) * 30, (True,) * refused + (False,) * (100 - refused))
        powers = {Stream.SCORES: -0.5, Stream.REFUSALS: -1.0 if week < 6 else 5.5}
        checked = WeekChecked(begins, 100, powers)
        at = MONDAY + timedelta(weeks=week + 1)
        monitoring.keep_week(identity, "f08", KeptWeek(seen, checked, "r", at))
    return monitoring


def panel() -> AppTest:
    """Open what the page Site holds of it."""

    def draw() -> None:
        from ui.app.guard import show_errors
        from ui.app.identity import recognise
        from ui.app.session import get_visit, show_notice
        from ui.site.monitoring import show_monitoring

        recognise(get_visit())
        with show_errors():
            show_notice(get_visit())
            show_monitoring()

    page = AppTest.from_function(draw, default_timeout=60).run()
    assert not page.exception
    return page


def infos(page: AppTest) -> str:
    return " ".join(one.value for one in page.info)


def alarm_in_the_bar(page: AppTest) -> bool:
    return any(one.proto.popover.label == "Alarm" for one in page.get("popover"))


def test_before_the_first_week_is_over_it_says_so(store: SqlReviewStore, identity: str) -> None:
    page = panel()
    assert "No week with films is over yet" in infos(page)
    assert "Films on which it takes another side than the active model" in words_of(page)
    n = len(read_predictions(load_run(get_settings().models / "f08")).of_split("validation"))
    assert f"Compared with {n} validation films of f08." in [one.value for one in page.caption]


def test_after_an_acceptance_it_says_that_the_sites_own_films_are_the_reference(
    store: SqlReviewStore, identity: str, served
) -> None:
    run = served.classifier.run_record
    adopt_setting(store.database, accepted(run), "Ward 3", "measured", lead("Dr Ada"))
    said = [one.value for one in panel().caption]
    assert (
        "Compared with 240 films of this site: those of the acceptance test of version 1, one of "
        "each patient." in said
    )


def test_an_alarm_says_what_changed_by_how_much_and_what_to_do(alarm: SqlMonitoring) -> None:
    page = panel()
    (warning,) = [one.value for one in page.warning]
    assert "raised an alarm on f08 in the week of 2026-04-13" in warning
    assert "Films refused: 2.0 % (0.8 % to 5.0 %, n = 200) before" in warning
    assert "40.0 % (35.3 % to 44.9 %, n = 400) in the last 4 weeks" in warning
    assert "does a device send another view, format or size?" in warning


def test_an_alarm_under_a_sites_setting_counts_by_the_sites_threshold(
    store: SqlReviewStore, identity: str, served
) -> None:
    run = served.classifier.run_record
    kept = adopt_setting(store.database, accepted(run), "Ward 3", "measured", lead("Dr Ada"))
    setting, monitoring = kept.setting, SqlMonitoring(store.database)
    note_served_run(
        store.database,
        run_id="f08",
        threshold=setting.point.threshold,
        export_sha256=export_identity(run),
        now=lambda: MONDAY,
    )
    scores = (setting.point.threshold + 0.01,) * 30 + (setting.point.threshold - 0.01,) * 30
    seen = WeekSeen(MONDAY.date(), scores, (False,) * 60)
    checked = WeekChecked(MONDAY.date(), 60, {Stream.SCORES: 4.0})
    at = MONDAY + timedelta(weeks=1)
    monitoring.keep_week("at the site", "f08", KeptWeek(seen, checked, "r", at))
    shift = open_alarm().shifts[Stream.SCORES]
    of_site = np.array([*kept.ill_scores, *kept.well_scores])
    assert len(of_site) == 240  # made-up films of as many patients
    assert shift.before.value == pytest.approx((of_site >= setting.point.threshold).mean())
    assert shift.before.n == 240
    assert shift.now.value == 0.5


def test_the_alarm_stands_on_every_page_until_a_lead_acknowledges_it(
    store: SqlReviewStore, identity: str, alarm: SqlMonitoring
) -> None:
    worklist = open_app()
    assert alarm_in_the_bar(worklist)
    assert "The quality check refuses another share of films." in words_of(worklist)
    page = panel()
    press(page, "Acknowledge")
    assert "the note has 0 letters" in page.error[0].value
    page.text_area[0].set_value("A new device sends lateral films; its export was changed.")
    next(one for one in page.text_input if one.label == "Your name").set_value("Dr Ada")
    page.radio[0].set_value("usual")
    press(page, "Acknowledge")
    (note,) = alarm.notes(identity)
    assert (note.reader, note.as_usual) == ("Dr Ada", True)
    assert "lateral films" in note.note
    assert "No alarm. Checked up to the week of" in words_of(page)
    assert not alarm_in_the_bar(open_app())


def test_who_may_not_acknowledge_reads_who_may_and_a_trainee_sees_no_alarm(
    store: SqlReviewStore, alarm: SqlMonitoring
) -> None:
    choose_local_reader(store.database, "Bo", Role.READER)
    st.cache_resource.clear()
    page = panel()
    assert "may not acknowledge an alarm of the weekly check" in words_of(page)
    assert "Acknowledge" not in [one.label for one in page.button]
    choose_local_reader(store.database, "Tess", Role.TRAINEE)
    st.cache_resource.clear()
    assert not alarm_in_the_bar(open_app())


def test_the_check_runs_by_itself_while_the_worklist_is_open(
    store: SqlReviewStore, identity: str
) -> None:
    films, clock = get_films(), Clock()
    films._now, clock.at = clock, MONDAY + timedelta(days=2)
    films.keep(arriving("ab" * 32, content=b"film"), ADA)
    films.note_reading("ab" * 32, read_by_machine(0.25, identity=identity))
    open_page("review")
    for thread in threading.enumerate():
        if thread.name == "first-read-watch":
            thread.join(60)
    weeks = SqlMonitoring(store.database).weeks(identity)
    assert weeks[0].seen.scores == (0.25,)
    assert weeks[0].seen.begins == MONDAY.date()


# --- the run that reads along ---------------------------------------------------------------------


def test_a_lead_chooses_the_run_that_reads_along_and_ends_it(
    store: SqlReviewStore, identity: str
) -> None:
    page = panel()
    runs = next(one for one in page.selectbox if one.label == "Run")
    assert "f05" in runs.options
    assert "f08" not in runs.options  # it serves
    assert "x05" not in runs.options  # an exhibit never does
    runs.set_value("f05")
    next(one for one in page.text_area if one.label == "Reason").set_value("It may find more.")
    next(one for one in page.text_input if one.label == "Your name").set_value("Dr Ada")
    press(page, "Choose")
    choice = SqlShadow(store.database).choice()
    assert (choice.run_id, choice.readers, choice.chosen_by) == ("f05", 1, "Dr Ada")
    assert "0 films were read by both" in words_of(page)
    next(one for one in page.selectbox if one.label == "Run").set_value("")
    next(one for one in page.text_area if one.label == "Reason").set_value("Enough is known.")
    press(page, "Choose")
    assert SqlShadow(store.database).choice() is None


@pytest.fixture
def differing(store: SqlReviewStore, served, identity: str) -> list[str]:
    """Two films on which f05 and f08 differ; blind readers have settled twenty others."""
    shadow, films = SqlShadow(store.database), get_films()
    shadow.choose("f05", 1, "It may find more.", ADA)
    run = open_engine(get_settings().models, "f05", 1).classifier.run_record
    other = reading_identity(run, served.gate.sha256)

    def differ(film: str, *, shadow_ill: bool) -> None:
        said = shadow_reading(film, shadow=shadow_ill, served=not shadow_ill)
        shadow.keep_reading(replace(said, identity=other, served_identity=identity))

    for place in range(20):
        film, ill = f"{place:02x}" * 32, place % 2 == 0
        differ(film, shadow_ill=ill)
        shadow.sign_blind(film, Verdict.PNEUMONIA if ill else Verdict.NORMAL, lead("Dr Bo"))
    kept = []
    for path in built_in_files()[:2]:
        content = path.read_bytes()
        kept.append(hashlib.sha256(content).hexdigest())
        films.keep(arriving(kept[-1], content=content, name=path.name), ADA)
        films.note_reading(kept[-1], read_by_machine(0.1, identity=identity))
        differ(kept[-1], shadow_ill=True)
    return kept


def test_it_says_when_the_evidence_suffices_and_how_sure_that_is(differing: list[str]) -> None:
    said = words_of(panel())
    assert "The evidence suffices to switch to f05." in said
    assert "22 films were read by both. On 22 they take different sides" in said
    assert "have settled 20 of these" in said
    # of 10 of 10 the interval begins where q^10 is a fortieth of 1 / 11
    least = (1.0 / (40.0 * 11.0)) ** 0.1
    assert f"right on 10 of 10, 100 % ({100 * least:.0f} % to 100 %)" in said


def test_differing_films_are_read_blind_one_after_the_other(
    store: SqlReviewStore, differing: list[str]
) -> None:
    page = open_page("review", show="blind")
    assert "Enter your name" in infos(page)
    name_reader(page, "Dr Cy")
    said = words_of(page)
    assert "2 films await your read." in said
    assert "Neither score is shown." in said
    assert not [word for word in ("robability", "suspicious", "0.1") if word in said]
    assert next(one for one in page.button if one.label == "Sign the blind read").disabled
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign the blind read")
    assert "1 film awaits your read." in words_of(page)
    choose_verdict(page, Verdict.UNSURE)
    press(page, "Sign the blind read")
    assert "No film awaits your blind read" in infos(page)
    reads = SqlShadow(store.database).blind_reads_of(differing)
    assert [reads[film][0].verdict for film in differing] == [Verdict.NORMAL, Verdict.UNSURE]
    assert store.count() == 0  # it is no signed read


def test_the_worklist_offers_blind_reads_to_who_may_give_them(
    store: SqlReviewStore, differing: list[str]
) -> None:
    choose_local_reader(store.database, "Dr Cy", Role.READER)
    st.cache_resource.clear()
    shown = next(one for one in open_page("review").selectbox if one.label == "Films")
    # the film that opened by itself is not blind any more
    assert "Read blind, for the comparison (1)" in shown.options
    choose_local_reader(store.database, "Tess", Role.TRAINEE)
    st.cache_resource.clear()
    page = open_page("review")
    shown = next(one for one in page.selectbox if one.label == "Films")
    assert not [one for one in shown.options if "Read blind" in one]


def test_a_week_of_another_reference_begins_a_course() -> None:
    from ui.site.monitoring import _other_references

    weeks = [kept_week(0), kept_week(1, reference="s"), kept_week(2, reference="s")]
    assert _other_references(weeks) == [weeks[0].seen.begins]
