"""The ward's prevalence on the page Worklist: what is said before and after, and who sets it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from fixtures.app_pages import open_page as open_at
from fixtures.review_records import record, sign
from pages.test_review import (
    CHEST,
    choose_verdict,
    name_reader,
    open_page,
    press,
    said_of,
    upload,
    words_of,
)
from pages.test_review_population import ADULT, ASK
from streamlit.testing.v1 import AppTest

from core.domain.reader import Reader, Role
from core.domain.review import Verdict
from core.evaluation.film_number import FilmNumber
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.reads.export import reads_as_csv
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.stats.intervals import wilson_rate
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from core.store.ward import list_ward_prevalences, set_ward_prevalence
from ui.review.ward import FORM, OF_OTHERS, SELECTED, VALUE

LEAD = Reader("Dr. Lena Lead", frozenset({Role.LEAD}))
UNSET = "Prevalence not set: set it"


def asked(page: AppTest) -> list[str]:
    labels = [one.proto.popover.label for one in page.get("popover")]
    return [label for label in labels if label.startswith("Prevalence")]


def open_form(page: AppTest) -> AppTest:
    page.session_state[FORM] = True
    return page.run()


def state(page: AppTest, of_100: float | None) -> AppTest:
    open_form(page).number_input(key=VALUE).set_value(of_100)
    return press(page, "Use this prevalence")


def prediction_on(page: AppTest):
    visit = page.session_state["first_read"]
    return visit.outcome(visit.selected).reading.prediction


def test_before_a_prevalence_is_set_the_page_says_the_ratio_and_asks_for_it(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page(), CHEST)
    share = assumed_prevalence(load_run(PROJECT_ROOT / "models" / SERVED_RUN))
    p = prediction_on(page).probability
    ratio = f"{p / (1.0 - p) / (share / (1.0 - share)):.1f}"
    interval = r"\(95 % [\d.]+ to [\d.]+\)"
    alone = rf"<b>Likelihood ratio {ratio} {interval}\.</b> A film with this score is {ratio} times"
    assert re.search(alone, said_of(page))
    assert "says little" not in said_of(page)
    assert "robability" not in said_of(page)
    assert "&nbsp;probability" not in words_of(page)
    assert "The score is at or above the threshold" in words_of(page)
    assert "By counting on the official test split, the likelihood ratio is " in words_of(page)
    assert asked(page) == [UNSET]
    monkeypatch.setattr(FilmNumber, "says_little", True)  # as where the interval holds 1
    page.run()
    assert "which is set to miss few; this score alone says little.</p>" in said_of(page)


def test_afterwards_bayes_gives_the_probability_and_side_and_scale_stay(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST)
    scale = next(one.proto.body for one in page.get("html") if "fr-scale" in one.proto.body)
    name_reader(page, LEAD.name)
    state(page, 15.0)
    (kept,) = list_ward_prevalences(store.database)
    assert (kept.value, kept.set_by, kept.estimate) == (pytest.approx(0.15), LEAD.name, None)
    share = assumed_prevalence(load_run(PROJECT_ROOT / "models" / SERVED_RUN))
    p = prediction_on(page).probability
    odds = p / (1.0 - p) / (share / (1.0 - share)) * 15.0 / 85.0
    there = odds / (1.0 + odds)
    assert f"<b>Probability here {there:.2f}.</b> Of 100 such films here about " in said_of(page)
    assert f"about {round(100 * there)} have pneumonia (95 % " in said_of(page)
    assert asked(page) == ["Prevalence here: 15 %"]
    assert "**Suspicious for pneumonia**" in words_of(page)
    assert any(scale == one.proto.body for one in page.get("html"))


def test_the_read_keeps_the_number_that_its_reader_saw(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    set_ward_prevalence(store.database, 0.15, LEAD)
    press(page, "Correct this read")
    choose_verdict(page, Verdict.NORMAL)
    assert "Likelihood ratio" in said_of(page)  # as long as the film stays open
    press(page, "Sign a correction")
    again = upload(open_page(), CHEST)
    name_reader(again)
    press(again, "Correct this read")
    choose_verdict(again, Verdict.NORMAL)
    number = re.search("Probability here ([0-9.]+[0-9])", said_of(again))[1]
    press(again, "Sign a correction")
    before, open_still, after = (one.shown_number for one in store.everything())
    assert before == open_still
    assert before.prevalence is None
    assert before.text.startswith("likelihood ratio ")
    assert (after.prevalence, after.likelihood_ratio) == (0.15, before.likelihood_ratio)
    assert after.text.startswith(f"probability here {number} (95 % ")
    rows = list(csv.DictReader(io.StringIO(reads_as_csv(store.everything()))))
    assert [row["Ward's prevalence"] for row in rows] == ["", "", "0.15"]
    assert rows[0]["Probability in the ward"] == ""
    odds = before.likelihood_ratio * 0.15 / 0.85
    assert float(rows[2]["Probability in the ward"]) == pytest.approx(odds / (1.0 + odds))
    assert rows[2]["Shown number"] == after.text
    assert float(rows[2]["Score"]) == store.everything()[2].prediction.score


def test_a_first_read_keeps_no_number_for_it_saw_none(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_page(), CHEST)
    assert asked(page) == []
    name_reader(page)
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Lock the first read")
    press(page, "Sign")
    first, signed = store.everything()
    assert first.shown_number is None
    assert signed.shown_number is not None


@pytest.mark.parametrize("role", [Role.READER, Role.TEACHER])
def test_who_may_not_set_it_reads_who_does_and_is_not_blocked(
    store: SqlReviewStore, role: Role
) -> None:
    choose_local_reader(store.database, "Ada", role)
    page = open_form(upload(open_page(), CHEST))
    assert asked(page) == ["Prevalence not set"]
    assert "A reader with the role lead sets the prevalence here." in words_of(page)
    assert not page.number_input
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign")
    assert store.count() == 1


def test_what_cannot_be_set_is_a_sentence_and_nothing_is_kept(store: SqlReviewStore) -> None:
    page = state(upload(open_page(), CHEST), None)
    assert "State the prevalence in percent, such as 15." in words_of(page)
    state(page, 15.0)  # by nobody
    assert "this one has 0: enter your name" in words_of(page)
    assert list_ward_prevalences(store.database) == []


def test_settled_reads_offer_an_estimate_with_one_press(store: SqlReviewStore) -> None:
    for number in range(60):
        verdict = Verdict.PNEUMONIA if number < 9 else Verdict.NORMAL
        sign(store, record(film_sha256=f"{number:064x}", verdict=verdict, regions={}))
    choose_local_reader(store.database, LEAD.name, Role.LEAD)
    page = open_form(upload(open_page(), CHEST))
    assert SELECTED in words_of(page)
    press(page, "Use 15 % (95 % 8.1 % to 26 %) of 60 settled films")
    (kept,) = list_ward_prevalences(store.database)
    assert kept.estimate == wilson_rate(9, 60)
    assert asked(page) == ["Prevalence here: 15 %"]
    assert "15 % (95 % 8.1 % to 26 %) of 60 settled films, taken over by" in words_of(
        open_form(page)
    )


def test_of_few_reads_no_estimate_is_offered(store: SqlReviewStore) -> None:
    sign(store, record(verdict=Verdict.NORMAL, regions={}))
    page = open_form(upload(open_page(), CHEST))
    assert not [button for button in page.button if "settled" in button.label]


def test_other_pages_begin_at_the_wards_prevalence(store: SqlReviewStore) -> None:
    assert open_at("model_card").slider(key="facts-prevalence").value == 10
    set_ward_prevalence(store.database, 0.034, LEAD)
    assert open_at("model_card").slider(key="facts-prevalence").value == 3
    assert open_at("model_card", prevalence="30").slider(key="facts-prevalence").value == 30


def test_a_run_without_a_measured_interval_says_so(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.app.ward.read_ratios", lambda _: None)
    page = upload(open_page(), CHEST)
    assert "(interval not measured)." in said_of(page)
    assert "By counting" not in words_of(page)


def test_a_film_of_another_age_gets_no_probability(store: SqlReviewStore) -> None:
    set_ward_prevalence(store.database, 0.15, LEAD)
    page = upload(open_page(), ADULT)
    name_reader(page)
    press(page, ASK)
    assert "Likelihood ratio" in said_of(page)
    assert OF_OTHERS in words_of(page)
    assert asked(page) == []
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Sign")
    assert store.everything()[0].shown_number.prevalence is None
