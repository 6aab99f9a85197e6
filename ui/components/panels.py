"""Parts of a page that draw one domain object each; they take no decisions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from core.domain.findings import findings_text
from core.domain.model import Prediction, RunRecord, ServedRun
from core.domain.quality import ADULT, POPULATION, PROJECTION, QualityReport, Severity
from core.domain.rate import probability_text
from core.domain.review import ReadKind, ReviewRecord, verdict_words
from core.evaluation.film_number import FilmNumber, holds_text
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.evaluation.model_words import (
    decided_in_words,
    measured_in_words,
    probability_in_words,
)
from core.language.numbers import time_text
from core.language.words import msg, tr
from ui.components.plain_text import plain

_DONE = {
    ReadKind.FIRST: msg("First read, locked:"),
    ReadKind.READ: msg("Signed"),
    ReadKind.ARBITRATION: msg("Arbitration:"),
}

SYNTHETIC = "synthetic"
"""The gate's code for a film that was drawn."""

BESIDE_SCORE = frozenset({POPULATION, ADULT, PROJECTION})
"""Codes of findings that are shown beside the score."""

_MARK = {
    Severity.REFUSE: (":material/block:", msg("refused")),
    Severity.FLAG: (":material/warning:", msg("caution")),
    Severity.NOTE: (":material/info:", msg("note")),
}

_COLOURS = {Severity.REFUSE: "red", Severity.FLAG: "orange", Severity.NOTE: "gray"}

_SCALE = """
<div class="fr-scale" role="img" aria-label="{label}">
  <div class="fr-track"></div>
  {band}
  <div class="fr-point" style="left:{point:.2f}%"></div>
  <div class="fr-dot" style="left:{dot:.2f}%"></div>
  <div class="fr-end" style="left:0">{what} 0</div>
  <div class="fr-point-name" style="left:{name:.2f}%">{threshold}</div>
  <div class="fr-end" style="right:0">1</div>
  {legend}
</div>
"""


_BAND = '<div class="fr-band" title="{title}" style="left:{left:.2f}%;width:{width:.2f}%"></div>'

_LEGEND = '<div class="fr-legend"><i class="fr-hatched"></i>{words}</div>'

_HEADINGS = {
    "suspicious": msg("Suspicious for pneumonia"),
    "not suspicious": msg("Not suspicious for pneumonia"),
    "unsure": msg("Unsure: read with care"),
}


_SIDES = {
    "suspicious": ("orange", "arrow_upward"),
    "not suspicious": ("blue", "arrow_downward"),
    "unsure": ("gray", "unfold_more"),
}
"""Colours of for and against, each with an arrow: above the threshold, below it, or near it."""


_LITTLE = {
    "suspicious": msg(
        "Above the threshold, which is set to miss few; this score alone says little."
    ),
    "not suspicious": msg("Below the threshold; this score alone says little."),
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
    said = f" &nbsp;{tr('probability {number}', number=shown)}" if number is None else ""
    colour, icon = _SIDES[prediction.side]
    st.markdown(f":{colour}-badge[:material/{icon}: **{tr(_HEADINGS[prediction.side])}**]{said}")
    what = tr("probability") if number is None else tr("score")
    threshold, edges = prediction.operating_point.threshold, _band_edges(prediction)
    told = {"what": what, "number": shown, "threshold": threshold}
    words, band, legend = tr("{what} {number}, threshold {threshold:.2f}", **told), "", ""
    if edges is not None:
        low, high = edges
        words = tr(
            "{what} {number}, threshold {threshold:.2f}, unsure from {low:.2f} to {high:.2f}",
            **told,
            low=low,
            high=high,
        )
        title, wide = escape(tr("unsure: no verdict in this range")), high - low
        band = _BAND.format(title=title, left=low * 100.0, width=wide * 100.0)
        legend = _LEGEND.format(words=escape(tr("unsure: no verdict here")))
    st.html(
        _SCALE.format(
            label=escape(words),
            what=escape(what),
            threshold=escape(tr("threshold")),
            band=band,
            legend=legend,
            point=threshold * 100.0,
            name=min(72.0, max(50.0, threshold * 100.0)),
            dot=prediction.probability * 100.0,
        )
    )
    if number is not None:
        said = f"<b>{tr(number.headline)}.</b> {tr(number.sentence)}"
        if number.says_little and prediction.side in _LITTLE:
            said += f" {tr(_LITTLE[prediction.side])}"
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
        differ = tr(
            "The members of the ensemble differ by at most {most:.2f}.",
            most=prediction.disagreement,
        )
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
        st.markdown(f":gray-badge[:material/check: {tr('Quality check passed')}]")
    for finding in findings:
        st.markdown(f"{_chip(finding.severity)} {plain(finding.message)}")


def _chip(severity: Severity) -> str:
    """Return a mark with its word, as Markdown; the colour adds nothing to them."""
    icon, word = _MARK[severity]
    return f":{_COLOURS[severity]}-badge[{icon} **{tr(word).capitalize()}**]"


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
    words = tr(
        "{done} <b>{verdict}</b>{confidence}, by {reader}, {time} UTC",
        done=tr(_DONE[record.kind]),
        verdict=verdict_words(read.verdict),
        confidence=read.confidence_text,
        reader=escape(record.reader),
        time=time_text(read.read_at),
    )
    words = _with_its_read(words, record, history, own=own)
    if superseded:
        words = f"<s>{words}</s> {tr('Corrected later.')}"
    seen = tr(findings_text(read.findings))
    findings = f" {escape(seen.capitalize())}." if seen else ""
    drawn = f" {tr('Marked on the film: {n}.', n=len(record.drawn))}" if record.drawn else ""
    comment = f"<br>“{escape(read.comment)}”" if read.comment else ""
    st.html(f'<p class="fr-record">{words}{findings}{drawn}{comment}</p>')


def _with_its_read(
    said: str, record: ReviewRecord, history: Sequence[ReviewRecord], *, own: bool
) -> str:
    """Add that a signed read follows its blind one, or which read it corrects."""
    before = next((one for one in history if one.record_id == record.supersedes), None)
    if before is None or record.kind is not ReadKind.READ:
        return f"{said}."
    if before.kind is not ReadKind.FIRST:
        verdict = verdict_words(before.read.verdict)
        return tr("{read}. It corrects an earlier read: {verdict}.", read=said, verdict=verdict)
    if own:
        return tr("{read}, after your own blind read.", read=said)
    return tr("{read}, after a blind read of theirs.", read=said)


def draw_standing_line(served: ServedRun, reader: str) -> None:
    """Draw the quiet, permanent line of every page."""
    name = escape(reader.strip())
    use = tr(
        "Not for diagnosis: an initial reviewer and a learning tool; a doctor signs every read."
    )
    model = tr(
        "Active model: {run}, since {time} UTC.",
        run=escape(served.run_id),
        time=time_text(served.since),
    )
    note = escape(tr(served.note))
    reading = tr("Reading: {reader}.", reader=name) if name else tr("No reader named.")
    st.html(f'<p class="fr-line">{use} {model} {note} {reading}</p>')
