"""A session's figures in words, the same on the page, in the table and in the PDF."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePosixPath

from core.domain.findings import findings_text
from core.domain.rate import Rate, of_few_text, probability_text
from core.domain.review import Verdict, verdict_words
from core.language.lists import NOTHING, joined
from core.language.words import Message, msg, msgn
from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import Outcome, ReaderSummary
from core.teaching.session import Answer, Case, Plan, difficulty_words

FIGURES_NOTE = msg(
    "Intervals are 95 %: Wilson's for rates, DeLong's for the area under the ROC curve. Blind "
    "reads are compared with the reference labels of the library. Each focus of an outlined lesion "
    "counts."
)


TO_REVIEW = msg("Wrong or not fully marked")
"""What the films are called that were read wrongly, or on which a focus was not marked."""

TIME = msg("Time")
"""What the column of the time in s is called."""

SOURCE_WORDS = {
    "public": msg("films of children (public set)"),
    "adults": msg("films of adults of another hospital"),
    "synthetic": msg("synthetic films"),
    "own": msg("own cases, whose reference is a reader's verdict"),
}

_SUBTYPES = {
    "normal": msg("normal"),
    "pneumonia": msg("pneumonia"),
    "bacteria": msg("bacteria"),
    "virus": msg("virus"),
    "lobar": msg("lobar"),
    "patchy": msg("patchy"),
    "interstitial": msg("interstitial"),
    "effusion": msg("effusion"),
}


def subtype_words(subtype: str) -> str:
    """Return a subtype of the reference in words; one that is not known as it stands."""
    return _SUBTYPES.get(subtype, subtype)


def rate_text(rate: Rate | None) -> Message:
    """Return a rate with its interval and n."""
    if rate is None or rate.n == 0 or math.isnan(rate.value):
        return msg("no film of this kind")
    return of_few_text(rate)


def marks_rate_text(rate: Rate) -> Message:
    """Return how many foci were marked; of pneumonias that nobody outlined none is counted."""
    return rate_text(rate) if rate.n else msg("no outlined lesion")


def describe_plan(plan: Plan) -> Message:
    """Return in one line what a session was; whose films they are comes first."""
    films = SOURCE_WORDS.get(plan.library) or msg("films of {library}", library=plan.library)
    mix = (
        msg("case set {name}", name=plan.case_set)
        if plan.case_set
        else msg(
            "{share:.0f} % normal, {difficulty} difficulty",
            share=100 * plan.share_normal,
            difficulty=difficulty_words(plan.difficulty),
        )
    )
    model = msg("with run {run}", run=plan.run_id) if plan.with_model else msg("without the model")
    limit = msg("{s} s a film", s=plan.limit_s) if plan.limit_s else msg("no time limit")
    return msg(
        "{n} {films}, {mix}, {model}, {limit}, seed {seed}",
        n=plan.films,
        films=films,
        mix=mix,
        model=model,
        limit=limit,
        seed=plan.seed,
    )


def describe_summary(summary: ReaderSummary, *, with_model: bool) -> dict[Message, Message]:
    """Return a reader's figures, by what they are called."""
    figures = {
        msg("Correct blind reads"): rate_text(summary.right),
        msg("Pneumonias found (sensitivity)"): rate_text(summary.sensitivity),
        msg("Normal films called normal (specificity)"): rate_text(summary.specificity),
        msg("Your AUC"): msg("needs two films of each kind")
        if summary.auc is None
        else rate_text(summary.auc),
        msg("Foci marked"): marks_rate_text(summary.marks),
        msg("False-positive marks"): joined([str(summary.false_marks)]),
        msg("Median time for a film"): msg("not measured")
        if summary.median_s is None
        else msg("{s:.0f} s", s=summary.median_s),
    }
    if summary.cut_off:
        figures[msg("Time ran out")] = msg(
            "{films}, {unanswered} of them without an answer: wrong",
            films=summary.cut_off,
            unanswered=summary.unanswered,
        )
    if with_model:
        figures |= {
            msg("Correct when the model was wrong"): rate_text(summary.drill.right),
            msg("Stayed correct when the model was wrong"): rate_text(summary.drill.held),
        }
    return figures


def answer_text(answer: Answer | None) -> Message:
    """Return a read in words."""
    if answer is None:
        return NOTHING
    if answer.label is None:
        return msg("no answer in time")
    verdict, sure = verdict_words(answer.label), answer.confidence
    if not answer.findings:
        return msg("{verdict}, {confidence} of 5", verdict=verdict, confidence=sure)
    return msg(
        "{verdict}, {confidence} of 5: {findings}",
        verdict=verdict,
        confidence=sure,
        findings=findings_text(answer.findings),
    )


def marks_text(score: MarkScore, marks: int) -> Message:
    """Return what became of a read's marks."""
    if not score.known:
        return msg("not scored: the lesion is not outlined")
    if not score.ill:
        return false_marks_text(marks) if marks else msg("No mark needed, and none was set")
    parts = []
    if score.foci > 1:
        parts.append(msg("{found} of {foci} foci", found=score.foci_found, foci=score.foci))
    elif marks:
        parts.append(msg("hit") if score.hits else msg("missed"))
    else:
        parts.append(msg("not marked"))
    if score.misses:
        parts.append(false_marks_text(score.misses))
    if score.iou is not None:
        parts.append(msg("overlap {iou:.2f}", iou=score.iou))
    return joined(parts)


def false_marks_text(marks: int) -> Message:
    """Return how many marks lie where there is no lesion."""
    return msgn("{n} false-positive mark", "{n} false-positive marks", marks)


def model_text(case: Case) -> Message:
    """Return the model's read of a film with its probability."""
    return msg(
        "{verdict} {probability}",
        verdict=verdict_words(case.model_says),
        probability=probability_text(case.probability),
    )


def describe_outcome(outcome: Outcome) -> dict[Message, str | int | None]:
    """Return one film of a session as a row of a table."""
    case = outcome.case
    return {
        msg("Film"): PurePosixPath(case.film_id).stem,
        msg("Reference"): reference_text(case),
        msg("Your read"): answer_text(outcome.read),
        msg("Blind read"): right_text(outcome),
        msg("Mark"): marks_text(outcome.score, len(outcome.read.marks)),
        msg("Model"): model_text(case),
        msg("After the model"): answer_text(outcome.final),
        TIME: None if outcome.seconds is None else round(outcome.seconds),
    }


def describe_outcomes(outcomes: Sequence[Outcome]) -> list[dict[Message, str | int | None]]:
    """Return the films of a session as rows, without a column that is empty for all of them."""
    rows = [describe_outcome(one) for one in outcomes]
    filled = [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]
    return [{name: row[name] for name in filled} for row in rows]


def reference_text(case: Case) -> Message:
    """Return what a film shows by its reference."""
    verdict = verdict_words(case.reference)
    if not (case.label and case.subtype):
        return verdict
    return msg("{verdict}, {subtype}", verdict=verdict, subtype=subtype_words(case.subtype))


def kind_text(case: Case) -> str:
    """Return the subtype of a film's reference, or the reference where none is known."""
    return subtype_words(case.subtype) if case.subtype else verdict_words(case.reference)


def read_and_reference(outcome: Outcome) -> Message:
    """Return in one line what a film shows and what was said of it."""
    return msg(
        "{reference}: {said}", reference=reference_text(outcome.case), said=said_text(outcome)
    )


def said_text(outcome: Outcome) -> Message:
    """Return in few words what was said of a film, and what was not marked."""
    label = outcome.read.label
    said = msg("no answer in time") if label is None else verdict_words(label)
    if outcome.score.found is not False:
        return msg("you read {verdict}", verdict=said)
    marks = marks_text(outcome.score, len(outcome.read.marks))
    return msg("you read {verdict}; {marks}", verdict=said, marks=marks)


def right_text(outcome: Outcome) -> Message:
    """Return in a word or two how a blind read fared."""
    if not outcome.answered:
        return msg("not answered")
    return msg("right") if outcome.right else msg("wrong")


def resistance_text(outcome: Outcome) -> Message:
    """Return what the model's read did to a reader's; empty where it was not shown."""
    if outcome.final is None:
        return NOTHING
    right = outcome.final.label is outcome.case.reference
    if outcome.case.model_says is Verdict.UNSURE:
        return msg("The model was unsure here.")
    if not outcome.case.model_wrong:
        return msg("The model was right here.")
    if outcome.right:
        return (
            msg("The model was wrong here, and you kept your correct read.")
            if right
            else msg("The model was wrong here, and you changed a correct read.")
        )
    return (
        msg("The model was wrong here; your second read is correct.")
        if right
        else msg("The model was wrong here, and so was your second read.")
    )
