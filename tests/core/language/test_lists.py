"""Lists of texts, said in English and in Spanish."""

from core.domain.findings import Category, Findings, findings_text
from core.domain.rate import Rate, of_few_text, probability_text
from core.domain.reader import Act, who_may_text
from core.language.current import using
from core.language.lists import NOTHING, all_of, joined, one_of
from core.language.words import msg, tr


def test_a_list_is_said_in_the_language_of_each_reader():
    parts = [msg("reader"), msg("teacher"), msg("lead")]
    said = (joined(parts), all_of(parts), one_of(parts), one_of(parts[:1]), NOTHING)
    assert said == (
        "reader, teacher, lead",
        "reader, teacher and lead",
        "reader, teacher or lead",
        "reader",
        "",
    )
    with using("es"):
        assert [tr(one) for one in said] == [
            "lector, docente, responsable",
            "lector, docente y responsable",
            "lector, docente o responsable",
            "lector",
            "",
        ]


def test_what_the_domain_names_is_said_in_spanish_and_stays_english_as_text():
    found = findings_text(
        Findings(
            frozenset({Category.CONSOLIDATION, Category.EFFUSION}),
            frozenset({"right upper", "left lower"}),
            frozenset({"left"}),
        )
    )
    assert found == "consolidation, right upper and left lower; pleural effusion, left"
    with using("es"):
        assert tr(found) == (
            "consolidación, superior derecho, inferior izquierdo; derrame pleural izquierdo"
        )
        assert tr(who_may_text(Act.ERASE_FILMS)) == "responsable o administrador"
        assert tr(of_few_text(Rate(0.5, 0.25, 0.75, 8))) == "0,50 (0,25 a 0,75, n = 8)"
        assert tr(probability_text(0.999)) == "mayor de 0,99"
