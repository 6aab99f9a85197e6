"""Runs on disk: how they are written and read, and what is refused."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from core.domain.model import Calibration, OperatingPoint
from core.errors import ModelIntegrity, ModelMissing
from core.runs.store import (
    EXPORT_FILE,
    RECORD_FILE,
    amend_record,
    find_run_folder,
    load_run,
    read_history,
    read_record,
    read_verified,
    write_record,
)
from core.settings import PROJECT_ROOT, SERVED_RUN

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


def test_an_old_records_calibration_error_is_read_as_a_rate_of_unknown_width(folder):
    rate = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}
    old = {"n": 10, "rates": {"brier": rate}, "expected_calibration_error": 0.2}
    rewrite(folder, metrics={"test": old})
    assert load_run(folder).metrics["test"] == {
        "n": 10,
        "rates": {
            "brier": rate,
            "expected_calibration_error": {"value": 0.2, "low": 0.0, "high": 1.0, "n": 10},
        },
    }


def test_a_record_written_again_does_not_name_itself(folder):
    write_record(folder, WITHOUT_FILES)

    assert RECORD_FILE not in read_record(folder)["files"]


def test_a_record_that_is_amended_is_never_half_written(folder, monkeypatch):
    before = (folder / RECORD_FILE).read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        amend_record(folder, {"sentence": "Another."})

    assert (folder / RECORD_FILE).read_bytes() == before


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


def test_a_history_has_an_entry_for_each_epoch() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    written = json.loads((run.folder / "history.json").read_text())
    assert read_history(run) == written
    assert len(written) > 1


def test_a_run_that_was_not_trained_has_no_history() -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    assert read_history(replace(run, files={})) == []


@pytest.mark.parametrize("content", [b"{", b"[1]", b'[{"train_loss": "much"}]'])
def test_a_history_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.json").write_bytes(content)
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    files = {"history.json": hashlib.sha256(content).hexdigest()}
    with pytest.raises(ModelIntegrity, match="is not a list of losses"):
        read_history(replace(run, folder=tmp_path, files=files))
