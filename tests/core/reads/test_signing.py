"""The rules of a signed read and the short account of its explanation."""

import json
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from fixtures.review_records import lead
from hypothesis import given
from hypothesis import strategies as st

from core import __version__
from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.model import FilmBox, Geometry, OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.regions import CamSettings, Explanation, LimeSettings
from core.domain.review import Verdict
from core.errors import ReviewStoreError
from core.reads.drafts import Draft
from core.reads.signing import (
    COMMENT_LIMIT,
    ShownFilm,
    new_record_id,
    sign_read,
    summarise_regions,
)

FILM = "ab" * 32
OTHER_FILM = "cd" * 32
NOON = datetime(2024, 5, 4, 12, 0, tzinfo=UTC)
REFUSED = QualityReport((Finding("blank", Severity.REFUSE, 0.0, 0.1, "The film is blank."),))
PREDICTION = Prediction(0.7, 0.8, "run-1", OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation"))


def sign(reader="Dr Ada", new_id=new_record_id, now=lambda: NOON, **changes):
    said = {"verdict": Verdict.PNEUMONIA, "confidence": 4, "comment": "Right lower zone."}
    said["findings"] = NO_FINDINGS
    said |= {name: changes.pop(name) for name in list(changes) if name in said}
    film = {
        "film_sha256": FILM,
        "film_name": "film.jpeg",
        "prediction": PREDICTION,
        "quality": QualityReport(),
        "run_id": "run-1",
    }
    shown = ShownFilm(**film | changes)
    return sign_read(Draft(**said), shown, lead(reader), new_id=new_id, now=now)


def test_a_read_keeps_what_the_doctor_said_and_what_the_model_said():
    record = sign(new_id=lambda: "id-1", regions={"regions": []})
    assert record.record_id == "id-1"
    assert (record.film_sha256, record.film_name, record.reader) == (FILM, "film.jpeg", "Dr Ada")
    assert (record.read.verdict, record.read.confidence) == (Verdict.PNEUMONIA, 4)
    assert (record.read.comment, record.read.read_at) == ("Right lower zone.", NOON)
    assert (record.prediction, record.run_id) == (PREDICTION, "run-1")
    assert (record.app_version, record.supersedes) == (__version__, None)
    assert record.regions == {"regions": []}


def test_two_reads_get_two_ids_of_32_hexadecimal_digits():
    first, second = sign().record_id, sign().record_id
    assert first != second
    assert len(first) == 32
    assert int(first, 16) > 0


def test_the_default_clock_gives_the_present_time_in_utc():
    before = datetime.now(UTC)
    film = ShownFilm(FILM, "", "", QualityReport(), None)
    record = sign_read(Draft(Verdict.NORMAL, 1), film, lead("Dr Ada"))
    assert before <= record.read.read_at <= datetime.now(UTC)
    assert record.read.read_at.tzinfo is UTC


def test_a_time_in_another_zone_is_kept_in_utc():
    local = datetime(2024, 5, 4, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    read_at = sign(now=lambda: local).read.read_at
    assert read_at.isoformat() == "2024-05-04T12:00:00+00:00"


def test_a_clock_without_a_time_zone_is_refused():
    with pytest.raises(ReviewStoreError, match="without a time zone"):
        sign(now=lambda: datetime(2024, 5, 4))  # noqa: DTZ001 (the fault under test)


@pytest.mark.parametrize("verdict", ["pneumonia", "normal", "unsure"])
def test_a_verdict_may_come_as_its_word(verdict):
    assert sign(verdict=verdict).read.verdict is Verdict(verdict)


def test_an_unknown_verdict_is_refused_with_the_three_that_are_known():
    with pytest.raises(ReviewStoreError, match="'sick' is not one of pneumonia, normal, unsure"):
        sign(verdict="sick")


SEEN = Findings(frozenset({Category.EFFUSION}), effusion_sides=frozenset({"left"}))


def test_findings_that_imply_the_verdict_are_kept_with_it():
    assert sign(findings=SEEN).read.findings == SEEN
    assert sign().read.findings == NO_FINDINGS


@pytest.mark.parametrize("verdict", ["normal", "unsure"])
def test_findings_that_imply_another_verdict_are_refused(verdict):
    with pytest.raises(
        ReviewStoreError,
        match=rf"\(pleural effusion, left\) imply pneumonia and the verdict is {verdict}",
    ):
        sign(verdict=verdict, findings=SEEN)


@pytest.mark.parametrize("confidence", [1, 5])
def test_the_ends_of_the_confidence_scale_are_taken(confidence):
    assert sign(confidence=confidence).read.confidence == confidence


@pytest.mark.parametrize("confidence", [0, 6, -1, 2.5, 3.0, True, "3", None])
def test_a_confidence_off_the_scale_is_refused(confidence):
    with pytest.raises(ReviewStoreError, match=r"whole number from 1 \(guess\) to 5 \(certain\)"):
        sign(confidence=confidence)


def test_a_comment_at_the_limit_is_taken_and_one_above_is_refused():
    assert len(sign(comment="ü" * COMMENT_LIMIT).read.comment) == COMMENT_LIMIT
    with pytest.raises(ReviewStoreError, match="2001 characters and the limit is 2000"):
        sign(comment="ü" * (COMMENT_LIMIT + 1))


def test_white_space_around_a_comment_is_dropped_and_does_not_count():
    assert sign(comment=" \n" * COMMENT_LIMIT + "a\nb \t").read.comment == "a\nb"


@pytest.mark.parametrize("character", ["\x00", "\ud83d"])
def test_a_comment_that_no_database_takes_is_refused(character):
    with pytest.raises(ReviewStoreError, match="zero byte or half of a character pair"):
        sign(comment=f"a{character}b")


@pytest.mark.parametrize("reader", ["", "  \t"])
def test_a_read_without_a_reader_is_refused(reader):
    with pytest.raises(ReviewStoreError, match="enter your name"):
        sign(reader=reader)


@pytest.mark.parametrize("reader", ["a" * 101, "Dr\x00Ada", "Dr\nAda"])
def test_a_reader_name_that_is_too_long_or_unprintable_is_refused(reader):
    with pytest.raises(ReviewStoreError, match="at most 100 characters"):
        sign(reader=reader)


@pytest.mark.parametrize("sha256", ["", "ab", "AB" * 32, "xy" * 32, "ab" * 33])
def test_a_film_without_a_sha256_is_refused(sha256):
    with pytest.raises(ReviewStoreError, match="is not 64 hexadecimal digits"):
        sign(film_sha256=sha256)


@pytest.mark.parametrize("prediction", [None, PREDICTION], ids=["without", "with a prediction"])
def test_a_picture_that_the_gate_refused_gets_no_verdict(prediction):
    with pytest.raises(ReviewStoreError, match="so it gets no verdict"):
        sign(quality=REFUSED, prediction=prediction)


def test_an_unsure_verdict_has_no_confidence():
    assert sign(verdict=Verdict.UNSURE).read.confidence is None


def test_a_probability_of_another_run_is_refused():
    with pytest.raises(ReviewStoreError, match="comes from run 'run-1' and the read names run"):
        sign(run_id="run-2")


@given(st.text(alphabet=st.characters(), max_size=400))
def test_any_file_name_can_be_kept(name):
    kept = sign(film_name=name).film_name
    assert len(kept) == min(len(name), 255)
    assert kept.isprintable()
    if name.isprintable():
        assert kept == name[:255]


# --- supersedes -----------------------------------------------------------------------------------


def test_a_correction_supersedes_the_readers_own_newest_record():
    first = sign()
    second = sign(earlier=[first])
    third = sign(earlier=[first, second])
    assert (first.supersedes, second.supersedes) == (None, first.record_id)
    assert third.supersedes == second.record_id


def test_another_readers_record_is_not_superseded():
    assert sign(earlier=[sign(reader="Dr Grace")]).supersedes is None


def test_a_reader_is_recognised_without_the_white_space_around_the_name():
    first = sign()
    assert sign(reader=" Dr Ada ", earlier=[first]).supersedes == first.record_id


def test_a_record_of_another_film_is_not_superseded():
    assert sign(earlier=[sign(film_sha256=OTHER_FILM)]).supersedes is None


def test_own_corrections_pass_over_other_readers_records_between_them():
    own = sign()
    other = sign(reader="Dr Grace")
    assert sign(earlier=[own, other]).supersedes == own.record_id


# --- regions --------------------------------------------------------------------------------------


def explanation_4_by_4(**changes):
    """Return four regions: corners 0 to 3, two by two px each, on a film of 8 rows, 40 columns."""
    fields = {
        "segments": np.kron([[0, 1], [2, 3]], np.ones((2, 2))).astype(np.int32),
        "weights": np.array([0.1, -0.4, 0.0, 0.3]),
        "geometry": Geometry(film_height_px=8, film_width_px=40, input_px=4),
        "settings": LimeSettings(seed=3),
        "score": 0.7,
        "parts": {"regions for": 0.4, "regions against": -0.4, "intercept": 0.2, "misfit": 0.5},
        "surrogate_r2": 0.9,
    }
    return Explanation(**(fields | changes))


def test_regions_come_by_absolute_weight_with_their_place_on_the_film():
    summary = summarise_regions(explanation_4_by_4(), top=2)
    assert summary["regions"] == [
        {
            "label": 1,
            "weight": -0.4,
            "centroid_px": {"row": 2.0, "column": 30.0},
            "box_px": {"top": 0.0, "left": 20.0, "bottom": 4.0, "right": 40.0},
        },
        {
            "label": 3,
            "weight": 0.3,
            "centroid_px": {"row": 6.0, "column": 30.0},
            "box_px": {"top": 4.0, "left": 20.0, "bottom": 8.0, "right": 40.0},
        },
    ]


def test_regions_of_a_box_are_kept_in_px_of_the_whole_film():
    boxed = explanation_4_by_4(geometry=Geometry(20, 60, 4, FilmBox(10, 20, 18, 60)))
    assert summarise_regions(boxed, top=1)["regions"][0] == {
        "label": 1,
        "weight": -0.4,
        "centroid_px": {"row": 12.0, "column": 50.0},
        "box_px": {"top": 10.0, "left": 40.0, "bottom": 14.0, "right": 60.0},
    }


def test_the_centroid_of_a_bent_region_is_the_mean_of_its_pixels():
    segments = np.array([[0, 0], [0, 1]], dtype=np.int32)
    bent = explanation_4_by_4(
        segments=segments, weights=np.array([1.0, 0.0]), geometry=Geometry(2, 2, 2)
    )
    region = summarise_regions(bent, top=1)["regions"][0]
    assert region["centroid_px"] == {"row": 0.8, "column": 0.8}  # (0.5 + 0.5 + 1.5) / 3
    assert region["box_px"] == {"top": 0.0, "left": 0.0, "bottom": 2.0, "right": 2.0}


def test_the_summary_states_settings_fit_and_film_and_survives_json():
    summary = summarise_regions(explanation_4_by_4())
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["settings"] == {
        "superpixels": "slic",
        "regions": 60,
        "samples": 1000,
        "seed": 3,
        "kernel_width": 0.25,
        "fill": "own mean",
        "batch": 50,
        "design": "random",
        "stop_when_stable": False,
    }
    assert (summary["method"], summary["unit"]) == ("lime", "log odds")
    assert (summary["score"], summary["surrogate_r2"], summary["n_regions"]) == (0.7, 0.9, 4)
    assert summary["parts"] == {
        "regions for": 0.4,
        "regions against": -0.4,
        "intercept": 0.2,
        "misfit": 0.5,
    }
    assert (summary["film_height_px"], summary["film_width_px"]) == (8, 40)
    assert len(summary["regions"]) == 4


def test_the_summary_of_a_class_activation_map_states_no_fit():
    by_cam = explanation_4_by_4(settings=CamSettings(), surrogate_r2=None)
    summary = summarise_regions(by_cam)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert (summary["method"], "surrogate_r2" in summary) == ("cam", False)
    assert summary["settings"] == {"superpixels": "slic", "regions": 45, "unlike_healthy": True}
