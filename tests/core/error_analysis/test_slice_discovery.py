"""The search for failing slices: exact numbers, a planted slice, nothing where nothing is."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from fixtures.film_tables import film_table, predictions_of
from scipy.stats import binom, fisher_exact
from statsmodels.stats.multitest import multipletests

from core.datasets.film_metadata import FACTS_FILE, empty_facts, facts_of
from core.error_analysis import slice_discovery
from core.error_analysis.slice_discovery import (
    LEAST_FILMS,
    SIGNIFICANCE,
    DecidedFilms,
    SliceResult,
    confirm_slices,
    decide_films,
    fisher_worse,
    search_run,
    search_slices,
    searched_text,
)
from core.error_analysis.slices import (
    NUMBERS_OF_CLUSTERS,
    declare_space,
    find_clusters,
    group_films,
)
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.stats.bootstrap import draw_patients

FILMS = 400


def decided(right, label=None, patient=None) -> DecidedFilms:
    n = len(right)
    label = np.ones(n, np.int64) if label is None else label
    return DecidedFilms(label, np.asarray(right), np.asarray(patient or np.arange(n).astype(str)))


def halves(n: int) -> dict[str, np.ndarray]:
    return {"first": np.arange(n) < n // 2, "second": np.arange(n) >= n // 2}


# --- the test -------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(3, 10, 1, 30), (0, 8, 4, 9), (5, 5, 0, 5), (2, 20, 20, 200)])
def test_the_p_value_is_that_of_scipys_fisher_test(counts) -> None:
    wrong, n, wrong_outside, n_outside = counts
    table = [[wrong, n - wrong], [wrong_outside, n_outside - wrong_outside]]
    assert fisher_worse(*counts) == pytest.approx(fisher_exact(table, "greater").pvalue)


def test_the_p_value_is_the_share_of_all_ways_to_draw_the_slice() -> None:
    wrong = [True] * 3 + [False] * 5
    draws = list(combinations(range(8), 4))
    as_bad = sum(sum(wrong[film] for film in drawn) >= 2 for drawn in draws)
    assert fisher_worse(2, 4, 1, 4) == pytest.approx(as_bad / len(draws))


def test_a_slice_is_held_against_the_rest_of_its_class_alone() -> None:
    label = np.tile([1, 0], FILMS // 2)
    right = ~((np.arange(FILMS) < 40) & (label == 1))
    result = search_slices(decided(right, label), halves(FILMS))
    first = next(one for one in result if (one.key, one.rate) == ("first", "sensitivity"))
    assert (first.wrong, first.inside.n, first.outside.n) == (20, 100, 100)
    assert first.inside.value == 0.8
    assert first.outside.value == 1.0
    assert first.difference.value == pytest.approx(-0.2)
    assert {one.rate for one in result} == {"sensitivity", "specificity"}


def test_all_tests_are_corrected_together_as_by_statsmodels() -> None:
    rng = np.random.default_rng(3)
    members = {str(number): rng.random(FILMS) < 0.4 for number in range(12)}
    results = search_slices(decided(rng.random(FILMS) < 0.9), members)
    adjusted = multipletests([one.p_value for one in results], method="holm")[1]
    np.testing.assert_allclose([one.adjusted for one in results], adjusted)
    assert [one.p_value for one in results] == sorted(one.p_value for one in results)


def test_a_slice_with_too_few_films_inside_or_outside_is_not_looked_at() -> None:
    n = 2 * LEAST_FILMS
    members = {"few": np.arange(n) < LEAST_FILMS - 1, "most": np.arange(n) >= LEAST_FILMS - 1}
    assert search_slices(decided(np.ones(n, bool)), members) == ()
    exact = {"half": np.arange(n) < LEAST_FILMS}
    assert len(search_slices(decided(np.ones(n, bool)), exact)) == 1


def test_a_slice_that_fails_on_one_patients_films_alone_is_not_found() -> None:
    right = np.arange(FILMS) >= 20
    one_patient = ["same"] * 20 + [str(film) for film in range(20, FILMS)]
    apart = search_slices(decided(right), halves(FILMS))
    together = search_slices(decided(right, patient=one_patient), halves(FILMS))
    assert apart[0].adjusted == together[0].adjusted < SIGNIFICANCE
    assert apart[0].failing
    assert not together[0].failing


# --- planted and null -----------------------------------------------------------------------------


def drawn_predictions(rng, wrong_rate):
    """Return films with random facts, wrong at random with a chance that may hang on them."""
    films = film_table(
        FILMS,
        split=["validation"] * FILMS,
        contrast=rng.random(FILMS),
        sharpness=rng.random(FILMS),
        median_grey=rng.random(FILMS),
        original_height_px=500.0 + 900.0 * rng.random(FILMS),
    )
    wrong = rng.random(FILMS) < wrong_rate(films)
    called = (films.label == 1) ^ wrong
    return predictions_of(films, np.where(called, 0.9, 0.1))


def search_of(said, facts=None):
    space = declare_space(said, facts or empty_facts())
    films = decide_films(said.probability, said.films.label, said.films.patient, 0.5)
    return space, search_slices(films, space.members(said))


def test_a_planted_failing_slice_is_found_and_confirmed_on_other_films() -> None:
    def wrong_rate(films):
        return np.where((films.sharpness > 2 / 3) & (films.label == 1), 0.5, 0.03)

    said = drawn_predictions(np.random.default_rng(1), wrong_rate)
    space, results = search_of(said)
    assert (results[0].key, results[0].rate) == ("sharpness-high", "sensitivity")
    found = [one for one in results if one.failing]
    assert {one.rate for one in found} == {"sensitivity"}
    assert all("sharpness-high" in one.key for one in found)

    other = drawn_predictions(np.random.default_rng(2), wrong_rate)
    films = decide_films(other.probability, other.films.label, other.films.patient, 0.5)
    confirmed = confirm_slices(found, films, space.members(other))
    assert confirmed["sharpness-high", "sensitivity"].failing
    healthy = decided(np.ones(FILMS, bool), other.films.label)
    held = confirm_slices(found[:1], healthy, space.members(other))
    assert not held[found[0].key, found[0].rate].failing


def test_where_errors_are_random_a_finding_is_as_rare_as_stated(monkeypatch) -> None:
    monkeypatch.setattr(slice_discovery, "draw_patients", partial(draw_patients, draws=2))
    rng, searches = np.random.default_rng(5), 40
    smallest = [
        min(one.adjusted for one in search_of(drawn_predictions(rng, lambda _films: 0.08))[1])
        for _ in range(searches)
    ]
    false = sum(p_value < SIGNIFICANCE for p_value in smallest)
    assert false <= binom.ppf(0.999, searches, SIGNIFICANCE)


# --- slices ---------------------------------------------------------------------------------------


def test_thirds_are_cut_on_the_searched_films_and_mean_the_same_on_others() -> None:
    said = predictions_of(
        film_table(30, contrast=np.linspace(0.1, 0.7, 30)), np.linspace(0.1, 0.9, 30)
    )
    space = declare_space(said, empty_facts())
    low, high = space.cuts["contrast"]
    others = predictions_of(film_table(4, contrast=[0.0, low, high, np.nan]), [0.5] * 4)
    members = space.members(others)
    assert members["contrast-low"].tolist() == [True, False, False, False]
    assert members["contrast-middle"].tolist() == [False, True, False, False]
    assert members["contrast-high"].tolist() == [False, False, True, False]
    assert f"below {low:.2f}" in space.words_of("contrast-low")


def test_pairs_are_of_two_attributes_and_hold_the_films_of_both() -> None:
    said = drawn_predictions(np.random.default_rng(0), lambda _films: 0.1)
    members = declare_space(said, empty_facts()).members(said)
    pair = members["subtype-virus+size-low"]
    assert np.array_equal(pair, members["subtype-virus"] & members["size-low"])
    assert "size-low+size-high" not in members
    singles, pairs = 2 + 4 * 3, 2 * 12 + 6 * 9
    assert len(members) == singles + pairs


def test_findings_and_ages_are_slices_where_they_are_known() -> None:
    films = film_table(3)
    facts = facts_of(
        [
            {"film_id": films.film_id[0], "findings": "exposure tone"},
            {"film_id": films.film_id[2], "age_band": "18 to 39 years"},
        ]
    )
    said = predictions_of(films, [0.2, 0.5, 0.7])
    space = declare_space(said, facts)
    members = space.members(said)
    assert members["finding-tone"].tolist() == [True, False, False]
    assert members["age-18 to 39 years"].tolist() == [False, False, True]
    assert space.words_of("finding-tone+age-18 to 39 years") == "gate: tone, 18 to 39 years"


def test_what_a_sites_labels_tell_films_apart_by_are_slices() -> None:
    films = film_table(4)
    wards = dict(zip(films.film_id.tolist(), ["north", "south", "", "north"], strict=True))
    ward = group_films("ward", wards)
    said = predictions_of(films, [0.2, 0.5, 0.7, 0.1])
    space = declare_space(said, empty_facts(), groups=(ward,))
    members = space.members(said)
    assert members["group0-0"].tolist() == [True, False, False, True]
    assert members["group0-1"].tolist() == [False, True, False, False]
    assert "group0-0+contrast-low" in members or "contrast-low+group0-0" in members
    assert "group0-0+group0-1" not in members
    assert space.words_of("group0-1") == "ward: south"
    assert isinstance(space.words_of("group7-1"), str)


@pytest.mark.parametrize(
    "values",
    [["north"] * 3, [str(number) for number in range(13)], ["", ""]],
    ids=["one value", "too many values", "no value"],
)
def test_a_column_with_one_value_or_too_many_makes_no_slices(values) -> None:
    assert group_films("ward", dict(enumerate(values))) is None


@pytest.mark.parametrize("key", ["", "zoo", "size-huge", "normal-cluster-9", "normal-zoo", "+"])
def test_a_key_that_names_no_slice_has_words_too(key) -> None:
    said = predictions_of(film_table(3), [0.2, 0.5, 0.7])
    assert isinstance(declare_space(said, empty_facts()).words_of(key), str)


# --- clusters -------------------------------------------------------------------------------------


def blobs(rng, per_blob=30, centres=((0, 0), (8, 0), (0, 8), (8, 8))):
    return np.concatenate([rng.normal(centre, 0.3, (per_blob, 2)) for centre in centres])


def test_clusters_of_each_class_are_those_that_were_planted() -> None:
    rng = np.random.default_rng(0)
    space = np.concatenate([blobs(rng), blobs(rng, centres=((0, 0), (9, 0), (0, 9)))])
    label = np.repeat([1, 0], [120, 90])
    logit = rng.normal(size=len(space))
    clusters = find_clusters(space, logit, label)
    assert len(clusters.of_class["pneumonia"].centres) == 4
    assert len(clusters.of_class["normal"].centres) == 3
    members = clusters.members(space, logit, label)
    sizes = [int(inside.sum()) for inside in members.values()]
    assert sorted(sizes) == [30] * 7
    assert sum(inside.astype(int) for inside in members.values()).tolist() == [1] * len(label)


def test_films_that_differ_in_their_score_alone_are_in_no_cluster_of_their_own() -> None:
    rng = np.random.default_rng(0)
    logit = np.repeat([-6.0, 6.0], 60)
    space = np.tile(blobs(rng, 20, ((0, 0), (8, 0), (0, 8))), (2, 1)) + 5.0 * logit[:, np.newaxis]
    label = np.ones(120, np.int64)
    clusters = find_clusters(space, logit, label)
    for inside in clusters.members(space, logit, label).values():
        assert (logit[inside] > 0).mean() == pytest.approx(0.5)


def test_a_class_with_few_films_has_no_clusters() -> None:
    space = np.random.default_rng(0).normal(size=(NUMBERS_OF_CLUSTERS[-1], 3))
    label = np.zeros(len(space), np.int64)
    assert find_clusters(space, space[:, 0], label).of_class == {}


# --- what the evaluation says ---------------------------------------------------------------------


def test_the_evaluation_states_what_the_search_finds_for_the_served_run() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    search = search_run(run, read_predictions(run), PROJECT_ROOT / "models" / FACTS_FILE)
    results, found, held = search.results, search.failing, search.confirmed
    evaluation = (PROJECT_ROOT / "docs" / "evaluation.md").read_text("utf-8")
    text, confirmed = " ".join(evaluation.split()), sum(one.failing for one in held.values())
    assert search.n_confirmed == confirmed
    assert f"Of {len(results)} tests `{SERVED_RUN}` fails {len(found)}." in text
    assert f"The official test confirms {confirmed or 'none'} of these." in text
    for one in found:
        assert f"| validation | {row_of(one)}" in evaluation
        on_test = held.get((one.key, one.rate))
        assert on_test is None or f"| official test | {row_of(on_test)}" in evaluation


def test_the_search_in_words_names_the_subgroup_that_the_test_confirms() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    search = search_run(run, read_predictions(run), PROJECT_ROOT / "models" / FACTS_FILE)
    again = [one for one in search.failing if search.is_confirmed(one)]
    assert len(again) == search.n_confirmed == 1
    clearest, _, confirmed = searched_text(search).partition("The official test split confirms")
    words = search.space.words_of(search.failing[0].key)
    assert search.failing[0] not in again
    assert clearest.rstrip().endswith(f"The clearest is {words} (not confirmed).")
    held = search.confirmed[again[0].key, again[0].rate]
    assert confirmed.startswith(f" 1: {search.space.words_of(again[0].key)}: {held.rate} ")
    assert f"n = {held.inside.n}, elsewhere" in confirmed
    assert words not in confirmed


def row_of(one: SliceResult) -> str:
    rates = [f"{of.value:.3f} ({of.low:.3f} to {of.high:.3f})" for of in (one.inside, one.outside)]
    return f"{one.inside.n} | {one.wrong} | {rates[0]} | {rates[1]} | {one.outside.n} |"
