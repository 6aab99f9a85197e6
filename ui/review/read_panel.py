"""The Worklist page's account of a film: worklist row, model's read, refusal."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import streamlit as st

from core.domain.quality import Severity
from core.domain.reader import Act, reader_key
from core.domain.review import ReadKind, ReviewRecord, verdict_words
from core.errors import ReviewStoreError
from core.jobs.batch import FilmOutcome, FilmState, UploadedFilm
from core.jobs.explanations import ExplanationTask
from core.language.lists import joined
from core.language.words import msg, tr
from core.pipeline import FilmReading
from core.settings import get_settings
from ui.app.explanations import request_explanation, usual_settings
from ui.app.progress import follow
from ui.app.read_in_progress import ReadContext, keep_regions_asked
from ui.app.region_panel import draw_region_panel
from ui.app.resources import get_engine
from ui.app.session import Visit
from ui.app.ward import words_for
from ui.components.panels import (
    SYNTHETIC,
    draw_origin,
    draw_population,
    draw_quality,
)
from ui.components.plain_text import plain
from ui.components.worklist.worklist import DISMISSED, WorklistRow
from ui.regions.address import VISIT, address_of
from ui.review.dismissal import draw_dismissal, unreadable
from ui.review.dispute_link import draw_dispute_link
from ui.review.marks import draw_drawn, note_drawn
from ui.review.priors import Priors, draw_account
from ui.review.read_places import ReadPlaces
from ui.review.reliance import draw_reliance
from ui.review.sign_form import draw_records, draw_signed, draw_verdict
from ui.review.turn import draw_turn, draw_turn_back, may_change, read_changed
from ui.review.ward import draw_measured_here, draw_score

ASK, ASK_KEY, ASK_BUTTON = msg("Show the model's regions"), "o", "show-regions"
TO_READ = msg("yours to read")
"""Of a film that another reader has signed, and this one has not."""
SIGNED_BY_ANOTHER, NOT_READ = msg("signed by another"), msg("not read yet")
"""Of a film for whom may not sign it."""


_WAITING = {FilmState.WAITING: msg("waiting"), FilmState.STOPPED: msg("stopped")}


def build_row(
    film: UploadedFilm,
    outcome: FilmOutcome,
    signed: Mapping[str, ReviewRecord],
    reader: str,
    read: Collection[str] = (),
    scores_asked: Collection[tuple[str, str]] = (),
    shared: str = "",
    *,
    dismissed: bool = False,
    signs: bool = True,
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
    dismissed : bool
        Whether a reader has said that the picture is not to be read here.
    signs : bool
        Whether the visitor's role may sign a read of it.
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
            status=_WAITING[outcome.state]
            if waiting
            else DISMISSED
            if dismissed
            else msg("cannot be opened"),
            shipped=film.shipped,
        )
    dismissed = dismissed and reading.quality.refused
    prediction, record = reading.prediction, signed.get(film.key)
    status = "" if record is None else _status(record, reader, has_read=film.key in read)
    if not signs and status == TO_READ:
        status = SIGNED_BY_ANOTHER
    unsigned = msg("refused")
    if prediction is not None:
        unsigned = msg("to read") if signs else NOT_READ
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
        status=DISMISSED if dismissed else _joined(status, shared) or unsigned,
        waits=not dismissed and not status.startswith("signed"),
        synthetic=any(finding.code == SYNTHETIC for finding in reading.quality.findings),
        shipped=film.shipped,
    )


def _joined(own: str, shared: str) -> str:
    """Return a status of one's own with what the shared list adds, or else what that says."""
    return joined([own, shared]) if own.startswith("signed: ") and shared else shared or own


def _status(record: ReviewRecord, reader: str, *, has_read: bool) -> str:
    """Return what has been read of a film; empty if nothing that this reader may know."""
    own = reader_key(record.reader) == reader_key(reader)
    if record.kind is ReadKind.FIRST:
        return msg("first read locked") if own else ""
    if own:
        return msg("signed: {verdict}", verdict=verdict_words(record.read.verdict))
    arbitrated = record.kind is ReadKind.ARBITRATION and has_read
    return msg("signed, arbitrated") if arbitrated else TO_READ


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
    if st.button(tr("Show the score all the same"), icon=":material/visibility:"):
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


def draw_read(read: ReadContext, priors: Priors, places: ReadPlaces) -> ExplanationTask | None:
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
        outcome = read.visit.outcome(read.film.key)
        if outcome.state is FilmState.FAILED:
            with places.bar:
                draw_dismissal(read, unreadable(outcome.sentence))
        return None
    with st.container():
        draw_account(read, priors)
        if reading.quality.refused:
            st.markdown(tr("**Not read by the model**"))
            if any(finding.code == "polarity" for finding in reading.quality.findings):
                draw_invert(read, tr("Invert and read again"))
            draw_turn(read, reading)
        if read.film.inverted:
            draw_invert(read, tr("Undo the inversion"))
        if read.kind is ReadKind.FIRST:
            draw_origin(reading.quality)
            draw_read_first(read.visit)
            if read.visit.acting.may(Act.SIGN_READ):
                note_drawn(len(read.drawn))
            draw_population(reading.quality, blind=True)
            draw_quality(reading.quality)
        else:
            if not reading.quality.refused:
                draw_records(read, own=True)
            draw_model_read(read, reading, shown)
        draw_turn_back(read)
    if reading.quality.refused:
        draw_signed(read)  # by an earlier version, or before another quality check
        with places.bar:
            draw_dismissal(read, reading.quality)
    else:
        draw_verdict(read, reading, None if shown is None else shown.result, places)
    return shown


# --- reading order: nothing of the model is shown before the reader's own first read ---


def offers_regions(read: ReadContext) -> bool:
    """Return whether the reader may ask for the model's regions now."""
    if read.reading is None or read.reading.prediction is None or read.hides_score:
        return False
    asks = get_settings().read_first and not read.regions_asked
    return asks and read.kind is not ReadKind.FIRST


def offer_regions(read: ReadContext) -> None:
    """Draw what shows the model's regions; that they were shown is kept with the signed read."""
    if not offers_regions(read):
        return
    if st.button(tr(ASK), icon=":material/filter_center_focus:", shortcut=ASK_KEY, key=ASK_BUTTON):
        try:
            keep_regions_asked(read)
        except ReviewStoreError as exc:
            st.warning(tr("Not shown: {reason}", reason=plain(str(exc))), icon=":material/save:")
        else:
            st.rerun()


def purpose_text() -> tuple[str, str]:
    """Return what the page is for, in a few words and in sentences."""
    if get_settings().shows_order:
        heading = tr("Triage new chest films")
        films = tr(
            "Upload frontal chest films of children. Each is checked for quality, read by the "
            "model and ranked by suspicion."
        )
    else:
        heading = tr("Read new chest films blind, then beside the model")
        films = tr(
            "Upload frontal chest films of children. Each is checked for quality, read by the "
            "model, and listed in the order of arrival."
        )
    return heading, f"{films} {order_text()}"


def order_text() -> str:
    """Return in a sentence in which order a film is read here."""
    if get_settings().read_first:
        return tr(
            "You lock your own first read and may mark where you see a finding. Then you see "
            "the model's result and, on request, the regions it depends on. Then you sign your "
            "verdict."
        )
    return tr("You see its result and the regions it depends on, and sign your verdict.")


def draw_read_first(visit: Visit) -> None:
    """Say why nothing of the model is shown yet, and to whom it never is.

    A role that may not lock a read sees nothing either: its bearer may have another one as well.
    """
    st.markdown(tr("**Your blind read**"))
    if not visit.acting.may(Act.SIGN_READ):
        st.caption(
            tr(
                "On this site the model's result is shown after your own first read, and your role "
                "cannot lock one. On the page Teaching you read films and then see the model's "
                "read."
            )
        )
        return
    result = tr("The model's result appears after you lock your read.")
    if get_settings().triage:
        order = tr(
            "The worklist is in the model's order: suspicious, unsure, not suspicious. Your read "
            "records that you know it."
        )
    else:
        order = tr("The worklist is in the order of arrival.")
    st.caption(f"{result} {order}")
