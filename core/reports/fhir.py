"""A signed read as a FHIR R4 DiagnosticReport that refers to the study of its film."""

from __future__ import annotations

import base64
import math
from typing import Any
from uuid import UUID, uuid5

from fhir.resources.R4B.diagnosticreport import DiagnosticReport

from core import __version__
from core.domain.findings import Category, findings_text
from core.domain.origin import FilmOrigin
from core.domain.rate import probability_number
from core.domain.review import Verdict
from core.language.current import current_language
from core.language.words import Message, msg, tr
from core.reports.dicom.codes import CATEGORIES, PNEUMONIA
from core.reports.film_report import (
    DISCLAIMER,
    FilmReport,
    verdict_text,
    write_text,
)
from core.stats.bayes import probability_at

SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
RADLEX, OWN = "http://radlex.org", "urn:first-read"
DICOM_UID = "urn:dicom:uid"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
_NAMESPACE = UUID("4f5de3fb-2c5a-47d8-9a41-5d6f0fb2c9aa")
_PRESENCE = {
    Verdict.PNEUMONIA: ("52101004", "Present"),
    Verdict.NORMAL: ("272519000", "Absent"),
    Verdict.UNSURE: ("82334004", "Indeterminate"),
}
_SIDES = {
    "suspicious": _PRESENCE[Verdict.PNEUMONIA],
    "not suspicious": _PRESENCE[Verdict.NORMAL],
    "unsure": _PRESENCE[Verdict.UNSURE],
}
_PNEUMONIA = [(SNOMED, PNEUMONIA.value, "Pneumonia"), (RADLEX, "RID5350", "pneumonia")]
_FINDINGS = {category: (one.value, one.meaning) for category, one in CATEGORIES.items()}
Part = dict[str, Any]


def write_fhir(report: FilmReport, origin: FilmOrigin | None, pdf: bytes | None = None) -> str:
    """Return a signed read's DiagnosticReport as JSON, its observations inside of it.

    Its texts are in the current language, the displays of its codes in English.

    Parameters
    ----------
    origin : FilmOrigin or None
        Whom the film shows and of which study it is; None where that is not known.
    pdf : bytes or None
        The report as a page, which then goes along.
    """
    signed, known = report.reads.signed, origin or FilmOrigin()
    observations = _observations(report)
    document: Part = {
        "resourceType": "DiagnosticReport",
        "id": str(uuid5(_NAMESPACE, signed.record_id)),
        "language": current_language(),
        "identifier": [{"system": f"{OWN}:read", "value": signed.record_id}],
        "status": "final",
        "category": [_concept([(LOINC, "LP29684-5", "Radiology")])],
        "code": _concept(
            [
                (LOINC, "36554-4", "XR Chest Single view"),
                (SNOMED, "399208008", "Plain X-ray of chest"),
            ],
            tr("Chest radiograph, one view"),
        ),
        "effectiveDateTime": signed.read.read_at.isoformat(),
        "issued": report.made_at.isoformat(),
        "performer": [{"display": signed.reader}],
        "resultsInterpreter": [{"display": signed.reader}],
        "contained": observations,
        "result": [{"reference": f"#{one['id']}"} for one in observations],
        "conclusion": f"{verdict_text(signed).capitalize()}. {tr(DISCLAIMER)}",
        "presentedForm": _forms(report, pdf),
    }
    if known.patient_id:
        document["subject"] = {"identifier": _patient(known)}
    if known.study_instance_uid:
        document["contained"] = [*observations, _study(known)]
        document["imagingStudy"] = [{"reference": "#study"}]
    return DiagnosticReport.model_validate(document).model_dump_json(indent=2)


def _concept(codings: list[tuple[str, str, str]], text: str = "") -> Part:
    concept: Part = {
        "coding": [
            {"system": system, "code": code, "display": display}
            for system, code, display in codings
        ]
    }
    return concept | ({"text": text} if text else {})


def _observation(name: str, code: Part, report: FilmReport, **value: object) -> Part:
    signed = report.reads.signed
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": code,
        "effectiveDateTime": signed.read.read_at.isoformat(),
        **value,
    }


def _observations(report: FilmReport) -> list[Part]:
    """Return what the reader signed, what they saw, and what the model said."""
    signed = report.reads.signed
    pneumonia = _concept(_PNEUMONIA, tr("Pneumonia, signed read"))
    verdict = _PRESENCE[signed.read.verdict]
    read = _observation(
        "signed-read",
        pneumonia,
        report,
        valueCodeableConcept=_concept([(SNOMED, *verdict)], verdict_text(signed)),
        performer=[{"display": signed.reader}],
    )
    found = signed.read.findings
    findings = [
        _observation(
            f"finding-{category.name.lower().replace('_', '-')}",
            _concept([(SNOMED, *_FINDINGS[category])]),
            report,
            valueCodeableConcept=_concept(
                [(SNOMED, *_PRESENCE[Verdict.PNEUMONIA])], tr(findings_text(found))
            ),
        )
        for category in Category
        if category in found.categories
    ]
    return [read, *findings, *_of_model(report)]


def _of_model(report: FilmReport) -> list[Part]:
    signed, prediction = report.reads.signed, report.prediction
    if prediction is None:
        return []
    score = probability_number(prediction.probability)
    parts = [
        _component("score", msg("Calibrated score"), score),
        _component("threshold", msg("Threshold"), round(prediction.operating_point.threshold, 3)),
    ]
    shown = signed.shown_number
    if shown is not None and shown.prevalence is not None:
        chance = probability_at(math.log(shown.likelihood_ratio), shown.prevalence)
        parts += [
            _component(
                "probability",
                msg("Probability of pneumonia in the ward"),
                probability_number(chance),
            ),
            _component("prevalence", msg("Prevalence of pneumonia in the ward"), shown.prevalence),
        ]
    device = {"display": f"First Read {signed.app_version} ({__version__}), run {signed.run_id}"}
    return [
        _observation(
            "model",
            _concept(_PNEUMONIA, tr("Pneumonia, read by the model")),
            report,
            valueCodeableConcept=_concept([(SNOMED, *_SIDES[prediction.side])]),
            device=device,
            component=parts,
            note=[{"text": report.trust}] if report.trust else [],
        )
    ]


def _component(name: str, words: Message, value: float) -> Part:
    quantity = {"value": value, "system": UCUM, "code": "1"}
    return {"code": _concept([(OWN, name, words)], tr(words)), "valueQuantity": quantity}


def _patient(origin: FilmOrigin) -> Part:
    number: Part = {"value": origin.patient_id}
    issuer = origin.issuer_of_patient_id
    return number | ({"assigner": {"display": issuer}} if issuer else {})


def _study(origin: FilmOrigin) -> Part:
    study: Part = {
        "resourceType": "ImagingStudy",
        "id": "study",
        "status": "available",
        "identifier": [
            {"system": DICOM_UID, "value": f"urn:oid:{origin.study_instance_uid}"},
            *([{"value": origin.accession_number}] if origin.accession_number else []),
        ],
        "subject": {"identifier": _patient(origin)}
        if origin.patient_id
        else {"display": tr("Not stated")},
    }
    if origin.is_whole:
        instance = {
            "uid": origin.sop_instance_uid,
            "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{origin.sop_class_uid}"},
        }
        modality = {
            "system": "http://dicom.nema.org/resources/ontology/DCM",
            "code": origin.modality or "DX",
        }
        study["series"] = [
            {"uid": origin.series_instance_uid, "modality": modality, "instance": [instance]}
        ]
    return study


def _forms(report: FilmReport, pdf: bytes | None) -> list[Part]:
    """Return the report as text, and as a page where it is given."""
    forms = [("text/plain; charset=utf-8", write_text(report).encode())]
    if pdf is not None:
        forms.append(("application/pdf", pdf))
    return [
        {
            "contentType": kind,
            "data": base64.b64encode(content).decode(),
            "language": current_language(),
        }
        for kind, content in forms
    ]
