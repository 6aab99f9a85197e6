"""The audit of classifiers that are known to look at one place only."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from core.errors import DatasetError, ModelIntegrity
from core.shortcuts.audit import AuditedRun, AuditFilms, audit_runs
from core.shortcuts.chart import draw_audit
from core.shortcuts.perturbations import CHANGES
from core.shortcuts.record import ShortcutAudit
from core.stats.intervals import auc_difference, rank_correlation, roc_auc

PX, N, GREY = 224, 24, 120
BORDER = (slice(None), slice(0, 12), slice(0, PX))
LUNG = (slice(None), slice(90, 130), slice(50, 90))


def stand_in_films(seed: int = 5) -> AuditFilms:
    """Return films whose border and whose lungs each tell the class, not without error."""
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1], N // 2)
    films = np.full((N, PX, PX), GREY, np.uint8)
    for place in (BORDER, LUNG):
        films[place] = (80 + 40 * labels + rng.integers(-30, 31, N))[:, np.newaxis, np.newaxis]
    masks = np.zeros_like(films)
    masks[:, 80:140, 40:100] = 255
    trusted = np.ones(N, bool)
    trusted[[0, 3, 7]] = False
    heights = 1000.0 - 200.0 * labels + rng.integers(-150, 151, N)
    return AuditFilms("made-up films", films, labels, masks, trusted, heights, np.full(N, 1200.0))


def looking_at(*place: slice) -> AuditedRun:
    """Return a run whose probability is the mean grey of one place."""

    def predict(films: np.ndarray) -> np.ndarray:
        return films[place].mean(axis=(1, 2)) / 255.0

    return AuditedRun("fake", "0" * 64, 100.0 / 255.0, predict)


@pytest.fixture(scope="module")
def audits() -> dict[str, ShortcutAudit]:
    parts = {"validation": stand_in_films(), "test": replace(stand_in_films(6), split="others")}
    runs = {"border": looking_at(*BORDER), "lungs": looking_at(*LUNG)}
    return audit_runs(runs, parts, GREY)


# --- what an audit shows --------------------------------------------------------------------------


def test_a_run_that_looks_at_the_border_is_exposed(audits):
    part = audits["border"].parts["validation"]

    unchanged = part.change("unchanged").roc_auc
    assert 0.6 < unchanged.value < 1.0
    assert part.change("border_only").roc_auc == unchanged
    assert part.change("border_only").decisions_changed == 0
    assert part.change("lungs_only").roc_auc.value == 0.5
    assert part.change("lungs_hidden").auc_difference.value == 0.0


def test_a_run_that_looks_at_the_lungs_is_cleared(audits):
    part = audits["lungs"].parts["validation"]

    assert part.change("border_only").roc_auc.value == 0.5
    assert part.change("lungs_only").auc_difference.value == 0.0
    assert part.change("lungs_only").shift_95th_percentile == 0.0
    assert part.change("lungs_hidden").roc_auc.value == 0.5


def test_a_change_that_needs_lungs_is_compared_on_films_with_a_trusted_mask_only(audits):
    part, films = audits["border"].parts["validation"], stand_in_films()

    assert (part.n, part.n_positive, part.without_lung_mask) == (N, N // 2, 3)
    assert {row.n for row in part.changes} == {N, N - 3}
    row = part.change("lungs_only")
    probabilities = looking_at(*BORDER).predict(films.films)
    own = roc_auc(probabilities[films.trusted], films.labels[films.trusted])
    assert row.auc_difference.value == pytest.approx(0.5 - own.value)
    assert row.n_positive == films.labels[films.trusted].sum()


def test_rates_and_shifts_are_those_of_the_changed_films(audits):
    row, films = audits["border"].parts["validation"].change("gamma_0.7"), stand_in_films()
    before = films.films[BORDER][:, 0, 0] / 255.0
    after = np.rint(255.0 * before**0.7) / 255.0

    called = after >= 100.0 / 255.0
    assert row.sensitivity.value == pytest.approx(called[films.labels == 1].mean())
    assert row.specificity.value == pytest.approx(1.0 - called[films.labels == 0].mean())
    assert row.decisions_changed == (called != (before >= 100.0 / 255.0)).sum() > 0
    assert row.shift_median == pytest.approx(np.median(np.abs(after - before)))
    assert row.shift_95th_percentile == pytest.approx(np.quantile(np.abs(after - before), 0.95))


def test_films_that_a_change_does_not_touch_are_counted(audits):
    part = audits["border"].parts["validation"]

    assert part.change("unchanged").films_changed == 0
    assert part.change("marks_covered").films_changed == 0  # there is no letter on them
    lungs_unlike_the_grey = (stand_in_films().films[LUNG][:, 0, 0] != GREY).sum()
    assert part.change("border_only").films_changed == lungs_unlike_the_grey > 0


def test_the_score_is_set_against_the_originals_size_within_each_class(audits):
    films = stand_in_films()
    height, shape = audits["lungs"].parts["validation"].size_cues

    probabilities = looking_at(*LUNG).predict(films.films)
    for label, rate in ((0, height.within_normal), (1, height.within_pneumonia)):
        of = films.labels == label
        expected = spearmanr(probabilities[of], films.heights_px[of]).statistic
        assert (rate.value, rate.n) == (pytest.approx(expected), N // 2)
    assert height.roc_auc == roc_auc(films.heights_px, films.labels)
    assert shape.measure == "width over height of the original"


def test_runs_audited_together_are_audited_as_alone(audits):
    parts = {"validation": stand_in_films(), "test": replace(stand_in_films(6), split="others")}

    alone = audit_runs({"lungs": looking_at(*LUNG)}, parts, GREY)

    assert alone["lungs"] == audits["lungs"]


def test_progress_ends_at_the_number_of_changed_films():
    said = []

    run, parts = looking_at(*LUNG), {"test": stand_in_films()}
    audit_runs({"lungs": run}, parts, GREY, lambda *pair: said.append(pair))

    total = sum(N - 3 if change.needs_lungs else N for change in CHANGES)
    assert said[-1] == (total, total)
    assert [done for done, _ in said] == sorted(done for done, _ in said)


def test_films_of_one_class_cannot_be_audited():
    films = replace(stand_in_films(), labels=np.ones(N, np.int64))

    with pytest.raises(DatasetError, match="two films of each class"):
        audit_runs({"lungs": looking_at(*LUNG)}, {"test": films}, GREY)


# --- keeping it -----------------------------------------------------------------------------------


def test_an_audit_comes_back_from_its_json_as_it_was(audits):
    for audit in audits.values():
        assert ShortcutAudit.from_json(audit.to_json()) == audit


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run_id": "f01"}'], ids=repr)
def test_what_is_no_audit_is_refused_with_the_way_out(content):
    with pytest.raises(ModelIntegrity, match=r"not a shortcut audit.*python -m core audit"):
        ShortcutAudit.from_json(content)


def test_the_picture_names_every_change_and_is_the_same_for_the_same_audit(audits):
    picture = draw_audit(audits["border"])

    assert picture == draw_audit(audits["border"])
    assert picture != draw_audit(audits["lungs"])
    for change in CHANGES:
        assert f"<!-- {change.words} -->".encode() in picture
    assert b"<image" not in picture


def test_the_picture_is_made_as_png_too(audits):
    assert draw_audit(audits["border"], "png").startswith(b"\x89PNG")


# --- statistics -----------------------------------------------------------------------------------


def test_a_difference_of_areas_has_delongs_interval_as_by_brute_force():
    rng = np.random.default_rng(2)
    labels = np.array([1] * 7 + [0] * 9)
    ours, theirs = (np.round(rng.normal(labels, 1.0), 1) for _ in range(2))

    def wins(scores):
        ill, well = scores[labels == 1][:, None], scores[labels == 0][None, :]
        return (ill > well) + 0.5 * (ill == well)

    gap = wins(ours) - wins(theirs)
    variance = gap.mean(axis=1).var(ddof=1) / 7 + gap.mean(axis=0).var(ddof=1) / 9
    rate = auc_difference(ours, theirs, labels)

    assert rate.value == pytest.approx(gap.mean())
    assert rate.high - rate.value == pytest.approx(1.959964 * np.sqrt(variance))
    assert rate.value == pytest.approx(roc_auc(ours, labels).value - roc_auc(theirs, labels).value)


def test_a_score_does_not_differ_from_itself():
    labels = np.array([1, 1, 0, 0])

    rate = auc_difference(np.arange(4.0), np.arange(4.0), labels)

    assert (rate.low, rate.value, rate.high, rate.n) == (0.0, 0.0, 0.0, 4)


def test_a_difference_needs_two_films_of_each_class():
    with pytest.raises(DatasetError, match="there are 1 with pneumonia and 3 normal"):
        auc_difference(np.arange(4.0), np.arange(4.0), np.array([1, 0, 0, 0]))


def test_a_rank_correlation_is_spearmans_with_the_interval_of_bonett_and_wright():
    scores, measure = np.array([1.0, 2, 3, 4, 5, 6]), np.array([2.0, 1, 4, 3, 6, 5])

    rate = rank_correlation(scores, measure)

    rho = 1.0 - 6.0 * 6.0 / (6 * 35)  # every rank is off by one
    half = 1.959964 * np.sqrt((1.0 + rho**2 / 2.0) / 3.0)
    assert rate.value == pytest.approx(rho)
    assert rate.low == pytest.approx(np.tanh(np.arctanh(rho) - half))
    assert rate.high == pytest.approx(np.tanh(np.arctanh(rho) + half))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([1, 1, 1, 1, 1], (0, -1, 1)), ([1, 2, 3, 4, 5], (1, 1, 1)), ([5, 4, 3, 2, 1], (-1, -1, -1))],
    ids=["one value", "same order", "other order"],
)
def test_a_rank_correlation_at_its_ends(scores, expected):
    rate = rank_correlation(np.array(scores, float), np.arange(5.0))

    assert (rate.value, rate.low, rate.high) == pytest.approx(expected)
