"""Who is still here: work goes on for a browser session while it is connected."""

from __future__ import annotations

import time

from streamlit.runtime import Runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

GRACE_S = 10.0
"""A browser that lost its connection comes back with the same session within this time."""

FORGOTTEN_S = 600.0
"""Long after Streamlit itself has let go of a session."""

_missing_since: dict[str, float] = {}


def session_id() -> str:
    """Return the id of the browser session that this run of a page is for; empty outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def is_here(session: str) -> bool:
    """Return whether a browser session is connected, or was until `GRACE_S` seconds ago.

    May be asked in any thread. The absence of a session counts from the first time that this
    function finds it absent, so whoever waits for a session's departure asks now and then. Without
    a server, as in tests of pages, everybody is here.
    """
    if not Runtime.exists() or Runtime.instance().is_active_session(session):
        _missing_since.pop(session, None)
        return True
    now = time.monotonic()
    if session not in _missing_since:
        for one, since in list(_missing_since.items()):
            if now - since > FORGOTTEN_S:
                _missing_since.pop(one, None)
    return now - _missing_since.setdefault(session, now) < GRACE_S
