"""A thousand children as a hundred icons: those that a run misses, and its false alarms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from core.comparison.prevalence import WardOutcome, expect_wards
from core.comparison.scored_films import ScoredFilms
from core.comparison.text import ward_text
from core.language.words import msg, tr
from ui.charts.runs import Style
from ui.runs.query import ADDRESS, RunsView

DRAWN, SAID = 100, 1000
ADULTS = "nih"
_STYLE = Path(__file__).with_name("runs.css")
_CHILD = '<i class="fr-child fr-{kind}"></i>'
KINDS = {
    "missed": msg("pneumonia, missed"),
    "found": msg("pneumonia, found"),
    "alarm": msg("healthy, false alarm"),
    "cleared": msg("healthy, called normal"),
}


def count_children(ward: WardOutcome) -> dict[str, int]:
    """Return how many icons there are of each kind, to the nearest one.

    Parameters
    ----------
    ward : WardOutcome
        Of as many children as there are icons.
    """
    ill = round(ward.ill)
    missed = min(ill, round(ward.missed.value))
    alarms = min(ward.children - ill, round(ward.false_alarms.value))
    return {
        "missed": missed,
        "found": ill - missed,
        "alarm": alarms,
        "cleared": ward.children - ill - alarms,
    }


def draw_prevalence(bound: Mapping[str, Any]) -> None:
    """Draw the slider of how many of a hundred children are ill, bound to the address."""
    st.slider(
        tr("Pneumonia prevalence in your ward (%)"),
        0,
        100,
        help=tr("Begins at this ward's prevalence, once a lead has set it on the page Worklist."),
        **bound,
    )


def draw_wards(view: RunsView, scored: ScoredFilms, styles: Mapping[str, Style]) -> None:
    """Draw a thousand children for each run, and say what to expect of them."""
    if scored.synthetic:
        st.info(tr("Synthetic films cannot predict results in a ward: choose others above."))
        return
    slider_side, _ = st.columns([1, 1])
    with slider_side:
        draw_prevalence(ADDRESS.bind(view, "prevalence"))
    drawn, stated = (expect_wards(scored, n, view.prevalence / 100.0) for n in (DRAWN, SAID))
    if scored.part == ADULTS:
        st.warning(
            tr(
                "Sensitivity and specificity were measured on adults here: the results "
                "below do not apply to a ward of children. Choose other films above."
            ),
            icon=":material/warning:",
        )
    wards = zip(scored.run_ids, drawn, stated, strict=True)
    show_wards(wards, tr("the compared films"), styles)


def show_wards(
    wards: Iterable[tuple[str, WardOutcome, WardOutcome]],
    films: str,
    styles: Mapping[str, Style] | None = None,
) -> None:
    """Draw a thousand children for each run, ten by an icon.

    Parameters
    ----------
    wards : iterable of (str, WardOutcome, WardOutcome)
        The run, what to expect of as many children as there are icons, and of a thousand.
    films : str
        What sensitivity and specificity were measured on.
    styles : mapping of str to Style, optional
        Of runs that are told apart by their colours.
    """
    drawn = [
        _ward(
            run_id, count_children(of_100), ward_text(run_id, of_1000), (styles or {}).get(run_id)
        )
        for run_id, of_100, of_1000 in wards
    ]
    key = "".join(
        f"<span>{_CHILD.format(kind=kind)}{tr(words)}</span>" for kind, words in KINDS.items()
    )
    st.html(_STYLE)
    st.html(f'<div class="fr-ward-key">{key}</div><div class="fr-wards">{"".join(drawn)}</div>')
    st.caption(
        tr(
            "One figure stands for {children} children, rounded to the nearest. The "
            "intervals (95 %) are of sensitivity and specificity as measured on {films}. "
            "They hold in your ward only if disease and films are similar there.",
            children=SAID // DRAWN,
            films=films,
        )
    )


def _ward(run_id: str, counts: dict[str, int], sentence: str, style: Style | None) -> str:
    mark = f'<span style="color:{style.colour}">●</span> ' if style is not None else ""
    each = SAID // DRAWN
    label = tr(
        "{run}, of {n:,} children, to the nearest {each}: {counts}",
        run=run_id,
        n=SAID,
        each=each,
        counts="; ".join(f"{each * counts[kind]} {tr(words)}" for kind, words in KINDS.items()),
    )
    children = "".join(_CHILD.format(kind=kind) * counts[kind] for kind in KINDS)
    return (
        f'<div class="fr-ward"><h4>{mark}{escape(run_id)}</h4>'
        f'<div class="fr-children" role="img" aria-label="{escape(label)}">{children}</div>'
        f"<p>{escape(sentence)}</p></div>"
    )
