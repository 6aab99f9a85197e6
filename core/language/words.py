"""The words of the interface: said at once (`tr`, `trn`), or kept to be said later (`msg`, `msgn`).

The English text is the key of the catalogue, so it stands in the source where it is said. A text
that is made where its reader is not known is a `Message`: it is its English text, and `tr` says it
in the language of whom it is shown to. This holds for constants, for errors, and for what a
background thread finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from core.language.catalogue import translations
from core.language.current import ENGLISH, current_language
from core.language.numbers import LocalFormatter

_formatter = LocalFormatter()


class Message(str):
    """A text that knows how it was made; as a str it is English.

    Attributes
    ----------
    one, many : str
        The text with its fields in braces, for one thing and for more; `many` is empty where
        nothing is counted.
    counted : int
    fields : mapping
        What stands in the braces; Messages among them are said in the same language.
    """

    one: str
    many: str
    counted: int
    fields: Mapping[str, Any]

    def __new__(cls, one: str, many: str, counted: int, fields: Mapping[str, Any]) -> Self:
        """Write the English text."""
        template = many if many and counted != 1 else one
        made = super().__new__(cls, template.format(**fields) if fields else template)
        made.one, made.many, made.counted, made.fields = one, many, counted, fields
        return made

    def __reduce__(self) -> tuple[type[Message], tuple[Any, ...]]:
        """Return what makes this text again in another process."""
        return Message, (self.one, self.many, self.counted, self.fields)

    def said(self) -> str:
        """Return the text in the current language."""
        language = current_language()
        if language == ENGLISH:
            return str(self)
        known = translations(language)
        if self.many:
            template = known.ngettext(self.one, self.many, self.counted)
        else:
            template = known.gettext(self.one) if self.one else ""
        if not self.fields:
            return template
        return _formatter.vformat(template, (), {k: _inner(v) for k, v in self.fields.items()})


def _inner(value: Any) -> Any:
    return value.said() if isinstance(value, Message) else value


def tr(text: str, /, **fields: Any) -> str:
    """Return a text in the current language, with its fields filled in.

    ``tr("{n} of {rate:.2f}", n=3, rate=0.5)``: a number with a format specification, and every
    float, is written as the language writes it. A Message that was made before is said.
    """
    if isinstance(text, Message):
        return text.said()
    return Message(text, "", 0, fields).said()


def trn(one: str, many: str, n: int, /, **fields: Any) -> str:
    """Return a text that counts `n` things in the current language; ``{n}`` is a field of it."""
    return msgn(one, many, n, **fields).said()


def msg(text: str, /, **fields: Any) -> Message:
    """Return a text that is said later, in the language of whom it is shown to."""
    return Message(text, "", 0, fields)


def msgn(one: str, many: str, n: int, /, **fields: Any) -> Message:
    """Return a text that counts `n` things and is said later."""
    return Message(one, many, n, {"n": n, **fields})
