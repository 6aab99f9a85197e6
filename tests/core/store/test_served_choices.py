"""Who chose which run to serve, on SQLite and PostgreSQL, and what wins over a choice."""

from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import lead, raw_connection

from core.domain.model import ServedChoice
from core.errors import ReviewStoreError
from core.serving.choice import DecidedBy, decide_served_run, decision_text
from core.settings import Settings
from core.store.engine import Database
from core.store.served_runs import choose_served_run, list_served_choices

pytest_plugins = ["fixtures.review_databases"]

MORNING = datetime(2025, 3, 1, 8, 0, 0, 250000, tzinfo=UTC)
CHOICE = ServedChoice("f03", "fewer missed films", "Ada Lead", "0.1.0", MORNING)


def choose(database, run_id="f03", reason=" fewer missed films ", chosen_by=" Ada Lead", hours=0):
    return choose_served_run(
        database,
        run_id=run_id,
        reason=reason,
        chosen_by=lead(chosen_by),
        app_version="0.1.0",
        now=lambda: MORNING + timedelta(hours=hours),
    )


def test_a_choice_comes_back_with_who_when_and_why(database):
    assert choose(database) == CHOICE
    assert list_served_choices(database) == [CHOICE]


def test_choices_are_kept_in_their_order_even_if_they_repeat(database):
    made = [choose(database), choose(database, "f04", hours=1), choose(database, hours=2)]
    assert list_served_choices(database) == made


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ({"reason": " \n"}, "the reason has 0 letters and needs 1 to 1000"),
        ({"reason": "x" * 1001}, "the reason has 1001 letters"),
        ({"chosen_by": " "}, "the name has 0 letters and needs 1 to 100:"),
    ],
)
def test_a_choice_needs_a_reason_and_a_name(sqlite_url, without, sentence):
    database = Database.open(sqlite_url)
    with pytest.raises(ReviewStoreError, match=sentence):
        choose(database, **without)
    assert list_served_choices(database) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE served_choices SET reason = 'other'", "DELETE FROM served_choices"],
)
def test_a_choice_cannot_be_changed_afterwards(database, url, statement):
    choose(database)
    with (
        raw_connection(url) as connection,
        pytest.raises(Exception, match="served_choices is append-only"),
    ):
        connection.execute(statement)
    assert list_served_choices(database) == [CHOICE]


# --- what wins ------------------------------------------------------------------------------------


def test_without_a_choice_the_default_serves_and_says_so():
    decision = decide_served_run("", "f04", None)
    assert (decision.run_id, decision.decided_by) == ("f04", DecidedBy.DEFAULT)
    assert decision_text(decision) == (
        "Active model: f04. It is the default; no other run was chosen."
    )


def test_a_choice_wins_over_the_default():
    decision = decide_served_run("", "f04", CHOICE)
    assert (decision.run_id, decision.decided_by) == ("f03", DecidedBy.CHOICE)
    assert decision_text(decision) == (
        "Active model: f03. Ada Lead chose f03 on 2025-03-01 08:00 UTC, because: fewer missed films"
    )


def test_the_environment_wins_over_a_choice_and_says_what_it_overrides():
    decision = decide_served_run("f01", "f04", CHOICE)
    assert (decision.run_id, decision.decided_by) == ("f01", DecidedBy.ENVIRONMENT)
    assert decision.overridden == CHOICE
    assert decision_text(decision) == (
        "Active model: f01. FIRSTREAD_SERVED_RUN names it and overrides every choice made here. "
        "Overridden: Ada Lead chose f03 on 2025-03-01 08:00 UTC, because: fewer missed films"
    )


def test_an_environment_that_agrees_with_the_choice_overrides_nothing():
    assert decide_served_run("f03", "f04", CHOICE).overridden is None


def test_only_a_setting_from_outside_counts_as_named(monkeypatch):
    monkeypatch.delenv("FIRSTREAD_SERVED_RUN", raising=False)
    assert Settings(_env_file=None).named_run == ""
    monkeypatch.setenv("FIRSTREAD_SERVED_RUN", "f01")
    assert Settings(_env_file=None).named_run == "f01"
