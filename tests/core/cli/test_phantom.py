"""``python -m core phantom-scores`` from the outside."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.errors import ModelIntegrity
from core.jobs.synthetic_scores import PhantomScores
from core.runs import listing
from core.runs.store import load_run
from core.settings import PROJECT_ROOT


def test_a_run_that_cannot_read_the_films_is_named_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = [load_run(PROJECT_ROOT / "models" / name) for name in ("f01", "f08")]
    of = PhantomScores.of

    def read(self, run, **more):
        if run.run_id == "f01":
            raise ModelIntegrity("Its model.tflite is not the one that was measured.")
        return of(self, run, **more)

    monkeypatch.setattr(listing, "list_runs", lambda *_: runs)
    monkeypatch.setattr(PhantomScores, "of", read)
    said = CliRunner().invoke(app, ["phantom-scores"])
    assert said.exit_code == 1
    assert "Run f01 cannot read the synthetic films. Its model.tflite is not" in said.output
    assert "| f08 |" in said.output
    assert "| f01 |" not in said.output
