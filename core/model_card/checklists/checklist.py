"""Reporting checklists: items as data, filled from a run's records, with what is still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.language.words import msg, tr
from core.model_card.facts import RunFacts
from core.reports.document import Paragraph, Section, Table


class State(StrEnum):
    """How far an item is filled."""

    FILLED = "filled"
    PARTLY = "partly"
    OPEN = "open"


_STATES = {State.FILLED: msg("filled"), State.PARTLY: msg("partly"), State.OPEN: msg("open")}


@dataclass(frozen=True, slots=True)
class Answer:
    """What can be said to an item, and which record says it.

    Attributes
    ----------
    where : str
        Records, one after another with "; " between them; empty where none says it.
    """

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


NOT_KNOWN = still_open(msg("Another model's predictions: not known here."))


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
    return tr(
        "{filled} of {items} filled, {partly} partly, {open} open.",
        filled=counts[State.FILLED],
        items=len(items),
        partly=counts[State.PARTLY],
        open=counts[State.OPEN],
    )


def open_answer(items: Sequence[FilledItem]) -> str:
    """Return the open items by number and topic."""
    named = [
        f"{one.item.number} {tr(one.item.topic)}" for one in items if one.answer.state is State.OPEN
    ]
    return tr("Open: {items}.", items="; ".join(named)) if named else tr("No item is open.")


def describe_checklist(checklist: Checklist, facts: RunFacts) -> Section:
    """Return a filled checklist as a section of a document."""
    items = fill_checklist(checklist, facts)
    rows = tuple(
        (
            one.item.number,
            f"{tr(one.item.topic)}: {tr(one.item.asks)}",
            tr(_STATES[one.answer.state]),
            tr(one.answer.text),
            "; ".join(map(tr, one.answer.where.split("; "))),
        )
        for one in items
    )
    head = (tr("Item"), tr("Asks for"), tr("State"), tr("What is known"), tr("Where"))
    return Section(
        checklist.key,
        tr(checklist.title),
        (
            Paragraph(f"{count_answer(items)} {open_answer(items)}"),
            Paragraph(
                tr("Items in our own words, numbered as in {citation}", citation=checklist.citation)
            ),
            Table(head, rows, (0.5, 2.4, 0.95, 4.35, 1.9)),
        ),
    )
