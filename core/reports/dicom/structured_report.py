"""A signed read as a DICOM structured report (TID 1500) that refers to its film.

The model's read and the reader's are groups of their own; regions and marks are outlines on the
film, in the pixels of the file that the archive holds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from highdicom import sr

from core import __version__
from core.domain.findings import SIDES, Category, Findings, category_words
from core.domain.model import Prediction
from core.domain.rate import probability_number
from core.language.current import current_language
from core.language.words import Message, msg, tr
from core.reports.dicom import codes
from core.reports.dicom.reported_film import (
    MANUFACTURER,
    MODEL,
    Points,
    ReportedFilm,
    note_times,
    person_name,
    series_description,
    written,
)
from core.reports.film_report import MODEL_LABEL
from core.stats.bayes import probability_at

SERIES_NUMBER = 9101
Group = sr.MeasurementsAndQualitativeEvaluations | sr.PlanarROIMeasurementsAndQualitativeEvaluations


def write_structured_report(film: ReportedFilm) -> bytes:
    """Return the report of a signed read as a file of Comprehensive SR, in the current language."""
    groups: list[Group] = [_of_reader(film), *_of_findings(film), *_marks(film)]
    prediction = film.report.prediction
    if prediction is not None:
        groups = [_of_model(film, prediction), *_regions(film), *groups]
    content = sr.MeasurementReport(
        observation_context=_observers(film),
        procedure_reported=codes.CHEST_FILM,
        imaging_measurements=groups,
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(
            codes.LANGUAGES[current_language()]
        ),
    )
    document = sr.ComprehensiveSR(
        evidence=[film.reference],
        content=content,
        series_instance_uid=film.uid("report series"),
        series_number=SERIES_NUMBER,
        sop_instance_uid=film.uid("report"),
        instance_number=1,
        manufacturer=MANUFACTURER,
        is_complete=True,
        is_final=True,
        series_description=series_description(),
    )
    document.ManufacturerModelName = MODEL
    document.SoftwareVersions = __version__
    note_times(document, film, "Content")
    return written(document)


def _observers(film: ReportedFilm) -> sr.ObservationContext:
    signed = film.report.reads.signed
    person = sr.ObserverContext(
        sr.CodedConcept("121006", "DCM", "Person"),
        sr.PersonObserverIdentifyingAttributes(person_name(signed.reader)),
    )
    device = sr.ObserverContext(
        sr.CodedConcept("121007", "DCM", "Device"),
        sr.DeviceObserverIdentifyingAttributes(
            uid=film.uid("device"), name=f"{MODEL} {__version__}", manufacturer_name=MANUFACTURER
        ),
    )
    return sr.ObservationContext(person, device)


def _tracked(film: ReportedFilm, name: Message) -> sr.TrackingIdentifier:
    return sr.TrackingIdentifier(uid=film.uid(f"tracking {name}"), identifier=tr(name))


def _number(name: sr.CodedConcept, value: float) -> sr.Measurement:
    return sr.Measurement(name, value, codes.NO_UNITS)


def _source(film: ReportedFilm) -> sr.SourceImageForMeasurementGroup:
    return sr.SourceImageForMeasurementGroup(
        film.reference.SOPClassUID, film.reference.SOPInstanceUID
    )


def _of_model(film: ReportedFilm, prediction: Prediction) -> Group:
    """Return the model's read: its side, its numbers, and whether its regions hold."""
    signed = film.report.reads.signed
    numbers = [
        _number(codes.CALIBRATED_SCORE, probability_number(prediction.probability)),
        _number(codes.THRESHOLD, round(prediction.operating_point.threshold, 3)),
    ]
    shown = signed.shown_number
    if shown is not None:
        numbers.append(_number(codes.LIKELIHOOD_RATIO, float(f"{shown.likelihood_ratio:.3g}")))
        if shown.prevalence is not None:
            chance = probability_at(math.log(shown.likelihood_ratio), shown.prevalence)
            numbers += [
                _number(codes.PROBABILITY, probability_number(chance)),
                _number(codes.PREVALENCE, shown.prevalence),
            ]
    return sr.MeasurementsAndQualitativeEvaluations(
        _tracked(film, MODEL_LABEL),
        finding_type=codes.PNEUMONIA,
        finding_category=codes.READ_BY_MODEL,
        algorithm_id=sr.AlgorithmIdentification(
            name=f"First Read, run {signed.run_id}",
            version=signed.app_version,
            parameters=[f"{name}: {value}" for name, value in film.report.hashes.items() if value],
        ),
        finding_sites=[sr.FindingSite(codes.LUNG)],
        measurements=numbers,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(codes.PRESENCE, codes.SIDES[prediction.side]),
            sr.QualitativeEvaluation(codes.TRUST, _trust(film)),
        ],
        source_images=[_source(film)],
    )


def _trust(film: ReportedFilm) -> sr.CodedConcept:
    report = film.report
    if report.regions is None and not report.why_no_regions:
        return codes.NO_REGIONS
    if report.why_no_regions:
        return codes.NOT_RELIABLE if report.trust else codes.NO_REGIONS
    return codes.RELIABLE


def _of_reader(film: ReportedFilm) -> Group:
    read = film.report.reads.signed.read
    confidence = [] if read.confidence is None else [_number(codes.CONFIDENCE, read.confidence)]
    return sr.MeasurementsAndQualitativeEvaluations(
        _tracked(film, msg("Signed read")),
        finding_type=codes.PNEUMONIA,
        finding_category=codes.READ_BY_READER,
        finding_sites=[sr.FindingSite(codes.LUNG)],
        measurements=confidence,
        qualitative_evaluations=[
            sr.QualitativeEvaluation(codes.PRESENCE, codes.VERDICTS[read.verdict])
        ],
        source_images=[_source(film)],
    )


def _of_findings(film: ReportedFilm) -> list[Group]:
    """Return a group for each thing that the reader saw, with its places."""
    findings = film.report.reads.signed.read.findings
    return [
        sr.MeasurementsAndQualitativeEvaluations(
            _tracked(film, msg("Finding: {category}", category=category_words(category))),
            finding_type=codes.CATEGORIES[category],
            finding_category=codes.READ_BY_READER,
            finding_sites=_sites(findings, category),
            qualitative_evaluations=[
                sr.QualitativeEvaluation(codes.FINDING, codes.CATEGORIES[category])
            ],
            source_images=[_source(film)],
        )
        for category in Category
        if category in findings.categories
    ]


def _sites(findings: Findings, category: Category) -> Sequence[sr.FindingSite]:
    if category is Category.CONSOLIDATION and findings.zones:
        parted = (zone.split() for zone in sorted(findings.zones))
        return [
            sr.FindingSite(codes.THIRDS[third], laterality=codes.SIDES_OF_BODY[side])
            for side, third in parted
        ]
    if category is Category.EFFUSION and findings.effusion_sides:
        sides = (side for side in SIDES if side in findings.effusion_sides)
        return [sr.FindingSite(codes.PLEURA, laterality=codes.SIDES_OF_BODY[s]) for s in sides]
    return [sr.FindingSite(codes.LUNG)]


def _outlined(
    film: ReportedFilm,
    name: Message,
    points: Points,
    finding: sr.CodedConcept,
    weight: float | None = None,
) -> Group:
    source = sr.SourceImageForRegion(film.reference.SOPClassUID, film.reference.SOPInstanceUID)
    kind = sr.GraphicTypeValues.POINT if len(points) == 1 else sr.GraphicTypeValues.POLYLINE
    return sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        _tracked(film, name),
        referenced_region=sr.ImageRegion(kind, points, source),
        finding_type=finding,
        finding_sites=[sr.FindingSite(codes.LUNG)],
        measurements=None if weight is None else [_number(codes.WEIGHT, weight)],
    )


def _regions(film: ReportedFilm) -> list[Group]:
    """Return the strongest regions, each in as many outlines as it has parts."""
    regions = film.report.regions
    if regions is None:
        return []
    return [
        _outlined(
            film,
            msg("{region}, outline {n}", region=regions.names[label], n=part),
            film.on_film(outline),
            codes.REGION,
            round(float(regions.coloured.weights[label]), 3),
        )
        for label in regions.strongest
        for part, outline in enumerate(regions.coloured.outlines_of(label), start=1)
    ]


def _marks(film: ReportedFilm) -> list[Group]:
    return [
        _outlined(film, msg("Mark {n}", n=number), film.outline_of(mark), codes.MARK)
        for number, mark in enumerate(film.report.marks, start=1)
    ]
