"""Comparing runs on the synthetic films, and what is said while these are being drawn."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.film_tables import film_table, predictions_of
from streamlit.testing.v1 import AppTest

from core.comparison.scored_films import align_runs, as_synthetic
from core.domain.model import RunRecord
from core.domain.reader import OPERATOR
from core.errors import ModelIntegrity
from core.imported_runs.importing import ForeignRequest, import_run
from core.jobs.examples import ExamplesSummary, ExamplesTask
from core.library.film_codes import film_code
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, get_settings
from ui.app import resources
from ui.runs.case_matrix import gallery_address

MODELS = PROJECT_ROOT / "models"
LABEL = np.arange(20) % 2
FALSE_ALARMS = {"f01": 5, "f03": 2, "f04": 0}
"""Normals that a run calls pneumonia, of the ten there are."""
open_page = partial(app_pages.open_page, "runs")


def said_by(run_id: str) -> Predictions:
    films = film_table(
        20,
        split=(["train", "validation", "test", "test"] * 5),
        label=LABEL,
        film_id=[f"test/x{number}.png" for number in range(20)],
    )
    probability = np.where(LABEL == 1, 0.99, 0.01)
    probability[np.flatnonzero(LABEL == 0)[: FALSE_ALARMS.get(run_id, 1)]] = 0.98
    return predictions_of(films, probability)


class DrawnFilms:
    """Twenty films of all parts, read by every run."""

    name, title, synthetic, has_films = "synthetic", "Synthetic films", True, True

    def predictions(self, run: RunRecord) -> Predictions:
        return said_by(run.run_id)

    def has_read(self, run: RunRecord) -> bool:
        return run.run_id in ("f04", "f01")


@pytest.fixture
def drawn(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Offer synthetic films that are all there, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "no data"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    monkeypatch.setattr(ExamplesTask, "start", lambda task: task)  # nothing is drawn
    monkeypatch.setattr(ExamplesTask, "drawn", 60)
    monkeypatch.setattr(resources, "_synthetic_library", DrawnFilms)
    return monkeypatch


@pytest.fixture
def drawing(drawn: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Offer synthetic films of which seven are there."""
    drawn.setattr(ExamplesTask, "drawn", 7)
    drawn.setattr(ExamplesTask, "finished", False)
    return drawn


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.error, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def test_the_synthetic_films_are_one_of_the_sets_and_are_called_so(drawn) -> None:
    page = open_page(runs="f01,f04")
    page.selectbox(key="runs-part").set_value("synthetic").run()

    said = words_of(page)
    assert "Synthetic films: 20 films (10 pneumonia, 10 normal) drawn by a program" in said
    assert "do not apply to patients" in said
    assert "patients, at" not in said
    assert page.query_params["part"] == "synthetic"
    assert not page.get("slider")  # of children


def test_a_run_that_cannot_read_them_takes_nothing_else_off_the_table(drawn) -> None:
    def predictions(self: DrawnFilms, run: RunRecord) -> Predictions:
        if run.run_id == "m01":
            raise ModelIntegrity("m01 was changed: restore it.")
        return said_by(run.run_id)

    drawn.setattr(DrawnFilms, "predictions", predictions)
    page = open_page(part="synthetic", runs="f01,f04")
    table = next(one.value for one in page.dataframe if "Role" in one.value.columns)
    specificity = dict(zip(table["Run"], table["Specificity"], strict=True))
    assert specificity["f04"].startswith("1.000")
    assert not isinstance(specificity["m01"], str)
    assert "m01 is not measured on these films: m01 was changed: restore it." in words_of(page)


def test_a_link_to_them_shows_counts_table_tests_and_matrix_of_these_films(drawn) -> None:
    page = open_page(part="synthetic", runs="f01,f03,f04", earlier="f01", later="f04")

    table = next(one.value for one in page.dataframe if "Role" in one.value.columns)
    specificity = dict(zip(table["Run"], table["Specificity"], strict=True))
    assert specificity["f01"].startswith("0.500")
    assert specificity["f04"].startswith("1.000")
    said = words_of(page)
    assert "f04 raises a false alarm on 5 fewer of 10 normal films than f01" in said
    assert "p = 0.062, after Holm p = 0.188" in said  # five of five discordant pairs, three pairs
    assert "f04 fixes 5 and breaks 0 of f01's" in said
    assert "15 films that every run gets right are not drawn" in said


def test_thresholds_at_a_sensitivity_are_those_of_real_validation_patients(drawn) -> None:
    page = open_page(part="synthetic", runs="f01,f04", at="97")

    counts = next(one.value for one in page.dataframe if "Threshold" in one.value.columns)
    said = read_predictions(load_run(MODELS / "f04")).of_split("validation")
    ill = np.sort(said.probability[said.films.label == 1])[::-1]
    threshold = float(counts["Threshold"][1])
    assert (ill >= threshold - 0.001).mean() >= 0.97
    assert (ill >= threshold + 0.001).mean() < 0.975


def test_a_case_opens_in_the_gallery_of_the_synthetic_films() -> None:
    said = as_synthetic(said_by("f01"))
    scored = align_runs({"f01": said}, {"f01": 0.5}, "synthetic")

    address = gallery_address(scored, 0, "f01")

    assert (address["library"], address["split"]) == ("synthetic", "all")
    assert (address["cell"], address["film"]) == ("fp", film_code("test/x0.png"))


def test_an_imported_run_is_left_out_where_it_has_read_no_film(drawn) -> None:
    films = read_predictions(load_run(MODELS / "f04")).of_split("test").films.film_id
    table = "film_id,probability\n" + "".join(f"{name},0.5\n" for name in films)
    request = ForeignRequest(name="theirs", split="test")
    import_run(table.encode(), request, *get_settings().run_folders, OPERATOR)

    page = open_page(part="synthetic", runs="theirs,f01,f04")

    assert "'theirs', which are not there or have not read these films" in words_of(page)
    table = next(one.value for one in page.dataframe if "Role" in one.value.columns)
    assert "theirs" not in list(table["Run"])


def test_while_they_are_drawn_the_page_says_how_many_there_are_and_keeps_the_link(drawing) -> None:
    page = open_page(part="synthetic", runs="f01,f04")

    [bar] = page.get("progress")
    assert "7 of 60 synthetic films drawn" in bar.proto.text
    assert page.query_params["part"] == "synthetic"
    assert not page.dataframe or "Role" not in page.dataframe[0].value.columns
    page = open_page(part="test")
    assert re.search(r"624 films", words_of(page))


def test_runs_are_compared_as_they_have_read_the_drawn_films(drawn) -> None:
    drawn.setattr(ExamplesTask, "finished", False)
    drawn.setattr(ExamplesTask, "summary", ExamplesSummary(60, 60, 30, 28, 29))
    page = open_page(part="synthetic")
    table = next(one.value for one in page.dataframe if "Role" in one.value.columns)
    assert sorted(table["Run"]) == ["f01", "f04"]
    assert "the other runs read them now" in words_of(page)


def test_films_that_will_not_come_are_one_sentence(drawing) -> None:
    drawing.setattr(ExamplesTask, "finished", True)
    drawing.setattr(ExamplesTask, "sentence", "There is no room.")

    assert "Synthetic films: There is no room." in words_of(open_page(part="synthetic"))


def test_where_only_patients_are_read_they_are_not_offered(store) -> None:
    page = open_page(part="synthetic")

    assert "part 'synthetic', which is not one of validation" in words_of(page)
    assert "Synthetic films" not in page.selectbox(key="runs-part").options
