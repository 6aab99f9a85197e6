"""The doctor's side of a film: the verdict form, and signing."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.domain.reader import Act
from core.domain.regions import Explanation
from core.domain.review import ReadKind, Verdict, verdict_words
from core.errors import FirstReadError
from core.language.words import msg, tr
from core.pipeline import FilmReading
from core.reads.drafts import Draft
from core.reads.signing import ShownFilm, sign_read, utc_now
from core.settings import get_settings
from ui.app.identity import draw_name_field, not_allowed
from ui.app.read_in_progress import (
    CHANGED,
    ReadContext,
    cancel_correction,
    keep_draft,
    progress_of,
)
from ui.app.resources import get_engine, get_store
from ui.app.session import ReadToken, show_not_kept
from ui.components.findings.findings import CONFIDENCES
from ui.components.panels import draw_record
from ui.components.plain_text import plain
from ui.review.findings_form import draw_findings, take_findings, verdict_help
from ui.review.marks import regions_shown
from ui.review.next_film import draw_next
from ui.review.read_places import ReadPlaces
from ui.review.reports import draw_report
from ui.review.ward import number_shown

NO_VERDICT = msg("Choose a verdict first.")
NO_NAME = msg("Enter your name first: a read is signed by a person.")
COMMENT_SAVED = msg("Comment saved")
CORRECT, CANCEL = msg("Correct this read"), msg("Cancel")
FOLDED = msg("Findings and comment")
KEYS = (("Ctrl Enter", msg("Lock, then sign; in the comment it saves the comment only")),)
CONFIDENCE_HELP = msg("1 is a guess, 3 fairly sure, 5 certain. Keys: `1` to `5`.")


def draw_signed(read: ReadContext) -> None:
    """Draw what is signed already, as far as the visitor may know it, and the report of it."""
    draw_records(read, own=True)
    draw_records(read, own=False)
    draw_report(read)


def draw_records(read: ReadContext, *, own: bool) -> None:
    """Draw the visitor's own read that stands, or the others'; none before their blind read."""
    if read.kind is not ReadKind.READ:
        return
    superseded = {record.supersedes for record in read.history}
    mine = {record.record_id for record in read.own}
    for record in read.history:
        if record.record_id not in superseded and (record.record_id in mine) is own:
            draw_record(record, read.history, own=own)


def draw_verdict(
    read: ReadContext,
    reading: FilmReading,
    explanation: Explanation | None,
    places: ReadPlaces,
) -> None:
    """Draw what is signed already and the form; signing stores the read before it says so."""
    visit, own, kind, token, key = read.visit, read.own, read.kind, read.token, read.form_key
    bar = places.bar
    draw_records(read, own=False)
    draw_report(read)
    if not_allowed(visit, Act.SIGN_READ):
        return
    signed = bool(own) and own[-1].kind is not ReadKind.FIRST
    if signed and not _draw_correct(read, bar):
        return
    begun = Draft()
    if own:
        said = own[-1].read
        sure = said.confidence or begun.confidence
        begun = Draft(said.verdict, sure, said.comment, findings=said.findings)
    form = places.form
    if own and not signed:  # it was filled in blind: the result has the place
        form = form.expander(tr(FOLDED), icon=":material/edit_note:", key=f"folded-{key}")
    draft = _draw_form(key, visit.drafts.get(token, begun), form, bar)
    if kind is ReadKind.FIRST:
        draft = replace(draft, drawn=read.drawn)
    keep_draft(read, draft, begun)
    if draft.comment.strip() and visit.kept.get(token, begun) == draft:
        with form, st.container(key="comment-saved"):
            st.caption(f":material/check: {tr(COMMENT_SAVED)}")
    with bar:
        show_not_kept(visit)
        visit.reader = draw_name_field(visit)
        label, icon = (tr("Sign a correction") if signed else tr("Sign")), ":material/draw:"
        if kind is ReadKind.FIRST:
            label, icon = tr("Lock the first read"), ":material/lock:"
        if st.button(
            label,
            type="primary",
            icon=icon,
            shortcut="Ctrl+Enter",
            width="stretch",
            key=f"sign-{key}",  # a late press must not sign the next film
        ):
            visit.complaint = _sign(read, token, reading, draft, explanation)
            if not visit.complaint:
                st.rerun()
        if signed:
            st.button(
                tr(CANCEL),
                width="stretch",
                key=f"cancel-{key}",
                help=tr("The signed read stays as it is."),
                on_click=cancel_correction,
                args=(read,),
            )
        lacks = {NO_VERDICT: draft.verdict is None, NO_NAME: not visit.reader.strip()}
        if visit.complaint == NO_VERDICT and not lacks[NO_VERDICT]:
            visit.complaint = ""  # it does not come back with a verdict that is taken back
        if visit.complaint and lacks.get(visit.complaint, True):
            st.warning(plain(tr(visit.complaint)), icon=":material/touch_app:")


def _draw_correct(read: ReadContext, bar: DeltaGenerator) -> bool:
    """Return whether the signed read is being corrected; if not, draw the way on and the offer."""
    visit, token = read.visit, read.token
    if token in visit.correcting:
        return True
    with bar:
        show_not_kept(visit)
        visit.reader = draw_name_field(visit)
        draw_next(visit)
        st.button(
            tr(CORRECT),
            icon=":material/edit:",
            width="stretch",
            key=f"correct-{read.form_key}",
            on_click=visit.correct,
            args=(token,),
        )
        if visit.complaint:
            st.warning(plain(tr(visit.complaint)), icon=":material/touch_app:")
    return False


def _draw_form(key: str, begun: Draft, form: DeltaGenerator, bar: DeltaGenerator) -> Draft:
    """Draw the form, with what it begins with; Streamlit keeps what is in it meanwhile."""
    chosen = take_findings(key, begun)
    with bar:
        verdict = st.segmented_control(
            tr("Your verdict"),
            list(Verdict),
            default=chosen.verdict,
            format_func=lambda one: tr(verdict_words(one)).capitalize(),
            key=chosen.verdict_control,
            persist_state="session",
            width="stretch",
            required=True,  # Ctrl+Enter on the chosen one would take it back
            help=verdict_help(),
        )
        confidence = _draw_confidence(verdict, chosen.confidence, chosen.confidence_control)
    with form:
        findings = draw_findings(key, verdict)
        comment = st.text_area(
            tr("Comment"),
            begun.comment,
            max_chars=2000,
            height=68,
            key=f"comment-{key}",
            persist_state="session",
            placeholder=tr("Comment"),
            label_visibility="collapsed",
        )
    return Draft(verdict, confidence, comment, findings=findings)


def _draw_confidence(verdict: Verdict | None, begun: int, key: str) -> int:
    if verdict is Verdict.UNSURE:
        st.caption(tr("No confidence is asked for where you are unsure."))
        return begun
    chosen = st.segmented_control(
        tr("Confidence"),
        list(CONFIDENCES),
        default=begun,
        key=key,
        persist_state="session",
        width="stretch",
        required=True,
        help=tr(CONFIDENCE_HELP),
    )
    return begun if chosen is None else chosen


def _sign(
    read: ReadContext,
    drafted: ReadToken,
    reading: FilmReading,
    draft: Draft,
    explanation: Explanation | None,
) -> str:
    """Store the read and return an empty text, or return what it lacks.

    Parameters
    ----------
    drafted : ReadToken
        The read whose form was drawn: nobody signs what another reader has written.
    """
    visit, film = read.visit, read.film
    if read.token != drafted:
        return CHANGED
    if draft.verdict is None:
        return NO_VERDICT
    if not visit.reader.strip():
        visit.nameless += 1
        return NO_NAME
    progress, said = progress_of(read.token), reading.prediction
    serving = get_engine().classifier.run_record.run_id  # stands for the run of a film without one
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
        return msg("Not signed. {reason}", reason=exc.sentence)
    visit.stored.add(drafted)
    if record.kind is ReadKind.FIRST:
        visit.locked = film.key
    else:
        visit.done = film.key
    return ""
