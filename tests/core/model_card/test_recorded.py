"""What records state in English is said in every language; the records stay as they are."""

import json

import pytest
from fixtures.kept_run_copies import MODELS

from core.language.catalogue import read_catalogue
from core.language.current import ENGLISH, LANGUAGES, using
from core.language.words import tr
from core.model_card.checklists.model_answers import MATRIX
from core.model_card.population import CLASS_WEIGHTS, KEPT, STARTS
from core.model_card.recorded import recorded
from core.runs.listing import list_runs

NAMES = frozenset({"CAM", "LIME"})
"""What is called the same in every language."""
OTHERS = [language for language in LANGUAGES if language != ENGLISH]


def _read(run, name):
    path = run.folder / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _stated():
    """Yield every text of the kept runs' records that a model card shows."""
    for run in list_runs(MODELS):
        record, settings = _read(run, "run.json"), _read(run, "run.json").get("settings", {})
        yield run.operating_point.chosen_on
        if run.abstention is not None:
            yield from (run.abstention.chosen_on, run.abstention.method)
        yield from (part["split"] for part in run.metrics.values())
        yield from record.get("data", {}).get("films", {})
        yield from (settings[name] for name in ("schedule", "split_by") if name in settings)
        yield from (part["split"] for part in _read(run, "audit.json").get("parts", {}).values())
        explanations, sanity = _read(run, "explanations.json"), _read(run, "sanity.json")
        for named in ("films", "ways"):
            for name, what in explanations.get(named, {}).items():
                yield from (name, what)
        if sanity:
            yield sanity["films"]
            yield from (stage["layers"] for stage in sanity["stages"])


@pytest.mark.parametrize("language", OTHERS)
def test_what_the_kept_runs_state_is_in_every_catalogue(language):
    known = {message.id for message in read_catalogue(language)}
    stated = set(_stated()) - NAMES
    assert {"validation patients", "last layer", "occlusion"} <= stated
    assert [text for text in sorted(stated) if recorded(text).one not in known] == []


def test_every_setting_of_a_kept_run_has_its_words():
    for run in list_runs(MODELS):
        how = _read(run, "run.json").get("settings", {})
        if "keep" in how:
            assert how["keep"] in KEPT
            assert how["class_weights"] in CLASS_WEIGHTS
            assert how["starts_from"] in STARTS or how["starts_from"] == how["parent"]
        assert all(part["matrix"].keys() == MATRIX.keys() for part in run.metrics.values())


def test_the_numbers_of_a_statement_stay_and_its_words_are_said():
    with using("es"):
        assert tr(recorded("32 validation films drawn at random, 25 with pneumonia")) == (
            "32 radiografías de validación elegidas al azar, 25 con neumonía"
        )
        stated = recorded("stated as 0.3, not chosen on films; measured on official test split")
        assert tr(stated).endswith("medido en partición de prueba oficial")


@pytest.mark.parametrize("text", ["films of ward {7}", ""], ids=["unknown", "empty"])
def test_what_no_catalogue_knows_stays_as_it_was_written(text):
    with using("es"):
        assert tr(recorded(text)) == text
