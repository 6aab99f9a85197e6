"""Doubtful labels, and films that occur twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from core.datasets.split import read_split
from core.domain.rate import interval_text
from core.error_analysis.duplicates import CopyGroup, group_copies
from core.error_analysis.label_issues import FOLDS, LabelIssues, read_issues
from core.settings import get_settings
from ui.app.resources import get_library
from ui.components.cards.cards import PAGE_FILMS
from ui.components.plain_text import plain
from ui.library.films import film_card
from ui.library.runs import get_predictions, get_runs
from ui.library.slices import get_facts
from ui.slices.controls import SlicesView, show_films

EVEN = 0.5
GROUPS_A_PAGE = 12
LABELS = {0: "normal", 1: "pneumonia"}
PART_WORDS = {
    "validation": "Validation films, which the network was not trained on",
    "train": "Training films, whose labels the network has seen",
}


def _needs_public(view: SlicesView) -> bool:
    """Say that a section is about the public films where others are looked at."""
    if not get_library(view.library).synthetic:
        return False
    st.info(
        "Synthetic films have no doubtful labels and no copies: choose the public film set above.",
        icon=":material/info:",
    )
    return True


# --- doubtful labels ------------------------------------------------------------------------------


def draw_labels(view: SlicesView) -> None:
    """Draw the films whose label the features contradict."""
    if _needs_public(view):
        return
    issues = read_issues(get_runs()[view.run])
    if issues is None:
        st.info(
            f"Run {view.run} has no label predictions from other patients' films. Compute "
            f"them with `python -m core features {view.run}` and "
            f"`python -m core label-issues {view.run}`.",
            icon=":material/info:",
        )
        return
    st.markdown(issues_text(issues))
    st.caption(limits_text(issues))
    for part, words in PART_WORDS.items():
        rows = [int(row) for row in issues.flagged if issues.split[row] == part]
        of_part = int((issues.split == part).sum())
        st.markdown(f"**{words}**: {len(rows)} of {of_part:,}")
        cards = [
            film_card(
                issues.film_id[row],
                issues.probability[row],
                heading=f"Rank {issues.rank[row]}",
                words=f"labelled {LABELS[int(issues.label[row])]}",
            )
            for row in rows[:PAGE_FILMS]
        ]
        show_films(view, cards, f"slices-labels-{part}", EVEN)
        if len(rows) > PAGE_FILMS:
            st.caption(f"The first {PAGE_FILMS} of {len(rows)}.")


def issues_text(issues: LabelIssues) -> str:
    """Return how many labels are flagged, and how that came about."""
    return (
        f"**{len(issues.flagged)} of {len(issues):,} labels** are contradicted by predictions from "
        f"other patients' films: a logistic regression on the run's features, {FOLDS} folds by "
        "patient. They are ranked by confident learning (cleanlab), the most doubtful first. Each "
        "film has its predicted probability of pneumonia; the mark on its scale is the "
        f"regression's own cut, {EVEN}. The list shows which labels to review, not which are wrong."
    )


def limits_text(issues: LabelIssues) -> str:
    """Return what the ranking can and cannot find."""
    found, right = issues.planted.found, issues.planted.right
    return (
        "The features come from a network that saw the labels of its training films: a wrong label "
        "that it memorised is not found. Check with 5 % of the validation labels swapped at "
        f"random: {interval_text(found)} of {found.n} swapped labels were flagged, and "
        f"{interval_text(right)} of the {right.n} flagged labels were swapped. Real errors are not "
        "random and are harder to find."
    )


# --- copies ---------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False)
def get_copies() -> tuple[CopyGroup, ...]:
    """Return the groups of films that occur more than once; raises DatasetError without a split."""
    split = read_split(get_settings().models / "split.json")
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    part_of = {film_id: part for part, film_ids in parts.items() for film_id in film_ids}
    return group_copies(get_facts()[0], part_of | dict.fromkeys(split.excluded, "left out"))


def draw_copies(view: SlicesView) -> None:
    """Draw what occurs twice: how many, where, and side by side."""
    if _needs_public(view):
        return
    sentence = get_facts()[1]
    if sentence:
        st.info(plain(sentence), icon=":material/info:")
        return
    groups = get_copies()
    st.markdown(copies_text(groups))
    st.caption(
        "Copies are found by a perceptual hash and the correlation of small pictures, after "
        "re-encoding, at half the size or with more contrast; a crop or a rotation is not found. "
        "`python -m core data check` looks for them again."
    )
    if not groups:
        return
    predictions = get_predictions(view.library, view.run)
    probability = dict(
        zip(predictions.films.film_id.tolist(), predictions.probability.tolist(), strict=True)
    )
    pages = -(-len(groups) // GROUPS_A_PAGE)
    page = 1
    if pages > 1:
        page = st.pagination(pages, key="slices-copies-page")
    first = (page - 1) * GROUPS_A_PAGE
    cards = [
        film_card(
            film_id,
            probability.get(film_id),
            heading=f"Group {number}, {group.kind}",
            words=PurePosixPath(film_id).parent.name.lower(),
            quality=f"in {' and '.join(sorted(group.parts))}",
        )
        for number, group in enumerate(groups[first : first + GROUPS_A_PAGE], first + 1)
        for film_id in group.film_ids
    ]
    show_films(view, cards, "slices-copies")
    if pages > 1:
        last = min(first + GROUPS_A_PAGE, len(groups))
        st.caption(f"Groups {first + 1} to {last} of {len(groups)}.")


def copies_text(groups: Sequence[CopyGroup]) -> str:
    """Return how many films occur more than once, and whether that matters."""
    across = sum(group.across for group in groups)
    contradicting = sum(group.contradicts for group in groups)
    near = sum(group.kind == "near" for group in groups)
    exact = len(groups) - near
    held = Counter(part for group in groups for part in group.parts)
    where = ", ".join(f"in {part}: {n}" for part, n in sorted(held.items()))
    films = sum(len(group.film_ids) for group in groups)
    return (
        f"**{len(groups)} groups of copies**, {films} films. Exact copies: {_groups(exact)}; near "
        f"copies: {_groups(near)} (groups with films {where or 'nowhere'}). {_groups(across)} "
        f"{'spans' if across == 1 else 'span'} training, validation and test; in "
        f"{_groups(contradicting)} copies have different labels."
    )


def _groups(n: int) -> str:
    return f"**{n}** {'group' if n == 1 else 'groups'}"
