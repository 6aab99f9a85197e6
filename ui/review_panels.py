"""What stands beside the film on the Review page: worklist rows, the model's read, the verdict."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.batch import FilmOutcome, FilmState, UploadedFilm
from core.domain import ReviewRecord, Severity, Verdict
from core.explanation import top_regions
from core.pipeline import FilmReading
from core.reviews import sign_read, summarise_regions
from ui.panels import draw_probability, draw_quality, draw_record, draw_regions
from ui.resources import ExplanationTask, get_engine, get_store, request_explanation, view_key
from ui.session import Draft, Visit
from ui.uploads import read_waiting
from ui.worklist import WorklistRow

CONFIDENCES = {1: "1 guess", 2: "2", 3: "3 fairly sure", 4: "4", 5: "5 certain"}
SHOWN_REGIONS = 5
POLL_S = 0.3


def build_row(
    film: UploadedFilm, outcome: FilmOutcome, signed: Mapping[str, ReviewRecord]
) -> WorklistRow:
    """Return a film's line in the worklist."""
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
    record = signed.get(film.key)
    band = "none" if prediction is None else "above" if prediction.suspicious else "below"
    unsigned = "to read" if prediction is not None else "refused"
    return WorklistRow(
        key=film.key,
        name=film.name,
        thumbnail_png=reading.thumbnail,
        band=band,
        probability=None if prediction is None else prediction.probability,
        quality=_quality_word(reading),
        quality_note=next((f.message for f in reading.quality.findings), ""),
        status=unsigned if record is None else f"signed: {record.read.verdict}",
    )


def _quality_word(reading: FilmReading) -> str:
    if reading.quality.refused:
        return "refused"
    return "caution" if reading.quality.flagged else "good"


def explanation_of(visit: Visit, film: UploadedFilm) -> ExplanationTask | None:
    """Return the film's explanation on its way or done; None if there is nothing to explain."""
    reading = visit.outcome(film.key).reading
    if reading is None or reading.model_input is None:
        return None
    return request_explanation(view_key(film), reading.model_input)


def draw_model_read(reading: FilmReading, task: ExplanationTask | None) -> None:
    """Draw the probability, the regions it depends on, and the gate's findings."""
    if reading.prediction is not None:
        draw_probability(reading.prediction)
    if task is not None:
        _draw_regions(task)
    draw_quality(reading.quality)


def _draw_regions(task: ExplanationTask) -> None:
    if task.sentence:
        st.caption(f"No regions: {task.sentence}")
    elif task.explanation is None:
        _wait_for(task)
    else:
        with st.expander("Regions the score depends on", expanded=True):
            draw_regions(top_regions(task.explanation, SHOWN_REGIONS))


@st.fragment(run_every=POLL_S)
def _wait_for(task: ExplanationTask) -> None:
    st.progress(min(1.0, task.progress), text="Finding the regions the score depends on")
    if task.finished:
        st.rerun()


def draw_refusal(visit: Visit, film: UploadedFilm, reading: FilmReading) -> None:
    """Say why there is no probability, and offer the way out where there is one."""
    st.markdown("**Not read by the model**")
    inverted = any(
        f.code == "polarity" and f.severity is Severity.REFUSE for f in reading.quality.findings
    )
    if inverted and st.button("Invert and read again", icon=":material/invert_colors:"):
        visit.films[film.key] = UploadedFilm(film.key, film.name, film.content, not film.inverted)
        del visit.outcomes[film.key]
        read_waiting(visit)
        st.rerun()


def draw_verdict(visit: Visit, film: UploadedFilm, reading: FilmReading) -> None:
    """Draw the verdict form; signing stores the read before it says so."""
    store = get_store()
    history = store.history(film.key)
    superseded = {record.supersedes for record in history}
    for record in history:
        if record.record_id not in superseded:
            draw_record(record)
    draft = visit.draft(film.key)
    _edit(draft, film.key)
    visit.reader = st.text_input("Signing as", visit.reader, max_chars=100, key="reader-name")
    label = "Sign a correction" if history else "Sign"
    pressed = st.button(
        label,
        type="primary",
        icon=":material/draw:",
        shortcut="Ctrl+Enter",
        width="stretch",
        key="sign",
    )
    if pressed and draft.verdict is None:
        st.warning("Choose a verdict first.", icon=":material/touch_app:")
    elif pressed:
        store.append(_signed(visit, film, reading, draft, history))
        visit.drafts.pop(film.key)
        visit.notice = f"Signed and stored: {film.name}."
        st.rerun()


def _edit(draft: Draft, key: str) -> None:
    draft.verdict = st.segmented_control(
        "Your verdict",
        list(Verdict),
        default=draft.verdict,
        format_func=lambda verdict: str(verdict).capitalize(),
        key=f"verdict-{key}",
        width="stretch",
    )
    draft.confidence = st.select_slider(
        "Confidence",
        list(CONFIDENCES),
        value=draft.confidence,
        format_func=CONFIDENCES.__getitem__,
        key=f"confidence-{key}",
    )
    draft.comment = st.text_area(
        "Comment", draft.comment, max_chars=2000, height=68, key=f"comment-{key}"
    )


def _signed(
    visit: Visit,
    film: UploadedFilm,
    reading: FilmReading,
    draft: Draft,
    history: tuple[ReviewRecord, ...] | list[ReviewRecord],
) -> ReviewRecord:
    task = explanation_of(visit, film)
    explanation = None if task is None else task.explanation
    return sign_read(
        film_sha256=film.key,
        film_name=film.name,
        reader=visit.reader,
        verdict=draft.verdict or Verdict.UNSURE,
        confidence=draft.confidence,
        comment=draft.comment,
        prediction=reading.prediction,
        quality=reading.quality,
        run_id=get_engine().classifier.run_record.run_id,
        earlier=history,
        regions=None if explanation is None else summarise_regions(explanation),
    )
