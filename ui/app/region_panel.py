"""A film's regions as every page shows them: how they are found, which they are, what to trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from core.domain.model import RunRecord
from core.domain.regions import Explanation, RegionWeight, Way, way_of
from core.errors import FirstReadError
from core.evaluation.film_number import ScoreWords
from core.explain.lime import top_regions
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality, PointingRates
from core.explain.trust import Doubt, doubt_of, share_outside
from core.jobs.explanations import ExplanationTask
from core.pipeline import Engine
from core.runs.artifacts import read_artifact
from ui.app.resources import LOOKED_FOR_AGAIN_S
from ui.app.session import Visit
from ui.app.ward import words_of_set
from ui.components.panels import of_100
from ui.components.plain_text import plain
from ui.components.region_list import draw_balance, draw_regions, probability_of
from ui.components.viewer.viewer import UNLIKE_HEALTHY, RegionOverlay, scale_of

PAGE = "pages/regions.py"
SHOWN_REGIONS = 5
WAYS = {Way.CAM: "Unlike healthy", Way.WHOLE_LUNGS: "Whole lungs", Way.LIME: "LIME"}
"""What the pages offer beside the film."""

WAY_KEY = "regions-by"
WAY_HELP = (
    "Unlike healthy: the network's own sum over the film, of lung that is brighter than the same "
    "lung drawn without a lesion. Whole lungs: the same sum of all lung. LIME: hides regions in "
    "many copies of the film."
)
SHOW_DOUBTED = "Show the regions all the same"
DOUBT = "Do not rely on these regions."
OTHER_AGE = "The film is not of a child of 1 to 5 years."
UNMEASURED = "Never measured on real children: no boxes exist for them."
CALLED_ALONE = "How well regions point was measured only on films that the model calls pneumonia."
OTHER_SETTINGS = "With these settings nothing was measured."
PASTED, ADULTS, CENTRE = "pasted", "adults", "centre of the lungs"
"""What the kept measurement calls two sets of films, and the control that knows the lungs alone."""


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
            label="What if, layers, files",
            icon=":material/filter_center_focus:",
            query_params=dict(address),
            help="Opens the film on the page Regions.",
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
    """
    if task.sentence:
        st.caption(f"No regions: {plain(task.sentence)}")
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
        st.caption(trust_text(run, explanation))
    if not seen and scale is UNLIKE_HEALTHY:
        _offer_whole_lungs(show_whole_lungs or visit.show_whole_lungs)
    balance = "How the score adds up"
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
    words = doubt_text(engine.classifier.run_record, explanation, doubt)
    st.markdown(f":small[:material/warning: **Caution** · {words}]")
    if film not in visit.doubted_asked:
        st.button(
            SHOW_DOUBTED,
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
        "Show the whole lungs",
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
        "Regions by",
        list(WAYS),
        format_func=WAYS.__getitem__,
        key=WAY_KEY,
        on_change=keep,
        required=True,
        width="stretch",
        help=WAY_HELP,
    )


def trust_text(run: RunRecord, explanation: Explanation) -> str:
    """Return in sentences how far a run's regions were found to lie on disease."""
    way = way_of(explanation.settings)
    if way is None:
        return f"{OTHER_SETTINGS} {UNMEASURED}"
    if probability_of(explanation.score) < run.operating_point.threshold:
        return f"{UNMEASURED} {CALLED_ALONE}"
    pasted, adults = (_rates(run, films).get(way) for films in (PASTED, ADULTS))
    if pasted is None or adults is None:
        return UNMEASURED
    centre = _rates(run, ADULTS).get(CENTRE)
    beside = "" if centre is None else f"; the middle of the lungs in {_told(centre)}"
    return (
        f"{UNMEASURED} On children's normal films with a synthetic lesion, the strongest region "
        f"lay on the lesion in {_told(pasted)}. On adults it lay in a radiologist's box in "
        f"{_told(adults)}{beside}."
    )


def doubt_text(run: RunRecord, explanation: Explanation, doubt: Doubt) -> str:
    """Return in sentences why regions are not to be relied on."""
    if doubt is Doubt.OUTSIDE:
        outside = 100 * share_outside(explanation)
        return f"{DOUBT} Of all that counts, {outside:.0f} % lies outside of the lungs."
    rates = _rates(run, ADULTS)
    way = way_of(explanation.settings)
    found, centre = None if way is None else rates.get(way), rates.get(CENTRE)
    if found is None or centre is None:
        return f"{DOUBT} {OTHER_AGE}"
    alike = found.points_at_lesion.low <= centre.points_at_lesion.high
    return (
        f"{DOUBT} {OTHER_AGE} On adults the strongest region lay in a radiologist's box in "
        f"{_told(found)}, the middle of the lungs in {_told(centre)}."
        f"{' The two may not differ.' if alike else ''}"
    )


def _told(rates: PointingRates) -> str:
    rate = rates.points_at_lesion
    return of_100({"value": rate.value, "low": rate.low, "high": rate.high, "n": rate.n})


def _rates(run: RunRecord, films: str) -> Mapping[str, PointingRates]:
    kept = _explanation_quality(run)
    return {} if kept is None else kept.rates.get(films, {})


@st.cache_resource(
    show_spinner=False,
    ttl=LOOKED_FOR_AGAIN_S,
    hash_funcs={RunRecord: lambda run: str(run.folder)},
)
def _explanation_quality(run: RunRecord) -> ExplanationQuality | None:
    try:
        return read_artifact(run, EXPLANATIONS_FILE, ExplanationQuality.from_json, "measure again")
    except FirstReadError:  # the model card says why
        return None
