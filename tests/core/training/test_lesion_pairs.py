"""Pairs of films with a lesion and without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fixtures.tiny_films import TWO_LESIONS, show_nothing

from core.training.lesion_pairs import (
    CORE,
    LUNG,
    RIM,
    LesionPairs,
    draw_lesions,
)


def test_half_of_the_pairs_are_synthetic_and_a_pair_differs_where_the_lesion_is(
    lesion_pairs: LesionPairs,
) -> None:
    assert (
        lesion_pairs.ill.shape
        == lesion_pairs.well.shape
        == lesion_pairs.shows.shape
        == (8, 224, 224)
    )
    of_real = [np.array_equal(well, lesion_pairs.well[1]) for well in lesion_pairs.well]
    assert of_real == [False, True] * 4
    change = np.abs(lesion_pairs.ill.astype(float) - lesion_pairs.well)[1::2]
    shows = lesion_pairs.shows[1::2]
    assert change[shows == CORE].mean() > change[shows == RIM].mean() > change[shows == LUNG].mean()


def test_lesions_are_as_faint_as_the_settings_say() -> None:
    fainter = replace(TWO_LESIONS, lesions=1, severity=(0.1, 0.1))
    changes = [
        np.abs(lesion.change).sum()
        for settings in (TWO_LESIONS, fainter)
        for lesion in draw_lesions(replace(settings, lesions=1), show_nothing)
    ]
    assert changes[1] < changes[0]
