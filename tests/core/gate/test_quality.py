"""The quality gate: every limit from both sides, what outranks what, and no film that breaks it."""

import re
from dataclasses import replace
from inspect import getsource

import numpy as np
import pytest
from fixtures.gate_films import CHEST, LIMITS, film_of, fit_film, three_greys
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from core.domain.film import AgeBand, Turn
from core.domain.quality import (
    BETTER_BY,
    FilmChange,
    GateEvidence,
    QualityReport,
    Severity,
    refusal_words,
)
from core.gate import quality, statements
from core.gate.quality import (
    MAX_SAMPLED_PX,
    Tone,
    assess_quality,
    measure_sharpness,
    measure_tone,
)

MODEL_PX = 160

REFUSE, FLAG = Severity.REFUSE, Severity.FLAG
NAN, INF = float("nan"), float("inf")


def above(value):
    return float(np.nextafter(value, np.inf))


def below(value):
    return float(np.nextafter(value, -np.inf))


def grey_above(value):
    """Return the smallest grey level of a film, as float32, that is above a limit."""
    grey = np.float32(value)
    return float(grey if float(grey) > value else np.nextafter(grey, np.float32(1)))


def grey_below(value):
    grey = np.float32(value)
    return float(grey if float(grey) < value else np.nextafter(grey, np.float32(0)))


def assess(film=None, evidence=CHEST):
    return assess_quality(fit_film() if film is None else film, evidence, LIMITS, MODEL_PX)


def found(report):
    return [(f.code, f.severity, f.measured, f.limit) for f in report.findings]


def codes(report):
    return [f.code for f in report.findings]


def clipped_film(white_columns, black_columns=0):
    """Return 200 x 200 px with that many white and black columns, contrast and median kept."""
    pixels = three_greys().T.copy()
    pixels[:, 50 : 50 + white_columns] = 1.0
    pixels[:, 110 : 110 + black_columns] = 0.0
    return film_of(pixels)


def changed(**distances):
    """Return evidence of a film at 1.5 with some changes at another distance than 3."""
    by_change = {FilmChange[name.upper()]: value for name, value in distances.items()}
    return replace(CHEST, distance=1.5, changed={**CHEST.changed, **by_change})


# --- a film that nothing is known against -----------------------------------------------------


def test_a_fit_film_has_no_findings():
    report = assess()
    assert report.findings == ()
    assert not report.refused
    assert not report.flagged


@pytest.mark.parametrize(
    ("part", "modality", "view"),
    [
        ("", "", ""),
        # Each statement is judged alone: every accepted value once, with the others unstated.
        *((part, "", "") for part in ("CHEST", "chest", "PORT CHEST", "THORAX", "TORAX")),
        *((part, "", "") for part in ("LUNG", "RIBS")),
        *(("", modality, "") for modality in ("CR", "DX", "dx", "DR", "RG", "XR", "OT", "SC")),
        *(("", "", view) for view in ("PA", "AP")),
        # All three stated, as files do.
        ("CHEST", "CR", "AP"),
        ("chest", "dx", "PA"),
        ("PORT CHEST", "DX", ""),
        ("RIBS", "", "AP"),
    ],
)
def test_a_frontal_chest_film_that_says_so_has_no_findings(part, modality, view):
    film = fit_film(body_part=part, modality=modality, view_position=view)
    report = assess(film)
    assert codes(report) == (["projection"] if view else [])
    assert not report.flagged


# --- size and shape: (width, height) ----------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((160, 160), []),
        ((159, 200), [("resolution", FLAG, 159, MODEL_PX)]),
        ((200, 159), [("resolution", FLAG, 159, MODEL_PX)]),
        ((96, 96), [("resolution", FLAG, 96, MODEL_PX)]),
        ((95, 96), [("resolution", REFUSE, 95, 96)]),
        ((96, 95), [("resolution", REFUSE, 95, 96)]),
    ],
)
def test_the_shorter_side_is_held_to_its_two_limits(size, expected):
    width, height = size
    assert found(assess(fit_film((height, width)))) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((700, 1000), []),
        ((699, 1000), [("aspect_ratio", FLAG, 0.699, 0.7)]),
        ((480, 200), []),
        ((481, 200), [("aspect_ratio", FLAG, 2.405, 2.4)]),
        ((200, 500), [("aspect_ratio", FLAG, 0.4, 0.7)]),
        ((200, 501), [("aspect_ratio", REFUSE, 200 / 501, 0.4)]),
        ((700, 200), [("aspect_ratio", FLAG, 3.5, 2.4)]),
        ((701, 200), [("aspect_ratio", REFUSE, 3.505, 3.5)]),
    ],
)
def test_the_aspect_ratio_is_held_to_its_four_limits(size, expected):
    width, height = size
    assert found(assess(fit_film((height, width)))) == expected


# --- tone -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contrast", "expected"),
    [
        (grey_above(0.15), []),
        (grey_below(0.15), [("contrast", FLAG, grey_below(0.15), 0.15)]),
        (grey_above(0.04), [("contrast", FLAG, grey_above(0.04), 0.15)]),
        (grey_below(0.04), [("blank", REFUSE, grey_below(0.04), 0.04)]),
    ],
)
def test_contrast_is_held_to_its_two_limits(contrast, expected):
    # Black is 0 here, so that the difference of two grey levels is exact; 180 of 200 rows are not.
    pixels = np.full((200, 200), contrast, np.float32)
    pixels[:20] = 0.0
    report = assess(film_of(pixels))
    tone = [f for f in found(report) if f[0] in {"contrast", "blank"}]
    assert tone == expected


@pytest.mark.parametrize(
    ("median", "expected", "word"),
    [
        (0.25, [], ""),
        (grey_below(0.25), [("exposure", FLAG, grey_below(0.25), 0.25)], "dark"),
        (0.75, [], ""),
        (grey_above(0.75), [("exposure", FLAG, grey_above(0.75), 0.75)], "bright"),
    ],
)
def test_the_middle_grey_is_held_to_both_ends(median, expected, word):
    report = assess(film_of(three_greys(median=median)))
    assert found(report) == expected
    assert all(f"unusually {word}:" in f.message for f in report.findings)


@pytest.mark.parametrize(
    ("white", "black", "expected"),
    [
        (50, 0, []),
        (51, 0, [("clipping", FLAG, 0.255, 0.25)]),
        (25, 25, []),
        (25, 26, [("clipping", FLAG, 0.255, 0.25)]),
    ],
)
def test_black_and_white_pixels_together_are_held_to_the_limit(white, black, expected):
    assert found(assess(clipped_film(white, black))) == expected


@pytest.mark.parametrize(
    ("colourfulness", "expected"),
    [(0.04, []), (above(0.04), [("colour", REFUSE, above(0.04), 0.04)])],
)
def test_colour_is_held_to_its_limit(colourfulness, expected):
    assert found(assess(fit_film(colourfulness=colourfulness))) == expected


def test_tone_is_measured_as_counted_by_hand():
    # 101 grey levels in steps of 1/128: the 1st, 50th and 99th percentile are levels 1, 50, 99.
    pixels = (np.arange(101, dtype=np.float32) / 128)[np.newaxis]
    assert measure_tone(pixels) == Tone(contrast=98 / 128, median=50 / 128, clipped=1 / 101)


def test_only_the_two_end_levels_of_an_eight_bit_film_count_as_clipped():
    pixels = np.array([[0, 1, 128, 254, 255, 255]], np.float32) / np.float32(255)
    assert measure_tone(pixels).clipped == 0.5


def test_tone_of_a_large_film_is_that_of_the_whole_film():
    side = 3 * int(np.sqrt(MAX_SAMPLED_PX))
    large = np.repeat(np.linspace(0, 1, side, dtype=np.float32)[np.newaxis], side, axis=0)
    tone = measure_tone(large)
    assert (tone.contrast, tone.median) == pytest.approx((0.98, 0.5), abs=0.002)


# --- what a DICOM file states -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "code", "words"),
    [
        ({"modality": "CT"}, "modality", "modality CT, not a plain radiograph"),
        ({"modality": "mr"}, "modality", "modality mr, not a plain radiograph"),
        ({"body_part": "HIP"}, "body_part", "body part HIP, not chest"),
        ({"body_part": "EXTREMITY"}, "body_part", "body part EXTREMITY, not chest"),
        ({"view_position": "LL"}, "view", "lateral view (LL), not a frontal one"),
        ({"view_position": "rl"}, "view", "lateral view (rl), not a frontal one"),
        ({"view_position": "LATERAL"}, "view", "lateral view (LATERAL), not a frontal one"),
    ],
)
def test_a_file_that_states_something_else_is_refused_whatever_it_looks_like(
    statements, code, words
):
    report = assess(fit_film(**statements))
    assert found(report) == [(code, REFUSE, None, None)]
    assert words in report.findings[0].message


def test_every_wrong_statement_is_named():
    film = fit_film(modality="CT", body_part="HEAD", view_position="LL")
    assert codes(assess(film)) == ["modality", "body_part", "view"]


@pytest.mark.parametrize("band", [AgeBand.CHILD_6_TO_17, AgeBand.UNDER_1])
def test_an_age_outside_the_training_films_is_flagged_and_not_refused(band):
    report = assess(fit_film(age_band=band))
    assert found(report) == [("population", FLAG, None, None)]
    assert f"Patient age: {band.value}." in report.findings[0].message
    assert report.flagged
    assert not report.refused
    assert not report.score_on_request


def test_an_adults_score_is_shown_only_on_request():
    report = assess(fit_film(age_band=AgeBand.ADULT))
    assert found(report) == [("adult", FLAG, None, None)]
    assert "depends strongly on the projection" in report.findings[0].message
    assert report.score_on_request
    assert not report.refused


def test_an_age_that_is_not_stated_is_said_to_be_unknown():
    report = assess(fit_film(age_band=AgeBand.UNKNOWN))
    assert found(report) == [("population", Severity.NOTE, None, None)]
    assert "measured on children of 1 to 5 years only" in report.findings[0].message
    assert not report.flagged
    assert not report.score_on_request


def test_an_age_inside_the_training_films_has_no_finding():
    assert assess(fit_film(age_band=AgeBand.CHILD_1_TO_5)).findings == ()


# --- is it a frontal chest film ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance", "expected"),
    [
        (2.0, []),
        (above(2.0), [("not_chest", REFUSE, above(2.0), 2.0)]),
        (INF, [("not_chest", REFUSE, INF, 2.0)]),
    ],
)
def test_the_distance_is_held_to_its_limit(distance, expected):
    assert found(assess(evidence=replace(CHEST, distance=distance))) == expected


def test_a_distance_that_is_not_a_number_is_refused():
    report = assess(evidence=replace(CHEST, distance=NAN))
    assert codes(report) == ["not_chest"]
    assert report.refused


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (0.125, []),
        (below(0.125), [("lung_area", REFUSE, below(0.125), 0.125)]),
        (0.75, []),
        (above(0.75), [("lung_area", REFUSE, above(0.75), 0.75)]),
    ],
)
def test_the_share_of_lung_is_held_to_both_ends(fraction, expected):
    assert found(assess(evidence=replace(CHEST, lung_fraction=fraction))) == expected


def test_a_share_of_lung_that_is_not_a_number_is_refused():
    assert assess(evidence=replace(CHEST, lung_fraction=NAN)).refused


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (changed(invert=1.0), [("polarity", REFUSE, 1.5, 1.0)]),
        (
            changed(invert=below(BETTER_BY * 1.5)),
            [("polarity", REFUSE, 1.5, below(BETTER_BY * 1.5))],
        ),
        (changed(invert=BETTER_BY * 1.5), []),
        (changed(turn_left=1.0), [("orientation", REFUSE, 1.5, 1.0)]),
        (changed(turn_over=1.0), [("orientation", REFUSE, 1.5, 1.0)]),
        (changed(turn_right=1.0), [("orientation", REFUSE, 1.5, 1.0)]),
        (changed(invert=1.2, turn_over=1.1), [("orientation", REFUSE, 1.5, 1.1)]),
        (changed(invert=1.1, turn_over=1.2), [("polarity", REFUSE, 1.5, 1.1)]),
    ],
)
def test_a_film_that_a_change_brings_nearer_is_refused_with_that_change(evidence, expected):
    assert found(assess(evidence=evidence)) == expected


@pytest.mark.parametrize(
    ("after", "code"), [(2.0, "polarity"), (above(2.0), "not_chest"), (NAN, "not_chest")]
)
def test_a_change_counts_only_if_it_makes_a_chest_film(after, code):
    evidence = GateEvidence(5.0, {FilmChange.INVERT: after}, 0.4)
    assert codes(assess(evidence=evidence)) == [code]


def test_a_change_that_is_not_a_number_does_not_hide_another():
    assert codes(assess(evidence=changed(invert=NAN, turn_over=1.0))) == ["orientation"]


def test_evidence_without_changes_is_held_to_the_distance_alone():
    assert codes(assess(evidence=GateEvidence(3.0, {}, 0.4))) == ["not_chest"]
    assert codes(assess(evidence=GateEvidence(1.0, {}, 0.4))) == []


@pytest.mark.parametrize("change", [c for c in FilmChange if c is not FilmChange.INVERT])
def test_the_sentence_names_the_turn_that_helps(change):
    evidence = GateEvidence(5.0, {**CHEST.changed, change: 1.0}, 0.4)
    (finding,) = assess(evidence=evidence).findings
    assert finding.message.startswith("The film does not look upright")
    assert [c for c in FilmChange if c.value in finding.message] == [change]
    assert "Choose Turn and read again" in finding.message
    assert QualityReport((finding,)).turn_asked is change.turn
    assert QualityReport((replace(finding, code="other"),)).turn_asked is Turn.NONE


def test_an_inverted_film_is_told_where_to_invert_it():
    assert "Choose Invert" in assess(evidence=changed(invert=1.0)).findings[0].message


# --- together ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "evidence",
    [
        replace(CHEST, distance=9.0),
        replace(CHEST, lung_fraction=0.0),
        changed(invert=1.0),
        changed(turn_left=1.0),
    ],
)
@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_blank_film_is_called_blank_and_not_also_something_else(grey, evidence):
    report = assess(film_of(np.full((200, 200), grey)), evidence)
    assert found(report) == [("blank", REFUSE, 0.0, 0.04)]


def test_a_blank_film_keeps_what_is_wrong_besides_its_greys():
    film = film_of(np.zeros((90, 90)), modality="CT", age_band=AgeBand.ADULT)
    report = assess(film, replace(CHEST, distance=9.0))
    assert codes(report) == ["modality", "resolution", "blank", "adult"]


def test_refusals_come_before_flags():
    film = film_of(three_greys(median=0.2, shape=(150, 200)), age_band=AgeBand.ADULT)
    report = assess(film, replace(CHEST, distance=9.0))
    assert codes(report) == ["not_chest", "resolution", "exposure", "adult"]
    assert [f.severity for f in report.findings] == [REFUSE, FLAG, FLAG, FLAG]


def test_every_measured_finding_says_its_number_in_words():
    film = film_of(three_greys(0.46, 0.5, 0.55, (95, 240)))
    report = assess(film, replace(CHEST, distance=2.25))
    sentences = {f.code: f.message for f in report.findings}
    assert "240 x 95 pixels; at least 96" in sentences["resolution"]
    assert "2.53 times as wide as high" in sentences["aspect_ratio"]
    assert "span 9% of the scale" in sentences["contrast"]
    assert "distance 2.25, limit 2.00" in sentences["not_chest"]


# --- any film, any evidence -------------------------------------------------------------------

SIDES = st.tuples(st.integers(1, 24), st.integers(1, 24))
GREYS = st.floats(0, 1, width=32)
LIKELY = st.sampled_from([NAN, INF, -INF, 0.0, 0.125, 0.4, 0.75, 1.0, 1.5, 2.0, above(2.0), 3.0])
ANY_FLOAT = LIKELY | st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def films(draw):
    return film_of(
        draw(arrays(np.float32, draw(SIDES), elements=GREYS)),
        modality=draw(st.sampled_from(["", "CR", "CT"])),
        body_part=draw(st.sampled_from(["", "CHEST", "HIP"])),
        view_position=draw(st.sampled_from(["", "PA", "LL"])),
        age_band=draw(st.sampled_from(AgeBand)),
        colourfulness=draw(st.floats(0, 1)),
    )


def evidence_of(values):
    changes = st.dictionaries(st.sampled_from(FilmChange), values)
    return st.builds(GateEvidence, values, changes, values)


@given(films(), evidence_of(ANY_FLOAT))
def test_any_film_with_any_evidence_gets_a_report_with_refusals_first(film, evidence):
    report = assess(film, evidence)
    refusals = [f.severity is REFUSE for f in report.findings]
    assert refusals == sorted(refusals, reverse=True)
    assert report.refused == any(refusals)
    assert len(set(codes(report))) == len(codes(report))
    assert all(f.message.endswith(".") for f in report.findings)


@settings(max_examples=300)
@given(evidence_of(LIKELY))
def test_a_film_passes_only_if_every_measured_limit_is_kept(evidence):
    kept = evidence.distance <= 2.0 and 0.125 <= evidence.lung_fraction <= 0.75
    nearer = any(d < evidence.distance and d <= 2.0 for d in evidence.changed.values())
    assert assess(evidence=evidence).refused == (not kept or nearer)


@given(films())
def test_a_film_that_is_refused_for_being_blank_spans_less_than_its_limit(film):
    low, high = np.percentile(film.pixels, [1.0, 99.0])
    assert ("blank" in codes(assess(film))) == (float(high - low) < 0.04)


def test_sharpness_is_the_deviation_of_the_laplacian():
    # One bright pixel: the Laplacian is -4 on it, 1 on its four neighbours, 0 on the other 59.
    film = np.zeros((8, 8), np.float32)
    film[4, 4] = 1.0

    assert measure_sharpness(film) == pytest.approx(((16 + 4) / 64) ** 0.5)


def test_every_reason_to_refuse_a_film_has_words_of_its_own():
    source = getsource(quality) + getsource(statements)
    refusing = re.findall(r'Finding\(\s*"(\w+)", Severity.REFUSE', source)
    refusing += re.findall(r'refusals.append\(\("(\w+)"', source)
    refusing += ["aspect_ratio", "polarity", "orientation"]  # named elsewhere in the module
    words = {code: str(refusal_words(code)) for code in refusing}
    assert {"not_chest", "lung_area", "view", "body_part"} <= set(words)
    assert [code for code, said in words.items() if said == code and code != "blank"] == []
    assert len(set(words.values())) == len(words)
