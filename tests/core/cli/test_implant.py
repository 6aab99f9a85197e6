"""``python -m core implant``: lesions in a folder's normal films, a report, a table."""

from __future__ import annotations

import csv
import re
from functools import partial

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.implants import measure
from core.jobs import implant_test
from core.settings import PROJECT_ROOT

FILMS = PROJECT_ROOT / "synthetic" / "test"
NORMALS = sorted((FILMS / "NORMAL").glob("*.png"))[:12]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one opacity and two zones only: the command is tested here, not the measure."""
    monkeypatch.setattr(measure, "ZONES", ("right middle", "left lower"))
    monkeypatch.setattr(measure, "ImplantPlan", partial(measure.ImplantPlan, (4.0,)))
    monkeypatch.setattr(implant_test.RunReader, "point", lambda _self, _film: None)


def test_a_folder_is_read_into_a_table_and_only_normal_films_are_taken(few, tmp_path) -> None:
    ill = sorted((FILMS / "PNEUMONIA").glob("*.png"))[:2]
    paths = (*NORMALS, *ill)  # the first two films are of one patient
    rows = [f"{path.name},{path.parent.name.lower()},{max(n, 1)}" for n, path in enumerate(paths)]
    (tmp_path / "labels.csv").write_text("\n".join(["film,label,patient", *rows, ""]))
    out = tmp_path / "found.csv"
    given = ["implant", str(FILMS), "--labels", str(tmp_path / "labels.csv"), "--out", str(out)]
    done = CliRunner().invoke(app, [*given, "--films", "14"])
    assert done.exit_code == 0, done.output
    taken = re.search(r"(\d+) normal films took a lesion of 5 cm", done.output)
    left_out = re.search(r"(\d+) normal films? (was|were) left out", done.output)
    assert int(taken[1]) + int(left_out[1]) == 11
    with out.open() as table:
        found = list(csv.DictReader(table))
    assert {row["zone"] for row in found} >= {"right middle", "left lower", "all zones"}
    assert all(0 <= float(row["share_at_4_cm"]) <= 1 for row in found)
    assert not list(tmp_path.glob("*.png"))


def test_another_ending_is_refused_before_a_film_is_read(tmp_path) -> None:
    done = CliRunner().invoke(app, ["implant", str(FILMS), "--out", str(tmp_path / "x.docx")])
    assert done.exit_code == 1
    assert "ends neither in .pdf nor in .csv" in done.output
