"""The films of a study: balanced, some with wrong advice, one of a patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fixtures.study_films import FILMS, READERS, is_ill, planted_ratings

from core.errors import DatasetError, TeachingError
from core.reader_studies.choosing import Candidate, choose_films, named_films
from core.reader_studies.imrmc import RatedStudy
from core.reader_studies.sample_size import films_needed, pilot_of, published_pilot
from core.reader_studies.study import Advice
from core.stats.mrmc import cases_for_power

WRONG = {1, 4, 7}


def candidate(number: int) -> Candidate:
    ill = number % 2 == 1
    high = ill is not (number in WRONG)
    advice = Advice(0.9 if high else 0.1, 0.5, "suspicious" if high else "not suspicious")
    return Candidate(f"test/film-{number}.png", ill, f"p{number}", advice)


POOL = tuple(candidate(number) for number in range(30))


@pytest.mark.parametrize("wrong", [0, 2, 3])
def test_half_are_ill_and_the_run_is_wrong_on_as_many_as_wished(wrong):
    chosen = choose_films(POOL, 8, wrong, seed=1)
    assert len({one.film_id for one in chosen}) == 8
    assert sum(one.ill for one in chosen) == 4
    assert sum(one.misled for one in chosen) == wrong


def test_the_films_that_mislead_are_of_both_classes():
    assert {one.ill for one in choose_films(POOL, 8, 2, seed=1) if one.misled} == {True, False}


def test_the_seed_decides_which():
    once = choose_films(POOL, 8, 1, seed=1)
    assert once == choose_films(POOL[::-1], 8, 1, seed=1)
    assert once != choose_films(POOL, 8, 1, seed=2)


def test_a_patient_has_one_film():
    doubled = [replace(one, patient=f"p{number // 2}") for number, one in enumerate(POOL)]
    patients = [one.patient for one in choose_films(doubled, 8, 1, seed=1)]
    assert len(set(patients)) == 8


@pytest.mark.parametrize(
    ("films", "wrong", "said"),
    [
        (7, 0, "is even, not 7"),
        (8, 4, "wrong on 3 that fit, and the study wants 4"),
        (40, 0, "too few patients for 40"),
    ],
    ids=["odd", "wrong", "few"],
)
def test_what_the_library_cannot_give_is_refused(films, wrong, said):
    with pytest.raises(TeachingError, match=said):
        choose_films(POOL, films, wrong, seed=1)


def test_named_films_keep_their_order_by_id_or_name():
    named = named_films(POOL, ["film-3", "test/film-1.png", "film-2.png"])
    assert [one.patient for one in named] == ["p3", "p1", "p2"]
    with pytest.raises(TeachingError, match=r"no film 'x' \(2 of the list"):
        named_films(POOL, ["film-3", "x", "y"])


def test_more_readers_need_fewer_films_and_too_few_find_nothing():
    pilot = published_pilot()
    needed = films_needed(pilot, 0.05)
    found = [films for films in needed.values() if films is not None]
    assert found == sorted(found, reverse=True)
    assert needed[5] == cases_for_power(0.05, 5, pilot.analysis, 114)
    assert needed[3] is None
    with pytest.raises(DatasetError):
        cases_for_power(0.05, 3, pilot.analysis, 114)


def test_a_study_of_ones_own_is_a_pilot():
    labels = np.array([int(is_ill(number)) for number in range(len(FILMS))])
    rated = RatedStudy(("a", "b"), READERS, FILMS, planted_ratings(), labels)
    pilot = pilot_of(rated)
    assert (pilot.films, pilot.share_ill) == (12, 0.5)
