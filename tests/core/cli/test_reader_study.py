"""``python -m core study`` analyses a file of ratings, and plans the next study from it."""

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.reader_studies.imrmc import read_imrmc, write_imrmc
from core.stats.mrmc import analyse_readers, cases_for_power

PLANNED = ("--difference", "0.3", "--readers", "20")


@pytest.fixture
def ratings():
    rng = np.random.default_rng(8)
    labels = np.arange(60) % 2
    drawn = rng.normal(0, 1, (2, 3, 60)) + rng.normal(0, 1, 60) + labels
    drawn[1] += 1.2 * labels
    return np.round(drawn, 3), labels


@pytest.fixture
def file(ratings, tmp_path):
    drawn, labels = ratings
    rows = [
        (f"reader {r}", f"case {c}", arm, float(drawn[a, r, c]))
        for a, arm in enumerate(("alone", "score"))
        for r in range(3)
        for c in range(60)
    ]
    truth = {f"case {number}": bool(ill) for number, ill in enumerate(labels)}
    path = tmp_path / "study.imrmc"
    path.write_text(write_imrmc(rows, truth), "utf-8")
    return path


def test_the_answer_is_that_of_the_analysis(file, ratings):
    said = CliRunner().invoke(app, ["study", "analyse", str(file)])
    assert said.exit_code == 0
    found = analyse_readers(*ratings)
    assert "2 arms, 3 readers, 60 cases: 30 with pneumonia" in said.output
    assert f"ROC AUC, alone: {found.arms[0].value:.4f}" in said.output
    assert (
        f"F(1, {found.freedom:.2f}) = {found.f_value:.2f}, p = {found.p_value:.4f}" in said.output
    )


def test_a_pilot_plans_the_next_study(file):
    said = CliRunner().invoke(app, ["study", "size", str(file), *PLANNED])
    assert said.exit_code == 0
    assert "20 readers find a difference of 0.3" in said.output
    study = read_imrmc(file.read_text("utf-8"))
    pilot = analyse_readers(study.ratings, study.labels)
    assert said.output.startswith(f"{cases_for_power(0.3, 20, pilot, 60)} cases, 50% of them")


def test_what_is_no_study_is_said(tmp_path):
    (tmp_path / "x.imrmc").write_bytes(b"\xff\xfe\x00")
    said = CliRunner().invoke(app, ["study", "analyse", str(tmp_path / "x.imrmc")])
    assert said.exit_code == 1
    assert "cannot be read as text" in said.output
