"""The quality gate: is this film fit to be read, and is it a frontal chest radiograph at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.arrays import FloatImage
from core.domain.film import AgeBand, Radiograph
from core.domain.quality import (
    ADULT,
    ORIENTATION,
    POPULATION,
    FilmChange,
    Finding,
    GateEvidence,
    QualityReport,
    Severity,
    ShownView,
    ViewEvidence,
)
from core.gate.completeness import MISSING_SHARE
from core.gate.statements import check_projection, check_statement
from core.gate.view import SECOND_LUNG

MAX_SAMPLED_PX = 1_000_000
"""Tone is measured on at most about this many pixels, taken on a regular grid."""

MIN_READABLE_SIDE_PX = 96
ODD_ASPECT, IMPOSSIBLE_ASPECT = (0.7, 2.4), (0.4, 3.5)
BLANK_CONTRAST, FAINT_CONTRAST = 0.04, 0.15
MAX_COLOURFULNESS = 0.04
OTHER_HOSPITAL_FACTOR = 1.4
"""Where the view network sees a frontal film, the limit on the distance stands this much higher:
bedside films of adults lie far from the training films and are frontal chest films."""

_OF_CONTENT = frozenset(
    {"not_chest", "lung_area", "polarity", ORIENTATION, "view", "incomplete", "covered", "unlike"}
)
"""Findings that say nothing of a blank film."""

_ORDER = {Severity.REFUSE: 0, Severity.FLAG: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Limits that were measured on films; they stand in the lung segmenter's record.

    Attributes
    ----------
    distance : float
        Largest feature distance of a frontal chest film.
    lung_fraction : (float, float)
        Smallest and largest share of the film that is lung.
    median_grey : (float, float)
        Of the film's grey levels.
    clipped : float
        Largest share of pixels at the ends of the grey scale.
    """

    distance: float
    lung_fraction: tuple[float, float]
    median_grey: tuple[float, float]
    clipped: float


@dataclass(frozen=True, slots=True)
class Tone:
    """Grey-level statistics of a film, each in [0, 1]."""

    contrast: float
    median: float
    clipped: float


def measure_tone(pixels: FloatImage) -> Tone:
    """Measure contrast (1st to 99th percentile), median grey and the clipped share.

    Parameters
    ----------
    pixels : (H, W) float32 ndarray in [0, 1]
    """
    stride = max(1, math.ceil(math.sqrt(pixels.size / MAX_SAMPLED_PX)))
    sampled = pixels[::stride, ::stride]
    low, median, high = np.percentile(sampled, [1.0, 50.0, 99.0])
    ends = (sampled <= 0.5 / 255.0) | (sampled >= 254.5 / 255.0)
    return Tone(float(high - low), float(median), float(ends.mean()))


def measure_sharpness(standard: FloatImage) -> float:
    """Return the standard deviation of the Laplacian of a standardised film.

    Parameters
    ----------
    standard : (224, 224) float32 ndarray in [0, 1]
    """
    # Deferred: only data sets are measured so, and the first page should not wait.
    from scipy import ndimage  # noqa: PLC0415

    return float(ndimage.laplace(standard).std())


def _check_size(film: Radiograph, model_px: int) -> list[Finding]:
    findings = []
    side = min(film.height_px, film.width_px)
    if side < MIN_READABLE_SIDE_PX:
        findings.append(
            Finding(
                "resolution",
                Severity.REFUSE,
                side,
                MIN_READABLE_SIDE_PX,
                f"The film is {film.width_px} x {film.height_px} pixels; at least "
                f"{MIN_READABLE_SIDE_PX} on the shorter side are needed. Export it at full size.",
            )
        )
    elif side < model_px:
        findings.append(
            Finding(
                "resolution",
                Severity.FLAG,
                side,
                model_px,
                f"The shorter side has {side} pixels and the model uses {model_px}: "
                "fine detail is missing. Use the full-size export if there is one.",
            )
        )
    return findings + _check_aspect(film)


def _check_aspect(film: Radiograph) -> list[Finding]:
    aspect = film.width_px / film.height_px
    for severity, (low, high) in (
        (Severity.REFUSE, IMPOSSIBLE_ASPECT),
        (Severity.FLAG, ODD_ASPECT),
    ):
        if not low <= aspect <= high:
            message = (
                f"The film is {aspect:.2f} times as wide as high; frontal chest films lie between "
                f"{low} and {high}. Check that it is one whole, uncropped film."
            )
            limit = low if aspect < low else high
            return [Finding("aspect_ratio", severity, aspect, limit, message)]
    return []


def _check_tone(film: Radiograph, tone: Tone, limits: GateLimits) -> list[Finding]:
    if tone.contrast < BLANK_CONTRAST:
        message = (
            "The film is blank or almost blank: its grey levels span "
            f"{tone.contrast:.1%} of the scale (limit {BLANK_CONTRAST:.0%}). Export it again with "
            "its window."
        )
        return [Finding("blank", Severity.REFUSE, tone.contrast, BLANK_CONTRAST, message)]
    findings = []
    if tone.contrast < FAINT_CONTRAST:
        message = (
            f"The film is faint: its grey levels span {tone.contrast:.0%} of the scale (limit "
            f"{FAINT_CONTRAST:.0%}). Check the export's window."
        )
        findings.append(Finding("contrast", Severity.FLAG, tone.contrast, FAINT_CONTRAST, message))
    low, high = limits.median_grey
    if not low <= tone.median <= high:
        word, limit = ("dark", low) if tone.median < low else ("bright", high)
        message = (
            f"The film is unusually {word}: its median grey is {tone.median:.2f}; "
            f"films of the training hospital lie between {low:.2f} and {high:.2f}."
        )
        findings.append(Finding("exposure", Severity.FLAG, tone.median, limit, message))
    if tone.clipped > limits.clipped:
        message = (
            f"{tone.clipped:.0%} of the film is pure black or white (limit {limits.clipped:.0%}): "
            "detail is lost there. Check for a crop border or a narrow window."
        )
        findings.append(Finding("clipping", Severity.FLAG, tone.clipped, limits.clipped, message))
    if film.colourfulness > MAX_COLOURFULNESS:
        message = (
            "This is a coloured picture, not a radiograph: its colour channels differ by "
            f"{film.colourfulness:.0%} (limit {MAX_COLOURFULNESS:.0%}). Upload the film itself, as "
            "exported from the archive."
        )
        findings.append(
            Finding("colour", Severity.REFUSE, film.colourfulness, MAX_COLOURFULNESS, message)
        )
    return findings


def _check_population(film: Radiograph) -> list[Finding]:
    """Say for whom the score was measured, wherever the film may show somebody else."""
    if film.age_band is AgeBand.CHILD_1_TO_5:
        return []
    if film.age_band is AgeBand.UNKNOWN:
        message = "The age is not stated. The model was measured on children of 1 to 5 years only."
        return [Finding(POPULATION, Severity.NOTE, None, None, message)]
    if film.age_band is AgeBand.ADULT:
        message = (
            "Patient age: adult. The model was measured on children of 1 to 5 years only. "
            "On films of adults its score depends strongly on the projection, AP or PA. Rely on "
            "your own read."
        )
        return [Finding(ADULT, Severity.FLAG, None, None, message)]
    message = (
        f"Patient age: {film.age_band}. The model was trained on children of 1 to 5 years: "
        "outside intended use; not validated. Rely on your own read."
    )
    return [Finding(POPULATION, Severity.FLAG, None, None, message)]


def _check_origin(film: Radiograph) -> list[Finding]:
    """Report a synthetic film, so that no read of it is taken for a patient's."""
    if not film.synthetic:
        return []
    message = "Synthetic film. Computer-generated; not evidence of clinical performance."
    return [Finding("synthetic", Severity.NOTE, None, None, message)]


def _check_display(film: Radiograph) -> list[Finding]:
    """Report a film that is not shown as its file asks, and how it is shown."""
    if not film.display_note:
        return []
    return [Finding("display", Severity.NOTE, None, None, film.display_note)]


def _change_finding(change: FilmChange, evidence: GateEvidence) -> Finding:
    distances = (
        f"its distance from the training films is {evidence.distance:.2f} as it is and "
        f"{evidence.changed[change]:.2f} with"
    )
    if change is FilmChange.INVERT:
        code, message = (
            "polarity",
            (
                f"The film looks inverted, bone dark and air bright: {distances} {change}. "
                "Choose Invert and read again, or export it with bone bright."
            ),
        )
    else:
        code, message = (
            ORIENTATION,
            (
                f"The film does not look upright: {distances} the film {change}. "
                "Choose Turn and read again, or export it upright."
            ),
        )
    return Finding(code, Severity.REFUSE, evidence.distance, evidence.changed[change], message)


_SEEMS = {
    ShownView.LATERAL: "a lateral chest film",
    ShownView.OBLIQUE: "an oblique chest film",
    ShownView.TRUNK: "a film of the whole trunk or spine",
    ShownView.ABDOMEN: "a film of the abdomen",
    ShownView.PELVIS: "a film of the pelvis",
    ShownView.SLICE: "a coronal CT slice",
    ShownView.PART: "one side of a chest",
    ShownView.TURNED: "a turned film",
    ShownView.INVERTED: "a film with black and white exchanged",
}


GUESS = 0.8
"""Least probability of a view to be named as a guess."""


def _guess(view: ViewEvidence) -> str:
    exported_wrong = view.seems in (ShownView.TURNED, ShownView.INVERTED, ShownView.PART)
    likely = view.likeness.get(view.seems, 0.0) >= GUESS and not exported_wrong
    return f" It may be {_SEEMS[view.seems]}." if likely else ""


def _check_view(view: ViewEvidence) -> list[Finding]:
    """Refuse what is no frontal view, and say what it seems to be."""
    if not view.frontal >= view.least_frontal:  # a probability that is no number is refused too
        message = (
            f"This seems to be {_SEEMS.get(view.seems, 'another film')}, not a frontal chest film: "
            f"its likeness to frontal films is {view.frontal:.0%}, the limit is "
            f"{view.least_frontal:.0%}. Upload the frontal film."
        )
        return [Finding("view", Severity.REFUSE, view.frontal, view.least_frontal, message)]
    if not view.second_lung >= SECOND_LUNG:
        message = (
            "This seems to be a lateral chest film, or one lung is not seen: the second lung field "
            f"has {view.second_lung:.0%} of the first one's size, the limit is {SECOND_LUNG:.0%}. "
            "Upload the frontal film."
        )
        return [Finding("view", Severity.REFUSE, view.second_lung, SECOND_LUNG, message)]
    return []


def _check_chest(evidence: GateEvidence, limits: GateLimits) -> list[Finding]:
    low, high = limits.lung_fraction
    turned_or_other = _check_view(evidence.view)
    sure = bool(evidence.view.likeness) and not turned_or_other
    upright = evidence.view.upright
    change = None if sure or upright else evidence.better_change(limits.distance)
    if change is not None:
        return [_change_finding(change, evidence)]
    farthest = limits.distance * (OTHER_HOSPITAL_FACTOR if sure else 1.0)
    if not evidence.distance <= farthest:  # a distance that is no number is refused too
        message = (
            "Not recognised as a frontal chest film: it differs too much from the films that "
            f"the model learned from (distance {evidence.distance:.2f}, limit {farthest:.2f}). "
            f"Check that the right file was chosen, upright and uncropped.{_guess(evidence.view)}"
        )
        return [Finding("not_chest", Severity.REFUSE, evidence.distance, farthest, message)]
    if turned_or_other:
        return turned_or_other
    if not low <= evidence.lung_fraction <= high:
        limit = low if evidence.lung_fraction < low else high
        message = (
            f"Lungs fill {evidence.lung_fraction:.0%} of the picture; on frontal chest films they "
            f"fill {low:.0%} to {high:.0%}. Check that it is one whole chest film."
        )
        return [Finding("lung_area", Severity.REFUSE, evidence.lung_fraction, limit, message)]
    if evidence.distance > limits.distance:
        message = (
            "The film is unlike the films of the training hospital: its distance from them is "
            f"{evidence.distance:.2f}, theirs is at most {limits.distance:.2f}. Rely on your own "
            "read."
        )
        return [Finding("unlike", Severity.FLAG, evidence.distance, limits.distance, message)]
    return []


def _check_gaps(evidence: GateEvidence) -> list[Finding]:
    """Refuse a film with a missing part, and flag one with a box over the chest."""
    findings, gaps = [], evidence.gaps
    for share, of in ((gaps.rows, "height"), (gaps.columns, "width")):
        if share:
            message = (
                f"A band without any detail lies across the film, over {share:.0%} of its {of}: "
                "part of the film is missing. Export it again."
            )
            findings.append(Finding("incomplete", Severity.REFUSE, share, MISSING_SHARE, message))
            break
    if gaps.boxed and not findings:
        message = (
            f"An even rectangle covers {gaps.boxed:.1%} of the film, over the chest: neither you "
            "nor the model sees what lies under it. Ask for the film without it."
        )
        findings.append(Finding("covered", Severity.FLAG, gaps.boxed, None, message))
    return findings


def assess_quality(
    film: Radiograph, evidence: GateEvidence, limits: GateLimits, model_px: int
) -> QualityReport:
    """Check a film against every limit.

    Parameters
    ----------
    evidence : GateEvidence
        What was measured on it.
    model_px : int
        Side of the classifier's input; a film with fewer pixels than that lacks detail.

    Returns
    -------
    QualityReport
        Worst findings first; empty for a film that nothing is known against.
    """
    tone = measure_tone(film.pixels)
    findings = [
        *check_statement(film),
        *_check_size(film, model_px),
        *_check_tone(film, tone, limits),
        *_check_chest(evidence, limits),
        *_check_gaps(evidence),
        *_check_population(film),
        *check_projection(film),
        *_check_origin(film),
        *_check_display(film),
    ]
    if any(finding.code == "blank" for finding in findings):
        findings = [f for f in findings if f.code not in _OF_CONTENT]
    return QualityReport(tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity])))
