"""What the layers of the run see in a film: a layer's map for the viewer, and its channels."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
import streamlit as st

from core.domain.arrays import FloatImage
from core.domain.layers import LayerMap, LayerView
from core.domain.model import Geometry, ModelInput, RunRecord
from core.explain.region_words import Scale, box_shares
from core.imaging.png import map_png
from core.jobs.activations import ActivationQueue, LayersOrder, LayersTask, why_no_layers
from core.jobs.explainer import RunFiles
from core.language.numbers import number
from core.language.words import msg, tr, trn
from core.pipeline import Engine
from core.runs.store import export_identity
from core.settings import get_settings
from ui.app.presence import is_here, session_id
from ui.app.progress import REFRESH_S, Watch
from ui.app.session import Visit
from ui.components.cards.cards import PICTURE_PX, Card, read_cards_event, show_cards
from ui.components.plain_text import plain
from ui.components.viewer.viewer import RegionOverlay

SHOW, STOP, HIDE = msg("Show what the layers see"), msg("Stop"), msg("Hide the layers")
ABOUT = msg(
    "Orange places add to the log odds of pneumonia, blue ones take away. The map "
    "shows what this network uses; it does not outline disease. How well it points "
    "at disease was not measured."
)
EXACT = msg("The last layer: its places add up to the score, but for a constant.")
ESTIMATE = msg(
    "Its numbers are estimates by the gradient: they may cancel each other, and do "
    "not add up to the score."
)
COLUMNS = 4
"""Of the contact sheet, also on a phone."""
LAYER = msg("Layer")
STAGES = {
    1: msg("Fine edges"),
    2: msg("Edges"),
    4: msg("Lines and corners"),
    8: msg("Textures"),
    16: msg("Patterns"),
    32: msg("Large patterns"),
}
"""What a layer is called by the pixels from place to place: what convolutional networks usually
answer to there. It was not measured for our runs."""

MOST_CELLS = 48
"""A side of the map on the film has at most so many cells; smaller places are added up."""
FULL_PERCENTILE, LEAST_OF_FULL = 99.0, 0.1
"""The strongest hundredth of the cells has the full colour; a tenth of that is not coloured."""
UNIT = msg("percent of all that the layer adds and takes away")
NONE = msg("No place of this layer counts for or against pneumonia.")
ORANGE, BLUE = (245, 134, 38), (74, 150, 255)
SMALLEST_ANSWER = 1e-6
SMALL = 0.0995
"""A contribution below this is written with three digits, as the viewer does."""
CHOICE, SHEET = "layers-layer", "layers-channels"
ALL_CHANNELS = "all"


@st.cache_resource(show_spinner=False)
def get_layers() -> ActivationQueue:
    """Return the queue of layers, one for all visits."""
    return ActivationQueue(is_here)


def draw_layers(
    visit: Visit, film: str, model_input: ModelInput, engine: Engine
) -> RegionOverlay | None:
    """Draw what the layers of a run see in a film, once that is asked for.

    Call it before the viewer, which draws what it returns. It draws a fragment of its own while the
    layers are on their way.

    Parameters
    ----------
    film : str
        Names the film in the visit.

    Returns
    -------
    RegionOverlay or None
        The map of the chosen layer, or of the chosen channel; None before there is one.
    """
    run = engine.classifier.run_record
    lacking = why_no_layers(run)
    if lacking:
        st.caption(plain(tr(lacking)))
        return None
    key = f"{film}|{sha256(model_input.tensor.tobytes()).hexdigest()}|{export_identity(run)}"
    task = visit.layers if visit.layers is not None and visit.layers.key == key else None
    if task is None:
        forget_layers(visit)
        st.button(
            tr(SHOW), icon=":material/layers:", key=f"layers-{film}", on_click=_request,
            args=(visit, key, run, model_input),
        )  # fmt: skip
        return None
    if task.result is not None:
        return _draw_result(visit, film, task.result, model_input.geometry)
    if task.sentence:
        st.caption(tr("No layers: {sentence}", sentence=plain(tr(task.sentence))))
        st.button(tr("Try again"), key="layers-again", on_click=forget_layers, args=(visit,))
        return None
    _draw_progress(visit, task)
    return None


def forget_layers(visit: Visit) -> None:
    """Let go of the layers that were asked for; what nobody else waits for is stopped."""
    if visit.layers is not None:
        visit.layers.leave(session_id())
        visit.layers = None


def _request(visit: Visit, key: str, run: RunRecord, model_input: ModelInput) -> None:
    forget_layers(visit)
    threads = get_settings().inference_threads
    files = RunFiles(run.folder.parent.absolute(), run.run_id, threads, export_identity(run))
    visit.layers = get_layers().request(key, LayersOrder(files, model_input.tensor), session_id())


def _draw_progress(visit: Visit, task: LayersTask) -> None:
    st.fragment(_follow, run_every=REFRESH_S)(Watch(), visit, task)


def _follow(watch: Watch, visit: Visit, task: LayersTask) -> None:
    before = task.place
    words = tr(task.step.words)
    if before:
        words = trn(
            "Waiting for the layers: {n} other film first",
            "Waiting for the layers: {n} other films first",
            before,
        )
    st.progress(task.step.share, text=words)
    st.button(
        tr(STOP), icon=":material/stop:", key="layers-stop", on_click=forget_layers, args=(visit,)
    )
    watch.rerun_if(news=task.finished or visit.layers is not task)


def stage_words(view: LayerView) -> str:
    """Return what a layer is called, with the places of its map."""
    layer = view.layer
    words = tr(STAGES.get(layer.step_px, LAYER))
    return f"{words}, {layer.height} x {layer.width}"


def _draw_result(
    visit: Visit, film: str, views: tuple[LayerView, ...], geometry: Geometry
) -> RegionOverlay:
    names = [view.layer.name for view in views]
    by_name = dict(zip(names, views, strict=True))
    if st.session_state.get(CHOICE) not in names:  # the first time, or of another run
        st.session_state[CHOICE] = names[-1]
    chosen = st.select_slider(
        tr("Layer, from early to late"),
        names,
        format_func=lambda name: stage_words(by_name[name]),
        key=CHOICE,
    )
    view = by_name[chosen]
    sheet = f"{SHEET}-{film}-{view.layer.name}"
    channel = _chosen_channel(sheet, view)
    name = f":small[`{view.layer.name}`]"
    about = f"{tr(EXACT if view.exact else ESTIMATE)} {tr(ABOUT)}"
    st.caption(f"{about}  \n{tr('Keras layer {name}', name=name)}")
    st.markdown(
        tr(
            "**{shown} of {channels} channels, those that change the score most**",
            shown=len(view.maps),
            channels=view.layer.channels,
        )
    )
    st.caption(_sheet_text(view, channel))
    cards = [_card(one, rank, shown=one is channel) for rank, one in enumerate(view.maps, start=1)]
    show_cards(cards, key=sheet, threshold=None, keys=False, columns=COLUMNS, label=tr("Channels"))
    st.button(
        tr(HIDE), icon=":material/layers_clear:", key="layers-hide", on_click=forget_layers,
        args=(visit,),
    )  # fmt: skip
    return overlay_of_places(view.places if channel is None else channel.places, geometry)


def _sheet_text(view: LayerView, channel: LayerMap | None) -> str:
    if channel is not None:
        return tr(
            "The film shows channel {channel} alone. Choose it again for all channels.",
            channel=channel.channel,
        )
    if view.exact:
        return tr(
            "Bright: the channel answers there. The number is what it adds to the log odds; 0.7 "
            "doubles the odds. Choose a channel to see it on the film."
        )
    return tr(
        "Bright: the channel answers there. The number is the estimate. Choose a channel to see "
        "it on the film."
    )


def _chosen_channel(sheet: str, view: LayerView) -> LayerMap | None:
    """Return the channel that is shown alone; pressing it again shows all."""
    event, memory = read_cards_event(sheet), f"{sheet}-chosen"
    if event is not None and event.act == "open":
        again = st.session_state.get(memory) == event.film
        st.session_state[memory] = ALL_CHANNELS if again else event.film
    chosen = st.session_state.get(memory, ALL_CHANNELS)
    return next((one for one in view.maps if str(one.channel) == chosen), None)


def _card(one: LayerMap, rank: int, *, shown: bool) -> Card:
    strongest = max(float(one.activation.max()), SMALLEST_ANSWER)
    colour = ORANGE if one.contribution > 0 else BLUE
    return Card(
        key=str(one.channel),
        thumbnail_png=map_png(one.activation / strongest, colour, PICTURE_PX),
        heading=tr("on the film") if shown else tr("rank {rank}", rank=rank),
        name=tr("No. {channel}", channel=one.channel),
        words=signed_text(one.contribution),
    )


def signed_text(contribution: float) -> str:
    """Return what a channel adds, with its sign."""
    digits = 3 if abs(contribution) < SMALL else 2
    return number(contribution, f"+.{digits}f").replace("-", "\u2212")


def overlay_of_places(places: FloatImage, geometry: Geometry) -> RegionOverlay:
    """Return a map as the viewer draws it: a cell a place, or a block of places where it is fine.

    Parameters
    ----------
    places : (h, w) float32 ndarray
        What each place adds to the log odds.
    """
    cells = add_up(places.astype(np.float64))
    total = float(np.abs(cells).sum())
    percent = (100.0 * cells / total if total else cells).ravel()
    full = float(f"{np.percentile(np.abs(percent), FULL_PERCENTILE):.2g}")
    least = float(f"{LEAST_OF_FULL * full:.1g}")
    return RegionOverlay(
        segments=np.arange(cells.size, dtype=np.int32).reshape(cells.shape),
        weights=percent,
        box=box_shares(geometry),
        scale=Scale(least, full or 1.0, tr(UNIT), tr(NONE), outlined=False),
        called="Place",
    )


def add_up(places: np.ndarray) -> np.ndarray:
    """Return the sums of square blocks of places, as small as `MOST_CELLS` a side allows."""
    height, width = places.shape
    each = next(
        size
        for size in range(1, height + 1)
        if height % size == 0 and width % size == 0 and max(height, width) // size <= MOST_CELLS
    )
    sums: np.ndarray = places.reshape(height // each, each, width // each, each).sum(axis=(1, 3))
    return sums
