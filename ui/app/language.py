"""In which language this visitor is spoken to: as chosen here, as the site or the browser says."""

from __future__ import annotations

from typing import Self

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import FirstReadError
from core.language.current import ENGLISH, LANGUAGES, ask, best_of
from core.language.words import Message, tr
from core.settings import get_settings
from ui.components.frame.frame import LANGUAGE_COOKIE

CHOSEN = "language"
"""In the session state: the code of the language."""
_CHOICE, _CHOSE = "language-choice", "language-chosen"


def settle_language() -> None:
    """Find out once a visit in which language to speak; the router calls it before any word.

    A reader's choice in this browser counts most, then the site's setting, then what the browser
    wishes.
    """
    ask(_spoken)
    if st.session_state.get(CHOSEN) in LANGUAGES:
        return
    wishes = (
        st.context.cookies.get(LANGUAGE_COOKIE, ""),
        _language_of_site(),
        best_of(st.context.locale or ""),
    )
    st.session_state[CHOSEN] = next((one for one in wishes if one in LANGUAGES), ENGLISH)


def _language_of_site() -> str:
    try:
        return get_settings().language
    except FirstReadError:  # which the page's guard says
        return ""


def _spoken() -> str:
    """Return the language of the visit that this thread works for; "" for none."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    return str(st.session_state.get(CHOSEN, ""))


class SaidWhenShown(str):
    """A text for Streamlit to keep, as beside a spinner; each visit sees it in its language."""

    def __new__(cls, message: Message) -> Self:
        """Keep the message; as a str this is its English text."""
        made = super().__new__(cls, message)
        made._message = message
        return made

    _message: Message

    def __str__(self) -> str:
        """Return the text in the language of the visit."""
        return self._message.said()


def draw_language_choice() -> None:
    """Draw the choice of the language; this browser keeps it."""
    codes = list(LANGUAGES)
    st.selectbox(
        tr("Language"),
        codes,
        codes.index(st.session_state.get(CHOSEN, ENGLISH)),
        LANGUAGES.__getitem__,
        key=f"{_CHOICE}-{st.session_state.get(CHOSEN, ENGLISH)}",
        on_change=_choose,
        args=(f"{_CHOICE}-{st.session_state.get(CHOSEN, ENGLISH)}",),
    )


def _choose(key: str) -> None:
    st.session_state[CHOSEN] = st.session_state[_CHOSE] = st.session_state[key]


def chosen_language() -> str:
    """Return what this visitor chose; "" if they chose nothing in this visit."""
    return str(st.session_state.get(_CHOSE, ""))
