"""Films by runs: which films err together, one case in detail, and what a step fixes and breaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core.comparison.case_matrix import CaseMatrix, Step, find_step
from core.comparison.scored_films import ScoredFilms, is_of_site
from core.comparison.text import step_text
from core.domain.film import printable
from core.domain.rate import probability_text
from core.language.words import tr, trn
from core.library.film_codes import film_code, find_film
from ui.app.guard import PAGES
from ui.app.query_params import put
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.cases import plot_case, plot_cases
from ui.charts.runs import Style
from ui.components.cards.cards import Card, read_cards_event, show_cards
from ui.components.figures import draw_figures
from ui.components.plain_text import plain
from ui.library.blind_reads import awaits_blind_read, films_awaiting
from ui.library.films import add_pictures, label_and_subtype, label_in_words
from ui.library.runs import ALL_PARTS
from ui.runs.data import ComparedKey, ListedRuns, get_cases
from ui.runs.query import RunsView

MATRIX, STEP, CASE, FILM = "runs-matrix", "runs-step", "runs-case", "runs-film"
NO_CASE = ""
STEP_PX = 250


def find_case(visit: Visit, view: RunsView, scored: ScoredFilms) -> str | None:
    """Return the film that the address names, or None; say so if it is not to be shown here."""
    film_id = find_film(view.film, scored.films.film_id.tolist())
    if film_id is None:
        if view.film:
            st.warning(
                tr("The film {film} is not among the compared films.", film=plain(view.film[:40]))
            )
        return None
    awaited = awaits_blind_read(visit, scored.library, film_id)
    if awaited:
        st.info(awaited, icon=":material/visibility_off:")
    return None if awaited else film_id


def draw_cases(
    visit: Visit,
    view: RunsView,
    film_id: str | None,
    key: ComparedKey,
    listed: ListedRuns,
    scored: ScoredFilms,
    styles: dict[str, Style],
) -> None:
    """Draw the matrix, the case that is open if there is one, and the step between the pair.

    Films that await the visitor's blind read are in none of them.
    """
    awaiting = films_awaiting(visit, scored.library, scored.films.film_id.tolist())
    matrix = get_cases(key, listed)
    rows = [row for row in rows_drawn(matrix) if str(matrix.film_id[row]) not in awaiting]
    compared = len(scored.films)
    scored = scored.where(~np.isin(scored.films.film_id, list(awaiting)))
    if not rows:
        st.info(
            tr("None of these runs gets any of the {films} films wrong.", films=len(scored.films))
        )
        return
    draw_plot(
        plot_cases(matrix, rows, film_id or NO_CASE, styles),
        MATRIX,
        on_select=_take_cell,
        selection_mode="points",
        alt=tr("Films by runs; orange is wrong, grey is correct"),
    )
    st.caption(
        tr(
            "Each column is a film: orange where a run is wrong, grey where it is "
            "correct. Films that the same runs get wrong are grouped. {hidden} "
            "Click a cell to open the case as that run reads it.",
            hidden=_hidden_text(compared, len(scored.films), rows),
        )
    )
    case_side, step_side = st.columns([1, 1.15], gap="large")
    with case_side:
        film_ids = [str(matrix.film_id[row]) for row in rows]
        _draw_case(view, film_id or NO_CASE, scored, film_ids, styles)
    with step_side:
        if view.earlier:
            _draw_step(find_step(scored, view.earlier, view.later), scored)
        else:
            st.caption(tr("Tick a second run to see which errors it corrects and which it adds."))


def _hidden_text(compared: int, left: int, rows: Sequence[int]) -> str:
    """Return how many films are in no column, so that all counts add up."""
    text = tr("{films} films that every run gets right are not shown.", films=left - len(rows))
    if left == compared:
        return text
    others = trn(
        "Of the {compared} films compared, 1 awaits your first read: the columns, these counts "
        "and the step below leave such films out.",
        "Of the {compared} films compared, {n} await your first read: the columns, these counts "
        "and the step below leave such films out.",
        compared - left,
        compared=compared,
    )
    return f"{text} {others}"


def rows_drawn(matrix: CaseMatrix) -> list[int]:
    """Return the films that some run gets wrong, as they are to stand beside each other."""
    wrong = matrix.wrong_somewhere
    return [int(row) for row in matrix.film_order if wrong[row]]


def _take_cell() -> None:
    points = st.session_state[MATRIX]["selection"]["points"]
    if points:
        film_id, *_, run_id = points[0]["customdata"]
        _open_case(str(film_id), str(run_id))


def _open_case(film_id: str, run_id: str = "") -> None:
    put(film=film_code(film_id) if film_id else "", cell=run_id)


def _draw_case(
    view: RunsView,
    film_id: str,
    scored: ScoredFilms,
    film_ids: Sequence[str],
    styles: dict[str, Style],
) -> None:
    listed = [NO_CASE, *film_ids]
    if film_id not in listed:
        listed.append(film_id)  # one that every run gets right
    st.session_state[CASE] = film_id
    st.selectbox(
        tr("Case"),
        listed,
        format_func=lambda film_id: printable(_bare_name(film_id)) or tr("none open"),
        key=CASE,
        on_change=lambda: _open_case(st.session_state[CASE]),
        help=tr("Films that some run gets wrong, in the order of the columns above."),
    )
    if film_id == NO_CASE:
        st.caption(tr("No case is open: click a cell above, or choose a film here."))
        return
    place = int(np.flatnonzero(scored.films.film_id == film_id)[0])
    wrong = [run for run, ok in zip(scored.run_ids, scored.right[:, place], strict=True) if not ok]
    verdict = (
        tr("Wrong in {runs}.", runs=", ".join(wrong)) if wrong else tr("Every run gets it right.")
    )
    badge = f" :gray-badge[{tr('synthetic')}]" if scored.synthetic else ""
    label, subtype = label_and_subtype(scored.films, place)
    reference = (
        tr("Reference: **{label}**, {subtype}.", label=label, subtype=subtype)
        if subtype
        else tr("Reference: **{label}**.", label=label)
    )
    st.markdown(f"**{plain(printable(_bare_name(film_id)))}**{badge}  \n{reference} {verdict}")
    drawn = [styles[run_id] for run_id in scored.run_ids]
    probability, threshold = scored.probability[:, place].tolist(), scored.threshold.tolist()
    run_id = view.cell or view.later or scored.run_ids[0]
    film_side, runs_side = st.columns([1, 1.9], gap="small")
    with film_side:
        card = Card(key=film_id, words=label_in_words(scored.films, place))
        _draw_film(scored, card, gallery_address(scored, place, run_id))
    with runs_side:
        draw_plot(plot_case(probability, threshold, drawn), "runs-case-plot")
    st.page_link(
        PAGES["errors"][0],
        label=tr("Open the film in the error gallery of {run}", run=run_id),
        icon=":material/open_in_new:",
        query_params=gallery_address(scored, place, run_id),
    )


def _draw_film(scored: ScoredFilms, card: Card, address: dict[str, str]) -> None:
    """Draw the film's small picture, where the film is; it opens in the error gallery."""
    wish = read_cards_event(FILM)
    if wish is not None and wish.act == "open":
        st.switch_page(PAGES["errors"][0], query_params=address)
    pictured, lacking = add_pictures(scored.library, [card])
    if lacking:
        st.caption(plain(lacking))
    else:
        show_cards(pictured, key=FILM, threshold=None, keys=False, columns=1, label=tr("Open case"))


def _bare_name(film_id: str) -> str:
    return film_id.rsplit("/", 1)[-1]


def gallery_address(scored: ScoredFilms, place: int, run_id: str) -> dict[str, str]:
    """Return the query part of the error gallery's address of a case.

    Parameters
    ----------
    place : int
        Of the film.
    run_id : str
        The run whose error is looked at.
    """
    row = scored.run_ids.index(run_id)
    side = "p" if scored.called[row, place] else "n"
    right = "t" if scored.right[row, place] else "f"
    of_site = is_of_site(scored.part)
    return {
        "library": scored.library,
        "run": run_id,
        "split": ALL_PARTS if scored.synthetic or of_site else str(scored.films.split[place]),
        "threshold": repr(float(scored.threshold[row])),
        "cell": f"{right}{side}",
        "film": film_code(str(scored.films.film_id[place])),
    }


def _draw_step(step: Step, scored: ScoredFilms) -> None:
    st.markdown(step_text(step))
    lines = [
        {
            tr("Film"): printable(_bare_name(film_id)),
            tr("Change"): words,
            **{
                run: probability_text(
                    float(scored.probability[row, scored.films.film_id == film_id][0])
                )
                for run in (step.earlier, step.later)
                for row in [scored.run_ids.index(run)]
            },
        }
        for words, film_ids in (
            (tr("missed now"), step.missed_now),
            (tr("found now"), step.found_now),
            (tr("false alarm now"), step.alarmed_now),
            (tr("false alarm gone"), step.cleared_now),
        )
        for film_id in film_ids
    ]
    if not lines:
        return
    film_ids = [*step.missed_now, *step.found_now, *step.alarmed_now, *step.cleared_now]
    draw_figures(
        lines,
        height="content" if len(lines) <= 6 else STEP_PX,
        key=STEP,
        on_select=lambda: _take_step(film_ids),
        selection_mode="single-row",
        alt=tr("Films that the step fixes or breaks"),
    )
    st.caption(tr("Tick a film to open its case."))


def _take_step(film_ids: list[str]) -> None:
    places = st.session_state[STEP]["selection"]["rows"]
    if places:
        _open_case(film_ids[places[0]])
