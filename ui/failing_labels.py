"""Doubtful labels, films that occur twice, and one set of films under two references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
import streamlit as st

from core.dataset_split import read_split
from core.error_gallery import Cell, cell_of
from core.film_facts import NORMAL, FilmFacts
from core.label_copies import CopyGroup, group_copies
from core.label_issues import FOLDS, LabelIssues, read_issues
from core.label_noise import (
    PNEUMONIA,
    READINGS,
    ReferenceRates,
    ReportedFilms,
    compare_labels,
    rates_by_reference,
)
from core.settings import get_settings
from ui.cards import PAGE_FILMS, Card, hear_cards, show_cards
from ui.charts_slices import plot_rates
from ui.error_films import film_name, get_predictions, get_runs, small_pictures
from ui.error_link import ErrorView, write_address
from ui.failing_data import get_facts
from ui.failing_link import FailsView
from ui.failing_slices import PLAIN, say_rate
from ui.guard import PAGES
from ui.resources import get_libraries

PUBLIC, ADULTS = "public", "nih"
EVEN = 0.5
PAIRS_SHOWN = 12
LABELS = {0: "normal", 1: "pneumonia"}
PART_WORDS = {
    "validation": "Validation films, which the network was not trained on",
    "train": "Training films, whose labels the network has seen",
}


def _needs_public(view: FailsView) -> bool:
    """Say that a section is about the public films where others are looked at."""
    if not get_libraries()[view.library].synthetic:
        return False
    st.info(
        "Synthetic films have no doubtful labels and no copies: choose the public film set above.",
        icon=":material/info:",
    )
    return True


def show_films(
    view: FailsView, film_ids: Sequence[str], cards: Sequence[Card], key: str, threshold: float
) -> None:
    """Draw cards with their pictures; one that is clicked opens in the error gallery."""
    wish = hear_cards(key)
    if wish is not None and wish.act == "open":
        _open_case(view, wish.film)
    pictures, sentence = small_pictures(view.library, film_ids)
    if sentence:
        st.caption(f":material/image_not_supported: {sentence}")
    drawn = [
        Card(
            key=card.key,
            thumbnail_png=pictures.get(card.key),
            heading=card.heading,
            name=card.name,
            probability=card.probability,
            words=card.words,
            quality=card.quality,
        )
        for card in cards
    ]
    show_cards(drawn, key=key, threshold=threshold, keys=False)


def _open_case(view: FailsView, film_id: str) -> None:
    said = get_predictions(view.library, view.run)
    rows = np.flatnonzero(said.films.film_id == film_id)
    if not len(rows):
        st.toast("No run is measured on its own training films: there is no case to open.")
        return
    row = int(rows[0])
    threshold = get_runs()[view.run].operating_point.threshold
    cell = cell_of(float(said.probability[row]), int(said.films.label[row]), threshold)
    address = ErrorView(
        view.library, view.run, str(said.films.split[row]), cell=Cell(cell), film=film_id
    )
    st.switch_page(PAGES["errors"][0], query_params=write_address(address))


# --- doubtful labels ------------------------------------------------------------------------------


def draw_labels(view: FailsView) -> None:
    """Draw the films whose label their features speak against."""
    if _needs_public(view):
        return
    issues = read_issues(get_runs()[view.run])
    if issues is None:
        st.info(
            f"Run {view.run} has no predictions of its labels from other patients' films. Make "
            f"them with `python -m core features {view.run}` and "
            f"`python -m core label-issues {view.run}`.",
            icon=":material/info:",
        )
        return
    st.markdown(say_issues(issues))
    st.caption(say_limits(issues))
    for part, words in PART_WORDS.items():
        _draw_issues(view, issues, part, words)


def say_issues(issues: LabelIssues) -> str:
    """Return how many labels are flagged, and how that came about."""
    return (
        f"**{len(issues.flagged)} of {len(issues):,} labels** are contradicted by predictions from "
        f"other patients' films: a logistic regression on the run's features, {FOLDS} folds by "
        "patient, ranked by confident learning (cleanlab), the most doubtful first. Beside each "
        "film stands the predicted probability of pneumonia. It says where to look again, and "
        "nothing of what is true."
    )


def say_limits(issues: LabelIssues) -> str:
    """Return what the ranking can and cannot find."""
    found, right = issues.planted.found, issues.planted.right
    return (
        "The features come from a network that saw the labels of its training films: a wrong label "
        "that it learned by heart is not found. Labels exchanged at random (5 %) are: "
        f"{say_rate(found)} of {found.n} exchanged ones of validation films were flagged, and "
        f"{say_rate(right)} of the {right.n} flagged were exchanged. Real errors are not random, "
        "and harder to find."
    )


def _draw_issues(view: FailsView, issues: LabelIssues, part: str, words: str) -> None:
    rows = [int(row) for row in issues.flagged if issues.split[row] == part]
    of_part = int((issues.split == part).sum())
    st.markdown(f"**{words}**: {len(rows)} of {of_part:,}")
    cards = [
        Card(
            key=str(issues.film_id[row]),
            heading=f"Rank {issues.rank[row]}",
            name=film_name(str(issues.film_id[row])),
            probability=float(issues.probability[row]),
            words=f"labelled {LABELS[int(issues.label[row])]}",
        )
        for row in rows[:PAGE_FILMS]
    ]
    show_films(view, [card.key for card in cards], cards, f"fails-labels-{part}", EVEN)
    if len(rows) > PAGE_FILMS:
        st.caption(f"The first {PAGE_FILMS} of {len(rows)}.")


# --- copies ---------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def get_copies() -> tuple[CopyGroup, ...]:
    """Return the groups of films that occur more than once; raises DatasetError without a split."""
    split = read_split(get_settings().models / "split.json")
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    part_of = {film_id: part for part, film_ids in parts.items() for film_id in film_ids}
    return group_copies(get_facts()[0], part_of | dict.fromkeys(split.excluded, "left out"))


def draw_copies(view: FailsView) -> None:
    """Draw what occurs twice: how many, where, and side by side."""
    if _needs_public(view):
        return
    sentence = get_facts()[1]
    if sentence:
        st.info(sentence, icon=":material/info:")
        return
    groups = get_copies()
    st.markdown(say_copies(groups))
    st.caption(
        "Copies are found by a perceptual hash and the correlation of small pictures, after "
        "re-encoding, at half the size or with more contrast; a crop or a rotation is not found. "
        "`python -m core data check` looks for them again."
    )
    if not groups:
        return
    probability = _probabilities(view, [one for group in groups for one in group.film_ids])
    cards = [
        _copy_card(group, film_id, place + 1, probability)
        for place, group in enumerate(groups[:PAIRS_SHOWN])
        for film_id in group.film_ids
    ]
    point = get_runs()[view.run].operating_point.threshold
    show_films(view, [card.key for card in cards], cards, "fails-copies", point)
    if len(groups) > PAIRS_SHOWN:
        st.caption(f"The first {PAIRS_SHOWN} of {len(groups)} groups.")


def say_copies(groups: Sequence[CopyGroup]) -> str:
    """Return how many films occur more than once, and whether that matters."""
    across = sum(group.across for group in groups)
    contradicting = sum(group.contradicts for group in groups)
    near = sum(group.kind == "near" for group in groups)
    held = Counter(part for group in groups for part in group.parts)
    where = ", ".join(f"{n} in {part}" for part, n in sorted(held.items()))
    films = sum(len(group.film_ids) for group in groups)
    return (
        f"**{len(groups)} groups of copies**, {films} films: {len(groups) - near} of exact copies, "
        f"{near} of near ones ({where or 'none'}). **{across}** reach across training, validation "
        f"and test; in **{contradicting}** copies have different labels."
    )


def _probabilities(view: FailsView, film_ids: Sequence[str]) -> dict[str, float]:
    said = get_predictions(view.library, view.run)
    chosen = said.where(np.isin(said.films.film_id, film_ids))
    return dict(zip(chosen.films.film_id.tolist(), chosen.probability.tolist(), strict=True))


def _copy_card(group: CopyGroup, film_id: str, number: int, probability: dict[str, float]) -> Card:
    return Card(
        key=film_id,
        heading=f"Group {number}, {group.kind}",
        name=film_name(film_id),
        probability=probability.get(film_id),
        words=PurePosixPath(film_id).parent.name.lower(),
        quality=f"in {' and '.join(sorted(group.parts))}",
    )


# --- two references -------------------------------------------------------------------------------


def draw_references(view: FailsView) -> None:
    """Draw the adults' films under text-mined labels and under radiologists' reads."""
    facts, sentence = get_facts()
    if sentence:
        st.info(sentence, icon=":material/info:")
        return
    reported = compare_labels(facts)
    st.markdown(say_reported(reported))
    st.caption(
        "Adults' films of another hospital (NIH ChestX-ray14): outside the population that the "
        "runs learned from. Text-mined: a program took the label from the written report. "
        "Radiologists: of the RSNA, who saw the film. Intervals are over patients (bootstrap)."
    )
    table_side, plot_side = st.columns([1, 1.25], gap="large")
    with table_side:
        st.dataframe(
            [
                {"Text-mined label": one.text_mined.capitalize()}
                | {said: say_rate(one.readings[said]) for said in READINGS}
                | {"Films": one.readings[NORMAL].n}
                for one in reported
            ],
            hide_index=True,
            width="stretch",
            alt="What radiologists said of films by their text-mined label",
        )
    if get_libraries()[view.library].synthetic:
        st.info("Choose the public film set above to see what it does to a run.")
        return
    known, probability = _read_adults(view, facts)
    if not len(known):
        st.info(f"Run {view.run} was not measured on the adults' films.")
        return
    rates = rates_by_reference(probability, known, get_runs()[view.run].operating_point.threshold)
    with table_side:
        st.markdown(say_reference_change(view.run, rates))
    with plot_side:
        for name in ("sensitivity", "specificity"):
            rows = [(one.words, getattr(one, name), place == 0) for place, one in enumerate(rates)]
            st.plotly_chart(
                plot_rates(rows, f"{name} of run {view.run}"),
                key=f"fails-reference-{name}",
                config=PLAIN,
            )
    _draw_read_as_normal(view, known, probability)


def say_reported(reported: Sequence[ReportedFilms]) -> str:
    """Return how many films with the text-mined label radiologists read as normal."""
    rate = next(one.readings[NORMAL] for one in reported if one.text_mined == PNEUMONIA)
    return (
        f"**{round(rate.value * rate.n)} of {rate.n} films labelled “Pneumonia”** by text mining "
        f"were read as normal by radiologists: {say_rate(rate)}."
    )


def say_reference_change(run: str, rates: Sequence[ReferenceRates]) -> str:
    """Return what another reference does to a run's sensitivity."""
    radiologists, mined = rates[0], rates[1]
    return (
        f"The same {radiologists.n} films and the same decisions of run {run}: against "
        f"radiologists its sensitivity is **{say_rate(radiologists.sensitivity)}** (n "
        f"{radiologists.ill}), against text-mined labels **{say_rate(mined.sensitivity)}** (n "
        f"{mined.ill}). What a run is held against decides what it seems to be worth."
    )


def _read_adults(view: FailsView, facts: FilmFacts) -> tuple[FilmFacts, np.ndarray]:
    """Return the adults' films with both labels, and what the run said of them."""
    said = get_predictions(view.library, view.run).of_split(ADULTS)
    by_id = dict(zip(said.films.film_id.tolist(), said.probability.tolist(), strict=True))
    both = (facts.text_mined != "") & (facts.radiologists != "")
    known = facts.where(both & np.isin(facts.film_id, said.films.film_id))
    return known, np.array([by_id[film_id] for film_id in known.film_id.tolist()])


def _draw_read_as_normal(view: FailsView, facts: FilmFacts, probability: np.ndarray) -> None:
    rows = np.flatnonzero((facts.text_mined == PNEUMONIA) & (facts.radiologists == NORMAL))
    rows = rows[np.argsort(-probability[rows], kind="stable")][:PAGE_FILMS]
    st.markdown("**Labelled “Pneumonia” by text mining, read as normal by radiologists**")
    cards = [
        Card(
            key=str(facts.film_id[row]),
            name=film_name(str(facts.film_id[row])),
            probability=float(probability[row]),
            words="read as normal",
            quality=str(facts.age_band[row]),
        )
        for row in rows
    ]
    point = get_runs()[view.run].operating_point.threshold
    show_films(view, [card.key for card in cards], cards, "fails-adults", point)
