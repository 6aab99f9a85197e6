"""A reader's round: half without a lesion, a staircase for each lung, and what it comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from core.domain.findings import ZONES
from core.errors import TeachingError
from core.implants.practice import (
    LADDER_CM,
    START,
    Answer,
    begin_round,
    climb,
    is_near,
    summarise_round,
)

FILMS = [f"film-{n:03d}" for n in range(200)]


def test_the_rung_falls_after_two_in_a_row_and_rises_after_one_that_was_missed() -> None:
    assert climb([]) == START
    assert climb([True]) == START
    assert climb([True, True]) == START - 1
    assert climb([True, True, True]) == START - 1
    assert climb([True, True, True, True, False]) == START - 1
    assert climb([True, False, True]) == START + 1
    assert climb([True] * 100) == 0
    assert climb([False] * 100) == len(LADDER_CM) - 1


def test_half_of_the_films_have_a_lesion_and_zones_take_turns() -> None:
    begun = begin_round(FILMS, 24, seed=5)
    assert len(set(begun.films)) == 24
    counts = Counter(begun.zones)
    assert counts.pop("") == 12
    assert counts == dict.fromkeys(ZONES, 2)
    assert begun == begin_round(FILMS, 24, seed=5)
    assert begun.zones != begin_round(FILMS, 24, seed=6).zones


def test_a_round_needs_its_films() -> None:
    with pytest.raises(TeachingError, match="There are 4 normal films"):
        begin_round(FILMS[:4], 8, seed=0)


def test_a_named_zone_counts_in_the_lesions_lung_only_and_next_to_it() -> None:
    assert is_near("right upper", "right upper")
    assert is_near("right upper", "right middle")
    assert not is_near("right upper", "right lower")
    assert not is_near("right upper", "left upper")
    assert not is_near("right upper", "")
    assert not is_near("", "right upper")


def read_round(films: int, finds, calls, seed: int = 3):
    """Read a round: ``finds`` and ``calls`` say from opacity and zone what reader and model do."""
    round_ = begin_round(FILMS, films, seed)
    while round_.place is not None:
        trial = round_.trial()
        said = trial.zone if trial.zone and finds(trial) else ""
        round_ = round_.answer(Answer(trial, said, bool(trial.zone) and calls(trial)))
    return round_


def test_a_staircase_stays_beside_its_own_lungs_threshold() -> None:
    least = {"right": 0.6, "left": 2.2}
    done = read_round(80, lambda t: t.opacity_cm >= least[t.zone.split()[0]], lambda _: False)
    last = {
        side: [one.trial.opacity_cm for one in done.answers if one.trial.zone.startswith(side)][-6:]
        for side in ("right", "left")
    }
    assert set(last["right"]) <= {0.5, 0.7}
    assert set(last["left"]) <= {2.0, 2.8}


def test_the_result_states_the_readers_and_the_models_opacity_on_the_same_films() -> None:
    done = read_round(80, lambda t: t.opacity_cm >= 0.6, lambda t: t.opacity_cm >= 1.2)
    result = summarise_round(done.answers)
    assert 0.5 <= result.reader["right"].value <= 0.7
    assert result.model["left"].low >= 0.7
    assert result.alarms.value == result.model_alarms.value == 0.0
    assert result.found.n == 40
    assert "right upper" not in result.reader  # which has 7 of the 40 lesions
    assert result.reader["right"].n == sum(
        one.trial.zone.startswith("right") for one in done.answers
    )


def test_naming_zones_at_random_finds_nothing() -> None:
    rng, round_ = np.random.default_rng(0), begin_round(FILMS, 40, 1)
    while round_.place is not None:
        said = str(rng.choice(ZONES))
        round_ = round_.answer(Answer(round_.trial(), said, model_suspicious=True))
    result = summarise_round(round_.answers)
    assert result.alarms.value == 1.0
    assert all(np.isinf(one.high) for one in result.reader.values())


def test_a_round_without_answers_states_nothing() -> None:
    begun = begin_round(FILMS, 8, 0)
    result = summarise_round(replace(begun, films=()).answers)
    assert not result.reader
    assert result.found.n == 0
