"""Markdown that reads back as it was written."""

from fixtures.markdown_reader import read_back
from hypothesis import given
from hypothesis import strategies as st

from core.reports.document import Bullets, Document, Paragraph, Section, Table
from core.reports.markdown import escape_markdown, write_markdown


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_word_reads_back_from_a_cell_and_a_bullet(word: str) -> None:
    blocks = (Table(("Head",), ((word,),), (1.0,)), Bullets((f"{word} b",)), Paragraph(word))
    document = Document("Title", "Summary", (), (Section("key", "Heading", blocks),))
    assert read_back(write_markdown(document))[3:] == ["Head", word, f"{word} b", word]


def test_a_line_break_does_not_leave_its_line() -> None:
    assert escape_markdown("one\n# two") == "one # two"
