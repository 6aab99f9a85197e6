"""A site's own sets as parts on which runs are compared."""

from __future__ import annotations

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of

from core.comparison.scored_films import align_runs, as_part, is_of_site, part_of
from core.comparison.text import films_text
from core.errors import ComparisonError

SET = "site-ab12cd34"
FILMS = film_table(4, split=["validation", "test", "test", "validation"], label=[1, 0, 1, 0])


def test_both_halves_of_a_set_are_one_part_of_its_own_library():
    said = {
        run: as_part(predictions_of(FILMS, probability), SET)
        for run, probability in (("f08", [0.9, 0.2, 0.8, 0.1]), ("f04", [0.9, 0.8, 0.8, 0.1]))
    }
    scored = align_runs(said, {"f08": 0.5, "f04": 0.5}, SET)
    assert len(scored) == 4
    assert scored.right.sum(axis=1).tolist() == [4, 3]
    assert (scored.library, scored.synthetic) == (SET, False)
    assert films_text(scored).startswith("films of this site: 4 films (2 pneumonia, 2 normal)")
    named = align_runs(said, {"f08": 0.5, "f04": 0.5}, SET, title="Ward 3")
    assert films_text(named).startswith("films of the set Ward 3: 4 films")


@pytest.mark.parametrize(
    ("part", "library"), [("test", "public"), ("synthetic", "synthetic")], ids=["public", "drawn"]
)
def test_other_parts_are_of_the_library_that_they_were_of(part, library):
    films = film_table(2, split=[part] * 2, label=[1, 0])
    scored = align_runs({"f08": predictions_of(films, [0.9, 0.1])}, {"f08": 0.5}, part)
    assert scored.library == library
    assert not is_of_site(part)


def test_a_part_chooses_its_own_films_and_an_unknown_one_is_said():
    own = as_part(predictions_of(FILMS, [0.5] * 4), SET).films
    assert part_of(SET).choose(own).all()
    assert not np.any(part_of("site-other").choose(own))
    with pytest.raises(ComparisonError, match="there is no part 'moon'"):
        part_of("moon")
