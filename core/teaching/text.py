"""A session's figures in words, the same on the page, in the table and in the PDF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.domain.findings import findings_text
from core.domain.rate import Rate, of_few_text, probability_text
from core.domain.review import Verdict
from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import Outcome, ReaderSummary
from core.teaching.session import Answer, Case, Plan

FIGURES_NOTE = (
    "Intervals are 95 %: Wilson's for rates, DeLong's for the area under the ROC curve. Blind "
    "reads are compared with the reference labels of the library. Each focus of an outlined lesion "
    "counts."
)


TO_REVIEW = "Wrong or not fully marked"
"""What the films are called that were read wrongly, or on which a focus was not marked."""

SOURCE_WORDS = {
    "public": "films of children (public set)",
    "adults": "films of adults of another hospital",
    "synthetic": "synthetic films",
    "own": "own cases, whose reference is a reader's verdict",
}


def rate_text(rate: Rate | None) -> str:
    """Return a rate with its interval and n."""
    if rate is None or rate.n == 0 or math.isnan(rate.value):
        return "no film of this kind"
    return of_few_text(rate)


def marks_rate_text(rate: Rate) -> str:
    """Return how many foci were marked; of pneumonias that nobody outlined none is counted."""
    return rate_text(rate) if rate.n else "no outlined lesion"


def describe_plan(plan: Plan) -> str:
    """Return in one line what a session was; whose films they are comes first."""
    films = SOURCE_WORDS.get(plan.library, f"films of {plan.library}")
    mix = (
        f"case set {plan.case_set}"
        if plan.case_set
        else f"{100 * plan.share_normal:.0f} % normal, {plan.difficulty} difficulty"
    )
    model = f"with run {plan.run_id}" if plan.with_model else "without the model"
    time = f"{plan.limit_s} s a film" if plan.limit_s else "no time limit"
    return f"{plan.films} {films}, {mix}, {model}, {time}, seed {plan.seed}"


def describe_summary(summary: ReaderSummary, *, with_model: bool) -> dict[str, str]:
    """Return a reader's figures, by what they are called."""
    figures = {
        "Correct blind reads": rate_text(summary.right),
        "Pneumonias found (sensitivity)": rate_text(summary.sensitivity),
        "Normal films called normal (specificity)": rate_text(summary.specificity),
        "Your AUC": "needs two films of each kind"
        if summary.auc is None
        else rate_text(summary.auc),
        "Foci marked": marks_rate_text(summary.marks),
        "False-positive marks": str(summary.false_marks),
        "Median time for a film": "not measured"
        if summary.median_s is None
        else f"{summary.median_s:.0f} s",
    }
    if summary.cut_off:
        figures["Time ran out"] = (
            f"{summary.cut_off}, {summary.unanswered} of them without an answer: wrong"
        )
    if with_model:
        figures |= {
            "Correct when the model was wrong": rate_text(summary.drill.right),
            "Stayed correct when the model was wrong": rate_text(summary.drill.held),
        }
    return figures


def answer_text(answer: Answer | None) -> str:
    """Return a read in words."""
    if answer is None:
        return ""
    if answer.label is None:
        return "no answer in time"
    seen = findings_text(answer.findings)
    return f"{answer.label}, {answer.confidence} of 5" + (f": {seen}" if seen else "")


def marks_text(score: MarkScore, marks: int) -> str:
    """Return what became of a read's marks."""
    if not score.known:
        return "not scored: the lesion is not outlined"
    if not score.ill:
        return false_marks_text(marks) if marks else "No mark needed, and none was set"
    parts = []
    if score.foci > 1:
        parts.append(f"{score.foci_found} of {score.foci} foci")
    elif marks:
        parts.append("hit" if score.hits else "missed")
    else:
        parts.append("not marked")
    if score.misses:
        parts.append(false_marks_text(score.misses))
    if score.iou is not None:
        parts.append(f"overlap {score.iou:.2f}")
    return ", ".join(parts)


def false_marks_text(marks: int) -> str:
    """Return how many marks lie where there is no lesion."""
    return "1 false-positive mark" if marks == 1 else f"{marks} false-positive marks"


def describe_outcome(outcome: Outcome) -> dict[str, str | int | None]:
    """Return one film of a session as a row of a table."""
    case = outcome.case
    return {
        "Film": PurePosixPath(case.film_id).stem,
        "Reference": reference_text(case),
        "Your read": answer_text(outcome.read),
        "Blind read": right_text(outcome),
        "Mark": marks_text(outcome.score, len(outcome.read.marks)),
        "Model": f"{case.model_says} {probability_text(case.probability)}",
        "After the model": answer_text(outcome.final),
        "Time": None if outcome.seconds is None else round(outcome.seconds),
    }


def describe_outcomes(outcomes: Sequence[Outcome]) -> list[dict[str, str | int | None]]:
    """Return the films of a session as rows, without a column that is empty for all of them."""
    rows = [describe_outcome(one) for one in outcomes]
    filled = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    return [{name: row[name] for name in filled} for row in rows]


def reference_text(case: Case) -> str:
    """Return what a film shows by its reference."""
    return f"{case.reference}, {case.subtype}" if case.label and case.subtype else case.reference


def read_and_reference(outcome: Outcome) -> str:
    """Return in one line what a film shows and what was said of it."""
    return f"{reference_text(outcome.case)}: {said_text(outcome)}"


def said_text(outcome: Outcome) -> str:
    """Return in few words what was said of a film, and what was not marked."""
    said = outcome.read.label or "no answer in time"
    if outcome.score.found is not False:
        return f"you read {said}"
    return f"you read {said}; {marks_text(outcome.score, len(outcome.read.marks))}"


def right_text(outcome: Outcome) -> str:
    """Return in a word or two how a blind read fared."""
    if not outcome.answered:
        return "not answered"
    return "right" if outcome.right else "wrong"


def resistance_text(outcome: Outcome) -> str:
    """Return what the model's read did to a reader's; empty where it was not shown."""
    if outcome.final is None:
        return ""
    right = outcome.final.label is outcome.case.reference
    if outcome.case.model_says is Verdict.UNSURE:
        return "The model was unsure here."
    if not outcome.case.model_wrong:
        return "The model was right here."
    if outcome.right:
        return (
            "The model was wrong here, and you kept your correct read."
            if right
            else "The model was wrong here, and you changed a correct read."
        )
    return (
        "The model was wrong here; your second read is correct."
        if right
        else "The model was wrong here, and so was your second read."
    )
