"""Turning a film that the gate refused for how it lies, and reading it again."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.domain.film import Turn
from core.domain.reader import Act
from core.jobs.batch import UploadedFilm
from core.language.words import tr
from core.pipeline import FilmReading
from ui.app.kept_films import change_film, claimed_by_another
from ui.app.read_in_progress import ReadContext
from ui.review.uploads import read_waiting

_ICONS = {Turn.LEFT: "rotate_left", Turn.OVER: "cached", Turn.RIGHT: "rotate_right"}


def draw_turn(read: ReadContext, reading: FilmReading) -> None:
    """Offer the turn that the gate asks for, if it asks for one."""
    film, asked = read.film, reading.quality.turn_asked
    if asked is Turn.NONE or not may_change(read):
        return
    if st.button(tr("Turn and read again"), icon=f":material/{_ICONS[asked]}:"):
        read_changed(read, replace(film, turn=film.turn.then(asked)))


def draw_turn_back(read: ReadContext) -> None:
    """Offer to undo the turn that was made."""
    turned = read.film.turn is not Turn.NONE and may_change(read)
    if turned and st.button(tr("Undo the turn"), icon=":material/undo:"):
        read_changed(read, replace(read.film, turn=Turn.NONE))


def may_change(read: ReadContext) -> bool:
    """Return whether the visitor may turn or invert the film: it changes for all readers.

    A film of one's own visit is one's own. Of a shared list it takes a doctor, and nobody else who
    is reading the film.
    """
    kept = read.visit.listed.get(read.film.key)
    if kept is None:
        return True
    return read.visit.acting.may(Act.SIGN_READ) and not claimed_by_another(read.visit, kept)


def read_changed(read: ReadContext, film: UploadedFilm) -> None:
    """Put a changed film into the place of the one that is open, and read it again."""
    change_film(read.visit, film)
    read_waiting(read.visit)
    st.rerun()
