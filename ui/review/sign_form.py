"""The doctor's side of a film: the verdict form, and signing."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.domain.reader import Act
from core.domain.regions import Explanation
from core.domain.review import ReadKind, Verdict
from core.errors import FirstReadError
from core.pipeline import FilmReading
from core.reads.drafts import Draft
from core.reads.signing import ShownFilm, sign_read, utc_now
from core.settings import get_settings
from ui.app.identity import draw_name_field, not_allowed
from ui.app.read_in_progress import ReadContext, keep_draft, progress_of
from ui.app.resources import get_engine, get_store
from ui.app.session import show_not_kept
from ui.components.panels import draw_record
from ui.components.plain_text import plain
from ui.review.findings_form import VERDICT_HELP, draw_findings, forget_findings, take_findings
from ui.review.marks import regions_shown
from ui.review.reports import draw_report
from ui.review.ward import number_shown

CONFIDENCES = {1: "1 guess", 2: "2", 3: "3 fairly sure", 4: "4", 5: "5 certain"}


def draw_verdict(read: ReadContext, reading: FilmReading, explanation: Explanation | None) -> None:
    """Draw what is signed already and the form; signing stores the read before it says so."""
    visit, own, kind, token = read.visit, read.own, read.kind, read.token
    superseded = {record.supersedes for record in read.history}
    for record in read.history:
        if kind is ReadKind.READ and record.record_id not in superseded:
            draw_record(record)
    draw_report(read)
    if not_allowed(visit, Act.SIGN_READ):
        return
    locked = own[-1] if own and own[-1].kind is ReadKind.FIRST else None
    begun = Draft()
    if locked is not None:
        said = locked.read
        begun = Draft(said.verdict, said.confidence, findings=said.findings)
    with st.container(gap="xsmall"):
        draft = _draw_form(token.key, visit.drafts.get(token, begun))
    if kind is ReadKind.FIRST:
        draft = replace(draft, drawn=read.drawn)
    keep_draft(read, draft, begun)
    show_not_kept(visit)
    visit.reader = draw_name_field(visit)
    label = "Sign a correction" if own and locked is None else "Sign"
    if st.button(
        "Lock the first read" if kind is ReadKind.FIRST else label,
        type="primary",
        icon=":material/draw:",
        shortcut="Ctrl+Enter",
        width="stretch",
        key=f"sign-{token.key}",  # a late press must not sign the next film
    ):
        visit.complaint = _sign(read, reading, draft, explanation)
        if not visit.complaint:
            st.rerun()
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")


def _draw_form(key: str, begun: Draft) -> Draft:
    """Draw the form, with what it begins with; Streamlit keeps what is in it meanwhile."""
    control, chosen = take_findings(key, begun)
    verdict = st.segmented_control(
        "Your verdict",
        list(Verdict),
        default=chosen,
        format_func=lambda one: str(one).capitalize(),
        key=control,
        persist_state="session",
        width="stretch",
        required=True,  # Ctrl+Enter on the chosen one would take it back
        help=VERDICT_HELP,
    )
    findings = draw_findings(key, verdict)
    confidence = st.select_slider(
        "Confidence",
        list(CONFIDENCES),
        value=begun.confidence,
        format_func=CONFIDENCES.__getitem__,
        key=f"confidence-{key}",
        persist_state="session",
    )
    comment = st.text_area(
        "Comment",
        begun.comment,
        max_chars=2000,
        height=68,
        key=f"comment-{key}",
        persist_state="session",
        placeholder="Comment",
        label_visibility="collapsed",
    )
    return Draft(verdict, confidence, comment, findings=findings)


def _sign(
    read: ReadContext, reading: FilmReading, draft: Draft, explanation: Explanation | None
) -> str:
    """Store the read and return an empty text, or return what it lacks."""
    visit, film = read.visit, read.film
    if draft.verdict is None:
        return "Choose a verdict first."
    if not visit.reader.strip():
        return "Enter your name first: a read is signed by a person."
    progress, said = progress_of(read.token), reading.prediction
    serving = get_engine().classifier.run_record.run_id  # stands for the run of a refused film
    shown = ShownFilm(
        film_sha256=film.key,
        film_name=film.name if get_settings().keep_file_names else "",
        run_id=serving if said is None else said.run_id,
        quality=reading.quality,
        prediction=said,
        earlier=read.history,
        regions=regions_shown(read, explanation),
        opened_at=progress.opened_at,
        shown_s=progress.seconds_until(utc_now()),
        kind=read.kind,
        order_known=get_settings().shows_order,
        shown_number=number_shown(read, said),
    )
    record = sign_read(draft, shown, visit.acting)
    try:
        get_store().append(record, visit.acting)
    except FirstReadError as exc:
        return f"Not signed. {exc}"
    forget_findings(read.token.key)
    return ""
