"""A language that was only named gets a catalogue of every text, with its own plurals."""

from babel.messages.catalog import Catalog

from core.language import catalogue, extraction

TEXTS = ["Sign", ("{n} film", "{n} films")]


def test_a_language_without_a_catalogue_gets_one(tmp_path, monkeypatch):
    source = Catalog()
    for text in TEXTS:
        source.add(text)
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    monkeypatch.setattr(extraction, "LANGUAGES", {"en": "English", "pl": "Polski"})
    monkeypatch.setattr(extraction, "make_template", lambda: source)
    assert extraction.update_catalogues() == {"pl": 2}
    made = catalogue.read_catalogue("pl")
    assert [message.id for message in made if message.id] == TEXTS
    assert made.num_plurals == 3
