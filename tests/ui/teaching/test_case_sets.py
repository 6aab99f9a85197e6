"""The list that a teacher chooses films from, in the teacher's language."""

from fixtures.teaching_cases import make_case, wrong

from core.language.current import using
from core.language.lists import said_rows
from ui.teaching.case_sets import _describe_case


def test_a_film_of_the_list_in_spanish() -> None:
    cases = make_case(3, difficulty=0.25), wrong(make_case(4, difficulty=0.4))
    assert [list(row.values())[2:] for row in said_rows(map(_describe_case, cases))] == [
        ["0.25", "0.90", "right"],
        ["0.40", "0.90", "wrong"],
    ]
    with using("es"):
        rows = said_rows(map(_describe_case, cases))
    assert [list(row.values())[2:] for row in rows] == [
        ["0,25", "0,90", "correcta"],
        ["0,40", "0,90", "incorrecta"],
    ]
    assert list(rows[0])[-1] == "Lectura del modelo"
