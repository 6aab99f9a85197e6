"""Who acts: the reader whom a log-in names, or the local user, who says it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from threading import Event
from urllib.parse import unquote

import streamlit as st

from core.domain.reader import READER_LIMIT, Act, Reader, Role, reader_from_claims, role_words
from core.errors import FirstReadError, NotAllowed
from core.language.words import msg, tr
from core.settings import get_settings
from core.store.local_reader import choose_local_reader, read_local_reader
from ui.app.language import draw_language_choice
from ui.app.resources import get_database
from ui.app.session import Visit, get_visit
from ui.components.frame.frame import NAME_COOKIE
from ui.components.plain_text import plain

NAME = "reader-name"
_COMPLAINT = "who-complaint"
_NOT_KEPT = "who-not-kept"
_AUTH = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_log_in_seen = Event()
"""Set once this process has found a log-in: a file that is taken away later opens no door."""


def recognise(visit: Visit) -> bool:
    """Put into the visit who acts; return False where that takes a log-in first.

    Raises
    ------
    NotAllowed
        If the log-in is not set up as it should be, names nobody, or gives none of the roles.
    ReviewStoreError
        If the database cannot be opened.
    SettingsError
        If a setting cannot be used.
    """
    visit.logged_in = False
    visit.logged_in = has_log_in()
    if not visit.logged_in:
        local = get_local_reader()
        known = visit.reader or _name_in_browser() or local.name
        visit.reader = st.session_state.get(NAME, known) or ""
        if visit.roles and visit.roles != local.roles:
            visit.role_changed = True
        visit.roles = local.roles
        return True
    visit.reader, visit.roles = "", frozenset()
    if not st.user.is_logged_in:
        return False
    settings = get_settings()
    reader = reader_from_claims(st.user.to_dict(), settings.role_claim, settings.name_claim)
    visit.reader, visit.roles = reader.name, reader.roles
    return True


def has_log_in() -> bool:
    """Return whether everybody logs in here: Streamlit's secrets have a section ``auth``.

    A file of secrets that is there means a log-in, and so does one that this process has seen:
    whatever is wrong with it lets nobody in.

    Raises
    ------
    NotAllowed
        If there is a file of secrets without a log-in that works, or none where the site demands
        a log-in.
    """
    files = [name for name in st.get_option("secrets.files") if os.path.lexists(name)]
    demanded = get_settings().require_login or _log_in_seen.is_set()
    if not files and not demanded:
        return False
    _log_in_seen.set()
    if not files:
        raise NotAllowed(
            msg(
                "This site demands a log-in, and there is no file "
                ".streamlit/secrets.toml: nobody can enter. Put the section [auth] into "
                "that file, then start the app again."
            )
        )
    try:
        auth = st.secrets["auth"] if st.secrets.load_if_toml_exists() else None
    except Exception:  # noqa: BLE001 - a door that cannot be read is closed
        auth = None
    given = auth if isinstance(auth, Mapping) else {}
    lacks = [name for name in _AUTH if not (isinstance(given.get(name), str) and given[name])]
    if lacks:
        raise NotAllowed(
            msg(
                "The log-in is not set up: {files} cannot be read, or its section [auth] "
                "lacks {missing}. Nobody can enter. Correct the file, then start the app "
                "again.",
                files=files[0],
                missing=", ".join(lacks),
            )
        )
    return True


def _name_in_browser() -> str:
    """Return who signed last in this browser; empty where nobody did since it was opened."""
    name = " ".join(unquote(st.context.cookies.get(NAME_COOKIE, "")).split())
    return name if len(name) <= READER_LIMIT and name.isprintable() else ""


@st.cache_resource(show_spinner=False)
def get_local_reader() -> Reader:
    """Return the local user as chosen last, here or before the last start."""
    return read_local_reader(get_database())


def not_allowed(visit: Visit, act: Act) -> bool:
    """Say why the acting reader may not do something; return False, in silence, if they may."""
    try:
        visit.acting.require(act)
    except FirstReadError as exc:
        st.caption(f":material/lock: {plain(str(exc))}")
        return True
    return False


def draw_name_field(visit: Visit) -> str:
    """Draw the field for the local user's name, which all pages share, and return who acts."""
    if visit.logged_in:
        signing = tr("Signing as {reader}", reader=plain(visit.reader))
        st.caption(f":material/badge: {signing}")
        return visit.reader
    st.session_state.setdefault(NAME, visit.reader)
    return st.text_input(
        tr("Signing as"),
        max_chars=100,
        key=NAME,
        persist_state="session",
        placeholder=tr("Signing as (your name)"),
        label_visibility="collapsed",
        on_change=_rename,
    )


def _rename() -> None:
    _keep(st.session_state[NAME], *get_local_reader().roles)
    get_visit().complaint = ""  # it may be that no name was written


def take_name(visit: Visit, name: str | None) -> None:
    """Take over what was being written in the name field when a link was followed, if anything."""
    if name is None or visit.logged_in or name == st.session_state.get(NAME):
        return
    st.session_state[NAME] = name
    with suppress(FirstReadError):  # the page says that the database cannot be read
        _keep(name, *get_local_reader().roles)


def _keep(name: str, role: Role) -> None:
    """Keep the local user's name and role; what was wrong is said in the menu, and tried again."""
    st.session_state[_COMPLAINT], st.session_state[_NOT_KEPT] = "", None
    try:
        choose_local_reader(get_database(), name, role)
    except FirstReadError as exc:
        st.session_state[_COMPLAINT], st.session_state[_NOT_KEPT] = exc.sentence, (name, role)
    else:
        get_visit().roles = frozenset({role})  # chosen here: nobody need be told
    get_local_reader.clear()


# --- in the bar ---


def draw_identity(visit: Visit) -> None:
    """Draw who acts, and what changes that."""
    roles = ", ".join(tr(role_words(role)) for role in Role if role in visit.roles)
    if visit.role_changed:
        visit.role_changed = False
        st.toast(
            tr(
                "Your role is {roles} now. It was changed in another window, and holds in all.",
                roles=roles,
            ),
            icon=":material/badge:",
            duration="long",
        )
    with st.container(key="who", width="content"):
        if visit.logged_in:
            with st.popover(
                f"{plain(visit.reader)} · {roles or tr('no role')}", icon=":material/badge:"
            ):
                st.caption(tr("Your name and roles come from the log-in."))
                draw_language_choice()
                st.button(tr("Log out"), icon=":material/logout:", on_click=st.logout)
            return
        if st.session_state.get(_NOT_KEPT):
            _keep(*st.session_state[_NOT_KEPT])
        name = visit.reader.strip() or tr("No name yet")
        with st.popover(f"{plain(name)} · {roles}", icon=":material/badge:"):
            _draw_choice(visit)


def _draw_choice(visit: Visit) -> None:
    (role,) = visit.roles
    st.caption(
        tr(
            "There is no log-in here: anyone who opens this address can choose any name and role. "
            "Both are kept for the next start; this browser keeps its own name until it is closed."
        )
    )
    # in the keys, so that a name written elsewhere is the one that stands here
    keys = f"who-name-{visit.reader}", f"who-role-{role}"
    with st.form("who", border=False):  # so that Enter in the name is enough
        st.text_input(tr("Your name"), visit.reader, max_chars=100, key=keys[0])
        listed = list(Role)
        st.selectbox(tr("Role"), listed, listed.index(role), _role_name, key=keys[1])
        st.form_submit_button(
            tr("Use"),
            type="primary",
            icon=":material/check:",
            on_click=_use,
            args=keys,
            key="who-use",
        )
    draw_language_choice()
    if st.session_state.get(_COMPLAINT):
        st.warning(plain(st.session_state[_COMPLAINT]), icon=":material/touch_app:")


def _role_name(role: Role) -> str:
    return tr(role_words(role)).capitalize()


def _use(name_key: str, role_key: str) -> None:
    name = " ".join(st.session_state[name_key].split())
    st.session_state[NAME] = name
    _keep(name, st.session_state[role_key])
    get_visit().complaint = ""


def draw_log_in() -> None:
    """Draw the way in."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.write(
            tr(
                "A doctor and a pneumonia classifier read the same film. Every read is signed by a "
                "person, so please say who you are."
            )
        )
        st.button(tr("Log in"), type="primary", icon=":material/login:", on_click=st.login)
