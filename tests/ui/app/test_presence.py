"""Who counts as here: who is connected, who was a moment ago, everybody without a server."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ui.app import presence


class Connected:
    """Stands for Streamlit's runtime: the sessions with a connection."""

    def __init__(self, *sessions: str) -> None:
        self.sessions = set(sessions)

    def exists(self) -> bool:
        return True

    def instance(self) -> Connected:
        return self

    def is_active_session(self, session: str) -> bool:
        return session in self.sessions


def test_a_session_is_here_for_a_grace_after_it_was_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    connected, clock = Connected("ann"), [100.0]
    monkeypatch.setattr(presence, "Runtime", connected)
    monkeypatch.setattr(presence, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(presence, "_missing_since", {})
    assert presence.is_here("ann")
    connected.sessions.clear()
    assert presence.is_here("ann")
    clock[0] += presence.GRACE_S - 1
    assert presence.is_here("ann")
    clock[0] += 2
    assert not presence.is_here("ann")
    connected.sessions.add("ann")  # the same session comes back, and its absence counts from zero
    assert presence.is_here("ann")
    connected.sessions.clear()
    assert presence.is_here("ann")


def test_sessions_that_left_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, missing = [100.0], dict[str, float]()
    monkeypatch.setattr(presence, "Runtime", Connected())
    monkeypatch.setattr(presence, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(presence, "_missing_since", missing)
    assert presence.is_here("ann")
    clock[0] += presence.FORGOTTEN_S - 1
    assert presence.is_here("bob")
    assert not presence.is_here("ann")
    clock[0] += 2
    assert presence.is_here("eve")
    assert set(missing) == {"bob", "eve"}


def test_without_a_server_everybody_is_here_and_has_no_session() -> None:
    assert presence.is_here("ann")
    assert presence.session_id() == ""
