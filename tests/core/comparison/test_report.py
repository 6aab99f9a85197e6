"""A comparison as a PDF: its words against the numbers, its pages, and what its plots draw."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of
from pypdf import PageObject, PdfReader
from sklearn.metrics import log_loss

from core import __version__
from core.comparison.case_matrix import find_step
from core.comparison.paired_tests import compare_pairs
from core.comparison.report import Look, export_comparison, plot_comparison
from core.comparison.scored_films import ScoredFilms, align_runs
from core.comparison.tables import describe_scored
from core.comparison.text import difference_text, pair_texts
from core.domain.rate import Rate, interval_text
from core.language.current import using
from core.runs.store import load_run
from core.settings import PROJECT_ROOT

MADE = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
COLOURS = ("#7711ff", "#0088ff", "#3399aa", "#ff4455", "#885566")
NAMES = ("f03", "f04", "f05", "f06", "f08")


def scored_by(*probabilities: object, threshold: float = 0.5) -> ScoredFilms:
    """Return films, every second one pneumonia, as runs of the repository's names scored them."""
    films = film_table(len(np.asarray(probabilities[0])))
    said = {
        name: predictions_of(films, np.asarray(of_run))
        for name, of_run in zip(NAMES, probabilities, strict=False)
    }
    return align_runs(said, dict.fromkeys(said, threshold), "test")


def random_runs(runs: int, n: int = 60) -> ScoredFilms:
    rng = np.random.default_rng(3)
    return scored_by(*(0.25 * (np.arange(n) % 2) + 0.7 * rng.random((runs, n)) + 0.01))


def looks_of(scored: ScoredFilms) -> dict[str, Look]:
    return {run: Look(one, "dash") for run, one in zip(scored.run_ids, COLOURS, strict=False)}


def pdf_of(scored: ScoredFilms) -> PdfReader:
    runs = {run: load_run(PROJECT_ROOT / "models" / run) for run in scored.run_ids}
    pairs = compare_pairs(scored, draws=20)
    content = export_comparison(scored, pairs, runs, looks_of(scored), MADE)
    return PdfReader(io.BytesIO(content))


def words_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def lowest_word(page: PageObject) -> float:
    """Return how far down the page words reach, from 0 to 1, without the line at its foot."""
    found: list[float] = []

    def take(text: str, _: object, matrix: list[float], *__: object) -> None:
        if text.strip() and "page" not in text:
            found.append(1.0 - matrix[5] / float(page.mediabox.height))

    page.extract_text(visitor_text=take)
    return max(found)


def test_the_pdf_says_what_was_compared_when_and_how_each_run_did() -> None:
    scored = random_runs(2)
    reader = pdf_of(scored)
    words = words_of(reader)
    assert "Comparison of runs f03 and f04" in words
    assert f"Made on 2026-03-04 05:06 UTC by First Read {__version__}." in words
    assert "Not for diagnostic use" in words
    assert "60 films (30 pneumonia, 30 normal)" in words
    for line in describe_scored(scored):
        rates = [interval_text(one) for one in line.values() if isinstance(one, Rate)]
        assert len(rates) == 3
        assert [rate for rate in rates if rate not in words] == []
    (pair,) = compare_pairs(scored, draws=20)
    assert [text for text in pair_texts(pair) if text not in words] == []
    for metric in ("accuracy", "log_loss"):
        assert f"{pair.differences[metric].value:+.4f}" in words
    assert difference_text(pair, "accuracy", "Accuracy") in words
    loss = [log_loss(scored.ill, one) for one in scored.probability]
    assert [f"{one:.3f} (" in words for one in loss] == [True, True]
    step = find_step(scored, pair.first, pair.second)
    assert f"{step.fixed} gone {step.broken} new" in words
    assert load_run(PROJECT_ROOT / "models" / "f03").sentence in words


@pytest.mark.parametrize(("runs", "pages"), [(2, 2), (4, 2), (5, 3)], ids=["two", "four", "five"])
def test_no_page_but_the_last_is_half_blank(runs: int, pages: int) -> None:
    reader = pdf_of(random_runs(runs))
    assert len(reader.pages) == pages
    assert [lowest_word(page) > 0.75 for page in reader.pages[:-1]] == [True] * (pages - 1)


def test_the_plots_mark_where_each_run_decides() -> None:
    # Of two ill (odd places) and two well films the first run finds one and calls one.
    scored = scored_by([0.9, 0.8, 0.1, 0.2], [0.1, 0.8, 0.2, 0.9])
    roc, precision, calibration = plot_comparison(scored, looks_of(scored))
    assert [line.mark for line in roc.lines if line.name] == [(0.5, 0.5), (0.0, 1.0)]
    assert [line.mark for line in precision.lines] == [(0.5, 0.5), (1.0, 1.0)]
    assert [line.name for line in calibration.lines] == ["", "f03", "f04"]
    assert [line.colour for line in precision.lines] == [(119, 17, 255), (0, 136, 255)]
    assert (roc.across.ticks[-1], precision.upwards.ticks[0]) == ((1.0, "1"), (0.0, "0"))


def test_all_that_a_plot_draws_is_named_in_the_key() -> None:
    scored = random_runs(2)
    page = pdf_of(scored).pages[0].extract_text()
    for title in ("ROC", "Precision and recall", "Calibration", "false alarms among normals"):
        assert title in page
    key = page[page.index("Curves and calibration") : page.index("upwards: pneumonias found")]
    assert [run for run in scored.run_ids if run not in key] == []


def test_an_imported_run_has_no_architecture() -> None:
    scored = random_runs(2)
    runs = {run: load_run(PROJECT_ROOT / "models" / run) for run in scored.run_ids}
    runs["f04"] = replace(runs["f04"], foreign=True)
    pairs = compare_pairs(scored, draws=20)
    content = export_comparison(scored, pairs, runs, looks_of(scored), MADE)
    words = words_of(PdfReader(io.BytesIO(content)))
    assert words.count("mobilenet_v2") == 1
    assert f"(imported {runs['f04'].created[:10]}" in words


def test_the_file_is_in_the_language_of_who_asks():
    with using("es"):
        words = words_of(pdf_of(random_runs(2)))
    assert "Comparación de las versiones f03 y f04" in words
    assert "Falsos negativos" in words
    assert "Missed" not in words
    assert load_run(PROJECT_ROOT / "models" / "f03").sentence not in words
