"""Stored English texts are said in the language of whom they are shown to."""

import copy
import pickle
import time

import pytest

from core.domain.quality import Finding, QualityReport, Severity
from core.domain.worklist import MachineReading
from core.language.current import using
from core.language.recall import recalled
from core.language.words import msg, msgn, tr
from core.store.films.readings import reading_from_json, reading_to_json

TURNED = (
    "The film does not look upright: its distance from the training films is 2.30 as it is and "
    "1.10 with the film turned left by 90 degrees. Choose Turn and read again, or export it "
    "upright."
)
WINDOW = (
    "The DICOM file's window has the width 0.5, which must be at least 1; its VOI LUT leaves a "
    "single grey. The film is shown over the full range of its values."
)
CLIPPED = (
    "17% of the film is pure black or white (limit 5%): detail is lost there. Check for a crop "
    "border or a narrow window."
)
NARROW = (
    "The film is 0.50 times as wide as high; frontal chest films lie between 0.7 and 2.4. Check "
    "that it is one whole, uncropped film."
)
SAID = {
    "shares": (CLIPPED, "es negro o blanco puro (límite 5\N{NO-BREAK SPACE}%)"),
    "a text in a text": (TURNED, "2,30 tal como está y 1,10 con la radiografía girada 90 grados"),
    "a list of texts": (WINDOW, "la ventana tiene la anchura 0,5, que debe ser al menos 1; la VOI"),
    "a number without a form": (NARROW, "es 0,50 veces su altura; las frontales de tórax"),
    "another one": (NARROW, "están entre 0,7 y 2,4."),
    "a name": (
        "Normal film.png has 600 MB; the limit is 512 MB. Export the film at a lower resolution.",
        "Normal film.png tiene 600 MB; el límite es 512 MB.",
    ),
    "a quoted part": (
        "The film's fingerprint 'abc' is not 64 hexadecimal digits: load the film again.",
        "La huella de la radiografía 'abc' no son 64 dígitos",
    ),
    "a count": ("3 films were erased. Signed reads stay.", "Se borraron 3 radiografías."),
}


@pytest.mark.parametrize(("text", "words"), SAID.values(), ids=SAID)
def test_a_stored_text_is_said_in_the_language_of_whom_it_is_shown_to(text, words):
    stored = recalled(text)
    assert stored == text == tr(stored)
    with using("es"):
        assert words in tr(stored)
        assert words in tr(msg("{said}", said=stored))


@pytest.mark.parametrize(
    "text",
    ["Ada wrote: the film is dark.", "The film is 0.5 times as wide as it was in older versions."],
    ids=["of a person", "of an older version"],
)
def test_a_text_that_the_source_does_not_hold_stays_as_it_is(text):
    with using("es"):
        assert tr(recalled(text)) == text


def test_a_message_stays_the_message_that_it_is():
    made = msgn("{n} film", "{n} films", 2)
    assert recalled(made) is made


@pytest.mark.parametrize(
    "again",
    [lambda text: pickle.loads(pickle.dumps(text)), copy.deepcopy],
    ids=["pickled", "copied"],
)
def test_a_stored_text_is_known_in_another_process(again):
    with using("es"):
        assert tr(again(recalled(TURNED))) == tr(recalled(TURNED)) != TURNED


def test_what_the_worklist_keeps_of_a_film_is_said_in_the_readers_language():
    finding = Finding("orientation", Severity.REFUSE, 2.3, 1.1, TURNED)
    kept = reading_to_json(MachineReading("run", quality=QualityReport((finding,))))
    unread = reading_to_json(MachineReading("run", sentence=WINDOW))
    quality = reading_from_json(kept).quality
    assert quality == QualityReport((finding,))
    with using("es"):
        assert tr(quality.findings[0].message).startswith("La radiografía no parece derecha")
        assert tr(reading_from_json(unread).sentence).startswith("En el archivo DICOM, la ventana")


def test_a_text_that_was_written_to_be_slow_is_given_up_at_once():
    slow = "a of a is a higher than that of a a. " * 50 + "b"
    with using("es"):
        tr(recalled("3 films were erased."))  # the source's texts are read once
        begun = time.perf_counter()
        assert tr(recalled(slow)) == slow
    assert time.perf_counter() - begun < 1.0


def test_the_last_of_many_names_may_hold_what_ends_the_text():
    with using("es"):
        said = tr(recalled("Listens on 10.0.0.9:11112 as FIRSTREAD, only from 10.0.0.1."))
    assert said.endswith("10.0.0.1.")
    assert "Listens" not in said


def test_a_text_with_many_names_is_said():
    text = "Run-b misses 2 fewer of 40 pneumonias than run-a (2 to 5; different)."
    with using("es"):
        assert "run-b" in tr(recalled(text)).lower()
        assert tr(recalled(text)) != text
