"""Parts of a page that draw one domain object each; they take no decisions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.domain.findings import findings_text
from core.domain.model import Prediction, RunRecord, ServedRun
from core.domain.quality import ADULT, POPULATION, PROJECTION, QualityReport, Severity
from core.domain.rate import probability_text
from core.domain.review import ReadKind, ReviewRecord
from core.evaluation.film_number import FilmNumber, holds_text
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.evaluation.model_words import (
    decided_in_words,
    measured_in_words,
    probability_in_words,
)
from ui.components.plain_text import plain

_DONE = {
    ReadKind.FIRST: "First read, locked:",
    ReadKind.READ: "Signed",
    ReadKind.ARBITRATION: "Arbitration:",
}

SYNTHETIC = "synthetic"
"""The gate's code for a film that was drawn."""

BESIDE_SCORE = frozenset({POPULATION, ADULT, PROJECTION})
"""Codes of findings that are shown beside the score."""

_MARK = {
    Severity.REFUSE: (":material/block:", "refused"),
    Severity.FLAG: (":material/warning:", "caution"),
    Severity.NOTE: (":material/info:", "note"),
}

_COLOURS = {Severity.REFUSE: "red", Severity.FLAG: "orange", Severity.NOTE: "gray"}

_SCALE = """
<div class="fr-scale" role="img" aria-label="{label}">
  <div class="fr-track"></div>
  {band}
  <div class="fr-point" style="left:{point:.2f}%"></div>
  <div class="fr-dot" style="left:{dot:.2f}%"></div>
  <div class="fr-end" style="left:0">{what} 0</div>
  <div class="fr-point-name" style="left:{name:.2f}%">threshold</div>
  <div class="fr-end" style="right:0">1</div>
  {legend}
</div>
"""


_BAND = (
    '<div class="fr-band" title="unsure: no verdict in this range" '
    'style="left:{left:.2f}%;width:{width:.2f}%"></div>'
)

_LEGEND = '<div class="fr-legend"><i class="fr-hatched"></i>unsure: no verdict here</div>'

_HEADINGS = {
    "suspicious": "Suspicious for pneumonia",
    "not suspicious": "Not suspicious for pneumonia",
    "unsure": "Unsure: read with care",
}


_SIDES = {
    "suspicious": ("orange", "arrow_upward"),
    "not suspicious": ("blue", "arrow_downward"),
    "unsure": ("gray", "unfold_more"),
}
"""Colours of for and against, each with an arrow: above the threshold, below it, or near it."""


_LITTLE = {
    "suspicious": "Above the threshold, which is set to miss few; this score alone says little.",
    "not suspicious": "Below the threshold; this score alone says little.",
}
"""Of a score whose likelihood ratio may be 1: the side alone would promise more."""


def draw_scale(prediction: Prediction, number: FilmNumber | None = None) -> None:
    """Draw a film's score on a short scale with threshold and unsure band.

    Parameters
    ----------
    number : FilmNumber, optional
        What the score means in the ward, said below; without it the score is said as the
        probability of the set that the run was calibrated on.
    """
    shown = probability_text(prediction.probability)
    said = f" &nbsp;probability {shown}" if number is None else ""
    colour, icon = _SIDES[prediction.side]
    st.markdown(f":{colour}-badge[:material/{icon}: **{_HEADINGS[prediction.side]}**]{said}")
    what = "probability" if number is None else "score"
    threshold, edges = prediction.operating_point.threshold, _band_edges(prediction)
    words, band = f"{what} {shown}, threshold {threshold:.2f}", ""
    legend = "" if edges is None else _LEGEND
    if edges is not None:
        low, high = edges
        words += f", unsure from {low:.2f} to {high:.2f}"
        band = _BAND.format(left=low * 100.0, width=(high - low) * 100.0)
    st.html(
        _SCALE.format(
            label=escape(words),
            what=what,
            band=band,
            legend=legend,
            point=threshold * 100.0,
            name=min(72.0, max(50.0, threshold * 100.0)),
            dot=prediction.probability * 100.0,
        )
    )
    if number is not None:
        said = f"<b>{number.headline}.</b> {number.sentence}"
        if number.says_little and prediction.side in _LITTLE:
            said += f" {_LITTLE[prediction.side]}"
        st.html(f'<p class="fr-said">{said}</p>')


def draw_measured(prediction: Prediction, run: RunRecord, in_ward: str | None = None) -> None:
    """Say in words on which side the score lies, and how often that side was right.

    Parameters
    ----------
    in_ward : str, optional
        What is added of a film of the ward; without it, at which prevalence the probability holds.
    """
    what, note, share = "score", in_ward, assumed_prevalence(run)
    if note is None:
        what, note = "probability", "" if share is None else holds_text(share)
    unsure = prediction.side == "unsure"
    measured, differ = decided_in_words(run) if unsure else measured_in_words(run), ""
    if prediction.disagreement is not None:
        differ = f"The members of the ensemble differ by at most {prediction.disagreement:.2f}."
    st.caption(f"{probability_in_words(prediction, what)} {measured} {differ} {note}")


def _band_edges(prediction: Prediction) -> tuple[float, float] | None:
    """Return where no side is taken; None if a side always is."""
    band = prediction.abstention
    if band is None or band.low == band.high is not None:
        return None
    return (0.0 if band.low is None else band.low, 1.0 if band.high is None else band.high)


def draw_origin(quality: QualityReport) -> None:
    """Say first if a film is synthetic; later it might be below the fold."""
    for finding in quality.findings:
        if finding.code == SYNTHETIC:
            st.markdown(f":material/science: {plain(finding.message)}")


def draw_population(quality: QualityReport, *, scored: bool = True, blind: bool = False) -> None:
    """Say whom the film shows and how it was taken, as far as it is known.

    Where no score is shown, only how it was taken; before a blind read, what is a caution too.
    """
    codes = BESIDE_SCORE if scored and not blind else {PROJECTION}
    for finding in quality.findings:
        cautions = blind and finding.severity is Severity.FLAG and finding.code in BESIDE_SCORE
        if finding.code in codes or cautions:
            text = plain(finding.message)
            if finding.severity is Severity.NOTE:
                st.caption(f"{_MARK[finding.severity][0]} {text}")
            else:
                st.markdown(f"{_chip(finding.severity)} {text}")


def draw_quality(quality: QualityReport) -> None:
    """List what the gate found; each sentence holds the measured value and the limit."""
    elsewhere = {SYNTHETIC, *BESIDE_SCORE}
    findings = [finding for finding in quality.findings if finding.code not in elsewhere]
    if not findings:
        st.markdown(":gray-badge[:material/check: Quality check passed]")
    for finding in findings:
        st.markdown(f"{_chip(finding.severity)} {plain(finding.message)}")


def _chip(severity: Severity) -> str:
    """Return a mark with its word, as Markdown; the colour adds nothing to them."""
    icon, word = _MARK[severity]
    return f":{_COLOURS[severity]}-badge[{icon} **{word.capitalize()}**]"


def draw_record(
    record: ReviewRecord,
    history: Sequence[ReviewRecord] = (),
    *,
    own: bool = False,
    superseded: bool = False,
) -> None:
    """Say in one line who signed what and when, and which read it follows or corrects.

    Parameters
    ----------
    history : sequence of ReviewRecord
        Of the film.
    own : bool
        Whether it is the visitor's.
    """
    read = record.read
    words = (
        f"{_DONE[record.kind]} <b>{read.verdict}</b>{read.confidence_text}, "
        f"by {escape(record.reader)}, "
        f"{read.read_at:%Y-%m-%d %H:%M} UTC{_follows_text(record, history, own=own)}."
    )
    if superseded:
        words = f"<s>{words}</s> Corrected later."
    seen = findings_text(read.findings)
    findings = f" {escape(seen.capitalize())}." if seen else ""
    drawn = f" Marked on the film: {len(record.drawn)}." if record.drawn else ""
    comment = f"<br>“{escape(read.comment)}”" if read.comment else ""
    st.html(f'<p class="fr-record">{words}{findings}{drawn}{comment}</p>')


def _follows_text(record: ReviewRecord, history: Sequence[ReviewRecord], *, own: bool) -> str:
    """Return that a signed read follows its blind one, or which read it corrects."""
    before = next((one for one in history if one.record_id == record.supersedes), None)
    if before is None or record.kind is not ReadKind.READ:
        return ""
    if before.kind is ReadKind.FIRST:
        return ", after your own blind read" if own else ", after a blind read of theirs"
    return f". It corrects an earlier read: {before.read.verdict}"


def draw_standing_line(served: ServedRun, reader: str) -> None:
    """Draw the quiet, permanent line of every page."""
    reading = f"Reading: {escape(reader.strip())}." if reader.strip() else "No reader named."
    st.html(
        '<p class="fr-line">Not for diagnosis: an initial reviewer and a learning tool; a doctor '
        f"signs every read. Active model: {escape(served.run_id)}, since "
        f"{served.since:%Y-%m-%d %H:%M} UTC. {reading}</p>"
    )
