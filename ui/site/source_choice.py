"""Which films of the site are measured: a kept set, a place on the server, or an upload."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.jobs.site_libraries import SiteSetFilms
from core.jobs.site_tests import FilmPlace, FilmsWithTable, LabelledFilms, UnlabelledFilms
from core.language.words import Message, msg, tr
from core.settings import get_settings
from ui.app.resources import get_site_libraries
from ui.components.plain_text import plain

HERE, UPLOAD = "here", "upload"
PLACES = {HERE: msg("On the server"), UPLOAD: msg("Uploaded zip file")}
OTHERS, _OTHERS = msg("Other films, with a table of labels"), ""
WITHOUT_TABLE = msg("Other films")
LABELS_HELP = msg(
    "A CSV file with the columns film and label (pneumonia or normal). Instead of label: reader_1 "
    "and reader_2. With patient, a patient's films stay together."
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Films that were chosen; ``lacks`` says what is missing of them."""

    films: LabelledFilms | None
    lacks: str = ""


def choose_place(key: str) -> tuple[FilmPlace | None, str]:
    """Draw where films lie; return the place, or what is missing of it.

    Parameters
    ----------
    key : str
        That the keys of the fields begin with.
    """
    where = st.segmented_control(
        tr("Where the films are"),
        list(PLACES),
        default=HERE,
        required=True,
        format_func=lambda one: tr(PLACES[one]),
        key=f"{key}-where",
        width="stretch",
    )
    if where == UPLOAD:
        packed = st.file_uploader(tr("Zip file of films"), type=["zip"], key=f"{key}-zip")
        if packed is None:
            return None, tr("Choose the zip file of films.")
        most = get_settings().max_film_mb * 1_000_000
        return FilmPlace(uploaded=packed.getvalue(), most_bytes=most), ""
    address = st.text_input(
        tr("Folder, zip file or address"),
        key=f"{key}-address",
        placeholder=tr("such as /data/ward-3 or s3://bucket/films"),
        help=tr("The server opens it. Films stay where they are, and nothing of them is kept."),
    ).strip()
    return (FilmPlace(address), "") if address else (None, tr("State where the films are."))


def choose_labelled() -> Choice:
    """Draw where films and their labels are; return them, or what is missing."""
    kept = _choose_kept("site-set", OTHERS)
    if kept is not None:
        return Choice(kept)
    place, lacks = choose_place("site-films")
    table = st.file_uploader(
        tr("Labels (CSV)"), type=["csv", "txt"], key="site-labels", help=tr(LABELS_HELP)
    )
    if place is None:
        return Choice(None, lacks)
    if table is None:
        return Choice(None, tr("Choose the file of labels."))
    return Choice(FilmsWithTable(place, table.getvalue()))


def choose_unlabelled() -> tuple[UnlabelledFilms | None, str]:
    """Draw where films are that need no labels; return them, or what is missing."""
    kept = _choose_kept("site-unlabelled-set", WITHOUT_TABLE)
    return choose_place("site-unlabelled") if kept is None else (kept, "")


def _choose_kept(key: str, others: Message) -> SiteSetFilms | None:
    """Draw the kept sets, and ``others`` after them; None if that is chosen, or no set is kept."""
    sets = {one.name: one for one in get_site_libraries()}
    if not sets:
        return None
    name = st.selectbox(
        tr("Films"),
        [*sets, _OTHERS],
        format_func=lambda one: plain(sets[one].title) if one in sets else tr(others),
        key=key,
    )
    return sets.get(name)
