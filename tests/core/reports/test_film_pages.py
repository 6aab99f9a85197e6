"""The report of a signed read as PDF: one page, its words, its pictures."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures.film_reports import (
    film,
    first_read,
    pages_of,
    predicted,
    refused,
    report,
    signed_read,
    words_of_page,
)
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from core.domain.findings import SIDES, ZONES, Category, Findings
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reported import ReportedReads
from core.domain.review import ReadKind
from core.language.current import LANGUAGES, using
from core.reports import typefaces
from core.reports.film_pages import FITS, VERDICT_PT, WHOLE_IN_TEXT, ReportPages, write_report
from core.reports.film_report import (
    DISCLAIMER,
    NOT_FOR_DIAGNOSIS,
    report_lines,
    verdict_text,
    version_lines,
)
from core.reports.pdf import FAMILY

A4_PT = (595, 842)
ALL_FINDINGS = Findings(
    frozenset({Category.CONSOLIDATION, Category.OTHER_INFILTRATE, Category.EFFUSION}),
    frozenset(ZONES),
    frozenset(SIDES),
)
LONG = "Consolidation in the right lower zone, and a line beside it. " * 40


def only_page(one):
    (page,) = pages_of(write_report(one))
    return page


def shown(one):
    return words_of_page(only_page(one))


def with_all_findings(**changes):
    read = signed_read(**changes)
    return replace(read, read=replace(read.read, findings=ALL_FINDINGS))


def test_every_line_of_the_text_is_on_one_a4_page() -> None:
    one = report(ward="Of 100 such films here about 15 have pneumonia.")
    page = only_page(one)
    assert (round(page.mediabox.width), round(page.mediabox.height)) == A4_PT
    words = words_of_page(page)
    lines = [*report_lines(one)[1:], *version_lines(one)]
    assert not [line for line in lines if " ".join(line.text.split()) not in words]
    assert "Signed read: pneumonia, confidence 4 of 5" in words
    assert "Signed by Dr Ádám, 2026-11-29 08:30 UTC." in words
    stated = (NOT_FOR_DIAGNOSIS, DISCLAIMER, "Thorax ä.jpeg", "Page 1 of 1.")
    assert not [line for line in stated if line not in words]


def test_the_film_is_there_alone_and_beside_it_with_coloured_regions() -> None:
    alone, coloured = (
        np.asarray(image.image.convert("RGB"), float) for image in only_page(report()).images
    )
    assert alone.shape == coloured.shape
    assert np.ptp(alone, axis=2).max() == 0
    height, width, _ = coloured.shape
    left_top = coloured[round(0.37 * height), round(0.37 * width)]
    right_top = coloured[round(0.37 * height), round(0.63 * width)]
    corner = coloured[round(0.1 * height), round(0.1 * width)]
    assert left_top[0] > left_top[2] + 50, "what speaks for pneumonia is orange"
    assert right_top[2] > right_top[0] + 50, "what speaks against is blue"
    assert np.ptp(corner) < 8, "outside of what the model sees nothing is coloured"


@pytest.mark.parametrize("one", [report(), report(film=film(10, 300)), report(film=film(300, 10))])
def test_a_picture_keeps_the_films_sides(one) -> None:
    for image in only_page(one).images:
        width, height = image.image.size
        assert width / height == pytest.approx(one.film.width_px / one.film.height_px, rel=0.05)


def test_without_regions_the_film_is_alone_and_the_page_says_why() -> None:
    reads = ReportedReads(signed_read())
    page = only_page(report(reads, regions=None, why_no_regions="Another run serves now."))
    assert len(page.images) == 1
    assert "No regions are drawn. Another run serves now." in words_of_page(page)
    beside = report()  # with regions: two pictures share the width
    alone_mm, shared_mm = (picture_height_mm(one) for one in (page, only_page(beside)))
    assert alone_mm > 1.2 * shared_mm  # so that the page is not half blank


def picture_height_mm(page) -> float:
    drawn = re.search(rb"([\d.]+) 0 0 ([\d.]+) [\d.]+ [\d.]+ cm /I\d+ Do", contents_of(page))
    return float(drawn[2]) / 72.0 * 25.4


def contents_of(page) -> bytes:
    return page.get_contents().get_data()


def test_marks_stand_on_a_second_picture_without_regions_too() -> None:
    page = only_page(report(regions=None, why_no_regions="None."))
    assert page.get_contents().get_data().count(b" Do") == 2  # the same file, drawn twice
    assert "Yellow: marked at the blind first read." in words_of_page(page)


def test_a_refused_film_has_its_picture_and_reasons_and_nothing_of_the_model() -> None:
    findings = (Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank."),)
    read = refused(signed_read(quality=QualityReport(findings)))
    page = only_page(report(ReportedReads(read), regions=None, model="", trust=""))
    assert len(page.images) == 1
    words = words_of_page(page)
    assert "Refused: The film is blank." in words
    assert "No regions: the model did not read this film." in words
    assert not [word for word in ("threshold", "Trust", "score") if word in words]


def test_a_score_that_is_held_back_is_neither_written_nor_drawn() -> None:
    page = only_page(report(ReportedReads(signed_read()), regions=None, score_shown=False))
    words = words_of_page(page)
    assert "the score of an adult's film is shown only where it was asked for" in words
    assert not [word for word in ("threshold", "0.87", "unsure") if word in words]


def test_a_film_that_cannot_be_drawn_leaves_the_words() -> None:
    page = only_page(report(film=None, not_drawn="The file is cut short."))
    assert len(page.images) == 0
    assert "The film is not drawn. The file is cut short." in words_of_page(page)


def test_long_comments_are_shortened_and_the_page_says_where_the_whole_is() -> None:
    reads = ReportedReads(
        signed_read(comment=LONG[:2000], reader="A" * 100),
        first_read(comment=LONG[:2000]),
        arbitration=signed_read(kind=ReadKind.ARBITRATION, comment=LONG[:2000]),
    )
    words = shown(report(reads, film=film(300, 200)))
    assert words.count(" ".join(WHOLE_IN_TEXT.split())[2:]) == 3
    assert "Ledger sha256" in words


def test_a_comment_that_has_room_is_whole() -> None:
    words = shown(report(ReportedReads(signed_read(comment=LONG[:700]))))
    assert " ".join(LONG[:700].split()) in words


def test_whatever_is_said_the_last_way_to_fill_a_page_fits() -> None:
    finding = Finding("x", Severity.FLAG, None, None, "W" * 300)
    reads = ReportedReads(
        with_all_findings(comment="W" * 2000, quality=QualityReport((finding,) * 30)),
        first_read(comment="W" * 2000),
        arbitration=signed_read(kind=ReadKind.ARBITRATION, comment="W" * 2000),
    )
    words = {"model": "W" * 900, "trust": "W" * 900, "ward": "W" * 900, "film_name": "W" * 255}
    one = report(reads, **words)
    pages = ReportPages("full")
    pages.add_page()
    pages._write_head(one)
    room = pages.h - pages.get_y() - 23.0 - 2.7 * len(version_lines(one))
    assert pages._height(one, report_lines(one)[1:], FITS[-1]) <= room
    pages.finish()
    assert len(pages_of(write_report(one))) == 1


def test_a_long_headline_is_wrapped_inside_the_page() -> None:
    pages = ReportPages("wrapped")
    pages.add_page()
    pages.set_font(FAMILY, "B", VERDICT_PT)
    reads = ReportedReads(with_all_findings())
    words = f"Signed read: {verdict_text(reads.signed)}"
    assert pages.get_string_width(words) > pages.epw, "it is too long for one line"
    heights = []
    for one in (ReportedReads(signed_read()), reads):
        pages._write_head(report(one))
        heights.append(pages.get_y())
    lines = -(-pages.get_string_width(words) // pages.epw)
    assert heights[1] - heights[0] >= (lines - 1) * 6.0
    pages.finish()
    assert words in shown(report(reads))


def test_every_character_of_a_name_that_the_typeface_draws_is_there() -> None:
    words = shown(report(ReportedReads(signed_read(reader="Łukasz Ñandú Ωδ Здоров ⟨a@b.c⟩"))))
    assert "Signed by Łukasz Ñandú Ωδ Здоров ⟨a@b.c⟩," in words


@pytest.fixture
def machine_with(tmp_path, monkeypatch):
    """Return how a typeface with some characters comes onto the machine, which has no other."""
    monkeypatch.setattr(typefaces, "FOLDERS", (tmp_path, tmp_path / "missing"))
    typefaces.find_for.cache_clear()
    yield lambda letters: write_typeface(tmp_path / "some.ttf", letters)
    typefaces.find_for.cache_clear()


def write_typeface(path: Path, letters: str) -> None:
    pen = TTGlyphPen(None)
    for place in ((100, 0), (100, 700), (900, 700), (900, 0)):
        pen.moveTo(place) if place == (100, 0) else pen.lineTo(place)
    pen.closePath()
    square, names = pen.glyph(), [".notdef", *(f"u{ord(letter):X}" for letter in letters)]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
    font.setupGlyf(dict.fromkeys(names, square))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Some", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)


def test_a_character_that_only_a_typeface_of_the_machine_draws_comes_from_there(
    machine_with,
) -> None:
    machine_with("李小")
    reads = ReportedReads(signed_read(reader="李小 Łukasz", comment="李"))
    words = shown(report(reads, film_name="李.png"))
    assert "Signed by 李小 Łukasz," in words
    assert "“李”" in words
    assert "李.png" in words


def test_a_character_that_no_typeface_draws_stands_by_its_code(machine_with, tmp_path) -> None:
    (tmp_path / "damaged.ttf").write_bytes(b"no typeface")
    words = shown(report(ReportedReads(signed_read(reader="李 Łukasz", comment="🫁"))))
    assert "Signed by [U+674E] Łukasz," in words
    assert "“[U+1FAC1]”" in words


def test_a_morning_is_one_pdf_with_a_page_a_film() -> None:
    pages = ReportPages("A morning")
    for number in range(3):
        pages.add_report(report(film_name=f"film-{number}.png"))
    found = [words_of_page(page) for page in pages_of(pages.finish())]
    assert [f"film-{n}.png" in words for n, words in enumerate(found)] == [True] * 3
    assert [f"Page {n} of 3." in words for n, words in enumerate(found, 1)] == [True] * 3


def test_the_length_at_the_detector_is_drawn_where_it_is_known() -> None:
    known = report(film=film(300, 200, pixel_spacing_mm=(1.0, 1.0), synthetic=True))
    assert "Synthetic film. The film alone. Line: 50 mm at the detector." in shown(known)
    assert "No scale: no pixel spacing is stated." in shown(report())


def test_a_film_of_16_bits_keeps_its_greys(tmp_path) -> None:
    deep = np.linspace(0, 65535, 400).reshape(20, 20).astype("<u2")
    page = only_page(report(film=type(film())(deep, 20, 20), regions=None))
    grey = np.asarray(page.images[0].image.convert("L"), float)
    small = np.asarray(Image.fromarray(grey.astype(np.uint8)).resize((20, 20), Image.BOX), float)
    np.testing.assert_allclose(small, deep / 257, atol=6)


def test_the_unsure_band_is_explained_where_there_is_one() -> None:
    assert "Thick grey: unsure." in shown(report())
    without = ReportedReads(signed_read(prediction=predicted(band=None)))
    assert "Thick grey" not in shown(report(without))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_runs_out_of_its_room_in_any_language(language, monkeypatch) -> None:
    cell, too_long = ReportPages.cell, []

    def measured(pages, w=None, h=None, text="", **looks):
        room = w or pages.w - pages.r_margin - pages.get_x()
        if pages.get_string_width(text.replace("{nb}", "9")) > room:
            too_long.append(text)
        return cell(pages, w, h, text, **looks)

    monkeypatch.setattr(ReportPages, "cell", measured)
    drawn = film(500, 600, pixel_spacing_mm=(0.15, 0.15), synthetic=True)
    alone = report(film=drawn, regions=None, reads=ReportedReads(signed_read()))
    with using(language):
        shown(report(film=drawn))
        shown(alone)
        shown(report(ReportedReads(refused(signed_read())), regions=None))

    assert too_long == []


def test_a_page_in_spanish_says_so_and_has_its_letters_and_numbers() -> None:
    comment = "Base derecha: ¿consolidación? ¡Ojo! Año, pingüino, 2.º espacio."
    with using("es"):
        content = write_report(report(ReportedReads(with_all_findings(comment=comment))))
    (page,) = pages_of(content)
    words = words_of_page(page)

    assert b"/Lang (es)" in content
    assert f"“{comment}”" in words
    assert "Lectura firmada: neumonía (consolidación, " in words
    assert "Puntuación calibrada 0,87, umbral 0,40." in words
    assert "Firmada por Dr Ádám, 29 nov 2026, 08:30 UTC." in words
    assert "No apto para el diagnóstico" in words
    assert "[U+" not in words
