"""A signed read as DICOM objects: valid, about the right patient, in the right place."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fixtures import film_reports
from fixtures.dicom_films import STUDY, content_of, film
from fixtures.film_reports import first_read, predicted, report, signed_read
from fixtures.validators import dicom_errors, report_text
from pydicom import Dataset, dcmread

from core.domain.film import Turn
from core.domain.findings import Category, Findings
from core.domain.mark import Mark
from core.domain.quality import QualityReport, turned_finding
from core.domain.reported import ReportedReads
from core.domain.review import Verdict
from core.domain.ward import ShownNumber
from core.imaging.dicom.origin import read_origin, reference_of
from core.language.current import LANGUAGES, using
from core.reports.dicom import codes
from core.reports.dicom.objects import ReportObjects, write_objects
from core.reports.dicom.reported_film import ReportedFilm
from core.reports.dicom.secondary_capture import _lines
from core.reports.film_report import FilmReport

ROWS, COLUMNS = 60, 40
STATED = STUDY | {"WindowCenter": 2000, "WindowWidth": 3000}
FILM = content_of(film(np.arange(ROWS * COLUMNS, dtype=np.uint16).reshape(ROWS, COLUMNS), **STATED))
PLACES = Findings(
    frozenset({Category.CONSOLIDATION, Category.EFFUSION}),
    frozenset({"right lower"}),
    frozenset({"left"}),
)
WARD = ShownNumber(4.0, 0.2, "in this ward about 1 of 2")


def objects(one: FilmReport) -> ReportObjects:
    return write_objects(one, FILM, read_origin(FILM))


def full_report() -> FilmReport:
    signed = signed_read(shown_number=WARD)
    signed = replace(signed, read=replace(signed.read, findings=PLACES))
    return report(ReportedReads(signed, first_read()))


def read_back(content: bytes | None) -> Dataset:
    assert content is not None
    return dcmread(io.BytesIO(content))


NOT_FOR = {"en": "not for diagnostic use", "es": "no apto para el diagnóstico"}


@pytest.mark.parametrize("which", ["structured_report", "secondary_capture", "presentation_state"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_dciodvfy_finds_no_error(language: str, which: str, tmp_path: Path) -> None:
    with using(language):
        content = getattr(objects(full_report()), which)

    assert dicom_errors(content, tmp_path) == []
    back = read_back(content)
    assert (back.PatientName, back.PatientID) == ("Müller^Jürgen", "MRN-778899")
    assert (back.StudyInstanceUID, back.AccessionNumber) == ("1.2.3.5", "ACC-5")
    assert back.SeriesInstanceUID != "1.2.3.6"
    assert NOT_FOR[language] in back.SeriesDescription


def test_a_report_in_spanish_says_so_and_keeps_the_codes_english(tmp_path: Path) -> None:
    with using("es"):
        made = objects(full_report())
    said = report_text(made.structured_report, tmp_path)

    for words in (
        '"Language of Content Item and Descendants")=(es,RFC5646,"Spanish")',
        '"Tracking Identifier")="Lectura firmada"',
        '"Tracking Identifier")="Hallazgo: consolidación"',
        '"Tracking Identifier")="Marca 2"',
        'NUM:(,,"Calibrated score, 0.01 or less to 0.99 or more")="0.87"',
        '(121053,DCM,"Present")',
    ):
        assert words in said, words
    state = read_back(made.presentation_state)
    described = {one.GraphicLayerDescription for one in state.GraphicLayerSequence}
    assert "Regiones a favor de neumonía" in described


def test_every_language_has_its_code_in_a_report() -> None:
    assert set(codes.LANGUAGES) == set(LANGUAGES)


def test_the_words_in_the_picture_are_in_its_language() -> None:
    words = {}
    for language in LANGUAGES:
        with using(language):
            words[language] = [line for line, _ in _lines(full_report())]

    assert words["en"][0].startswith("NOT FOR DIAGNOSTIC USE. ")
    assert words["es"][0].startswith("NO APTO PARA EL DIAGNÓSTICO. ")
    assert words["es"][2] == (
        "Modelo: sospechosa de neumonía, puntuación 0,87, umbral 0,40, versión run-1"
    )
    assert words["es"][3] == ("Naranja: a favor de neumonía; azul: en contra. Amarillo: el lector.")


def test_a_report_in_another_language_is_another_object() -> None:
    told, named = full_report(), set()
    for language in LANGUAGES:
        with using(language):
            named.add(read_back(objects(told).structured_report).SOPInstanceUID)
    assert len(named) == len(LANGUAGES)


def test_dsrdump_reads_verdicts_numbers_findings_and_places(tmp_path: Path) -> None:
    said = report_text(objects(full_report()).structured_report, tmp_path)

    for words in (
        'PNAME:(,,"Person Observer Name")="Dr Ádám^"',
        '"First Read, run run-1"',
        'NUM:(,,"Calibrated score, 0.01 or less to 0.99 or more")="0.87"',
        'NUM:(,,"Threshold Value")="0.4"',
        'NUM:(,,"Probability")="0.5"',  # odds of 0.25 times 4
        '"Prevalence of pneumonia that the probability is for")="0.2"',
        '"Lung consolidation"',
        '(281394001,SCT,"Lower zone of lung")',
        '(24028007,SCT,"Right")',
        '"Pleural effusion"',
        '(7771000,SCT,"Left")',
        '(121053,DCM,"Present")',
        "reliable,99FIRSTREAD",
        f"Export sha256: {'e' * 64}",
        'NUM:(,,"Part of the log odds of pneumonia")="0.31"',
        "SCOORD:",
    ):
        assert words in said, words
    assert said.count("SCOORD:") == 4  # two regions that count, two marks


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_code(verdict: Verdict, tmp_path: Path) -> None:
    codes = {"pneumonia": "Present", "normal": "Absent", "unsure": "Presence Undetermined"}
    signed = replace(signed_read(verdict=verdict), prediction=None, regions={})
    content = objects(report(ReportedReads(signed), regions=None)).structured_report

    said = report_text(content, tmp_path)
    assert f'"Presence of property")=({_code(codes[verdict])},DCM,"{codes[verdict]}")' in said
    assert "Calibrated score" not in said


def _code(meaning: str) -> str:
    return {"Present": "121053", "Absent": "121054", "Presence Undetermined": "121059"}[meaning]


@pytest.mark.parametrize(
    ("probability", "stated"), [(0.99996, "0.99"), (0.0004, "0.01"), (0.7449, "0.74")]
)
def test_a_score_says_no_more_than_the_page_does(
    probability: float, stated: str, tmp_path: Path
) -> None:
    signed = signed_read(prediction=predicted(probability))
    said = report_text(objects(report(ReportedReads(signed))).structured_report, tmp_path)
    assert f'0.99 or more")="{stated}"' in said


def test_a_score_that_its_reader_did_not_see_is_in_no_object() -> None:
    held = report(ReportedReads(signed_read(), first_read()), score_shown=False, regions=None)

    made = objects(held)
    assert b"Calibrated score" not in made.structured_report
    shown = objects(full_report())
    assert b"Calibrated score" in shown.structured_report
    assert read_back(made.secondary_capture).Rows < read_back(shown.secondary_capture).Rows


def test_the_outlines_lie_where_the_regions_and_marks_do() -> None:
    state = read_back(objects(full_report()).presentation_state)

    drawn = {
        one.GraphicLayer: [list(shape.GraphicData) for shape in one.GraphicObjectSequence]
        for one in state.GraphicAnnotationSequence
    }
    assert set(drawn) == {"FOR", "AGAINST", "READER"}
    box = np.reshape(drawn["FOR"][0], (-1, 2)) - 0.5
    # The first quarter of the middle half: columns 10 to 20 of 40, rows 15 to 30 of 60.
    np.testing.assert_allclose(box.min(axis=0), (10, 15), atol=1.5)
    np.testing.assert_allclose(box.max(axis=0), (20, 30), atol=1.5)
    mark = np.reshape(drawn["READER"][0], (-1, 2)) - 0.5
    np.testing.assert_allclose(mark.min(axis=0), (0.1 * COLUMNS, 0.2 * ROWS))
    np.testing.assert_allclose(mark.max(axis=0), (0.4 * COLUMNS, 0.6 * ROWS))
    assert state.SoftcopyVOILUTSequence[0].WindowCenter == 2000
    reference = state.ReferencedSeriesSequence[0]
    assert reference.SeriesInstanceUID == "1.2.3.6"
    assert reference.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"


@pytest.mark.parametrize("turn", list(Turn))
def test_a_turned_films_places_are_turned_back(turn: Turn) -> None:
    found = () if turn is Turn.NONE else (turned_finding(turn),)
    signed = replace(signed_read(), quality=QualityReport(found))
    one = ReportedFilm(report(ReportedReads(signed)), reference_of(FILM, read_origin(FILM)))
    stored = Mark(0.1, 0.2, 0.4, 0.6)

    lies = one.outline_of(stored.turned(turn.quarters))

    np.testing.assert_allclose(lies.min(axis=0), (0.1 * COLUMNS, 0.2 * ROWS))
    np.testing.assert_allclose(lies.max(axis=0), (0.4 * COLUMNS, 0.6 * ROWS))


def test_what_it_is_not_for_and_the_run_are_burned_into_the_picture() -> None:
    signed, blind = full_report(), report(ReportedReads(signed_read()), film=film_reports.film())
    capture = read_back(objects(signed).secondary_capture)

    assert capture.BurnedInAnnotation == "YES"
    levels = capture.pixel_array
    film_rows = round(levels.shape[1] * ROWS / COLUMNS)
    words = levels[film_rows + 2 :]
    assert words.max() > 200  # letters
    assert np.median(words) == 0  # on black
    marked = (levels[:film_rows] == (255, 214, 10)).all(axis=2)
    assert marked.any()
    assert (
        not (read_back(objects(blind).secondary_capture).pixel_array == (255, 214, 10))
        .all(axis=2)
        .any()
    )


def test_the_same_read_gives_the_same_objects_and_another_read_others() -> None:
    told = full_report()
    one, again = (read_back(objects(told).structured_report) for _ in range(2))
    other = full_report()

    assert one.SOPInstanceUID == again.SOPInstanceUID
    assert read_back(objects(other).structured_report).SOPInstanceUID != one.SOPInstanceUID


def test_a_film_that_is_not_drawn_has_no_picture_and_a_film_without_shapes_no_outlines() -> None:
    bare = report(ReportedReads(signed_read()), film=None, regions=None, not_drawn="Gone.")

    assert set(objects(bare).files) == {"structured-report.dcm"}
