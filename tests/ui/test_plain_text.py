"""A file's name is never Markdown, and holds nothing that turns or hides what stands beside it."""

from __future__ import annotations

import unicodedata

import pytest
from markdown_it import MarkdownIt

from core.reads.signing import NAME_LIMIT, printable_name
from ui.components.plain_text import plain

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
