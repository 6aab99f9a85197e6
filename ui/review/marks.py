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
        marks = "1 mark" if n == 1 else f"{n} marks"
        st.caption(f":material/my_location: {marks} in your draft. x removes the last mark.")
        return
    st.caption(
        "Optional: mark the finding on the film. Press m, then drag a box or click; or use b, "
        "arrows, b. x removes the last mark."
    )


def draw_drawn(marks: Sequence[Mark], explanation: Explanation | None) -> None:
    """Say how the model's regions overlap the marks of the first read, if there are any."""
    if not marks:
        return
    if explanation is None:
        st.caption(f":material/my_location: {len(marks)} marked at your first read.")
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
    one = overlap.boxes == 1
    drew = f"Your {'box' if one else f'{overlap.boxes} boxes'}"
    if overlap.share is None:
        return f"{drew} cannot be compared: no region shown counts for pneumonia."
    return (
        f"{drew} {'contains' if one else 'contain'} {overlap.share * 100:.0f} % of the model's "
        f"evidence for pneumonia, on {overlap.area * 100:.0f} % of the area that it sees."
    )


def _point_text(label: int | None, explanation: Explanation) -> str:
    if label is None:
        return "Your point lies outside the area that the model sees."
    weight, lies = float(explanation.weights[label]), f"Your point lies in {region_name(label)}"
    if abs(weight) < scale_of(explanation).least:
        return f"{lies}, which barely changes the score."
    return f"{lies}, which counts {'for' if weight > 0 else 'against'} pneumonia ({weight:+.2f})."
