"""The page of model facts without a browser: its numbers, its address, its checklists."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from functools import partial
from html import unescape
from pathlib import Path

import pytest
import streamlit as st
from fixtures import app_pages
from fixtures.app_pages import address_of
from fixtures.film_tables import film_table, predictions_of
from fixtures.kept_run_copies import MODELS, copy_as, copy_runs, copy_unaudited
from fixtures.run_facts import facts_of
from pypdf import PdfReader
from streamlit.testing.v1 import AppTest

from core.comparison.prevalence import expect_among
from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.domain.reader import OPERATOR
from core.imported_runs.importing import ForeignRequest, import_run
from core.library.film_codes import film_code
from core.model_card.checklists.checklist import count_answer, fill_checklist
from core.model_card.checklists.claim import CLAIM
from core.model_card.failures import list_errors, surest_errors
from core.reports.document import Intervals, MeasuredRow
from core.runs.predictions import PREDICTIONS_FILE, Predictions, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.reads import SqlReviewStore
from ui.app.language import CHOSEN
from ui.charts.model_card import plot_intervals
from ui.library.slices import get_search
from ui.model_card import data as model_card_data
from ui.model_card import panels
from ui.model_card.data import ADDRESS, CardView
from ui.model_card.films import find_errors, gallery_address

PAGE = PROJECT_ROOT / "pages" / "model_card.py"
RUNS = ("f01", "f04", "m01")
open_page = partial(app_pages.open_page, "model_card")


@pytest.fixture
def runs(store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the app no public films, and a folder of its own for imported runs."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    return tmp_path


def tables_of(page: AppTest) -> list[list[list[str]]]:
    """Return the cells of each table, its head first."""
    bodies = [one.proto.body for one in page.get("html") if "<table>" in one.proto.body]
    rows = [re.findall(r"<tr>(.*?)</tr>", body) for body in bodies]
    return [
        [
            [
                unescape(re.sub(r"<[^>]+>", "", cell))
                for cell in re.findall(r"<t[hd].*?</t[hd]>", row)
            ]
            for row in table
        ]
        for table in rows
    ]


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.header, page.error, page.warning, page.info)
    return "\n".join(element.value for kind in kinds for element in kind)


def drawn_html(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


# --- what is shown --------------------------------------------------------------------------------


def test_the_served_run_is_shown_with_what_it_misses(runs: Path) -> None:
    page = open_page()
    assert not page.error
    matrix = load_run(MODELS / SERVED_RUN).metrics["test"]["matrix"]
    words = words_of(page)
    assert f"### Model card: run {SERVED_RUN}" in words
    assert f"it misses {matrix['false_negative']} of " in words
    assert address_of(page)["run"] == SERVED_RUN
    shown = {cell for table in tables_of(page) for row in table for cell in row}
    facts = facts_of(SERVED_RUN)
    assert {film.film_id for film in list_errors(facts)} <= shown


def test_where_it_fails_most_is_what_the_search_of_the_other_page_found(runs: Path) -> None:
    search = get_search("public", SERVED_RUN)
    said = words_of(open_page())
    worst = search.failing[0]
    assert f"{len(search.failing)} of {len(search.results)} tests" in said
    assert search.space.words_of(worst.key) in said
    confirmed = {key for (key, _), result in search.confirmed.items() if result.failing}
    assert confirmed
    assert worst.key not in confirmed
    assert f"{search.space.words_of(worst.key)} (not confirmed)" in said
    assert all(search.space.words_of(key) in said for key in confirmed)


def test_the_ward_is_what_the_rates_of_the_test_mean_at_the_prevalence(runs: Path) -> None:
    page = open_page(prevalence="30")
    rates = load_run(MODELS / SERVED_RUN).metrics["test"]["rates"]
    found, cleared = (Rate(**rates[name]) for name in ("sensitivity", "specificity"))
    ward = expect_among(1000, 0.3, found, cleared)
    assert f"misses {ward.missed.value:.0f} (" in drawn_html(page)
    page.slider(key="facts-prevalence").set_value(50).run()
    assert address_of(page)["prevalence"] == "50"
    assert "500 with pneumonia" in drawn_html(page)


def test_the_second_tab_counts_and_lists_both_checklists(runs: Path) -> None:
    page = open_page(tab="checklists")
    facts = facts_of(SERVED_RUN)
    assert count_answer(fill_checklist(CLAIM, facts)) in words_of(page)
    items = [{row[0] for row in table[1:]} for table in tables_of(page) if "Item" in table[0]]
    assert [len(one) for one in items] == [44, 48]


def test_another_run_is_chosen_and_stays_in_the_address(runs: Path) -> None:
    page = open_page()
    page.selectbox(key="facts-run").set_value("m01").run()
    assert address_of(page)["run"] == "m01"
    words = words_of(page)
    assert "Model card: run m01" in words


def test_a_run_that_may_not_read_films_says_what_it_lacks(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = copy_unaudited(copy_runs(runs / "models", SERVED_RUN, "lungs", "view"), "m01")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    st.cache_resource.clear()
    page = open_page(run="m01")
    assert "This run cannot be the active model. It lacks a shortcut audit" in words_of(page)


def test_an_imported_run_is_shown_with_what_is_not_known(runs: Path) -> None:
    said = read_predictions(load_run(MODELS / "f01"))
    rows = [f"{film},{p}" for film, p in zip(said.films.film_id, said.probability, strict=True)]
    content = "\n".join(["film_id,probability", *rows]).encode()
    import_run(content, ForeignRequest("theirs"), MODELS, runs / "foreign", OPERATOR)
    page = open_page(run="theirs")
    assert not page.error
    words = words_of(page)
    assert "Another model's predictions" in words
    assert "The films themselves are not on this machine." in words


def test_an_exhibit_is_labelled(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = copy_runs(runs / "models", SERVED_RUN, "lungs")
    copy_as(models, "m01", "x05", exhibit="One batch's class weights.")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    st.cache_resource.clear()
    page = open_page(run="x05")
    assert "An exhibit, kept to show its mistakes" in page.warning[0].value
    assert "x05, an exhibit" in page.selectbox(key="facts-run").options


def test_both_files_are_offered(runs: Path) -> None:
    page = open_page()
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Markdown"]  # the PDF is made when somebody opens its button
    page.session_state["card-pdf-box"] = True
    page.run()
    labels = [button.proto.label for button in page.get("download_button")]
    assert sorted(labels) == ["Markdown", "Save PDF"]


def test_the_page_changes_its_language_and_stays_where_it_was(runs: Path) -> None:
    page = open_page(tab="checklists")
    page.session_state[CHOSEN] = "es"
    page.run()
    assert address_of(page)["tab"] == "checklists"
    assert [tab.label for tab in page.tabs] == [
        "En dos minutos",
        "Todos los datos",
        "Listas de comprobación",
    ]
    assert "### Ficha del modelo: versión f08" in words_of(page)
    states = {row[2] for table in tables_of(page) if table[0][0] == "N.º" for row in table[1:]}
    assert states == {"completo", "en parte", "pendiente"}


def test_the_pdf_is_in_the_language_of_who_asks_for_it() -> None:
    made = (panels._make_pdf(facts_of("m01"), 10, language) for language in ("en", "es"))
    english, spanish = (PdfReader(io.BytesIO(pdf)).pages[0].extract_text() for pdf in made)
    assert "Model card: run m01" in english
    assert "Ficha del modelo: versión m01" in spanish
    assert "Uso previsto" in spanish


def test_without_any_run_the_page_says_what_to_do(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runs / "models").mkdir()
    monkeypatch.setenv("FIRSTREAD_MODELS", str(runs / "models"))
    st.cache_resource.clear()
    page = open_page()
    assert page.header[0].value == "No runs yet"


def test_a_page_that_was_not_routed_shows_nothing_of_its_own(store: SqlReviewStore) -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not page.markdown
    assert not tables_of(page)


# --- the address ----------------------------------------------------------------------------------


def test_an_address_reads_back() -> None:
    view = CardView("m01", "checklists", 25)
    assert ADDRESS.read(ADDRESS.write(view), RUNS, "f04") == (view, [])


def test_what_an_address_leaves_out_has_a_default() -> None:
    assert ADDRESS.read({}, RUNS, "f04") == (CardView("f04"), [])
    assert ADDRESS.read({}, RUNS, "gone") == (CardView("f01"), [])


@pytest.mark.parametrize(
    "params", [{"run": "x"}, {"tab": "x"}, {"prevalence": "101"}, {"prevalence": "-1"}]
)
def test_what_an_address_says_wrongly_becomes_the_default(params: dict[str, str]) -> None:
    view, complaints = ADDRESS.read(params, RUNS, "f04")
    assert view == CardView("f04")
    assert len(complaints) == 1
    assert next(iter(params.values())) in complaints[0]


def test_a_wrong_address_is_said(runs: Path) -> None:
    page = open_page(run="nothing")
    assert "The address names run 'nothing'" in page.warning[0].value


def test_a_film_opens_in_the_gallery_under_its_run_and_cell() -> None:
    run = load_run(MODELS / "f01")
    films = read_predictions(run).of_split("test")
    missed, *_, alarm = surest_errors(films, run.operating_point.threshold)
    assert gallery_address("public", run, missed) == {
        "library": "public",
        "run": "f01",
        "split": "test",
        "cell": "fn",
        "film": film_code(missed.film_id),
    }
    assert gallery_address("public", run, alarm)["cell"] == "fp"


@dataclass(frozen=True)
class Library:
    """A library that only says whether its films are there, and what a run said of them."""

    has_films: bool
    said: Predictions | None = None

    def predictions(self, run: RunRecord) -> Predictions:
        assert self.said is not None
        return self.said


def test_public_films_are_shown_where_they_are_and_drawn_ones_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = facts_of("f01")
    films = film_table(4, label=[1, 1, 0, 0], film_id=["a", "b", "c", "d"])
    drawn = Library(has_films=True, said=predictions_of(films, [0.1, 0.99, 0.98, 0.2]))
    libraries = {"public": Library(has_films=True), "synthetic": drawn}
    monkeypatch.setattr("ui.model_card.films.get_libraries", lambda: libraries)
    assert find_errors(facts) == (libraries["public"], list_errors(facts), "")

    libraries["public"] = Library(has_films=False)
    library, errors, sentence = find_errors(facts)
    assert library is drawn
    assert [(film.film_id, film.ill) for film in errors] == [("a", True), ("c", False)]
    assert "do not apply to patients" in sentence

    imported = replace(facts, run=replace(facts.run, foreign=True))
    assert find_errors(imported) == (None, (), "The films themselves are not on this machine.")


# --- the plot -------------------------------------------------------------------------------------


def test_the_plot_has_each_rate_with_its_interval() -> None:
    rows = (
        MeasuredRow("Sensitivity", "test", Rate(0.9, 0.8, 0.95, 40)),
        MeasuredRow("Specificity", "test", Rate(0.7, 0.6, 0.8, 30)),
        MeasuredRow("Sensitivity", "adults", Rate(0.5, 0.4, 0.6, 20), out_of_population=True),
    )
    figure = plot_intervals(Intervals(rows))
    ends = [
        (one.x[0] - one.error_x.arrayminus[0], one.x[0], one.x[0] + one.error_x.array[0])
        for one in figure.data
    ]
    assert ends == [pytest.approx((row.rate.low, row.rate.value, row.rate.high)) for row in rows]
    assert figure.layout.annotations[0].text == "0.900 (0.800 to 0.950), n = 40"
    assert [round(float(place)) for (place,) in (one.y for one in figure.data)] == [0, 0, 1]


def test_subgroups_are_searched_again_only_where_a_file_changed(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = copy_runs(runs / "models", SERVED_RUN)
    monkeypatch.setenv("FIRSTREAD_MODELS", str(models))
    searched: list[str] = []

    def search(run: RunRecord, *_: object) -> None:
        searched.append(run.run_id)

    monkeypatch.setattr(model_card_data, "search_run", search)
    page = open_page()
    page.run()
    assert searched == [SERVED_RUN]
    (models / SERVED_RUN / PREDICTIONS_FILE).touch()
    page.run()
    assert searched == [SERVED_RUN] * 2
    assert not page.exception
