"""Several readers at one app at a time: everybody gets everything, and nothing goes wrong."""

from __future__ import annotations

import asyncio

import pytest

from bench import load
from bench.app_server import run_app


def test_three_readers_get_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PAUSE_S", (0.1, 0.3))
    films = load.synthetic_films(6)
    with run_app(load.AS_DEFAULT | {"FIRSTREAD_LIME_SAMPLES": "100"}) as server:
        server.wait_until_it_answers()
        waits = asyncio.run(load.put_under_load(server.address, films, 3, 60.0, 1.0))
    assert waits.errors == []
    answered = {step: len(seconds) for step, seconds in waits.seconds.items()}
    assert answered == dict.fromkeys(("verdict", "lock", "regions", "sign"), 6)
