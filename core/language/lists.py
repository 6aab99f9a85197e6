"""Several texts as one: a list of them, said in the language of whom it is shown to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.language.words import Message, msg

NOTHING = Message("", "", 0, {})


def joined(parts: Iterable[str], between: str = ", ") -> Message:
    """Return texts one after the other; Messages among them are said in the same language."""
    fields = {f"part_{n}": part for n, part in enumerate(parts)}
    return Message(between.join(f"{{{name}}}" for name in fields), "", 0, fields)


def all_of(parts: Iterable[str]) -> Message:
    """Return a list such as "a, b and c"; one text alone stands as it is."""
    *others, last = parts
    if not others:
        return joined([last])
    return msg("{others} and {last}", others=joined(others), last=last)


def one_of(parts: Iterable[str]) -> Message:
    """Return a list such as "a, b or c"; one text alone stands as it is."""
    *others, last = parts
    if not others:
        return joined([last])
    return msg("{others} or {last}", others=joined(others), last=last)


def said_rows(rows: Iterable[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """Return rows of a table for showing: Messages among names and cells are said."""
    return [{_said(name): _said(cell) for name, cell in row.items()} for row in rows]


def _said(value: Any) -> Any:
    return value.said() if isinstance(value, Message) else value
