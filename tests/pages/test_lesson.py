"""The lesson inside Compare runs without a browser."""

import json

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.domain.reader import Role
from core.settings import PROJECT_ROOT
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore


def open_page() -> AppTest:
    page = open_runs()
    page.query_params["lesson"] = "zoom"
    return page.run()


def open_runs() -> AppTest:
    router = AppTest.from_file(str(PROJECT_ROOT / "streamlit_app.py"), default_timeout=120)
    return router.run().switch_page("pages/runs.py").run()


def labels_of(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_the_table_is_of_the_kept_runs_and_says_that_none_can_serve(store: SqlReviewStore):
    page = open_page()

    assert not page.exception
    assert "None of them can serve" in " ".join(element.value for element in page.markdown)
    table = page.dataframe[0].value.set_index("Run")
    for name in ("x05", "x05-zoom"):
        record = json.loads((PROJECT_ROOT / "models" / name / "run.json").read_text())
        measured = record["metrics"]["test"]
        row = table.loc[name]
        false_alarms = measured["matrix"]["false_positive"]
        assert row["Normals called pneumonia"] == f"{false_alarms} of 234"
        assert row["Specificity"] == measured["rates"]["specificity"]["value"]
        assert row["Role"] == "exhibit"
        whole = name == "x05"
        assert row["Mistakes"] == ("all 3 below together" if whole else record["exhibit"])
    shown = " ".join(element.value for element in page.caption)
    assert "a larger one, that it was shrunk" in shown


def test_the_cause_is_said_on_the_page(store: SqlReviewStore):
    page = open_page()

    said = page.info[0].value
    assert said.startswith("Sufficient alone: training films magnified")
    assert said.index("Not sufficient") < said.index("regard to patients") < said.index("one batch")


def test_the_lesson_opens_from_compare_runs_and_leads_back(store: SqlReviewStore):
    page = open_runs()
    next(button for button in page.button if button.label == "Lesson").click().run()
    assert page.header[0].value == "A model that called nearly every normal pneumonia"
    next(button for button in page.button if button.label == "Back to the runs").click().run()
    assert not page.exception
    assert "Lesson" in labels_of(page)
    assert not page.header


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.READER])
def test_who_may_not_compare_runs_sees_the_lesson_alone(store: SqlReviewStore, role: Role):
    choose_local_reader(store.database, "Ada", role)
    st.cache_resource.clear()
    page = open_runs()
    assert not page.exception
    assert page.info[0].value == (
        "Comparing runs needs the role teacher, lead or admin. This is the lesson."
    )
    assert page.header[0].value == "A model that called nearly every normal pneumonia"
    assert "Back to the runs" not in labels_of(page)
    assert not [label for label in labels_of(page) if label.startswith("Make ")]
    tables = [set(table.value.columns) for table in page.dataframe]
    assert tables == [set(open_page().dataframe[0].value.columns)]
