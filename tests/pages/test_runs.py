"""The page of runs without a browser: its numbers against scikit-learn and statsmodels."""

from __future__ import annotations

import csv
import io
import re
import shutil
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from fixtures import app_pages
from fixtures.app_pages import address_of
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix, roc_curve
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.domain.model import ServedRun
from core.domain.rate import probability_text
from core.library.film_codes import film_code
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices, list_served_runs
from ui.app.resources import get_database
from ui.app.session import Visit
from ui.charts.runs import style_runs
from ui.components.plain_text import plain
from ui.runs.data import get_listed_runs
from ui.runs.query import ADDRESS, RunsView, read_address

MODELS = PROJECT_ROOT / "models"
MORNING = datetime(2025, 3, 1, 8, tzinfo=UTC)
open_page = partial(app_pages.open_page, "runs")


@pytest.fixture
def runs(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the app a folder of its own for imported runs."""
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    return tmp_path


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.header, page.error, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def table_with(page: AppTest, column: str) -> pd.DataFrame:
    return next(one.value for one in page.dataframe if column in one.value.columns)


def roles_of(page: AppTest) -> dict[str, str]:
    table = table_with(page, "Role")
    return dict(zip(table["Run"], table["Role"], strict=True))


def films_of(run_id: str, split: str = "test") -> Predictions:
    return read_predictions(load_run(MODELS / run_id)).of_split(split)


def right_of(run_id: str) -> np.ndarray:
    said = films_of(run_id)
    return (said.probability >= load_run(MODELS / run_id).operating_point.threshold) == (
        said.films.label == 1
    )


# --- numbers --------------------------------------------------------------------------------------


def test_the_words_on_a_pair_are_those_of_statsmodels_and_scikit_learn(runs: Path) -> None:
    page = open_page(runs="f03,f04", earlier="f03", later="f04", part="test")

    ill = films_of("f03").films.label == 1
    before, after = right_of("f03")[ill], right_of("f04")[ill]
    both = [
        [(before & after).sum(), (before & ~after).sum()],
        [(~before & after).sum(), (~before & ~after).sum()],
    ]
    p_value = mcnemar(both, exact=True).pvalue
    more = int((~after).sum()) - int((~before).sum())
    words = words_of(page)
    assert f"f04 misses {more} more of {ill.sum()} pneumonias than f03" in words
    assert f"p = {p_value:.3f}, Holm-corrected p = {p_value:.3f}" in words

    accuracy = [accuracy_score(np.ones(len(ill)), right_of(run_id)) for run_id in ("f03", "f04")]
    assert f"Accuracy of f04 is {accuracy[1] - accuracy[0]:.4f} higher than that of f03" in words


def test_thresholds_set_together_are_scikit_learns_on_validation(runs: Path) -> None:
    page = open_page(runs="f01,f04", at="99", part="test")
    shown = {row["Run"]: row for row in table_with(page, "Missed").to_dict("records")}
    for run_id in ("f01", "f04"):
        validation, test = films_of(run_id, "validation"), films_of(run_id)
        label = validation.films.label
        _, found, thresholds = roc_curve(label, validation.probability, drop_intermediate=False)
        reached = thresholds[np.flatnonzero(found >= 0.99)[0]]
        lower = validation.probability[validation.probability < reached].max()
        threshold = (reached + lower) / 2.0
        matrix = confusion_matrix(test.films.label, test.probability >= threshold)
        assert shown[run_id]["Operating point"] == pytest.approx(threshold)
        assert shown[run_id]["Missed"] == matrix[1, 0]
        assert shown[run_id]["False alarms"] == matrix[0, 1]
        low, high = proportion_confint(matrix[1, 1], matrix[1].sum(), method="wilson")
        assert shown[run_id]["Sensitivity"] == pytest.approx(matrix[1, 1] / matrix[1].sum())
        assert shown[run_id]["Sensitivity, 95 %"] == f"{low:.3f} to {high:.3f}"


def test_the_children_of_a_ward_follow_from_sensitivity_and_specificity(runs: Path) -> None:
    page = open_page(runs="f04", prevalence="30")
    right, ill = right_of("f04"), films_of("f04").films.label == 1
    missed = 1000 * 0.3 * (1 - right[ill].mean())
    alarms = 1000 * 0.7 * (1 - right[~ill].mean())
    drawn = next(h.proto.body for h in page.get("html") if "fr-wards" in h.proto.body)
    assert "healthy, false alarm" in drawn
    assert f"Of 1,000 children, 300 with pneumonia, f04 misses {missed:.0f} (" in drawn
    assert f"raises {alarms:.0f} (" in drawn
    assert f"of 1,000 children, to the nearest 10: {10 * round(missed / 10)} " in drawn
    assert f"{10 * (30 - round(missed / 10))} pneumonia, found" in drawn
    assert drawn.count("fr-found") == 30 - round(missed / 10) + 1  # one is the key's
    assert "One figure stands for 10 children" in words_of(page)


def test_a_case_shows_its_reference_and_who_errs(runs: Path) -> None:
    films = films_of("f03").films
    broken = films.film_id[right_of("f03") & ~right_of("f04") & (films.label == 0)][0]
    page = open_page(runs="f03,f04", film=film_code(str(broken)))
    name = str(broken).rsplit("/", 1)[-1]
    assert f"**{plain(name)}**  \nReference: **normal**. Wrong in f04." in words_of(page)
    step = table_with(page, "Change")
    row = step[step["Film"] == name].iloc[0]
    assert row["Change"] == "false alarm now"
    assert row["f04"] == probability_text(films_of("f04").probability[films.film_id == broken][0])


def test_a_clicked_cell_opens_the_case_as_its_run_reads_it(runs: Path) -> None:
    film = film_code(str(films_of("f03").films.film_id[0]))
    page = open_page(runs="f03,f04", film=film, cell="f03")
    (link,) = [one for one in page.get("page_link") if "error gallery" in one.proto.label]
    assert link.proto.label == "Open the film in the error gallery of f03"
    assert "run=f03" in link.proto.query_string
    page = open_page(runs="f03,f04", film=film)
    (link,) = [one for one in page.get("page_link") if "error gallery" in one.proto.label]
    assert link.proto.label.endswith("of f04")


def test_a_pair_is_told_from_the_run_that_is_asked_for_first(runs: Path) -> None:
    forth = words_of(open_page(runs="f03,f04", earlier="f03", later="f04", part="test"))
    back = words_of(open_page(runs="f03,f04", earlier="f04", later="f03", part="test"))
    found = [
        re.search(r"- The ROC AUC of (\w+) is ([\d.]+) (\w+) than that of (\w+)", words)
        for words in (forth, back)
    ]
    there, again = (one.groups() for one in found if one is not None)
    other = {"higher": "lower", "lower": "higher"}
    assert (there[0], there[3]) == (again[3], again[0]) == ("f04", "f03")
    assert (there[1], there[2]) == (again[1], other[again[2]])


# --- the address ----------------------------------------------------------------------------------


def test_the_page_puts_all_that_is_chosen_into_the_address(runs: Path) -> None:
    page = open_page(runs="f01,f03,f04")
    page.selectbox(key="runs-part").set_value("validation").run()
    page.slider(key="runs-prevalence").set_value(3).run()
    page.button_group(key="runs-mode").set_value("at equal sensitivity").run()
    page.slider(key="runs-at").set_value(95.5).run()
    page.selectbox(key="runs-metric").set_value("brier").run()
    page.selectbox(key="runs-case").select_index(1).run()
    film = page.selectbox(key="runs-case").value
    address = address_of(page)
    assert (address["part"], address["prevalence"], address["at"]) == ("validation", "3", "95.5")
    assert address["metric"] == "brier"
    assert address["film"] == film_code(film)
    assert address["runs"] == "f01,f03,f04"
    assert "Operating points were chosen on these films" in words_of(page)
    assert words_of(open_page(**address)) == words_of(page)


def test_what_an_address_says_wrongly_becomes_the_default_with_a_sentence(runs: Path) -> None:
    page = open_page(
        part="moon", runs="f04,f99", at="12", prevalence="x", metric="luck", film="no/such.jpeg"
    )
    warned = "\n".join(element.value for element in page.warning)
    for named in ("part 'moon'", "runs 'f99'", "at '12'", "prevalence 'x'", "metric 'luck'"):
        assert f"The address names {named}, which" in warned
    assert "The film no/such.jpeg is not among the compared films." in warned
    assert "which is not between 80 and 100. Shown instead: the usual value." in warned
    address = address_of(page)
    assert (address["part"], address["runs"], address["prevalence"]) == ("test", "f04", "10")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"earlier": "f03", "later": "f03"}, "later 'f03', which is the earlier run too"),
        ({"later": "f03"}, "later 'f03', which is the earlier run too"),
        ({"earlier": "f04"}, "earlier 'f04', which is the later run too"),
    ],
)
def test_a_pair_of_one_run_is_named_as_the_address_has_it(
    runs: Path, asked: dict[str, str], named: str
) -> None:
    page = open_page(runs="f03,f04", **asked)
    assert f"The address names {named}. Shown instead: f03 and f04." in page.warning[0].value
    assert (address_of(page)["earlier"], address_of(page)["later"]) == ("f03", "f04")


def test_the_open_tab_is_in_the_address_and_a_case_opens_its_own(runs: Path) -> None:
    assert address_of(open_page(runs="f04"))["tab"] == "tests"
    page = open_page(runs="f04", tab="training")
    assert page.session_state["runs-tab"] == "Training and shortcuts"
    film = film_code(str(films_of("f04").films.film_id[0]))
    assert address_of(open_page(runs="f04", film=film))["tab"] == "cases"
    page = open_page(runs="f04", tab="moon")
    assert "tab 'moon', which is not offered here" in page.warning[0].value


def test_a_run_alone_is_shown_and_asks_for_a_second(runs: Path) -> None:
    page = open_page(runs="f04")
    assert "Tick a second run in the table" in words_of(page)
    table = table_with(page, "Role")
    assert list(table.columns)[3] == "Description"  # what a run is stands beside its name
    assert "f03 on the box around the lungs" in table.set_index("Run")["Description"]["f04"]
    areas = table["ROC AUC"].tolist()
    assert areas == sorted(areas, reverse=True)
    assert table["Colour"].tolist().count("●") == 1
    colour = style_runs(list(get_listed_runs().runs), ["f04"])["f04"].colour
    styled = next(one for one in page.dataframe if "Role" in one.value.columns)
    assert f"color: {colour}" in styled.proto.arrow_data.styler.styles
    assert page.slider(key="runs-prevalence").label == "Pneumonia prevalence in your ward (%)"
    (roc,) = [one for one in page.get("plotly_chart") if "upper left corner" in one.proto.spec]
    assert colour in roc.proto.spec
    assert list(table_with(page, "Missed")["Run"]) == ["f04"]


def test_an_address_of_a_view_reads_as_that_view(runs: Path) -> None:
    view = RunsView(
        part="nih",
        runs=("f01", "f04"),
        at=92.5,
        prevalence=0,
        metric="ppv",
        earlier="f04",
        later="f01",
        film="0123456789ab",
        cell="f01",
        columns=("sentence", "npv"),
        tab="ward",
        measure="moved",
        loss="train",
    )
    assert read_address(ADDRESS.write(view), get_listed_runs(), "f04") == (view, [])


# --- import ---------------------------------------------------------------------------------------


def predictions_csv(change: dict[int, str]) -> bytes:
    said = films_of("f03")
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(["film_id", "probability"])
    for row, (film_id, p) in enumerate(zip(said.films.film_id, said.probability, strict=True), 2):
        lines.writerow([film_id, change.get(row, f"{p:.6f}")])
    return out.getvalue().encode()


def send(page: AppTest, content: bytes, name: str) -> AppTest:
    page.get("file_uploader")[0].set_value(("said.csv", content, "text/csv"))
    page.text_input(key="runs-name-0").set_value(name)
    next(button for button in page.button if button.label == "Import").click()
    page.run()
    assert not page.exception
    return page


def test_bad_rows_of_an_import_get_a_sentence_each_and_nothing_is_written(runs: Path) -> None:
    page = send(open_page(), predictions_csv({5: "1.5", 9: "often"}), "theirs")
    said = page.error[0].value
    assert "2 problems prevent the import of this file" in said
    assert "Row 5:" in said
    assert "Row 9:" in said
    assert not (runs / "foreign").exists()


def test_an_import_without_a_file_or_a_name_asks_for_both_at_once(runs: Path) -> None:
    page = open_page()
    next(button for button in page.button if button.label == "Import").click().run()
    assert page.error[0].value == "Choose a file. Enter a name for the run."
    assert not (runs / "foreign").exists()


def test_of_many_bad_rows_the_first_are_shown_and_all_are_in_a_file(runs: Path) -> None:
    page = send(open_page(), predictions_csv(dict.fromkeys(range(2, 32), "often")), "theirs")
    shown = page.error[0].value.splitlines()
    assert shown[0].startswith("30 problems prevent the import of this file")
    assert len([line for line in shown if line.startswith("- `Row")]) == 20
    assert "and 10 more" in shown[-1]
    assert "All 30 problems" in [one.proto.label for one in page.get("download_button")]


def test_columns_of_other_names_are_named_on_the_page(runs: Path) -> None:
    content = predictions_csv({}).replace(b"film_id,probability", b"which,how_sure")
    refused = send(open_page(), content, "theirs")
    assert "no column for films" in refused.error[0].value
    page = open_page()
    columns = [page.text_input(key=f"runs-{name}-0") for name in ("film", "probability")]
    assert {one.placeholder for one in columns} == {"detected automatically"}
    assert [one.label for one in columns] == ["Film column", "Probability column"]
    assert any("all splits found in the file" in one.options for one in page.selectbox)
    page.text_input(key="runs-film-0").set_value("which")
    page.text_input(key="runs-probability-0").set_value("how_sure")
    page = send(page, content, "theirs")
    assert "theirs" in roles_of(page)


def test_an_imported_run_joins_the_comparison_and_may_not_serve(runs: Path) -> None:
    page = send(open_page(runs="f03"), predictions_csv({}), "theirs")
    assert roles_of(page)["theirs"] == "imported"
    assert address_of(page)["runs"] == "f03,theirs"
    assert len(table_with(page, "Missed")) == 2
    page.selectbox(key="runs-serve-run").set_value("theirs").run()
    assert "theirs cannot be the active model" in words_of(page)
    assert not [button for button in page.button if button.label.startswith("Make ")]


def test_a_run_without_validation_films_cannot_have_its_threshold_set_and_says_so(
    runs: Path,
) -> None:
    send(open_page(), predictions_csv({}), "theirs")
    page = open_page(runs="f03,theirs", at="97")
    assert "theirs has no validation films" in words_of(page)
    assert "Shown at each run's own operating point." in words_of(page)


# --- the served run -------------------------------------------------------------------------------


def choose(page: AppTest, run_id: str, reason: str, by: str) -> AppTest:
    page.selectbox(key="runs-serve-run").set_value(run_id).run()
    page.text_area(key="runs-serve-reason").set_value(reason)
    next(field for field in page.text_input if field.label == "Chosen by").set_value(by)
    next(button for button in page.button if button.label.startswith("Make ")).click()
    page.run()
    assert not page.exception
    return page


def start_again() -> None:
    """Forget what a process keeps."""
    st.cache_resource.clear()
    get_settings.cache_clear()


def test_a_chosen_run_serves_at_once_and_after_a_restart(runs: Path) -> None:
    page = choose(open_page(), "f03", "fewer missed films", "Ada Lead")
    roles = roles_of(page)
    assert (roles["f03"], roles[SERVED_RUN]) == ("active", "")
    (choice,) = list_served_choices(get_database())
    assert (choice.run_id, choice.reason, choice.chosen_by) == (
        "f03",
        "fewer missed films",
        "Ada Lead",
    )
    start_again()
    assert "Active model: f03. Ada Lead chose f03 on" in words_of(open_page())
    assert [line.run_id for line in list_served_runs(get_database())] == [
        SERVED_RUN,
        "f03",
    ]


def test_a_choice_without_a_reason_changes_nothing(runs: Path) -> None:
    page = choose(open_page(), "f03", " ", "Ada Lead")
    assert "Not changed: the reason has 0 letters" in page.error[0].value
    assert roles_of(page)[SERVED_RUN] == "active"


def test_the_environment_wins_over_a_choice_and_the_page_says_so(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(open_page(), "f03", "fewer missed films", "Ada Lead")
    monkeypatch.setenv("FIRSTREAD_SERVED_RUN", "f01")
    start_again()
    page = open_page()
    words = words_of(page)
    assert "Active model: f01. FIRSTREAD_SERVED_RUN names it and overrides every choice" in words
    assert "Overridden: Ada Lead chose f03" in words
    assert roles_of(page)["f01"] == "active"
    assert not [button for button in page.button if button.label.startswith("Make ")]


def test_a_chosen_run_that_is_gone_is_said_and_another_can_be_chosen(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(open_page(), "f03", "fewer missed films", "Ada Lead")
    shutil.copytree(MODELS, runs / "models", ignore=shutil.ignore_patterns("f03", "*.h5"))
    monkeypatch.setenv("FIRSTREAD_MODELS", str(runs / "models"))
    start_again()
    page = open_page()
    assert any("no run at" in error.value for error in page.error)
    page = choose(page, SERVED_RUN, "f03 is gone", "Ada Lead")
    assert not page.error
    assert roles_of(page)[SERVED_RUN] == "active"


def test_films_of_an_open_visit_are_read_again_by_the_run_that_serves_now(runs: Path) -> None:
    page = app_pages.open_app()
    buffer = io.BytesIO()
    pixels = draw_film(draw_settings(1, "lobar"), height_px=400).pixels
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    page.get("file_uploader")[0].set_value([("chest.png", buffer.getvalue(), "image/png")])
    page.run()
    assert read_by(page) == {SERVED_RUN}
    choose(page.switch_page("pages/runs.py").run(), "f03", "fewer missed films", "Ada Lead")
    page.switch_page("pages/review.py").run()
    assert [toast.value for toast in page.toast] == [
        "Run f03 serves now: the films are read again."
    ]
    assert read_by(page) == {"f03"}


def read_by(page: AppTest) -> set[str]:
    """Wait for the batch, and return the runs that read the films."""
    for _ in range(240):
        if page.session_state["first_read"].job is None:
            break
        time.sleep(0.25)
        page.run()
    outcomes = page.session_state["first_read"].outcomes.values()
    return {one.reading.prediction.run_id for one in outcomes}


def test_a_visit_lets_go_of_what_another_run_said() -> None:
    first, second = (
        ServedRun(run_id, 0.5, "ab" * 32, "0.1.0", MORNING) for run_id in ("f04", "f03")
    )
    visit = Visit()
    assert not visit.keep_to(first)
    visit.films, visit.outcomes = {"a": object()}, {"a": object()}  # type: ignore[dict-item]
    assert not visit.keep_to(first)
    assert visit.outcomes
    assert visit.keep_to(second)
    assert not visit.outcomes
    assert not visit.keep_to(second)


# --- nothing to compare ---------------------------------------------------------------------------


def test_without_a_run_the_page_says_where_runs_come_from(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "models").mkdir()
    monkeypatch.setenv("FIRSTREAD_MODELS", str(runs / "models"))
    start_again()
    page = open_page()
    assert page.header[0].value == "No runs yet"
    assert "Traceback" not in words_of(page)


def test_a_run_that_lost_its_network_says_so_and_the_rest_of_the_page_stays(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in ("lungs", "view", SERVED_RUN, "f03"):
        shutil.copytree(MODELS / kept, runs / "models" / kept)
    (runs / "models" / "f03" / "model.tflite").unlink()
    monkeypatch.setenv("FIRSTREAD_MODELS", str(runs / "models"))
    start_again()
    page = open_page(runs=SERVED_RUN)
    page.selectbox(key="runs-serve-run").set_value("f03").run()
    assert any("f03" in warning.value for warning in page.warning)
    assert not page.error
    assert "Tick a second run in the table" in words_of(page)


def test_one_run_only_says_what_a_second_would_bring(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kept in ("lungs", "view", SERVED_RUN):
        shutil.copytree(MODELS / kept, runs / "models" / kept)
    monkeypatch.setenv("FIRSTREAD_MODELS", str(runs / "models"))
    start_again()
    assert "There is only one run" in words_of(open_page())
