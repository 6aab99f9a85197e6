"""The page of the exhibit without a browser."""

import json

from fixtures.app_pages import open_page

from core.settings import PROJECT_ROOT
from core.store.reads import SqlReviewStore


def test_the_table_is_of_the_kept_runs_and_says_that_none_can_serve(store: SqlReviewStore):
    page = open_page("exhibit")

    assert "None of them can serve" in " ".join(element.value for element in page.markdown)
    table = page.dataframe[0].value.set_index("Run")
    for name in ("x05", "x05-zoom"):
        record = json.loads((PROJECT_ROOT / "models" / name / "run.json").read_text())
        measured = record["metrics"]["test"]
        row = table.loc[name]
        false_alarms = measured["matrix"]["false_positive"]
        assert row["Normals called pneumonia"] == f"{false_alarms} of 234"
        assert row["Specificity"].startswith(f"{measured['rates']['specificity']['value']:.3f} (")
        assert row["Role"] == "exhibit"
        assert row["Mistakes kept"] == record["exhibit"]


def test_the_cause_is_said_on_the_page(store: SqlReviewStore):
    page = open_page("exhibit")

    said = page.info[0].value
    assert said.startswith("Enough by itself to do the same: training films magnified")
    assert said.index("Not enough") < said.index("regard to patients") < said.index("one batch")
