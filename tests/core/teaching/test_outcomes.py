"""A reader's figures against scikit-learn, statsmodels and counts by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fixtures.teaching_cases import ILL, WELL, make_case, make_outcome, wrong
from fsrs import Rating
from sklearn.metrics import roc_auc_score, roc_curve
from statsmodels.stats.proportion import proportion_confint

from core.teaching.mark_scoring import MarkScore
from core.teaching.outcomes import (
    confidence_calibration,
    confusion_by_subtype,
    first_reads,
    learning_curve,
    reader_auc,
    reader_roc,
    summarise,
    weigh_drill,
)
from core.teaching.session import Answer
from core.teaching.spaced_repetition import rate_outcome
from core.teaching.text import answer_text, describe_outcome, resistance_text


def random_reads(n: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    reads = []
    for number in range(n):
        case = make_case(number)
        right = rng.random() < 0.75
        said = (ILL if case.label else WELL) if right else (WELL if case.label else ILL)
        reads.append(make_outcome(case, said, int(rng.integers(1, 6))))
    return reads


@pytest.mark.parametrize("seed", range(5))
def test_the_roc_from_confidence_is_that_of_scikit_learn(seed: int) -> None:
    reads = random_reads(40, seed)
    signed = [one.read.confidence * (1 if one.read.label is ILL else -1) for one in reads]
    label = [one.case.label for one in reads]
    area = reader_auc(reads)
    assert area is not None
    assert area.value == pytest.approx(roc_auc_score(label, signed))
    false_alarms, found, thresholds = roc_curve(label, signed, drop_intermediate=False)
    points = {point.signed: (point.false_alarms, point.sensitivity) for point in reader_roc(reads)}
    assert len(points) == 10
    for threshold, x, y in zip(thresholds[1:], false_alarms[1:], found[1:], strict=True):
        assert points[int(threshold)] == pytest.approx((x, y))


def test_the_last_point_calls_everything() -> None:
    last = reader_roc(random_reads(10, 1))[-1]
    assert (last.signed, last.false_alarms, last.sensitivity) == (-5, 1.0, 1.0)


def test_without_both_classes_there_is_no_roc() -> None:
    reads = [make_outcome(make_case(number), WELL) for number in (0, 2, 4)]
    assert reader_roc(reads) == ()
    assert reader_auc(reads) is None
    one_ill = [*reads, make_outcome(make_case(1), ILL)]
    assert reader_auc(one_ill) is None
    assert len(reader_roc(one_ill)) == 10


def test_rates_have_wilsons_interval() -> None:
    reads = [make_outcome(make_case(1, 1), said) for said in (ILL, ILL, WELL)]
    summary = summarise([*reads, make_outcome(make_case(2), WELL)])
    low, high = proportion_confint(2, 3, method="wilson")
    rate = summary.sensitivity
    assert (rate.value, rate.low, rate.high, rate.n) == pytest.approx((2 / 3, low, high, 3))
    assert (summary.specificity.value, summary.specificity.n) == (1.0, 1)
    assert summary.right.value == 0.75


def test_marks_and_times_are_counted() -> None:
    reads = [
        make_outcome(make_case(1), ILL, found=True, seconds=10.0, limit_s=30),
        make_outcome(make_case(3), ILL, found=False, seconds=30.0, limit_s=30, cut_off=True),
        make_outcome(make_case(5), ILL, found=None, seconds=20.0, limit_s=30),
    ]
    summary = summarise(reads)
    assert (summary.marks.value, summary.marks.n) == (0.5, 2)
    assert (summary.median_s, summary.cut_off, summary.unanswered) == (20.0, 1, 0)
    half = make_outcome(make_case(7), ILL, score=MarkScore(True, True, 1, 0, None, 2, 1))
    assert (summarise([*reads, half]).marks.value, summarise([half]).marks.n) == (0.5, 2)


def test_the_drill_counts_only_where_the_model_was_shown_and_wrong() -> None:
    misled, fine = wrong(make_case(1)), make_case(3)
    reads = [
        make_outcome(misled, ILL, final=ILL),  # held
        make_outcome(misled, ILL, final=WELL),  # gave up
        make_outcome(misled, WELL, final=ILL),  # corrected
        make_outcome(misled, WELL),  # not shown
        make_outcome(fine, ILL, final=ILL),
    ]
    drill = weigh_drill(reads)
    assert (drill.right.value, drill.right.n) == (pytest.approx(2 / 3), 3)
    assert (drill.held.value, drill.held.n) == (0.5, 2)


def test_calibration_is_by_step_of_confidence() -> None:
    reads = [make_outcome(make_case(1), said, 5) for said in (ILL, ILL, ILL, WELL)]
    reads.append(make_outcome(make_case(2), ILL, 1))
    rates = confidence_calibration(reads)
    assert {step: (rate.value, rate.n) for step, rate in rates.items()} == {
        1: (0.0, 1),
        5: (0.75, 4),
    }


def test_confusion_is_by_subtype_with_normals_first() -> None:
    reads = [
        make_outcome(make_case(1, subtype="virus"), WELL),
        make_outcome(make_case(3, subtype="bacteria"), ILL),
        make_outcome(make_case(5, subtype=""), ILL),
        make_outcome(make_case(2), ILL),
        make_outcome(make_case(4), WELL),
    ]
    rows = [
        (row.subtype, row.called_pneumonia, row.called_normal, row.right.value)
        for row in confusion_by_subtype(reads)
    ]
    assert rows == [
        ("normal", 1, 1, 0.5),
        ("bacteria", 1, 0, 1.0),
        ("pneumonia", 1, 0, 1.0),
        ("virus", 0, 1, 0.0),
    ]


def test_the_learning_curve_has_a_point_a_session_in_order() -> None:
    reads = [
        make_outcome(make_case(1), WELL, session="a"),
        make_outcome(make_case(3), ILL, session="a"),
        make_outcome(make_case(1), ILL, session="b", day=2),
    ]
    curve = learning_curve(reads)
    assert [(rate.value, rate.n) for _, rate in curve] == [(0.5, 2), (1.0, 1)]
    assert curve[0][0] < curve[1][0]


def test_only_a_readers_first_read_of_a_film_says_how_hard_it_is() -> None:
    case, other = make_case(1), make_case(3)
    first = make_outcome(case, WELL, day=1)
    again = make_outcome(case, ILL, day=5)
    others = [make_outcome(case, ILL, day=2, reader="Grace"), make_outcome(other, ILL, day=3)]
    same = make_outcome(case, ILL, day=4, reader=" ADA ")
    assert first_reads([again, same, *others, first]) == (first, *others)


def unanswered(case):
    return replace(make_outcome(case, ILL, cut_off=True, limit_s=30), read=Answer())


def test_no_answer_in_time_is_not_right_and_is_no_side_either() -> None:
    reads = [
        unanswered(make_case(1)),
        make_outcome(make_case(3), ILL, 4),
        unanswered(make_case(2)),
        make_outcome(make_case(4), WELL, 4),
    ]
    summary = summarise(reads)
    assert (summary.sensitivity.value, summary.specificity.value) == (0.5, 0.5)
    assert (summary.cut_off, summary.unanswered) == (2, 2)
    rows = confusion_by_subtype(reads)
    counted = [(row.called_pneumonia, row.called_normal, row.unanswered) for row in rows]
    assert counted == [(0, 1, 1), (1, 0, 1)]
    assert confidence_calibration(reads).keys() == {4}
    label, signed = [1, 1, 0, 0], [0, 4, 0, -4]
    assert reader_auc(reads).value == pytest.approx(roc_auc_score(label, signed))
    points = {(point.false_alarms, point.sensitivity) for point in reader_roc(reads)}
    false_alarms, found, _ = roc_curve(label, signed, drop_intermediate=False)
    assert points | {(0.0, 0.0)} == set(zip(false_alarms, found, strict=True))
    assert rate_outcome(reads[0]) is Rating.Again


def test_a_second_read_after_no_answer_is_held_to_the_reference() -> None:
    case = wrong(make_case(1))
    corrected, misled = (
        replace(make_outcome(case, ILL, final=final), read=Answer()) for final in (ILL, WELL)
    )
    assert resistance_text(corrected) == "The model was wrong here; your second read is correct."
    assert resistance_text(misled) == "The model was wrong here, and so was your second read."
    assert answer_text(corrected.read) == "no answer in time"
    assert describe_outcome(misled)["Blind read"] == "not answered"
