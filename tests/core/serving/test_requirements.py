"""The serving rule: every demand alone, and the sentence that refuses."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest
from fixtures.stand_in_audits import stand_in_audit

from core.domain.model import OperatingPoint
from core.errors import ModelMissing, ModelNotServable
from core.runs.store import EXPORT_FILE, RECORD_FILE, add_files, read_record, write_record
from core.serving.requirements import MAX_EXPORT_BYTES, check_demands, require_servable
from core.settings import SERVED_RUN
from core.shortcuts.record import AUDIT_FILE

POINT = OperatingPoint(0.4, 0.97, 0.8, 10, 4, "validation patients")
PARITY = {"n": 10, "max_difference": 1e-6, "decisions_changed": 0}
SERVABLE = {
    "run_id": "r01",
    "architecture": "small",
    "calibration": {"temperature": 2.0, "offset": -1.0},
    "operating_point": asdict(POINT),
    "metrics": {"validation": {"threshold": 0.4}},
    "parity": PARITY,
}


@pytest.fixture
def run(tmp_path):
    """Return a function that writes a run which has all that is demanded, but for some changes."""

    def write(name="r01", **changes):
        folder = tmp_path / name
        folder.mkdir()
        (folder / EXPORT_FILE).write_bytes(b"an exported model")
        write_record(folder, {**SERVABLE, "run_id": name, **changes})
        add_files(folder, {AUDIT_FILE: stand_in_audit(folder)})
        return folder

    return write


def lacking(folder):
    return [demand.name for demand in check_demands(folder) if not demand.met]


def test_a_run_with_all_that_is_demanded_may_serve(run):
    folder = run()
    assert lacking(folder) == []
    require_servable(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"calibration": None},
            r"a calibration: none \(`python -m core train r01` trains it again",
        ),
        ({"calibration": {"temperature": 0.0, "offset": 1.0}}, "a calibration: none"),
        ({"calibration": {"temperature": float("nan"), "offset": 1.0}}, "a calibration: none"),
        ({"operating_point": None}, r"own validation films: none \(`python -m core train r01`"),
        ({"operating_point": {"threshold": 0.4}}, "its record names no origin"),
        (
            {"operating_point": {**asdict(POINT), "chosen_on": "official test split"}},
            "its record says “official test split”",
        ),
        ({"metrics": {"validation": {"threshold": 0.7}}}, "films were measured at 0.7"),
        ({"metrics": {}}, "films were measured at None"),
        ({"parity": None}, r"parity test of its export: none \(`python -m core train r01`"),
        ({"parity": {**PARITY, "n": 0}}, "parity test"),
        ({"parity": {**PARITY, "decisions_changed": 1}}, "1 decisions changed"),
        ({"parity": {**PARITY, "max_difference": 0.002}}, "largest difference 2.0e-03"),
        ({"exhibit": True}, r"it is an exhibit.*an exhibit can never serve"),
    ],
    ids=repr,
)
def test_what_a_run_lacks_is_named_with_what_supplies_it(run, changes, sentence):
    folder = run(**changes)
    assert len(lacking(folder)) == 1
    with pytest.raises(ModelNotServable, match=f"run r01 may not read films.*{sentence}"):
        require_servable(folder)


@pytest.mark.parametrize(
    ("stated", "passed"),
    [
        ({"max_difference": 1e-3, "limit": 1e-3}, True),
        ({"max_difference": 1e-3, "limit": 1e-4}, False),
        ({"max_difference": 1e-3}, False),
        ({"max_difference": 2e-3, "limit": 1.0}, False),
    ],
)
def test_only_an_export_in_float16_may_differ_by_a_thousandth(run, stated, passed):
    assert (lacking(run(parity=PARITY | stated)) == []) is passed


def test_a_run_without_an_audit_is_refused_with_the_command_that_makes_it(run):
    folder = run()
    (folder / AUDIT_FILE).unlink()
    record = read_record(folder)
    del record["files"][AUDIT_FILE]
    (folder / RECORD_FILE).write_text(json.dumps(record))
    with pytest.raises(ModelNotServable, match=r"audit: none \(`python -m core audit r01` makes"):
        require_servable(folder)


def test_an_audit_that_was_changed_is_none(run):
    folder = run()
    (folder / AUDIT_FILE).write_text('{"border": 0.5}')
    with pytest.raises(ModelNotServable, match=r"audit\.json is not as recorded"):
        require_servable(folder)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"run_id": "r02"}, r"audit\.json is of run r02"),
        ({"export_sha256": "0" * 64}, r"audit\.json belongs to another export of the run"),
        ({"parts": {}}, r"audit\.json covers no films"),
    ],
    ids=repr,
)
def test_an_audit_that_is_not_of_the_runs_export_is_none(run, changes, sentence):
    folder = run()
    add_files(folder, {AUDIT_FILE: stand_in_audit(folder, **changes)})
    with pytest.raises(ModelNotServable, match=f"a shortcut audit: {sentence}"):
        require_servable(folder)


@pytest.mark.parametrize("content", [b"{}", b"", b"\xff", b"[]"])
def test_a_file_that_is_no_audit_is_none(run, content):
    folder = run()
    add_files(folder, {AUDIT_FILE: content})
    with pytest.raises(ModelNotServable, match=r"audit\.json is not a shortcut audit"):
        require_servable(folder)


def test_an_audit_of_an_ensembles_member_is_none_of_the_ensemble(ensemble):
    folder = ensemble()
    of_member = read_record(folder.parent / "r01")["files"][EXPORT_FILE]
    add_files(folder, {AUDIT_FILE: stand_in_audit(folder, export_sha256=of_member)})
    assert lacking(folder) == ["a shortcut audit"]


def test_the_rule_costs_the_start_of_the_app_no_statistics():
    asked = (
        "import sys, core.serving.requirements; "
        "print(sorted({'scipy', 'statsmodels'} & set(sys.modules)))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", asked], check=False, capture_output=True, text=True
    )
    assert answer.stdout.strip() == "[]", answer.stderr


@pytest.mark.parametrize(("excess", "refused"), [(0, False), (1, True)])
def test_an_export_above_10_mib_is_not_servable(run, excess, refused):
    folder = run()
    (folder / EXPORT_FILE).write_bytes(bytes(MAX_EXPORT_BYTES + excess))
    assert lacking(folder) == (["an export of at most 10 MiB"] if refused else [])


def test_several_lacks_are_all_in_one_sentence(run):
    folder = run(calibration=None, parity=None)
    with pytest.raises(ModelNotServable, match=r"calibration: none.*parity test.*serve-check r01"):
        require_servable(folder)


def test_a_missing_export_is_named(run):
    folder = run()
    (folder / EXPORT_FILE).unlink()
    with pytest.raises(ModelMissing, match=r"model\.tflite is missing"):
        require_servable(folder)


def test_a_folder_without_a_run_is_told(tmp_path):
    with pytest.raises(ModelMissing, match="no run at"):
        require_servable(tmp_path / "r99")


def test_the_served_run_may_serve(served_models):
    assert lacking(served_models / SERVED_RUN) == []


# --- ensembles ------------------------------------------------------------------------------------


@pytest.fixture
def ensemble(run):
    """Return a function that writes an ensemble of the runs r01 and r02."""

    def write(parity=None, **of_second):
        members = {"r01": run("r01"), "r02": run("r02", **of_second)}
        exports = {
            name: read_record(member)["files"][EXPORT_FILE] for name, member in members.items()
        }
        folder = run(
            "e01",
            members=list(members),
            member_exports=exports,
            parity={"members": parity or dict.fromkeys(members, PARITY)},
        )
        (folder / EXPORT_FILE).unlink()
        return folder

    return write


def test_an_ensemble_of_servable_runs_may_serve(ensemble):
    assert lacking(ensemble()) == []


@pytest.mark.parametrize(
    "parity", [{"r01": PARITY}, {"r01": PARITY, "r02": {**PARITY, "decisions_changed": 2}}]
)
def test_every_member_needs_a_passed_parity_test(ensemble, parity):
    with pytest.raises(ModelNotServable, match=r"parity.*python -m core ensemble e01 r01 r02"):
        require_servable(ensemble(parity))


def test_a_member_that_was_exported_again_is_refused(ensemble):
    folder = ensemble()
    member = folder.parent / "r02"
    (member / EXPORT_FILE).write_bytes(b"another export")
    write_record(member, {k: v for k, v in read_record(member).items() if k != "files"})
    with pytest.raises(
        ModelNotServable, match="r02 was exported again after the ensemble was made"
    ):
        require_servable(folder)


def test_an_exhibit_cannot_serve_as_a_member(ensemble):
    with pytest.raises(ModelNotServable, match="r02 is an exhibit"):
        require_servable(ensemble(exhibit=True))


def test_a_members_export_has_the_same_limit(ensemble):
    folder = ensemble()
    (folder.parent / "r01" / EXPORT_FILE).write_bytes(bytes(MAX_EXPORT_BYTES + 1))
    with pytest.raises(ModelNotServable, match=r"r01 has 10\.0 MiB"):
        require_servable(folder)


def test_a_member_that_is_gone_is_named(ensemble):
    folder = ensemble()
    (folder.parent / "r02" / EXPORT_FILE).unlink()
    with pytest.raises(ModelMissing, match=r"r02.model.tflite is missing"):
        require_servable(folder)
