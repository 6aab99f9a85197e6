"""The PDF of a session, the words of its figures, the glossary, and radiologists' boxes."""

from __future__ import annotations

import io
import re
import sys
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from fixtures.teaching_cases import ILL, START, WELL, make_case, make_outcome, wrong
from fpdf import FPDF
from PIL import Image
from pypdf import PdfReader

from core.datasets.nih_rsna import read_radiologist_boxes
from core.domain.mark import Mark
from core.errors import DatasetError, TeachingError
from core.language.current import using
from core.phantom.settings import FINDINGS
from core.teaching.glossary import FOR_SUBTYPE, SIGNS, signs_for
from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import outcomes_of, summarise
from core.teaching.report import DrawnFilm, session_as_pdf
from core.teaching.session import (
    Answer,
    Plan,
    Session,
    Step,
    StepKind,
    answer_as_json,
    follow_steps,
)
from core.teaching.text import (
    describe_plan,
    describe_summary,
    marks_text,
    rate_text,
    resistance_text,
)

CASES = tuple(make_case(number) for number in range(4))
SESSION = Session("0" * 32, "Dr. Ádám Łuczak 読影", Plan("synthetic", 4), CASES, START)


def course_of(*answers: Answer):
    steps = []
    for place, answer in enumerate(answers):
        score = MarkScore(True, bool(CASES[place].label))
        steps.append(Step(SESSION.session_id, place, StepKind.OPENED, START, {}))
        said = answer_as_json(answer) | {"score": asdict(score)}
        steps.append(Step(SESSION.session_id, place, StepKind.READ, START, said))
    return follow_steps(SESSION, steps)


def words_drawn(monkeypatch: pytest.MonkeyPatch, course, missed=()) -> list[str]:
    """Return every text that goes into the document."""
    drawn: list[str] = []
    original = FPDF.normalize_text

    def note(self: FPDF, text: str) -> str:
        drawn.append(text)
        return original(self, text)

    monkeypatch.setattr(FPDF, "normalize_text", note)
    session_as_pdf(course, missed)
    return drawn


def test_the_pdf_says_that_films_are_synthetic(monkeypatch) -> None:
    drawn = " ".join(words_drawn(monkeypatch, course_of(Answer(WELL, 3))))
    assert "4 synthetic films, " in drawn


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("public", "9 films of children (public set), "),
        ("adults", "9 films of adults of another hospital, "),
        ("own", "9 own cases, whose reference is a reader's verdict, "),
        ("zoo", "9 films of zoo, "),
    ],
)
def test_a_session_in_words_says_whose_films_it_had(library: str, words: str) -> None:
    assert describe_plan(Plan(library, 9)).startswith(words)


def test_the_pdf_has_its_font_embedded_and_names_no_patient_in_its_title() -> None:
    written = session_as_pdf(course_of(Answer(WELL, 3), Answer(ILL, 5)))
    assert written.startswith(b"%PDF-1.")
    assert b"/FontFile2" in written
    assert b"/Helvetica" not in written
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", written, re.DOTALL)
    assert any(b"BT" in zlib.decompress(one) for one in streams if one[:1] == b"x")


def test_missed_films_are_drawn_in_rows_with_what_was_said_of_them(monkeypatch) -> None:
    course = course_of(*[Answer(ILL, 3, marks=(Mark(0.1, 0.1, 0.1, 0.1),))] * 4)
    dark = Image.new("RGB", (80, 60))
    buffer = io.BytesIO()
    dark.save(buffer, "JPEG")
    drawn = [
        DrawnFilm(place + 1, one, buffer.getvalue(), (60, 80), (Mark(0.2, 0.2, 0.5, 0.5),))
        for place, one in enumerate(outcomes_of(course))
    ]
    drawn[1] = replace(drawn[1], picture=b"", why_none="The film is gone.")
    said = " ".join(words_drawn(monkeypatch, course, drawn))
    assert "Wrong or not fully marked" in said
    assert "normal: you read pneumonia" in said
    assert "pneumonia, bacteria: you read pneumonia; not marked" not in said  # it was marked
    assert "The film is gone." in said
    assert "No." in said
    assert "After the model" not in said  # of no film there is a second read
    written = session_as_pdf(course, drawn * 5)
    assert written.count(b"/Subtype /Image") == 1  # the same picture is kept once
    assert len(re.findall(rb"/Type /Page\b", written)) == 3
    two_rows = session_as_pdf(course, drawn * 2)  # both stand on the first page
    assert len(re.findall(rb"/Type /Page\b", two_rows)) == 2


def pages_of(*answers: Answer) -> list[str]:
    content = session_as_pdf(course_of(*answers))
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


def test_every_page_says_at_its_foot_what_the_figures_are_not_and_no_row_stands_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for films in (24, 25, 26):  # the second would leave one row to the second page
        cases = tuple(make_case(number) for number in range(films))
        monkeypatch.setattr(sys.modules[__name__], "CASES", cases)
        session = Session("0" * 32, "Ada", Plan("synthetic", films), cases, START)
        monkeypatch.setattr(sys.modules[__name__], "SESSION", session)
        pages = pages_of(*[Answer(WELL, 3)] * films)
        for number, page in enumerate(pages, start=1):
            assert f"These figures describe one reader on these films. Page {number} of" in (
                " ".join(page.split())
            )
        rows = [len(re.findall(r"^\d+ ", page, re.MULTILINE)) for page in pages]
        assert sum(rows) == films
        assert min(rows[1:], default=3) >= 3
        assert len(pages) == (1 if films == 24 else 2)


def test_the_pdf_says_the_figures_with_their_intervals(monkeypatch) -> None:
    words = " ".join(words_drawn(monkeypatch, course_of(Answer(WELL, 3), Answer(WELL, 2))))
    assert "Teaching session of Dr. Ádám Łuczak" in words
    assert "2 of 4 films read" in words
    assert "0.50 (0.09 to 0.91, n = 2)" in words
    assert "never a" in words


def test_the_pdf_speaks_the_readers_language(monkeypatch) -> None:
    with using("es"):
        words = " ".join(words_drawn(monkeypatch, course_of(Answer(WELL, 3), Answer(WELL, 2))))
    assert "Sesión de docencia de Dr. Ádám Łuczak" in words
    assert "2 de 4 radiografías leídas" in words
    assert "0,50 (0,09 a 0,91, n = 2)" in words
    assert "nunca un" in words
    assert not re.search(r"\b(the|of|films?|read|your)\b", words)


def test_a_session_without_a_read_has_no_pdf() -> None:
    with pytest.raises(TeachingError, match="No film of this session was read yet"):
        session_as_pdf(course_of())


def test_without_the_font_there_is_no_pdf(monkeypatch) -> None:
    monkeypatch.setattr("core.reports.typefaces.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(TeachingError, match="font DejaVu Sans is not installed"):
        session_as_pdf(course_of(Answer(WELL, 3)))


def test_figures_without_films_say_so() -> None:
    figures = describe_summary(summarise([make_outcome(CASES[0], WELL)]), with_model=True)
    assert figures["Pneumonias found (sensitivity)"] == "no film of this kind"
    assert figures["Your AUC"] == "needs two films of each kind"
    assert figures["Stayed correct when the model was wrong"] == "no film of this kind"
    assert rate_text(None) == "no film of this kind"
    assert figures["Foci marked"] == "no outlined lesion"


@pytest.mark.parametrize(
    ("score", "marks", "words"),
    [
        (MarkScore(False, True), 1, "not scored: the lesion is not outlined"),
        (MarkScore(True, False), 0, "No mark needed, and none was set"),
        (MarkScore(True, False, 0, 1), 1, "1 false-positive mark"),
        (MarkScore(True, False, 0, 2), 2, "2 false-positive marks"),
        (MarkScore(True, True), 0, "not marked"),
        (MarkScore(True, True, 1, 0, 0.5), 1, "hit, overlap 0.50"),
        (MarkScore(True, True, 0, 1), 1, "missed, 1 false-positive mark"),
        (MarkScore(True, True, 1, 0, 0.5, 1, 1), 1, "hit, overlap 0.50"),
        (MarkScore(True, True, 1, 0, None, 2, 1), 1, "1 of 2 foci"),
        (MarkScore(True, True, 1, 2, None, 2, 1), 3, "1 of 2 foci, 2 false-positive marks"),
        (MarkScore(True, True, 0, 0, None, 2, 0), 0, "0 of 2 foci"),
        (MarkScore(True, True, 0, 1, None, 2, 0), 1, "0 of 2 foci, 1 false-positive mark"),
    ],
)
def test_what_became_of_marks_is_said(score, marks, words) -> None:
    assert marks_text(score, marks) == words


def test_resisting_a_wrong_model_is_said() -> None:
    misled = wrong(CASES[1])
    said = [
        resistance_text(make_outcome(misled, first, final=second))
        for first, second in [(ILL, ILL), (ILL, WELL), (WELL, WELL), (WELL, ILL)]
    ]
    assert [
        re.search(r"kept|changed a correct|so was|is correct", one).group() for one in said
    ] == [
        "kept",
        "changed a correct",
        "so was",
        "is correct",
    ]
    assert resistance_text(make_outcome(CASES[1], ILL, final=ILL)) == "The model was right here."
    assert resistance_text(make_outcome(misled, ILL)) == ""


# --- glossary -------------------------------------------------------------------------------------


def test_every_sign_says_what_to_look_for_and_where_more_is_to_be_read() -> None:
    for sign in SIGNS.values():
        assert min(len(sign.words), len(sign.look_for)) > 30, sign.key
        assert all(re.search(r"\b(19|20)\d\d\b", source) for source in sign.references), sign.key
        assert sign.references, sign.key


def test_every_finding_that_is_drawn_and_every_public_subtype_has_signs() -> None:
    assert {*FINDINGS[1:], "bacteria", "virus"} == set(FOR_SUBTYPE)
    for subtype in FOR_SUBTYPE:
        assert signs_for(1, subtype)
    assert next(sign.key for sign in signs_for(1, "")) == "consolidation"
    assert next(sign.key for sign in signs_for(0, "")) == "thymus"


# --- radiologists' boxes --------------------------------------------------------------------------


def write_manifest(folder: Path, lines: str) -> Path:
    (folder / "nih_rsna").mkdir()
    (folder / "nih_rsna" / "manifest.csv").write_text(lines, encoding="utf-8")
    return folder


def test_boxes_are_shares_of_the_film(tmp_path: Path) -> None:
    lines = 'file,rsna_boxes_1024px\na.jpg,"[[256, 512, 128, 1024]]"\nb.jpg,[]\n'
    boxes = read_radiologist_boxes(write_manifest(tmp_path, lines))
    assert boxes == {"nih_rsna/a.jpg": (Mark(0.25, 0.5, 0.375, 1.0),), "nih_rsna/b.jpg": ()}


def test_without_the_films_there_are_no_boxes(tmp_path: Path) -> None:
    assert read_radiologist_boxes(tmp_path) == {}


@pytest.mark.parametrize("lines", ["file,boxes\na.jpg,[]\n", "file,rsna_boxes_1024px\na.jpg,[1\n"])
def test_another_file_in_the_place_of_the_manifest_is_refused(tmp_path: Path, lines) -> None:
    with pytest.raises(DatasetError, match="is not the manifest of the external films"):
        read_radiologist_boxes(write_manifest(tmp_path, lines))
