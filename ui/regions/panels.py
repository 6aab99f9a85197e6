"""The film with its regions, and what is looked at beside it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core import __version__
from core.domain.regions import Explanation, Way
from core.errors import FirstReadError
from core.explain.export import explanation_as_json, regions_as_csv
from core.jobs.explanations import ExplanationTask
from core.pipeline import describe_explained
from core.settings import get_settings
from ui.app.progress import follow
from ui.app.region_panel import draw_explanation, overlay_of
from ui.app.resources import get_film_view, get_input, request_explanation
from ui.app.session import HiddenParts, Visit
from ui.components.plain_text import plain
from ui.components.region_list import probability_text
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
from ui.regions.what_if import FILLS, draw_what_if, hidden_of

VIEWER = "regions-viewer"
VIEW_HEIGHT = 790
WAY_SENTENCES = {
    Way.CAM: "the network's own sum over the film, of lung unlike the same lung drawn healthy",
    Way.WHOLE_LUNGS: "the network's own sum over the lungs",
    Way.LIME: "LIME: regions hidden in many copies of the film",
    Way.OCCLUSION: "occlusion: each region hidden once, alone",
}


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
        REGIONS.segments(
            view, "Look at", "look", LOOK_AT, label_visibility="collapsed", width="stretch"
        )
        if view.look == "layers":
            model_input = get_input(subject.film, subject.engine)
            layers = draw_layers(visit, subject.key, model_input, subject.engine)
        else:
            follow(visit, task)
            if task is not None:
                _draw_panel(visit, subject, view, task, parts)
    with film_side:
        overlay = overlay_of(visit, subject.key, explanation, of_others=subject.of_others)
        if switching is not None and explanation is not None:
            overlay = RegionOverlay.from_explanation(explanation)
        if layers is not None:
            overlay = layers
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
            page_keys=(("u", "Undo what was hidden"),) if switching else (),
            marking=marking,
            truths=subject.truths,
            switching=switching,
            picture=None
            if explanation is None or layers is not None
            else picture_of(subject, view, explanation),
        )


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
        )
    elif task.sentence:
        st.caption(f"No regions: {plain(task.sentence)}")
    elif explanation is None:
        return
    elif view.look == "what-if" and parts is not None:
        draw_what_if(subject, explanation, parts)
    elif view.look == "files":
        _draw_files(subject, explanation)


def _draw_settings(subject: Subject, view: RegionsView) -> None:
    """Draw how the regions are found: method, number, fill, samples and seed."""
    offered = WAY_WORDS
    if not subject.engine.classifier.has_evidence:
        offered = {
            name: words
            for name, words in WAY_WORDS.items()
            if WAYS[name] in (Way.LIME, Way.OCCLUSION)
        }
        if view.way not in offered:
            st.caption(
                f"The score of run {subject.run_id} cannot be split by place: LIME is shown."
            )
            offered = WAY_WORDS
    REGIONS.select(view, "Regions by", "way", offered)
    with st.expander("Settings", icon=":material/tune:"):
        _slider(view, "Number of regions", "n", REGIONS_RANGE, 5)
        if view.fill is not None:
            REGIONS.select(view, "A hidden region becomes", "fill", _fills())
        if view.samples is not None:
            _slider(view, "Samples, at most", "samples", SAMPLES_RANGE, 100)
            st.caption("LIME stops before, as soon as its five strongest regions stay the same.")
        if view.seed is not None:
            _slider(view, "Seed", "seed", SEED_RANGE, 1)


def _fills() -> Mapping[str, str]:
    return {str(fill): words for fill, words in FILLS.items()}


def _slider(view: RegionsView, label: str, name: str, limits: tuple[int, int], step: int) -> None:
    least, most = limits
    bound = REGIONS.bind(view, name)
    st.slider(label, least, most, step=step, **bound)


def picture_of(subject: Subject, view: RegionsView, explanation: Explanation) -> Picture:
    """Return what the film with its regions is saved as."""
    sha256 = subject.film.key[:12]
    how = (
        f"Run {subject.run_id}: {probability_text(explanation.score)}. Regions by "
        f"{WAY_SENTENCES[WAYS[view.way]]}. Orange: for pneumonia. Blue: against."
    )
    hidden = " Dark with a dashed line: hidden from the model." if view.look == "what-if" else ""
    what = (
        f"First Read {__version__}, film {sha256}. A learning tool and initial reviewer: not a "
        f"diagnosis.{hidden}"
    )
    return Picture(f"first-read-regions-{sha256}.png", (how, what))


def _draw_files(subject: Subject, explanation: Explanation) -> None:
    """Draw what takes the explanation out, and the command that recomputes it."""
    of = describe_explained(
        subject.film.key, subject.engine, get_settings().models, inverted=subject.film.inverted
    )
    name = f"first-read-regions-{subject.film.key[:12]}"
    st.download_button(
        "Regions as a table (CSV)",
        regions_as_csv(explanation),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/table:",
        width="stretch",
        key="regions-csv",
    )
    st.download_button(
        "Explanation with all settings (JSON)",
        explanation_as_json(explanation, of),
        file_name=f"{name}.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/data_object:",
        width="stretch",
        key="regions-json",
    )
    st.caption(
        "The arrow above the film saves it with its regions as a picture (PNG): every pixel of the "
        "film, up to 3,000 on a side, in the window that you have set."
    )
    st.caption("This command makes the explanation again from the film's file, and compares:")
    st.code(f"python -m core explain FILM --like {name}.json", language="bash", wrap_lines=True)
