"""The PDF of a comparison is of what the page compares."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pages.test_runs import open_page, runs, words_of
from pypdf import PdfReader

from core.runs.store import load_run
from core.settings import PROJECT_ROOT
from core.shortcuts.record import read_audit
from ui.runs import report

__all__ = ["runs"]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Return what is offered for download: the button's words, and what makes the file."""
    found: list[tuple[str, Any]] = []
    monkeypatch.setattr(report, "offer_pdf", lambda label, make, **_: found.append((label, make)))
    return found


def test_the_pdf_says_what_the_page_says(runs, offered: list[tuple[str, Any]]) -> None:
    page = open_page(runs="f03,f04", earlier="f04", later="f03", part="test", at="97")
    ((label, make),) = offered
    assert label == "PDF of the comparison"
    said = " ".join(
        " ".join(one.extract_text() for one in PdfReader(io.BytesIO(make())).pages).split()
    )
    (films,) = [line for line in words_of(page).splitlines() if "of 427 patients" in line]
    assert "at equal sensitivity" in films
    assert films in said
    pair = [
        line[2:]
        for line in words_of(page).splitlines()
        if line.startswith(("- f03 ", "- Accuracy of"))
    ]
    assert len(pair) == 3  # with the metric that the page shows
    assert [line for line in pair if line not in said] == []
    part = read_audit(load_run(PROJECT_ROOT / "models" / "f03")).parts["test"]
    assert "Shortcut audit" in said
    assert f"{part.change('lungs_hidden').roc_auc.value:.3f}" in said
    assert f"{part.change('lower').decisions_changed} of {part.n}" in said


def test_one_run_alone_is_no_comparison(runs, offered: list[tuple[str, Any]]) -> None:
    page = open_page(runs="f03", part="test")
    assert "Tick a second run in the table" in words_of(page)
    assert offered == []
