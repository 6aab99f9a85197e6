"""A log-in at a real OpenID Connect provider on this machine says who may open and write what."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from browser.app_server import Server, free_port, wait_until_idle, wait_until_it_answers
from playwright.sync_api import Page, expect

from core.settings import PROJECT_ROOT

SECRETS = """
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "only for this test, and long enough"
client_id = "first-read"
client_secret = "any"
server_metadata_url = "http://127.0.0.1:{port}/.well-known/openid-configuration"
"""
PEOPLE = [
    {"sub": "tess", "name": "Tess Trainee", "reading_room": ["trainee"]},
    {"sub": "lea", "email": "lea@ward.org", "email_verified": True, "name": "Lea Lead"}
    | {"reading_room": "lead"},
    {"sub": "noah", "reading_room": ["visitor"]},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[int]:
    port = free_port()
    people = [f"--user-claims={json.dumps(one)}" for one in PEOPLE]
    command = [sys.executable, "-m", "oidc_provider_mock", f"--port={port}", *people]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_it_answers(port)
    yield port
    process.terminate()
    process.wait(timeout=60)


@pytest.fixture(scope="module")
def address(provider: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("home")
    server = Server(
        PROJECT_ROOT / "app.py",
        {
            "HOME": str(home),
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{home / 'reads.sqlite3'}",
            "FIRSTREAD_ROLE_CLAIM": "reading_room",
        },
        secrets=lambda address: SECRETS.format(address=address, port=provider),
    )
    yield server.address
    server.stop()


def log_in(page: Page, sub: str) -> None:
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name=sub, exact=True).click()


def test_a_deep_link_on_a_fresh_process_leads_through_the_log_in_and_keeps_to_the_role(
    page: Page, address: str
) -> None:
    page.goto(f"{address}/records")
    expect(page.get_by_text("please say who you are")).to_be_visible()
    expect(page.get_by_text("Not for diagnosis")).to_have_count(0)
    log_in(page, "tess")
    expect(page.get_by_role("button", name="Tess Trainee ⟨tess⟩ · trainee")).to_be_visible()
    for name, title in [("records", "Records"), ("errors", "Errors"), ("subgroups", "Subgroups")]:
        page.goto(f"{address}/{name}")
        said = page.get_by_text(f"The role trainee may not open the page {title}")
        expect(said).to_be_visible()
        expect(page.get_by_text("Not for diagnosis")).to_have_count(0)


def test_a_lead_acts_under_the_name_of_the_log_in_and_can_log_out(page: Page, address: str) -> None:
    page.goto(f"{address}/runs")
    log_in(page, "lea")
    expect(page.get_by_text("Reading: Lea Lead ⟨lea@ward.org⟩.")).to_be_visible()
    page.goto(f"{address}/records")
    expect(page.get_by_text("Reading: Lea Lead ⟨lea@ward.org⟩.")).to_be_visible()
    expect(page.get_by_placeholder("Signing as (your name)")).to_have_count(0)
    badge = page.get_by_role("button", name="Lea Lead ⟨lea@ward.org⟩ · lead")
    wait_until_idle(page)  # a popover that is opened while the page runs may close again
    badge.click()
    page.get_by_role("button", name="Log out").click()
    # The way out leads to whoever vouches for the log-in; left half-way, it would still stand.
    expect(page.get_by_role("heading", name="End Session")).to_be_visible()
    page.goto(f"{address}/records")
    expect(page.get_by_text("please say who you are")).to_be_visible()


def test_a_log_in_without_a_role_sees_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}/records")
    log_in(page, "noah")
    expect(page.get_by_text("noah has no role here: the claim 'reading_room'")).to_be_visible()
    expect(page.get_by_text("Not for diagnosis")).to_have_count(0)
