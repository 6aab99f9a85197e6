"""What a browser says through a component may be forged: the wrong shape is ignored."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

from core.domain.findings import Category, Findings
from core.domain.mark import MAX_MARKS
from core.domain.review import Verdict
from core.error_analysis.gallery import Cell
from core.reader_studies.study import StudyAnswer
from ui.components.answer.answer import AnswerEvent, read_answer_event
from ui.components.cards.cards import CardsEvent, read_cards_event
from ui.components.events import events_read
from ui.components.findings.findings import FindingsEvent, read_findings_event
from ui.components.matrix.matrix import MatrixEvent, read_matrix_event
from ui.components.rating.rating import read_rating_event
from ui.components.viewer.viewer import read_marks_event, read_switched_event
from ui.components.worklist.choice import Conversation, continue_conversation

NO_STATE = (None, 7, "words", [], ["said"], {"said": 3}, {"said": ["number", 1]}, {"marks": "x"})
NO_NUMBER = (None, "1", 1.5, True, -1, 0, 10**400, float("nan"), [1], {"number": 1})
BOX = [0.1, 0.2, 0.3, 0.4]


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    held: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", held)
    return held


@pytest.mark.parametrize("forged", NO_STATE, ids=repr)
def test_what_is_no_message_is_not_heard(state: dict[str, Any], forged: object) -> None:
    state["key"] = forged
    assert read_cards_event("key") is None
    assert read_matrix_event("key") is None
    assert read_answer_event("key", "token") is None
    assert read_rating_event("key", "token") is None
    assert read_findings_event("key", "token", 0) is None
    assert read_marks_event("key", "token") is None
    assert read_switched_event("key", "token", 3) is None


@pytest.mark.parametrize("number", NO_NUMBER, ids=repr)
def test_a_message_without_a_number_is_not_heard(state: dict[str, Any], number: object) -> None:
    state["key"] = {"said": {"number": number, "act": "open", "film": "a"}}
    assert read_cards_event("key") is None
    assert events_read("key") == 0
    begun = Conversation(asked="a")
    choice = {"film": "b", "number": number}
    assert continue_conversation(begun, choice, "a") == begun


@pytest.mark.parametrize("film", [None, 3, ["b"], {"key": "b"}], ids=repr)
def test_a_choice_of_no_film_changes_nothing(state: dict[str, Any], film: object) -> None:
    begun = Conversation(asked="a")
    assert continue_conversation(begun, {"film": film, "number": 1}, "a") == begun
    state["key"] = {"said": {"number": 1, "act": "open", "film": film}}
    assert read_cards_event("key") is None
    state["key"] = {"said": {"number": 2, "act": "open", "film": "b"}}
    assert read_cards_event("key") == CardsEvent("open", "b")


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": "0.5"},
        {"threshold": 2},
        {"threshold": float("nan")},
        {"threshold": True},
        {"cell": "xx"},
        {"cell": ["tp"]},
        {"cell": None},
    ],
    ids=repr,
)
def test_a_matrix_takes_a_share_and_a_cell_alone(
    state: dict[str, Any], wrong: dict[str, object]
) -> None:
    right = {"number": 1, "threshold": 0.5, "cell": Cell.FALSE_NEGATIVE.value}
    state["key"] = {"said": right | wrong}
    assert read_matrix_event("key") is None
    state["key"] = {"said": right | {"number": 2}}
    assert read_matrix_event("key") == MatrixEvent(0.5, Cell.FALSE_NEGATIVE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "tumour"},
        {"label": ["normal"]},
        {"label": "unsure"},
        {"confidence": 9},
        {"confidence": "3"},
        {"confidence": True},
        {"token": "another"},
        {"token": None},
    ],
    ids=repr,
)
def test_an_answer_takes_its_own_labels_and_steps_alone(
    state: dict[str, Any], wrong: dict[str, object]
) -> None:
    right = {"token": "token", "label": "normal", "confidence": 3, "lock": "yes"}
    state["key"] = {"said": right | wrong}
    assert read_answer_event("key", "token") is None
    state["key"] = {"said": right}
    assert read_answer_event("key", "token") == AnswerEvent("normal", 3, lock=False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"findings": 7},
        {"findings": ["abscess"]},
        {"findings": [["consolidation"]]},
        {"label": "normal"},
        {"label": None},
        {"findings": ["normal", "consolidation"]},
    ],
    ids=repr,
)
def test_an_answers_findings_are_those_of_its_verdict(
    state: dict[str, Any], wrong: dict[str, object]
) -> None:
    right = {"token": "token", "label": "pneumonia", "confidence": 3, "lock": False}
    right["findings"] = ["consolidation"]
    state["key"] = {"said": right | wrong}
    assert read_answer_event("key", "token") is None
    state["key"] = {"said": right}
    seen = Findings(frozenset({Category.CONSOLIDATION}))
    event = AnswerEvent(Verdict.PNEUMONIA, 3, lock=False, findings=seen)
    assert read_answer_event("key", "token") == event


@pytest.mark.parametrize(
    "marks",
    [
        None,
        "marks",
        {"0": BOX},
        [BOX, 3],
        [BOX[:3]],
        [[*BOX, 0.5]],
        [["0.1", 0.2, 0.3, 0.4]],
        [[0.1, 0.2, float("nan"), 0.4]],
        [[0.1, 0.2, 1.4, 0.4]],
        [[0.3, 0.2, 0.1, 0.4]],
        [[-0.1, 0.2, 0.3, 0.4]],
        [[True, True, True, True]],
    ],
    ids=repr,
)
def test_marks_that_are_none_are_ignored(state: dict[str, Any], marks: object) -> None:
    state["key"] = {"marks": {"token": "token", "marks": marks}}
    assert read_marks_event("key", "token") is None


def test_marks_are_cut_to_the_newest_that_a_read_may_have(state: dict[str, Any]) -> None:
    many = [[n / 10**6, 0.2, 0.9, 0.9] for n in range(10**5)]
    state["key"] = {"marks": {"token": "token", "marks": many}}
    assert read_marks_event("key", "token") == tuple(map(tuple, many[-MAX_MARKS:]))


@pytest.mark.parametrize(
    "labels",
    [None, "012", 1, {"0": 1}, [3], [-1], [0, "1"], [True], [0.0], [[0]], [0, 1, 2, 0]],
    ids=repr,
)
def test_regions_that_are_none_are_not_switched_off(state: dict[str, Any], labels: object) -> None:
    state["key"] = {"switched": {"token": "token", "labels": labels}}
    assert read_switched_event("key", "token", 3) is None
    state["key"] = {"switched": {"token": "another", "labels": [0]}}
    assert read_switched_event("key", "token", 3) is None
    state["key"] = {"switched": {"token": "token", "labels": [2, 0, 2]}}
    assert read_switched_event("key", "token", 3) == (2, 0)


SEEN = {"categories": ["consolidation"], "zones": ["left lower"], "effusion_sides": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "of another film"},
        {"findings": None, "verdict": {"value": "perhaps", "number": 1}},
        {"findings": SEEN | {"categories": ["normal", "consolidation"]}},
        {"findings": SEEN | {"categories": "consolidation"}},
        {"findings": SEEN | {"zones": [["left lower"]]}},
        {"findings": SEEN | {"effusion_sides": 7}},
        {"findings": "words"},
        {"findings": 7},
        {"verdict": {"value": ["normal"], "number": 1}},
    ],
    ids=repr,
)
def test_findings_are_those_of_the_form_and_of_this_read(
    state: dict[str, Any], wrong: dict[str, object]
) -> None:
    right = {"number": 1, "token": "token", "findings": SEEN, "verdict": None}
    state["key"] = {"said": right | wrong}
    assert read_findings_event("key", "token", 0) is None
    keyed = {
        "verdict": {"value": "pneumonia", "number": 2},
        "confidence": {"value": 5, "number": 3},
    }
    state["key"] = {"said": right | {"number": 3} | keyed}
    seen = Findings(frozenset({Category.CONSOLIDATION}), frozenset({"left lower"}))
    assert read_findings_event("key", "token", 1) == FindingsEvent(3, seen, Verdict.PNEUMONIA, 5)
    assert read_findings_event("key", "token", 2) == FindingsEvent(3, seen, None, 5)
    assert read_findings_event("key", "token", 3) is None


@pytest.mark.parametrize("wrong", [6, "5", True, {"value": 0, "number": 1}, {"value": 5}], ids=repr)
def test_a_confidence_is_one_of_five_steps(state: dict[str, Any], wrong: object) -> None:
    said = {"number": 1, "token": "token", "findings": SEEN, "verdict": None, "confidence": wrong}
    state["key"] = {"said": said}
    event = read_findings_event("key", "token", 0)
    assert event is not None
    assert event.confidence is None


RATED = {"token": "token", "label": "pneumonia", "rating": 75}


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": "another"},
        {"label": "unsure"},
        {"label": None},
        {"rating": 101},
        {"rating": -1},
        {"rating": 7.5},
        {"rating": True},
        {"rating": "75"},
    ],
    ids=repr,
)
def test_a_study_takes_a_verdict_and_a_whole_number_alone(
    state: dict[str, Any], wrong: dict[str, object]
) -> None:
    state["key"] = {"said": RATED}
    assert read_rating_event("key", "token") == StudyAnswer(Verdict.PNEUMONIA, 75)
    state["key"] = {"said": RATED | wrong}
    assert read_rating_event("key", "token") is None
