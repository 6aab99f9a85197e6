"""What the model would see of a film without a lesion."""

from __future__ import annotations

import streamlit as st

from core.domain.arrays import FloatImage
from core.inference.litert import LiteRTNetwork
from core.jobs.batch import UploadedFilm
from core.pipeline import Engine, open_healthy
from core.settings import get_settings
from ui.app.lru_cache import Recent
from ui.app.resources import KEPT_INPUTS, get_input


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
    return _healthy_films().get_or_make(
        f"{film.view_key}|{engine.classifier.run_record.run_id}", draw
    )
