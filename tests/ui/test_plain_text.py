"""A file's name is never Markdown, and holds nothing that turns or hides what stands beside it."""

from __future__ import annotations

import ast
import unicodedata

import pytest
import typer
from markdown_it import MarkdownIt

from core.cli.console import print_text, show_errors
from core.errors import DatasetError
from core.reads.signing import NAME_LIMIT, printable_name
from core.settings import PROJECT_ROOT
from ui.components.plain_text import plain
from ui.library.copies import film_name

NAMES = (
    "![x](http://elsewhere/x.png).png",
    "[click](http://elsewhere)",
    "<img src=x onerror=alert(1)>.png",
    "**bold**.png",
    "_film_.png",
    "`code`.dcm",
    "~~gone~~.png",
    "# heading.png",
    "- item.png",
    "1. first.png",
    "<http://elsewhere>",
    "\\\\server\\*film*",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    (block,) = [
        one for one in MarkdownIt().enable("strikethrough").parse(plain(name)) if one.children
    ]
    assert {child.type for child in block.children or ()} <= {"text", "text_special"}
    assert "".join(child.content for child in block.children or ()) == name


@pytest.mark.parametrize("name", [":red[film].png", ":material/block:", ":smile:", "$x^2$.png"])
def test_streamlits_own_signs_are_escaped(name: str) -> None:
    shown = plain(name)
    assert shown.replace("\\", "") == name
    assert not any(
        sign in ":$" and (place == 0 or shown[place - 1] != "\\")
        for place, sign in enumerate(shown[:-1])
        if not shown[place + 1].isspace()
    )


def test_a_command_of_ours_stays_code() -> None:
    sentence = "No films in /a[b]: run `python -m core data fetch`, or `rm`."
    assert plain(sentence) == "No films in /a\\[b\\]: run `python -m core data fetch`, or \\`rm\\`."


_MARKDOWN = {
    "markdown", "caption", "write", "info", "warning", "error", "success", "toast", "header",
    "subheader", "title", "button", "expander", "popover", "page_link", "checkbox", "toggle",
}  # fmt: skip
_NAMES = {"exc", "sentence", "complaint", "complaints", "film_id", "film_name"}
_FIELDS = {"sentence", "film_name", "film_id", "complaint", "notice", "reader", "comment"}
_ESCAPED = {"plain", "escape", "escape_markdown"}


def quoted_in(node: ast.AST) -> list[ast.AST]:
    """Return what quotes a file, a person or an error in an expression and is not escaped."""
    if isinstance(node, ast.Call):
        called = [one.id for one in (node.func, *node.args) if isinstance(one, ast.Name)]
        if _ESCAPED & set(called):
            return []
    if isinstance(node, ast.Name) and node.id in _NAMES:
        return [node]
    if isinstance(node, ast.Attribute) and node.attr in _FIELDS:
        return [node]
    return [found for child in ast.iter_child_nodes(node) for found in quoted_in(child)]


def test_whatever_quotes_a_file_a_person_or_an_error_is_escaped_in_markdown() -> None:
    faults = [
        f"{path.relative_to(PROJECT_ROOT)}:{found.lineno}: {ast.unparse(found)}"
        for folder in ("ui", "pages")
        for path in sorted((PROJECT_ROOT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in _MARKDOWN and call.args
        for found in quoted_in(call.args[0])
    ]
    assert faults == []


def test_no_command_prints_but_through_the_one_place_that_replaces_control_characters() -> None:
    faults = [
        f"{path.relative_to(PROJECT_ROOT)}:{call.lineno}: {ast.unparse(found)}"
        for path in sorted((PROJECT_ROOT / "core" / "cli").glob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr in ("echo", "print") and path.name != "console.py"
        for argument in call.args
        for found in quoted_in(argument)
    ]
    assert faults == []


def test_a_command_prints_names_as_they_are(capsys) -> None:
    name = "[bold]x[/bold] :smile: \x1b[2J\u202egnp.exe"
    print_text(f"{name}\n{name}")
    (said,) = set(capsys.readouterr().out.splitlines())
    assert said == "[bold]x[/bold] :smile: \ufffd[2J\ufffdgnp.exe"


def test_an_error_of_a_command_steers_no_terminal(capsys) -> None:
    with pytest.raises(typer.Exit), show_errors():
        raise DatasetError("a\x1b]0;b\x07.png cannot be read.")
    assert capsys.readouterr().err == "a\ufffd]0;b\ufffd.png cannot be read.\n"


def test_the_name_of_a_film_of_a_set_holds_no_character_that_turns_others() -> None:
    assert film_name("test/NORMAL/IM-\u202e1.png") == "IM-\ufffd1"
    assert plain("a\u2066b\nc") == "a\ufffdb c"


def test_a_plain_sentence_stays_as_it_is() -> None:
    sentence = "The file IM-0117_0001.jpeg ends early (12 of 30 rows): upload it again."
    assert plain(sentence) == sentence


@pytest.mark.parametrize(
    "code", [0x00, 0x07, 0x0A, 0x7F, 0x200B, 0x200F, 0x202E, 0x2066, 0x2069, 0xFEFF]
)
def test_control_and_bidi_characters_of_a_name_are_replaced(code: int) -> None:
    assert unicodedata.category(chr(code)) in ("Cc", "Cf")
    assert printable_name(f"film{chr(code)}gnp.exe") == "film\ufffdgnp.exe"


def test_a_name_is_cut_to_what_is_kept() -> None:
    assert len(printable_name("x" * 10_000)) == NAME_LIMIT
    assert printable_name("Thorax ä 右.png") == "Thorax ä 右.png"
