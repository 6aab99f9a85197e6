"""What the error gallery draws from: runs on films, readers' notes, small pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.datasets.fetch import how_to_get_films
from core.datasets.nih_rsna import read_radiologist_boxes
from core.domain.mark import Mark
from core.error_analysis.filters import Known, Noted, films_wanted
from core.error_analysis.gallery import cell_of, films_in_cell, hold_back, order_films
from core.error_analysis.names import name_text
from core.error_analysis.notes import CaseNote, notes_by_film
from core.errors import FirstReadError
from core.language.current import ENGLISH, current_language, using
from core.language.words import msg, tr
from core.library.films import PublicLibrary, states_synthetic
from core.library.thumbnails import ThumbnailCache
from core.pipeline import draw_small_picture
from core.runs.predictions import FilmTable
from core.settings import get_settings
from core.store.notes import SqlCaseNotes
from ui.app.resources import get_database, get_library
from ui.app.session import get_visit
from ui.components.cards.cards import PICTURE_PX, Card, show_cards
from ui.components.plain_text import plain
from ui.components.viewer.viewer import TruthOutline
from ui.library.blind_reads import films_awaiting
from ui.library.copies import Copies, copies_of, film_name
from ui.library.gallery_query import ErrorView
from ui.library.runs import get_films, get_learned, get_predictions, get_runs, left_out_text

PICTURE_THREADS = 4
SUBTYPES = {"bacteria": msg("bacteria"), "virus": msg("virus")}


def get_case_notes() -> SqlCaseNotes:
    """Return readers' notes."""
    return SqlCaseNotes(get_database())


@st.cache_resource(show_spinner=False)
def _small_pictures() -> ThumbnailCache:
    folder = get_settings().cache / f"films-{PICTURE_PX}px"
    return ThumbnailCache(folder, partial(draw_small_picture, side_px=PICTURE_PX))


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The films of a view.

    Attributes
    ----------
    whole : ScoredFilms
        All films of the split, the run at the threshold of the view: what is counted.
    runs : ScoredFilms
        Those of them that the visitor need not read blind.
    film_ids : tuple of str
        Those of the cell that are wanted, in order, without those that are held back.
    in_cell : int
        Those of the cell, wanted or not, held back or not.
    known : Known
        Of the films of the split.
    awaiting : frozenset of str
        Films of the split that the visitor has yet to read blind: none of the films listed.
    """

    whole: ScoredFilms
    runs: ScoredFilms
    film_ids: tuple[str, ...]
    in_cell: int
    known: Known
    awaiting: frozenset[str] = frozenset()

    def place_of(self, film_id: str) -> int | None:
        """Return where a film stands in the order; None if it is not listed."""
        return self.film_ids.index(film_id) if film_id in self.film_ids else None


def find_films(view: ErrorView, notes: Sequence[CaseNote], known: Known) -> Found:
    """Return the films of a view, in its order, without those that are held back.

    Parameters
    ----------
    known : Known
        Of the films of the view's split.
    """
    runs = get_films(view.library, view.run, view.split)
    film_id, label, probability = runs.films.film_id, runs.films.label, runs.of_run(view.run)
    awaiting = films_awaiting(get_visit(), view.library, film_id.tolist())
    held = hold_back(film_id, probability, label, runs.threshold_of(view.run), awaiting)
    if view.threshold is not None:
        runs = runs.at(view.run, view.threshold)
    in_cell = films_in_cell(probability, label, runs.threshold_of(view.run), view.cell)
    wanted = films_wanted(runs, view.run, view.wanted, noted_by(notes), known)
    chosen = runs.where(in_cell & wanted & ~held)
    order = order_films(chosen, view.run, view.order)
    film_ids = tuple(chosen.films.film_id[order].tolist())
    shown = ~np.isin(film_id, list(awaiting))
    return Found(runs, runs.where(shown), film_ids, int(in_cell.sum()), known, awaiting)


def noted_by(notes: Sequence[CaseNote]) -> Noted:
    """Return which films the standing notes of a library speak of."""
    by_tag: dict[str, set[str]] = defaultdict(set)
    by_cause: dict[str, set[str]] = defaultdict(set)
    comments: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        for tag in note.tags:
            by_tag[tag].add(note.film_id)
        if note.cause:
            by_cause[note.cause].add(note.film_id)
        if note.comment:
            comments[note.film_id].append(note.comment)
    return Noted(by_tag, by_cause, comments)


def case_of(library: str, run: str, film_id: str) -> ErrorView | None:
    """Return the view of the gallery in which a film is open; None if the run has not read it."""
    for predictions in (get_predictions(library, run), get_learned(library, run)):
        rows = [] if predictions is None else np.flatnonzero(predictions.films.film_id == film_id)
        if len(rows):
            row = int(rows[0])
            threshold = get_runs()[run].operating_point.threshold
            cell = cell_of(
                float(predictions.probability[row]), int(predictions.films.label[row]), threshold
            )
            return ErrorView(
                library, run, str(predictions.films.split[row]), cell=cell, film=film_id
            )
    return None


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A film as a small PNG, and whether its file states that it was drawn."""

    png: bytes
    synthetic: bool


def is_synthetic(library: str, film_id: str) -> bool:
    """Return whether a film's file states that it is synthetic; False if the file is missing."""
    try:
        return states_synthetic(get_library(library).read_bytes(film_id))
    except FirstReadError:
        return False


@st.cache_resource(show_spinner=False)
def radiologist_boxes() -> dict[str, tuple[Mark, ...]]:
    """Return the boxes that radiologists drew on films of adults, by film.

    Raises
    ------
    DatasetError
        If the list of them is there and cannot be read.
    """
    return read_radiologist_boxes(get_settings().data)


def lesion_outlines(library: str, film_id: str) -> list[TruthOutline]:
    """Return what is known of where a lesion is, to compare regions or marks with.

    Of a synthetic film it is the lesion's outline, of an adult's the radiologist's boxes.
    """
    boxes = radiologist_boxes().get(film_id, ())
    mask = get_library(library).truth(film_id, "core")
    lesions = [TruthOutline("lesion", mask)] if mask is not None and mask.any() else []
    return [*(TruthOutline("box", box=box.edges) for box in boxes), *lesions]


def small_pictures(library: str, film_ids: Sequence[str]) -> tuple[dict[str, SmallPicture], str]:
    """Return the small pictures that can be had, and a sentence if one cannot."""
    draw = partial(_picture_of, copies_of(library), _small_pictures(), current_language())
    drawn = list(_together().map(draw, film_ids))
    pictures = {
        film_id: picture
        for film_id, picture in zip(film_ids, drawn, strict=True)
        if isinstance(picture, SmallPicture)
    }
    return pictures, next((one for one in drawn if isinstance(one, str)), "")


def _picture_of(
    copies: Copies, cache: ThumbnailCache, language: str, film_id: str
) -> SmallPicture | str:
    """Return a film's picture, or a sentence in a language that says why there is none."""
    with using(language):  # threads of no visit make the pictures
        try:
            copy, sides = copies.load(film_id)
            return SmallPicture(cache.get(copy.content, sides), states_synthetic(copy.content))
        except FirstReadError as exc:
            return str(exc)


def make_ahead(library: str, film_ids: Sequence[str]) -> None:
    """Make small pictures in the background, so that the next page has them on disk."""
    copies, cache = copies_of(library), _small_pictures()
    for film_id in film_ids:
        _ahead().submit(_picture_of, copies, cache, ENGLISH, film_id)


@st.cache_resource(show_spinner=False)
def _together() -> ThreadPoolExecutor:
    """Return the threads that make one page; decoding a film lets others run meanwhile."""
    return ThreadPoolExecutor(max_workers=PICTURE_THREADS, thread_name_prefix="first-read-page")


@st.cache_resource(show_spinner=False)
def _ahead() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="first-read-pictures")


def film_card(film_id: str, probability: float | None = None, **words: Any) -> Card:
    """Return a film as a card without its picture."""
    score = None if probability is None else float(probability)
    return Card(key=str(film_id), name=film_name(str(film_id)), probability=score, **words)


def add_pictures(library: str, cards: Sequence[Card]) -> tuple[list[Card], str]:
    """Return cards with their films' pictures, and a sentence if one is missing.

    Cards of films that await the visitor's blind read are left out.
    """
    awaiting = films_awaiting(get_visit(), library, [card.key for card in cards])
    cards = [card for card in cards if card.key not in awaiting]
    pictures, sentence = small_pictures(library, [card.key for card in cards])
    pictured = [
        replace(card, thumbnail_png=picture.png, synthetic=picture.synthetic) if picture else card
        for card, picture in ((card, pictures.get(card.key)) for card in cards)
    ]
    return pictured, sentence


def note_what_lacks(library: str) -> None:
    """Say which runs are left out; beside synthetic films how to get the public ones too."""
    left_out = left_out_text(library)
    if left_out:
        st.caption(plain(left_out))
    if not get_library(library).synthetic:
        return
    if not get_library(PublicLibrary.name).has_films:
        st.caption(how_to_get_films(get_settings().data))


def draw_cards(
    library: str, cards: Sequence[Card], *, key: str, threshold: float, **shown: Any
) -> None:
    """Draw cards with their films' pictures, and a sentence if one is missing."""
    pictured, sentence = add_pictures(library, cards)
    if sentence:
        st.caption(f":material/image_not_supported: {plain(sentence)}")
    show_cards(pictured, key=key, threshold=threshold, **shown)


def build_cards(
    view: ErrorView, found: Found, film_ids: Sequence[str], notes: Sequence[CaseNote]
) -> list[Card]:
    """Return films of a view as cards without their pictures."""
    noted, probability = notes_by_film(notes), found.runs.of_run(view.run)
    return [
        film_card(
            film_id,
            probability[place],
            words=label_in_words(found.runs.films, place),
            quality=quality_in_words(found.runs, place),
            tags=tuple(
                sorted({name_text(tag) for note in noted.get(film_id, ()) for tag in note.tags})
            ),
        )
        for film_id in film_ids
        for place in [found.runs.place_of(film_id)]
        if place is not None
    ]


def label_in_words(films: FilmTable, place: int) -> str:
    """Return the reference label and the subtype of a film."""
    return ", ".join(filter(None, label_and_subtype(films, place)))


def label_and_subtype(films: FilmTable, place: int) -> tuple[str, str]:
    """Return in words the reference label of a film, and its subtype or nothing."""
    subtype = str(films.subtype[place])
    label = tr("pneumonia") if films.label[place] else tr("normal")
    return label, tr(SUBTYPES.get(subtype, subtype)) if subtype else ""


def quality_in_words(runs: ScoredFilms, place: int) -> str:
    """Return what the file's grey levels are like."""
    films = runs.films
    return tr(
        "contrast {contrast:.2f}, sharpness {sharpness:.3f}",
        contrast=films.contrast[place],
        sharpness=films.sharpness[place],
    )


def size_in_words(runs: ScoredFilms, place: int) -> str:
    """Return the size of the original, as published."""
    height, width = runs.films.original_height_px[place], runs.films.original_width_px[place]
    return (
        tr("size not certain")
        if np.isnan(height + width)
        else tr("{width:.0f} x {height:.0f} px", width=width, height=height)
    )
