"""The exhibit: what its runs say, and the parts of a film that a zoom shows."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.comparison.exhibit import Exhibit, ExhibitRun, cause_text, draw_windows, gather_exhibit
from core.runs.listing import list_readable_runs
from core.settings import PROJECT_ROOT
from core.stats.intervals import wilson_rate

MODELS = PROJECT_ROOT / "models"


@pytest.fixture(scope="module")
def kept() -> Exhibit:
    return gather_exhibit(list_readable_runs(MODELS)[0])


def scoring(run: ExhibitRun, cleared: int, mistakes: str) -> ExhibitRun:
    """Return the run as if it had cleared so many of its normals."""
    metrics = copy.deepcopy(dict(run.run.metrics))
    rate = wilson_rate(cleared, run.rate("specificity").n)
    metrics["test"]["rates"]["specificity"] = {
        "value": rate.value,
        "low": rate.low,
        "high": rate.high,
        "n": rate.n,
    }
    return replace(run, run=replace(run.run, metrics=metrics), mistakes=mistakes)


def test_the_kept_runs_of_the_exhibit_are_found_with_their_mistakes(kept):
    assert kept.together is not None
    assert kept.together.run.run_id == "x05"
    assert kept.control is not None
    assert (kept.control.run.run_id, kept.control.mistakes) == ("c05", "")
    assert [run.run.run_id for run in kept.apart] == ["x05-split", "x05-weights", "x05-zoom"]
    assert all(run.mistakes for run in (kept.together, *kept.apart))
    zoomed = {run.run.run_id for run in kept.runs if run.zoom == (0.1, 0.2)}
    assert zoomed == {"x05", "x05-zoom"}
    assert all(run.history for run in kept.runs)


def test_a_mistake_that_clears_as_few_normals_as_the_origin_is_named_as_sufficient(kept):
    assert kept.together is not None
    zoom, split = (scoring(kept.together, n, words) for n, words in ((9, "Zoom."), (200, "Split.")))

    assert kept.control is not None
    control = kept.control.rate("specificity")
    said = cause_text(replace(kept, apart=(zoom, split)))

    assert said == (
        "Sufficient alone: zoom (specificity 0.038, 0.020 to 0.071). "
        "Not sufficient alone: split (specificity 0.855, 0.804 to 0.894). "
        f"With none of them: specificity {control.value:.3f}, "
        f"{control.low:.3f} to {control.high:.3f}."
    )


@pytest.mark.parametrize(("cleared", "enough"), [(24, True), (26, False)])
def test_as_few_as_the_origin_means_that_the_intervals_meet(kept, cleared, enough):
    assert kept.together is not None
    run = scoring(kept.together, cleared, "Zoom.")

    assert (run.rate("specificity").low <= wilson_rate(9, 234).high) == enough
    said = cause_text(replace(kept, apart=(run,)))
    assert said.startswith("Sufficient alone" if enough else "No single mistake explains it")


def test_without_the_runs_it_says_what_to_train():
    assert "python -m core train x05" in cause_text(gather_exhibit([]))


@given(low=st.floats(0.05, 0.5), wider=st.floats(0.0, 0.5), shift=st.floats(0.0, 0.3))
def test_windows_are_as_wide_as_the_zoom_and_no_farther_off_the_middle_than_the_shift(
    low, wider, shift, kept
):
    assert kept.together is not None
    run = replace(kept.together, zoom=(low, low + wider), log_scale=0.0, shift=shift)
    left, top, right, bottom = draw_windows(run, 50, 3).T

    for near, far in ((left, right), (top, bottom)):
        assert np.all((far - near >= low - 1e-9) & (far - near <= low + wider + 1e-9))
        assert np.all(np.abs((near + far) / 2.0 - 0.5) <= shift + 1e-9)
    if wider > 0.1:
        assert not np.allclose(right - left, bottom - top)  # each axis by itself


def test_a_scale_is_shared_by_both_axes(kept):
    assert kept.together is not None
    run = replace(kept.together, zoom=(1.0, 1.0), log_scale=0.18, shift=0.0)

    left, top, right, bottom = draw_windows(run, 50, 3).T

    assert right - left == pytest.approx(bottom - top)
    widths = right - left
    assert 0.83 < widths.min() < 0.9
    assert 1.1 < widths.max() < 1.2
