"""The file of a library's film that is shown: its proportions, what it is, how a run reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import streamlit as st

from core.datasets.copies import SQUARE_COPY
from core.domain.film import printable
from core.domain.rate import probability_text
from core.errors import FirstReadError
from core.inference.litert import predict_film
from core.jobs.batch import UploadedFilm
from core.language.words import msg, tr
from core.library.films import FilmCopy, FilmLibrary, PublicLibrary
from ui.app.resources import get_input, get_library
from ui.components.plain_text import plain
from ui.library.runs import (
    KEPT_TABLES,
    get_engine_of,
    get_learned,
    get_predictions,
    get_runs,
    identity_of,
    offered_runs,
)

_FILE = msg("file")
Sides = tuple[float, float]
"""Height and width in px."""


@dataclass(frozen=True, slots=True)
class Copies:
    """A library's files as they are shown; threads without a page may ask for them too.

    Attributes
    ----------
    sides : mapping
        Of each film as it was published, as far as that is certain.
    """

    films: FilmLibrary
    sides: Mapping[str, Sides]

    def load(self, film_id: str) -> tuple[FilmCopy, Sides | None]:
        """Return the largest file of a film, and the sides that a square file had before.

        Raises
        ------
        DatasetError
            If the film is not there.
        """
        copy = self.films.read_shown(film_id)
        return copy, self.sides.get(film_id) if copy.square else None


def copies_of(library: str) -> Copies:
    """Return the files of a library."""
    films = get_library(library)
    run = next(iter(offered_runs(library)), None) if isinstance(films, PublicLibrary) else None
    return Copies(films, {} if run is None else _sides(library, identity_of(library, run)))


@st.cache_resource(show_spinner=False, max_entries=KEPT_TABLES)
def _sides(library: str, identity: tuple[str, ...]) -> dict[str, Sides]:
    found: dict[str, Sides] = {}
    for read in (get_predictions, get_learned):
        try:
            table = read(library, identity[0])
        except FirstReadError:  # a damaged table says so where its run is chosen
            continue
        if table is not None:
            films = table.films
            sides = np.stack([films.original_height_px, films.original_width_px], axis=1)
            rows = zip(films.film_id.tolist(), sides.tolist(), strict=True)
            found |= {film: (high, wide) for film, (high, wide) in rows if high > 0 and wide > 0}
    return found


def load_film(library: str, film_id: str) -> UploadedFilm:
    """Return the largest file of a film as if it had been uploaded, in the film's proportions.

    Raises
    ------
    DatasetError
        If its file is not there.
    """
    copy, sides = copies_of(library).load(film_id)
    sha256 = hashlib.sha256(copy.content).hexdigest()
    return UploadedFilm(sha256, film_name(film_id), copy.content, original_px=sides)


def film_name(film_id: str) -> str:
    """Return what a film is called: its file's name without the ending, to be shown."""
    return printable(PurePosixPath(film_id).stem)


def copy_text(library: str, film_id: str) -> str:
    """Return in words which file of a film is shown; empty where there is only one."""
    try:
        copy, sides = copies_of(library).load(film_id)
    except FirstReadError:
        return ""
    kind = tr(copy.kind)
    return tr("{kind}, proportions not known", kind=kind) if copy.square and sides is None else kind


def draw_why_other(library: str, film_id: str, run: str, kept: float) -> None:
    """Say why the Worklist gives the film that is shown another probability than is kept.

    Parameters
    ----------
    kept : float
        What the run said of the film when it was measured.
    """
    why = why_other_probability(library, film_id, run, kept)
    if why:
        st.caption(f":material/compare_arrows: {plain(why)}")


def why_other_probability(library: str, film_id: str, run: str, kept: float) -> str:
    """Return why the Worklist gives the film that is shown another probability; else empty."""
    if not isinstance(get_library(library), PublicLibrary) or get_runs()[run].foreign:
        return ""
    engine = get_engine_of(run)
    try:
        film = load_film(library, film_id)
        read = predict_film(get_input(film, engine), engine.classifier).probability
        copy, _ = copies_of(library).load(film_id)
    except FirstReadError:  # the page says where the film is shown what is wrong with it
        return ""
    ours, theirs = probability_text(kept), probability_text(read)
    if ours == theirs:
        return ""
    if copy.kind == SQUARE_COPY:
        return tr(
            "The Worklist reads this 224 px copy as {theirs}: runs are measured on "
            "films that were first rounded to 256 grey levels.",
            theirs=theirs,
        )
    return tr(
        "The probability {ours} is of the 224 px copy, on which runs are measured. "
        "The Worklist reads the {kind} shown here as {theirs}.",
        ours=ours,
        kind=tr(copy.kind or _FILE),
        theirs=theirs,
    )
