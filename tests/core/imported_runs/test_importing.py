"""Another model's predictions as a run: what is taken, what is refused, and in which words."""

import math

import numpy as np
import pytest
from fixtures.foreign_models import (  # noqa: F401 (a fixture)
    LABELS,
    NIH,
    TEST,
    TRAIN,
    VALIDATION,
    models,
)
from typer.testing import CliRunner

from core.__main__ import app
from core.comparison.paired_tests import compare_pairs
from core.comparison.scored_films import align_runs
from core.domain.reader import OPERATOR
from core.errors import DatasetError, ForeignRunRefused, ModelNotServable
from core.evaluation.tables import tabulate_metrics, tabulate_runs, tabulate_slices
from core.imported_runs.importing import ForeignRequest, import_run
from core.runs.listing import list_runs
from core.runs.predictions import read_predictions
from core.runs.store import load_run, read_record
from core.serving.requirements import check_demands, require_servable

SAID = [0.1, 0.2, 0.3, 0.6, 0.4, 0.7, 0.8, 0.9]


def table(ids, said=SAID, head="film_id,probability") -> bytes:
    rows = [f"{film},{p}" for film, p in zip(ids, said, strict=True)]
    return "\n".join([head, *rows, ""]).encode()


@pytest.fixture
def take(models, tmp_path):  # noqa: F811
    """Return a function that imports a file as the run ``theirs``."""

    def run(content, **how):
        request = ForeignRequest(**{"name": "theirs", **how})
        return import_run(content, request, models, tmp_path / "foreign", OPERATOR)

    return run


def refused(take, content, tmp_path, **how) -> list[str]:
    """Return the lines with which a file is refused; nothing may have been written."""
    with pytest.raises(ForeignRunRefused) as caught:
        take(content, **how)
    assert not (tmp_path / "foreign").exists()
    return str(caught.value).splitlines()


# --- what is taken --------------------------------------------------------------------------------


def test_predictions_of_the_test_films_become_a_run_that_the_rest_can_read(take):
    imported = take(table(TEST))

    run = load_run(imported.folder)
    kept = read_predictions(run)
    assert imported.films == {"test": 8}
    assert (run.run_id, run.foreign, run.members) == ("theirs", True, ())
    assert kept.films.film_id.tolist() == TEST
    assert kept.films.label.tolist() == LABELS
    assert kept.probability.tolist() == SAID
    assert kept.logit == pytest.approx([math.log(p / (1 - p)) for p in SAID])
    assert run.metrics["test"]["matrix"] == {
        "true_positive": 3, "false_negative": 1, "true_negative": 3, "false_positive": 1,
    }  # fmt: skip


def test_it_stands_in_every_table_and_in_a_comparison(take, models):  # noqa: F811
    folder = take(table(TEST)).folder
    runs = list_runs(models, folder.parent)
    assert [(run.run_id, run.foreign) for run in runs] == [("own", False), ("theirs", True)]
    assert "| theirs | official test split | 8 | 0.500 |" in tabulate_runs(runs)
    assert "| Sensitivity | 0.750" in tabulate_metrics(runs[1].metrics)
    assert "| test | 8 |" in tabulate_slices(read_record(folder)["slices"])

    said = {run.run_id: read_predictions(run) for run in runs}
    (pair,) = compare_pairs(align_runs(said, {"own": 0.5, "theirs": 0.5}, "test"))
    assert (pair.missed.change, pair.false_alarms.change) == (1, 1)


def test_it_may_never_serve(take):
    folder = take(table([*VALIDATION, *TEST], SAID * 2)).folder
    lacking = [demand for demand in check_demands(folder) if not demand.met]
    assert "a network of its own" in {demand.name for demand in lacking}
    with pytest.raises(ModelNotServable, match="it is another model's predictions, imported"):
        require_servable(folder)


def test_an_operating_point_is_chosen_on_validation_films_where_they_are_there(take):
    point = take(table([*VALIDATION, *TEST], SAID * 2), sensitivity=0.75).operating_point
    # Three of four found is 0.7 and above; half-way to the next lower probability is 0.65.
    assert point.threshold == pytest.approx(0.65)
    assert (point.sensitivity, point.specificity, point.n) == (0.75, 1.0, 8)
    assert point.chosen_on == "validation patients"


def test_without_validation_films_the_threshold_is_taken_as_a_half_and_says_so(take):
    point = take(table(TEST)).operating_point
    assert (point.threshold, point.sensitivity, point.n) == (0.5, 0.75, 8)
    assert point.chosen_on == (
        "taken as 0.5 for want of validation films; measured on official test split"
    )


def test_a_stated_threshold_is_labelled_as_stated_even_where_one_could_be_chosen(take):
    point = take(table([*VALIDATION, *TEST], SAID * 2), threshold=0.25).operating_point
    assert (point.threshold, point.sensitivity, point.specificity) == (0.25, 1.0, 0.5)
    assert point.chosen_on == "stated as 0.25, not chosen on films; measured on validation patients"


def test_training_films_and_other_splits_are_left_out_and_counted(take):
    ids = [*TRAIN, *NIH, *VALIDATION, *TEST]
    imported = take(table(ids, [0.5] * 6 + SAID * 2), split="test")
    assert imported.films == {"test": 8}
    assert imported.left_out == {"a training film": 2, "nih": 4, "validation": 8}
    assert read_record(imported.folder)["foreign"]["left_out"] == imported.left_out


@pytest.mark.parametrize(
    "short",
    [
        lambda film: "/".join(film.split("/")[-2:]),
        lambda film: "\\".join(film.split("/")[-2:]),
        lambda film: film.split("/")[-1].rsplit(".", 1)[0],
        lambda film: "/".join(film.split("/")[-2:]).rsplit(".", 1)[0],
        lambda film: f"/data/copy/{film}".rsplit(".", 1)[0],
    ],
    ids=["keras", "keras on Windows", "stem", "keras stem", "path without suffix"],
)
def test_films_may_be_named_as_keras_does_and_without_their_suffix(take, short):
    imported = take(table([TEST[0], *map(short, TEST[1:])]))  # the first has a namesake
    assert imported.films == take(table(TEST), name="whole").films


def test_films_may_be_named_by_their_bare_file_name_or_a_longer_path(take):
    names = [f"C:\\films\\{TEST[0]}".replace("/", "\\"), f"./chest_xray/{TEST[1]}"]
    names += [film.rsplit("/", 1)[1] for film in TEST[2:]]
    folder = take(table(names)).folder
    assert read_predictions(load_run(folder)).probability.tolist() == SAID


def test_zero_and_one_are_probabilities_and_have_finite_logits(take):
    kept = read_predictions(load_run(take(table(TEST, [0, 0, 0, 0, 1, 1, 1, 1])).folder))
    assert kept.probability.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert np.isfinite(kept.logit).all()


def test_some_films_may_be_missing_where_that_is_said(take):
    imported = take(table(TEST[1:], SAID[1:]), incomplete=True)
    assert imported.missing == {"test": 1}
    assert len(read_predictions(load_run(imported.folder))) == 7


def test_probabilities_of_the_wrong_class_are_noticed(take):
    backwards = [0.91, 0.92, 0.93, 0.94, 0.01, 0.02, 0.03, 0.04]
    assert take(table(TEST, backwards)).reversed_scores
    assert not take(table(TEST), name="right").reversed_scores


def test_labels_that_agree_are_taken(take):
    rows = [
        f"{film},{p},{label}"
        for film, p, label in zip(TEST, SAID, ["NORMAL"] * 4 + ["1"] * 4, strict=True)
    ]
    content = "\n".join(["film_id,probability,label", *rows]).encode()
    assert take(content).films == {"test": 8}


# --- what is refused ------------------------------------------------------------------------------


def test_every_bad_row_has_a_sentence_and_nothing_is_written(take, tmp_path):
    content = table(
        ["nobody.jpeg", *TEST[1:6], TEST[5], "", TEST[6], TEST[7]],
        ["often", "1.5", "-0.1", "abc", "", "0.5", "0.6", "0.7", "nan", "1e999"],
    )

    lines = refused(take, content, tmp_path)

    assert lines[:10] == [
        "10 problems prevent the import of this file; nothing was written.",
        "Row 2: 'nobody.jpeg' is not a film of the set; it has 'often' where a number is needed.",
        f"Row 3: {TEST[1]} has '1.5', which is not between 0 and 1.",
        f"Row 4: {TEST[2]} has '-0.1', which is not between 0 and 1.",
        f"Row 5: {TEST[3]} has 'abc' where a number is needed.",
        f"Row 6: {TEST[4]} has no probability.",
        f"Row 8: {TEST[5]} is already in row 7.",
        "Row 9: no film is named.",
        f"Row 10: {TEST[6]} has 'nan' where a number is needed.",
        f"Row 11: {TEST[7]} has '1e999', which is not between 0 and 1.",
    ]
    assert lines[10].startswith(
        f"Missing: 1 of the 8 films of test have no row: {TEST[0]}. Leaving"
    )
    assert len(lines) == 11


def test_missing_films_are_counted_without_those_of_bad_rows(take, tmp_path):
    lines = refused(take, table(TEST[:5], [*SAID[:4], "x"]), tmp_path)
    assert lines[2].startswith(
        f"Missing: 3 of the 8 films of test have no row: {TEST[5]}, {TEST[6]}, {TEST[7]}. Leaving"
    )


def test_every_bad_row_is_named(take, tmp_path):
    names = [f"film{number}.jpeg" for number in range(57)]
    lines = refused(take, table(names, [0.5] * 57), tmp_path)
    assert lines[0].startswith("57 problems prevent")
    assert lines[1:] == [
        f"Row {number + 2}: {name!r} is not a film of the set." for number, name in enumerate(names)
    ]


def test_a_bare_name_of_two_films_is_refused_with_both(take, tmp_path):
    name = TEST[0].rsplit("/", 1)[1]
    lines = refused(take, table([name, *TEST[1:]]), tmp_path)
    assert lines[1] == (
        f"Row 2: {name!r} names 2 films: {TEST[0]}, {TRAIN[0]}. Write the whole id."
    )


def test_a_label_that_is_not_the_references_is_refused(take, tmp_path):
    content = f"film_id,probability,label\n{TEST[0]},0.5,1\n{TEST[1]},0.5,maybe\n".encode()
    lines = refused(take, content, tmp_path)
    assert lines[1] == (
        f"Row 2: {TEST[0]} is labelled pneumonia, and the reference standard says normal."
    )
    assert "has the label 'maybe': 0 and 1, or normal and pneumonia, are known" in lines[2]


def test_a_decimal_comma_that_splits_a_cell_is_refused_and_not_guessed(take, tmp_path):
    lines = refused(take, table(TEST, ["0,5", *SAID[1:]]), tmp_path)
    assert lines[1] == "Row 2: it has 3 cells where the first line names 2."


def test_a_file_of_training_films_alone_is_refused(take, tmp_path):
    lines = refused(take, table(TRAIN, [0.1, 0.9]), tmp_path)
    assert lines[1] == (
        "No row belongs to a film of validation or test: 2 rows belong to a training film."
    )


def test_too_few_films_of_a_class_are_refused(take, tmp_path):
    (line,) = refused(take, table(TEST[:4], SAID[:4]), tmp_path, incomplete=True)
    assert line.startswith("too few films to measure: an ROC curve needs two films of each class")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"name": "../up"}, "'../up' cannot name a run"),
        ({"name": ""}, "Enter a name for the run."),
        ({"name": "a" * 41}, "cannot name a run"),
        ({"name": "own"}, "run own exists in"),
        ({"split": "train"}, "there is no split 'train'"),
        ({"threshold": 1.5}, "a threshold of 1.5 is not between 0 and 1"),
        ({"threshold": float("nan")}, "a threshold of nan is not between 0 and 1"),
        ({"sensitivity": 0.0}, "a sensitivity of 0.0 is not above 0"),
        ({"film_column": "case"}, "no column for films among 'film_id', 'probability'"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(take, tmp_path, how, sentence):
    assert sentence in refused(take, table(TEST), tmp_path, **how)[0]


def test_a_run_is_not_overwritten(take):
    folder = take(table(TEST)).folder
    before = (folder / "run.json").read_bytes()
    with pytest.raises(ForeignRunRefused, match=r"run theirs exists in .*: a run is not overwritt"):
        take(table(TEST, SAID[::-1]))
    assert (folder / "run.json").read_bytes() == before


def test_a_folder_that_cannot_be_written_is_said(models, tmp_path):  # noqa: F811
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ForeignRunRefused, match=r"cannot be written to .*FIRSTREAD_FOREIGN"):
        import_run(
            table(TEST), ForeignRequest("theirs"), models, tmp_path / "file" / "runs", OPERATOR
        )


def test_without_runs_it_is_not_known_which_films_there_are(models, tmp_path):  # noqa: F811
    (tmp_path / "split.json").write_bytes((models / "split.json").read_bytes())
    with pytest.raises(DatasetError, match="lists its evaluation films"):
        import_run(table(TEST), ForeignRequest("theirs"), tmp_path, tmp_path / "foreign", OPERATOR)


def test_a_write_that_fails_half_way_leaves_nothing(take, tmp_path, monkeypatch):
    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.imported_runs.importing.write_record", fail)
    with pytest.raises(ForeignRunRefused, match="No space left on device"):
        take(table(TEST))
    assert list((tmp_path / "foreign").iterdir()) == []


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def command(models, tmp_path, monkeypatch):  # noqa: F811
    """Return the command line with the small run's folders."""
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    return lambda *arguments: CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_command_imports_and_the_others_find_the_run(command, tmp_path):
    (tmp_path / "said.csv").write_bytes(table([*TRAIN, *TEST], [0.5, 0.5, *SAID]))

    outcome = command("import-run", tmp_path / "said.csv", "--name", "theirs")

    assert outcome.exit_code == 0, outcome.output
    assert f"Run theirs is in {tmp_path / 'foreign' / 'theirs'}: films 8 of test." in outcome.output
    assert "Operating point 0.500 (taken as 0.5 for want of validation films" in outcome.output
    assert "Left out: 2 rows (a training film)." in outcome.output
    assert "| theirs | official test split" in command("runs").output
    compared = command("compare", "own", "theirs").output
    assert "theirs misses 1 more of 4 pneumonias than own" in compared
    assert "Imported: theirs. The training data of such a model are not known here" in compared
    evaluated = command("evaluate", "theirs")
    assert evaluated.exit_code == 1
    assert "there is no network to score films with" in evaluated.output
    read = read_record(tmp_path / "foreign" / "theirs")["foreign"]
    assert (read["file_name"], read["rows"]) == ("said.csv", 10)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read"), (b"film_id,probability\nx,2\n", "Row 2: 'x' is not a film of the")],
)
def test_the_command_says_why_it_cannot_import(command, tmp_path, content, sentence):
    path = tmp_path / "said.csv"
    if content is not None:
        path.write_bytes(content)
    outcome = command("import-run", path, "--name", "theirs")
    assert outcome.exit_code == 1
    assert sentence in outcome.output
    assert not (tmp_path / "foreign").exists()
