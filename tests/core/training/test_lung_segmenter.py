"""Training of the lung segmenter: masks, loss, Dice, reference."""

from dataclasses import replace

import numpy as np
import pytest
from fixtures.tiny_films import smooth_films

from core.errors import DatasetError
from core.gate.lungs import LungField, feature_distance
from core.gate.quality import Tone
from core.training import lung_segmenter
from core.training.augmentation import Augmentation
from core.training.lung_segmenter import (
    LungSettings,
    dice_scores,
    masked_segmentation_loss,
    signed_masks,
    train_lung_net,
)
from core.training.train_lungs import DISTANCE_MARGIN, fit_reference, make_lungs, measure_limits


def loss_of(truth, mask) -> float:
    shape = (1, 2, 2, 1)
    arrays = (np.array(values, np.float32).reshape(shape) for values in (truth, mask))
    return float(masked_segmentation_loss(*arrays))


# --- masks, loss and Dice -------------------------------------------------------------------------


def test_mask_bytes_become_lung_ignored_and_outside():
    masks = np.array([[[255, 127], [0, 200]]], np.uint8)

    assert signed_masks(masks).tolist() == [[[1.0, -1.0], [0.0, 0.0]]]


def test_the_loss_of_four_pixels_is_the_one_on_paper():
    # Entropy: -(ln 0.8 + ln 0.6 + ln 0.9 + ln 0.5) / 4. Dice: overlap 1.4, total 2 + 2.0.
    loss = loss_of([1, 1, 0, 0], [0.8, 0.6, 0.1, 0.5])

    entropy = -np.log(0.8 * 0.6 * 0.9 * 0.5) / 4
    assert loss == pytest.approx(entropy + 1 - (2 * 1.4 + 1) / (2 + 2.0 + 1), abs=1e-5)


def test_ignored_pixels_do_not_count_in_the_loss():
    assert loss_of([1, 0, -1, -1], [0.8, 0.3, 0.0, 1.0]) == pytest.approx(
        loss_of([1, 0, -1, -1], [0.8, 0.3, 0.7, 0.2])
    )


def test_a_perfect_mask_costs_almost_nothing_and_its_opposite_much():
    assert loss_of([1, 1, 0, 0], [1, 1, 0, 0]) == pytest.approx(0.0, abs=1e-4)
    assert loss_of([1, 1, 0, 0], [0, 0, 1, 1]) > 10.0


def test_dice_is_twice_the_overlap_over_both_areas():
    truth = np.array([[[255, 255, 0], [255, 0, 0]]] * 3, np.uint8)
    found = np.array(
        [[[1, 1, 0], [1, 0, 0]], [[1, 0, 1], [0, 0, 0]], [[0, 0, 1], [0, 1, 1]]], np.float32
    )

    assert dice_scores(found, truth) == pytest.approx([1.0, 2 / 5, 0.0])


def test_dice_leaves_ignored_pixels_out_of_both_areas():
    truth = np.array([[[255, 127], [127, 0]]], np.uint8)
    found = np.array([[[0.9, 0.9], [0.1, 0.2]]], np.float32)

    assert dice_scores(found, truth).tolist() == [1.0]


def test_a_pixel_at_one_half_is_not_lung():
    truth = np.array([[[255, 255]]], np.uint8)

    assert dice_scores(np.array([[[0.5, 0.6]]], np.float32), truth) == pytest.approx([2 / 3])


# --- reference and limits -------------------------------------------------------------------------


def test_films_of_training_have_a_distance_of_about_one():
    spreads, means = np.array([10.0, 1.0, 0.1]), np.array([5.0, -3.0, 0.0])
    features = np.random.default_rng(8).normal(means, spreads, (3000, 3)).astype(np.float32)

    reference = fit_reference(features)

    distances = [feature_distance(row, reference) for row in features]
    assert np.mean(np.square(distances)) == pytest.approx(1.0, rel=0.02)
    assert feature_distance(features.mean(axis=0), reference) == pytest.approx(0.0, abs=1e-4)


def test_the_distance_knows_which_directions_are_usual():
    rng = np.random.default_rng(9)
    covariance = np.array([[1.0, 0.8], [0.8, 1.0]])
    features = rng.multivariate_normal([0.0, 0.0], covariance, 20000).astype(np.float32)
    reference = fit_reference(features)

    along = feature_distance(np.float32([1.0, 1.0]), reference)
    across = feature_distance(np.float32([1.0, -1.0]), reference)

    # Variances 1.8 along and 0.2 across; both points lie at the root of 2, over two features.
    assert along == pytest.approx((2 / 1.8 / 2) ** 0.5, rel=0.05)
    assert across == pytest.approx((2 / 0.2 / 2) ** 0.5, rel=0.05)


def test_a_feature_that_never_changes_does_not_break_the_reference():
    features = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    features[:, 1] = 0.0

    distances = [feature_distance(row, fit_reference(features)) for row in features]

    assert np.isfinite(distances).all()


def test_the_gates_limits_follow_from_the_films_and_the_stated_margins():
    rng = np.random.default_rng(10)
    features = rng.normal(size=(1001, 4)).astype(np.float32)
    reference = fit_reference(features)
    fields = []
    for number, row in enumerate(features):
        mask = np.zeros((1, 1000), np.float32)
        mask[0, : 200 + number // 4] = 1.0  # 20 % to 45 % lung
        fields.append(LungField(mask, row))
    greys = np.linspace(0.2, 0.7, 1001)
    tones = [Tone(contrast=0.8, median=grey, clipped=grey / 10.0) for grey in greys]

    limits = measure_limits(fields, tones, reference)

    distances = sorted(feature_distance(row, reference) for row in features)
    assert limits.distance == pytest.approx(distances[999] * DISTANCE_MARGIN)
    assert limits.lung_fraction == pytest.approx((0.2 * 0.6, 0.45 * 1.3), abs=1e-3)
    assert limits.median_grey == pytest.approx((0.20025, 0.69975), abs=1e-6)
    assert limits.clipped == pytest.approx(0.06995, abs=1e-6)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("without_graphs")
def test_an_epoch_of_the_segmenter_moves_its_weights_and_reports_its_loss(monkeypatch):
    build, untrained = lung_segmenter.build_lung_net, []

    def build_and_remember(*how):
        model = build(*how)
        untrained.append([np.array(weight) for weight in model.trainable_variables])
        return model

    monkeypatch.setattr(lung_segmenter, "build_lung_net", build_and_remember)
    films = smooth_films(2, 32, seed=6)
    masks = np.where(films > 127, 255, 0).astype(np.uint8)
    settings = LungSettings(input_px=32, epochs=2, batch=2, augmentation=Augmentation(erase=0.0))
    lines: list[str] = []

    model = train_lung_net(films, masks, settings, None, lines.append)

    # Moving averages change without an optimizer.
    moved = zip(model.trainable_variables, untrained[0], strict=True)
    assert max(np.abs(np.asarray(after) - before).max() for after, before in moved) > 1e-4
    assert [line.split(":")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
    assert all(0.0 < float(line.rsplit(" ", 1)[1]) < 10.0 for line in lines)


def test_the_segmenter_is_not_trained_without_its_starting_weights(tmp_path):
    films = np.zeros((1, 32, 32), np.uint8)

    with pytest.raises(DatasetError, match=r"initial weights .*mobilenet_2_5.* are not in"):
        train_lung_net(films, films, replace(LungSettings(), input_px=32), tmp_path, print)


def test_a_finished_segmenter_is_not_overwritten(tmp_path):
    (tmp_path / "lungs").mkdir()
    (tmp_path / "lungs" / "run.json").write_text("{}")

    with pytest.raises(DatasetError, match=r"run lungs exists in .*: a run is not overw"):
        make_lungs(tmp_path, tmp_path, print)
