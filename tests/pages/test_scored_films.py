"""Runs that were made of a site's scored films: Compare runs, Errors and Model card show them."""

from __future__ import annotations

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.film_tables import film_table, predictions_of

from core.domain.reader import OPERATOR
from core.evaluation.evaluate import SITE
from core.imported_runs.scored_films import ScoredBy, keep_scored_films
from core.settings import get_settings

ILL = np.arange(40) % 2
SCORES = {"spring": np.where(ILL == 1, 0.9, 0.1), "other": np.where(ILL == 1, 0.8, 0.2)}
SCORES["spring"][[0, 1, 3]] = (0.9, 0.1, 0.1)  # one false alarm, two missed


@pytest.fixture
def site(store, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    for name, probability in SCORES.items():
        unknown = np.full(len(ILL), np.nan)
        films = film_table(
            len(ILL),
            film_id=[f"site-{number:016x}" for number in range(len(ILL))],
            split=[SITE] * len(ILL),
            subtype=[""] * len(ILL),
            contrast=unknown,
            median_grey=unknown,
            sharpness=unknown,
        )
        predictions = predictions_of(films, probability)
        by_run = ScoredBy("f08", "export", 0.5, "job")
        keep_scored_films(name, predictions, by_run, *get_settings().run_folders, OPERATOR)


def words_of(page) -> str:
    kinds = (page.markdown, page.caption, page.header, page.error, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_two_runs_on_a_sites_films_are_compared(site) -> None:
    page = app_pages.open_page("runs", part=SITE, runs="spring,other")
    assert page.selectbox(key="runs-part").options[-1] == "Films of a site"
    words = words_of(page)
    assert "spring misses 2 more of 20 pneumonias than other" in words
    assert not page.error


def test_a_sites_films_are_offered_only_where_a_run_has_read_some(store) -> None:
    page = app_pages.open_page("runs")
    assert "Films of a site" not in page.selectbox(key="runs-part").options


def test_the_missed_films_of_a_site_are_listed(site) -> None:
    page = app_pages.open_page("errors", run="spring", split=SITE)
    assert not page.error
    assert "**2 false negatives** of run spring" in words_of(page)


def test_the_model_card_of_a_sites_run_is_drawn(site) -> None:
    page = app_pages.open_page("model_card", run="spring")
    assert not page.error
    words = words_of(page)
    assert "films of a site" in words.lower()
    assert "Run f08 of this machine scored the films" in words
