"""The app under AppTest, with a review store of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from core.library import films
from core.model_card.export import export_markdown, export_pdf
from core.model_card.facts import RunFacts
from core.runs import predictions
from core.settings import get_settings
from core.store.engine import Database
from core.store.reads import SqlReviewStore
from ui.app import ledger, ward
from ui.model_card import panels


@pytest.fixture(scope="session", autouse=True)
def _clusters(clusters_once: None) -> None:
    """Pages show the same runs again and again."""


@pytest.fixture(scope="session", autouse=True)
def _packages_once() -> Iterator[None]:
    """Look for components in the installed packages once: AppTest does so for every page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner,
            "scan_component_manifests",
            cache(manifest_scanner.scan_component_manifests),
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def _tables_once() -> Iterator[None]:
    """Parse a table of predictions once a session: every page reads those of all runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictions, "parse_predictions", cache(predictions.parse_predictions))
        yield


@pytest.fixture(scope="session", autouse=True)
def _public_films_once() -> Iterator[None]:
    """List and hash the shared films once a session: nearly every page asks which there are."""
    shared = get_settings().data

    def once(find):
        kept = cache(find)
        return lambda data: (kept if data == shared else find)(data)

    def hash_once(hash_files):
        kept = cache(hash_files)

        def of(files: tuple[Path, ...]):
            return dict((kept if files and shared in files[0].parents else hash_files)(files))

        return of

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(films, "find_public_set", once(films.find_public_set))
        patch.setattr(ledger, "list_test_files", once(ledger.list_test_files))
        for module in (ledger, ward):
            patch.setattr(module, "reference_of_files", hash_once(module.reference_of_files))
        yield


@pytest.fixture(scope="session", autouse=True)
def _cards_once() -> Iterator[None]:
    """Make the PDF of the same words once a session: the page keeps it until a test clears it."""
    made: dict[str, bytes] = {}

    def export_once(facts: RunFacts, ill_of_100: int) -> bytes:
        words = export_markdown(facts, ill_of_100)
        if words not in made:
            made[words] = export_pdf(facts, ill_of_100)
        return made[words]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "export_pdf", export_once)
        yield


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
