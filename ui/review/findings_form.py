"""Findings beside the verdict: one sets the verdict, and a verdict clears what it denies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from core.domain.findings import NO_FINDINGS, Findings
from core.domain.review import Verdict
from core.reads.drafts import Draft
from core.reads.findings import implied_verdict
from ui.components.findings.findings import (
    VERDICT_KEYS,
    read_findings_event,
    show_findings,
)

FORM = "findings"
LABEL = "Findings, optional"
CLEARED = "Cleared by the verdict"
VERDICT_HELP = "Keys: " + ", ".join(f"`{key}` {one}" for one, key in VERDICT_KEYS.items()) + "."


@dataclass(frozen=True, slots=True)
class _Held:
    """What is chosen at a read by now.

    Attributes
    ----------
    verdict : Verdict or None
        What the control of the verdict begins with.
    heard : int
        Number of the browser's newest choice.
    turn : int
        How often findings or keys have set the verdict: each time its control is a new one, for of
        the old one the browser may still send what it was before.
    cleared : bool
        Whether a verdict has cleared the findings.
    """

    findings: Findings
    verdict: Verdict | None
    heard: int = 0
    turn: int = 0
    cleared: bool = False


def take_findings(token: str, begun: Draft) -> tuple[str, Verdict | None]:
    """Take in what was chosen since the last run; call it before the verdict is drawn.

    Returns
    -------
    key : str
        Of the verdict's control.
    verdict : Verdict or None
        What it begins with.
    """
    kept: _Held | None = st.session_state.get(_memory(token))
    held = kept or _Held(begun.findings, begun.verdict)
    event = read_findings_event(FORM, token, held.heard)
    if event is not None:
        held = replace(held, findings=event.findings, heard=event.number, cleared=False)
        said = event.verdict or implied_verdict(event.findings)
        if said not in (None, st.session_state.get(_control(token, held), held.verdict)):
            held = replace(held, verdict=said, turn=held.turn + 1)
    st.session_state[_memory(token)] = held  # at once: a run may be broken off at each access
    return _control(token, held), held.verdict


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
        label=LABEL,
        note=CLEARED if held.cleared else LABEL,
    )
    return held.findings


def forget_findings(token: str) -> None:
    """Begin verdict and findings again: another reader's first read has the same token."""
    held: _Held = st.session_state[_memory(token)]
    st.session_state[_memory(token)] = _Held(NO_FINDINGS, None, held.heard, held.turn + 1)


def _memory(token: str) -> str:
    return f"findings-{token}"


def _control(token: str, held: _Held) -> str:
    return f"verdict-{token}-{held.turn}"
