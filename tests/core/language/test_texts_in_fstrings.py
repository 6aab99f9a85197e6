"""The catalogue knows texts that are said inside f-strings."""

from core.language.extraction import messages_in

MODULE = """
button(f":material/lock: {tr('Lock the read')}")
words = f"{tr('Signed') if signed else msg('Not signed')} {trn('{n} film', '{n} films', n)}"
other = f"{left('Not said')} {tr(words)}"
"""


def test_texts_inside_f_strings_are_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(MODULE, encoding="utf-8")
    found = {message for _, message in messages_in(path)}
    assert found == {"Lock the read", "Signed", "Not signed", ("{n} film", "{n} films")}
