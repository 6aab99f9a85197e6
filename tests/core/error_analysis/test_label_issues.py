"""Doubtful labels: planted errors come first, patients stay together, and the table keeps it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.datasets.film_metadata import (
    NORMAL,
    OPACITY,
    OTHER_FINDING,
    facts_of,
    read_facts,
    write_facts,
)
from core.datasets.split import read_split
from core.error_analysis.duplicates import group_copies
from core.error_analysis.label_agreement import compare_labels, rates_by_reference
from core.error_analysis.label_issues import (
    LabelIssues,
    find_issues,
    issues_as_parquet,
    parse_issues,
    plant_errors,
    predict_out_of_fold,
    rank_issues,
    read_issues,
)
from core.errors import DatasetError, ModelIntegrity
from core.runs.embeddings import (
    MOST_AXES,
    compress_features,
    features_as_parquet,
    parse_features,
    read_features,
)
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

SERVED = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
PLANTED = np.arange(4, 300, 25)


def labelled_space(n: int = 300):
    """Return films whose class shows in their features, patients of three films each."""
    rng = np.random.default_rng(0)
    patient = np.array([f"p{film // 3}" for film in range(n)])
    label = (np.arange(n) // 3) % 2
    space = rng.normal(size=(n, 5)) + 3.0 * label[:, np.newaxis]
    return space, label, patient


# --- doubtful labels ------------------------------------------------------------------------------


def test_labels_that_were_exchanged_are_flagged_and_no_others() -> None:
    space, label, patient = labelled_space()
    wrong = label.copy()
    wrong[PLANTED] = 1 - wrong[PLANTED]
    rank = rank_issues(predict_out_of_fold(space, wrong, patient)[0], wrong)
    flagged = np.flatnonzero(rank)
    assert np.isin(flagged, PLANTED).all()
    assert len(flagged) >= 0.75 * len(PLANTED)
    assert sorted(rank[flagged].tolist()) == list(range(1, len(flagged) + 1))


def test_where_no_label_is_wrong_hardly_any_is_flagged() -> None:
    space, label, patient = labelled_space()
    rank = rank_issues(predict_out_of_fold(space, label, patient)[0], label)
    assert (rank > 0).sum() <= 1


def test_a_patients_films_are_predicted_from_others_films_alone() -> None:
    space, label, patient = labelled_space()
    probability, fold = predict_out_of_fold(space, label, patient)
    for name in np.unique(patient):
        assert len(np.unique(fold[patient == name])) == 1
    first = fold == fold[0]
    changed = space.copy()
    changed[0] += (
        100.0  # of a film of the fold itself: no other film of the fold is predicted by it
    )
    others = first & (np.arange(len(label)) > 0)
    again, _ = predict_out_of_fold(changed, label, patient)
    np.testing.assert_allclose(again[others], probability[others])


def test_planted_errors_are_counted_among_the_films_looked_at() -> None:
    space, label, patient = labelled_space()
    looked_at = np.arange(300) >= 150
    planted = plant_errors(space, label, patient, looked_at)
    assert planted.found.value >= 0.9
    assert planted.right.value >= 0.9
    assert 0 < planted.found.n < 30


def test_the_table_gives_back_what_was_written() -> None:
    space, label, patient = labelled_space()
    probability, fold = predict_out_of_fold(space, label, patient)
    issues = LabelIssues(
        patient,
        np.repeat(["train"], 300),
        label,
        fold,
        probability,
        rank_issues(probability, label),
        plant_errors(space, label, patient, np.ones(300, np.bool_)),
        "0" * 64,
    )
    again = parse_issues(issues_as_parquet(issues))
    for name in ("film_id", "split", "label", "fold", "probability", "rank"):
        assert np.array_equal(getattr(again, name), getattr(issues, name))
    assert (again.planted, again.export_sha256) == (issues.planted, "0" * 64)
    with pytest.raises(ModelIntegrity, match="label-issues"):
        parse_issues(b"no table")


# --- the kept tables ------------------------------------------------------------------------------


def test_a_run_without_features_or_with_those_of_other_films_is_told_how_to_make_them() -> None:
    split = read_split(PROJECT_ROOT / "models" / "split.json")
    command = f"`python -m core features {SERVED_RUN}`"
    with pytest.raises(DatasetError, match=f"no features yet: make them with {command}"):
        find_issues(replace(SERVED, files={}), split)
    with pytest.raises(DatasetError, match=f"other films than the split: .* with {command}"):
        find_issues(SERVED, replace(split, train=("nobody.jpeg",)))


def test_the_kept_ranks_follow_from_the_kept_predictions() -> None:
    issues = read_issues(SERVED)
    assert np.array_equal(rank_issues(issues.probability, issues.label), issues.rank)
    assert issues.rank[issues.flagged].tolist() == list(range(1, len(issues.flagged) + 1))


def test_the_kept_predictions_follow_from_the_kept_features() -> None:
    from core.datasets.split import read_split

    issues, features = read_issues(SERVED), read_features(SERVED)
    split = read_split(PROJECT_ROOT / "models" / "split.json")
    group = np.array([split.group[film_id] for film_id in issues.film_id.tolist()])
    space = features.places_of(issues.film_id)
    probability, fold = predict_out_of_fold(space, issues.label, group)
    assert np.array_equal(fold, issues.fold)
    np.testing.assert_allclose(probability, issues.probability, atol=1e-4)


@pytest.mark.parametrize("read", [read_features, read_issues])
def test_a_table_of_another_export_is_void(read) -> None:
    other = replace(SERVED, files={**SERVED.files, "model.tflite": "0" * 64})
    with pytest.raises(
        ModelIntegrity, match=r"belongs to another export and is not used.*python -m core"
    ):
        read(other)
    assert read(replace(SERVED, files={})) is None


# --- features -------------------------------------------------------------------------------------


def test_compressed_features_keep_distances_and_survive_the_table() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 100))
    names = np.array([f"film {number}" for number in range(40)])
    found = parse_features(features_as_parquet(compress_features(names, features, "1" * 64)))
    apart = np.linalg.norm(features[:, np.newaxis] - features, axis=2)
    kept = np.linalg.norm(found.space[:, np.newaxis] - found.space, axis=2)
    np.testing.assert_allclose(kept, apart, atol=0.02 * apart.max())
    assert found.kept_share == pytest.approx(1.0)
    assert found.space.shape[1] <= MOST_AXES
    assert np.array_equal(found.places_of(names[[7, 2]]), found.space[[7, 2]])
    assert found.places_of(np.array(["film 1", "zoo"])) is None
    with pytest.raises(ModelIntegrity, match="core features"):
        parse_features(b"no table")


# --- two references -------------------------------------------------------------------------------


def reported(rows):
    return facts_of(
        [
            {
                "film_id": str(number),
                "patient": str(number),
                "text_mined": mined,
                "radiologists": read,
            }
            for number, (mined, read) in enumerate(rows)
        ]
    )


def test_what_radiologists_said_is_counted_by_the_text_mined_label() -> None:
    facts = reported(
        [
            ("PNEUMONIA", NORMAL),
            ("PNEUMONIA", OPACITY),
            ("PNEUMONIA", OPACITY),
            ("PNEUMONIA", OTHER_FINDING),
            ("NORMAL", NORMAL),
            ("PNEUMONIA", ""),
            ("", ""),
        ]
    )
    pneumonia, normal = compare_labels(facts)
    assert pneumonia.text_mined == "PNEUMONIA"
    assert (pneumonia.readings[NORMAL].value, pneumonia.readings[NORMAL].n) == (0.25, 4)
    assert pneumonia.readings[OPACITY].value == 0.5
    assert normal.readings[NORMAL].value == 1.0


def test_a_runs_rates_are_those_against_each_reference() -> None:
    facts = reported(
        [
            ("PNEUMONIA", OPACITY),
            ("PNEUMONIA", NORMAL),
            ("NORMAL", NORMAL),
            ("NORMAL", OPACITY),
            ("PNEUMONIA", OTHER_FINDING),
        ]
    )
    probability = np.array([0.9, 0.1, 0.2, 0.8, 0.7])
    radiologists, mined, agreed, extremes = rates_by_reference(probability, facts, 0.5)
    assert (radiologists.sensitivity.value, radiologists.specificity.value) == (1.0, 2 / 3)
    assert (mined.sensitivity.value, mined.specificity.value) == (2 / 3, 0.5)
    assert (agreed.n, agreed.sensitivity.value, agreed.specificity.value) == (2, 1.0, 1.0)
    assert (extremes.n, extremes.ill, extremes.specificity.value) == (4, 2, 1.0)


# --- copies ---------------------------------------------------------------------------------------


def test_copies_that_reach_across_parts_or_labels_come_first(tmp_path) -> None:
    pairs = {
        "train/NORMAL/a": "train/NORMAL/b",
        "train/NORMAL/c": "test/NORMAL/c",
        "train/NORMAL/d": "train/PNEUMONIA/e",
    }
    rows = [
        {"film_id": film_id, "copy_group": first, "copy_kind": "exact", "patient": "p"}
        for first, second in pairs.items()
        for film_id in (first, second)
    ]
    write_facts(facts_of([*rows, {"film_id": "test/NORMAL/alone"}]), tmp_path / "facts.parquet")
    facts = read_facts(tmp_path / "facts.parquet")
    part_of = {row["film_id"]: row["film_id"].split("/")[0] for row in rows}
    groups = group_copies(facts, part_of)
    assert [group.across for group in groups] == [True, False, False]
    assert [group.contradicts for group in groups] == [False, True, False]
    assert groups[1].film_ids == ("train/NORMAL/d", "train/PNEUMONIA/e")
