"""What files state of view and body part, in the spellings and languages that they use."""

import pytest
from fixtures.gate_films import fit_film

from core.domain.quality import Severity
from core.gate.statements import check_projection, check_statement, projection_of


def codes(**statements):
    findings = check_statement(fit_film(**statements))
    return [(finding.code, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    "part",
    [
        *("CHEST", "PORT CHEST", "TORAX", "2- TORAX", "TORACE", "RX TORACE", "PECHO", "PEITO"),
        *("BRUST", "POITRINE", "THORAX AP", "BORSTKAS", "BROSTKORG", "PULMONES", "KLATKA"),
        *("LUNGE", "POLMONI", "CHESTABDOMEN", "RIBS"),
    ],
)
def test_a_chest_is_a_chest_in_any_language(part):
    assert codes(body_part=part) == []


@pytest.mark.parametrize(
    "part", ["", "UNKNOWN", "UNSPECIFIED", "OTHER", "N/A", "DEFAULT", "XXX", "TEST", "desconhecido"]
)
def test_words_that_state_nothing_are_no_body_part(part):
    assert codes(body_part=part) == []


@pytest.mark.parametrize(
    "part",
    [
        *("HIP", "EXTREMITY", "ABDOMEN", "SKULL", "PELVIS", "HAND", "KNEE", "CADERA", "BECKEN"),
        *("THORACIC SPINE", "TSPINE", "COLUMNA", "WIRBELSAEULE", "CABECA", "SCHULTER"),
    ],
)
def test_another_part_is_refused(part):
    assert codes(body_part=part) == [("body_part", Severity.REFUSE)]


def test_a_part_that_is_not_known_is_a_caution():
    assert codes(body_part="ZZPART") == [("body_part", Severity.FLAG)]


@pytest.mark.parametrize(
    "view",
    [
        *("LL", "RL", "LLAT", "RLAT", "LAT", "lateral", "XTABLE LATERAL", "X-TABLE LAT"),
        *("LEFT LATERAL", "PROFIL", "PERFIL", "SEITLICH", "RAO", "LPO", "OBLIQUE"),
    ],
)
def test_a_view_that_is_not_frontal_is_refused(view):
    assert codes(view_position=view) == [("view", Severity.REFUSE)]


@pytest.mark.parametrize("view", ["", "AP", "PA", "LLD", "BILATERAL", "AP SUPINE", "ERECT"])
def test_a_frontal_view_or_none_is_not_refused(view):
    assert codes(view_position=view) == []


@pytest.mark.parametrize(
    ("view", "projection"),
    [("AP", "AP"), ("PA", "PA"), ("AP SUPINE", "AP"), ("BEDSIDE", "AP"), ("", ""), ("AP PA", "")],
)
def test_the_projection_is_read_where_one_is_stated(view, projection):
    assert projection_of(view) == projection
    messages = [finding.message for finding in check_projection(fit_film(view_position=view))]
    assert messages == ([f"Projection: {projection}, as the file states."] if projection else [])
