"""How films are explained: in the background, so that the film is there at once."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.domain.arrays import FloatImage
from core.domain.regions import (
    SETTINGS,
    CamSettings,
    ExplanationSettings,
    LimeSettings,
    OcclusionSettings,
    Way,
)
from core.inference.litert import LiteRTNetwork
from core.jobs.batch import UploadedFilm
from core.jobs.explainer import get_explainer
from core.jobs.explanations import ExplanationQueue, ExplanationTask
from core.pipeline import Engine, open_healthy
from core.settings import get_settings
from ui.app.lru_cache import Recent
from ui.app.presence import is_here, session_id
from ui.app.resources import KEPT_INPUTS, get_engine, get_input, input_key, run_files_of

EVIDENCE_WAIT_S = 0.3
"""Evidence takes less where nobody comes first: the page shows it in the run that asks for it."""
FOR_REPORT = " report"
"""Behind a session's id it asks for the explanation of a report, not of the open film."""


@st.cache_resource(show_spinner=False)
def _healthy_network() -> LiteRTNetwork | None:
    return open_healthy(get_settings().models, get_settings().inference_threads)


@st.cache_resource(show_spinner=False)
def _healthy_films() -> Recent[FloatImage | None]:
    return Recent(KEPT_INPUTS)


def get_healthy(film: UploadedFilm, engine: Engine) -> FloatImage | None:
    """Return what the model would see of a film without a lesion; None where that is not drawn.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of ``models/healthy`` is missing or is not the one that was measured.
    RadiographError, Cancelled
        As `get_input`.
    """
    # Deferred: what explains is loaded where something is explained.
    from core.explain.healthy import draw_healthy  # noqa: PLC0415

    network = _healthy_network()
    if network is None:
        return None
    draw = lambda: draw_healthy(get_input(film, engine), network, network.input_shape[0])  # noqa: E731
    return _healthy_films().get_or_make(input_key(film, engine), draw)


@st.cache_resource(show_spinner=False)
def _explanations() -> ExplanationQueue:
    return ExplanationQueue(lambda waiter: is_here(waiter.removesuffix(FOR_REPORT)))


def request_for(
    film: UploadedFilm, engine: Engine, settings: ExplanationSettings, waiter: str, *, asked: bool
) -> ExplanationTask | None:
    """Return the task that explains a film, which ``waiter`` waits for."""
    return _explanations().request(
        f"{input_key(film, engine)}|{settings}",
        lambda: get_explainer().begin(get_input(film, engine), run_files_of(engine), settings),
        waiter,
        asked=asked,
    )


def request_explanation(
    film: UploadedFilm,
    engine: Engine | None = None,
    *,
    settings: ExplanationSettings = SETTINGS[Way.CAM],
    asked: bool = True,
) -> ExplanationTask | None:
    """Return the task that explains a film; this browser session waits for it.

    Parameters
    ----------
    engine : Engine or None
        None: that of the served run.
    settings : ExplanationSettings
        Those of LIME are taken for a run whose score cannot be split by place.
    asked : bool
        False: it is precomputed if few explanations are under way, and else there is no task.
    """
    engine = engine or get_engine()
    settings = possible_settings(engine, settings)
    task = request_for(film, engine, settings, session_id(), asked=asked)
    if asked and task is not None and isinstance(settings, CamSettings | OcclusionSettings):
        task.wait(EVIDENCE_WAIT_S)
    return task


def usual_settings(way: Way) -> ExplanationSettings:
    """Return how films are explained here by a way that was measured."""
    settings = SETTINGS[way]
    if isinstance(settings, LimeSettings):
        return replace(settings, samples=get_settings().lime_samples)
    return settings


def possible_settings(engine: Engine, settings: ExplanationSettings) -> ExplanationSettings:
    """Return settings, or those of LIME for a run whose score cannot be split by place."""
    if isinstance(settings, CamSettings) and not engine.classifier.has_evidence:
        return usual_settings(Way.LIME)
    return settings
