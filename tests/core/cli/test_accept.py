"""``python -m core accept``: from a folder and a table of labels to a PDF and an answer."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from core.__main__ import app
from core.settings import PROJECT_ROOT

FILMS = PROJECT_ROOT / "synthetic" / "test"
CHOSEN = [
    path for kind in ("NORMAL", "PNEUMONIA") for path in sorted((FILMS / kind).glob("*.png"))[:6]
]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [f"{path.relative_to(FILMS)},{path.parent.name.lower()}" for path in CHOSEN]
    (tmp_path / "labels.csv").write_text("\n".join(["film,label", *rows, ""]))
    return tmp_path / "labels.csv"


def accept(labels: Path, *options: str):
    given = ["accept", str(FILMS), str(labels), "--by", "Dr. Lindqvist", "--tuning", "6"]
    return CliRunner().invoke(app, [*given, "--out", str(labels.with_suffix(".pdf")), *options])


def test_a_strict_site_says_no_with_a_report_of_three_pages(labels):
    done = accept(labels, "--least-sensitivity", "0.99", "--seed", "3")
    assert done.exit_code == 2, done.output
    assert "No go: run f08" in done.output
    assert "The labels state no patients" in done.output
    pages = PdfReader(BytesIO(labels.with_suffix(".pdf").read_bytes())).pages
    assert len(pages) == 3
    assert "Dr. Lindqvist" in pages[0].extract_text()


def test_labels_that_cannot_be_used_end_before_a_film_is_read(labels):
    labels.write_text("name,label\na,1\n")
    done = accept(labels)
    assert done.exit_code == 1
    assert "no column" in done.output
    assert not labels.with_suffix(".pdf").exists()
