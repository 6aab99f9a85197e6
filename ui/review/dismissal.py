"""A picture that the quality check refused: it gets no verdict, and a reader may put it away."""

from __future__ import annotations

import streamlit as st

from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reader import Act
from core.errors import FirstReadError
from core.language.numbers import time_text
from core.language.words import msg, tr
from core.store.dismissals import dismiss_film, dismissals_of, restore_film
from ui.app.identity import draw_name_field, not_allowed
from ui.app.read_in_progress import ReadContext
from ui.app.resources import get_database
from ui.components.plain_text import plain
from ui.review.next_film import draw_next

DISMISS, RESTORE = msg("Not to be read here"), msg("Put it back in the worklist")
KEY = "Shift+Y"
KEYS = (("Shift y", msg("Put away a picture that the quality check refused, or put it back")),)
NO_NAME = msg("Enter your name first: it is kept with your name.")


def unreadable(sentence: str) -> QualityReport:
    """Return what is kept as the reason where a file cannot be opened."""
    return QualityReport((Finding("unreadable", Severity.REFUSE, None, None, sentence),))


def draw_dismissal(read: ReadContext, quality: QualityReport) -> None:
    """Offer to note that a refused picture is not to be read here, or to take that back."""
    visit, film = read.visit, read.film.key
    if not_allowed(visit, Act.SIGN_READ):
        return
    said = dismissals_of(get_database(), [film]).get(film)
    if said is not None:
        words = tr(
            "**Not to be read here**, says {reader}, {time} UTC.",
            reader=plain(said.reader),
            time=time_text(said.noted_at),
        )
        st.markdown(f":material/hide_image: {words}")
        draw_next(visit)
    else:
        st.caption(tr("The model did not read this picture. It gets no verdict."))
    visit.reader = draw_name_field(visit)
    if visit.complaint == NO_NAME and visit.reader.strip():
        visit.complaint = ""
    if st.button(
        tr(DISMISS if said is None else RESTORE),
        icon=":material/hide_image:" if said is None else ":material/undo:",
        width="stretch",
        shortcut=KEY,
        key=f"dismiss-{read.form_key}",
        help=tr(
            "For a wrong view, or no chest film. The reason of the quality check is kept with "
            "it. You can put it back."
        )
        if said is None
        else None,
    ):
        visit.complaint = _note(read, quality, dismissed=said is None)
        if not visit.complaint:
            st.rerun()
    if visit.complaint:
        st.warning(plain(tr(visit.complaint)), icon=":material/touch_app:")


def _note(read: ReadContext, quality: QualityReport, *, dismissed: bool) -> str:
    """Store it and return an empty text, or return what it lacks."""
    visit, film = read.visit, read.film.key
    if not visit.reader.strip():
        visit.nameless += 1
        return NO_NAME
    try:
        (dismiss_film if dismissed else restore_film)(get_database(), film, quality, visit.acting)
    except FirstReadError as exc:
        return msg("Not kept. {reason}", reason=exc.sentence)
    visit.done = film if dismissed else ""
    (visit.put_away.add if dismissed else visit.put_away.discard)(film)
    return ""
