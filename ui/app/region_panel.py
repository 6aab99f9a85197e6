"""A film's regions as every page shows them: how they are found, which they are, what to trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.domain.model import RunRecord
from core.domain.regions import Explanation, RegionWeight, Way
from core.evaluation.film_number import ScoreWords
from core.explain.lime import top_regions
from core.explain.pointing_game import ExplanationQuality
from core.explain.region_words import UNLIKE_HEALTHY, scale_of
from core.explain.trust import Doubt, doubt_of
from core.explain.trust_words import doubt_text, read_explanation_quality, trust_text
from core.jobs.explanations import ExplanationTask
from core.language.words import msg, tr
from core.pipeline import Engine
from ui.app.resources import LOOKED_FOR_AGAIN_S
from ui.app.session import Visit
from ui.app.ward import words_of_set
from ui.components.plain_text import plain
from ui.components.region_list import draw_balance, draw_regions
from ui.components.viewer.viewer import RegionOverlay

PAGE = "pages/regions.py"
SHOWN_REGIONS = 5
WAYS = {Way.CAM: msg("Unlike healthy"), Way.WHOLE_LUNGS: msg("Whole lungs"), Way.LIME: "LIME"}
"""What the pages offer beside the film."""

WAY_KEY = "regions-by"
WAY_HELP = msg(
    "Unlike healthy: the network's own sum over the film, of lung that is brighter than the same "
    "lung drawn without a lesion. Whole lungs: the same sum of all lung. LIME: hides regions in "
    "many copies of the film."
)
SHOW_DOUBTED = msg("Show the regions all the same")


def overlay_of(
    visit: Visit, film: str, explanation: Explanation | None, *, of_others: bool
) -> RegionOverlay | None:
    """Return the regions as the viewer draws them; None before there are any, or until asked for.

    Parameters
    ----------
    film : str
        Names the film in the visit, as in `draw_region_panel`.
    of_others : bool
        Whether the film is of a population that the regions were not measured on.
    """
    if explanation is None:
        return None
    if doubt_of(explanation, of_others=of_others) and film not in visit.doubted_asked:
        return None
    return RegionOverlay.from_explanation(explanation)


def draw_region_panel(
    visit: Visit,
    film: str,
    task: ExplanationTask,
    engine: Engine,
    address: Mapping[str, str],
    *,
    of_others: bool = False,
    said: ScoreWords | None = None,
) -> None:
    """Draw how regions are found, the list of them, what to trust, and what the score is made of.

    Parameters
    ----------
    film : str
        Names the film in the visit.
    engine : Engine
        With the run that is explained.
    address : mapping of str to str
        Query parameters that open the film on the page Regions.
    of_others : bool
        As in `overlay_of`.
    said : ScoreWords, optional
        How log odds are said; as the probability of the set without it.
    """
    if engine.classifier.has_evidence:
        draw_ways(visit)
    draw_explanation(visit, film, task, engine, of_others=of_others, said=said)
    if task.result is not None:
        st.page_link(
            PAGE,
            label=tr("What if, layers, files"),
            icon=":material/filter_center_focus:",
            query_params=dict(address),
            help=tr("Opens the film on the page Regions."),
        )


def draw_explanation(
    visit: Visit,
    film: str,
    task: ExplanationTask,
    engine: Engine,
    *,
    of_others: bool = False,
    in_full: bool = False,
    show_whole_lungs: Callable[[], None] | None = None,
    said: ScoreWords | None = None,
    fixed: bool = False,
) -> None:
    """Draw the regions, what to trust, and what the score is made of.

    Parameters
    ----------
    film, engine, of_others, said
        As in `draw_region_panel`.
    in_full : bool
        Whether the strongest of both sides are listed, each with its interval.
    show_whole_lungs : callable, optional
        Leads on from a film on which nothing looks unlike healthy lung; without it the visit's way
        changes.
    fixed : bool
        Whether the way must stay as it is, as in a reader study.
    """
    if task.sentence:
        st.caption(tr("No regions: {sentence}", sentence=plain(task.sentence)))
        return
    explanation = task.result
    if explanation is None:
        return
    run = engine.classifier.run_record
    doubt = draw_doubt(visit, film, explanation, engine, of_others=of_others)
    off = doubt is not None and film not in visit.doubted_asked
    regions = top_regions(explanation, len(explanation.weights) if in_full else SHOWN_REGIONS)
    if in_full:
        regions = _of_both_sides(regions)
    draw_regions(explanation, regions, grey=off, intervals=in_full)
    scale = scale_of(explanation)
    seen = abs(explanation.weights).max() >= scale.least
    if seen and not doubt:
        st.caption(trust_text(run, explanation, _explanation_quality(run)))
    if not seen and scale is UNLIKE_HEALTHY and not fixed:
        _offer_whole_lungs(show_whole_lungs or visit.show_whole_lungs)
    balance = tr("How the score adds up")
    with st.container() if in_full else st.expander(balance, icon=":material/functions:"):
        draw_balance(explanation, said or words_of_set(engine), intervals=in_full)


def _of_both_sides(regions: Sequence[RegionWeight]) -> tuple[RegionWeight, ...]:
    """Return the strongest for pneumonia, then the strongest against it."""
    sides = [[one for one in regions if (one.weight > 0) is side] for side in (True, False)]
    return tuple(one for side in sides for one in side[:SHOWN_REGIONS])


def draw_doubt(
    visit: Visit, film: str, explanation: Explanation, engine: Engine, *, of_others: bool
) -> Doubt | None:
    """Say why the regions are not on the film, and offer them; return why, None if they are.

    Parameters
    ----------
    film, engine, of_others
        As in `draw_region_panel`.
    """
    doubt = doubt_of(explanation, of_others=of_others)
    if doubt is None:
        return None
    words = doubt_text(_explanation_quality(engine.classifier.run_record), explanation, doubt)
    caution = tr("Caution")
    st.markdown(f":small[:material/warning: **{caution}** · {words}]")
    if film not in visit.doubted_asked:
        st.button(
            tr(SHOW_DOUBTED),
            icon=":material/visibility:",
            width="stretch",
            key=f"doubted-{film}",
            on_click=visit.doubted_asked.add,
            args=(film,),
        )
    return doubt


def _offer_whole_lungs(choose: Callable[[], None]) -> None:
    """Draw what leads on from a film on which nothing looks unlike healthy lung."""
    st.button(
        tr("Show the whole lungs"),
        icon=":material/filter_center_focus:",
        width="stretch",
        key="regions-whole",
        on_click=choose,
    )


def draw_ways(visit: Visit) -> None:
    """Draw the choice of how regions are found; it holds for all pages of the visit."""
    st.session_state[WAY_KEY] = visit.way

    def keep() -> None:
        visit.way = st.session_state[WAY_KEY] or visit.way

    st.segmented_control(
        tr("Regions by"),
        list(WAYS),
        format_func=lambda way: tr(WAYS[way]),
        key=WAY_KEY,
        on_change=keep,
        required=True,
        width="stretch",
        help=tr(WAY_HELP),
    )


@st.cache_resource(
    show_spinner=False,
    ttl=LOOKED_FOR_AGAIN_S,
    hash_funcs={RunRecord: lambda run: str(run.folder)},
)
def _explanation_quality(run: RunRecord) -> ExplanationQuality | None:
    return read_explanation_quality(run)
