"""Texts that were kept in English, and texts that begin a sentence."""

import pickle

import pytest

from core.domain.archive import ArchiveSettings
from core.errors import ReviewStoreError
from core.language.capitals import capitalised
from core.language.current import using
from core.language.recall import recalled
from core.language.words import msg, tr
from core.pacs.intake import why_left_out
from core.store.database_errors import errors_as_sentences


def test_a_kept_sentence_is_said_with_its_fields_in_the_readers_language():
    kept = str(
        msg(
            "The patient is {years:.0f} years old; {least:g} to {most:g} years are taken.",
            years=44.0,
            least=0.5,
            most=18.0,
        )
    )
    assert tr(recalled(kept)) == kept
    with using("es"):
        assert tr(recalled(kept)) == "El paciente tiene 44 años; se aceptan de 0,5 a 18 años."
        assert tr(recalled(str(why_left_out(None, ArchiveSettings())))) == "No es un fichero DICOM."
        assert tr(recalled("Its modality is not stated; CR, DX are taken.")) == (
            "Su modalidad es no indicada; se aceptan CR, DX."
        )


def test_a_text_that_the_catalogue_does_not_know_stays_as_it_is():
    with using("es"):
        assert tr(recalled("Seen with Dr. {Lee}.")) == "Seen with Dr. {Lee}."
        assert tr(recalled("")) == ""
        assert tr(recalled("The patient is old years old; 0 to 18 years are taken.")) == (
            "The patient is old years old; 0 to 18 years are taken."
        )


def test_a_text_that_begins_a_sentence_has_a_capital_in_each_language():
    text = capitalised(msg("the file {database}", database="reads.sqlite3"))
    assert text == "The file reads.sqlite3"
    with using("es"):
        assert tr(text) == "El fichero reads.sqlite3"
        assert tr(pickle.loads(pickle.dumps(text))) == "El fichero reads.sqlite3"
        assert tr(capitalised("somewhere")) == "Somewhere"


def test_an_error_of_the_database_is_said_in_the_language_of_whom_it_meets():
    place = msg("the file {database}", database="reads.sqlite3")
    with pytest.raises(ReviewStoreError) as found, errors_as_sentences(place, 5.0):
        raise OSError(13, "denied")
    error = found.value
    assert str(error).startswith("The file reads.sqlite3 cannot be used (denied): choose")
    with using("es"):
        assert str(error).startswith("El fichero reads.sqlite3 no se puede usar (denied): elija")
