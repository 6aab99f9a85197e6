"""What the Review page says of a film: its worklist row, the model's read, a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from core.domain.mark import Mark
from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.explain.lime import top_regions
from core.jobs.batch import FilmOutcome, FilmState, UploadedFilm
from core.pipeline import FilmReading
from core.settings import get_settings
from ui.app.progress import follow
from ui.app.resources import ExplanationTask, get_engine, get_store, request_explanation
from ui.app.session import Visit
from ui.components.panels import (
    SYNTHETIC,
    draw_measured,
    draw_origin,
    draw_quality,
    draw_regions,
    draw_scale,
)
from ui.components.worklist.worklist import WorklistRow
from ui.review.marks import draw_drawn, drawn_at_first, note_drawn
from ui.review.reading_order import draw_read_first, due_kind, offer_regions, shows_regions
from ui.review.sign_form import draw_verdict
from ui.review.uploads import read_waiting

SHOWN_REGIONS = 5
READ_HEIGHT = 450  # findings scroll, so that the verdict stays in view
FIRST_READ_HEIGHT = 60  # of the line that says what was locked
MARKED_HEIGHT = 22  # of the line that says how much was marked


def build_row(
    film: UploadedFilm, outcome: FilmOutcome, signed: Mapping[str, ReviewRecord], reader: str
) -> WorklistRow:
    """Return a film's line in the worklist; where the site reads first, with the band alone."""
    reading = outcome.reading
    if reading is None:
        waiting = outcome.state in (FilmState.WAITING, FilmState.STOPPED)
        return WorklistRow(
            key=film.key,
            name=film.name,
            thumbnail_png=None,
            band="none",
            probability=None,
            quality="waiting" if waiting else "refused",
            quality_note=outcome.sentence,
            status=str(outcome.state) if waiting else "cannot be opened",
        )
    prediction = reading.prediction
    unsigned = "to read" if prediction is not None else "refused"
    return WorklistRow(
        key=film.key,
        name=film.name,
        thumbnail_png=reading.thumbnail,
        band="none" if prediction is None else prediction.band,
        probability=None
        if prediction is None or get_settings().read_first
        else prediction.probability,
        quality=_quality_word(reading),
        quality_note=next((f.message for f in reading.quality.findings), ""),
        status=_status(signed.get(film.key), reader) or unsigned,
        synthetic=any(finding.code == SYNTHETIC for finding in reading.quality.findings),
    )


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


def _quality_word(reading: FilmReading) -> str:
    if reading.quality.refused:
        return "refused"
    return "caution" if reading.quality.flagged else "good"


def explanation_of(visit: Visit, film: UploadedFilm) -> ExplanationTask | None:
    """Return the film's explanation on its way or done; None if there is nothing to explain."""
    reading = visit.outcome(film.key).reading
    if reading is None or reading.prediction is None:
        return None
    task = request_explanation(film)
    if visit.explaining not in (None, task):
        visit.explaining.stop.set()  # the reader has gone on
    visit.explaining = task
    return task


def draw_model_read(
    visit: Visit,
    key: str,
    reading: FilmReading,
    task: ExplanationTask | None,
    marks: Sequence[Mark],
) -> None:
    """Draw the probability, the regions it depends on, the findings, and what was measured."""
    draw_origin(reading.quality)
    if reading.prediction is not None:
        draw_scale(reading.prediction)
    if task is not None and task.sentence:
        st.caption(f"No regions: {task.sentence}")
    elif task is not None and task.explanation is not None:
        boxed = task.explanation.geometry.box is not None
        draw_regions(top_regions(task.explanation, SHOWN_REGIONS), boxed=boxed)
    elif reading.prediction is not None:
        offer_regions(visit, key)
    draw_drawn(marks, None if task is None else task.explanation)
    draw_quality(reading.quality)
    if reading.prediction is not None:
        draw_measured(reading.prediction, get_engine().classifier.run_record)


def suspicion_of(row: WorklistRow) -> tuple[int, float]:
    """Return what orders films by suspicion: the band first, for it may be all that is known."""
    return ("none", "below", "unsure", "above").index(row.band), row.probability or -1.0


def draw_blind(visit: Visit, key: str, reading: FilmReading) -> None:
    """Draw what is known of a film without the model, and what its reader has marked."""
    draw_origin(reading.quality)
    draw_read_first(visit)
    note_drawn(visit, key)
    draw_quality(reading.quality)


def draw_refusal(visit: Visit, film: UploadedFilm, reading: FilmReading) -> None:
    """Say why there is no probability, and offer the way out where there is one."""
    st.markdown("**Not read by the model**")
    if any(finding.code == "polarity" for finding in reading.quality.findings):
        draw_invert(visit, film, "Invert and read again")


def draw_invert(visit: Visit, film: UploadedFilm, label: str) -> None:
    """Offer to exchange black and white of a film, and to read it again."""
    if st.button(label, icon=":material/invert_colors:"):
        visit.films[film.key] = replace(film, inverted=not film.inverted)
        del visit.outcomes[film.key]
        read_waiting(visit)
        st.rerun()


def draw_read(visit: Visit, key: str) -> None:
    """Draw the model's side and the doctor's side of one film."""
    film, reading = visit.films[key], visit.outcome(key).reading
    task = explanation_of(visit, film)
    shown = task if task and shows_regions(visit, key, reading) else None
    follow(visit, shown)
    if reading is None:
        return
    blind = due_kind(visit, key, reading) is ReadKind.FIRST
    marks = drawn_at_first(visit, get_store().history(key))
    height = READ_HEIGHT - (FIRST_READ_HEIGHT if get_settings().read_first else 0)
    height -= MARKED_HEIGHT if marks else 0
    long = reading.quality.findings or marks
    with st.container(height=height if long else "content", border=False):
        if reading.quality.refused:
            draw_refusal(visit, film, reading)
        if film.inverted:
            draw_invert(visit, film, "Undo the inversion")
        if blind:
            draw_blind(visit, key, reading)
        else:
            draw_model_read(visit, key, reading, shown, marks)
    draw_verdict(visit, film, reading, None if shown is None else shown.explanation)
