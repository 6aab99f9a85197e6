"""What a run does on this site's own sets of films."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.errors import FirstReadError
from core.evaluation.evaluate import measure_part
from core.evaluation.tables import MEASURES
from core.language.words import tr
from core.library.site_library import SiteLibrary
from ui.app.resources import get_libraries
from ui.components.figures import draw_figures
from ui.components.plain_text import plain

SHOWN = ("roc_auc", "sensitivity", "specificity")


def draw_site_results(run: RunRecord) -> None:
    """Draw a row for each set that the run has read; nothing where there is none."""
    sets = [one for one in get_libraries().values() if isinstance(one, SiteLibrary)]
    read = [one for one in sets if one.has_read(run)]
    if not read:
        return
    st.markdown(f"#### {tr('On films of this site')}")
    rows: list[Mapping[str, object]] = []
    for one in read:
        try:
            rows.append(_row(one, _measure(one.name, one.site_set.films, run)))
        except FirstReadError as exc:
            st.caption(plain(tr("{name}: {why}", name=one.title, why=exc)))
    if rows:
        draw_figures(rows, alt=tr("What the run does on each set of this site's films"))
    st.caption(
        tr(
            "At the run's own operating point. The reference is the site's label. Intervals take "
            "each film as a patient of its own."
        )
    )


def _run_identity(run: RunRecord) -> tuple[str, str, float]:
    return run.run_id, repr(sorted(run.files.items())), run.operating_point.threshold


@st.cache_data(show_spinner=False, max_entries=64, hash_funcs={RunRecord: _run_identity})
def _measure(name: str, films: int, run: RunRecord) -> dict[str, Any]:  # noqa: ARG001 - a key
    predictions = get_libraries()[name].predictions(run)
    return measure_part(predictions, run.operating_point.threshold, name, by_patient=True)


def _row(one: SiteLibrary, measured: Mapping[str, Any]) -> dict[str, object]:
    rates = {tr(MEASURES[key]): Rate(**measured["rates"][key]) for key in SHOWN}
    return {tr("Set"): one.title, tr("Films"): one.site_set.films, **rates}
