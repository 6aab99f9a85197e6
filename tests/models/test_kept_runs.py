"""The runs that the project keeps: every number of one follows from its files."""

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from core.datasets.index import patient_of
from core.datasets.split import Split, read_split
from core.evaluation.evaluate import PARTS, SLICED_BY, measure_run
from core.evaluation.operating_point import calibrate, choose_operating_point, fit_temperature
from core.files import sha256_of
from core.runs.predictions import (
    LEARNED_FILE,
    FilmTable,
    Predictions,
    join_predictions,
    read_learned,
    read_predictions,
)
from core.runs.store import EXPORT_FILE, RECORD_FILE, load_run, read_record, read_verified
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.stats.bootstrap import mean_rate
from core.training.catalogue.runs import CATALOGUE
from core.training.distillation import WEIGHTS_FILE
from core.training.export import HALF_PRECISION_PARITY_LIMIT, PARITY_LIMIT, exported_logits
from core.training.films import load_films, load_lung_masks, to_input
from core.training.hyperparameter_search import SEARCH_FILE
from core.training.lung_crop import crop_films, find_boxes, open_segmenter, segment_all
from core.training.lung_segmenter import dice_scores
from core.training.train_lungs import at_mask_size
from core.training.train_run import chosen_on
from core.training.training_data import redraw_split

MODELS = PROJECT_ROOT / "models"
FINISHED = sorted(
    path.parent.name
    for path in MODELS.glob(f"*/{RECORD_FILE}")
    if not path.parent.name.startswith(".")
)
CLASSIFIERS = [name for name in FINISHED if "operating_point" in read_record(MODELS / name)]

LEARNED = [name for name in CLASSIFIERS if LEARNED_FILE in read_record(MODELS / name)["files"]]

SEARCHED = [name for name in CLASSIFIERS if CATALOGUE[name].search is not None]

MIB = 1024 * 1024


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


def found(name: str) -> dict[str, Any]:
    """Return the settings with the lowest log loss in a run's search; none without a search."""
    if CATALOGUE[name].search is None:
        return {}
    trials = json.loads((MODELS / name / SEARCH_FILE).read_text())["trials"]
    return dict(min(trials, key=lambda trial: float(trial["log_loss"]))["settings"])


def parity_limit(name: str) -> float:
    """Return how far export and Keras model may be apart; weights above 10 MiB were halved."""
    kept = (MODELS / name / WEIGHTS_FILE).is_file()
    return PARITY_LIMIT if kept else HALF_PRECISION_PARITY_LIMIT


def split_of(name: str) -> Split:
    """Return the split that a run was made with: the project's, but for exhibits."""
    split, settings = read_split(MODELS / "split.json"), CATALOGUE[name]
    return split if settings.split_by == "patients" else redraw_split(split, settings.seed)


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
        if measured["n"] == 0:  # no film was called so
            assert (measured["value"], measured["low"], measured["high"]) == (None, 0.0, 1.0)
            continue
        drawn_at_bound = rate.startswith("f1") and measured["value"] in (0.0, 1.0)
        assert measured["low"] < measured["high"] or drawn_at_bound, rate  # as no draw differs
        assert measured["low"] - 1e-9 <= measured["value"] <= measured["high"] + 1e-9, rate
        assert 0 < measured["n"] <= metrics["n"], rate
    for rate, measured in metrics["rates_by_patient"].items():
        value = metrics["rates"][rate]["value"]
        assert measured["value"] == (None if value is None else pytest.approx(value, abs=1e-12))
        assert value is None or measured["low"] <= value <= measured["high"], rate


@pytest.mark.parametrize("name", LEARNED)
def test_training_films_are_those_of_the_runs_own_split_and_never_measured_on(name):
    run = load_run(MODELS / name)
    learned, measured = read_learned(run), read_predictions(run)
    films = learned.films

    assert tuple(films.film_id) == split_of(name).train
    assert set(films.split) == {"train"}
    assert not films.patient_in_train.any()
    assert films.label.tolist() == ["/PNEUMONIA/" in one for one in films.film_id.tolist()]
    assert calibrate(learned.logit, run.calibration) == pytest.approx(learned.probability)
    assert len(join_predictions(measured, learned)) == len(learned) + len(measured)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_predictions_are_of_every_film_of_the_split_and_of_the_external_set(name, predictions):
    split = split_of(name)

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
    split = split_of(name)
    shared = set(split.shared_patients)

    redrawn = CATALOGUE[name].split_by == "films"
    assert predictions(name, "validation").films.patient_in_train.any() == redrawn
    films: FilmTable = predictions(name, "test").films
    assert films.patient_in_train.tolist() == [patient in shared for patient in films.patient]


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_metrics_and_slices_of_a_run_are_those_of_its_predictions(name):
    run, record = load_run(MODELS / name), read_record(MODELS / name)
    kept = read_predictions(run)
    probabilities = calibrate(kept.logit, run.calibration)

    point, cuts = run.operating_point, record["slices"]["cut_points"]
    measured = measure_run(kept, point.threshold, cuts, point.chosen_on)

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
        chosen_on(CATALOGUE[name]),
    )

    # It was chosen with the Keras model and these are the export's probabilities.
    stated = record["operating_point"]
    assert stated["threshold"] == pytest.approx(chosen.threshold, abs=parity_limit(name))
    assert {**asdict(chosen), "threshold": stated["threshold"]} == stated


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_operating_point_finds_97_of_100_pneumonias_among_validation_films(name):
    run = load_run(MODELS / name)

    assert run.operating_point.sensitivity >= 0.97
    validation = run.metrics["validation"]
    assert validation["rates"]["sensitivity"]["value"] == run.operating_point.sensitivity
    assert validation["rates"]["specificity"]["value"] == run.operating_point.specificity
    assert {metrics["threshold"] for metrics in run.metrics.values()} == {
        run.operating_point.threshold
    }


def with_later_fields(settings: dict[str, Any]) -> dict[str, Any]:
    """Return a run's settings with those that came after it, which leave everything as it was."""
    changes = {"jpeg": 0.0, "other_surroundings": 0.0, "coarse": 0.0} | settings["augmentation"]
    later = {"teachers": (), "teachers_share": 0.0, "self_supervised_epochs": 0}
    return later | settings | {"augmentation": changes}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_run_states_the_settings_of_the_catalogue_with_what_its_search_found(name):
    record = read_record(MODELS / name)

    stated = with_later_fields(record["settings"])
    assert differing(stated, asdict(replace(CATALOGUE[name], **found(name)))) == {}
    assert record["operating_point"]["chosen_on"] == chosen_on(CATALOGUE[name])
    assert record["parity"]["n"] == record["operating_point"]["n"]
    assert record["parity"]["max_difference"] <= parity_limit(name)
    assert record["parity"]["decisions_changed"] == 0


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_history_has_an_entry_for_every_epoch_until_patience_ran_out(name):
    settings = CATALOGUE[name]
    history = json.loads((MODELS / name / "history.json").read_text())
    losses = [entry["validation_loss"] for entry in history]

    waited = len(losses) - 1 - int(np.argmin(losses))
    assert len(losses) == settings.epochs or waited == settings.patience > 0


def test_searches_tried_what_they_declared():
    for name in SEARCHED:
        check_search(name)


def check_search(name: str) -> None:
    search = CATALOGUE[name].search
    assert search is not None
    kept = json.loads((MODELS / name / SEARCH_FILE).read_text())

    assert len(kept["trials"]) == search.trials
    for trial in kept["trials"]:
        assert trial["settings"].keys() == search.choices.keys() | search.log_ranges.keys()
        assert all(trial["settings"][key] in allowed for key, allowed in search.choices.items())
        assert all(a <= trial["settings"][key] <= b for key, (a, b) in search.log_ranges.items())
        assert 0 < trial["epochs"] <= search.epochs
        assert trial["stopped_early"] == (trial["epochs"] < search.epochs)


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
    from core.datasets.index import index_dataset

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
@pytest.mark.parametrize("name", LEARNED)
def test_the_kept_training_films_have_what_the_kept_model_says(name, real_index):
    run = load_run(MODELS / name)
    kept, every_hundredth = read_learned(run), slice(None, None, 100)
    seen = load_films(real_index, kept.films.film_id[every_hundredth].tolist()).films
    if run.cropped_to_lungs:
        seen = crop_films(seen, find_boxes(seen, open_segmenter(MODELS)))
    content = read_verified(run.folder, EXPORT_FILE, run.files)

    logits = exported_logits(content, to_input(seen, run.input_px))

    probabilities = calibrate(logits, run.calibration)
    assert probabilities == pytest.approx(kept.probability[every_hundredth], abs=PARITY_LIMIT)


@pytest.mark.real_films
def test_the_segmenters_dice_on_the_official_test_is_the_stated_one(real_index, real_data):
    from core.inference.litert import LiteRTNetwork

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


def test_all_runs_together_take_less_than_150_mib():
    kept = [path for path in MODELS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < 150 * 2**20
