"""What the gate says of a film's view, and of a film that is not whole."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.gate_films import CHEST, LIMITS, fit_film

from core.domain.quality import FilmChange, Gaps, Severity, ShownView, ViewEvidence
from core.gate.quality import assess_quality

REFUSE, FLAG = Severity.REFUSE, Severity.FLAG
NAN = float("nan")


def above(value):
    return float(np.nextafter(value, np.inf))


def below(value):
    return float(np.nextafter(value, -np.inf))


def assess(evidence):
    return assess_quality(fit_film(), evidence, LIMITS, 160)


def found(report):
    return [(f.code, f.severity, f.measured, f.limit) for f in report.findings]


def codes(report):
    return [f.code for f in report.findings]


def changed(**distances):
    """Return evidence of a film at 1.5 with some changes at another distance than 3."""
    by_change = {FilmChange[name.upper()]: value for name, value in distances.items()}
    return replace(CHEST, distance=1.5, changed={**CHEST.changed, **by_change})


def seen_as(least=0.5, second=0.8, **likeness):
    """Return evidence of a film that the view network has seen."""
    views = {ShownView(name): value for name, value in likeness.items()}
    return replace(CHEST, view=ViewEvidence(second, views, least))


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (seen_as(frontal=0.5, lateral=0.5), []),
        (seen_as(frontal=below(0.5), lateral=0.5), [("view", REFUSE, below(0.5), 0.5)]),
        (
            seen_as(frontal=NAN, lateral=0.5),
            [("view", REFUSE, pytest.approx(NAN, nan_ok=True), 0.5)],
        ),
        (seen_as(frontal=1.0, second=0.2), []),
        (seen_as(frontal=1.0, second=below(0.2)), [("view", REFUSE, below(0.2), 0.2)]),
        (seen_as(frontal=1.0, second=0.0), [("view", REFUSE, 0.0, 0.2)]),
    ],
)
def test_the_view_is_held_to_both_limits(evidence, expected):
    assert found(assess(evidence=evidence)) == expected


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("lateral", "a lateral chest film"),
        ("oblique", "an oblique chest film"),
        ("trunk", "a film of the whole trunk or spine"),
        ("abdomen", "a film of the abdomen"),
        ("pelvis", "a film of the pelvis"),
        ("coronal", "a coronal CT slice"),
        ("part", "one side of a chest"),
    ],
)
def test_the_sentence_says_what_a_film_seems_to_be(view, words):
    (finding,) = assess(evidence=seen_as(frontal=0.1, **{view: 0.8, "turned": 0.05})).findings
    assert finding.message.startswith(f"This seems to be {words}, not a frontal chest film")


def test_a_film_that_is_seen_frontal_is_not_called_turned_or_inverted():
    seen = seen_as(frontal=0.9, inverted=0.1).view
    evidence = replace(changed(invert=1.0), view=seen)
    assert found(assess(evidence=evidence)) == []


def test_a_lateral_that_is_seen_upright_is_not_called_turned():
    seen = seen_as(frontal=0.1, lateral=0.85, turned=0.05).view
    assert codes(assess(evidence=replace(changed(turn_left=1.0), view=seen))) == ["view"]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (2.0, []),
        (2.5, [("unlike", FLAG, 2.5, 2.0)]),
        (above(2.0 * 1.4), [("not_chest", REFUSE, above(2.0 * 1.4), 2.0 * 1.4)]),
    ],
)
def test_a_film_that_is_seen_frontal_may_lie_farther_from_the_training_films(distance, expected):
    evidence = replace(seen_as(frontal=0.9, lateral=0.1), distance=distance)
    assert found(assess(evidence=evidence)) == expected


def test_what_is_no_chest_film_may_be_named_as_a_guess():
    evidence = replace(seen_as(frontal=0.0, pelvis=0.9), distance=9.0)
    (finding,) = assess(evidence=evidence).findings
    assert finding.code == "not_chest"
    assert finding.message.endswith("It may be a film of the pelvis.")


@pytest.mark.parametrize(
    ("gaps", "expected", "words"),
    [
        (Gaps(rows=0.25), [("incomplete", REFUSE, 0.25, 0.08)], "25% of its height"),
        (Gaps(columns=0.125), [("incomplete", REFUSE, 0.125, 0.08)], "12% of its width"),
        (Gaps(boxed=0.0625), [("covered", FLAG, 0.0625, None)], "covers 6.2% of the film"),
    ],
)
def test_a_film_that_is_not_whole_is_told_so(gaps, expected, words):
    report = assess(evidence=replace(CHEST, gaps=gaps))
    assert found(report) == expected
    assert words in report.findings[0].message
