"""Which texts of a module the catalogues hold."""

from core.language.extraction import messages_in

SOURCE = """
from core.language.words import msg, tr, trn

KEPT = msg("Kept for " "later")
said = f"{tr('Inside an f-string')} and {trn('{n} film', '{n} films', 2)}"
unknown = tr(KEPT), tr(f"Made of {said}"), print("Not said")
"""


def test_texts_are_found_wherever_they_stand_and_nothing_else_is(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(SOURCE, encoding="utf-8")
    found = {message for _, message in messages_in(module)}
    assert found == {"Kept for later", "Inside an f-string", ("{n} film", "{n} films")}
