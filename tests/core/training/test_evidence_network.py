"""Fine-tuning with lesions whose place is known, on synthetic films and in small."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from fixtures.tiny_films import flat_weights, show_nothing, smooth_films

from core.explain.localisation import area_under_curve
from core.training.augmentation import PLAIN
from core.training.evidence_network import (
    CONTROL,
    CORE,
    GROUPS,
    KEPT,
    LUNG,
    PIXEL,
    RIM,
    EvidenceSettings,
    LesionPairs,
    SplitNetwork,
    TrainingFeatures,
    ask_places,
    compute_features,
    fine_tune,
    split_network,
)
from core.training.films import UNKNOWN_LUNG, FilmSet

TINY = EvidenceSettings(
    epochs=8,
    batch=2,
    learning_rate=0.03,
    share=2.0,
    ema_momentum=0.5,
    pairs_a_step=4,
)


def build_tiny_network() -> SplitNetwork:
    import keras

    keras.utils.set_random_seed(3)
    film = keras.Input((56, 56, 1))
    x = keras.layers.AveragePooling2D(4)(film)
    x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(x)
    x = keras.layers.Conv2D(8, 2, strides=2, activation="relu", name="second")(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return split_network(
        keras.Model(film, keras.layers.Dense(1, name="logit")(x)), first_layer="second"
    )


@dataclass(frozen=True)
class Trained:
    """The same small network before and after each kind of training."""

    features: TrainingFeatures
    before: SplitNetwork
    control: SplitNetwork
    pixel: SplitNetwork
    kept: SplitNetwork


@pytest.fixture(scope="module")
def trained(lesion_pairs: LesionPairs) -> Trained:
    networks = [build_tiny_network() for _ in range(4)]
    labels = np.array([0, 1] * 7 + [0])  # the batches are not of one size
    films = FilmSet(tuple("abcdefghijklmno"), smooth_films(15, 224, 0), labels)
    masks = np.full(films.films.shape, UNKNOWN_LUNG, np.uint8)
    features = compute_features(
        networks[0], films, masks, lesion_pairs, PLAIN, TINY.epochs, show_nothing
    )
    for network, group in zip(networks[1:], (CONTROL, PIXEL, KEPT), strict=True):
        fine_tune(network, features, TINY, 1, GROUPS[group], show_nothing)
    return Trained(features, *networks)


def area_of_evidence(network: SplitNetwork, features: TrainingFeatures) -> float:
    """Return how often a place of a lesion holds more of the logit than another of the lungs."""
    places = np.asarray(network.late(features.ill.astype(np.float32)))
    evidence = (places @ np.asarray(network.last.kernel))[..., 0]
    lesion, asked, _ = map(np.asarray, ask_places(features.shows, evidence.shape[1]))
    return area_under_curve(evidence[lesion == 1], evidence[(lesion == 0) & (asked > 0.5)])


def test_a_place_has_the_lesion_if_the_core_covers_it_and_is_not_asked_at_the_rim() -> None:
    shows = np.full((4, 4), LUNG, np.uint8)
    shows[:2, :2] = [[CORE, CORE], [RIM, 0]]  # a half of the place is core
    shows[:2, 2:] = [[CORE, LUNG], [LUNG, LUNG]]  # a quarter: too little, and too much for none
    shows[2:, :2] = [[LUNG, 0], [0, 0]]
    lesion, asked, lungs = (np.asarray(each)[0] for each in ask_places(shows[None, ..., None], 2))
    assert lesion.tolist() == [[1, 0], [0, 0]]
    assert asked.tolist() == [[0.75, 0], [0.25, 1]]
    assert lungs.tolist() == [[0.75, 1], [0.25, 1]]


def test_the_parts_of_a_network_give_what_the_whole_gives() -> None:
    network = build_tiny_network()
    films = np.random.default_rng(0).random((2, 56, 56, 1), np.float32)
    places = np.asarray(network.late(network.early(films)))
    logits = places.mean((1, 2)) @ np.asarray(network.last.kernel) + np.asarray(network.last.bias)
    np.testing.assert_allclose(logits, np.asarray(network.whole(films)), atol=1e-5)


def test_the_pixel_loss_brings_the_evidence_onto_the_lesions(trained: Trained) -> None:
    before, control, pixel = (
        area_of_evidence(network, trained.features)
        for network in (trained.before, trained.control, trained.pixel)
    )
    assert pixel > max(before, control) + 0.05


def test_a_network_that_keeps_the_opinion_stays_nearer_to_it_than_one_that_learns_labels(
    trained: Trained,
) -> None:
    films = trained.features.films[0].astype(np.float32)

    def logits(network: SplitNetwork) -> np.ndarray:
        means = np.asarray(network.late(films)).mean((1, 2))
        return means @ np.asarray(network.last.kernel) + np.asarray(network.last.bias)

    before, pixel, kept = map(logits, (trained.before, trained.pixel, trained.kept))
    assert np.abs(kept - before).mean() < 0.5 * np.abs(pixel - before).mean()
    assert area_of_evidence(trained.kept, trained.features) > area_of_evidence(
        trained.control, trained.features
    )


def test_layers_before_the_cut_stay_as_they_are_and_those_after_it_learn(trained: Trained) -> None:
    for network in (trained.control, trained.pixel, trained.kept):
        np.testing.assert_array_equal(
            flat_weights(network.early), flat_weights(trained.before.early)
        )
        assert np.abs(flat_weights(network.late) - flat_weights(trained.before.late)).max() > 1e-3


def test_kept_features_come_back_as_they_were(trained: Trained, tmp_path) -> None:
    trained.features.save(tmp_path / "features.npz")
    again = TrainingFeatures.load(tmp_path / "features.npz")
    for name in ("films", "labels", "ill", "well", "shows"):
        np.testing.assert_array_equal(getattr(again, name), getattr(trained.features, name))
