"""A film's regions as every page shows them: how they are found, which they are, what to trust."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.domain.model import RunRecord
from core.domain.quality import ADULT, POPULATION, QualityReport, Severity
from core.domain.regions import Explanation, Method
from core.errors import FirstReadError
from core.explain.lime import top_regions
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality, PointingRates
from core.jobs.explanations import ExplanationTask
from core.pipeline import Engine
from core.runs.artifacts import read_artifact
from ui.app.resources import LOOKED_FOR_AGAIN_S
from ui.app.session import Visit
from ui.components.panels import of_100
from ui.components.plain_text import plain
from ui.components.region_list import draw_balance, draw_regions
from ui.components.viewer.viewer import SMALLEST_SHOWN, RegionOverlay

SHOWN_REGIONS = 5
METHODS = {Method.CAM: "Evidence (exact)", Method.LIME: "LIME"}
METHOD_KEY = "regions-by"
METHOD_HELP = (
    "Evidence is the network's own sum over the film, at once. LIME hides regions in many copies "
    "of the film and takes some seconds."
)
SHOW_DOUBTED = "Show the regions all the same"
DOUBT = "Do not rely on these regions."
UNMEASURED = "Never measured on real children: no boxes exist for them."
PASTED, ADULTS, CENTRE = "pasted", "adults", "centre of the lungs"
"""What the kept measurement calls two sets of films, and the control that knows the lungs alone."""


def is_doubted(quality: QualityReport) -> bool:
    """Return whether a film states an age at which regions do not point at disease.

    An age that is not stated is not doubted: the public films state none.
    """
    return any(
        finding.code == ADULT
        or (finding.code == POPULATION and finding.severity is not Severity.NOTE)
        for finding in quality.findings
    )


def overlay_of(
    visit: Visit, film: str, explanation: Explanation | None, *, doubted: bool
) -> RegionOverlay | None:
    """Return the regions as the viewer draws them; None before there are any, or until asked for.

    Parameters
    ----------
    film : str
        Names the film in the visit, as in `draw_region_panel`.
    doubted : bool
        Whether they are not shown on the film before the reader asks.
    """
    if explanation is None or (doubted and film not in visit.doubted_asked):
        return None
    return RegionOverlay.from_explanation(explanation)


def draw_region_panel(
    visit: Visit, film: str, task: ExplanationTask, engine: Engine, *, doubted: bool = False
) -> None:
    """Draw how regions are found, the list of them, what to trust, and what the score is made of.

    Parameters
    ----------
    film : str
        Names the film in the visit.
    engine : Engine
        With the run that is explained.
    doubted : bool
        Whether the regions are not to be relied on.
    """
    if engine.classifier.has_evidence:
        draw_method(visit)
    if task.sentence:
        st.caption(f"No regions: {plain(task.sentence)}")
        return
    explanation = task.result
    if explanation is None:
        return
    run = engine.classifier.run_record
    if doubted:
        _draw_doubt(visit, film, doubt_text(run, explanation.method))
    off = doubted and film not in visit.doubted_asked
    draw_regions(explanation, top_regions(explanation, SHOWN_REGIONS), grey=off)
    least = SMALLEST_SHOWN[explanation.method]
    if not doubted and abs(explanation.weights).max() >= least:
        st.caption(trust_text(run, explanation.method))
    draw_balance(explanation)


def _draw_doubt(visit: Visit, film: str, words: str) -> None:
    """Say before the list why the regions are not on the film, and offer them."""
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


def draw_method(visit: Visit) -> None:
    """Draw the choice of how regions are found; it holds for all pages of the visit."""
    st.session_state[METHOD_KEY] = visit.method

    def keep() -> None:
        visit.method = st.session_state[METHOD_KEY] or visit.method

    st.segmented_control(
        "Regions by",
        list(METHODS),
        format_func=METHODS.__getitem__,
        key=METHOD_KEY,
        on_change=keep,
        required=True,
        width="stretch",
        help=METHOD_HELP,
    )


def trust_text(run: RunRecord, method: Method) -> str:
    """Return in sentences how far a run's regions were found to lie on disease."""
    pasted, adults = (_by_method(_rates(run, films), method) for films in (PASTED, ADULTS))
    if pasted is None or adults is None:
        return UNMEASURED
    return (
        f"{UNMEASURED} On children's normal films with a synthetic lesion, the strongest region "
        f"lay on the lesion in {_told(pasted)}; on adults, in a radiologist's box in "
        f"{_told(adults)}."
    )


def doubt_text(run: RunRecord, method: Method) -> str:
    """Return in sentences why a run's regions of adults are not to be relied on."""
    rates = _rates(run, ADULTS)
    found, centre = _by_method(rates, method), rates.get(CENTRE)
    if found is None or centre is None:
        return DOUBT
    return (
        f"{DOUBT} On adults the strongest region lay in a radiologist's box in {_told(found)}, "
        f"the middle of the lungs in {_told(centre)}."
    )


def _told(rates: PointingRates) -> str:
    rate = rates.points_at_lesion
    return of_100({"value": rate.value, "low": rate.low, "high": rate.high, "n": rate.n})


def _rates(run: RunRecord, films: str) -> Mapping[str, PointingRates]:
    kept = _explanation_quality(run)
    return {} if kept is None else kept.rates.get(films, {})


def _by_method(rates: Mapping[str, PointingRates], method: Method) -> PointingRates | None:
    return rates.get(method.name)


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
