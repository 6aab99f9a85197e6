"""Settled disputes as cases: the arbitration is the reference, and no run is measured on them."""

from __future__ import annotations

import pytest
from fixtures.review_records import record

from core.domain.model import OperatingPoint, Prediction
from core.domain.review import ReadKind, Verdict
from core.errors import DatasetError, TeachingError
from core.library.own_cases import OwnCases
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.teaching.own_cases import case_of_settled

POINT = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")


def case_of(verdict: Verdict, probability: float, errors: int = 0, reads: int = 0):
    settled = record(kind=ReadKind.ARBITRATION, verdict=verdict, regions={})
    said = Prediction(probability, 0.0, "run-1", POINT)
    return case_of_settled("own-1", settled, said, "own-1", errors, reads)


def test_the_arbitration_is_the_reference_and_the_model_may_be_wrong() -> None:
    case = case_of(Verdict.PNEUMONIA, 0.3)
    assert (case.film_id, case.label, case.subtype, case.patient) == ("own-1", 1, "", "own-1")
    assert (case.side, case.model_wrong, case.threshold) == ("not suspicious", True, 0.4)
    assert case_of(Verdict.NORMAL, 0.3).model_wrong is False


def test_an_arbitration_that_is_unsure_teaches_nothing() -> None:
    assert case_of(Verdict.UNSURE, 0.3) is None


def test_a_case_is_hard_that_the_model_or_readers_get_wrong() -> None:
    # by hand: the model's error counts half of 1; four reads weigh as much as it
    assert case_of(Verdict.PNEUMONIA, 0.9).difficulty == 0.0
    assert case_of(Verdict.PNEUMONIA, 0.3).difficulty == 0.5
    assert case_of(Verdict.PNEUMONIA, 0.9, errors=4, reads=4).difficulty == 0.5


def test_no_run_is_measured_on_a_readers_verdict() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    library = OwnCases(lambda film_id: film_id.encode())
    with pytest.raises(DatasetError, match="verdict, not ground truth"):
        library.predictions(run)
    assert (library.parts(run), library.has_read(run), library.learned(run)) == ((), False, None)
    assert (library.findings(), library.gate_findings()) == ({}, {})
    assert library.truth("own-1", "core") is None
    assert library.read_bytes("own-1") == b"own-1"


def test_an_erased_film_is_a_sentence() -> None:
    def erased(_film_id: str) -> bytes:
        raise TeachingError("The film of this teaching case was erased.")

    with pytest.raises(TeachingError, match="was erased"):
        OwnCases(erased).read_bytes("own-1")
