"""The film with its regions, and what is looked at beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from core import __version__
from core.domain.film import Turn
from core.domain.quality import turned_finding
from core.domain.regions import CamSettings, Explanation, OcclusionSettings, Way
from core.errors import FirstReadError
from core.explain.export import explanation_as_json, regions_as_csv
from core.explain.trust import doubt_of
from core.explain.trust_words import DOUBT
from core.jobs.explanations import ExplanationTask
from core.language.words import msg, tr
from core.pipeline import describe_explained
from core.settings import get_settings
from ui.app.explanations import request_explanation
from ui.app.guard import show_errors
from ui.app.progress import follow
from ui.app.query_params import put
from ui.app.region_panel import draw_doubt, draw_explanation, overlay_of
from ui.app.resources import get_film_view, get_input
from ui.app.session import HiddenParts, Visit
from ui.components.plain_text import plain
from ui.components.region_list import number_text
from ui.components.viewer.viewer import Marking, Picture, RegionOverlay, Switching, show_film
from ui.regions.address import (
    LOOK_AT,
    REGIONS,
    REGIONS_RANGE,
    SAMPLES_RANGE,
    SEED_RANGE,
    WAY_WORDS,
    WAYS,
    RegionsView,
)
from ui.regions.layers import draw_layers
from ui.regions.subject import Subject
from ui.regions.what_if import FILLS, draw_what_if, hidden_of, possible_fills

VIEWER = "regions-viewer"
VIEW_HEIGHT = "var(--fr-view)"
WORDS_OF_TRUTHS = {
    "own": msg("Yellow: the reader's mark."),
    "box": msg("Green: a radiologist's box."),
    "lesion": msg("Green: the synthetic lesion."),
    "lung": msg("Dashed: the lungs."),
}
"""What is drawn on the film besides the regions."""


def draw_bench(visit: Visit, subject: Subject, view: RegionsView) -> None:
    """Draw the film with its regions, and beside it what the address asks to look at."""
    task = request_explanation(subject.film, subject.engine, settings=view.settings)
    visit.wait_for(task)
    explanation = None if task is None else task.result
    parts: HiddenParts | None = None
    switching: Switching | None = None
    marking: Marking | None = None
    if view.look == "what-if" and explanation is not None:
        parts, switching, marking = hidden_of(visit, subject, explanation, VIEWER)
    layers: RegionOverlay | None = None
    film_side, panel_side = st.columns([3.1, 1.5], gap="small")
    with panel_side:
        looks = {name: tr(words) for name, words in LOOK_AT.items()}
        REGIONS.segments(
            view, tr("Look at"), "look", looks, label_visibility="collapsed", width="stretch"
        )
        with show_errors():  # the film stays, and with it the way back
            if view.look == "layers":
                model_input = get_input(subject.film, subject.engine)
                layers = draw_layers(visit, subject.key, model_input, subject.engine)
            else:
                follow(visit, task)
                if task is not None:
                    _draw_panel(visit, subject, view, task, parts)
    with film_side:
        coloured = overlay_of(visit, subject.key, explanation, of_others=subject.of_others)
        overlay = layers or coloured
        if overlay is None and switching is not None and explanation is not None:
            overlay = without_colours(RegionOverlay.from_explanation(explanation))
        try:
            shown = get_film_view(subject.film)
        except FirstReadError as exc:
            st.error(plain(str(exc)), icon=":material/broken_image:")
            return
        show_film(
            shown,
            regions=overlay,
            key=VIEWER,
            height=VIEW_HEIGHT,
            page_keys=(("u", tr("Undo what was hidden")),) if switching else (),
            marking=marking,
            truths=subject.truths,
            switching=switching,
            picture=None
            if explanation is None or layers is not None
            else picture_of(subject, explanation, parts, coloured=coloured is not None),
        )


def without_colours(overlay: RegionOverlay) -> RegionOverlay:
    """Return regions that can be pointed at and hidden, but say nothing for or against."""
    scale = replace(overlay.scale, none=tr("Regions without colours."))
    return replace(overlay, weights=np.zeros_like(overlay.weights), scale=scale)


def _draw_panel(
    visit: Visit,
    subject: Subject,
    view: RegionsView,
    task: ExplanationTask,
    parts: HiddenParts | None,
) -> None:
    explanation = task.result
    if view.look == "regions":
        _draw_settings(subject, view)
        draw_explanation(
            visit,
            subject.key,
            task,
            subject.engine,
            of_others=subject.of_others,
            in_full=True,
            show_whole_lungs=lambda: put(way="whole-lungs", n=""),
            said=subject.said,
        )
    elif task.sentence:
        st.caption(tr("No regions: {sentence}", sentence=plain(tr(task.sentence))))
    elif explanation is None:
        return
    elif view.look == "what-if" and parts is not None:
        draw_doubt(visit, subject.key, explanation, subject.engine, of_others=subject.of_others)
        draw_what_if(subject, explanation, parts)
    elif view.look == "files":
        _draw_files(subject, explanation)


def _draw_settings(subject: Subject, view: RegionsView) -> None:
    """Draw how the regions are found: method, number, fill, samples and seed."""
    offered = {
        name: tr(words)
        for name, words in WAY_WORDS.items()
        if subject.engine.classifier.has_evidence or WAYS[name] in (Way.LIME, Way.OCCLUSION)
    }
    REGIONS.select(view, tr("Regions by"), "way", offered)
    with st.expander(tr("Settings"), icon=":material/tune:"):
        _slider(view, tr("Number of regions"), "n", REGIONS_RANGE, 5)
        if view.fill is not None:
            fills = {str(fill): tr(FILLS[fill]) for fill in possible_fills(subject)}
            REGIONS.select(view, tr("A hidden region becomes"), "fill", fills)
        if view.samples is not None:
            _slider(view, tr("Samples, at most"), "samples", SAMPLES_RANGE, 100)
            st.caption(
                tr("LIME stops before, as soon as its five strongest regions stay the same.")
            )
        if view.seed is not None:
            _slider(view, tr("Seed"), "seed", SEED_RANGE, 1)


def _slider(view: RegionsView, label: str, name: str, limits: tuple[int, int], step: int) -> None:
    least, most = limits
    st.slider(label, least, most, step=step, **REGIONS.bind(view, name))


def picture_of(
    subject: Subject, explanation: Explanation, parts: HiddenParts | None, *, coloured: bool
) -> Picture:
    """Return what the film with its regions is saved as.

    Parameters
    ----------
    parts : HiddenParts or None
        What is hidden on the film.
    coloured : bool
        Whether the regions are on the film in their colours.
    """
    sha256 = subject.film.key[:12]
    said = subject.said
    told = [
        tr(
            "Run {run}: {number}.",
            run=subject.run_id,
            number=number_text(said, explanation.score),
        ),
        said.note,
    ]
    if subject.film.turn is not Turn.NONE:
        told.append(tr(turned_finding(subject.film.turn).message))
    if coloured:
        told.append(
            tr(
                "Regions by {method}. Orange: for pneumonia. Blue: against.",
                method=how_text(explanation),
            )
        )
    drawn = [tr(WORDS_OF_TRUTHS[kind]) for kind in {truth.kind for truth in subject.truths}]
    if parts is not None and (parts.regions or parts.boxes):
        drawn.append(tr("Dark with a dashed line: hidden from the model."))
    if doubt_of(explanation, of_others=subject.of_others):
        drawn.append(tr(DOUBT))
    about = tr(
        "First Read {version}, film {film}. An initial reviewer: not a diagnosis.",
        version=__version__,
        film=sha256,
    )
    lines = (" ".join(filter(None, told)), " ".join(sorted(drawn)), about)
    return Picture(f"first-read-regions-{sha256}.png", tuple(filter(None, lines)))


def how_text(explanation: Explanation) -> str:
    """Return in a clause how regions were found."""
    settings = explanation.settings
    if isinstance(settings, CamSettings):
        if settings.unlike_healthy:
            return tr(
                "the network's own sum over the lungs, of lung unlike the same lung drawn healthy"
            )
        return tr("the network's own sum over the lungs")
    if isinstance(settings, OcclusionSettings):
        return tr("occlusion: each region hidden once, alone")
    return tr("LIME: regions hidden in {samples:,} copies of the film", samples=explanation.samples)


def _draw_files(subject: Subject, explanation: Explanation) -> None:
    """Draw what takes the explanation out, and the command that recomputes it."""
    of = describe_explained(
        subject.film.key,
        subject.engine,
        get_settings().models,
        inverted=subject.film.inverted,
        turned=subject.film.turn,
        of_others=subject.of_others,
    )
    name = f"first-read-regions-{subject.film.key[:12]}"
    st.download_button(
        tr("Regions as a table (CSV)"),
        regions_as_csv(explanation),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/table:",
        width="stretch",
        key="regions-csv",
    )
    st.download_button(
        tr("Explanation with all settings (JSON)"),
        explanation_as_json(explanation, of),
        file_name=f"{name}.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/data_object:",
        width="stretch",
        key="regions-json",
    )
    st.caption(
        tr(
            "The arrow above the film saves it with its regions as a picture (PNG): "
            "every pixel of the film, up to 3,000 on a side, in the window that you have "
            "set."
        )
    )
    st.caption(tr("This command makes the explanation again from the film's file, and compares:"))
    st.code(f"python -m core explain FILM --like {name}.json", language="bash", wrap_lines=True)
