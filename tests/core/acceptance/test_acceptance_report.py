"""The acceptance test as a PDF of three pages, in the reader's language."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pytest
from pypdf import PdfReader

from core.acceptance.criteria import USUAL_CRITERIA, Criterion, Declaration, Measure
from core.acceptance.measured import Acceptance, SiteFilms, accept
from core.acceptance.report import describe_acceptance, export_acceptance
from core.language.current import using
from core.reports.document import Table
from core.runs.listing import list_runs
from core.runs.predictions import read_predictions
from core.settings import get_settings

WHEN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def found() -> Acceptance:
    run = next(one for one in list_runs(get_settings().models) if one.run_id == "f08")
    scored = read_predictions(run).of_split("validation")
    labels = scored.films.label
    halves = np.where(np.arange(len(labels)) % 2 == 0, "odd", "even")
    films = SiteFilms(
        scored, {"Dr. Osei": 1 - labels}, {"half": halves}, {"not_chest": 1, "view": 2}
    )
    return accept(films, run, Declaration(USUAL_CRITERIA, 0.97, 200, 0, "Dr. Lindqvist", WHEN))


def test_it_has_three_pages_that_say_the_answer_first(found):
    pages = PdfReader(BytesIO(export_acceptance(found, "Ward 3", WHEN))).pages
    assert len(pages) == 3
    first, second, third = (" ".join(page.extract_text().split()) for page in pages)
    assert "Go: run f08 meets every criterion" in first
    assert "Dr. Lindqvist" in first
    assert f"{found.site.rates['sensitivity'].value:.3f}" in second
    refused = "refused 3 films. Not a frontal view: 2; not recognised as a frontal chest film: 1."
    assert refused in second + third
    assert "What this does not show" in third


def test_a_no_go_names_the_criterion(found):
    strict = Criterion(Measure.REFUSED, 0.001)
    judged = (*found.judged[:-1], replace(found.judged[-1], criterion=strict))
    document = describe_acceptance(replace(found, judged=judged), "Ward 3", WHEN)
    bullets, table = document.sections[0].blocks
    assert "does not meet every criterion" in bullets.items[0]
    assert isinstance(table, Table)
    assert [row[-1] for row in table.rows] == ["met"] * 4 + ["not met"]


def test_numbers_follow_the_language(found):
    with using("es"):
        table = describe_acceptance(found, "Ward 3", WHEN).sections[1].blocks[0]
    assert f"{found.site.rates['sensitivity'].value:.3f}".replace(".", ",") in table.rows[0][2]


def _said(found: Acceptance) -> str:
    return describe_acceptance(found, "Ward 3", WHEN).sections[0].blocks[0].items[-1]


def test_it_says_whether_the_intervals_are_by_patient(found):
    films, patients = found.site.n, found.site.n_patients
    assert patients < films  # children of the validation films have several
    assert f"by patient: the {films} test films are of {patients} patients" in _said(found)
    alone = replace(found, site=replace(found.site, n_patients=films))
    assert "every test film is of another patient" in _said(alone)
    assert "the labels state no patients" in _said(replace(alone, patients_stated=False))
