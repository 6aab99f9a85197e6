"""``POST /read``: closed without a token; with it, one film in and its read out."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette

from core.settings import PROJECT_ROOT, get_settings
from ui.app.read_address import READ, ROUTE

FILM = next(
    path for path in sorted((PROJECT_ROOT / "synthetic").rglob("*.png")) if "mask" not in str(path)
)
KNOWN = {"Authorization": "Bearer a token"}


class Client:
    """Asks the address without a server."""

    def post(self, path: str, **given: Any) -> httpx.Response:
        return self._ask("POST", path, **given)

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self._ask("GET", path, **given)

    def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(Starlette(routes=[ROUTE]))
            async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
                return await client.request(method, path, timeout=120.0, **given)

        return asyncio.run(ask())


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(get_settings(), "read_token", SecretStr("a token"))
    return Client()


def test_a_film_is_read_and_not_kept_by_the_browser(client):
    answer = client.post(READ, content=FILM.read_bytes(), headers=KNOWN)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert said["format"] == "first-read/machine-read/1"
    assert said["model"]["run"] == get_settings().served_run
    assert 0.01 <= said["model"]["probability"] <= 0.99


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer another"}, {"Authorization": "a token"}],
    ids=["none", "another", "without its kind"],
)
def test_without_the_token_nothing_is_read(client, headers):
    answer = client.post(READ, content=FILM.read_bytes(), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_site_without_a_token_has_no_such_address(client, monkeypatch):
    monkeypatch.setattr(get_settings(), "read_token", SecretStr(""))
    answer = client.post(READ, content=b"", headers={"Authorization": "Bearer "})
    assert answer.status_code == 404
    assert "FIRSTREAD_READ_TOKEN" in answer.json()["error"]


def test_what_is_no_film_is_said(client):
    answer = client.post(READ, content=b"no film", headers=KNOWN)
    assert answer.status_code == 422
    assert "is not a film" in answer.json()["error"]


def test_a_body_over_the_limit_ends_at_the_limit(client, monkeypatch):
    monkeypatch.setattr(get_settings(), "max_film_mb", 1)
    answer = client.post(READ, content=bytes(1_000_001), headers=KNOWN)
    assert answer.status_code == 413


def test_only_a_film_that_is_sent_is_answered(client):
    assert client.get(READ, headers=KNOWN).status_code == 405
