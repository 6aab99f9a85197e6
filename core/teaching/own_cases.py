"""Settled disputes as cases of a session."""

from __future__ import annotations

from core.domain.model import Prediction
from core.domain.review import ReviewRecord, Verdict
from core.teaching.case_selection import estimate_difficulty
from core.teaching.session import Case


def case_of_settled(
    case_id: str,
    settled: ReviewRecord,
    said: Prediction,
    patient: str,
    errors: int,
    reads: int,
) -> Case | None:
    """Return a settled dispute as a case whose reference is the arbitration; None if it is unsure.

    Parameters
    ----------
    said : Prediction
        What the run of the session says of the film.
    patient : str
        The same for all cases of a patient, and names nobody: it is stored with each session.
    errors, reads : int
        Blind reads of the case by all trainees, and the wrong ones among them.
    """
    if settled.read.verdict is Verdict.UNSURE:
        return None
    label = int(settled.read.verdict is Verdict.PNEUMONIA)
    threshold = said.operating_point.threshold
    wrong = (said.probability >= threshold) != bool(label)
    return Case(
        film_id=case_id,
        label=label,
        subtype="",
        patient=patient,
        difficulty=estimate_difficulty(0.0, float(wrong), errors, reads),
        probability=said.probability,
        threshold=threshold,
        side=said.side,
    )
