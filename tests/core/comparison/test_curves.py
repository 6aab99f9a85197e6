"""ROC and precision-recall curves: held to scikit-learn, and to four films on paper."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from core.comparison.curves import trace_curves
from core.errors import DatasetError


def test_four_films_are_counted_as_on_paper():
    curves = trace_curves(np.array([0.2, 0.8, 0.8, 0.5]), np.array([0, 1, 0, 1]))
    assert curves.threshold.tolist() == [0.8, 0.5, 0.2]
    assert curves.sensitivity.tolist() == [0.5, 1.0, 1.0]
    assert curves.false_alarm_rate.tolist() == [0.5, 0.5, 1.0]
    assert curves.ppv.tolist() == [0.5, 2 / 3, 0.5]


def test_curves_are_scikit_learns_with_ties():
    rng = np.random.default_rng(4)
    label = rng.integers(0, 2, 200)
    probability = np.round(0.3 * label + 0.7 * rng.random(200), 2)

    curves = trace_curves(probability, label)

    alarmed, found, threshold = roc_curve(label, probability, drop_intermediate=False)
    np.testing.assert_allclose(curves.false_alarm_rate, alarmed[1:])
    np.testing.assert_allclose(curves.sensitivity, found[1:])
    np.testing.assert_array_equal(curves.threshold, threshold[1:])
    precision, recall, _ = precision_recall_curve(label, probability)
    np.testing.assert_allclose(curves.ppv, precision[:-1][::-1])
    np.testing.assert_allclose(curves.sensitivity, recall[:-1][::-1])


def test_films_of_one_class_have_no_curve():
    with pytest.raises(DatasetError, match="0 with pneumonia and 3 normal"):
        trace_curves(np.array([0.1, 0.2, 0.3]), np.zeros(3, int))
