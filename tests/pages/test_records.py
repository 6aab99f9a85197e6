"""The Records page: empty, searched, exported, and the history of one film."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from review_records import FILM, OTHER_FILM, record, refused_film_record, sign
from streamlit.testing.v1 import AppTest

from core.domain import AbstentionBand, Verdict
from core.review_store import SqlReviewStore
from core.review_table import (
    AGREE,
    DISAGREE,
    NOT_COMPARED,
    compare_with_model,
    find_reads,
    reads_as_csv,
)
from core.settings import PROJECT_ROOT
from ui.charts import plot_reads

PAGE = PROJECT_ROOT / "pages" / "records.py"


def run_page() -> AppTest:
    router = AppTest.from_file(str(PROJECT_ROOT / "streamlit_app.py"), default_timeout=60)
    return router.run().switch_page("pages/records.py").run()


def test_an_empty_store_says_where_reads_come_from(store: SqlReviewStore) -> None:
    page = run_page()
    assert not page.exception
    assert page.header[0].value == "No signed reads yet"


def test_signed_reads_are_listed_and_found_by_word(store: SqlReviewStore) -> None:
    sign(store, record())
    sign(store, record(film_sha256=OTHER_FILM, film_name="zweites Bild", comment="frei"))
    page = run_page()
    assert not page.exception
    assert page.caption[0].value == "Choose a row to see every read of that film."
    assert len(page.dataframe[0].value) == 2
    page.text_input[0].set_value("ZWEITES").run()
    assert list(page.dataframe[0].value["Film"]) == ["zweites Bild"]
    page.text_input[0].set_value("nowhere").run()
    assert not [table for table in page.dataframe if "Film" in table.value]
    assert "No read matches" in page.info[0].value
    assert not page.exception


def test_disagreements_can_be_listed_alone(store: SqlReviewStore) -> None:
    sign(store, record(verdict=Verdict.NORMAL))  # 0.3 is below the operating point of 0.4: agree
    sign(store, record(film_sha256=OTHER_FILM, verdict=Verdict.PNEUMONIA))
    page = run_page()
    page.selectbox[1].set_value(DISAGREE).run()
    assert list(page.dataframe[0].value["Verdict"]) == ["pneumonia"]


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [(Verdict.NORMAL, AGREE), (Verdict.PNEUMONIA, DISAGREE), (Verdict.UNSURE, NOT_COMPARED)],
)
def test_reader_and_model_are_compared_at_the_operating_point(
    verdict: Verdict, answer: str
) -> None:
    assert compare_with_model(record(verdict=verdict)) == answer


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_model_that_takes_no_side_neither_agrees_nor_disagrees(verdict: Verdict) -> None:
    read = record(verdict=verdict)
    band = AbstentionBand(0.2, 0.5, 0.1, 0.9, "validation", 624, "by hand")
    unsure = replace(read, prediction=replace(read.prediction, abstention=band))
    assert compare_with_model(unsure) == NOT_COMPARED
    decided = replace(band, low=0.35)  # the film has 0.3
    below = replace(read, prediction=replace(read.prediction, abstention=decided))
    assert compare_with_model(below) == compare_with_model(read)


def test_a_refused_film_is_compared_with_nothing() -> None:
    assert compare_with_model(refused_film_record()) == NOT_COMPARED


def test_every_word_of_a_search_must_be_there() -> None:
    reads = [record(comment="left base"), record(comment="left apex")]
    assert find_reads(reads, "LEFT apex") == [reads[1]]
    assert find_reads(reads, FILM[:8]) == reads
    assert find_reads(reads, verdict=Verdict.NORMAL) == []


def test_the_csv_gives_back_every_value_and_runs_no_formula() -> None:
    dangerous = record(comment='=HYPERLINK("x")', film_name='a,"b"\nc')
    rows = list(csv.DictReader(io.StringIO(reads_as_csv([dangerous, refused_film_record()]))))
    assert rows[0]["Comment"] == '\'=HYPERLINK("x")'
    assert rows[0]["Film"] == 'a,"b"\nc'
    assert float(rows[0]["Probability"]) == dangerous.prediction.probability
    assert rows[1]["Probability"] == ""
    assert rows[1]["Quality"] == "refuse: blank"


def test_the_plot_keeps_disagreements_apart_and_leaves_refused_films_out() -> None:
    reads = [
        record(verdict=Verdict.NORMAL),
        record(verdict=Verdict.PNEUMONIA),
        record(verdict=Verdict.UNSURE),
        refused_film_record(),
    ]
    agreeing, disagreeing, unsure, *_ = plot_reads(reads).data
    assert [len(trace.x) for trace in (agreeing, disagreeing, unsure)] == [1, 1, 1]
    assert disagreeing.marker.symbol != agreeing.marker.symbol
    assert round(disagreeing.y[0]) == 2


def test_a_page_that_was_not_routed_shows_nothing_of_its_own(store: SqlReviewStore) -> None:
    sign(store, record())
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not page.dataframe
