"""Each catalogue says every text of the source, with the same fields, and nothing else."""

import re
from collections import Counter
from string import Formatter

import pytest
from babel.messages.catalog import Catalog

from core.language.catalogue import path_of, read_catalogue
from core.language.current import ENGLISH, LANGUAGES
from core.language.extraction import list_missing, make_template

MARKUP = re.compile(r"</?[a-z]+[^>]*>|:material/\w+:|`[^`]+`|\*\*")
"""Tags, icons, code and bold print."""
OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def faults(catalogue, template):
    """Return what is wrong with a catalogue of the template's texts."""
    known, said = ({one.id for one in texts if one.id} for texts in (catalogue, template))
    found = [f"not in the source: {text}" for text in known - said]
    found += [f"not in the catalogue: {text}" for text in said - known]
    found += [f"obsolete: {text}" for text in catalogue.obsolete]
    found += [f"not said: {text}" for text in list_missing(catalogue)]
    found += [f"fuzzy: {one.id}" for one in catalogue if one.id and one.fuzzy]
    for one in catalogue:
        pairs = zip(forms(one.id), forms(one.string), strict=True) if one.id else ()
        found += [
            f"other fields: {text} - {words}"
            for text, words in pairs
            if words and fields(text) != fields(words)
        ]
        pairs = zip(forms(one.id), forms(one.string), strict=True) if one.id else ()
        found += [
            f"other markup: {text} - {words}"
            for text, words in pairs
            if words and Counter(MARKUP.findall(text)) != Counter(MARKUP.findall(words))
        ]
    return sorted(found)


def forms(text):
    return text if isinstance(text, tuple) else (text,)


def fields(text):
    """Return the fields of a text with their format specifications."""
    return Counter(part[1:] for part in Formatter().parse(text) if part[1] is not None)


def catalogue_of(*said):
    made = Catalog(locale="es")
    for text, words in said:
        made.add(text, words)
    return made


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_says_every_text_of_the_source_with_its_fields(language):
    found = faults(read_catalogue(language), make_template())
    assert not found, "\n".join(["run `python -m core catalogues`, then translate:", *found])


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("", "not said: {n} of {share:.2f}"),
        ("{n} de {rate:.2f}", "other fields: {n} of {share:.2f} - {n} de {rate:.2f}"),
        ("{n} de {share:.3f}", "other fields: {n} of {share:.2f} - {n} de {share:.3f}"),
        ("{n} de", "other fields: {n} of {share:.2f} - {n} de"),
    ],
    ids=["empty", "another field", "another specification", "a field too few"],
)
def test_a_faulty_translation_is_found(words, fault):
    template = catalogue_of(("{n} of {share:.2f}", ""))
    assert faults(catalogue_of(("{n} of {share:.2f}", words)), template) == [fault]


def test_a_translation_without_the_markup_is_found():
    template = catalogue_of(("<b>{n}</b> films", ""))
    assert faults(catalogue_of(("<b>{n}</b> films", "<b>{n}</b> radiografías")), template) == []
    bare = catalogue_of(("<b>{n}</b> films", "{n} radiografías"))
    assert faults(bare, template) == ["other markup: <b>{n}</b> films - {n} radiografías"]


def test_a_counted_text_needs_its_fields_in_every_form():
    counted = ("{n} film", "{n} films")
    template = catalogue_of((counted, ("", "")))
    sound = catalogue_of((counted, ("{n} radiografía", "{n} radiografías")))
    assert faults(sound, template) == []
    half = catalogue_of((counted, ("{n} radiografía", "")))
    assert faults(half, template) == [f"not said: {counted}"]
    bare = catalogue_of((counted, ("una radiografía", "{n} radiografías")))
    assert faults(bare, template) == ["other fields: {n} film - una radiografía"]


def test_a_catalogue_that_has_fallen_behind_is_found():
    template = catalogue_of(("Open the film", ""))
    behind = catalogue_of(("An old text", "Un texto antiguo"))
    behind["An old text"].flags.add("fuzzy")
    assert faults(behind, template) == [
        "fuzzy: An old text",
        "not in the catalogue: Open the film",
        "not in the source: An old text",
    ]


def test_no_catalogue_says_when_it_was_brought_to_the_source():
    for language in LANGUAGES.keys() - {ENGLISH}:
        head = path_of(language).read_text(encoding="utf-8")[:600]
        assert '"POT-Creation-Date: 2026-01-01 00:00+0000' in head
