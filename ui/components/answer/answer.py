"""Pneumonia or normal, and how sure: buttons and keys that keep the answer until it is locked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.review import Verdict, verdict_words
from core.errors import FindingsError
from core.language.words import tr
from core.reads.findings import implied_verdict
from core.teaching.session import CONFIDENCES, LABELS, Answer
from ui.components.declare import declare
from ui.components.events import rerun_only, state_of
from ui.components.findings.findings import CATEGORY_KEYS, TITLES, WORDS

SEEN = (Category.CONSOLIDATION, Category.OTHER_INFILTRATE, Category.EFFUSION)
"""Findings of pneumonia; each implies it."""

KEYS = {Verdict.PNEUMONIA: "p", Verdict.NORMAL: "n"}
_component = declare("first_read_answer", Path(__file__).parent, ("answer.js",), "answer")


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """What is chosen in the browser, and whether it is to be locked."""

    label: Verdict | None
    confidence: int | None
    lock: bool
    findings: Findings = NO_FINDINGS


def read_answer_event(key: str, token: str) -> AnswerEvent | None:
    """Return what was chosen since the token was new; None if nothing was."""
    event = state_of(key, "said")
    if event is None or event.get("token") != token:
        return None
    label, confidence = event.get("label"), event.get("confidence")
    known = label is None or label in list(LABELS)
    whole = confidence is None or (type(confidence) is int and confidence in CONFIDENCES)
    if not (known and whole):
        return None
    verdict = None if label is None else Verdict(label)
    try:
        findings = Findings(frozenset(Category(one) for one in event.get("findings", ())))
    except (TypeError, ValueError, FindingsError):
        return None
    if implied_verdict(findings) not in (None, verdict):
        return None
    return AnswerEvent(verdict, confidence, event.get("lock") is True, findings)


def show_answer(draft: Answer, *, key: str, token: str, lock: str, note: str = "") -> None:
    """Draw the form.

    Parameters
    ----------
    draft : Answer
        As it is kept; taken over in the browser once for each token.
    key : str
        Identifies this form on the page.
    token : str
        Tells one read from the next; another token lets go of what was chosen.
    lock : str
        What locking is called here.
    note : str
        A line above that button.
    """
    _component(
        key=key,
        data={
            "token": token,
            "label": None if draft.label is None else draft.label.value,
            "confidence": draft.confidence,
            "labels": [
                {
                    "value": label.value,
                    "words": tr(verdict_words(label)).capitalize(),
                    "key": KEYS[label],
                }
                | {"title": ""}
                for label in LABELS
            ],
            "steps": [
                {
                    "value": step,
                    "words": str(step),
                    "key": str(step),
                    "title": tr(words).capitalize(),
                }
                for step, words in CONFIDENCES.items()
            ],
            "findings": [one for one in SEEN if one in draft.findings.categories],
            "seen": [
                {"value": one.value, "words": tr(WORDS[one]), "key": CATEGORY_KEYS[one]}
                | {"title": tr(TITLES[one])}
                for one in SEEN
            ],
            "implied": Verdict.PNEUMONIA.value,
            "lock": tr(lock),
            "note": tr(note),
            "lacks": {
                "label": tr(Answer().lacks),
                "confidence": tr(Answer(Verdict.NORMAL).lacks),
            },
        },
        on_said_change=rerun_only,
    )
