"""Pages and writes refused to the wrong role: by deep link on a fresh process, and a late press."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256

import pytest
from browser.app_server import Server, wait_until_idle
from browser.test_first_minute import choose, synthetic_films
from fixtures.review_records import lead, record
from playwright.sync_api import Page, expect

from core.domain.reader import WHO_MAY, Role
from core.domain.review import Verdict
from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices
from ui.app.guard import PAGES, act_of

pytestmark = pytest.mark.browser

REFUSED = [(name, role) for name in PAGES for role in Role if role not in WHO_MAY[act_of(name)]]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('roles') / 'reads.sqlite3'}"


@pytest.fixture(scope="module")
def address_for(url: str) -> Iterator[Callable[[Role], str]]:
    """Return what makes the local user one of a role, and starts the app at the same address."""
    started: list[Server] = []

    def come_as(role: Role) -> str:
        database = Database.open(url)
        choose_local_reader(database, "Ada", role)
        database.close()
        settings = {
            "FIRSTREAD_DATABASE_URL": url,
            "FIRSTREAD_READ_FIRST": "true",
        }
        if started:  # which knows the local user as its own pages have chosen
            started[0].stop()
            started[0].start()
        else:
            started.append(Server(PROJECT_ROOT / "streamlit_app.py", settings))
        return started[0].address

    yield come_as
    for server in started:
        server.stop()


@pytest.mark.parametrize("role", sorted({role for _, role in REFUSED}))
def test_a_deep_link_to_a_refused_page_is_a_sentence(
    page: Page, address_for: Callable[[Role], str], role: Role
) -> None:
    address = address_for(role)  # the first link comes to a fresh process
    for name in [name for name, refused in REFUSED if refused is role]:
        page.goto(f"{address}/{name}")
        said = page.get_by_text(f"The role {role} may not open the page {PAGES[name][1]}")
        expect(said).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Not for diagnosis")).to_have_count(0)


def take_role(page: Page, address: str, role: Role) -> None:
    """Choose a role in the banner, as a local user may."""
    page.goto(address)
    page.locator(".st-key-who button").click()
    page.get_by_role("combobox", name="Role").click()
    page.get_by_role("option", name=role.capitalize(), exact=True).click()
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("button", name=f"Ada · {role}")).to_be_visible()
    wait_until_idle(page)


def test_a_read_that_was_begun_before_the_role_was_taken_away_is_refused(
    page: Page, address_for: Callable[[Role], str], url: str
) -> None:
    address, film = address_for(Role.READER), synthetic_films().picture
    page.goto(address)
    expect(page.get_by_text("Read new chest films blind, then beside the model")).to_be_visible()
    page.set_input_files("input[type=file]", files=[film])
    choose(page, film)
    page.get_by_role("radio", name="Pneumonia").click()
    wait_until_idle(page)
    store = SqlReviewStore(Database.open(url))
    before = store.count()
    other = page.context.new_page()
    take_role(other, address, Role.TRAINEE)
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_text("The role trainee may not sign a read")).to_be_visible()
    expect(page.get_by_role("button", name="Lock the first read")).to_have_count(0)
    assert store.count() == before

    take_role(other, address, Role.READER)
    page.get_by_role("link", name="Teaching").click()  # a trainee's page does not lead to Records
    expect(page.get_by_text("Read blind, then see the answer")).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Worklist").click()
    expect(page.get_by_role("radio", name="Pneumonia")).to_be_checked()
    page.get_by_role("button", name="Lock the first read").click()
    expect(page.get_by_role("option").filter(has_text="first read locked")).to_be_visible()
    (read,) = store.history(sha256(film["buffer"]).hexdigest())
    assert read.reader == "Ada"
    store.database.close()


def late_press(
    page: Page, address: str, path: str, button: str, before: Callable[[Page], None]
) -> None:
    """Open a page, let a lead's role be taken away in another tab, and press what is left."""
    page.goto(f"{address}/{path}")
    before(page)
    wait_until_idle(page)
    other = page.context.new_page()
    take_role(other, address, Role.ADMIN)
    other.close()
    page.get_by_role("button", name=button, exact=True).click()


def test_disputes_and_the_served_run_are_out_of_reach_once_the_role_is_gone(
    page: Page, address_for: Callable[[Role], str], url: str
) -> None:
    address = address_for(Role.LEAD)
    store = SqlReviewStore(Database.open(url), read_first=False)
    disputed = record(reader="Dr. Other", prediction=None, verdict=Verdict.PNEUMONIA, run_id="")
    store.append(disputed, lead("Dr. Other"))
    again = replace(disputed, record_id="2" * 32, reader="Dr. Third", supersedes=None)
    again = replace(again, read=replace(disputed.read, verdict=Verdict.NORMAL))
    store.append(again, lead("Dr. Third"))
    before = store.count()

    def settle(page: Page) -> None:
        page.get_by_role("tab", name="Disputes (1)").click()
        page.get_by_role("combobox", name=re.compile("^Awaiting arbitration")).click()
        page.keyboard.press("Enter")  # which takes the only one
        page.get_by_role("radio", name="Normal").click()
        page.get_by_label("Reason").fill("rib")

    late_press(page, address, "records", "Sign the arbitration", settle)
    expect(page.get_by_text("may not arbitrate between reads")).to_be_visible()
    assert store.count() == before
    store.database.close()

    def choose(page: Page) -> None:
        page.get_by_role("button", name="Change active model").click()
        page.get_by_test_id("stPopoverBody").get_by_role("combobox", name="Run").click()
        page.get_by_role("option", name="f03", exact=True).click()
        wait_until_idle(page)
        page.get_by_label("Reason").fill("closer look")

    take_role(page, address, Role.LEAD)
    late_press(page, address, "runs", "Make f03 the active model", choose)
    expect(page.get_by_text("may not change the active model")).to_be_visible()
    assert list_served_choices(Database.open(url)) == []
