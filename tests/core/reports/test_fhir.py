"""A signed read as a FHIR report."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fixtures.film_reports import first_read, predicted, report, signed_read

from core.domain.findings import Category, Findings
from core.domain.origin import FilmOrigin
from core.domain.reported import ReportedReads
from core.domain.review import ReviewRecord
from core.domain.ward import ShownNumber
from core.language.current import using
from core.reports.fhir import write_fhir
from core.reports.film_report import write_text

ORIGIN = FilmOrigin(
    patient_id="MRN-778899",
    issuer_of_patient_id="St. Mary",
    study_instance_uid="1.2.3.5",
    accession_number="ACC-5",
    series_instance_uid="1.2.3.6",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
    sop_instance_uid="1.2.3.4",
    modality="CR",
)
FINDINGS = Findings(frozenset({Category.CONSOLIDATION}), frozenset({"right lower"}))


def signed_with_findings() -> ReviewRecord:
    signed = signed_read(shown_number=ShownNumber(4.0, 0.2, "1 of 2"))
    return replace(signed, read=replace(signed.read, findings=FINDINGS))


SIGNED = ReportedReads(signed_with_findings(), first_read())


def made(origin: FilmOrigin | None = ORIGIN, **changes: object) -> dict:
    one = report(SIGNED, **changes)
    return json.loads(write_fhir(one, origin, b"%PDF-1.7"))


def test_the_report_is_valid_and_points_at_patient_study_and_observations() -> None:
    told = made()
    DiagnosticReport.model_validate(told)

    assert told["subject"]["identifier"]["value"] == "MRN-778899"
    contained = {one["id"]: one for one in told["contained"]}
    study = contained["study"]
    assert study["identifier"][0]["value"] == "urn:oid:1.2.3.5"
    assert study["series"][0]["instance"][0]["uid"] == "1.2.3.4"
    assert study["series"][0]["modality"]["code"] == "CR"
    assert told["imagingStudy"] == [{"reference": "#study"}]
    named = [one["reference"].removeprefix("#") for one in told["result"]]
    assert named == ["signed-read", "finding-consolidation", "model"]
    assert set(named) < set(contained)
    assert "Not for diagnostic use" in told["conclusion"]


def test_a_report_in_spanish_is_valid_and_has_english_displays() -> None:
    with using("es"):
        told = made()
    DiagnosticReport.model_validate(told)

    assert [told["language"], *(one["language"] for one in told["presentedForm"])] == ["es"] * 3
    assert told["conclusion"].startswith("Neumonía (consolidación, ")
    assert told["code"]["text"] == "Radiografía de tórax, una proyección"
    assert told["code"]["coding"][1]["display"] == "Plain X-ray of chest"
    contained = {one["id"]: one for one in told["contained"]}
    score = contained["model"]["component"][0]["code"]
    assert (score["text"], score["coding"][0]["display"]) == (
        "Puntuación calibrada",
        "Calibrated score",
    )
    text = base64.b64decode(told["presentedForm"][0]["data"]).decode()
    assert "Puntuación calibrada 0,87" in text


def test_verdict_findings_and_numbers_have_their_codes() -> None:
    contained = {one["id"]: one for one in made()["contained"]}

    pneumonia = contained["signed-read"]["code"]["coding"]
    assert [one["code"] for one in pneumonia] == ["233604007", "RID5350"]
    assert contained["signed-read"]["valueCodeableConcept"]["coding"][0]["code"] == "52101004"
    numbers = {
        one["code"]["coding"][0]["code"]: one["valueQuantity"]["value"]
        for one in contained["model"]["component"]
    }
    assert numbers == {"score": 0.87, "threshold": 0.4, "probability": 0.5, "prevalence": 0.2}
    words = contained["finding-consolidation"]["valueCodeableConcept"]["text"]
    assert words == "consolidation, right lower"


@pytest.mark.parametrize(("probability", "stated"), [(0.99996, 0.99), (0.0004, 0.01)])
def test_a_score_says_no_more_than_the_page_does(probability: float, stated: float) -> None:
    reads = ReportedReads(signed_read(prediction=predicted(probability)))
    told = json.loads(write_fhir(report(reads), ORIGIN))
    model = next(one for one in told["contained"] if one["id"] == "model")
    assert model["component"][0]["valueQuantity"]["value"] == stated


def test_the_report_as_text_and_as_a_page_goes_along() -> None:
    text, page = made()["presentedForm"]
    said = base64.b64decode(text["data"]).decode()

    assert said == write_text(report(SIGNED))
    assert base64.b64decode(page["data"]) == b"%PDF-1.7"


def test_a_held_back_score_is_nowhere_in_it() -> None:
    told = made(score_shown=False)

    assert "model" not in {one["id"] for one in told["contained"]}
    assert "0.87" not in base64.b64decode(told["presentedForm"][0]["data"]).decode()


def test_without_an_origin_it_names_nobody_and_is_valid() -> None:
    told = made(None)
    DiagnosticReport.model_validate(told)

    assert "subject" not in told
    assert "imagingStudy" not in told
