"""Stored texts, said in the language of whom they are shown to.

A database keeps what the machine said as English text, so that it reads the same whoever wrote it.
Which text of the source it was made from is found by the source's own words; what no text of the
source fits, such as a sentence of an older version, stays as it is stored.
"""

from __future__ import annotations

import ast
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import Any, Self

from core.language.catalogue import read_catalogue
from core.language.current import ENGLISH, LANGUAGES, current_language
from core.language.words import Message

MOST_LETTERS = 2_000
"""A longer text is not looked up."""
LEAST_WORDS, LEAST_INNER = 12, 6
"""Letters of its own that a text must have, or a part of a text, not to be taken for another."""
MOST_FREE = 2
"""With more fields that may hold anything, each but the last ends where what follows it first
occurs: trying every other end takes minutes for a text that was written to be slow."""
_NUMBER = r"[-+]?\d[\d,]*(?:\.\d+)?%?"
_SIGNED = re.compile(_NUMBER)


class Recalled(Message):
    """A stored text; it is looked up where it is shown."""

    def __new__(cls, text: str) -> Self:
        """Keep the text as it is."""
        return super().__new__(cls, text, "", 0, {})

    def __reduce__(self) -> tuple[type[Recalled], tuple[Any, ...]]:
        """Return what makes this text again in another process."""
        return Recalled, (str(self),)

    def said(self) -> str:
        """Return the text in the current language, as far as the source knows it."""
        if current_language() == ENGLISH:
            return str(self)
        made = _made_of(str(self), LEAST_WORDS)
        return str(self) if made is None else made.said()


def recalled(text: str) -> Message:
    """Return a stored text that `tr` says in the language of whom it is shown to."""
    return text if isinstance(text, Message) else Recalled(text)


@dataclass(frozen=True, slots=True)
class _Template:
    """A text of the source: what stands in it beside the fields, and how to find the fields."""

    one: str
    many: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    fields: tuple[tuple[str, str, str], ...]

    @property
    def weight(self) -> int:
        """Letters of its own."""
        return sum(letter.isalpha() for word in self.words for letter in word)


@lru_cache(maxsize=4096)
def _made_of(text: str, least: int) -> Message | None:
    """Return the Message that a text is; None if no text of the source fits."""
    if len(text) > MOST_LETTERS:
        return None
    for template in _templates():
        if template.weight < least:
            return None
        if all(word in text for word in template.words):
            found = template.pattern.fullmatch(text)
            made = None if found is None else _filled(template, found.groups())
            if made == text:
                return made
    return None


@lru_cache(maxsize=1)
def _templates() -> list[_Template]:
    """Return the texts of the source, the one with the most letters of its own first."""
    other = next(language for language in LANGUAGES if language != ENGLISH)
    found = []
    for message in read_catalogue(other):
        if isinstance(message.id, tuple):
            one, many = (str(text) for text in message.id)
            found += [_template(one, one, many), _template(many, one, many)]
        elif one := str(message.id):
            found.append(_template(one, one, ""))
    return sorted(found, key=lambda template: template.weight, reverse=True)


def _template(text: str, one: str, many: str) -> _Template:
    words, fields = [""], []
    for literal, name, spec, conversion in Formatter().parse(text):
        words[-1] += literal  # a brace that is doubled parts it in two
        if name is not None:
            fields.append((name, spec or "", conversion or ""))
            words.append("")
    atomic = sum(not spec for _, spec, _ in fields) > MOST_FREE
    pattern = re.escape(words[0])
    for place, ((_, spec, _), follows) in enumerate(zip(fields, words[1:], strict=True), 1):
        found = f"({_pattern_of(spec)}){re.escape(follows)}"
        is_last = place == len(fields)  # which ends where the text ends
        pattern += f"(?>{found})" if atomic and follows and not is_last else found
    return _Template(one, many, tuple(words), re.compile(pattern, re.DOTALL), tuple(fields))


def _pattern_of(spec: str) -> str:
    if not spec:
        return ".+?"
    return r"[0-9A-Fa-f]+" if spec[-1] in "xX" else _NUMBER


def _filled(template: _Template, texts: tuple[str, ...]) -> Message | None:
    fields: dict[str, Any] = {}
    for (name, spec, conversion), text in zip(template.fields, texts, strict=True):
        try:
            fields[name] = _value(text, spec, conversion)
        except (ValueError, SyntaxError):
            return None
    counted = fields.get("n", 1) if template.many else 0
    if template.many and not isinstance(counted, int):
        return None
    with suppress(KeyError, ValueError, TypeError):
        return Message(template.one, template.many, counted, fields)
    return None


def _value(text: str, spec: str, conversion: str) -> Any:
    """Return what was filled in, from how it stands in the text."""
    if conversion == "r":
        return ast.literal_eval(text)
    if spec:
        if spec[-1] in "xX":
            return int(text, 16)
        plain = text.replace(",", "").removesuffix("%")
        value = float(plain) if "." in plain or spec[-1] in "feg%" else int(plain)
        return value / 100.0 if spec[-1] == "%" else value
    if _SIGNED.fullmatch(text):
        with suppress(ValueError):
            value = float(text) if "." in text else int(text)
            return value if str(value) == text else text
    return _made_of(text, LEAST_INNER) or text
