"""What is kept under an English name is said in the reader's language."""

from importlib import import_module

import pytest

from core.datasets.film_metadata import AGE_BANDS, OPACITY, OTHER_FINDING
from core.error_analysis.names import QUICK_TAG, name_text
from core.language.current import using

CAUSES = import_module("core.store.migrations.versions.0003_case_notes").FIRST_CAUSES


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([words for _, words in AGE_BANDS], id="ages"),
        pytest.param(CAUSES, id="causes"),
        pytest.param([OPACITY, OTHER_FINDING, QUICK_TAG], id="readings and the tag"),
    ],
)
def test_a_name_is_said_in_each_language_and_kept_in_english(names):
    assert [name_text(name) for name in names] == list(names)
    with using("es"):
        assert [name for name in names if name_text(name) == name] == []


def test_what_readers_wrote_themselves_stays_as_it_is():
    with using("es"):
        assert name_text("Films") == "Films"  # a text of the interface, and here somebody's tag
