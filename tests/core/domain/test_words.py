"""The words of the domain: one for each member, in English as the member's value."""

import pytest

from core.domain.archive import (
    ArrivalState,
    SendingState,
    arrival_state_words,
    sending_state_words,
)
from core.domain.findings import Category, category_words
from core.domain.quality import FilmChange, change_words
from core.domain.reader import Act, Role, act_words, role_words
from core.domain.review import Verdict, verdict_words
from core.domain.worklist import Arrival, FilmStatus, arrival_words, status_words
from core.language.current import using
from core.language.words import tr
from core.teaching.session import Difficulty, difficulty_words


@pytest.mark.parametrize(
    ("members", "words_of"),
    [
        (Verdict, verdict_words),
        (Category, category_words),
        (Role, role_words),
        (Act, act_words),
        (FilmStatus, status_words),
        (Arrival, arrival_words),
        (FilmChange, change_words),
        (ArrivalState, arrival_state_words),
        (SendingState, sending_state_words),
        (Difficulty, difficulty_words),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_each_member_has_words_and_they_are_said_in_spanish(members, words_of):
    assert [str(words_of(one)) for one in members] == [one.value for one in members]
    with using("es"):
        said = {tr(words_of(one)) for one in members}
    same_in_both = {"normal", "PACS"}
    assert not (said - same_in_both) & {one.value for one in members}
    assert len(said) == len(list(members))
