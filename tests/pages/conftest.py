"""The app under AppTest, with a review store of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from core.store.engine import Database
from core.store.reads import SqlReviewStore


@pytest.fixture(scope="session", autouse=True)
def _clusters(clusters_once: None) -> None:
    """Pages show the same runs again and again."""


@pytest.fixture
def store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path
) -> Iterator[SqlReviewStore]:
    url = f"sqlite:///{shutil.copyfile(empty_database, tmp_path / 'reads.sqlite3')}"
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", url)
    monkeypatch.setenv("FIRSTREAD_LIME_SAMPLES", "100")  # which is faster, and enough for a page
    st.cache_resource.clear()
    opened = SqlReviewStore(Database.open(url))
    yield opened
    opened.database.close()
    st.cache_resource.clear()
