"""One film of the gallery: large, with its regions, every run's probability, and its contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from core.domain.model import RunRecord
from core.domain.rate import probability_text
from core.error_analysis.gallery import cell_of
from core.error_analysis.names import QUICK_TAG, name_text
from core.error_analysis.notes import CaseNote
from core.errors import FirstReadError
from core.evaluation.film_number import share_text
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.jobs.explanations import ExplanationTask
from core.language.words import msg, tr
from ui.app.explanations import request_explanation, usual_settings
from ui.app.progress import follow
from ui.app.query_params import YES, as_text, put
from ui.app.region_panel import draw_region_panel, overlay_of
from ui.app.resources import get_film_view, get_library
from ui.app.session import Visit
from ui.charts.base import draw_plot, plot_probabilities
from ui.components.cards.cards import PAGE_FILMS, read_cards_event, show_cards
from ui.components.plain_text import plain
from ui.components.viewer.viewer import show_film
from ui.errors.controls import CELLS, ONE_OF, film_learned_text, looks_around
from ui.errors.gallery import turn_quick_tag
from ui.errors.neighbours import (
    Nearest,
    draw_neighbours,
    find_nearest,
    follow_neighbours_event,
    known_features,
    reading_for,
)
from ui.errors.note_form import draw_case_form
from ui.errors.open_case import CaseContext
from ui.library.blind_reads import awaits_blind_read
from ui.library.copies import copy_text, draw_why_other, film_name, load_film
from ui.library.films import (
    Found,
    add_pictures,
    build_cards,
    is_synthetic,
    label_in_words,
    lesion_outlines,
    quality_in_words,
    size_in_words,
)
from ui.library.gallery_query import GALLERY, ErrorView
from ui.library.runs import get_engine_of, get_runs
from ui.regions.address import address_of

VIEW_HEIGHT = "var(--fr-view)"
CONTRASTS = "errors-contrasts"
BESIDE_KEY = "case-beside-choice"
FIND_KEY = "o"
"""Until the regions are on the film: then the film's own key shows and hides them."""


def _page_keys(*, find: bool = False) -> tuple[tuple[str, str], ...]:
    """Return the keys of the page; ``find`` where one finds the regions."""
    keys = (
        ("j k", tr("Next, previous film of the gallery")),
        ("g", tr("Back to the gallery")),
        ("t", tr("Add or remove the tag “{tag}”", tag=name_text(QUICK_TAG))),
    )
    return (*keys, (FIND_KEY, tr("Find the regions that the score depends on"))) if find else keys


def follow_case_event(view: ErrorView) -> ErrorView:
    """Return the view that follows from a click on a contrast or a neighbour."""
    wish, view = read_cards_event(CONTRASTS), follow_neighbours_event(view)
    return view if wish is None or wish.act != "open" else replace(view, film=wish.film)


def draw_case(visit: Visit, view: ErrorView, found: Found, notes: Sequence[CaseNote]) -> None:
    """Draw the open film, what is like it, and the reader's side."""
    film_id = view.film or ""
    awaited = awaits_blind_read(visit, view.library, film_id)
    if awaited:
        st.info(awaited, icon=":material/visibility_off:")
        st.button(tr("Gallery"), on_click=lambda: put(film=""), key="case-awaited")
        return
    place = found.runs.place_of(film_id)
    if place is None:
        return
    case = CaseContext(visit, view, found, notes, film_id, place)
    visit.last_film = film_id
    features = known_features(view.library, view.run, looks_around(view))
    nearest = find_nearest(case.runs, view.run, case.place, features)
    list_side, film_side, read_side = st.columns([1.0, 3.5, 1.35], gap="small")
    neighbours_side = st.container()
    with list_side:
        draw_navigation(case)
        draw_contrasts(case, nearest)
    with film_side:
        task = draw_films(case, nearest)
    with read_side:
        draw_head(case)
        draw_regions_button(view)
        follow(visit, task, reading_for(view))
        if task is not None:
            engine = get_engine_of(view.run)
            address = address_of(view.library, film_id, view.run, visit.way)
            draw_region_panel(visit, film_id, task, engine, address, of_others=case.of_adult)
        draw_case_form(case)
        draw_runs(case)
    with neighbours_side:
        draw_neighbours(case)


def draw_navigation(case: CaseContext) -> None:
    """Draw the way back, to the next and to the previous film."""
    visit, view, film_ids = case.visit, case.view, case.found.film_ids
    place, last = case.found.place_of(case.film_id), len(film_ids) - 1
    outside = place is None
    left, right = st.columns(2, gap="small")
    if left.button(tr("Gallery"), shortcut="g", width="stretch"):
        page = view.page if outside else 1 + place // PAGE_FILMS
        _go(visit, replace(view, film=None, page=page))
    if right.button(
        tr("Tag"),
        shortcut="t",
        width="stretch",
        help=tr("“{tag}”, on or off", tag=name_text(QUICK_TAG)),
    ):
        turn_quick_tag(visit, view, case.film_id)
        st.rerun()
    if left.button(tr("Prev"), shortcut="k", width="stretch", disabled=outside or place == 0):
        _go(visit, replace(view, film=film_ids[place - 1]))
    if right.button(tr("Next"), shortcut="j", width="stretch", disabled=outside or place == last):
        _go(visit, replace(view, film=film_ids[place + 1]))
    where = (
        tr("Not in the list")
        if place is None
        else tr("{place} of {films}", place=place + 1, films=last + 1)
    )
    cell = tr(CELLS[view.cell])
    st.caption(tr("{where} · {cell}, run {run}", where=where, cell=cell, run=view.run))


def _go(visit: Visit, view: ErrorView) -> None:
    visit.complaint = ""
    GALLERY.go_to(view)
    st.rerun()


_NEAREST = {
    (True, True): msg("Nearest in the run's feature space:"),
    (True, False): msg("Nearest in the run's feature space, of other patients:"),
    (False, True): msg("Nearest by the run's probability only:"),
    (False, False): msg("Nearest by the run's probability only, of other patients:"),
}
"""By whether they are near in the feature space, and whether the film is synthetic."""


def draw_contrasts(case: CaseContext, nearest: Nearest) -> None:
    """Draw the nearest films that the run calls correctly, and the control that compares one."""
    view = case.view
    cards = build_cards(view, case.found, list(nearest.films.values()), case.notes)
    headed = [
        replace(card, heading=tr("Nearest {cell}", cell=tr(ONE_OF[cell])))
        for cell, card in zip(nearest.films, cards, strict=True)
    ]
    cards, _ = add_pictures(view.library, headed)
    threshold = case.runs.threshold_of(view.run)
    alone = is_synthetic(view.library, case.film_id)
    st.caption(tr(_NEAREST[nearest.by_features, alone]))
    show_cards(cards, key=CONTRASTS, threshold=threshold, keys=False, columns=1)
    st.session_state[BESIDE_KEY] = view.beside if view.beside in nearest.films else None
    st.segmented_control(
        tr("Beside the film"),
        list(nearest.films),
        format_func=lambda cell: tr(ONE_OF[cell]).capitalize(),
        key=BESIDE_KEY,
        on_change=lambda: put(beside=as_text(st.session_state[BESIDE_KEY])),
        help=tr("Shows it beside the open film at the same size; the keys move both."),
    )


def draw_films(case: CaseContext, nearest: Nearest) -> ExplanationTask | None:
    """Draw the film, and beside it the one that is asked for."""
    view = case.view
    other = None if view.beside is None else nearest.films.get(view.beside)
    if view.beside is None or other is None:
        return draw_film(case)
    open_side, other_side = st.columns(2, gap="small")
    with open_side:
        task = draw_film(case)
    with other_side:
        try:
            show_film(
                get_film_view(load_film(view.library, other)),
                key="case-beside",
                height=VIEW_HEIGHT,
                page_keys=_page_keys(),
            )
        except FirstReadError as exc:
            st.info(plain(str(exc)), icon=":material/image_not_supported:")
    open_side.caption(plain(film_name(case.film_id)))
    beside = tr(ONE_OF[view.beside])
    other_side.caption(f"{plain(film_name(other))}: {beside}")
    return task


def draw_film(case: CaseContext) -> ExplanationTask | None:
    """Draw the film, with its regions once they are asked for."""
    view = case.view
    try:
        film = load_film(view.library, case.film_id)
        shown = get_film_view(film)
    except FirstReadError as exc:
        st.info(plain(str(exc)), icon=":material/image_not_supported:")
        return None
    asked = view.regions and not get_runs()[view.run].foreign
    settings = usual_settings(case.visit.way)
    task = request_explanation(film, get_engine_of(view.run), settings=settings) if asked else None
    case.visit.wait_for(task)
    explanation = None if task is None else task.result
    show_film(
        shown,
        regions=overlay_of(case.visit, case.film_id, explanation, of_others=case.of_adult),
        key="case-viewer",
        height=VIEW_HEIGHT,
        page_keys=_page_keys(find=not asked),
        truths=lesion_outlines(view.library, case.film_id) if view.regions else (),
    )
    return task


def draw_head(case: CaseContext) -> None:
    """Say what is known of the film, and what the run said."""
    view, runs, place = case.view, case.runs, case.place
    probability, label = float(runs.of_run(view.run)[place]), int(runs.films.label[place])
    cell = cell_of(probability, label, runs.threshold_of(view.run))
    badge = f" :gray-badge[{tr('synthetic')}]" if is_synthetic(view.library, case.film_id) else ""
    shows = name_text(get_library(view.library).findings().get(case.film_id, ""))
    kind = copy_text(view.library, case.film_id)
    label = tr("labelled {label}", label=label_in_words(runs.films, place))
    about = [_probability_text(probability, get_runs()[view.run]), label]
    if shows:
        about.append(tr("synthetic finding: {finding}", finding=shows))
    measured = f"{quality_in_words(runs, place)}, {size_in_words(runs, place)}"
    shown = tr("; shown: {kind}", kind=kind) if kind else ""
    st.markdown(
        f"**{plain(film_name(case.film_id))}**{badge} · {tr(ONE_OF[cell])}  \n"
        f"{' · '.join(about)}  \n:small[{measured}{shown}]"
    )
    draw_why_other(view.library, case.film_id, view.run, probability)


def _probability_text(probability: float, run: RunRecord) -> str:
    """Return a probability, and at which share of pneumonia it holds if that is known."""
    share, text = assumed_prevalence(run), probability_text(probability)
    if share is None:
        return tr("Probability {probability}", probability=text)
    return tr(
        "Probability {probability} where {share} of the films show pneumonia",
        probability=text,
        share=share_text(share),
    )


def draw_runs(case: CaseContext) -> None:
    """Draw what every run said of the film, on one axis."""
    view, runs, place = case.view, case.runs, case.place
    probability, threshold = runs.probability[:, place].tolist(), runs.threshold.tolist()
    figure = plot_probabilities(runs.run_ids, probability, threshold, chosen=view.run)
    draw_plot(figure, "case-probabilities")
    learned = film_learned_text(view, runs, place)
    if learned:
        st.caption(learned)


def draw_regions_button(view: ErrorView) -> None:
    """Draw what shows the regions and hides them, or say why there are none."""
    if get_runs()[view.run].foreign:
        st.caption(tr("No regions: only the predictions of this run were imported."))
        return
    st.button(
        tr("Hide the regions") if view.regions else tr("Find the regions the score depends on"),
        icon=":material/blur_on:",
        shortcut=None if view.regions else FIND_KEY,
        width="stretch",
        key="case-explain",
        on_click=lambda: put(regions="" if st.query_params.get("regions") == YES else YES),
    )
