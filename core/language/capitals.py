"""A text that begins a sentence, whatever it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from core.language.words import Message


class _Capitalised(Message):
    """A text whose first letter is a capital in every language."""

    def __new__(cls, one: str, many: str, counted: int, fields: Mapping[str, Any]) -> Self:
        made = str.__new__(cls, _with_capital(Message(one, many, counted, fields)))
        made.one, made.many, made.counted, made.fields = one, many, counted, fields
        return made

    def __reduce__(self) -> tuple[type[Message], tuple[Any, ...]]:
        return _Capitalised, (self.one, self.many, self.counted, self.fields)

    def said(self) -> str:
        return _with_capital(super().said())


def capitalised(text: str) -> Message:
    """Return a text with its first letter, and no other, made a capital."""
    if not isinstance(text, Message):
        return _Capitalised("{text}", "", 0, {"text": text})
    return _Capitalised(text.one, text.many, text.counted, text.fields)


def _with_capital(text: str) -> str:
    return text[:1].upper() + text[1:]
