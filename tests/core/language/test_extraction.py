"""Which texts of the source go into the catalogues, and what becomes of them there."""

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from core.language import catalogue, extraction
from core.language.catalogue import read_catalogue
from core.language.extraction import list_missing, make_template, messages_in, sources

PYTHON = """
tr("Open " "the film")
st.html(f"<p>{tr('inside a text')}</p>{say(msg('{n} of {all}', n=1, all=2))}")
trn("{n} film", "{n} films", 3)
raise Missing(msgn("{n} run is missing", "{n} runs are missing", len(runs)))
tr(text), label("not said"), "not said either"
"""
SCRIPT = """
say(tr("Zoom {percent} %", { percent }));
say(trn("{n} mark", "{n} marks", n));
const LATER = { one: msg("Turned") };
say(tr("The film is damaged. " +
  "Reload the page."));
fail("not said");
"""
MARKUP = """
<section aria-label="Film viewer"><p>Preparing
  film</p><kbd>Enter</kbd> twice<b>1:1</b>
<input title="Opacity" placeholder="Name" value="not said" /></section>
"""


def texts(tmp_path, name, content):
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return {message for _, message in messages_in(file)}


def test_python_is_searched_to_the_inside_of_its_f_strings(tmp_path):
    assert texts(tmp_path, "panel.py", PYTHON) == {
        "Open the film",
        "inside a text",
        "{n} of {all}",
        ("{n} film", "{n} films"),
        ("{n} run is missing", "{n} runs are missing"),
    }


def test_scripts_are_searched(tmp_path):
    assert texts(tmp_path, "viewer.js", SCRIPT) == {
        "Zoom {percent} %",
        ("{n} mark", "{n} marks"),
        "Turned",
        "The film is damaged. Reload the page.",
    }


def test_markup_is_searched_but_for_the_names_of_keys(tmp_path):
    assert texts(tmp_path, "viewer.html", MARKUP) == {
        "Film viewer",
        "Preparing film",
        "twice",
        "Opacity",
        "Name",
    }


def test_the_command_line_is_not_searched_and_the_pages_are():
    places = {path.relative_to(extraction.ROOT).as_posix() for path in sources()}
    assert {"pages/review.py", "ui/components/viewer/viewer.html", "core/errors.py"} <= places
    assert not any(place.startswith("core/cli/") for place in places)


def test_a_catalogue_keeps_what_was_said_and_follows_the_source(tmp_path, monkeypatch):
    kept = Catalog(locale="es")
    kept.add("Open the film", "Abrir la radiografía")
    kept.add("An old text", "Un texto antiguo")
    with (tmp_path / "es.po").open("wb") as file:
        write_po(file, kept)
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    monkeypatch.setattr(extraction, "ROOT", tmp_path)
    (tmp_path / "ui").mkdir()
    source = tmp_path / "ui" / "panel.py"
    source.write_text('tr("Open the film"), trn("{n} film", "{n} films", 2)', encoding="utf-8")

    assert extraction.update_catalogues() == {"es": 1}
    after = read_catalogue("es")
    assert after["Open the film"].string == "Abrir la radiografía"
    assert "An old text" not in after
    assert not after.obsolete
    assert list_missing(after) == ["('{n} film', '{n} films')"]
    assert [place for place, _ in after["Open the film"].locations] == ["ui/panel.py"]
    assert len(make_template()) == 2
