"""A text that was kept in English, for a reader of another language."""

from __future__ import annotations

import re
from functools import lru_cache
from string import Formatter
from typing import Any

from core.language.catalogue import read_catalogue
from core.language.current import ENGLISH, current_language
from core.language.words import Message

_Template = tuple[str, re.Pattern[str], str, dict[str, str]]

LEAST_LETTERS = 12
"""Outside of its fields a text has so many letters at least, or it might be any other."""


def recalled(text: str) -> Message:
    """Return a kept text as it was made: what the catalogue knows is said in other languages.

    What it does not know, as a reader's own words, stays as it is.
    """
    if isinstance(text, Message):
        return text
    language = current_language()
    known = None if language == ENGLISH or not text else _recalled(text, language)
    return known or Message("{text}", "", 0, {"text": text})


@lru_cache(maxsize=4096)
def _recalled(text: str, language: str) -> Message | None:
    whole, templates = _texts(language)
    if text in whole:
        return Message(text, "", 0, {})
    for longest, pattern, template, specs in templates:
        if longest in text and (found := pattern.fullmatch(text)):
            fields = _fields(found.groupdict(), specs, language)
            if fields is not None:
                return Message(template, "", 0, fields)
    return None


def _fields(written: dict[str, str], specs: dict[str, str], language: str) -> dict[str, Any] | None:
    """Return what stands in the fields; None where a number is expected and there is none."""
    fields: dict[str, Any] = {}
    for name, words in written.items():
        spec = specs[name]
        if not spec:
            fields[name] = _recalled(words, language) or words
            continue
        try:
            fields[name] = float(words.replace(",", ""))
        except ValueError:
            return None
        if format(fields[name], spec) != words:
            return None
    return fields


@lru_cache
def _texts(language: str) -> tuple[frozenset[str], tuple[_Template, ...]]:
    """Return the texts without fields, and those with fields, the most telling first."""
    whole, templates = set[str](), []
    for message in read_catalogue(language):
        text = message.id
        if not isinstance(text, str) or not text:
            continue
        if "{" not in text:
            whole.add(text)
        elif (template := _template(text)) is not None:
            templates.append(template)
    templates.sort(key=lambda one: -len(one[2]))
    return frozenset(whole), tuple(templates)


def _template(text: str) -> _Template | None:
    """Return the longest piece of a text, its pattern, itself, and its fields' specifications."""
    pattern, pieces, specs = "", [], dict[str, str]()
    for piece, name, spec, conversion in Formatter().parse(text):
        pieces.append(piece)
        pattern += re.escape(piece)
        if name is None:
            continue
        if conversion or "{" in (spec or "") or not name.isidentifier():
            return None
        pattern += f"(?P={name})" if name in specs else f"(?P<{name}>.+?)"
        specs[name] = spec or ""
    if sum(letter.isalpha() for letter in "".join(pieces)) < LEAST_LETTERS:
        return None
    return max(pieces, key=len), re.compile(pattern, re.DOTALL), text, specs
