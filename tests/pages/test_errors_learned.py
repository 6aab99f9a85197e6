"""The Errors page on films that a run has learned from: counted, said so, and kept apart."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from fixtures import app_pages
from fixtures.app_pages import PATIENCE_S
from fixtures.kept_run_copies import copy_runs
from fixtures.stand_in_films import served_predictions
from sklearn.metrics import confusion_matrix, roc_auc_score
from streamlit.testing.v1 import AppTest

from core.domain.rate import probability_text
from core.library.film_codes import film_code
from core.runs.predictions import LEARNED_FILE, Predictions, join_predictions, read_learned
from core.runs.store import load_run, read_record, write_record
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.reads import SqlReviewStore

WARNING = "its rates here do not apply to new films"
open_page = partial(app_pages.open_page, "errors")


@pytest.fixture
def data(tmp_path: Path, store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty data folder: what runs said is there without pictures."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "films"


@pytest.fixture
def unscored(data, tmp_path, monkeypatch) -> None:
    """Have a served run whose training films were not scored, beside one with them."""
    models = copy_runs(tmp_path / "models", SERVED_RUN, "f03", "lungs", "view")
    (models / SERVED_RUN / LEARNED_FILE).unlink()
    write_record(models / SERVED_RUN, read_record(models / SERVED_RUN))
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    st.cache_resource.clear()


def whole_set() -> Predictions:
    """Return what the served run said of training, validation and official test."""
    said = served_predictions()
    return join_predictions(said.where(said.films.split != "nih"), learned_of())


def learned_of(run: str = SERVED_RUN) -> Predictions:
    learned = read_learned(load_run(PROJECT_ROOT / "models" / run))
    assert learned is not None
    return learned


def words_of(page: AppTest) -> str:
    return next(text.value for text in page.markdown if "of run" in text.value)


def captions_of(page: AppTest) -> str:
    return "\n".join(text.value for text in page.caption)


@pytest.mark.parametrize("threshold", ["0.05", "0.5"])
@pytest.mark.parametrize("split", ["train", "all"])
def test_a_cell_lists_as_many_films_as_scikit_learn_counts(data, split, threshold) -> None:
    films = learned_of() if split == "train" else whole_set()
    called = films.probability >= float(threshold)
    (tn, fp), (fn, tp) = confusion_matrix(films.films.label, called)
    page = open_page(split=split, threshold=threshold, cell="fp")
    for cell, name, n in (("fn", "negative", fn), ("tp", "positive", tp), ("fp", "positive", fp)):
        page.query_params["cell"] = cell
        page.run()
        right = "true" if cell == "tp" else "false"
        assert words_of(page).startswith(f"**{n:,} {right} {name}")
    assert f"among {tn + fp + fn + tp:,} films" in words_of(page)


def test_the_parts_are_offered_with_the_warning_and_keep_the_address(data) -> None:
    page = open_page(cell="fn")
    assert WARNING not in captions_of(page)
    offered = page.selectbox(key="errors-split").options
    assert offered[-2:] == ["Training films", "All three parts"]
    page.selectbox(key="errors-split").set_value("train").run()
    n = len(learned_of())
    assert page.query_params["split"] == "train"
    assert f"has learned from these {n:,} films: {WARNING}." in captions_of(page)
    assert f"among {n:,} films that it has learned from" in words_of(page)
    page.selectbox(key="errors-split").set_value("all").run()
    every = len(whole_set())
    assert f"has learned from {n:,} of these {every:,} films: {WARNING}." in captions_of(page)
    assert f"among {every:,} films, {n:,} of which it has learned from" in words_of(page)
    page.selectbox(key="errors-split").set_value("test").run()
    assert WARNING not in captions_of(page)


def test_all_parts_hold_every_film_of_the_public_set(data) -> None:
    assert len(whole_set()) == 5856
    page = open_page(split="all", cell="tp", page="100")
    assert not page.warning
    assert page.query_params["page"] == "100"
    assert "among 5,856 films" in words_of(page)


def test_a_training_film_opens_by_its_address_and_says_which_runs_have_learned_from_it(
    data,
) -> None:
    learned = learned_of()
    film_id = str(learned.films.film_id[learned.films.label == 1][0])
    page = open_page(split="train", cell="tp", film=film_code(film_id))
    assert not page.warning
    words = "\n".join(text.value for text in page.markdown)
    probability = float(learned.probability[learned.films.film_id == film_id][0])
    assert f"Probability {probability_text(probability)} where" in words
    assert f"Runs {SERVED_RUN}, f01, f03, f04 and m10 have learned from this film" in captions_of(
        page
    )
    assert "that the run has learned from or was measured on" in captions_of(page)
    measured = served_predictions().of_split("test").films
    page = open_page(split="test", film=film_code(str(measured.film_id[0])))
    assert "learned from" not in captions_of(page)


def test_a_run_whose_training_films_were_not_scored_names_the_command(unscored) -> None:
    page = open_page(run=SERVED_RUN, split="train")
    assert "split 'train', which is not offered here" in page.warning[0].value
    assert page.query_params["split"] == "validation"
    assert page.selectbox(key="errors-split").options[-1] == "External adults (NIH)"
    assert f"python -m core score-training {SERVED_RUN}" in captions_of(page)
    page = open_page(run="f03", split="train")
    assert not page.warning
    assert "score-training" not in captions_of(page)


def test_a_run_without_its_training_films_is_not_among_the_others_there(unscored) -> None:
    learned = learned_of("f03")
    film_id = str(learned.films.film_id[0])
    page = open_page(run="f03", split="train", film=film_code(film_id))
    assert "Run f03 has learned from this film" in captions_of(page)


def test_a_slice_can_be_asked_for_in_all_parts(data) -> None:
    page = open_page(split="all", cell="tp", slice="subtype-virus")
    assert not page.exception
    assert page.selectbox(key="errors-slice").value == "subtype-virus"


def test_findings_of_the_gate_are_known_of_training_films(data) -> None:
    page = open_page(split="train", cell="tp")
    findings = page.selectbox(key="errors-finding").options
    assert findings
    page.selectbox(key="errors-finding").set_value(findings[0]).run()
    shown = re.match(r"\*\*([\d,]+) of ([\d,]+) true positives", words_of(page))
    few, many = (int(number.replace(",", "")) for number in shown.groups())
    assert 0 < few < many


@pytest.mark.parametrize("page_file", ["subgroups", "runs", "model_card"])
def test_no_other_page_counts_training_films(data, page_file) -> None:
    page = app_pages.open_app()
    page.switch_page(f"pages/{page_file}.py").run()
    assert not page.exception
    said = " ".join(text.value for text in (*page.markdown, *page.caption))
    assert f"{len(learned_of()):,} films" not in said
    assert WARNING not in said


def test_what_a_run_is_measured_on_is_as_it_was(data) -> None:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    test = served_predictions().of_split("test")
    area = roc_auc_score(test.films.label, test.probability)
    assert run.metrics["test"]["rates"]["roc_auc"]["value"] == pytest.approx(area)
    assert "train" not in np.unique(served_predictions().films.split)


def test_pages_turned_elsewhere_are_drawn_under_a_new_key_and_a_click_keeps_its_own() -> None:
    def script() -> None:
        import streamlit as st

        from ui.errors.gallery import _pages_key

        key = _pages_key(int(st.query_params["page"]))
        st.session_state.setdefault(key, int(st.query_params["page"]))  # as the widget does
        st.text(key)

    page = AppTest.from_function(script, default_timeout=PATIENCE_S)
    keys = []
    for number, clicked in (("1", None), ("2", 2), ("3", None), ("3", None), ("1", None)):
        if clicked is not None:
            page.session_state[keys[-1]] = clicked
        page.query_params["page"] = number
        page.run()
        assert not page.exception
        keys.append(page.text[0].value)
    first, after_click, by_key, again, back = keys
    assert first == after_click
    assert by_key not in (first, back)
    assert by_key == again


def test_a_film_that_a_run_has_learned_from_is_found_where_it_is_shown_elsewhere(data) -> None:
    def script(film_id: str) -> None:
        import streamlit as st

        from ui.library.films import case_of
        from ui.library.gallery_query import write_address

        for one in (film_id, "nowhere.jpeg"):
            case = case_of("public", "f04", one)
            st.json({} if case is None else write_address(case))

    learned = learned_of()
    film_id = str(learned.films.film_id[0])
    page = AppTest.from_function(
        script, kwargs={"film_id": film_id}, default_timeout=PATIENCE_S
    ).run()
    assert not page.exception
    address = json.loads(page.json[0].value)
    assert (address["run"], address["split"]) == ("f04", "train")
    assert address["film"] == film_code(film_id)
    assert json.loads(page.json[1].value) == {}
