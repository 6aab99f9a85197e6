"""Several runs as one classifier: hand-computed, with members of different sizes, and explained."""

from dataclasses import replace
from math import exp
from pathlib import Path

import numpy as np
import pytest

from core.domain.arrays import read_only
from core.domain.model import (
    AbstentionBand,
    Calibration,
    Geometry,
    ModelInput,
    OperatingPoint,
    Prediction,
    RunRecord,
)
from core.domain.regions import Fill, LimeSettings
from core.explain.lime import explain_prediction, top_regions
from core.imaging.preprocessing import resize_film
from core.inference.ensemble import EnsembleClassifier
from core.inference.litert import predict_film

POINT = OperatingPoint(0.5, 1.0, 1.0, 4, 2, "validation patients")
BAND = AbstentionBand(0.2, 0.5, 0.1, 0.9, "validation patients", 4, "by hand")


def record(run_id, px, calibration):
    return RunRecord(
        run_id, Path(), "", "small", px, calibration, POINT, {}, {}, "", abstention=BAND
    )


class BrightPatch:
    """A member whose logit is the mean grey of its film's upper left quarter, times a gain."""

    def __init__(self, px, gain, calibration):
        self.run_record = record("member", px, calibration)
        self.gain = gain
        self.seen = []

    def logits(self, batch):
        px = self.run_record.input_px
        assert batch.shape[1:] == (px, px, 1)
        self.seen.append(batch)
        quarter = batch[:, : px // 2, : px // 2, 0].mean(axis=(1, 2))
        return (self.gain * quarter).astype(np.float32)


def ensemble_of(*members, px, calibration):
    return EnsembleClassifier(members, record("e01", px, calibration), resize_film)


def sigmoid(value):
    return 1.0 / (1.0 + exp(-value))


def test_the_probability_is_the_calibrated_mean_of_the_calibrated_logits():
    # A film of 0.5: logits 1 and 3; 1/2 + 1 = 1.5 and 3/1 - 2 = 1; mean 1.25; 1.25/2 + 0.5
    members = (
        BrightPatch(8, 2.0, Calibration(2.0, 1.0)),
        BrightPatch(8, 6.0, Calibration(1.0, -2.0)),
    )
    ensemble = ensemble_of(*members, px=8, calibration=Calibration(2.0, 0.5))
    batch = np.full((1, 8, 8, 1), 0.5, np.float32)

    assert ensemble.logits(batch) == pytest.approx([1.25])
    assert ensemble.predict(batch) == pytest.approx([sigmoid(1.125)])
    assert ensemble.disagreement(batch) == pytest.approx([sigmoid(1.5) - sigmoid(1.0)])
    assert ensemble.predict(batch).dtype == np.float32


def test_members_that_say_the_same_do_not_disagree():
    members = [BrightPatch(8, 2.0, Calibration(1.0, 0.0)) for _ in range(3)]
    ensemble = ensemble_of(*members, px=8, calibration=Calibration(1.0, 0.0))
    batch = np.random.default_rng(0).random((5, 8, 8, 1), dtype=np.float32)

    assert ensemble.disagreement(batch).tolist() == [0.0] * 5
    assert ensemble.predict(batch) == pytest.approx([sigmoid(x) for x in members[0].logits(batch)])


def test_a_member_of_another_size_gets_the_film_resized_as_it_would_alone():
    small = BrightPatch(96, 2.0, Calibration(1.0, 0.0))
    large = BrightPatch(224, 2.0, Calibration(1.0, 0.0))
    batch = np.random.default_rng(0).random((2, 224, 224, 1), dtype=np.float32)

    ensemble_of(small, large, px=224, calibration=Calibration(1.0, 0.0)).logits(batch)

    np.testing.assert_array_equal(large.seen[0], batch)
    for film, seen in zip(batch, small.seen[0], strict=True):
        np.testing.assert_array_equal(seen[..., 0], resize_film(film[..., 0], 96, 96))


def test_the_read_of_a_film_states_disagreement_band_and_the_ensembles_name():
    members = (
        BrightPatch(8, 2.0, Calibration(1.0, 0.0)),
        BrightPatch(8, -2.0, Calibration(1.0, 0.0)),
    )
    ensemble = ensemble_of(*members, px=8, calibration=Calibration(1.0, -1.0))
    film = ModelInput(read_only(np.full((8, 8), 0.5, np.float32)), Geometry(80, 80, 8))

    prediction = predict_film(film, ensemble)

    assert prediction.probability == pytest.approx(sigmoid(-1.0))
    assert prediction.disagreement == pytest.approx(sigmoid(1.0) - sigmoid(-1.0))
    assert (prediction.run_id, prediction.abstention, prediction.side) == ("e01", BAND, "unsure")


def test_lime_finds_what_members_of_two_sizes_look_at():
    members = (
        BrightPatch(48, 9.0, Calibration(1.0, -2.0)),
        BrightPatch(64, 9.0, Calibration(1.0, -2.0)),
    )
    ensemble = ensemble_of(*members, px=64, calibration=Calibration(1.0, 0.0))
    pixels = np.tile(np.linspace(0.5, 0.7, 64, dtype=np.float32), (64, 1))
    film = ModelInput(read_only(pixels), Geometry(640, 640, 64))

    settings = LimeSettings(regions=16, samples=200, fill=Fill.DARK)
    explanation = explain_prediction(film, ensemble, settings)

    quarter = set(np.unique(explanation.segments[:28, :28]).tolist())
    assert {region.label for region in top_regions(explanation, 3)} <= quarter
    alone = float(ensemble.predict(pixels[None, ..., None])[0])
    assert explanation.score == pytest.approx(alone, abs=1e-5)
    assert explanation.parts["misfit"] == pytest.approx(0.0, abs=0.1)


def test_an_ensembles_log_odds_are_not_split_by_place():
    member = BrightPatch(8, 2.0, Calibration(1.0, 0.0))
    ensemble = ensemble_of(member, px=8, calibration=Calibration(1.0, 0.0))
    assert not ensemble.has_evidence
    assert ensemble.evidence(np.zeros((1, 8, 8, 1), np.float32)) is None


# --- the side that a model takes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "probability", "side"),
    [
        (0.2, 0.6, 0.1999, "not suspicious"),
        (0.2, 0.6, 0.2, "unsure"),
        (0.2, 0.6, 0.5999, "unsure"),
        (0.2, 0.6, 0.6, "suspicious"),
        (0.5, 0.5, 0.4999, "not suspicious"),
        (0.5, 0.5, 0.5, "suspicious"),
        (None, 0.6, 0.0, "unsure"),
        (0.2, None, 1.0, "unsure"),
        (None, None, 0.5, "unsure"),
    ],
)
def test_inside_the_band_no_side_is_taken(low, high, probability, side):
    band = replace(BAND, low=low, high=high)
    assert Prediction(probability, 0.0, "r01", POINT, band).side == side


@pytest.mark.parametrize(("probability", "side"), [(0.4999, "not suspicious"), (0.5, "suspicious")])
def test_without_a_band_the_operating_point_decides(probability, side):
    assert Prediction(probability, 0.0, "r01", POINT).side == side
