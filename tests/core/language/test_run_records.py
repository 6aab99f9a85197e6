"""What the runs' records say in words is in the catalogues too."""

from core.language.catalogue import translations
from core.language.current import ENGLISH, LANGUAGES
from core.language.extraction import ROOT, messages_in, sources
from core.runs.listing import list_runs


def test_each_run_is_described_in_every_language():
    runs = list_runs(ROOT / "models")
    assert {run.folder / "run.json" for run in runs} <= set(sources())
    said = {
        (language, run.run_id)
        for language in LANGUAGES.keys() - {ENGLISH}
        for run in runs
        if translations(language).gettext(run.sentence) != run.sentence
    }
    assert len(said) == len(runs) * (len(LANGUAGES) - 1)


def test_a_record_says_its_sentence_what_it_shows_and_its_parts():
    found = {text for _, text in messages_in(ROOT / "models" / "x05-zoom" / "run.json")}
    assert "Training films magnified five- to tenfold." in found
    assert "official test split" in found


def test_a_network_that_is_no_classifier_says_nothing():
    assert not messages_in(ROOT / "models" / "lungs" / "run.json")
