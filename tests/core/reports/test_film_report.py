"""The report of a signed read as text: every fact is in it, and nothing that was held back."""

import re

import pytest
from fixtures.film_reports import (
    film,
    first_read,
    predicted,
    refused,
    regions,
    report,
    signed_read,
)
from fixtures.spoken_pages import Bracketed, outside_brackets

from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reported import ReportedReads
from core.domain.review import ReadKind, Verdict
from core.language import words
from core.language.current import using
from core.reports.film_report import DISCLAIMER, write_text


def lines_of(one):
    return write_text(one).splitlines()


WHOLE = f"""CHEST RADIOGRAPH: REPORT OF ONE READ
NOT FOR DIAGNOSTIC USE
Film: Thorax ä.jpeg
Signed read: Pneumonia, confidence 4 of 5. Signed by Dr Ádám, 2026-11-29 08:30 UTC. \
Confidence 1 is a guess, 5 is certain.
Comment: Right base.
Quality: Caution: The film is dark.
Note: No age is stated.
Blind first read: Normal, confidence 4 of 5. Locked 2026-11-29 08:20 UTC, before the model's \
result was shown. 2 marks on the film.
Model: Suspicious for pneumonia. Calibrated score 0.87, threshold 0.40. It was chosen to \
find 97 of 100 pneumonias.
Regions: Zone 0, region 1 +0.31 for; Zone 1, region 2 -0.12 against (part of the log odds). \
Method: CAM. At the signed read they were on the film.
Trust: Never measured on real children.
Film: 40 x 60 px. The file states no spacing of its pixels.

Version: First Read 0.1.0, run run-1
Film sha256: {"ab" * 32}
Export sha256: {"e" * 64}
Ledger sha256: {"1" * 64}
Read: {"d" * 32}
Report made: 2026-11-29 12:30 UTC
{DISCLAIMER}
"""


def test_the_text_states_all_that_was_read_by_whom_and_when() -> None:
    assert write_text(report(ReportedReads(signed_read(record_id="d" * 32), first_read()))) == WHOLE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_is_named(verdict) -> None:
    unsure = verdict is Verdict.UNSURE  # it has no confidence
    signed = signed_read(verdict=verdict, confidence=None if unsure else 4)
    text = write_text(report(ReportedReads(signed)))
    sure = "" if unsure else ", confidence 4 of 5"
    assert f"Signed read: {verdict.capitalize()}{sure}." in text


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.995, "Suspicious for pneumonia. Calibrated score above 0.99,"),
        (0.5, "Unsure. Calibrated score 0.50,"),
        (0.001, "Not suspicious for pneumonia. Calibrated score below 0.01,"),
    ],
)
def test_every_side_is_named_with_the_digits_that_the_data_carry(probability, words) -> None:
    read = signed_read(prediction=predicted(probability))
    assert f"Model: {words}" in write_text(report(ReportedReads(read)))


def test_a_correction_an_arbitration_and_other_readers_are_stated() -> None:
    reads = ReportedReads(
        signed_read(),
        first_read(comment="Clear.", order_known=True),
        corrected=signed_read(verdict=Verdict.UNSURE),
        arbitration=signed_read(
            kind=ReadKind.ARBITRATION,
            reader="Łukasz 李 Ñ",
            verdict=Verdict.NORMAL,
            comment="Thymus.",
        ),
        others=(signed_read(reader="A"), signed_read(reader="B", verdict=Verdict.NORMAL)),
    )
    lines = lines_of(report(reads))
    assert "It corrects an earlier read: unsure." in lines[3]
    assert "Arbitration: Normal, confidence 4 of 5. Łukasz 李 Ñ, 2026-11-29 08:30 UTC." in lines
    assert "Its reason: Thymus." in lines
    assert "Other readers: 1 signed pneumonia, 1 signed normal." in lines
    assert "Its comment: Clear." in lines
    assert any("The worklist was in the model's order." in line for line in lines)


def test_the_text_has_the_whole_of_a_long_comment_without_what_turns_lines() -> None:
    comment = "one\ntwo \u202ethree " * 120
    text = write_text(report(ReportedReads(signed_read(comment=comment))))
    assert text.count("one\ntwo \ufffdthree") == 120


def test_of_a_refused_film_the_text_has_the_reasons_and_nothing_of_a_model() -> None:
    findings = (Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank."),)
    read = refused(signed_read(quality=QualityReport(findings)))
    text = write_text(report(ReportedReads(read), regions=None, model="", trust=""))
    assert "Quality: Refused: The film is blank." in text
    assert "Model: Not read: the quality gate refused this film." in text
    assert "Blind first read: None. The model did not read the film." in text
    assert not [word for word in ("Regions:", "Trust:", "score") if word in text]


def test_a_score_that_nobody_asked_for_stays_hidden_with_all_that_comes_from_it() -> None:
    held_back = report(score_shown=False, ward="Of 100 such films 15 have pneumonia.")
    text = write_text(held_back)
    assert "Model: The film is of an adult. The score was not asked for, and is not shown." in text
    hidden = ("0.87", "uspicious", "Regions:", "Trust:", "97 of 100", "Of 100 such films")
    assert not [words for words in hidden if words in text]


def test_the_probability_of_the_ward_has_its_own_line() -> None:
    ward = "Of 100 such films here about 15 have pneumonia."
    assert f"In this ward: {ward}" in lines_of(report(ward=ward))
    assert "In this ward" not in write_text(report())


def test_without_regions_the_text_says_why_and_whether_they_were_on_the_film() -> None:
    read = ReportedReads(signed_read(regions={}))
    text = write_text(report(read, regions=None, why_no_regions="They are not to be relied on."))
    assert (
        "Regions: Not drawn. They are not to be relied on. At the signed read they were not on the "
        "film." in text
    )
    none = write_text(report(regions=regions(0.0, 0.01, -0.01, 0.0)))
    assert "Regions: No region. Method: CAM." in none


def test_a_film_is_named_by_its_hash_where_the_site_keeps_no_names() -> None:
    assert lines_of(report(film_name=""))[2] == f"Film: film {'ab' * 6}"


def test_the_spacing_is_stated_where_the_file_states_it_and_a_lost_film_says_so() -> None:
    spaced = report(film=film(pixel_spacing_mm=(0.2, 0.143)))
    assert "Film: 40 x 60 px, 0.143 mm a pixel at the detector." in lines_of(spaced)
    lost = report(film=None, not_drawn="The file is cut short.")
    assert "Film: Not drawn. The file is cut short." in lines_of(lost)


def test_the_version_of_the_read_and_that_of_the_report_are_both_named() -> None:
    old = write_text(report(ReportedReads(signed_read(app_version="0.0.9"))))
    assert "Version: First Read 0.0.9; report by 0.1.0, run run-1" in old


def test_a_report_is_written_in_the_language_of_whom_it_is_made_for() -> None:
    reads = ReportedReads(
        signed_read(), first_read(order_known=True), others=(signed_read(), signed_read())
    )
    with using("es"):
        text = write_text(report(reads))

    for line in (
        "RADIOGRAFÍA DE TÓRAX: INFORME DE UNA LECTURA\nNO APTO PARA EL DIAGNÓSTICO\n",
        "Lectura firmada: Neumonía, seguridad 4 de 5. Firmada por Dr Ádám, 29 nov 2026, 08:30 UTC.",
        "Comentario: Right base.\n",
        "Otros lectores: 2 firmaron neumonía.\n",
        "La lista de trabajo seguía el orden del modelo. 2 marcas sobre la radiografía.\n",
        "region 1 +0,31 a favor; Zone 1, region 2 -0,12 en contra",
        "Versión: First Read 0.1.0, versión run-1\n",
    ):
        assert line in text, line


PLAIN = {"film_name": "1.png", "model": "", "trust": "", "hashes": {}}
BARE = {"comment": "", "reader": "R1"}
READ = signed_read(**BARE, quality=QualityReport())
KINDS = {
    "whole": report(
        ReportedReads(
            READ,
            first_read(**BARE, order_known=True),
            arbitration=signed_read(comment="1", reader="R2", kind=ReadKind.ARBITRATION),
            others=(READ, READ),
            corrected=READ,
        ),
        **PLAIN,
    ),
    "alone": report(ReportedReads(READ), film=film(pixel_spacing_mm=(0.1, 0.1)), **PLAIN),
    "refused": report(ReportedReads(refused(READ)), film=None, regions=None, **PLAIN),
    "adult": report(ReportedReads(READ), score_shown=False, regions=None, **PLAIN),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_word_of_a_report_is_in_the_catalogue(kind, monkeypatch) -> None:
    monkeypatch.setattr(words, "translations", lambda _language: Bracketed())
    with using("es"):
        said = write_text(KINDS[kind])

    data = re.compile(
        r"First Read|UTC|R[12]|\bnov\b|[0-9a-f]{32}|Zone \d, region \d|part of.*odds|CAM"
    )
    left = [outside_brackets(data.sub(" ", line).lower()) for line in said.splitlines()]
    assert [line for line in left if line] == []
