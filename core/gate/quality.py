"""The quality gate: is this film fit to be read, and is it a frontal chest radiograph at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from core.domain.arrays import FloatImage, percentiles
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
    change_words,
)
from core.gate.completeness import MISSING_SHARE
from core.gate.statements import check_projection, check_statement
from core.gate.view import SECOND_LUNG
from core.language.words import Message, msg

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
    sampled = np.ascontiguousarray(pixels[::stride, ::stride])  # looked at several times
    low, median, high = percentiles(sampled, (1.0, 50.0, 99.0))
    ends = (sampled <= 0.5 / 255.0) | (sampled >= 254.5 / 255.0)
    return Tone(float(high - low), float(median), np.count_nonzero(ends) / ends.size)


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
        message = msg(
            "The film is {width} x {height} pixels; at least {least} on the shorter side are "
            "needed. Export it at full size.",
            width=film.width_px,
            height=film.height_px,
            least=MIN_READABLE_SIDE_PX,
        )
        findings.append(Finding("resolution", Severity.REFUSE, side, MIN_READABLE_SIDE_PX, message))
    elif side < model_px:
        message = msg(
            "The shorter side has {side} pixels and the model uses {model}: fine detail is "
            "missing. Use the full-size export if there is one.",
            side=side,
            model=model_px,
        )
        findings.append(Finding("resolution", Severity.FLAG, side, model_px, message))
    return findings + _check_aspect(film)


def _check_aspect(film: Radiograph) -> list[Finding]:
    aspect = film.width_px / film.height_px
    for severity, (low, high) in (
        (Severity.REFUSE, IMPOSSIBLE_ASPECT),
        (Severity.FLAG, ODD_ASPECT),
    ):
        if not low <= aspect <= high:
            message = msg(
                "The film is {aspect:.2f} times as wide as high; frontal chest films lie "
                "between {low} and {high}. Check that it is one whole, uncropped film.",
                aspect=aspect,
                low=low,
                high=high,
            )
            limit = low if aspect < low else high
            return [Finding("aspect_ratio", severity, aspect, limit, message)]
    return []


def _check_tone(film: Radiograph, tone: Tone, limits: GateLimits) -> list[Finding]:
    if tone.contrast < BLANK_CONTRAST:
        message = msg(
            "The film is blank or almost blank: its grey levels span {contrast:.1%} of the "
            "scale (limit {limit:.0%}). Export it again with its window.",
            contrast=tone.contrast,
            limit=BLANK_CONTRAST,
        )
        return [Finding("blank", Severity.REFUSE, tone.contrast, BLANK_CONTRAST, message)]
    findings = []
    if tone.contrast < FAINT_CONTRAST:
        message = msg(
            "The film is faint: its grey levels span {contrast:.0%} of the scale (limit "
            "{limit:.0%}). Check the export's window.",
            contrast=tone.contrast,
            limit=FAINT_CONTRAST,
        )
        findings.append(Finding("contrast", Severity.FLAG, tone.contrast, FAINT_CONTRAST, message))
    low, high = limits.median_grey
    if not low <= tone.median <= high:
        fields = {"median": tone.median, "low": low, "high": high}
        if tone.median < low:
            limit, message = (
                low,
                msg(
                    "The film is unusually dark: its median grey is {median:.2f}; films of the "
                    "training hospital lie between {low:.2f} and {high:.2f}.",
                    **fields,
                ),
            )
        else:
            limit, message = (
                high,
                msg(
                    "The film is unusually bright: its median grey is {median:.2f}; films of the "
                    "training hospital lie between {low:.2f} and {high:.2f}.",
                    **fields,
                ),
            )
        findings.append(Finding("exposure", Severity.FLAG, tone.median, limit, message))
    if tone.clipped > limits.clipped:
        message = msg(
            "{clipped:.0%} of the film is pure black or white (limit {limit:.0%}): detail "
            "is lost there. Check for a crop border or a narrow window.",
            clipped=tone.clipped,
            limit=limits.clipped,
        )
        findings.append(Finding("clipping", Severity.FLAG, tone.clipped, limits.clipped, message))
    if film.colourfulness > MAX_COLOURFULNESS:
        message = msg(
            "This is a coloured picture, not a radiograph: its colour channels differ by "
            "{colourfulness:.0%} (limit {limit:.0%}). Upload the film itself, as "
            "exported from the archive.",
            colourfulness=film.colourfulness,
            limit=MAX_COLOURFULNESS,
        )
        findings.append(
            Finding("colour", Severity.REFUSE, film.colourfulness, MAX_COLOURFULNESS, message)
        )
    return findings


_AGES = {
    AgeBand.UNDER_1: msg("under 1 year"),
    AgeBand.CHILD_1_TO_5: msg("1 to 5 years"),
    AgeBand.CHILD_6_TO_17: msg("6 to 17 years"),
    AgeBand.ADULT: msg("adult"),
    AgeBand.UNKNOWN: msg("age not stated"),
}


def _check_population(film: Radiograph) -> list[Finding]:
    """Say for whom the score was measured, wherever the film may show somebody else."""
    if film.age_band is AgeBand.CHILD_1_TO_5:
        return []
    if film.age_band is AgeBand.UNKNOWN:
        message = msg(
            "The age is not stated. The model was measured on children of 1 to 5 years only."
        )
        return [Finding(POPULATION, Severity.NOTE, None, None, message)]
    if film.age_band is AgeBand.ADULT:
        message = msg(
            "Patient age: adult. The model was measured on children of 1 to 5 years only. On "
            "films of adults its score depends strongly on the projection, AP or PA. Rely on "
            "your own read."
        )
        return [Finding(ADULT, Severity.FLAG, None, None, message)]
    message = msg(
        "Patient age: {age_band}. The model was trained on children of 1 to 5 years: outside "
        "intended use; not validated. Rely on your own read.",
        age_band=_AGES[film.age_band],
    )
    return [Finding(POPULATION, Severity.FLAG, None, None, message)]


def _check_origin(film: Radiograph) -> list[Finding]:
    """Report a synthetic film, so that no read of it is taken for a patient's."""
    if not film.synthetic:
        return []
    message = msg("Synthetic film. Computer-generated; not evidence of clinical performance.")
    return [Finding("synthetic", Severity.NOTE, None, None, message)]


def _check_display(film: Radiograph) -> list[Finding]:
    """Report a film that is not shown as its file asks, and how it is shown."""
    if not film.display_note:
        return []
    return [Finding("display", Severity.NOTE, None, None, film.display_note)]


def _change_finding(change: FilmChange, evidence: GateEvidence) -> Finding:
    fields = {
        "distance": evidence.distance,
        "changed": evidence.changed[change],
        "change": change_words(change),
    }
    if change is FilmChange.INVERT:
        code, message = (
            "polarity",
            msg(
                "The film looks inverted, bone dark and air bright: its distance from the "
                "training films is {distance:.2f} as it is and {changed:.2f} with {change}. "
                "Choose Invert and read again, or export it with bone bright.",
                **fields,
            ),
        )
    else:
        code, message = (
            ORIENTATION,
            msg(
                "The film does not look upright: its distance from the training films is "
                "{distance:.2f} as it is and {changed:.2f} with the film {change}. Choose Turn "
                "and read again, or export it upright.",
                **fields,
            ),
        )
    return Finding(code, Severity.REFUSE, evidence.distance, evidence.changed[change], message)


_SEEMS = {
    ShownView.LATERAL: msg("a lateral chest film"),
    ShownView.OBLIQUE: msg("an oblique chest film"),
    ShownView.TRUNK: msg("a film of the whole trunk or spine"),
    ShownView.ABDOMEN: msg("a film of the abdomen"),
    ShownView.PELVIS: msg("a film of the pelvis"),
    ShownView.SLICE: msg("a coronal CT slice"),
    ShownView.PART: msg("one side of a chest"),
    ShownView.TURNED: msg("a turned film"),
    ShownView.INVERTED: msg("a film with black and white exchanged"),
}


GUESS = 0.8
"""Least probability of a view to be named as a guess."""


def _guess(view: ViewEvidence) -> Message | None:
    """Return what a film that is not recognised may be, if that is likely."""
    exported_wrong = view.seems in (ShownView.TURNED, ShownView.INVERTED, ShownView.PART)
    likely = view.likeness.get(view.seems, 0.0) >= GUESS and not exported_wrong
    return _SEEMS[view.seems] if likely else None


def _check_view(view: ViewEvidence) -> list[Finding]:
    """Refuse what is no frontal view, and say what it seems to be."""
    if not view.frontal >= view.least_frontal:  # a probability that is no number is refused too
        message = msg(
            "This seems to be {view}, not a frontal chest film: its likeness to frontal films "
            "is {frontal:.0%}, the limit is {least_frontal:.0%}. Upload the frontal film.",
            view=_SEEMS.get(view.seems, msg("another film")),
            frontal=view.frontal,
            least_frontal=view.least_frontal,
        )
        return [Finding("view", Severity.REFUSE, view.frontal, view.least_frontal, message)]
    if not view.second_lung >= SECOND_LUNG:
        message = msg(
            "This seems to be a lateral chest film, or one lung is not seen: the second lung "
            "field has {second_lung:.0%} of the first one's size, the limit is "
            "{limit:.0%}. Upload the frontal film.",
            second_lung=view.second_lung,
            limit=SECOND_LUNG,
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
        guess = _guess(evidence.view)
        fields = {"distance": evidence.distance, "limit": farthest}
        if guess is None:
            message = msg(
                "Not recognised as a frontal chest film: it differs too much from the films that "
                "the model learned from (distance {distance:.2f}, limit {limit:.2f}). Check that "
                "the right file was chosen, upright and uncropped.",
                **fields,
            )
        else:
            message = msg(
                "Not recognised as a frontal chest film: it differs too much from the films that "
                "the model learned from (distance {distance:.2f}, limit {limit:.2f}). Check that "
                "the right file was chosen, upright and uncropped. It may be {view}.",
                **fields,
                view=guess,
            )
        return [Finding("not_chest", Severity.REFUSE, evidence.distance, farthest, message)]
    if turned_or_other:
        return turned_or_other
    if not low <= evidence.lung_fraction <= high:
        limit = low if evidence.lung_fraction < low else high
        message = msg(
            "Lungs fill {lung_fraction:.0%} of the picture; on frontal chest films they fill "
            "{low:.0%} to {high:.0%}. Check that it is one whole chest film.",
            lung_fraction=evidence.lung_fraction,
            low=low,
            high=high,
        )
        return [Finding("lung_area", Severity.REFUSE, evidence.lung_fraction, limit, message)]
    if evidence.distance > limits.distance:
        message = msg(
            "The film is unlike the films of the training hospital: its distance from them is "
            "{distance:.2f}, theirs is at most {limit:.2f}. Rely on your own read.",
            distance=evidence.distance,
            limit=limits.distance,
        )
        return [Finding("unlike", Severity.FLAG, evidence.distance, limits.distance, message)]
    return []


def _check_gaps(evidence: GateEvidence) -> list[Finding]:
    """Refuse a film with a missing part, and flag one with a box over the chest."""
    findings, gaps = [], evidence.gaps
    if gaps.rows:
        message = msg(
            "A band without any detail lies across the film, over {share:.0%} of its height: part "
            "of the film is missing. Export it again.",
            share=gaps.rows,
        )
        findings.append(Finding("incomplete", Severity.REFUSE, gaps.rows, MISSING_SHARE, message))
    elif gaps.columns:
        message = msg(
            "A band without any detail lies across the film, over {share:.0%} of its width: part "
            "of the film is missing. Export it again.",
            share=gaps.columns,
        )
        findings.append(
            Finding("incomplete", Severity.REFUSE, gaps.columns, MISSING_SHARE, message)
        )
    if gaps.boxed and not findings:
        message = msg(
            "An even rectangle covers {boxed:.1%} of the film, over the chest: neither you nor "
            "the model sees what lies under it. Ask for the film without it.",
            boxed=gaps.boxed,
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
