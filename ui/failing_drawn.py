"""How a run reads drawn films by what they were drawn to show: too few for a search over slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.failing_search import LEAST_FILMS
from core.statistics import Rate, wilson_rate
from ui.cards import Card
from ui.charts_slices import plot_rates
from ui.error_films import film_name
from ui.error_runs import get_predictions, get_runs
from ui.failing_films import show_films
from ui.failing_link import FailsView
from ui.resources import get_library

PLAIN = {"displayModeBar": False}
SHEET = "fails-drawn"


def draw_drawn(view: FailsView) -> None:
    """Draw the rates by finding, and the films that the run gets wrong."""
    said = get_predictions(view.library, view.run)
    point = get_runs()[view.run].operating_point.threshold
    shows = get_library(view.library).findings()
    drawn = np.array([shows.get(one, "") for one in said.films.film_id.tolist()])
    wrong = (said.probability >= point) != (said.films.label == 1)
    st.markdown(
        f"**{int(wrong.sum())} of {len(wrong)} synthetic films** are called wrongly by run "
        f"{view.run}. For a search over slices they are too few: it asks for {LEAST_FILMS} films "
        "of a class inside a slice and outside. What each film was drawn to show is known instead. "
        "It says nothing of patients."
    )
    rates_side, films_side = st.columns([1, 1.9], gap="large")
    with rates_side:
        st.plotly_chart(
            plot_rates(rates_by_finding(drawn, wrong), "called rightly"),
            key="fails-drawn-rates",
            config=PLAIN,
        )
        st.caption("Of all parts of the set, with Wilson's intervals of 95 %.")
    if not wrong.any():
        films_side.info("None of these films is called wrongly.", icon=":material/check_circle:")
        return
    rows = np.flatnonzero(wrong)
    rows = rows[np.argsort(-np.abs(said.logit[rows]), kind="stable")]
    cards = [
        Card(
            key=str(said.films.film_id[row]),
            name=film_name(str(said.films.film_id[row])),
            probability=float(said.probability[row]),
            words=str(drawn[row]),
            quality="missed" if said.films.label[row] else "false alarm",
        )
        for row in rows
    ]
    with films_side:
        show_films(view, cards, SHEET, point)


def rates_by_finding(
    drawn: npt.NDArray[np.str_], wrong: npt.NDArray[np.bool_]
) -> list[tuple[str, Rate, bool]]:
    """Return for each finding how many of its films are called rightly, the worst first.

    Parameters
    ----------
    drawn : (N,) str ndarray
        What each film was drawn to show.
    wrong : (N,) bool ndarray
    """
    rates = {
        finding: wilson_rate(int((~wrong[drawn == finding]).sum()), int((drawn == finding).sum()))
        for finding in np.unique(drawn).tolist()
    }
    ordered = sorted(rates.items(), key=lambda one: (one[1].value, one[0]))
    return [(finding, rate, finding != "normal") for finding, rate in ordered]
