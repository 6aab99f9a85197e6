"""From a run's folder and the public films to the audit beside the run."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.cli import audit as cli_audit
from core.errors import DatasetError, ModelMissing
from core.files import sha256_of
from core.runs.store import RECORD_FILE, add_files, load_run, read_record, read_verified
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.shortcuts.audit import AuditFilms
from core.shortcuts.chart import draw_audit
from core.shortcuts.perturbations import CHANGES
from core.shortcuts.record import AUDIT_FILE, PICTURE_FILE, ShortcutAudit
from core.training.films import load_original_sizes
from core.training.shortcut_audit import PARTS, grey_of, load_audit_films, make_audits, open_run

MODELS = PROJECT_ROOT / "models"
AUDITED = sorted(path.parent.name for path in MODELS.glob(f"*/{AUDIT_FILE}"))


# --- files of a finished run ----------------------------------------------------------------------


def test_a_file_that_is_added_is_listed_and_no_other_files_hash_is_touched(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"changed since it was measured")
    before = {"run_id": "r01", "files": {"model.tflite": "0" * 64}}
    (tmp_path / RECORD_FILE).write_text(json.dumps(before))

    add_files(tmp_path, {"audit.json": b"{}"})
    add_files(tmp_path, {"audit.json": b"[]"})

    after = read_record(tmp_path)
    assert after["files"] == {
        "audit.json": hashlib.sha256(b"[]").hexdigest(),
        "model.tflite": "0" * 64,
    }
    assert after["run_id"] == "r01"
    assert read_verified(tmp_path, "audit.json", after["files"]) == b"[]"
    assert len(list(tmp_path.iterdir())) == 3


def test_nothing_is_added_to_a_folder_without_a_run(tmp_path):
    with pytest.raises(ModelMissing, match=r"expected run\.json"):
        add_files(tmp_path, {"audit.json": b"{}"})
    assert list(tmp_path.iterdir()) == []


# --- making an audit ------------------------------------------------------------------------------


def drawn_films(split: str, seed: int) -> AuditFilms:
    rng = np.random.default_rng(seed)
    films = rng.integers(0, 256, (4, 224, 224)).astype(np.uint8)
    masks = np.zeros_like(films)
    masks[:, 60:170, 40:180] = 255
    labels = np.array([0, 1] * 2)
    sides = rng.integers(800, 1600, (2, 4)).astype(np.float64)
    return AuditFilms(split, films, labels, masks, np.ones(4, bool), *sides)


@pytest.fixture
def models(tmp_path):
    """Return a folder with a copy of the served run, without its audit."""
    names = ("run.json", "model.tflite")
    (tmp_path / SERVED_RUN).mkdir()
    for name in names:
        shutil.copy(MODELS / SERVED_RUN / name, tmp_path / SERVED_RUN / name)
    shutil.copytree(MODELS / "lungs", tmp_path / "lungs")
    return tmp_path


def test_an_audit_and_its_picture_are_kept_and_listed_in_the_runs_folder(models):
    parts = {part: drawn_films(words, 1) for part, words in PARTS.items()}

    (made,) = make_audits([SERVED_RUN], parts, models).values()

    run = load_run(models / SERVED_RUN)
    kept = ShortcutAudit.from_json(read_verified(run.folder, AUDIT_FILE, run.files))
    assert kept == made
    assert (kept.run_id, kept.threshold) == (SERVED_RUN, run.operating_point.threshold)
    assert kept.export_sha256 == run.files["model.tflite"] == sha256_of(run.folder / "model.tflite")
    assert kept.grey == grey_of(parts) == round(parts["validation"].films.mean())
    assert read_verified(run.folder, PICTURE_FILE, run.files) == draw_audit(made)
    assert [part.split for part in kept.parts.values()] == list(PARTS.values())


@pytest.mark.parametrize("name", ["f99", "lungs", "../f01", ""])
def test_what_is_no_classifier_run_is_told_with_the_runs_there_are(models, name):
    with pytest.raises(ModelMissing, match=f"no classifier run is called.*there are {SERVED_RUN}"):
        open_run(models, name, threads=1)


def write_manifest(folder, *lines: str) -> None:
    (folder / "kermany_lung_masks").mkdir()
    rows = "\n".join(["image_name,orig_w,orig_h", *lines])
    (folder / "kermany_lung_masks" / "manifest.csv").write_text(rows + "\n")


def test_the_originals_sizes_come_in_the_order_of_the_films(tmp_path):
    write_manifest(tmp_path, "a.jpeg,1200,900", "b.jpeg,1500,1400")

    heights, widths = load_original_sizes(tmp_path, ["test/NORMAL/b.jpeg", "test/NORMAL/a.jpeg"])

    assert (heights.tolist(), widths.tolist()) == ([1400, 900], [1500, 1200])


def test_a_film_whose_original_is_not_known_is_named(tmp_path):
    write_manifest(tmp_path, "a.jpeg,1200,900")

    with pytest.raises(DatasetError, match=r"size of 1 films is not in .*the first is c\.jpeg"):
        load_original_sizes(tmp_path, ["test/NORMAL/a.jpeg", "test/NORMAL/c.jpeg"])


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def command(models, tmp_path, monkeypatch):
    settings = cli_audit.get_settings().model_copy(
        update={"models": models, "data": tmp_path / "nowhere"}
    )
    monkeypatch.setattr(cli_audit, "get_settings", lambda: settings)
    return lambda *names: CliRunner().invoke(app, ["audit", *names])


def test_the_command_prints_a_row_a_change(command, models, monkeypatch):
    parts = {part: drawn_films(words, 1) for part, words in PARTS.items()}
    asked = []
    monkeypatch.setattr(
        cli_audit,
        "load_audit_films",
        lambda *_, redrawn_with: asked.append(redrawn_with) or parts,
    )

    answer = command(SERVED_RUN)

    assert answer.exit_code == 0, answer.output
    assert asked == [None]
    for change in CHANGES:
        assert answer.stdout.count(f"│ {change.words} ") == len(PARTS)
    assert "official test split: 4 films, 2 with pneumonia" in answer.stdout
    assert (models / SERVED_RUN / AUDIT_FILE).is_file()


def test_a_run_that_drew_its_own_split_is_audited_on_its_own_validation_films(
    command, models, monkeypatch
):
    record = read_record(models / SERVED_RUN)
    record["settings"] |= {"split_by": "films", "seed": 77}
    (models / SERVED_RUN / RECORD_FILE).write_text(json.dumps(record))
    asked = []

    def load(*_, redrawn_with):
        asked.append(redrawn_with)
        raise DatasetError("none are needed")

    monkeypatch.setattr(cli_audit, "load_audit_films", load)

    command(SERVED_RUN)

    assert asked == [77]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("f99", "no classifier run is called 'f99'"), (SERVED_RUN, "No public films in")],
    ids=["unknown run", "no films"],
)
def test_the_command_says_what_is_missing_in_a_sentence(command, name, sentence):
    answer = command(name)

    assert answer.exit_code == 1
    assert sentence in answer.stderr
    assert "Traceback" not in answer.output


# --- the audits that the project keeps ------------------------------------------------------------


def test_the_served_run_is_audited():
    assert SERVED_RUN in AUDITED


@pytest.mark.parametrize("name", AUDITED)
def test_a_kept_audit_is_of_the_runs_export_and_begins_with_the_runs_own_numbers(name):
    run = load_run(MODELS / name)
    audit = ShortcutAudit.from_json(read_verified(run.folder, AUDIT_FILE, run.files))

    assert (audit.run_id, audit.export_sha256) == (name, run.files["model.tflite"])
    assert audit.threshold == run.operating_point.threshold
    assert audit.parts.keys() == PARTS.keys()
    for part in PARTS:
        measured = run.metrics[part]
        unchanged = audit.parts[part].change("unchanged")
        assert unchanged.n == measured["n"]
        for rate in ("roc_auc", "sensitivity", "specificity"):
            stated = measured["rates"][rate]["value"]
            assert getattr(unchanged, rate).value == pytest.approx(stated, abs=1e-9), rate
        assert [row.key for row in audit.parts[part].changes] == [c.key for c in CHANGES]


# --- with the real films --------------------------------------------------------------------------


@pytest.mark.real_films
def test_most_real_films_have_a_letter_and_a_trusted_mask(real_data, tmp_path):
    written = json.loads((MODELS / "split.json").read_text())
    written |= {part: written[part][::6] for part in PARTS}
    (tmp_path / "split.json").write_text(json.dumps(written))
    films = load_audit_films(real_data, tmp_path / "split.json")["validation"]
    some = np.flatnonzero(films.trusted)[:60]

    (cover,) = (change for change in CHANGES if change.key == "marks_covered")
    covered = cover.apply(films.films[some], films.lung_masks[some], 0)

    altered = (covered != films.films[some]).any(axis=(1, 2))
    assert 0.7 <= altered.mean() < 1.0
    assert (covered != films.films[some]).mean() < 0.02
    assert films.trusted.mean() > 0.95
    assert films.heights_px.min() > 100
