"""Every text for the catalogues: of Python, of JavaScript, of HTML, and of the runs' records."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from core.language.catalogue import path_of, read_catalogue
from core.language.current import ENGLISH, LANGUAGES

KEYWORDS: dict[str, Any] = {"tr": None, "msg": None, "trn": (1, 2), "msgn": (1, 2)}
SAID_IN_HTML = frozenset({"aria-label", "title", "placeholder"})
ROOT = Path(__file__).resolve().parents[2]


class _Markup(HTMLParser):
    """Collects what a page fragment says, by line."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            if name in SAID_IN_HTML:
                self._say(value or "")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self._inside = ""

    def handle_data(self, data: str) -> None:
        self._say(data)

    def _say(self, text: str) -> None:
        words = " ".join(text.split())
        if self._inside != "kbd" and any(letter.isalpha() for letter in words):
            self.found.append((self.getpos()[0], words))


def extract_html(
    file: BinaryIO,
    keywords: Any,  # noqa: ARG001 - Babel's form of an extractor
    comment_tags: Any,  # noqa: ARG001
    options: Any,  # noqa: ARG001
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield the texts and the spoken attributes of a page fragment, for Babel."""
    markup = _Markup()
    markup.feed(file.read().decode("utf-8"))
    yield from ((line, None, words, []) for line, words in markup.found)


def extract_python(
    file: BinaryIO,
    keywords: Any,
    comment_tags: Any,  # noqa: ARG001
    options: Any,  # noqa: ARG001
) -> Iterator[tuple[int, str, tuple[str, ...], list[str]]]:
    """Yield the texts of a module, for Babel, whose own extractor skips those inside f-strings."""
    for node in ast.walk(ast.parse(file.read())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        given = [one.value for one in node.args if isinstance(one, ast.Constant)]
        texts = tuple(value for value in given if isinstance(value, str))
        if node.func.id in keywords and texts:
            yield node.lineno, node.func.id, texts, []


def extract_record(
    file: BinaryIO,
    keywords: Any,  # noqa: ARG001
    comment_tags: Any,  # noqa: ARG001
    options: Any,  # noqa: ARG001
) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield what a classifier's record says in words: of itself, and of the films of its parts."""
    record = json.loads(file.read())
    if "operating_point" in record:
        texts = [record["sentence"], record.get("exhibit", "")]
        texts += [part["split"] for part in record["metrics"].values()]
        yield from ((1, None, text, []) for text in dict.fromkeys(texts) if text)


_METHODS: dict[str, Any] = {
    ".py": extract_python,
    ".js": "javascript",
    ".html": extract_html,
    ".json": extract_record,
}


def messages_in(path: Path) -> list[tuple[int, str | tuple[str, ...]]]:
    """Return the texts of one file with their lines; a pair is one thing and more."""
    with path.open("rb") as file:
        found = extract(_METHODS[path.suffix], file, KEYWORDS)
        return [(line, message) for line, message, _, _ in found]


def sources() -> Iterator[Path]:
    """Yield the files whose words a reader sees; the command line speaks English."""
    for folder in ("core", "ui", "pages"):
        for path in sorted((ROOT / folder).rglob("*")):
            speaks = path.suffix in _METHODS and path.suffix != ".json"
            if speaks and "core/cli" not in path.as_posix():
                yield path
    yield from sorted((ROOT / "models").glob("*/run.json"))


def make_template(paths: Iterable[Path] | None = None) -> Catalog:
    """Return a catalogue of every text of the source, with nothing said in any language."""
    template = Catalog(project="First Read", charset="utf-8")
    for path in sources() if paths is None else paths:
        place = path.relative_to(ROOT).as_posix()
        for _, message in messages_in(path):
            template.add(message, locations=[(place, 0)])
    return template


def update_catalogues() -> dict[str, int]:
    """Bring each language's catalogue to the texts of the source; return how many each lacks.

    What was said before stays; a new text is empty, and one that is gone leaves the catalogue. A
    language without a catalogue gets one.
    """
    template, lacks = make_template(), {}
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        made = path_of(language).is_file()
        catalogue = read_catalogue(language) if made else Catalog(language, charset="utf-8")
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        # no line that always changes
        catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
        with path_of(language).open("wb") as file:
            write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)
        lacks[language] = len(list_missing(catalogue))
    return lacks


def list_missing(catalogue: Catalog) -> list[str]:
    """Return the texts that a catalogue does not say."""
    return [
        str(message.id)
        for message in catalogue
        if message.id
        and not all(message.string if isinstance(message.string, tuple) else [message.string])
    ]
