"""``python -m core licences`` and ``sbom``: all that is installed, with its licence."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.testing import CliRunner

from core.__main__ import app
from core.cli.dependencies import LOCK_HEAD, REQUIREMENTS, UNSTATED, list_packages
from core.errors import SettingsError
from core.settings import PROJECT_ROOT

SHELL = CliRunner()


def required() -> set[str]:
    lines = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if line[:1] not in "#-"]
    names = (re.split(r"[\[<>=~!; ]", line)[0] for line in lines if line)
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_every_package_is_listed_with_its_version_and_licence() -> None:
    done = SHELL.invoke(app, ["licences"])
    assert done.exit_code == 0, done.output
    listed = dict(line.split(": ", 1) for line in done.output.splitlines())
    assert f"pydicom {version('pydicom')}" in listed
    assert listed[f"structlog {version('structlog')}"] == "MIT OR Apache-2.0"
    assert f"starlette {version('starlette')}" in listed  # which only another one needs
    assert required() <= {name.split(" ")[0] for name in listed}
    assert [name for name, licence in listed.items() if licence == UNSTATED] == []


def test_the_bill_of_materials_has_what_cyclonedx_asks_for(tmp_path: Path) -> None:
    out = tmp_path / "bill" / "first-read.cdx.json"
    done = SHELL.invoke(app, ["sbom", str(out)])
    assert done.exit_code == 0, done.output
    bill = json.loads(out.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.5", 1)
    uuid = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(uuid, bill["serialNumber"])
    assert bill["metadata"]["component"]["type"] == "application"
    names = [one["name"] for one in bill["components"]]
    assert names == sorted(set(names))
    assert required() <= set(names)
    for one in bill["components"]:
        assert one["type"] == "library"
        assert one["purl"] == one["bom-ref"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert all(set(each) <= {"license", "expression"} for each in one["licenses"])
    references = {one["bom-ref"] for one in bill["components"]}
    whole = bill["metadata"]["component"]["bom-ref"]
    assert {one["ref"] for one in bill["dependencies"]} == references | {whole}
    assert all(set(one["dependsOn"]) <= references for one in bill["dependencies"])


def test_the_lock_file_holds_every_package_as_it_is_required_and_names_no_host() -> None:
    text = (PROJECT_ROOT / "requirements.lock").read_text("utf-8")
    rows = re.findall(r"^(\S+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert len(rows) == text.count("==") == text.count("--hash")
    assert "//" not in text
    locked = dict(rows)
    lines = REQUIREMENTS.read_text("utf-8").splitlines()
    for wanted in [Requirement(line) for line in lines if line and line[0] not in "#-"]:
        assert wanted.specifier.contains(locked[canonicalize_name(wanted.name)]), str(wanted)
    assert {one.name for one in list_packages(REQUIREMENTS)} <= set(locked)
    assert "psycopg-binary" in locked


def test_a_lock_file_is_what_pip_planned(tmp_path: Path) -> None:
    planned = {
        "metadata": {"name": "Some_Package", "version": "1.2"},
        "download_info": {"archive_info": {"hashes": {"sha256": "ab" * 32}}, "url": "https://x/y"},
    }
    (tmp_path / "report.json").write_text(json.dumps({"install": [planned]}))
    out = tmp_path / "requirements.lock"
    words = ["lock", str(tmp_path / "report.json"), "--out", str(out)]
    assert SHELL.invoke(app, words).exit_code == 0
    wanted = f"some-package==1.2 \\\n    --hash=sha256:{'ab' * 32}\n"
    assert out.read_text("utf-8") == f"{LOCK_HEAD}\n{wanted}"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param("no-such-package-here>=1\n", "is not installed: run pip", id="missing"),
        pytest.param(None, "cannot be read", id="no-file"),
    ],
)
def test_what_cannot_be_listed_is_a_sentence(tmp_path: Path, lines: str | None, words: str) -> None:
    path = tmp_path / "requirements.txt"
    if lines is not None:
        path.write_text(lines)
    with pytest.raises(SettingsError, match=words):
        list_packages(path)
