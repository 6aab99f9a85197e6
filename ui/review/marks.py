"""Where a reader marks a film at the first read, and how the model's regions compare."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.mark import MAX_MARKS, Mark
from core.domain.reader import Act
from core.domain.regions import Explanation
from core.domain.review import ReadKind
from core.explain.reader_overlap import DrawnOverlap, keep_overlap, weigh_drawn
from core.explain.region_words import region_name, scale_of
from core.language.words import tr, trn
from core.reads.signing import summarise_regions
from ui.app.read_in_progress import ReadContext
from ui.components.viewer.viewer import Marking, read_marks_event

VIEWER = "viewer"


def marking_of(read: ReadContext) -> Marking | None:
    """Return the marks on a film: to be set before the first read, as they were locked after it."""
    token, drawn = read.form_key, read.visit.drawn
    if read.kind is ReadKind.FIRST:
        events_read = read_marks_event(VIEWER, token)
        if events_read is not None:
            drawn[token] = events_read
        marks_now = read.visit.acting.may(Act.SIGN_READ)  # a mark is locked with a read
        return Marking(token, drawn.get(token, ()), edit=marks_now, most=MAX_MARKS)
    marks = read.drawn_at_first
    return Marking(token, tuple(mark.edges for mark in marks), edit=False) if marks else None


def regions_shown(read: ReadContext, explanation: Explanation | None) -> dict[str, object]:
    """Return what is kept of the regions that were shown, and of the marks beside them."""
    if read.kind is ReadKind.READ and read.hides_score:
        return {"score": "not shown"}
    if explanation is None:
        return {"asked": True} if read.regions_asked else {}
    marks = read.drawn_at_first
    kept = keep_overlap(_overlap(explanation, marks)) if marks else {}
    return summarise_regions(explanation) | kept


def note_drawn(n: int) -> None:
    """Say how a region is drawn, or how many there are."""
    if n:
        marks = trn(
            "{n} mark in your draft. x removes the last mark.",
            "{n} marks in your draft. x removes the last mark.",
            n,
        )
        st.caption(f":material/my_location: {marks}")
        return
    st.caption(
        tr(
            "Optional: mark the finding on the film. Press m, then drag a box or click; or use b, "
            "arrows, b. x removes the last mark."
        )
    )


def draw_drawn(marks: Sequence[Mark], explanation: Explanation | None) -> None:
    """Say how the model's regions overlap the marks of the first read, if there are any."""
    if not marks:
        return
    if explanation is None:
        marked = tr("{n} marked at your first read.", n=len(marks))
        st.caption(f":material/my_location: {marked}")
        return
    overlap = _overlap(explanation, marks)
    st.caption(f":material/my_location: {overlap_text(overlap, explanation)}")


def _overlap(explanation: Explanation, marks: Sequence[Mark]) -> DrawnOverlap:
    return weigh_drawn(explanation, marks, scale_of(explanation).least)


def overlap_text(overlap: DrawnOverlap, explanation: Explanation) -> str:
    """Return in words how far the reader's marks and the model's regions agree."""
    points = [_point_text(label, explanation) for label in overlap.points]
    return " ".join([_boxes_text(overlap), *points] if overlap.boxes else points)


def _boxes_text(overlap: DrawnOverlap) -> str:
    if overlap.share is None:
        return trn(
            "Your box cannot be compared: no region shown counts for pneumonia.",
            "Your {n} boxes cannot be compared: no region shown counts for pneumonia.",
            overlap.boxes,
        )
    return trn(
        "Your box contains {share:.0f} % of the model's evidence for pneumonia, on {area:.0f} % of "
        "the area that it sees.",
        "Your {n} boxes contain {share:.0f} % of the model's evidence for pneumonia, on "
        "{area:.0f} % of the area that it sees.",
        overlap.boxes,
        share=overlap.share * 100,
        area=overlap.area * 100,
    )


def _point_text(label: int | None, explanation: Explanation) -> str:
    if label is None:
        return tr("Your point lies outside the area that the model sees.")
    weight, region = float(explanation.weights[label]), region_name(label)
    if abs(weight) < scale_of(explanation).least:
        return tr("Your point lies in {region}, which barely changes the score.", region=region)
    if weight > 0:
        return tr(
            "Your point lies in {region}, which counts for pneumonia ({weight:+.2f}).",
            region=region,
            weight=weight,
        )
    return tr(
        "Your point lies in {region}, which counts against pneumonia ({weight:+.2f}).",
        region=region,
        weight=weight,
    )
