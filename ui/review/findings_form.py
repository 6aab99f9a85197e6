"""Findings beside the verdict: one sets the verdict, and a verdict clears what it denies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.domain.findings import NO_FINDINGS, Findings
from core.domain.review import Verdict, verdict_words
from core.language.words import msg, tr
from core.reads.drafts import Draft
from core.reads.findings import implied_verdict
from ui.components.findings.findings import (
    VERDICT_KEYS,
    FindingsEvent,
    read_findings_event,
    show_findings,
)

FORM = "findings"
LABEL = msg("Findings, optional")
CLEARED = msg("Cleared by the verdict")


@dataclass(frozen=True, slots=True)
class _Held:
    """What is chosen at a read by now.

    Attributes
    ----------
    verdict, confidence : Verdict or None, int
        What the controls begin with.
    heard : int
        Number of the browser's newest choice.
    turn, step_turn : int
        How often findings or keys have set the verdict, and keys the confidence: each time the
        control is a new one, for of the old one the browser may still send what it was before.
    cleared : bool
        Whether a verdict has cleared the findings.
    before : (Verdict or None,) or None
        The verdict that stood before findings set it; None while it is the reader's own.
    """

    findings: Findings
    verdict: Verdict | None
    confidence: int
    heard: int = 0
    turn: int = 0
    step_turn: int = 0
    cleared: bool = False
    before: tuple[Verdict | None] | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The keys of the controls for verdict and confidence, and what these begin with."""

    verdict_control: str
    verdict: Verdict | None
    confidence_control: str
    confidence: int


def verdict_help() -> str:
    """Return the keys of the verdicts in a sentence."""
    keys = (f"`{key}` {tr(verdict_words(one))}" for one, key in VERDICT_KEYS.items())
    return tr("Keys: {keys}.", keys=", ".join(keys))


def take_findings(token: str, begun: Draft) -> Chosen:
    """Take in what was chosen since the last run; call it before the verdict is drawn."""
    kept: _Held | None = st.session_state.get(_memory(token))
    held = kept or _Held(begun.findings, begun.verdict, begun.confidence)
    event = read_findings_event(FORM, token, held.heard)
    if event is not None:
        held = replace(held, findings=event.findings, heard=event.number, cleared=False)
        held = _set_verdict(token, held, event)
        step = event.confidence
        if step not in (None, st.session_state.get(_steps(token, held), held.confidence)):
            held = replace(held, confidence=step or 0, step_turn=held.step_turn + 1)
    st.session_state[_memory(token)] = held  # at once: a run may be broken off at each access
    return Chosen(_control(token, held), held.verdict, _steps(token, held), held.confidence)


def _set_verdict(token: str, held: _Held, event: FindingsEvent) -> _Held:
    """Set the verdict that was pressed or that findings imply; none of them takes it back."""
    stands = st.session_state.get(_control(token, held), held.verdict)
    implied = implied_verdict(event.findings)
    if event.verdict is not None or stands != held.verdict:
        held = replace(held, before=None)  # the reader has chosen one by hand
    said = event.verdict or implied
    if said not in (None, stands):
        before = held.before if event.verdict or held.before else (stands,)
        return replace(held, verdict=said, turn=held.turn + 1, before=before)
    if said is None and held.before is not None:
        return replace(held, verdict=held.before[0], turn=held.turn + 1, before=None)
    return held


def draw_findings(token: str, verdict: Verdict | None) -> Findings:
    """Draw the toggles and return what is chosen; what implies another verdict is dropped."""
    held: _Held = st.session_state[_memory(token)]
    if implied_verdict(held.findings) not in (None, verdict):
        held = replace(held, findings=NO_FINDINGS, cleared=True)
        st.session_state[_memory(token)] = held
    show_findings(
        held.findings,
        key=FORM,
        token=token,
        heard=held.heard,
        label=tr(LABEL),
        note=tr(CLEARED if held.cleared else LABEL),
    )
    return held.findings


def _memory(token: str) -> str:
    return f"findings-{token}"


def _control(token: str, held: _Held) -> str:
    return f"verdict-{token}-{held.turn}"


def _steps(token: str, held: _Held) -> str:
    return f"confidence-{token}-{held.step_turn}"
