"""Show films as cards with a small picture each.

Two components, as in the worklist: the pictures are one message and the words another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from core.language.words import msg, tr
from ui.components.declare import declare
from ui.components.events import events_read, read_event, rerun_only
from ui.components.worklist.worklist import show_thumbnails

PAGE_FILMS = 24
PICTURE_PX = 192
_component = declare("first_read_cards", Path(__file__).parent, ("cards.js",), "cards")


@dataclass(frozen=True, slots=True)
class Card:
    """One film.

    Attributes
    ----------
    key : str
        Identifies the film; unique among the cards.
    thumbnail_png : bytes or None
        None: the card has words alone.
    synthetic : bool
        Whether the film's file states that it was drawn.
    heading : str
        What the film is here for; empty if it needs no saying.
    probability : float or None
        In [0, 1].
    words : str
        Label, subtype and the like.
    """

    key: str
    thumbnail_png: bytes | None = None
    synthetic: bool = False
    heading: str = ""
    name: str = ""
    probability: float | None = None
    words: str = ""
    quality: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardsEvent:
    """What a person wants: to open a film, to tag it, or to turn the page (``film`` is empty)."""

    act: Literal["open", "tag", "next", "previous"]
    film: str


def read_cards_event(key: str) -> CardsEvent | None:
    """Return what was wanted since the last run, or None; call it before `show_cards`."""
    event = read_event(key)
    act, film = (None, None) if event is None else (event.get("act"), event.get("film"))
    return CardsEvent(act, film) if isinstance(act, str) and isinstance(film, str) else None


def show_cards(
    cards: Sequence[Card],
    *,
    key: str,
    threshold: float | None,
    active: str | None = None,
    keys: bool = True,
    columns: int | None = None,
    turns: tuple[bool, bool] = (True, True),
    label: str = msg("Films"),
) -> None:
    """Draw the cards; without any, draw nothing.

    Parameters
    ----------
    key : str
        Identifies these cards on the page.
    threshold : float or None
        To mark on each scale, in [0, 1]; None for what has no probability.
    active : str or None
        Key of the card that the keys begin at; the first without it.
    keys : bool
        Whether single letters act wherever the focus is.
    columns : int or None
        None: as many as there is room for.
    turns : (bool, bool)
        Whether there is a page before and one after, to which the keys lead.
    label : str
        What a screen reader calls the cards.
    """
    if not cards:
        return
    data: dict[str, object] = {
        "key": key,
        "threshold": threshold,
        "active": active,
        "pageKeys": keys,
        "columns": columns,
        "turns": turns,
        "label": tr(label),
        "heard": events_read(key),
        "cards": [_described(card) for card in cards],
    }
    with st.container(gap=None):
        _component(key=key, data=data, on_said_change=rerun_only)
        show_thumbnails(key, {card.key: card.thumbnail_png for card in cards})


def _described(card: Card) -> dict[str, object]:
    described = asdict(card) | {"pictured": card.thumbnail_png is not None}
    del described["thumbnail_png"]
    return described
