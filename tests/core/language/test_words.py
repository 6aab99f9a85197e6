"""Texts that are said now, and Messages that are said later, in the language of the reader."""

import copy
import pickle
from gettext import NullTranslations
from threading import Thread

import pytest

from core.errors import DatasetError, FirstReadError
from core.language import current, words
from core.language.current import ENGLISH, ask, best_of, current_language, using
from core.language.words import Message, msg, msgn, tr, trn

SPANISH = {
    "Open the film": "Abrir la radiografía",
    "{n} film": "{n} radiografía",
    "{n} films": "{n} radiografías",
    "right upper": "superior derecho",
    "{place}: {share:.2f}": "{share:.2f} en {place}",
    "Above it: {inner}": "Encima: {inner}",
}


class _Spanish(NullTranslations):
    def gettext(self, message: str) -> str:
        return SPANISH.get(message, message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture(autouse=True)
def _few_words(monkeypatch):
    monkeypatch.setattr(words, "translations", lambda _: _Spanish())


def test_a_text_is_said_in_the_language_that_is_spoken_now():
    assert tr("Open the film") == "Open the film"
    with using("es"):
        assert tr("Open the film") == "Abrir la radiografía"
        assert tr("{place}: {share:.2f}", place="Lima", share=0.5) == "0,50 en Lima"
        assert tr("Nobody translated {n}", n=3) == "Nobody translated 3"
    assert tr("{place}: {share:.2f}", place="Lima", share=0.5) == "Lima: 0.50"


def test_a_text_that_quotes_braces_is_left_alone_without_fields():
    assert tr('{"key": 1}') == '{"key": 1}'
    with using("es"):
        assert tr('{"key": 1}') == '{"key": 1}'


@pytest.mark.parametrize(
    ("n", "english", "spanish"),
    [
        (0, "0 films", "0 radiografías"),
        (1, "1 film", "1 radiografía"),
        (2, "2 films", "2 radiografías"),
    ],
    ids=["none", "one", "two"],
)
def test_a_counted_text_agrees_with_its_number(n, english, spanish):
    assert (trn("{n} film", "{n} films", n), msgn("{n} film", "{n} films", n)) == (english, english)
    with using("es"):
        assert trn("{n} film", "{n} films", n) == tr(msgn("{n} film", "{n} films", n)) == spanish


def test_a_message_is_its_english_text_until_it_is_said():
    message = msg("{place}: {share:.2f}", place=msg("right upper"), share=0.25)
    with using("es"):
        assert (message, f"{message}") == ("right upper: 0.25", "right upper: 0.25")
        assert {message: "a key"}["right upper: 0.25"] == "a key"
        assert tr(message) == "0,25 en superior derecho"
        assert tr(msg("Above it: {inner}", inner=message)) == "Encima: 0,25 en superior derecho"
    assert tr(message) == "right upper: 0.25"


@pytest.mark.parametrize(
    "copied",
    [lambda one: pickle.loads(pickle.dumps(one)), copy.copy, copy.deepcopy],
    ids=["pickled", "copied", "deeply copied"],
)
def test_a_copy_of_a_message_still_knows_how_it_was_made(copied):
    message = copied(msg("Above it: {inner}", inner=msgn("{n} film", "{n} films", 2)))
    assert isinstance(message, Message)
    assert message == "Above it: 2 films"
    with using("es"):
        assert tr(message) == "Encima: 2 radiografías"


def test_an_error_is_said_to_whoever_sees_it():
    error = pickle.loads(pickle.dumps(DatasetError(msg("Open the film"))))
    assert str(error) == "Open the film"
    with using("es"):
        assert str(error) == "Abrir la radiografía"
        assert str(FirstReadError("Open the film")) == "Open the film"


def test_a_language_is_spoken_inside_alone_and_in_no_other_thread():
    heard = []
    with using("es"):
        with using(ENGLISH):
            heard.append(current_language())
        other = Thread(target=lambda: heard.append(current_language()))
        other.start()
        other.join()
        heard.append(current_language())
    with using("tlh"):  # which no catalogue says
        heard.append(current_language())
    assert [*heard, current_language()] == ["en", "en", "es", "en", "en"]


def test_who_knows_the_visitor_is_asked_where_no_language_is_given(monkeypatch):
    monkeypatch.setattr(current, "_sources", [])
    ask(lambda: "")
    assert current_language() == ENGLISH
    ask(lambda: "es")
    assert current_language() == "es"
    with using(ENGLISH):
        assert current_language() == ENGLISH


@pytest.mark.parametrize(
    ("wished", "code"),
    [("es-MX", "es"), ("es_ES", "es"), ("ES", "es"), ("en-GB", "en"), ("fr-CH", ""), ("", "")],
    ids=["Mexico", "underscore", "capitals", "Britain", "unknown", "none"],
)
def test_a_locale_finds_its_language(wished, code):
    assert best_of(wished) == code
