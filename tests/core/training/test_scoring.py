"""Which films a run is measured on, what is known of them, and the command that measures again."""

import json
import shutil

import numpy as np
import pytest
from fixtures.tiny_films import show_nothing, write_tiny_set
from typer.testing import CliRunner

from core.__main__ import app
from core.datasets.index import index_dataset
from core.datasets.split import read_split
from core.errors import DatasetError, ModelInputMismatch
from core.files import sha256_of
from core.gate.quality import measure_sharpness, measure_tone
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import standardise_film
from core.runs.predictions import LEARNED_FILE, read_learned, read_predictions
from core.runs.store import EXPORT_FILE, RECORD_FILE, load_run, read_record, write_record
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.training.export import exported_logits
from core.training.films import load_films, to_input
from core.training.scoring import load_films_to_score, open_films_to_score, score_run
from core.training.training_data import redraw_split

# --- films ----------------------------------------------------------------------------------------


def test_films_come_in_the_order_of_the_split_and_the_external_ones_last(tiny_run):
    split, table = read_split(tiny_run.models / "split.json"), tiny_run.to_score.table

    ours = len(split.validation) + len(split.test)
    assert tuple(table.film_id[:ours]) == (*split.validation, *split.test)
    counts = [len(split.validation), len(split.test), 4]
    assert table.split.tolist() == np.repeat(["validation", "test", "nih"], counts).tolist()


def test_films_are_prepared_as_those_of_training_are(tiny_run):
    index, table = tiny_run.films.index, tiny_run.to_score.table
    test = table.split == "test"

    expected = load_films(index, table.film_id[test].tolist())

    np.testing.assert_array_equal(tiny_run.to_score.films[test], expected.films)
    np.testing.assert_array_equal(table.label[test], expected.labels)


def test_a_film_says_its_subtype_and_whose_it_is(tiny_run):
    table = tiny_run.to_score.table
    (place,) = np.flatnonzero(table.film_id == "test/PNEUMONIA/person1001_bacteria_1001.jpeg")

    assert (table.subtype[place], table.patient[place], table.label[place]) == (
        "bacteria",
        "person1001",
        1,
    )
    assert set(table.subtype[table.label == 0]) == {""}


def test_only_the_test_film_with_a_number_of_the_pool_is_of_a_known_patient(tiny_run):
    table = tiny_run.to_score.table

    known = table.film_id[table.patient_in_train]

    assert known.tolist() == ["test/PNEUMONIA/person0_virus_1000.jpeg"]


def test_tone_is_that_of_the_file_and_sharpness_that_of_the_prepared_film(tiny_run):
    index, table = tiny_run.films.index, tiny_run.to_score.table
    film = next(film for film in index.films if film.film_id == table.film_id[0])
    pixels = decode_radiograph(index.read_bytes(film)).pixels
    tone = measure_tone(pixels)

    assert (table.contrast[0], table.median_grey[0]) == (tone.contrast, tone.median)
    assert table.sharpness[0] == measure_sharpness(standardise_film(pixels))


def test_a_size_is_the_originals_and_only_where_the_match_is_certain(tiny_run):
    table = tiny_run.to_score.table
    test = table.split == "test"

    unknown = table.film_id[np.isnan(table.original_height_px)]

    assert unknown.tolist() == ["test/PNEUMONIA/person1003_bacteria_1003.jpeg"]
    assert set(table.original_width_px[test & ~np.isnan(table.original_width_px)]) == {1400.0}
    assert set(table.original_height_px[table.split == "nih"]) == {1024.0}


def test_external_films_are_those_that_radiologists_read_with_opacity_as_the_positive(tiny_run):
    table = tiny_run.to_score.table
    external = table.where(table.split == "nih")

    assert external.film_id.tolist() == [f"nih_rsna/images/{n}.png" for n in range(2000, 2004)]
    assert external.label.tolist() == [1, 0, 1, 0]
    assert external.patient.tolist() == ["nih1000", "nih1000", "nih1001", "nih1001"]


def test_cut_points_are_of_training_films_alone(tiny_run, tmp_path):
    # Other films of validation and test, same training films: the same cuts.
    write_tiny_set(tmp_path, tmp_path)
    source = tmp_path / "kermany224"
    split = read_split(tmp_path / "split.json")
    for film_id in (*split.validation[:3], *split.test):
        shutil.copy(source / split.validation[-1], source / film_id)

    changed = load_films_to_score(tmp_path, index_dataset(source), split, show_nothing)

    assert changed.cut_points == tiny_run.to_score.cut_points
    assert changed.table.contrast.tolist() != tiny_run.to_score.table.contrast.tolist()


def test_without_the_external_set_its_part_is_left_out_and_that_is_said(tiny_run, tmp_path):
    write_tiny_set(tmp_path, tmp_path)
    shutil.rmtree(tmp_path / "nih_rsna")
    lines = []

    films = open_films_to_score(tmp_path, tmp_path, lines.append)

    assert set(films.table.split) == {"validation", "test"}
    assert "external films are not scored" in lines[-1]


@pytest.mark.parametrize("folder", ["kermany_lung_masks", "nih_rsna"])
def test_a_missing_manifest_is_named(tmp_path, folder):
    write_tiny_set(tmp_path, tmp_path)
    (tmp_path / folder / "manifest.csv").unlink()

    with pytest.raises(DatasetError, match=rf"no manifest.csv in .*{folder}: point FIRSTREAD_DATA"):
        open_films_to_score(tmp_path, tmp_path, show_nothing)


def test_scoring_again_gives_what_the_finished_run_holds(tiny_run):
    run = load_run(tiny_run.folder)
    content = (run.folder / EXPORT_FILE).read_bytes()

    again = score_run(content, run.input_px, run.calibration, tiny_run.to_score)

    assert again.logit == pytest.approx(read_predictions(run).logit, abs=1e-5)
    assert np.ptp(again.logit) > 1e-3


def test_an_export_of_another_input_size_is_refused(tiny_run):
    run = load_run(tiny_run.folder)
    content = (run.folder / EXPORT_FILE).read_bytes()

    with pytest.raises(ModelInputMismatch, match="the model takes films of"):
        score_run(content, run.input_px * 2, run.calibration, tiny_run.to_score)


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def command(tiny_run, tmp_path, monkeypatch):
    """Return a caller of ``python -m core`` on a copy of the tiny run."""
    models = tmp_path / "models"
    shutil.copytree(tiny_run.models, models)
    monkeypatch.setenv("FIRSTREAD_DATA", str(tiny_run.data))
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    return lambda *arguments: CliRunner().invoke(app, arguments)


def edit(change) -> None:
    """Change the record of the copied run in place."""
    folder = get_settings().models / "tiny"
    record = read_record(folder)
    change(record)
    (folder / RECORD_FILE).write_text(json.dumps(record))


def test_evaluate_prints_all_parts_and_slices_and_agrees_with_a_finished_run(command):
    answer = command("evaluate", "tiny")

    assert answer.exit_code == 0, answer.output
    assert "external adults (NIH), out of population" in answer.stdout
    assert "original's short side, px" in answer.stdout
    assert "The run agrees with what is stored: over" in answer.stdout
    assert "decisions changed: 0, metrics that differ: 0." in answer.stdout


def test_evaluate_ends_with_code_1_and_the_metric_that_is_not_true(command):
    edit(lambda record: record["metrics"]["nih"]["rates"]["roc_auc"].update(value=0.123))

    answer = command("evaluate", "tiny")

    assert answer.exit_code == 1
    assert "does not agree" in answer.stdout
    assert "metrics that differ: 1 (metrics/nih/rates/roc_auc/value)" in answer.stdout


def test_evaluate_write_makes_a_record_true_again_and_keeps_the_operating_point(command):
    before = read_record(get_settings().models / "tiny")
    edit(lambda record: [record.pop("slices"), record["metrics"].pop("test_viral")])

    assert command("evaluate", "tiny").exit_code == 1
    written = command("evaluate", "tiny", "--write")
    assert written.exit_code == 0, written.output
    assert "Predictions and metrics are stored in" in written.stdout

    after = read_record(get_settings().models / "tiny")
    assert command("evaluate", "tiny").exit_code == 0
    assert after["operating_point"] == before["operating_point"]
    assert after["calibration"] == before["calibration"]
    kept = {name for name in before["files"] if name != "predictions.parquet"}
    assert {name: after["files"][name] for name in kept} == {
        name: before["files"][name] for name in kept
    }
    assert after["metrics"].keys() == before["metrics"].keys()


def test_evaluate_of_another_model_under_the_same_record_is_refused(command):
    (get_settings().models / "tiny" / EXPORT_FILE).write_bytes(b"another model")

    answer = command("evaluate", "tiny", "--write")

    assert answer.exit_code == 1
    assert "is not the file that was measured" in answer.stderr
    assert "Traceback" not in answer.output


def test_evaluate_of_other_weights_whose_hash_is_stated_is_found_out(command, tiny_run):
    # The served run's export takes another input; the record is made to fit it.
    folder = get_settings().models / "tiny"
    served = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    shutil.copy(served.folder / EXPORT_FILE, folder / EXPORT_FILE)
    write_record(folder, {**read_record(folder), "input_px": served.input_px})

    answer = command("evaluate", "tiny")

    assert answer.exit_code == 1
    assert "The run does not agree with what is stored" in answer.stdout


def test_evaluate_of_no_run_ends_with_a_sentence(command):
    answer = command("evaluate", "m99")

    assert answer.exit_code == 1
    assert "there is no run m99" in answer.stderr


def test_runs_prints_validation_and_test_and_all_parts_when_asked(command):
    short, everything = command("runs"), command("runs", "--all")

    assert (short.exit_code, everything.exit_code) == (0, 0)
    assert len(short.stdout.splitlines()) == 2 + 2
    assert len(everything.stdout.splitlines()) == 2 + 6
    assert "| tiny | external adults (NIH), out of population | 4 |" in everything.stdout


def test_runs_of_a_damaged_record_end_with_a_sentence(command):
    edit(lambda record: record.pop("calibration"))

    answer = command("runs")

    assert answer.exit_code == 1
    assert "lacks a part that serving needs" in answer.stderr


def test_training_films_are_kept_apart_and_change_no_metric(command):
    folder = get_settings().models / "tiny"
    before = read_record(folder)

    answer = command("score-training", "tiny")

    assert answer.exit_code == 0, answer.output
    assert "training films of run tiny are scored" in answer.stdout
    learned, after = read_learned(load_run(folder)), read_record(folder)
    split = read_split(get_settings().models / "split.json")
    assert tuple(learned.films.film_id) == split.train
    assert set(learned.films.split) == {"train"}
    assert after["files"].pop(LEARNED_FILE) == sha256_of(folder / LEARNED_FILE)
    assert after == before
    assert command("evaluate", "tiny").exit_code == 0


def test_a_training_film_gets_what_the_network_says_of_it(command, tiny_run):
    command("score-training", "tiny")
    run = load_run(get_settings().models / "tiny")
    learned = read_learned(run)
    films = load_films(tiny_run.films.index, learned.films.film_id.tolist())
    content = (run.folder / EXPORT_FILE).read_bytes()

    logits = exported_logits(content, to_input(films.films, run.input_px))

    np.testing.assert_array_equal(learned.logit, logits)
    np.testing.assert_array_equal(learned.films.label, films.labels)


def test_a_run_with_a_split_of_its_own_is_scored_on_its_own_training_films(command):
    edit(lambda record: record["settings"].update(split_by="films", seed=7))
    refused = command("score-training", "tiny")  # what is stored is of the project's split
    assert refused.exit_code == 1
    assert "films in both a run's evaluation and its training" in " ".join(refused.stderr.split())
    assert command("evaluate", "tiny", "--write").exit_code == 0

    answer = command("score-training", "tiny")

    assert answer.exit_code == 0, answer.output
    run = load_run(get_settings().models / "tiny")
    own = redraw_split(read_split(get_settings().models / "split.json"), 7)
    assert tuple(read_learned(run).films.film_id) == own.train
    assert not set(own.train) & set(read_predictions(run).films.film_id)


def test_training_films_of_no_run_end_with_a_sentence(command):
    answer = command("score-training", "m99")

    assert answer.exit_code == 1
    assert "there is no run m99" in answer.stderr


# --- with the real films --------------------------------------------------------------------------


@pytest.mark.real_films
def test_an_external_film_gets_nearly_the_probability_of_its_upload(real_data):
    from core.pipeline import open_engine, prepare_film

    engine = open_engine(PROJECT_ROOT / "models", SERVED_RUN, 2)
    kept = read_predictions(engine.classifier.run_record)
    external = kept.where(kept.films.split == "nih")
    differences = []
    for film_id, probability in zip(
        external.films.film_id[::8], external.probability[::8], strict=True
    ):
        tensor = prepare_film((real_data / film_id).read_bytes(), engine).tensor
        uploaded = float(engine.classifier.predict(tensor[np.newaxis, :, :, np.newaxis])[0])
        differences.append(abs(uploaded - probability))
    # Scored films are held with 256 levels, as those of training are, and the box around the lungs
    # is found in the upload too: one cell of the segmenter's grid can move a middling probability.
    assert np.median(differences) < 0.005
    assert max(differences) < 0.06
