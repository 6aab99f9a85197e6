"""Slices in which the run does worse: what was found, what was looked at, and the films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.domain.rate import Rate
from core.error_analysis.filters import Wanted
from core.error_analysis.gallery import Cell
from core.error_analysis.names import name_text
from core.error_analysis.slice_discovery import (
    HELD,
    LEAST_FILMS,
    SEARCHED,
    SIGNIFICANCE,
    TEST_WORDS,
    SliceResult,
    SliceSearch,
)
from core.error_analysis.slices import RULE, SPACE_WORDS
from core.language.numbers import number
from core.language.words import tr, trn
from core.stats.intervals import wilson_rate
from ui.app.guard import PAGES
from ui.app.query_params import put
from ui.app.resources import get_library
from ui.charts.base import draw_plot
from ui.charts.model_card import plot_rates
from ui.components.cards.cards import PAGE_FILMS, read_cards_event
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.library.films import (
    build_cards,
    draw_cards,
    film_card,
    find_films,
    note_what_lacks,
)
from ui.library.gallery_query import ErrorView, write_address
from ui.library.runs import get_predictions, get_runs, of_part
from ui.library.slices import find_known, get_search, missing_tables
from ui.slices.controls import SlicesView, show_films, split_words, split_words_inside

DRAWN_SHEET = "slices-drawn"


def draw_drawn(view: SlicesView) -> None:
    """Draw the rates by finding, and the films that the run gets wrong."""
    predictions = get_predictions(view.library, view.run)
    point = get_runs()[view.run].operating_point.threshold
    shows = get_library(view.library).findings()
    drawn = np.array([shows.get(one, "") for one in predictions.films.film_id.tolist()])
    wrong = (predictions.probability >= point) != (predictions.films.label == 1)
    st.markdown(
        tr(
            "Run {run} gets **{wrong} of {films} synthetic films** wrong. They are too few "
            "for a search over subgroups, which needs {least} films of a class "
            "inside a subgroup and outside. Instead, the finding of each film is known. "
            "These results do not apply to patients.",
            run=view.run,
            wrong=int(wrong.sum()),
            films=len(wrong),
            least=LEAST_FILMS,
        )
    )
    note_what_lacks(view.library)
    rates_side, films_side = st.columns([1, 1.9], gap="large")
    with rates_side:
        rates = [
            (name_text(finding), rate, ill) for finding, rate, ill in rates_by_finding(drawn, wrong)
        ]
        figure = plot_rates(rates, tr("called correctly"))
        draw_plot(figure, "slices-drawn-rates")
        st.caption(tr("Of all parts of the set, with Wilson's intervals of 95 %."))
    if not wrong.any():
        films_side.info(
            tr("The run gets none of these films wrong."), icon=":material/check_circle:"
        )
        return
    rows = np.flatnonzero(wrong)
    rows = rows[np.argsort(-np.abs(predictions.logit[rows]), kind="stable")]
    cards = [
        film_card(
            predictions.films.film_id[row],
            predictions.probability[row],
            words=name_text(str(drawn[row])),
            quality=tr("missed") if predictions.films.label[row] else tr("false alarm"),
        )
        for row in rows
    ]
    with films_side:
        show_films(view, cards, DRAWN_SHEET)


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


TABLE, EVERY, OPEN = "slices-found", "slices-every", "slices-slice"
WRONG = {"sensitivity": Cell.FALSE_NEGATIVE, "specificity": Cell.FALSE_POSITIVE}
SHEET = "slices-sheet-{split}"
TABLE_PX = 380


def draw_slices(view: SlicesView) -> None:
    """Draw the findings, one slice with its wrong films, and the whole search."""
    if get_library(view.library).synthetic:
        draw_drawn(view)
        return
    search = get_search(view.library, view.run)
    for sentence in missing_tables(view.library, view.run):
        st.caption(f":material/info: {plain(sentence)}")
    if not len(of_part(view.library, view.run, SEARCHED)):
        where = split_words_inside(view.library, view.run, SEARCHED)
        st.info(
            tr(
                "Run {run} has no films of the {where}, which are searched: import its "
                "predictions of them, or choose another run.",
                run=view.run,
                where=where,
            ),
            icon=":material/search_off:",
        )
        return
    if not search.results:
        st.info(
            tr(
                "No subgroup of these films holds {least} of a class and leaves "
                "{least} outside: there are too few films to look for where the "
                "run fails.",
                least=LEAST_FILMS,
            ),
            icon=":material/search_off:",
        )
        return
    st.markdown(search_text(search, view))
    if search.failing:
        _draw_found(search)
    _draw_open(view, search)
    with st.expander(tr("Subgroups tested, and how"), icon=":material/rule:"):
        _draw_every(view, search)


def search_text(search: SliceSearch, view: SlicesView) -> str:
    """Return in words how many slices were looked at and found, and what became of them."""
    looked, found = len(search.results), len(search.failing)
    where = split_words_inside(view.library, view.run, SEARCHED)
    if not found:
        return tr(
            "**None of {looked} tests** on the {where} finds a subgroup in which the run is worse "
            "than elsewhere (Holm-corrected p < {significance}). The smallest p value is shown.",
            looked=looked,
            where=where,
            significance=SIGNIFICANCE,
        )
    result = trn(
        "**{n} of {looked} tests** on the {where} finds a subgroup in which the run is worse than "
        "elsewhere (Holm-corrected p < {significance}).",
        "**{n} of {looked} tests** on the {where} find a subgroup in which the run is worse than "
        "elsewhere (Holm-corrected p < {significance}).",
        found,
        looked=looked,
        where=where,
        significance=SIGNIFICANCE,
    )
    return f"{result} {_confirmed_text(search, view)}"


def _confirmed_text(search: SliceSearch, view: SlicesView) -> str:
    """Return how many of the slices found are found again on the held films."""
    held, n = split_words_inside(view.library, view.run, HELD), search.n_confirmed
    few = len(search.failing) - len(search.confirmed)
    confirmed = (
        trn("{n} of them is confirmed", "{n} of them are confirmed", n)
        if n
        else tr("none of them is confirmed")
    )
    if not few:
        return tr(
            "On the {held}, which was not searched, **{confirmed}**.",
            held=held,
            confirmed=confirmed,
        )
    return trn(
        "On the {held}, which was not searched, **{confirmed}**; {n} has too few films there.",
        "On the {held}, which was not searched, **{confirmed}**; {n} have too few films there.",
        few,
        held=held,
        confirmed=confirmed,
    )


def _verdict(held: SliceResult | None) -> str:
    if held is None:
        return tr("fewer than {least} films", least=LEAST_FILMS)
    return tr("confirmed") if held.failing else tr("not confirmed")


def _p_text(p_value: float) -> str:
    return number(p_value, ".3f") if p_value >= 0.001 else f"< {number(0.001, '.3f')}"


def _equals(p_value: float) -> str:
    text = _p_text(p_value)
    return text if text.startswith("<") else f"= {text}"


def _row(search: SliceSearch, result: SliceResult, held: SliceResult | None) -> dict[str, object]:
    return {
        tr("Subgroup"): search.space.words_of(result.key),
        tr("Rate"): name_text(result.rate),
        tr("Wrong"): tr("{wrong} of {films}", wrong=result.wrong, films=result.inside.n),
        tr("In the subgroup"): result.inside,
        tr("Elsewhere"): result.outside,
        tr("Holm-corrected p"): _p_text(result.adjusted),
        tr("test: in the subgroup"): None if held is None else held.inside,
        tr("test: elsewhere"): None if held is None else held.outside,
        tr("Difference"): result.difference,
    }


def _draw_found(search: SliceSearch) -> None:
    found = search.failing
    rows = [
        {tr("On test"): _verdict(held)} | _row(search, result, held)
        for result in found
        for held in [search.confirmed.get((result.key, result.rate))]
    ]
    alt = tr("Subgroups in which the run is significantly worse; choose one to see its films")
    _draw_results(rows, found, TABLE, alt, "content" if len(rows) <= 8 else TABLE_PX)


def _draw_results(
    rows: list[dict[str, object]],
    results: Sequence[SliceResult],
    key: str,
    alt: str,
    height: int | str = TABLE_PX,
) -> None:
    """Draw slices as a table; the one that is chosen opens."""

    def take() -> None:
        places = st.session_state[key]["selection"]["rows"]
        if places:
            put(slice=results[places[0]].key, rate=results[places[0]].rate)

    draw_figures(
        rows,
        height=height,
        key=key,
        on_select=take,
        selection_mode="single-row",
        placeholder=tr("too few films"),
        alt=alt,
    )


def open_slice(view: SlicesView, search: SliceSearch) -> SliceResult:
    """Return the slice that is open: the one that is asked for, else that of the smallest p."""
    asked = [one for one in search.results if (one.key, one.rate) == (view.slice_key, view.rate)]
    return (asked or list(search.failing) or list(search.results))[0]


def _draw_open(view: SlicesView, search: SliceSearch) -> None:
    result = open_slice(view, search)
    if view.slice_key and result.key != view.slice_key:
        st.warning(
            tr(
                "The address names subgroup {subgroup!r}, which was not looked at for "
                "{rate}: the first of the list.",
                subgroup=view.slice_key[:60],
                rate=name_text(view.rate),
            ),
            icon=":material/link_off:",
        )
    choice_side, films_side = st.columns([1, 1.9], gap="large")
    with choice_side:
        st.session_state[OPEN] = (result.key, result.rate)
        st.selectbox(
            tr("Subgroup"),
            [(one.key, one.rate) for one in search.results],
            format_func=lambda one: f"{search.space.words_of(one[0])}: {name_text(one[1])}",
            key=OPEN,
            on_change=_take_open,
        )
        rates = _rates_of(view, search, result)
        draw_plot(plot_rates(rates, name_text(result.rate)), "slices-rates")
        st.caption(
            tr(
                "Filled: {subgroup}. Open: all other films of the class. Wilson's "
                "intervals. Searched: p {p_value} by Fisher's test, Holm-corrected p "
                "{adjusted} for {tests} tests.",
                subgroup=search.space.words_of(result.key),
                p_value=_equals(result.p_value),
                adjusted=_equals(result.adjusted),
                tests=len(search.results),
            )
        )
    with films_side:
        for split in (SEARCHED, HELD):
            draw_sheet(view, result, split)


def _take_open() -> None:
    key, rate = st.session_state[OPEN]
    put(slice=key, rate=rate)


def _rates_of(
    view: SlicesView, search: SliceSearch, result: SliceResult
) -> list[tuple[str, Rate, bool]]:
    held = search.elsewhere.get((result.key, result.rate))
    rows = []
    for split, one in ((SEARCHED, result), (HELD, held)):
        if one is not None:
            name = split_words(view.library, view.run, split)
            rows += [
                (name, one.inside, True),
                (tr("{split}, others", split=name), one.outside, False),
            ]
    return rows


def draw_sheet(view: SlicesView, result: SliceResult, split: str) -> None:
    """Draw the contact sheet of a slice's wrong films in one split."""
    wanted = Wanted(slice_key=result.key)
    gallery = ErrorView(view.library, view.run, split, cell=WRONG[result.rate], wanted=wanted)
    found = find_films(gallery, (), find_known(gallery))
    name, n = split_words(view.library, view.run, split), len(found.film_ids)
    words_side, link_side = st.columns([2.2, 1], vertical_alignment="center")
    words_side.markdown(
        tr("**{split}**: {n} missed in this subgroup", split=name, n=n)
        if result.rate == "sensitivity"
        else tr("**{split}**: {n} false alarms in this subgroup", split=name, n=n)
    )
    if not n:
        return
    link_side.page_link(
        PAGES["errors"][0],
        label=tr("Open in the error gallery"),
        icon=":material/grid_view:",
        query_params=write_address(gallery),
    )
    key = SHEET.format(split=split)
    wish = read_cards_event(key)
    if wish is not None and wish.act == "open":
        st.switch_page(
            PAGES["errors"][0], query_params=write_address(replace(gallery, film=wish.film))
        )
    cards = build_cards(gallery, found, found.film_ids[:PAGE_FILMS], ())
    threshold = found.runs.threshold_of(view.run)
    draw_cards(view.library, cards, key=key, threshold=threshold, keys=False)
    if n > PAGE_FILMS:
        st.caption(
            tr(
                "The first {shown} of {n}; all of them are in the gallery.",
                shown=PAGE_FILMS,
                n=n,
            )
        )


def _draw_every(view: SlicesView, search: SliceSearch) -> None:
    searched, held = (
        split_words_inside(view.library, view.run, split) for split in (SEARCHED, HELD)
    )
    tested = tr(
        "Tested on **{searched}** only: sensitivity and specificity in every subgroup by {by}; "
        "and in {rule}. A subgroup is tested if it has at least {least} films of the class and "
        "leaves {least} outside.",
        searched=searched,
        by=SPACE_WORDS,
        rule=RULE,
        least=LEAST_FILMS,
    )
    corrected = tr(
        "Here that is for {tests} tests. Subgroups found are tested again on the {held}, "
        "corrected for the number found.",
        tests=len(search.results),
        held=held,
    )
    st.markdown(f"{tested}  \n{tr(TEST_WORDS)} {corrected}")
    rows = [
        _row(search, result, held)
        | {
            tr("p, Fisher"): _p_text(result.p_value),
            tr("test: Holm-corrected p"): None if held is None else _p_text(held.adjusted),
        }
        for result in search.results
        for held in [search.elsewhere.get((result.key, result.rate))]
    ]
    _draw_results(rows, search.results, EVERY, tr("All tested subgroups"))
    st.caption(
        tr("Here the test columns are corrected for all subgroups that have enough films there.")
    )
