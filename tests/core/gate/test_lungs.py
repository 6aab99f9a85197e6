"""The lung field, the distance to the training films and the reference it is measured from."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.model import FilmBox
from core.errors import ModelIntegrity
from core.gate.lungs import FeatureReference, LungField, feature_distance, segment_lungs


def vector(*values):
    return np.array(values, np.float32)


REFERENCE = FeatureReference(vector(1, 2, 3), np.diag(vector(1, 0.5, 2)))
WRITTEN = REFERENCE.to_bytes()


class FakeSegmenter:
    """Calls the bright half of any film lung, and remembers what it was given."""

    def __init__(self):
        self.batches = []
        self.memory = {}

    def run(self, batch):
        self.batches.append(batch)
        mask = (batch > 0.5).astype(np.float32) * np.float32(0.9)
        self.memory = {"mask": mask, "features": np.array([[1.0, 2.0, 3.0]], np.float32)}
        return self.memory


# --- distance ---------------------------------------------------------------------------------


def test_the_mean_of_the_training_films_is_at_distance_zero():
    assert feature_distance(vector(1, 2, 3), REFERENCE) == 0.0


def test_the_distance_is_that_computed_by_hand():
    # Centred: (2, 4, -1); whitened: (2, 2, -2); the root of the mean of (4, 4, 4) is 2.
    assert feature_distance(vector(3, 6, 2), REFERENCE) == 2.0


def test_whitening_mixes_features_as_a_matrix_and_not_elementwise():
    # Rows of the matrix: (1, 1, 0), (0, 1, 0), (0, 0, 0). Centred (3, 1, 5) becomes (4, 1, 0).
    mixing = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], np.float32)
    reference = FeatureReference(vector(0, 0, 0), mixing)
    assert feature_distance(vector(3, 1, 5), reference) == pytest.approx(np.sqrt(17 / 3))


def test_films_that_follow_the_reference_lie_at_about_one():
    rng = np.random.default_rng(3)
    spread = vector(*rng.uniform(0.2, 5.0, 200))
    reference = FeatureReference(vector(*np.full(200, 7.0)), np.diag(1 / spread))
    films = (7 + spread * rng.standard_normal((50, 200))).astype(np.float32)
    distances = [feature_distance(film, reference) for film in films]
    assert np.mean(distances) == pytest.approx(1.0, abs=0.03)


def test_very_large_features_give_a_finite_distance():
    reference = FeatureReference(vector(0, 0), np.diag(vector(1e20, 1e20)))
    assert feature_distance(vector(1e20, 1e20), reference) == pytest.approx(1e40, rel=1e-6)


def test_features_that_are_not_numbers_give_a_distance_that_is_not_a_number():
    assert np.isnan(feature_distance(vector(1, np.nan, 3), REFERENCE))


# --- reference --------------------------------------------------------------------------------


def test_a_reference_comes_back_from_its_bytes_bit_by_bit():
    rng = np.random.default_rng(4)
    mean, whitening = rng.normal(size=5).astype("f4"), rng.normal(size=(5, 5)).astype("f4")
    back = FeatureReference.from_bytes(FeatureReference(mean, whitening).to_bytes())
    assert back.mean.dtype == back.whitening.dtype == np.float32
    assert np.array_equal(back.mean, mean)
    assert np.array_equal(back.whitening, whitening)


def test_a_reference_that_was_read_cannot_be_changed():
    back = FeatureReference.from_bytes(WRITTEN)
    with pytest.raises(ValueError, match="read-only"):
        back.mean[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        back.whitening[0, 0] = 9


def archive(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def lone_array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3, np.float32))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not an archive",
        b"PK\x03\x04",
        WRITTEN[: len(WRITTEN) // 2],
        WRITTEN[:-1],
        archive(mean=np.zeros(3, np.float32)),
        archive(mean=np.array([{}]), whitening=np.eye(3)),
        lone_array(),
    ],
    ids=["empty", "text", "magic only", "half", "one byte short", "no whitening", "pickle", "npy"],
)
def test_bytes_that_are_no_reference_are_refused_with_a_sentence(content):
    with pytest.raises(ModelIntegrity, match=r"reference cannot be read .* Restore it"):
        FeatureReference.from_bytes(content)


@given(st.integers(0, len(WRITTEN) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_refused_or_does_no_harm(place, flip):
    damaged = bytearray(WRITTEN)
    damaged[place] ^= flip
    try:
        back = FeatureReference.from_bytes(bytes(damaged))
    except ModelIntegrity:
        return
    assert np.array_equal(back.mean, REFERENCE.mean)
    assert np.array_equal(back.whitening, REFERENCE.whitening)


# --- lung field -------------------------------------------------------------------------------


def test_the_fraction_counts_pixels_above_one_half():
    mask = np.array([[0.0, 0.5, 0.51, 1.0], [0.2, 0.4, 0.6, 0.49]], np.float32)
    assert LungField(mask, vector(0)).fraction == 3 / 8


def test_the_segmenter_gets_one_film_with_one_channel_unchanged():
    segmenter = FakeSegmenter()
    film = np.array([[0.0, 1.0], [0.7, 0.3]], np.float32)
    field = segment_lungs(film, segmenter)
    (batch,) = segmenter.batches
    assert batch.shape == (1, 2, 2, 1)
    assert np.array_equal(batch[0, :, :, 0], film)
    assert field.mask.tolist() == np.array([[0, 0.9], [0.9, 0]], np.float32).tolist()
    assert field.features.tolist() == [1, 2, 3]
    assert field.fraction == 0.5


def test_a_lung_field_is_a_read_only_copy_of_what_the_network_returned():
    segmenter = FakeSegmenter()
    field = segment_lungs(np.ones((2, 2), np.float32), segmenter)
    segmenter.memory["mask"][:] = 0
    segmenter.memory["features"][:] = 0
    assert field.fraction == 1.0
    assert field.features.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        field.mask[0, 0] = 0
    with pytest.raises(ValueError, match="read-only"):
        field.features[0] = 0


# --- the box around the lungs -----------------------------------------------------------------


def field_of(mask):
    return LungField(mask.astype(np.float32), vector(0))


def test_the_box_has_a_margin_of_six_hundredths_and_is_in_px_of_the_film():
    mask = np.zeros((100, 100))
    mask[20:70, 30:80] = 1.0
    # Rows 0.20 to 0.70, with 0.06 * 0.50 more on each side 0.17 to 0.73: 38 to 164 of 224, which
    # is 33.9 to 146.4 of 200; columns 0.27 to 0.83: 60 to 186 of 224, 107.1 to 332.1 of 400.
    assert field_of(mask).box(200, 400) == FilmBox(33, 107, 147, 333)


def test_a_large_film_gets_the_box_of_its_small_copy():
    mask = np.random.default_rng(2).random((160, 160)) ** 8
    small, large = (field_of(mask).box(side, side) for side in (224, 3000))
    for name in ("top_px", "left_px", "bottom_px", "right_px"):
        assert getattr(large, name) / 3000 == pytest.approx(getattr(small, name) / 224, abs=1e-3)


def test_a_stray_patch_does_not_move_the_box():
    mask = np.zeros((100, 100))
    mask[20:70, 30:80] = 1.0
    stray = mask.copy()
    stray[95:99, 2:5] = 1.0
    assert field_of(stray).box(100, 100) == field_of(mask).box(100, 100)


def test_the_box_ends_at_the_film():
    assert field_of(np.ones((50, 50))).box(300, 200) == FilmBox(0, 0, 300, 200)


def test_without_lungs_there_is_no_box():
    assert field_of(np.full((50, 50), 0.5)).box(300, 200) is None
