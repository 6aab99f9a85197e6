"""The Worklist page's account of a film: worklist row, model's read, refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import streamlit as st

from core.domain.quality import Severity
from core.domain.reader import Act, reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.errors import ReviewStoreError
from core.jobs.batch import FilmOutcome, FilmState, UploadedFilm
from core.jobs.explanations import ExplanationTask
from core.pipeline import FilmReading
from core.settings import get_settings
from ui.app.progress import follow
from ui.app.read_in_progress import ReadContext, keep_regions_asked
from ui.app.region_panel import draw_region_panel
from ui.app.resources import get_engine, request_explanation, usual_settings
from ui.app.session import Visit
from ui.app.ward import words_for
from ui.components.panels import (
    SYNTHETIC,
    draw_origin,
    draw_population,
    draw_quality,
)
from ui.components.plain_text import plain
from ui.components.worklist.worklist import WorklistRow
from ui.regions.address import VISIT, address_of
from ui.review.dispute_link import draw_dispute_link
from ui.review.marks import draw_drawn, note_drawn
from ui.review.priors import Priors, draw_account
from ui.review.reliance import draw_reliance
from ui.review.sign_form import draw_verdict
from ui.review.turn import draw_turn, draw_turn_back, may_change, read_changed
from ui.review.ward import draw_measured_here, draw_score

READ_HEIGHT = 384  # findings scroll, so that the verdict stays in view
FIRST_READ_HEIGHT = 60  # of the line that says what was locked
MARKED_HEIGHT = 22  # of the line that says how much was marked
REPORT_HEIGHT = 56  # of what offers the report of a signed read
SEEN_HEIGHT = 58  # of the lines that say which findings were locked


def build_row(
    film: UploadedFilm,
    outcome: FilmOutcome,
    signed: Mapping[str, ReviewRecord],
    reader: str,
    read: Collection[str] = (),
    scores_asked: Collection[tuple[str, str]] = (),
    shared: str = "",
) -> WorklistRow:
    """Return a film's line in the worklist, with no more of the model than its reader may know.

    Where the site reads first, that is the side alone, and nothing before the reader's own first
    read unless the site sorts the worklist by suspicion. An adult's film has no score unless its
    reader asked for it.

    Parameters
    ----------
    read : collection of str
        The films that this reader has read, from `SqlReviewStore.films_read_by`.
    scores_asked : collection of (str, str)
        Adults' films with the reader who asked for the score.
    shared : str
        What the shared worklist says of the film, if that comes before its reads.
    """
    reading = outcome.reading
    if reading is None:
        waiting = outcome.state in (FilmState.WAITING, FilmState.STOPPED)
        return WorklistRow(
            key=film.key,
            name=film.name,
            thumbnail_png=None,
            side="none",
            probability=None,
            quality="waiting" if waiting else "refused",
            note=outcome.sentence,
            status=str(outcome.state) if waiting else "cannot be opened",
        )
    prediction = reading.prediction
    unsigned = "to read" if prediction is not None else "refused"
    asked = (film.key, reader_key(reader)) in scores_asked
    if reading.quality.score_on_request and not asked:
        prediction = None
    quality = "caution" if reading.quality.flagged else "good"
    if reading.quality.refused:
        quality = "refused"
    return WorklistRow(
        key=film.key,
        name=film.name,
        thumbnail_png=reading.thumbnail or None,
        side="none"
        if prediction is None
        else prediction.side
        if get_settings().shows_order or film.key in read
        else "hidden",
        probability=None
        if prediction is None or get_settings().read_first
        else prediction.probability,
        quality=quality,
        note=next(
            (f.message for f in reading.quality.findings if f.severity is not Severity.NOTE), ""
        ),
        status=_joined(_status(signed.get(film.key), reader), shared) or unsigned,
        synthetic=any(finding.code == SYNTHETIC for finding in reading.quality.findings),
    )


def _joined(own: str, shared: str) -> str:
    """Return a status of one's own with what the shared list adds, or else what that says."""
    return f"{own}, {shared}" if own.startswith("signed: ") and shared else shared or own


def _status(record: ReviewRecord | None, reader: str) -> str:
    """Return what has been read of a film; empty if nothing that this reader may know."""
    if record is None:
        return ""
    own = reader_key(record.reader) == reader_key(reader)
    if record.kind is ReadKind.FIRST:
        return "first read locked" if own else ""
    if get_settings().read_first and not own:
        return "signed by another"
    return f"signed: {record.read.verdict}"


def draw_model_read(read: ReadContext, reading: FilmReading, task: ExplanationTask | None) -> None:
    """Draw the score, the regions it depends on, the findings, and what was measured."""
    draw_origin(reading.quality)
    if reading.prediction is not None and read.hides_score:
        draw_score_request(read, reading)
        return
    if reading.prediction is not None:
        draw_score(read, reading.prediction)
    draw_population(reading.quality, scored=reading.prediction is not None)
    if task is not None:
        draw_region_panel(
            read.visit,
            read.film.key,
            task,
            get_engine(),
            address_of(VISIT, read.film.key, way=read.visit.way),
            of_others=read.of_others,
            said=words_for(read),
        )
    elif reading.prediction is not None:
        offer_regions(read)
    draw_reliance(read, reading)
    draw_drawn(read.drawn_at_first, None if task is None else task.result)
    draw_quality(reading.quality)
    if reading.prediction is not None:
        draw_measured_here(read, reading.prediction)


def draw_score_request(read: ReadContext, reading: FilmReading) -> None:
    """Say why an adult's film has no score yet, and offer it."""
    draw_population(reading.quality)
    if st.button("Show the score all the same", icon=":material/visibility:"):
        read.visit.scores_asked.add((read.film.key, read.token.reader))
        st.rerun()
    draw_drawn(read.drawn_at_first, None)
    draw_quality(reading.quality)


def suspicion_of(row: WorklistRow) -> tuple[int, float]:
    """Return what orders films by suspicion: the side first, for it may be all that is known."""
    sides = ("hidden", "none", "not suspicious", "unsure", "suspicious")
    return sides.index(row.side), row.probability or -1.0


def draw_invert(read: ReadContext, label: str) -> None:
    """Offer to exchange black and white of a film, and to read it again."""
    if may_change(read) and st.button(label, icon=":material/invert_colors:"):
        read_changed(read, replace(read.film, inverted=not read.film.inverted))


def draw_read(read: ReadContext, priors: Priors) -> ExplanationTask | None:
    """Draw the model's and the doctor's side of a film; return the explanation, if it is shown."""
    draw_dispute_link(read)
    reading, task = read.reading, None
    if reading is not None and reading.prediction is not None:
        task = request_explanation(
            read.film, settings=usual_settings(read.visit.way), asked=read.shows_regions
        )
    read.visit.wait_for(task)
    shown = task if task and read.shows_regions else None
    follow(read.visit, shown)
    if reading is None:
        return None
    marks = read.drawn_at_first
    height = READ_HEIGHT - (FIRST_READ_HEIGHT if get_settings().read_first else 0)
    height -= MARKED_HEIGHT if marks else 0
    height -= REPORT_HEIGHT if read.own and read.own[-1].kind is ReadKind.READ else 0
    height -= SEEN_HEIGHT if any(one.read.findings for one in read.own) else 0
    long = reading.quality.findings or marks or priors.beside
    with st.container(height=height if long else "content", border=False):
        draw_account(read, priors)
        if reading.quality.refused:
            st.markdown("**Not read by the model**")
            if any(finding.code == "polarity" for finding in reading.quality.findings):
                draw_invert(read, "Invert and read again")
            draw_turn(read, reading)
        if read.film.inverted:
            draw_invert(read, "Undo the inversion")
        if read.kind is ReadKind.FIRST:
            draw_origin(reading.quality)
            draw_read_first(read.visit)
            note_drawn(len(read.drawn))
            draw_population(reading.quality, scored=False)
            draw_quality(reading.quality)
        else:
            draw_model_read(read, reading, shown)
        draw_turn_back(read)
    draw_verdict(read, reading, None if shown is None else shown.result)
    return shown


# --- reading order: nothing of the model is shown before the reader's own first read ---


def offer_regions(read: ReadContext) -> None:
    """Draw what shows the model's regions; that they were shown is kept with the signed read."""
    if not get_settings().read_first or read.regions_asked:
        return
    if st.button("Show the model's regions", icon=":material/filter_center_focus:"):
        try:
            keep_regions_asked(read)
        except ReviewStoreError as exc:
            st.warning(f"Not shown: {plain(str(exc))}", icon=":material/save:")
        else:
            st.rerun()


def purpose_text() -> tuple[str, str]:
    """Return what the page is for, in a few words and in sentences."""
    if get_settings().shows_order:
        heading = "Put new films in order of suspicion"
        ranked = "read by the model and ranked by suspicion. "
    else:
        heading = "Read new films blind, then beside the model"
        ranked = "read by the model, and listed in the order of arrival. "
    films = "Upload frontal chest films of children. Each is checked for quality, "
    return heading, films + ranked + order_text()


def order_text() -> str:
    """Return in a sentence in which order a film is read here."""
    if get_settings().read_first:
        return (
            "You lock your own first read and may mark where you see a finding. Then you see the "
            "model's result and, on request, the regions it depends on. Then you sign your "
            "verdict."
        )
    return "You see its result and the regions it depends on, and sign your verdict."


def draw_read_first(visit: Visit) -> None:
    """Say why nothing of the model is shown yet, and to whom it never is.

    A role that may not lock a read sees nothing either: its bearer may have another one as well.
    """
    st.markdown("**Read first**")
    if not visit.acting.may(Act.SIGN_READ):
        st.caption(
            "On this site the model's result is shown after your own first read, and your role "
            "cannot lock one. On the page Teaching you read films and then see the model's read."
        )
        return
    st.caption(
        "You see the model's result for this film, and the reasons, after your own first read. "
        + (
            "The worklist is in the model's order: suspicious, unsure, not suspicious. Your read "
            "records that you know it."
            if get_settings().triage
            else "The worklist is in the order of arrival."
        )
    )
