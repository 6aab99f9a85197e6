"""A document as a PDF whose text can be read."""

import io

from pypdf import PdfReader

from core.reports.document import Document, Paragraph, Section
from core.reports.pdf import write_pdf


def test_characters_beyond_ascii_are_in_the_pdf() -> None:
    words = "Ärztin, Łódź, Ωmega, “quoted”, ≥ 0.5 to 3 µm, Здоровье"
    block = (Paragraph(words),)
    content = write_pdf(Document("Títle", "Ünit", (), (Section("key", "Überschrift", block),)))
    said = PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert words in said
    assert "Überschrift" in said
