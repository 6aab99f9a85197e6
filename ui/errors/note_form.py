"""What a reader notes of a film: cause, tags, comment, and another label if need be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from core.domain.reader import Act, Reader, reader_key
from core.error_analysis.names import name_text
from core.error_analysis.notes import (
    MAX_COMMENT,
    CaseNote,
    Proposal,
    ProposalState,
    ProposedLabel,
    weigh_proposals,
    write_note,
)
from core.errors import FirstReadError
from core.language.numbers import time_text
from core.language.words import msg, tr
from ui.app.identity import draw_name_field, not_allowed
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.errors.open_case import CaseContext
from ui.library.films import get_case_notes

LABELS = {ProposedLabel.PNEUMONIA: msg("pneumonia"), ProposedLabel.NORMAL: msg("normal")}


def draw_case_form(case: CaseContext) -> None:
    """Draw what was noted of the open film, and the form for the reader's own note."""
    visit, of_film = case.visit, case.film_notes
    own = None if not_allowed(visit, Act.NOTE_CASE) else _draw_own(case)
    _draw_others([note for note in of_film if note is not own and not note.is_empty])
    proposal = weigh_proposals(of_film, case.reference)
    if proposal is not None:
        st.caption(_proposal_text(proposal))


def _proposal_text(proposal: Proposal) -> str:
    """Return how far the proposals for a film have come."""
    if proposal.label is None:
        return tr("Readers propose different labels.")
    label = tr(LABELS[proposal.label])
    if proposal.state is ProposalState.ACCEPTED:
        return tr("Readers agree on the label {label}. The reference label stays.", label=label)
    return tr(
        "One reader proposes the label {label}; a second must confirm it.",
        label=label,
    )


def _draw_own(case: CaseContext) -> CaseNote | None:
    """Draw the form for the reader's own note, and return the note as it is stored."""
    visit, of_film = case.visit, case.film_notes
    visit.reader = draw_name_field(visit)
    own = next((n for n in of_film if reader_key(n.reader) == reader_key(visit.reader)), None)
    note = _draw_fields(case, own)
    if st.button(
        tr("Save the note"),
        type="primary",
        icon=":material/save:",
        shortcut="Ctrl+Enter",
        width="stretch",
        key=f"save-{_key(case.film_id, own)}",
    ):
        visit.complaint = _save(case, own, note)
        if not visit.complaint:
            visit.notice = tr("Noted.")
            st.rerun()
    if visit.complaint:
        st.warning(plain(visit.complaint), icon=":material/touch_app:")
    return own


def carry_draft(film_id: str, before: CaseNote | None, after: CaseNote) -> None:
    """Let what is written and not saved stand in the fields of the note that a tag has made.

    Call it before the fields are drawn.
    """
    for name in ("cause", "comment", "label"):
        old = f"{name}-{_key(film_id, before)}"
        if old in st.session_state:
            st.session_state[f"{name}-{_key(film_id, after)}"] = st.session_state[old]


def _key(film_id: str, own: CaseNote | None) -> str:
    return f"{film_id}-{'new' if own is None else own.note_id}"


def _draw_fields(case: CaseContext, own: CaseNote | None) -> dict[str, object]:
    """Draw the fields; what is in them stays while the reader is at another film."""
    key = _key(case.film_id, own)
    causes = list(get_case_notes().causes())
    if own is not None and own.cause and own.cause not in causes:
        causes.append(own.cause)  # taken off the list since
    cause_side, list_side = st.columns([4, 1], gap="small", vertical_alignment="bottom")
    cause = cause_side.selectbox(
        tr("Cause"),
        ["", *causes],
        index=0 if own is None or not own.cause else 1 + causes.index(own.cause),
        format_func=lambda one: name_text(one) or tr("not stated"),
        key=f"cause-{key}",
        persist_state="session",
    )
    with list_side.popover("", icon=":material/edit:", help=tr("Change the list of causes")):
        _draw_causes(case.visit, causes)
    used = {tag for note in case.notes for tag in note.tags}
    mine = [] if own is None else list(own.tags)
    tags = st.multiselect(
        tr("Tags"),
        sorted(used | set(mine)),
        default=mine,
        accept_new_options=True,
        format_func=name_text,
        placeholder=tr("Choose or write"),
        key=f"tags-{key}",
        persist_state="session",
    )
    comment = st.text_area(
        tr("Comment"),
        "" if own is None else own.comment,
        max_chars=MAX_COMMENT,
        height=68,
        key=f"comment-{key}",
        persist_state="session",
        placeholder=tr("Comment"),
        label_visibility="collapsed",
    )
    proposed = None if own is None else own.proposed_label
    label = st.segmented_control(
        tr("The label should be"),
        [one for one in ProposedLabel if one is not case.reference or one is proposed],
        default=proposed,
        format_func=lambda one: tr(LABELS[one]).capitalize(),
        key=f"label-{key}",
        persist_state="session",
        width="stretch",
    )
    return {"cause": cause, "tags": tags, "comment": comment, "proposed_label": label}


def _save(case: CaseContext, own: CaseNote | None, fields: dict[str, object]) -> str:
    """Store the note and return an empty text, or return what it lacks."""
    try:
        note = write_note(
            case.view.library,
            case.film_id,
            case.visit.acting,
            case.view.run,
            supersedes=None if own is None else own.note_id,
            **fields,
        )
        get_case_notes().append(note, case.visit.acting)
    except FirstReadError as exc:
        return exc.sentence
    return ""


def _draw_causes(visit: Visit, causes: Sequence[str]) -> None:
    """Draw the list of causes with what changes it; the list of all readers."""
    if not_allowed(visit, Act.CHANGE_CAUSES):
        return
    added = st.text_input(tr("Add a cause"), key="cause-added", max_chars=40)
    if st.button(tr("Add"), key="add-cause", disabled=not added):
        _change(get_case_notes().offer_cause, added, visit.acting)
    gone = st.selectbox(tr("Remove a cause"), causes, key="cause-gone", format_func=name_text)
    if st.button(tr("Remove"), key="retire-cause", disabled=not gone):
        _change(get_case_notes().retire_cause, str(gone), visit.acting)
    st.caption(tr("Notes with a removed cause keep it."))


def _change(change: Callable[[str, Reader], None], cause: str, by: Reader) -> None:
    try:
        change(cause, by)
    except FirstReadError as exc:
        st.warning(plain(str(exc)))
    else:
        st.rerun()


def _draw_others(notes: Sequence[CaseNote]) -> None:
    """Say what other readers noted."""
    for note in notes:
        parts = [escape(name_text(one)) for one in (note.cause, *note.tags) if one]
        if note.proposed_label is not None:
            label = tr(LABELS[note.proposed_label])
            parts.append(tr("label should be {label}", label=label))
        words = ", ".join(parts)
        comment = f"<br>“{escape(note.comment)}”" if note.comment else ""
        st.html(
            f'<p class="fr-record"><b>{escape(note.reader)}</b>, {time_text(note.written_at)} '
            f"UTC: {words}{comment}</p>"
        )
