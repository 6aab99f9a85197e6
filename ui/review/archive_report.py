"""The report of a signed read on its way to the hospital's archive."""

from __future__ import annotations

import streamlit as st

from core.domain.archive import Sending, SendingState
from core.domain.reader import Reader
from core.domain.review import ReviewRecord
from core.errors import FilmStoreError
from core.language.numbers import time_text
from core.language.recall import recalled
from core.language.words import msg, tr
from core.settings import get_settings
from core.store.archive import SqlArchive
from ui.app.resources import get_database, get_films
from ui.components.plain_text import plain

NO_STUDY = msg(
    "The film's study is not known here, so its report cannot go to the archive. Reports of "
    "films that come from the archive can."
)


def draw_sending(signed: ReviewRecord, by: Reader, *, score_shown: bool) -> None:
    """Offer to send a report, or say how far it has come; nothing where no archive takes any.

    Parameters
    ----------
    by : Reader
        Who signed.
    score_shown : bool
        Whether they have seen the score.
    """
    archive = SqlArchive(get_database())
    if not (get_settings().keeps_films and archive.settings.sends_reports):
        return
    sending = archive.sending(signed.record_id)
    refused = sending is not None and sending.state is SendingState.REFUSED
    if sending is not None:
        st.caption(_said(sending))

    def ask() -> None:
        archive.ask_to_send(signed.record_id, signed.film_sha256, by, score_shown=score_shown)

    if (sending is None or refused) and _knows_study(signed.film_sha256):
        st.button(
            tr("Send again") if refused else tr("Send to the archive"),
            icon=":material/outbox:",
            width="stretch",
            key=f"send-{signed.record_id}",
            on_click=ask,
        )
    elif sending is None:
        st.caption(tr(NO_STUDY))


def _knows_study(film_sha256: str) -> bool:
    try:
        origin = get_films().origin(film_sha256)
    except FilmStoreError:
        return False
    return origin is not None and origin.is_whole


def _said(sending: Sending) -> str:
    reason = plain(tr(recalled(sending.reason)))
    if sending.state is SendingState.SENT:
        assert sending.done_at is not None
        return tr("In the archive since {time} UTC.", time=time_text(sending.done_at))
    if sending.state is SendingState.REFUSED:
        return f"{tr('Not in the archive.')} {reason}".rstrip()
    return f"{tr('On its way to the archive.')} {reason}".rstrip()
