"""Doubtful labels, and films that occur twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

import streamlit as st

from core.datasets.split import read_split
from core.domain.rate import interval_text
from core.error_analysis.duplicates import CopyGroup, group_copies
from core.error_analysis.label_issues import FOLDS, LabelIssues, read_issues
from core.error_analysis.names import name_text
from core.language.words import msg, tr, trn
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
LABELS = {0: msg("normal"), 1: msg("pneumonia")}
PARTS = {
    "training": msg("training"),
    "validation": msg("validation"),
    "test": msg("test"),
    "left out": msg("left out"),
    "none": msg("none"),
}
"""What the parts of the data that copies are in are called."""
PART_WORDS = {
    "validation": msg("Validation films, which the network was not trained on"),
    "train": msg("Training films, whose labels the network has seen"),
}


def _needs_public(view: SlicesView) -> bool:
    """Say that a section is about the public films where others are looked at."""
    films = get_library(view.library)
    if films.learned_from:
        return False
    st.info(
        tr(
            "Synthetic films have no doubtful labels and no copies: choose the public "
            "film set above."
        )
        if films.synthetic
        else tr(
            "Labels of a site's films are not compared with features, and their copies are left "
            "out when the set is added. Choose the public film set above."
        ),
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
            tr(
                "Run {run} has no label predictions from other patients' films. Compute "
                "them with `python -m core features {run}` and `python -m core "
                "label-issues {run}`.",
                run=view.run,
            ),
            icon=":material/info:",
        )
        return
    st.markdown(issues_text(issues))
    st.caption(limits_text(issues))
    for part, words in PART_WORDS.items():
        rows = [int(row) for row in issues.flagged if issues.split[row] == part]
        of_part = int((issues.split == part).sum())
        shown = tr("{flagged} of {films:,}", flagged=len(rows), films=of_part)
        st.markdown(f"**{tr(words)}**: {shown}")
        cards = [
            film_card(
                issues.film_id[row],
                issues.probability[row],
                heading=tr("Rank {rank}", rank=issues.rank[row]),
                words=tr("labelled {label}", label=tr(LABELS[int(issues.label[row])])),
            )
            for row in rows[:PAGE_FILMS]
        ]
        show_films(view, cards, f"slices-labels-{part}", EVEN)
        if len(rows) > PAGE_FILMS:
            st.caption(tr("The first {shown} of {films}.", shown=PAGE_FILMS, films=len(rows)))


def issues_text(issues: LabelIssues) -> str:
    """Return how many labels are flagged, and how that came about."""
    return tr(
        "**{flagged} of {labels:,} labels** are contradicted by predictions from "
        "other patients' films: a logistic regression on the run's features, {folds} "
        "folds by patient. They are ranked by confident learning (cleanlab), the "
        "most doubtful first. Each film has its predicted probability of pneumonia; "
        "the mark on its scale is the regression's own cut, {cut}. The list shows "
        "which labels to review, not which are wrong.",
        flagged=len(issues.flagged),
        labels=len(issues),
        folds=FOLDS,
        cut=EVEN,
    )


def limits_text(issues: LabelIssues) -> str:
    """Return what the ranking can and cannot find."""
    found, right = issues.planted.found, issues.planted.right
    return tr(
        "The features come from a network that saw the labels of its training films: "
        "a wrong label that it memorised is not found. Check with 5 % of the "
        "validation labels swapped at random: {found} of {swapped} swapped labels "
        "were flagged, and {right} of the {flagged} flagged labels were "
        "swapped. Real errors are not random and are harder to find.",
        found=interval_text(found),
        swapped=found.n,
        right=interval_text(right),
        flagged=right.n,
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
        tr(
            "Copies are found by a perceptual hash and the correlation of small "
            "pictures, after re-encoding, at half the size or with more contrast; a crop "
            "or a rotation is not found. `python -m core data check` looks for them "
            "again."
        )
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
            heading=tr("Group {number}, {kind}", number=number, kind=name_text(group.kind)),
            words=name_text(PurePosixPath(film_id).parent.name.lower()),
            quality=_parts_text(group.parts),
        )
        for number, group in enumerate(groups[first : first + GROUPS_A_PAGE], first + 1)
        for film_id in group.film_ids
    ]
    show_films(view, cards, "slices-copies")
    if pages > 1:
        last = min(first + GROUPS_A_PAGE, len(groups))
        st.caption(
            tr("Groups {first} to {last} of {n}.", first=first + 1, last=last, n=len(groups))
        )


def copies_text(groups: Sequence[CopyGroup]) -> str:
    """Return how many films occur more than once, and whether that matters."""
    across = sum(group.across for group in groups)
    contradicting = sum(group.contradicts for group in groups)
    near = sum(group.kind == "near" for group in groups)
    exact = len(groups) - near
    held = Counter(part for group in groups for part in group.parts)
    where = ", ".join(
        tr("in {part}: {n}", part=tr(PARTS[part]), n=n) for part, n in sorted(held.items())
    )
    found = tr(
        "**{groups} groups of copies**, {films} films. Exact copies: {exact}; near copies: {near} "
        "(groups with films {where}).",
        groups=len(groups),
        films=sum(len(group.film_ids) for group in groups),
        exact=_groups(exact),
        near=_groups(near),
        where=where or tr("nowhere"),
    )
    matters = trn(
        "**{n}** group spans training, validation and test; in {contradicting} copies have "
        "different labels.",
        "**{n}** groups span training, validation and test; in {contradicting} copies have "
        "different labels.",
        across,
        contradicting=_groups(contradicting),
    )
    return f"{found} {matters}"


def _groups(n: int) -> str:
    return trn("**{n}** group", "**{n}** groups", n)


def _parts_text(parts: Collection[str]) -> str:
    """Return in which parts of the data copies are."""
    first, *others = (tr(PARTS[part]) for part in sorted(parts))
    for other in others:
        first = tr("{first} and {second}", first=first, second=other)
    return tr("in {parts}", parts=first)
