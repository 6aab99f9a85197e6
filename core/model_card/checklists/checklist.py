"""Reporting checklists: items as data, filled from a run's records, with what is still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.model_card.facts import RunFacts
from core.reports.document import Paragraph, Section, Table


class State(StrEnum):
    """How far an item is filled."""

    FILLED = "filled"
    PARTLY = "partly"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Answer:
    """What can be said to an item; ``where`` is the record that says it, empty where none does."""

    state: State
    text: str
    where: str = ""


Fill = Answer | Callable[[RunFacts], Answer]
"""The answer of every run, or what gives it from a run's records."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist, in our own words.

    Attributes
    ----------
    number : str
        As the checklist counts.
    """

    number: str
    topic: str
    asks: str
    fill: Fill

    def answer(self, facts: RunFacts) -> Answer:
        """Return what is known of the item for a run."""
        return _answer(self.fill, facts)


def _answer(fill: Fill, facts: RunFacts) -> Answer:
    return fill if isinstance(fill, Answer) else fill(facts)


@dataclass(frozen=True, slots=True)
class Checklist:
    """A published checklist."""

    key: str
    title: str
    citation: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class FilledItem:
    """An item with what a run's records say to it."""

    item: Item
    answer: Answer


def filled(text: str, where: str) -> Answer:
    """Return the answer of an item that the records fill."""
    return Answer(State.FILLED, text, where)


def partly(text: str, where: str) -> Answer:
    """Return the answer of an item of which a part is not known or not done."""
    return Answer(State.PARTLY, text, where)


def still_open(text: str) -> Answer:
    """Return the answer of an item that no record fills."""
    return Answer(State.OPEN, text)


NOT_KNOWN = still_open("Another model's predictions: not known here.")


def of_own_network(fill: Fill, foreign: Fill = NOT_KNOWN) -> Callable[[RunFacts], Answer]:
    """Give a run of which only the predictions are known an answer of its own."""
    return lambda facts: _answer(foreign if facts.run.foreign else fill, facts)


def fill_checklist(checklist: Checklist, facts: RunFacts) -> tuple[FilledItem, ...]:
    """Return every item of a checklist, in its order, filled from a run's records."""
    return tuple(FilledItem(item, item.answer(facts)) for item in checklist.items)


def count_states(items: Sequence[FilledItem]) -> dict[State, int]:
    """Return how many items are in each state."""
    states = [item.answer.state for item in items]
    return {state: states.count(state) for state in State}


def count_answer(items: Sequence[FilledItem]) -> str:
    """Return how far a checklist is filled."""
    counts = count_states(items)
    return (
        f"{counts[State.FILLED]} of {len(items)} filled, {counts[State.PARTLY]} partly, "
        f"{counts[State.OPEN]} open."
    )


def open_answer(items: Sequence[FilledItem]) -> str:
    """Return the open items by number and topic."""
    named = [
        f"{one.item.number} {one.item.topic}" for one in items if one.answer.state is State.OPEN
    ]
    return f"Open: {'; '.join(named)}." if named else "No item is open."


def describe_checklist(checklist: Checklist, facts: RunFacts) -> Section:
    """Return a filled checklist as a section of a document."""
    items = fill_checklist(checklist, facts)
    rows = tuple(
        (
            one.item.number,
            f"{one.item.topic}: {one.item.asks}",
            one.answer.state.value,
            one.answer.text,
            one.answer.where,
        )
        for one in items
    )
    head = ("Item", "Asks for", "State", "What is known", "Where")
    return Section(
        checklist.key,
        checklist.title,
        (
            Paragraph(f"{count_answer(items)} {open_answer(items)}"),
            Paragraph(f"Items in our own words, numbered as in {checklist.citation}"),
            Table(head, rows, (0.5, 2.4, 0.8, 4.5, 1.9)),
        ),
    )
