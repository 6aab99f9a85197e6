"""LIME on one film: equality with lime itself, seeds, hand-computed cases and refusals."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from lime.lime_image import LimeImageExplainer
from PIL import Image
from skimage.color import gray2rgb

from core.domain.arrays import FloatImage, read_only
from core.domain.model import FilmBox, Geometry, ModelInput
from core.domain.regions import Explanation, Fill, LimeSettings, Method
from core.errors import Cancelled, ExplanationError
from core.explain.lime import (
    ExplanationSteps,
    explain_prediction,
    hidden_film,
    perturb,
    top_regions,
    weights_on_film,
)
from core.settings import PROJECT_ROOT

SIZE = 64
QUICK = LimeSettings(regions=16, samples=200, fill=Fill.DARK)
WHERE = (slice(20, 30), slice(36, 46))


class FakeClassifier:
    """Scores a film by a rectangle's mean; ``curve`` bends it into something not linear."""

    def __init__(self, curve: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]) -> None:
        self.curve = curve
        self.batches: list[int] = []

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        assert batch.dtype == np.float32
        self.batches.append(len(batch))
        means = [film[WHERE].mean(dtype=np.float64) for film in batch[..., 0]]
        return self.curve(np.array(means)).astype(np.float32)


def bright_is_suspicious() -> FakeClassifier:
    return FakeClassifier(lambda mean: mean)


def bright_is_normal() -> FakeClassifier:
    return FakeClassifier(lambda mean: 1 - mean)


def bent() -> FakeClassifier:
    return FakeClassifier(lambda mean: 1 / (1 + np.exp(4 - 9 * mean)))


class OddClassifier:
    """Answers each batch with what a broken model would."""

    def __init__(self, answer: Callable[[int], npt.NDArray[np.float32]]) -> None:
        self.answer = answer

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        return self.answer(len(batch))


def model_input(height_px: int = 2 * SIZE, width_px: int = 3 * SIZE) -> ModelInput:
    rows, columns = np.mgrid[:SIZE, :SIZE] / SIZE
    grain = np.random.default_rng(5).normal(0, 0.02, (SIZE, SIZE))
    film = np.clip(0.6 + 0.3 * np.sin(8 * rows) * np.cos(6 * columns) + grain, 0, 1)
    return ModelInput(read_only(film.astype(np.float32)), Geometry(height_px, width_px, SIZE))


def most_overlapping_region(explanation: Explanation) -> int:
    return int(np.bincount(explanation.segments[WHERE].ravel()).argmax())


def four_regions() -> Explanation:
    """Return a hand-made explanation: 4x4 input, regions of known place, an 8x12 film."""
    segments = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]], np.int32)
    weights = np.array([0.1, -0.6, 0.0, 0.3])
    return Explanation(segments, weights, Geometry(8, 12, 4), LimeSettings(), score=0.0)


# --- equality with lime -----------------------------------------------------------------------


@pytest.mark.parametrize("fill", [Fill.OWN_MEAN, Fill.DARK])
@pytest.mark.parametrize("make", [bright_is_suspicious, bent])
def test_the_answer_is_that_of_lime_image_explainer(
    fill: Fill, make: Callable[[], FakeClassifier]
) -> None:
    film = model_input()
    settings = LimeSettings(regions=16, samples=200, seed=11, kernel_width=0.3, fill=fill)
    dark = float(np.percentile(film.tensor, 20.0))
    ours = explain_prediction(film, make(), settings)

    def two_columns(films_rgb: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        scores = make().predict(films_rgb[..., :1].astype(np.float32)).astype(np.float64)
        return np.column_stack([1 - scores, scores])

    # random_seed keeps lime from drawing a segmentation seed before it draws the samples.
    theirs = LimeImageExplainer(kernel_width=0.3, random_state=11).explain_instance(
        gray2rgb(film.tensor.astype(np.float64)),
        two_columns,
        top_labels=None,
        labels=(1,),
        hide_color=dark if fill is Fill.DARK else None,
        num_samples=200,
        segmentation_fn=lambda _: ours.segments,
        random_seed=0,
    )
    their_weights = np.zeros_like(ours.weights)
    for label, weight in theirs.local_exp[1]:
        their_weights[label] = weight
    assert len(theirs.local_exp[1]) == len(ours.weights)
    np.testing.assert_allclose(ours.weights, their_weights, rtol=0, atol=1e-9)
    assert ours.parts["intercept"] == pytest.approx(theirs.intercept[1], abs=1e-9)
    assert ours.surrogate_r2 == pytest.approx(theirs.score, abs=1e-9)
    local = ours.score - ours.parts["misfit"]
    assert local == pytest.approx(theirs.local_pred[0], abs=1e-9)
    assert np.ptp(ours.weights) > 0.01


def test_a_healthy_fill_is_the_film_without_its_lesion_and_is_refused_where_there_is_none() -> None:
    film, settings = model_input(), replace(QUICK, fill=Fill.HEALTHY)
    healthy = film.tensor.copy()
    healthy[WHERE] = 0.0
    steps = ExplanationSteps(film, bright_is_suspicious(), settings, healthy)
    while not steps.finished:
        steps.advance()
    explanation = steps.explain()
    inside = np.unique(explanation.segments[WHERE])
    outside = np.setdiff1d(np.arange(len(explanation.weights)), inside)
    assert explanation.weights[inside].sum() > 0.3
    assert np.abs(explanation.weights[outside]).max() < 0.02  # hiding them changes nothing
    with pytest.raises(ExplanationError, match="Choose another fill"):
        ExplanationSteps(film, bright_is_suspicious(), settings)


# --- what the weights mean --------------------------------------------------------------------


def test_the_region_that_the_score_reads_ranks_first_and_speaks_for_it() -> None:
    explanation = explain_prediction(model_input(), bright_is_suspicious(), QUICK)
    first = top_regions(explanation, 1)[0]
    assert first.label == most_overlapping_region(explanation)
    assert first.weight > 0


def test_the_region_that_lowers_the_score_ranks_first_and_speaks_against_it() -> None:
    explanation = explain_prediction(model_input(), bright_is_normal(), QUICK)
    first = top_regions(explanation, 1)[0]
    assert first.label == most_overlapping_region(explanation)
    assert first.weight < 0


def test_the_surrogate_of_a_linear_score_is_faithful() -> None:
    film = model_input()
    explanation = explain_prediction(film, bright_is_suspicious(), QUICK)
    score = bright_is_suspicious().predict(film.tensor[np.newaxis, ..., np.newaxis])[0]
    assert explanation.surrogate_r2 is not None
    assert explanation.surrogate_r2 > 0.98
    assert explanation.score == score
    assert explanation.parts["misfit"] == pytest.approx(0.0, abs=0.05)


def test_the_parts_sum_to_the_score() -> None:
    explanation = explain_prediction(model_input(), bent(), QUICK)
    parts, weights = explanation.parts, explanation.weights
    assert list(parts) == ["regions for", "regions against", "intercept", "misfit"]
    assert sum(parts.values()) == pytest.approx(explanation.score, abs=1e-9)
    assert parts["regions for"] == pytest.approx(weights[weights > 0].sum())
    assert parts["regions against"] == pytest.approx(weights[weights < 0].sum())


def test_a_score_that_never_changes_depends_on_no_region() -> None:
    explanation = explain_prediction(
        model_input(), OddClassifier(lambda n: np.full(n, 0.7, np.float32)), QUICK
    )
    assert not explanation.weights.any()
    assert explanation.surrogate_r2 == 0
    assert explanation.parts["intercept"] == explanation.score == np.float32(0.7)
    assert explanation.parts["misfit"] == 0
    assert top_regions(explanation) == ()


def test_the_explanation_keeps_what_it_was_made_with() -> None:
    film = model_input()
    explanation = explain_prediction(film, bent(), QUICK)
    assert explanation.settings == QUICK
    assert explanation.geometry == film.geometry
    assert (explanation.method, explanation.samples) == (Method.LIME, 200)
    assert not explanation.weights.flags.writeable
    assert not explanation.segments.flags.writeable


@pytest.mark.real_films
def test_on_a_real_film_the_region_that_the_score_reads_ranks_first(real_data: Path) -> None:
    path = min((real_data / "kermany224" / "train" / "PNEUMONIA").iterdir())
    with Image.open(path) as film:
        pixels = np.asarray(film.convert("L").resize((SIZE, SIZE)), np.float32) / np.float32(255)
    explanation = explain_prediction(
        ModelInput(pixels, Geometry(800, 1200, SIZE)), bright_is_suspicious(), QUICK
    )
    assert top_regions(explanation, 1)[0].label == most_overlapping_region(explanation)


# --- seeds and batches ------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes() -> None:
    first = explain_prediction(model_input(), bent(), QUICK)
    second = explain_prediction(model_input(), bent(), QUICK)
    assert first.weights.tobytes() == second.weights.tobytes()
    assert first.segments.tobytes() == second.segments.tobytes()
    assert (first.parts, first.surrogate_r2) == (second.parts, second.surrogate_r2)


def test_another_seed_gives_other_weights() -> None:
    first = explain_prediction(model_input(), bent(), QUICK)
    second = explain_prediction(model_input(), bent(), replace(QUICK, seed=1))
    assert not np.array_equal(first.weights, second.weights)


def test_numpys_global_generator_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy generator is the subject
    explain_prediction(model_input(), bent(), QUICK)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_the_batch_size_does_not_change_the_answer() -> None:
    one_batch, small_batches = bent(), bent()
    first = explain_prediction(model_input(), one_batch, replace(QUICK, batch=500))
    second = explain_prediction(model_input(), small_batches, replace(QUICK, batch=30))
    assert one_batch.batches == [200]
    assert small_batches.batches == [30] * 6 + [20]
    assert first.weights.tobytes() == second.weights.tobytes()


# --- perturbed films, by hand -----------------------------------------------------------------


def test_a_4x4_film_is_perturbed_as_computed_by_hand() -> None:
    film = np.arange(16, dtype=np.float32).reshape(4, 4) / 16
    segments = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]], np.int32)
    masks = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 0]])
    films = perturb(film, segments, masks.astype(bool), np.full_like(film, 0.5))
    assert films.shape == (3, 4, 4, 1)
    assert films.dtype == np.float32
    assert np.array_equal(films[0, ..., 0], film)
    assert (16 * films[1, ..., 0]).tolist() == [
        [8, 8, 2, 3],
        [8, 8, 6, 7],
        [8, 8, 8, 8],
        [8, 8, 8, 8],
    ]
    assert (films[2] == 0.5).all()


def test_masks_may_be_numbers_and_the_film_is_left_unchanged() -> None:
    film = read_only(np.arange(16, dtype=np.float32).reshape(4, 4) / 16)
    segments = np.repeat(np.arange(4, dtype=np.int32), 4).reshape(4, 4)
    masks = np.array([[1.0, 0.0, 1.0, 0.0]])
    films = perturb(film, segments, masks, read_only(np.zeros_like(film)))
    assert (16 * films[0, ..., 0]).tolist() == [
        [0, 1, 2, 3],
        [0, 0, 0, 0],
        [8, 9, 10, 11],
        [0, 0, 0, 0],
    ]


SIXTEENTHS = np.arange(16, dtype=np.float32).reshape(4, 4) / 16
THREE = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]], np.int32)


def sixteenths(lungs: FloatImage | None = None) -> ModelInput:
    return ModelInput(SIXTEENTHS, Geometry(4, 4, 4), lungs)


def test_a_hidden_region_takes_its_own_mean() -> None:
    by_mean = hidden_film(sixteenths(), THREE, Fill.OWN_MEAN)
    assert by_mean.dtype == np.float32
    assert (16 * by_mean).tolist() == [
        [2.5, 2.5, 4.5, 4.5],
        [2.5, 2.5, 4.5, 4.5],
        [11.5, 11.5, 11.5, 11.5],
        [11.5, 11.5, 11.5, 11.5],
    ]


def test_a_dark_region_takes_the_grey_that_a_fifth_of_the_lungs_is_darker_than() -> None:
    lungs = np.zeros((4, 4), np.float32)
    lungs[2], lungs[3, 0] = 1.0, 0.5  # greys 8 to 12 of 16
    lungs[0] = 0.49
    dark = hidden_film(sixteenths(lungs), THREE, Fill.DARK)
    assert dark.dtype == np.float32
    assert 16 * dark == pytest.approx(8.8)  # a fifth of the way from 8 to 12


@pytest.mark.parametrize("lungs", [None, np.zeros((4, 4), np.float32)])
def test_a_dark_region_takes_the_films_own_dark_grey_without_lungs(
    lungs: FloatImage | None,
) -> None:
    assert 16 * hidden_film(sixteenths(lungs), THREE, Fill.DARK) == pytest.approx(3.0)


# --- back on the film -------------------------------------------------------------------------


def test_weights_of_a_4x4_input_cover_an_8x12_film() -> None:
    weights = weights_on_film(four_regions())
    of_label = four_regions().weights.astype(np.float32)
    assert weights[:, 0].tolist() == of_label[[0, 0, 0, 0, 2, 2, 3, 3]].tolist()
    assert weights[0].tolist() == of_label[[0] * 6 + [1] * 6].tolist()


def test_weights_are_zero_where_the_model_does_not_look() -> None:
    whole = four_regions()
    boxed = replace(whole, geometry=replace(whole.geometry, box=FilmBox(2, 3, 6, 7)))
    weights = weights_on_film(boxed)
    assert weights.shape == (8, 12)
    assert weights[2:6, 3:7].tolist() == whole.weights.astype(np.float32)[whole.segments].tolist()
    weights = np.delete(np.delete(weights, slice(2, 6), axis=0), slice(3, 7), axis=1)
    assert not weights.any()


def test_the_strongest_regions_are_named_with_share_and_place() -> None:
    first, second, third = top_regions(four_regions())
    assert [r.label for r in (first, second, third)] == [1, 3, 0]
    assert [r.rank for r in (first, second, third)] == [1, 2, 3]
    assert first.weight == -0.6
    assert [r.share for r in (first, second, third)] == pytest.approx([0.6, 0.3, 0.1])
    assert first.centroid_px == (1.5, 8.5)
    assert first.bbox_px == (0, 6, 4, 12)
    assert second.centroid_px == (6.5, 5.5)
    assert second.bbox_px == (6, 0, 8, 12)


def test_no_more_regions_are_named_than_asked() -> None:
    assert [r.label for r in top_regions(four_regions(), 1)] == [1]


# --- progress and stopping --------------------------------------------------------------------


def test_progress_rises_with_each_batch_and_ends_at_one() -> None:
    seen: list[float] = []
    explain_prediction(model_input(), bent(), replace(QUICK, batch=60), progress=seen.append)
    assert seen == [0.3, 0.6, 0.9, 1.0]


def test_a_part_of_the_samples_gives_the_explanation_with_so_many_samples() -> None:
    steps = ExplanationSteps(model_input(), bent(), replace(QUICK, batch=60))
    steps.advance()
    steps.advance()
    assert (steps.samples, steps.share, steps.finished) == (120, 0.6, False)
    part = steps.explain()
    whole = explain_prediction(model_input(), bent(), replace(QUICK, batch=60, samples=120))
    assert part.settings == whole.settings
    assert part.weights.tolist() == whole.weights.tolist()


def test_a_stopped_explanation_asks_the_model_nothing_more() -> None:
    classifier = bent()
    with pytest.raises(Cancelled, match="stopped after 100 of 200 samples"):
        explain_prediction(
            model_input(),
            classifier,
            replace(QUICK, batch=50),
            cancelled=lambda: len(classifier.batches) == 2,
        )
    assert classifier.batches == [50, 50]


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (replace(QUICK, samples=9), "samples is 9; choose 10 or more"),
        (replace(QUICK, batch=0), "batch is 0; choose 1 or more"),
        (replace(QUICK, seed=-1), "seed is -1; choose 0 to 4294967295"),
        (replace(QUICK, kernel_width=0.0), r"kernel width is 0.0; choose 0.01 or more"),
        (replace(QUICK, kernel_width=float("nan")), r"kernel width is nan; choose 0.01 or more"),
        (replace(QUICK, regions=1), "at least 2 regions and 1 was asked for"),
    ],
)
def test_a_setting_outside_its_limits_is_refused_by_name(
    settings: LimeSettings, sentence: str
) -> None:
    classifier = bent()
    with pytest.raises(ExplanationError, match=sentence):
        explain_prediction(model_input(), classifier, settings)
    assert classifier.batches == []


def test_a_blank_film_is_refused() -> None:
    blank = ModelInput(np.full((SIZE, SIZE), 0.5, np.float32), Geometry(100, 100, SIZE))
    with pytest.raises(ExplanationError, match="This film has no regions to explain"):
        explain_prediction(blank, bent(), QUICK)


def test_scores_in_two_columns_are_refused() -> None:
    classifier = OddClassifier(lambda n: np.zeros((n, 2), np.float32))
    with pytest.raises(ExplanationError, match=r"gave \(50, 2\) scores, not \(50,\)"):
        explain_prediction(model_input(), classifier, QUICK)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    classifier = OddClassifier(lambda n: np.full(n, np.nan, np.float32))
    with pytest.raises(ExplanationError, match="is no number"):
        explain_prediction(model_input(), classifier, QUICK)


# --- start-up ---------------------------------------------------------------------------------


def test_importing_the_module_does_not_load_lime_or_scikit_learn() -> None:
    code = (
        "import sys, core.explain.lime;"
        "print(sorted({'lime', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
    )
    assert loaded.stdout.strip() == "[]"
