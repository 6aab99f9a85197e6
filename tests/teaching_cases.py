"""Cases, answers and outcomes for the tests of teaching, with a default for every field."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.domain import Verdict
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.teaching import Answer, Case
from core.teaching_marks import MarkScore
from core.teaching_outcomes import Outcome

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ILL, WELL = Verdict.PNEUMONIA, Verdict.NORMAL


def make_case(number: int, label: int | None = None, **changes) -> Case:
    """Return a case of its own patient; even numbers are normal, and the model is right."""
    label = number % 2 if label is None else label
    case = Case(
        film_id=f"test/{number:03}.png",
        label=label,
        subtype="bacteria" if label else "",
        patient=f"p{number}",
        difficulty=(number % 10) / 10,
        probability=0.9 if label else 0.1,
        threshold=0.5,
        band="above" if label else "below",
    )
    return replace(case, **changes)


def wrong(case: Case) -> Case:
    """Return the case with a model that takes the other side."""
    band = "below" if case.label else "above"
    return replace(case, band=band, probability=1.0 - case.probability)


def make_outcome(
    case: Case,
    said: Verdict,
    confidence: int = 3,
    *,
    day: float = 0.0,
    session: str = "s",
    final: Verdict | None = None,
    found: bool | None = None,
    **changes,
) -> Outcome:
    """Return a read of a case; the lesion is marked, not marked, or not known."""
    outcome = Outcome(
        session_id=session,
        reader="Ada",
        case=case,
        read=Answer(said, confidence),
        final=None if final is None else Answer(final, confidence),
        score=MarkScore(found is not None or not case.label, bool(case.label), int(found or 0)),
        read_at=START + timedelta(days=day),
    )
    return replace(outcome, **changes)


def lend_models(folder: Path) -> Path:
    """Return a models folder with two runs and the gate only: each run reads all films once."""
    folder.mkdir()
    for name in ("f01", SERVED_RUN, "lungs"):
        (folder / name).symlink_to(PROJECT_ROOT / "models" / name)
    return folder
