"""DICOM grey scale: modality LUT, then VOI LUT or window, then polarity."""

import numpy as np
import pytest
from fixtures.dicom_films import RAMP, decoded, lut
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.domain.film import Window
from core.imaging.dicom.lut import Tones, apply_tones

# --- the order of the grey scale steps ------------------------------------------------------------

# stored s -> 2 s - 10 -> window 3.5/11: ((v - 3) / 10 + 0.5) clipped -> 1 - that.
RESCALED_WINDOWED_INVERTED = [
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 0.8, 0.6, 0.4],
    [0.2, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0],
]
STEPS = {"RescaleSlope": 2, "RescaleIntercept": -10, "WindowCenter": 3.5, "WindowWidth": 11}


def test_rescale_then_window_then_polarity_by_hand():
    radiograph = decoded(**STEPS, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_allclose(radiograph.pixels, RESCALED_WINDOWED_INVERTED, atol=1e-6)
    assert radiograph.window == Window(3.5, 11.0)


def test_the_hand_computed_case_tells_the_right_order_from_the_wrong_ones():
    window_first = np.clip((RAMP - 3) / 10 + 0.5, 0, 1)
    inverted_first = np.clip((2.0 * (15 - RAMP) - 10 - 3) / 10 + 0.5, 0, 1)
    for wrong in (1 - window_first, inverted_first):
        assert np.abs(wrong - RESCALED_WINDOWED_INVERTED).max() > 0.15


def test_monochrome2_is_the_same_without_the_inversion():
    pixels = decoded(**STEPS).pixels
    np.testing.assert_allclose(pixels, 1 - np.array(RESCALED_WINDOWED_INVERTED), atol=1e-6)


@pytest.mark.parametrize("vr", ["US", "OW"])
def test_a_voi_lut_maps_its_inputs_and_clamps_outside(vr):
    table = lut([0, 1365, 2730, 4095], first=6, bits=12, vr=vr)
    expected = np.zeros(16)
    expected[7:10] = [1 / 3, 2 / 3, 1]
    expected[10:] = 1
    pixels = decoded(VOILUTSequence=table).pixels
    np.testing.assert_allclose(pixels.ravel(), expected, atol=1e-6)


def test_an_eight_bit_voi_lut_packed_in_bytes_is_read():
    item = Dataset()
    item.LUTDescriptor = [4, 6, 8]
    item.add_new("LUTData", "OW", bytes([0, 51, 102, 255]))
    pixels = decoded(VOILUTSequence=Sequence([item])).pixels
    np.testing.assert_allclose(pixels.ravel()[6:10], [0, 0.2, 0.4, 1], atol=1e-6)


def test_a_voi_lut_with_a_negative_first_input_after_rescale_is_read():
    table = lut([0, 51, 102, 255], first=65534, bits=8)  # -2 as the 16 bits of a signed number
    pixels = decoded(RescaleSlope=1, RescaleIntercept=-4, VOILUTSequence=table).pixels
    np.testing.assert_allclose(pixels.ravel()[1:7], [0, 0, 0.2, 0.4, 1, 1], atol=1e-6)


def test_a_voi_lut_wins_over_a_window_and_no_window_is_reported():
    table = lut([0, 255], first=7, bits=8)
    radiograph = decoded(VOILUTSequence=table, WindowCenter=2, WindowWidth=2)
    assert radiograph.pixels.ravel().tolist() == [0.0] * 8 + [1.0] * 8
    assert radiograph.window is None


def test_a_modality_lut_comes_before_the_window():
    table = lut([100 * level for level in range(16)], first=0, bits=16)
    pixels = decoded(ModalityLUTSequence=table, WindowCenter=500.5, WindowWidth=1001).pixels
    np.testing.assert_allclose(pixels.ravel(), np.clip(np.arange(16) / 10, 0, 1), atol=1e-6)


def test_the_first_of_several_windows_is_applied():
    radiograph = decoded(WindowCenter=[8, 100], WindowWidth=[17, 200])
    assert radiograph.window == Window(8.0, 17.0)
    np.testing.assert_allclose(radiograph.pixels, np.clip((RAMP - 7.5) / 16 + 0.5, 0, 1), atol=1e-6)


def test_the_window_functions_follow_their_formulas():
    window = {"WindowCenter": 8, "WindowWidth": 4}
    exact = decoded(**window, VOILUTFunction="LINEAR_EXACT").pixels
    sigmoid = decoded(**window, VOILUTFunction="SIGMOID").pixels
    np.testing.assert_allclose(exact, np.clip((RAMP - 8.0) / 4 + 0.5, 0, 1), atol=1e-6)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-4 * (RAMP - 8.0) / 4)), atol=1e-6)


def test_a_window_of_width_one_is_a_step():
    pixels = decoded(WindowCenter=8, WindowWidth=1).pixels
    assert pixels.ravel().tolist() == [0.0] * 8 + [1.0] * 8


def test_a_center_without_a_width_is_no_window():
    radiograph = decoded(WindowCenter=4)
    assert radiograph.window is None
    np.testing.assert_allclose(radiograph.pixels, RAMP / 15, atol=1e-6)


def test_without_a_window_the_occurring_values_span_black_to_white():
    pixels = decoded(RAMP * 10 + 300).pixels
    np.testing.assert_allclose(pixels, RAMP / 15, atol=1e-6)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_outside_the_range(photometric):
    stored = RAMP + 100
    stored[0] = 4000
    pixels = decoded(stored, PixelPaddingValue=4000, PhotometricInterpretation=photometric).pixels
    span = np.linspace(0, 1, 12)
    expected = span if photometric == "MONOCHROME2" else 1 - span
    assert pixels[0].tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(pixels[1:].ravel(), expected, atol=1e-6)


def test_a_padding_range_of_signed_values_is_left_out():
    stored = RAMP.astype(np.int16)
    stored[0] = [-2000, -1500, -1000, 4]
    pixels = decoded(
        stored, BitsStored=16, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1000
    ).pixels
    assert pixels[0].tolist() == [0, 0, 0, 0]
    assert pixels[3, 3] == 1
    np.testing.assert_allclose(pixels[1, 1], 1 / 11, atol=1e-6)


def test_a_film_of_padding_alone_is_black():
    assert not decoded(np.full((4, 4), 7, np.uint16), PixelPaddingValue=7).pixels.any()


def test_signed_values_keep_their_order():
    stored = (RAMP.astype(np.int16) - 8) * 100
    pixels = decoded(stored, BitsStored=16).pixels
    np.testing.assert_allclose(pixels, RAMP / 15, atol=1e-6)


def test_bits_above_bits_stored_are_ignored():
    overlay = RAMP.copy()
    overlay[0] |= 0x8000
    assert np.array_equal(decoded(overlay).pixels, decoded(RAMP).pixels)


def test_a_presentation_lut_shape_does_not_invert_a_second_time():
    inverse = decoded(PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    np.testing.assert_allclose(inverse.pixels, 1 - RAMP / 15, atol=1e-6)


def test_a_tall_film_is_mapped_whole():
    stored = np.arange(700 * 3, dtype=np.uint16).reshape(700, 3)
    pixels = apply_tones(stored, Tones()).grey
    np.testing.assert_allclose(pixels, stored / 2099, atol=1e-6)
