"""Who gets in where something is wrong: a log-in, a setting or the database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from fixtures.app_pages import open_app
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.store.reads import SqlReviewStore
from ui.app import identity
from ui.app.guard import PAGES

AUTH = """[auth]
redirect_uri = "http://127.0.0.1/oauth2callback"
cookie_secret = "only for this test"
client_id = "first-read"
client_secret = "any"
server_metadata_url = "http://127.0.0.1/.well-known/openid-configuration"
"""
UNUSABLE = {
    "not TOML": b"[auth\n",
    "not text": b"\xff\xfe\x00[auth]",
    "empty": b"",
    "another section": b'[database]\nurl = "x"\n',
    "no section but a value": b'auth = "yes"\n',
    "an empty section": b"[auth]\n",
    "a misspelt section": AUTH.replace("[auth]", "[oauth]").encode(),
    "no cookie secret": AUTH.replace("cookie_secret", "cookie").encode(),
    "an empty cookie secret": AUTH.replace("only for this test", "").encode(),
}


@pytest.fixture
def secrets(tmp_path: Path) -> Iterator[Path]:
    before, path = config.get_option("secrets.files"), tmp_path / "secrets.toml"
    config.set_option("secrets.files", [str(path)])
    forget()
    yield path
    config.set_option("secrets.files", before)
    forget()


def forget() -> None:
    st.secrets._reset()
    identity._log_in_seen.clear()


def alone(page: AppTest) -> str:
    """Return the sentence that is all there is on a page."""
    assert not page.exception
    drawn = [page.button, page.text_input, page.selectbox, page.get("file_uploader"), page.header]
    assert [list(kind) for kind in drawn] == [[]] * len(drawn)
    (error,) = page.error
    assert not [one for one in page.get("html") if "Not for diagnosis" in one.proto.body]
    return error.value


@pytest.mark.parametrize("content", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_a_file_of_secrets_without_a_log_in_that_works_lets_nobody_in(
    store: SqlReviewStore, secrets: Path, content: bytes
) -> None:
    secrets.write_bytes(content)
    assert "The log-in is not set up" in alone(open_app())


def test_no_page_opens_beside_a_log_in_that_cannot_be_read(
    store: SqlReviewStore, secrets: Path
) -> None:
    secrets.write_bytes(b"[auth")
    for path, *_ in PAGES.values():
        assert "Nobody can enter" in alone(open_app().switch_page(path).run())


def test_a_folder_in_the_place_of_the_file_lets_nobody_in(
    store: SqlReviewStore, secrets: Path
) -> None:
    secrets.mkdir()
    assert "The log-in is not set up" in alone(open_app())


def test_a_log_in_that_works_asks_who_it_is(store: SqlReviewStore, secrets: Path) -> None:
    secrets.write_text(AUTH, encoding="utf-8")
    page = open_app()
    assert [button.label for button in page.button if button.label == "Log in"] == ["Log in"]


def test_a_file_that_is_taken_away_later_opens_no_door(
    store: SqlReviewStore, secrets: Path
) -> None:
    secrets.write_text(AUTH, encoding="utf-8")
    open_app()
    secrets.unlink()
    st.secrets._reset()
    assert "This site demands a log-in" in alone(open_app())


def test_a_site_that_demands_a_log_in_lets_nobody_in_without_one(
    store: SqlReviewStore, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not open_app().error
    monkeypatch.setenv("FIRSTREAD_REQUIRE_LOGIN", "true")
    assert "This site demands a log-in" in alone(open_app())


@pytest.mark.parametrize("page", PAGES)
def test_a_database_that_is_damaged_shows_its_sentence_alone(
    store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"no database at all" * 100)
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{damaged}")
    assert "restore the last backup" in alone(open_app().switch_page(PAGES[page][0]).run())


def test_a_database_that_goes_missing_later_shows_its_sentence_alone(
    store: SqlReviewStore, tmp_path: Path
) -> None:
    page = open_app()
    assert not page.error
    (tmp_path / "reads.sqlite3").unlink()
    page.run()
    assert "is gone: put it back or restore the last backup" in page.error[0].value
    assert not page.get("file_uploader")
    assert not page.button


def test_a_setting_that_cannot_be_used_shows_its_sentence_alone(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_LIME_SAMPLES", "many")
    assert "FIRSTREAD_LIME_SAMPLES is 'many'" in alone(open_app())


def test_a_run_that_cannot_serve_shows_its_sentence_alone(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_SERVED_RUN", "nothing")
    page = open_app()
    assert "nothing" in page.error[0].value
    assert not page.get("file_uploader")
