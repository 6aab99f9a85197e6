"""Words that quote a file or a person, as Markdown that shows them as they are."""

from __future__ import annotations

import re

from core.domain.film import printable
from core.language.words import Message, tr

# Not every sign: a colon before a space, or a line inside a word, means nothing to Markdown.
_SIGNS = re.compile(r"[\\`*\[\]<>$~]|:(?=\S)|(?<!\w)_|_(?!\w)|^[#+-]")
_COMMAND = re.compile(r"(`python -m core(?: [\w./-]+)+`)")
"""A command of ours inside a sentence, which stays code: no sign in it means anything."""

_NUMBER = re.compile(r"^(\d+)([.)])(?=\s)")


def plain(words: str) -> str:
    """Return words that Markdown shows as they are, on one line, every character to be seen.

    A Message is said in the reader's language.
    """
    line = printable(" ".join(tr(words).split() if isinstance(words, Message) else words.split()))
    parts = _COMMAND.split(line)  # every second one is a command
    parts[::2] = [_SIGNS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return _NUMBER.sub(r"\1\\\2", "".join(parts))
