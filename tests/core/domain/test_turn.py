"""A film that is turned before it is read: turns, marks on it, and the note that keeps them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain.film import Turn
from core.domain.mark import Mark
from core.domain.quality import Finding, QualityReport, Severity, turned_finding

TURNED = [turn for turn in Turn if turn is not Turn.NONE]


def test_turns_add_up_as_quarters_of_a_circle() -> None:
    assert [turn.quarters for turn in Turn] == [0, 1, 2, 3]
    assert [Turn.of(quarters) for quarters in (0, 5, -2, 3)] == list(Turn)
    assert Turn.LEFT.then(Turn.LEFT) is Turn.OVER
    assert Turn.RIGHT.then(Turn.OVER) is Turn.LEFT
    assert Turn.RIGHT.then(Turn.LEFT) is Turn.NONE


@pytest.mark.parametrize("turn", Turn)
def test_a_mark_stays_on_what_it_marks(turn: Turn) -> None:
    film, mark = np.zeros((4, 8)), Mark(0.25, 0.5, 0.5, 0.75)
    film[2, 2:4] = 1.0
    turned, edges = np.rot90(film, turn.quarters), mark.turned(turn.quarters).edges
    rows, columns = np.nonzero(turned)
    height, width = turned.shape
    assert edges == (
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    assert mark.turned(turn.quarters).turned(-turn.quarters) == mark


@pytest.mark.parametrize("turn", TURNED)
def test_a_quality_report_keeps_the_turn(turn: Turn) -> None:
    other = Finding("narrow", Severity.FLAG, 90.0, 1.0, "Another finding.")
    quality = QualityReport((other, turned_finding(turn)))
    assert quality.turn is turn
    assert not quality.refused
    reworded = replace(turned_finding(turn), message="In the words of another version.")
    assert QualityReport((reworded,)).turn is turn
    assert QualityReport((other,)).turn is Turn.NONE


def test_the_note_says_how_the_film_was_turned() -> None:
    assert "The reader turned the film left by 90 degrees" in turned_finding(Turn.LEFT).message
    assert [turned_finding(turn).measured for turn in TURNED] == [90.0, 180.0, 270.0]
