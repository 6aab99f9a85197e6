"""Windows and LUTs that cannot be used: the film is shown all the same, and a note says how."""

import io
import struct

import numpy as np
import pytest
from fixtures.dicom_films import RAMP, content_of, decoded, film, lut
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from core.domain.film import Window
from core.domain.quality import FilmChange, GateEvidence, Severity
from core.gate.quality import GateLimits, assess_quality
from core.imaging.decoding import decode_radiograph

FULL_RANGE = RAMP / 15
WINDOWED = np.clip((RAMP - 7.5) / 16 + 0.5, 0, 1)  # center 8, width 17
OVER_RANGE = "over the full range of its values."


def with_window(center, width, **elements):
    """Return a film whose window elements hold these very bytes."""
    dataset = film(**elements)
    content = content_of(dataset)
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    written = b""
    for element, value in ((0x1050, center), (0x1051, width)):
        padded = value + b" " * (len(value) % 2)
        written += struct.pack("<HH2sH", 0x28, element, b"DS", len(padded)) + padded
    return content[:at] + written + content[at:]


@pytest.mark.parametrize(
    ("center", "width", "said"),
    [
        (b"8", b"0", "has the width 0, which must be at least 1"),
        (b"8", b"0.5", "has the width 0.5, which must be at least 1"),
        (b"8", b"-17", "has the width -17, which must be at least 1"),
        (b"8,0", b"17,0", "is not a pair of numbers"),
        (b"\\8", b"17", "is not a pair of numbers"),
        (b"wide", b"Doe^Jane", "is not a pair of numbers"),
        (b"NaN", b"17", "is not a pair of numbers"),
        (b"8", b"inf", "is not a pair of numbers"),
        (b"\xff\xfe\x00", b"17", "is not a pair of numbers"),
        (b"8", b"", "is not a pair of numbers"),
        (b"900", b"10", r"(center 900, width 10) leaves a single grey"),
    ],
)
def test_without_a_usable_window_the_full_range_is_shown(center, width, said):
    radiograph = decode_radiograph(with_window(center, width))
    np.testing.assert_allclose(radiograph.pixels, FULL_RANGE, atol=1e-6)
    assert radiograph.window is None
    assert f"window {said}" in radiograph.display_note
    assert radiograph.display_note.endswith(f"The film is shown {OVER_RANGE}")
    assert "Doe" not in radiograph.display_note


@pytest.mark.parametrize(
    ("center", "width"),
    [
        (b"0\\8", b"0\\17"),
        (b"x\\8", b"9\\17"),
        (b"\\8", b"\\17"),
        (b"8,0\\8", b"17,0\\17"),
        (b"5\\6\\8", b"0.2\\-3\\17"),
        (b"900\\8", b"10\\17"),
    ],
)
def test_the_next_usable_window_is_taken(center, width):
    radiograph = decode_radiograph(with_window(center, width))
    np.testing.assert_allclose(radiograph.pixels, WINDOWED, atol=1e-6)
    assert radiograph.window == Window(8, 17)
    assert radiograph.display_note.endswith("is shown with the window center 8, width 17.")


@pytest.mark.parametrize(
    ("center", "width"),
    [(b"8", b"17"), (b" 8 ", b"17.0"), (b"8\\0", b"17\\0"), (b"8\\x", b"17\\y")],
)
def test_a_usable_first_window_needs_no_note(center, width):
    radiograph = decode_radiograph(with_window(center, width))
    np.testing.assert_allclose(radiograph.pixels, WINDOWED, atol=1e-6)
    assert radiograph.display_note == ""


def test_no_window_at_all_needs_no_note():
    assert decoded().display_note == ""
    assert decode_radiograph(with_window(b"", b"")).display_note == ""


def test_an_unknown_function_is_read_as_linear_and_said():
    radiograph = decoded(WindowCenter=8, WindowWidth=17, VOILUTFunction="LOG")
    np.testing.assert_allclose(radiograph.pixels, WINDOWED, atol=1e-6)
    assert "window function is unknown, and LINEAR is taken" in radiograph.display_note


def test_a_narrow_sigmoid_window_is_usable_and_one_of_width_zero_is_not():
    assert decoded(WindowCenter=8, WindowWidth=0.5, VOILUTFunction="SIGMOID").display_note == ""
    note = decoded(WindowCenter=8, WindowWidth=0, VOILUTFunction="SIGMOID").display_note
    assert "width 0, which must be above 0" in note


def test_an_even_film_keeps_its_window():
    radiograph = decoded(np.full((4, 4), 7, np.uint16), WindowCenter=7, WindowWidth=10)
    assert radiograph.window == Window(7, 10)


# --- lookup tables --------------------------------------------------------------------------------


def item(descriptor=None, data=None):
    made = Dataset()
    if descriptor is not None:
        made.add_new("LUTDescriptor", "US", descriptor)
    if data is not None:
        made.add_new("LUTData", "OW", data)
    made.LUTExplanation = "A curve of the maker's own"
    return made


WORDS = struct.pack("<16H", *range(0, 4096, 273))
UNUSABLE = {
    "nothing": item(),
    "no descriptor": item(data=WORDS),
    "no data": item([16, 0, 12]),
    "empty data": item([16, 0, 12], b""),
    "empty descriptor": item([], WORDS),
    "short descriptor": item([16, 0], WORDS),
    "short data": item([4096, 0, 12], WORDS),
    "zeros": item([16, 0, 12], bytes(32)),
}


@pytest.mark.parametrize("fault", UNUSABLE)
@pytest.mark.parametrize("window", [None, Window(8, 17)])
def test_a_voi_lut_that_cannot_be_used_gives_way(fault, window):
    stated = {} if window is None else {"WindowCenter": 8, "WindowWidth": 17}
    radiograph = decoded(VOILUTSequence=Sequence([UNUSABLE[fault]]), **stated)
    expected = FULL_RANGE if window is None else WINDOWED
    np.testing.assert_allclose(radiograph.pixels, expected, atol=1e-6)
    assert radiograph.window == window
    assert "VOI LUT is empty or incomplete" in radiograph.display_note


@pytest.mark.parametrize("fault", sorted(UNUSABLE.keys() - {"zeros"}))
def test_a_modality_lut_that_cannot_be_used_is_left_out(fault):
    radiograph = decoded(
        ModalityLUTSequence=Sequence([UNUSABLE[fault]]), WindowCenter=8, WindowWidth=17
    )
    np.testing.assert_allclose(radiograph.pixels, WINDOWED, atol=1e-6)
    assert "modality LUT is empty or incomplete, and is left out" in radiograph.display_note


def test_an_empty_sequence_is_no_lut_and_needs_no_note():
    for keyword in ("VOILUTSequence", "ModalityLUTSequence"):
        radiograph = decoded(**{keyword: Sequence([]), "WindowCenter": 8, "WindowWidth": 17})
        np.testing.assert_allclose(radiograph.pixels, WINDOWED, atol=1e-6)
        assert radiograph.display_note == ""


def test_the_second_lut_stands_in_for_an_empty_first():
    usable = lut([0, 255], first=7, bits=8)[0]
    radiograph = decoded(VOILUTSequence=Sequence([item(), usable]))
    assert radiograph.pixels.ravel().tolist() == [0.0] * 8 + [1.0] * 8


@pytest.mark.parametrize("stated", [16, 14, 10, 8, 40, 0])
def test_a_luts_depth_is_that_of_its_entries(stated):
    entries = list(range(0, 4096, 273))
    radiograph = decoded(VOILUTSequence=lut(entries, first=0, bits=stated))
    np.testing.assert_allclose(radiograph.pixels, FULL_RANGE, atol=1e-6)
    assert f"VOI LUT states {stated} bits for entries of 12" in radiograph.display_note
    assert radiograph.display_note.endswith("shown with its VOI LUT, by 12 bits.")


def test_a_lut_with_the_right_depth_needs_no_note():
    assert decoded(VOILUTSequence=lut([0, 4095], first=7, bits=12)).display_note == ""


def test_an_inverted_film_is_inverted_after_its_full_range():
    radiograph = decode_radiograph(with_window(b"8", b"0", PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(radiograph.pixels, 1 - FULL_RANGE, atol=1e-6)


def test_a_decimal_comma_in_the_rescale_is_read():
    content = content_of(film(RescaleSlope="2.50", RescaleIntercept="7"))
    changed = content.replace(b"2.50", b"2,50")
    assert dcmread(io.BytesIO(content)).RescaleSlope == 2.5
    np.testing.assert_allclose(decode_radiograph(changed).pixels, FULL_RANGE, atol=1e-6)


def test_the_note_is_among_the_findings_that_the_page_shows():
    evidence = GateEvidence(0.5, dict.fromkeys(FilmChange, 2.0), 0.3)
    limits = GateLimits(1.0, (0.1, 0.6), (0.0, 1.0), 1.0)
    for content, noted in ((with_window(b"8", b"0"), 1), (with_window(b"8", b"17"), 0)):
        film_read = decode_radiograph(content)
        findings = assess_quality(film_read, evidence, limits, 4).findings
        shown = [found for found in findings if found.code == "display"]
        assert [found.message for found in shown] == [film_read.display_note] * noted
        assert all(found.severity is Severity.NOTE for found in shown)
