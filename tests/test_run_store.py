"""Runs on disk: what is refused, and that every number of a kept run follows from its files."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from core.bootstrap import mean_rate
from core.dataset import read_split
from core.dataset_index import patient_of
from core.domain import Calibration, OperatingPoint
from core.errors import ModelIntegrity, ModelMissing
from core.evaluation import PARTS, SLICED_BY, measure_run
from core.predictions import FilmTable, Predictions, read_predictions
from core.run_store import (
    EXPORT_FILE,
    RECORD_FILE,
    find_run_folder,
    load_run,
    read_record,
    read_verified,
    sha256_of,
    write_record,
)
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.training.calibrate import calibrate, choose_operating_point, fit_temperature
from core.training.catalogue import CATALOGUE
from core.training.export import PARITY_LIMIT, exported_logits
from core.training.films import load_films, load_lung_masks
from core.training.inputs import to_input
from core.training.lung_crop import crop_films, find_boxes, open_segmenter, segment_all
from core.training.lung_fit import dice_scores
from core.training.make_lungs import at_mask_size

MODELS = PROJECT_ROOT / "models"
FINISHED = sorted(
    path.parent.name
    for path in MODELS.glob(f"*/{RECORD_FILE}")
    if not path.parent.name.startswith(".")
)
CLASSIFIERS = [name for name in FINISHED if "operating_point" in read_record(MODELS / name)]

MIB = 1024 * 1024
WITHOUT_FILES = {
    "run_id": "r01",
    "sentence": "A stand-in.",
    "created": "2024-05-04T12:00:00+00:00",
    "architecture": "none",
    "input_px": 8,
    "calibration": {"temperature": 2.0, "offset": -1.0},
    "operating_point": asdict(OperatingPoint(0.4, 0.97, 0.8, 10, 4, "validation patients")),
    "metrics": {"test": {"n": 10}},
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return the folder of a small finished run."""
    (tmp_path / EXPORT_FILE).write_bytes(b"an exported model")
    (tmp_path / "history.json").write_text("[]")
    write_record(tmp_path, WITHOUT_FILES)
    return tmp_path


def rewrite(folder: Path, **changes) -> None:
    record = {**read_record(folder), **changes}
    (folder / RECORD_FILE).write_text(json.dumps(record))


# --- writing and reading --------------------------------------------------------------------------


def test_a_record_names_every_other_file_with_its_sha256(folder):
    files = read_record(folder)["files"]

    assert files == {
        EXPORT_FILE: hashlib.sha256(b"an exported model").hexdigest(),
        "history.json": hashlib.sha256(b"[]").hexdigest(),
    }


def test_a_record_written_again_does_not_name_itself(folder):
    write_record(folder, WITHOUT_FILES)

    assert RECORD_FILE not in read_record(folder)["files"]


def test_a_run_comes_back_as_it_was_written(folder):
    run = load_run(folder)

    assert (run.run_id, run.folder, run.input_px) == ("r01", folder, 8)
    assert run.calibration == Calibration(2.0, -1.0)
    assert run.operating_point == OperatingPoint(0.4, 0.97, 0.8, 10, 4, "validation patients")
    assert run.metrics == {"test": {"n": 10}}
    assert run.created == "2024-05-04T12:00:00+00:00"


def test_a_file_is_given_out_as_it_is_when_its_hash_is_the_stated_one(folder):
    content = read_verified(folder, EXPORT_FILE, load_run(folder).files)

    assert content == b"an exported model"


def test_only_an_imported_run_is_foreign(folder):
    assert not load_run(folder).foreign

    rewrite(folder, foreign={"rows": 10})

    assert load_run(folder).foreign


def test_a_run_is_found_in_the_first_folder_that_has_it(tmp_path):
    for place in ("trained/a", "imported/a", "imported/b"):
        (tmp_path / place).mkdir(parents=True)
        write_record(tmp_path / place, WITHOUT_FILES)
    folders = (tmp_path / "trained", tmp_path / "imported")

    assert find_run_folder("a", folders) == tmp_path / "trained" / "a"
    assert find_run_folder("b", folders) == tmp_path / "imported" / "b"


@pytest.mark.parametrize("name", ["c", "", "..", "../imported/b", "/b"])
def test_a_name_that_is_no_runs_is_refused_with_where_it_was_looked_for(tmp_path, name):
    (tmp_path / "imported" / "b").mkdir(parents=True)
    write_record(tmp_path / "imported" / "b", WITHOUT_FILES)
    with pytest.raises(ModelMissing, match=r"there is no run .* in .*trained or .*imported"):
        find_run_folder(name, (tmp_path / "trained", tmp_path / "imported"))


# --- refusals -------------------------------------------------------------------------------------


def test_one_changed_bit_of_a_model_is_refused_with_a_sentence(folder):
    run = load_run(folder)
    content = bytearray((folder / EXPORT_FILE).read_bytes())
    content[-1] ^= 1
    (folder / EXPORT_FILE).write_bytes(content)

    sentence = (
        f"{EXPORT_FILE} is not the file that was measured: its sha256 begins "
        f"{hashlib.sha256(content).hexdigest()[:12]}, the record states "
        f"{run.files[EXPORT_FILE][:12]}. It is not used"
    )
    with pytest.raises(ModelIntegrity, match=sentence):
        read_verified(folder, EXPORT_FILE, run.files)


def test_an_empty_model_file_is_refused(folder):
    (folder / EXPORT_FILE).write_bytes(b"")

    with pytest.raises(ModelIntegrity, match="is not the file that was measured"):
        read_verified(folder, EXPORT_FILE, load_run(folder).files)


def test_a_file_that_the_record_does_not_name_is_refused(folder):
    (folder / "other.tflite").write_bytes(b"an exported model")

    with pytest.raises(ModelIntegrity, match="the record states None"):
        read_verified(folder, "other.tflite", load_run(folder).files)


def test_a_missing_file_is_named(folder):
    (folder / EXPORT_FILE).unlink()

    with pytest.raises(ModelMissing, match=f"{EXPORT_FILE} is missing. Restore it"):
        read_verified(folder, EXPORT_FILE, load_run(folder).files)


@pytest.mark.parametrize("name", ["", "f99"])
def test_a_folder_without_a_run_is_told_with_the_way_out(tmp_path, name):
    with pytest.raises(ModelMissing, match=r"expected run.json in it.*FIRSTREAD_SERVED_RUN"):
        load_run(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b'{"run_id": "r01",', b"\xff\xfe\x00", b"\x00" * 64], ids=repr
)
def test_a_damaged_record_is_refused_with_its_name(folder, content):
    (folder / RECORD_FILE).write_bytes(content)

    with pytest.raises(ModelIntegrity, match=r"run.json cannot be read \(.*Restore it"):
        load_run(folder)


def test_a_record_that_is_a_folder_cannot_be_read(tmp_path):
    (tmp_path / RECORD_FILE).mkdir()

    with pytest.raises(ModelIntegrity, match=r"run.json cannot be read"):
        read_record(tmp_path)


@pytest.mark.parametrize("part", [*WITHOUT_FILES, "files"])
def test_a_record_that_lacks_a_part_is_refused_with_the_part(folder, part):
    record = read_record(folder)
    del record[part]
    (folder / RECORD_FILE).write_text(json.dumps(record))

    with pytest.raises(ModelIntegrity, match=f"lacks a part that serving needs .'{part}'"):
        load_run(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": {"temperature": 2.0}},
        {"calibration": {"temperature": 2.0, "offset": 0.0, "slope": 1.0}},
        {"calibration": None},
        {"operating_point": {"threshold": 0.5}},
    ],
    ids=repr,
)
def test_a_part_of_another_shape_is_refused(folder, changes):
    rewrite(folder, **changes)

    with pytest.raises(ModelIntegrity, match="lacks a part that serving needs"):
        load_run(folder)


@pytest.mark.parametrize("text", ["[]", "null", "7", '"r01"'])
def test_a_record_that_is_no_object_is_refused(folder, text):
    (folder / RECORD_FILE).write_text(text)

    with pytest.raises(ModelIntegrity, match="lacks a part that serving needs"):
        load_run(folder)


# --- the runs that the project keeps --------------------------------------------------------------


def flatten(value, path=""):
    """Yield (path, leaf) of nested dicts and lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from flatten(inner, f"{path}/{position}")
    else:
        yield path, value


def equal(stated, recomputed) -> bool:
    """Words and counts must be the same; a fraction may differ in its last digits."""
    if isinstance(stated, float) and isinstance(recomputed, float):
        return stated == pytest.approx(recomputed, rel=1e-9, abs=1e-12)
    return type(stated) is type(recomputed) and stated == recomputed


def differing(stated, recomputed) -> dict[str, tuple]:
    """Return the paths at which two records differ, with both values."""
    ours, theirs = dict(flatten(stated)), dict(flatten(recomputed))
    return {
        path: (ours.get(path), theirs.get(path))
        for path in sorted(ours.keys() | theirs.keys())
        if not equal(ours.get(path), theirs.get(path))
    }


@pytest.fixture(scope="module")
def predictions():
    """Return a reader of a run's predictions of one split."""

    def read(name: str, split: str) -> Predictions:
        kept = read_predictions(load_run(MODELS / name))
        return kept.where(kept.films.split == split)

    return read


def test_the_served_run_and_the_segmenter_are_kept():
    assert {SERVED_RUN, "lungs"} <= set(FINISHED)
    assert set(CLASSIFIERS) == set(FINISHED) - {"lungs"}


@pytest.mark.parametrize("name", FINISHED)
def test_every_file_of_a_kept_run_has_its_sha256_and_none_is_unlisted(name):
    files = read_record(MODELS / name)["files"]

    found = {p.name: sha256_of(p) for p in (MODELS / name).iterdir() if p.name != RECORD_FILE}
    assert found == files
    assert EXPORT_FILE in files


@pytest.mark.parametrize("name", FINISHED)
def test_a_kept_run_is_of_the_films_and_the_split_of_the_project(name):
    record = read_record(MODELS / name)
    split = read_split(MODELS / "split.json")

    assert record["run_id"] == name
    assert record["data"]["index_sha256"] == split.index_sha256
    assert record["data"]["split_sha256"] == sha256_of(MODELS / "split.json")
    assert {"python", "tensorflow", "keras", "ai-edge-litert"} <= record["versions"].keys()
    assert record["settings"]["seed"] >= 0


@pytest.mark.parametrize("name", FINISHED)
def test_an_exported_model_is_small_enough_to_be_kept(name):
    limit = 3 * MIB if name == "lungs" else 10 * MIB

    assert (MODELS / name / EXPORT_FILE).stat().st_size < limit


@pytest.mark.parametrize("name", FINISHED)
def test_no_record_names_a_folder_of_the_machine_that_wrote_it(name):
    words = [leaf for _, leaf in flatten(read_record(MODELS / name)) if isinstance(leaf, str)]

    assert [word for word in words if word.startswith(("/", "~")) or ":\\" in word] == []


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_rate_of_a_run_states_its_films_and_a_95_percent_interval(name, part):
    metrics = load_run(MODELS / name).metrics[part]

    assert metrics["n"] == sum(metrics["matrix"].values())
    assert metrics["n"] == sum(place["frequency"]["n"] for place in metrics["calibration_curve"])
    assert 0 < metrics["n_patients"] <= metrics["n"]
    for rate, measured in metrics["rates"].items():
        assert measured["low"] < measured["high"], rate
        assert measured["low"] - 1e-9 <= measured["value"] <= measured["high"] + 1e-9, rate
        assert 0 < measured["n"] <= metrics["n"], rate
    for rate, measured in metrics["rates_by_patient"].items():
        assert measured["value"] == pytest.approx(metrics["rates"][rate]["value"], abs=1e-12)
        assert measured["low"] <= measured["value"] <= measured["high"], rate


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_predictions_are_of_every_film_of_the_split_and_of_the_external_set(name, predictions):
    split = read_split(MODELS / "split.json")

    for part in ("validation", "test"):
        films = predictions(name, part).films
        assert tuple(films.film_id) == getattr(split, part)
        folders = [film_id.split("/")[1] for film_id in films.film_id]
        assert films.label.tolist() == [int(f == "PNEUMONIA") for f in folders]
        assert films.patient.tolist() == [patient_of(film_id) for film_id in films.film_id]
    external = predictions(name, "nih").films
    assert len(external) == 157  # of 183; the others have no class by radiologists
    assert len(np.unique(external.patient)) == 129
    kept = read_predictions(load_run(MODELS / name)).films
    assert len(kept) == len(split.validation) + len(split.test) + len(external)
    assert len(np.unique(kept.film_id)) == len(kept)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_validation_film_is_of_a_training_patient_and_test_films_say_if_they_may_be(
    name, predictions
):
    split = read_split(MODELS / "split.json")
    shared = set(split.shared_patients)

    assert not predictions(name, "validation").films.patient_in_train.any()
    films: FilmTable = predictions(name, "test").films
    assert films.patient_in_train.tolist() == [patient in shared for patient in films.patient]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_metrics_and_slices_of_a_run_are_those_of_its_predictions(name):
    run, record = load_run(MODELS / name), read_record(MODELS / name)
    kept = read_predictions(run)
    probabilities = calibrate(kept.logit, run.calibration)

    measured = measure_run(kept, run.operating_point.threshold, record["slices"]["cut_points"])

    assert kept.probability == pytest.approx(probabilities, abs=1e-12)
    assert differing(record["metrics"], measured["metrics"]) == {}
    assert differing(record["slices"], measured["slices"]) == {}
    assert record["slices"]["cut_points"].keys() == SLICED_BY.keys()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_calibration_is_the_one_that_fits_the_validation_films(name, predictions):
    validation = predictions(name, "validation")

    fitted = fit_temperature(validation.logit, validation.films.label)

    stated = load_run(MODELS / name).calibration
    assert fitted.temperature == pytest.approx(stated.temperature, rel=1e-2)
    assert fitted.offset == pytest.approx(stated.offset, abs=1e-2)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_operating_point_is_the_one_that_validation_films_give(name, predictions):
    record, validation = read_record(MODELS / name), predictions(name, "validation")

    chosen = choose_operating_point(
        validation.probability,
        validation.films.label,
        record["settings"]["sensitivity_wanted"],
        "validation patients",
    )

    # It was chosen with the Keras model and these are the export's probabilities.
    stated = record["operating_point"]
    assert stated["threshold"] == pytest.approx(chosen.threshold, abs=PARITY_LIMIT)
    assert {**asdict(chosen), "threshold": stated["threshold"]} == stated


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_operating_point_finds_97_of_100_pneumonias_among_validation_films(name):
    run = load_run(MODELS / name)

    assert run.operating_point.sensitivity >= 0.97
    assert run.operating_point.chosen_on == "validation patients"
    validation = run.metrics["validation"]
    assert validation["rates"]["sensitivity"]["value"] == run.operating_point.sensitivity
    assert validation["rates"]["specificity"]["value"] == run.operating_point.specificity
    assert {metrics["threshold"] for metrics in run.metrics.values()} == {
        run.operating_point.threshold
    }


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_run_states_the_settings_of_the_catalogue_and_an_epoch_in_its_history(name):
    record = read_record(MODELS / name)
    history = json.loads((MODELS / name / "history.json").read_text())

    assert differing(record["settings"], asdict(CATALOGUE[name])) == {}
    assert len(history) == record["settings"]["epochs"]
    assert record["parity"]["n"] == record["operating_point"]["n"]
    assert record["parity"]["max_difference"] <= PARITY_LIMIT
    assert record["parity"]["decisions_changed"] == 0


def test_the_segmenter_finds_lungs_of_held_out_films_and_states_its_limits():
    record = read_record(MODELS / "lungs")

    for part in ("validation", "test"):
        dice = record["metrics"][part]["dice"]
        assert 0.94 <= dice["low"] < dice["value"] < dice["high"] <= 1.0
    test = record["metrics"]["test"]
    assert test["beyond_distance_limit"] <= 0.01 * test["n"]
    low, high = record["limits"]["lung_fraction"]
    assert 0.0 < low < high < 1.0


# --- with the real films --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_index(real_data):
    from core.dataset import index_dataset

    return index_dataset(real_data / "kermany224")


@pytest.mark.real_films
@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_kept_predictions_are_what_the_kept_model_says(name, part, real_index, predictions):
    run, kept = load_run(MODELS / name), predictions(name, part)
    every_tenth = slice(None, None, 10)
    films = load_films(real_index, kept.films.film_id[every_tenth].tolist())
    content = read_verified(run.folder, EXPORT_FILE, run.files)

    seen = films.films
    if run.cropped_to_lungs:
        seen = crop_films(seen, find_boxes(seen, open_segmenter(MODELS)))
    logits = exported_logits(content, to_input(seen, run.input_px))

    probabilities = calibrate(logits, run.calibration)
    assert probabilities == pytest.approx(kept.probability[every_tenth], abs=PARITY_LIMIT)


@pytest.mark.real_films
def test_the_segmenters_dice_on_the_official_test_is_the_stated_one(real_index, real_data):
    from core.inference import LiteRTNetwork

    folder = MODELS / "lungs"
    stated = read_record(folder)["metrics"]["test"]
    films = load_films(real_index, read_split(MODELS / "split.json").test)
    network = LiteRTNetwork((folder / EXPORT_FILE).read_bytes(), threads=2)
    masks, trusted = load_lung_masks(real_data, films.film_ids)

    fields = segment_all(films.films[trusted], network)

    scores = dice_scores(at_mask_size(fields), masks[trusted])
    measured = mean_rate(scores)
    assert measured.n == stated["dice"]["n"]
    assert asdict(measured) == pytest.approx(stated["dice"], abs=1e-4)
    assert np.quantile(scores, 0.05) == pytest.approx(stated["dice_5th_percentile"], abs=1e-3)
