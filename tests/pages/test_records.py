"""The Records page: empty, searched, exported, and the history of one film."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest
from fixtures import app_pages
from fixtures.kermany_stand_in import write_bytes
from fixtures.review_records import (
    FILM,
    OTHER_FILM,
    raw_connection,
    record,
    refused_film_record,
    sign,
)
from fixtures.stand_in_films import served_predictions, write_stand_ins
from streamlit.testing.v1 import AppTest

from core.domain.model import AbstentionBand, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reader import Role
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.jobs.batch import UploadedFilm
from core.library.film_codes import film_code
from core.reads.drift import FEWEST_FILMS
from core.reads.export import (
    AGREE,
    DISAGREE,
    NOT_COMPARED,
    compare_with_model,
    find_reads,
    reads_as_csv,
)
from core.reads.reader_roc import trace_readers
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app import ledger
from ui.app.identity import get_local_reader
from ui.charts.base import plot_reads
from ui.components.figures import dimmed
from ui.records import reads, reports
from ui.records.panels import corrected_reads

PAGE = PROJECT_ROOT / "pages" / "records.py"
BESIDE = "Run that read the films"


run_page = partial(app_pages.open_page, "records")


def test_an_empty_store_says_where_reads_come_from(store: SqlReviewStore) -> None:
    page = run_page()
    assert not page.exception
    assert page.header[0].value == "No signed reads yet"


def test_signed_reads_are_listed_and_found_by_word(store: SqlReviewStore) -> None:
    sign(store, record())
    sign(store, record(film_sha256=OTHER_FILM, film_name="zweites Bild", comment="frei"))
    page = run_page()
    assert not page.exception
    assert page.caption[0].value == "Newest first. Choose a row to see its film."
    assert len(page.dataframe[0].value) == 2
    page.text_input[0].set_value("ZWEITES").run()
    assert list(page.dataframe[0].value["Film"]) == ["zweites Bild"]
    page.text_input[0].set_value("nowhere").run()
    assert not [table for table in page.dataframe if "Film" in table.value]
    assert "No signed read matches" in page.info[0].value
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
    named = {trace.name for trace in plot_reads(reads[:2]).data if trace.showlegend}
    assert named == {"reader and model agree", "reader and model disagree"}
    assert round(disagreeing.y[0]) == 2


def test_a_page_that_was_not_routed_shows_nothing_of_its_own(store: SqlReviewStore) -> None:
    sign(store, record())
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not page.dataframe


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception
    return page


def drawn(**changes):
    note = Finding("synthetic", Severity.NOTE, None, None, "it shows no patient.")
    return record(quality=QualityReport((note,)), **changes)


def listed(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Film"])


def test_synthetic_and_patients_films_are_told_apart_and_filtered(store: SqlReviewStore) -> None:
    sign(store, record(film_name="patient"))
    sign(store, drawn(film_sha256=OTHER_FILM, film_name="drawn"))
    page = run_page()
    assert listed(page) == ["patient"]  # what is counted is not mixed unless that is asked for
    page.selectbox(key="records-films").select_index(0).run()
    assert list(page.dataframe[0].value["Film type"]) == ["synthetic", "patient"]
    page.selectbox(key="records-films").set_value("synthetic films").run()
    assert listed(page) == ["drawn"]
    assert "1 more on patients' films" in [one.label for one in page.button]
    page = run_page()
    (more,) = [one for one in page.button if one.label == "1 more on synthetic films"]
    more.click().run()
    assert sorted(listed(page)) == ["drawn", "patient"]
    assert not [one for one in page.button if " more on " in one.label]


def test_drawn_films_alone_are_listed_without_asking(store: SqlReviewStore) -> None:
    sign(store, drawn(film_name="drawn"))
    assert listed(run_page()) == ["drawn"]


def test_reads_are_filtered_by_reader_and_day_and_corrected_ones_come_on_request(
    store: SqlReviewStore,
) -> None:
    first = record(film_name="first", read_at=datetime(2024, 5, 4, tzinfo=UTC))
    sign(store, first)
    sign(store, record(film_name="corrected", supersedes=first.record_id))
    later = datetime(2024, 5, 9, tzinfo=UTC)
    sign(store, record(film_sha256=OTHER_FILM, film_name="other", reader="Grace", read_at=later))
    page = run_page()
    assert listed(page) == ["other", "corrected"]
    page.checkbox(key="records-corrected").check().run()
    assert listed(page) == ["other", "corrected", "first"]
    page.date_input(key="records-days").set_value((date(2024, 5, 5), date(2024, 5, 9))).run()
    assert listed(page) == ["other"]
    page.date_input(key="records-days").set_value((date(2024, 5, 4), date(2024, 5, 9))).run()
    reader = next(box for box in page.selectbox if box.label == "Reader")
    reader.set_value("Dr Ádám").run()
    assert listed(page) == ["corrected", "first"]


def test_a_readers_numbers_stand_beside_the_models(store: SqlReviewStore, monkeypatch) -> None:
    known = {FILM: Verdict.PNEUMONIA, OTHER_FILM: Verdict.NORMAL}
    monkeypatch.setattr(ledger, "reference_of_files", lambda *_: known)
    sign(store, record(verdict=Verdict.PNEUMONIA))  # the model has 0.3 for both: not suspicious
    sign(store, record(film_sha256=OTHER_FILM, verdict=Verdict.NORMAL))
    page = run_page()
    numbers = page.dataframe[1].value.set_index("")["Dr Ádám"]
    assert numbers["Sensitivity"] == "1.00 (0.21 to 1.00, n = 1)"
    assert numbers["Model's sensitivity"] == "0.00 (0.00 to 0.79, n = 1)"
    assert numbers["Model's specificity"] == "1.00 (0.21 to 1.00, n = 1)"
    assert numbers["Agreed when the model was wrong"] == "0.00 (0.00 to 0.79, n = 1)"
    assert numbers["Over-reliance"] == "none (n = 0)"
    assert numbers["Median time to the first read"] == "not kept"
    assert list(page.dataframe[0].value["Reference"]) == ["normal", "pneumonia"]


def test_a_first_read_is_counted_with_its_last_one_whichever_days_are_chosen(
    store: SqlReviewStore, monkeypatch
) -> None:
    monkeypatch.setattr(ledger, "reference_of_files", lambda *_: {FILM: Verdict.NORMAL})
    early, late = datetime(2024, 5, 4, tzinfo=UTC), datetime(2024, 5, 9, tzinfo=UTC)
    first = record(kind=ReadKind.FIRST, regions={}, verdict=Verdict.PNEUMONIA, read_at=early)
    sign(store, first)
    sign(store, record(supersedes=first.record_id, verdict=Verdict.NORMAL, read_at=late))
    page = run_page()

    def numbers() -> dict[str, str]:
        return page.dataframe[1].value.set_index("")["Dr Ádám"]

    assert numbers()["Changed wrong to right"] == "1"
    assert numbers()["Under-reliance"] == "0.00 (0.00 to 0.79, n = 1)"
    page.date_input(key="records-days").set_value((date(2024, 5, 5), date(2024, 5, 9))).run()
    assert numbers()["Changed wrong to right"] == "1"
    page.date_input(key="records-days").set_value((date(2024, 5, 4), date(2024, 5, 8))).run()
    assert len(page.dataframe) <= 1
    assert any("No signed read matches" in info.value for info in page.info)


def test_reads_beyond_the_list_are_counted_disputed_and_said(
    store: SqlReviewStore, monkeypatch
) -> None:
    sign(store, record(verdict=Verdict.PNEUMONIA, film_name="the oldest"))
    for number in range(3):
        sign(store, record(film_sha256=f"{number:064x}", verdict=Verdict.NORMAL))
    monkeypatch.setattr(reads, "LISTED", 2)
    page = run_page()
    assert len(page.dataframe[0].value) == 2
    assert any("newest 2 of 4 matching reads" in caption.value for caption in page.caption)
    assert page.dataframe[1].value.set_index("")["Dr Ádám"]["Reads counted"] == "4"
    assert page.selectbox(key="records-dispute").options[0].startswith("the oldest")


def test_later_visits_ask_for_new_reads_only_and_see_a_restored_database(
    store: SqlReviewStore, monkeypatch
) -> None:
    asked: list[int] = []
    everything = SqlReviewStore.everything

    def ask(self: SqlReviewStore, skip: int = 0) -> Sequence[ReviewRecord]:
        asked.append(skip)
        return everything(self, skip)

    monkeypatch.setattr(SqlReviewStore, "everything", ask)
    sign(store, record())
    page = run_page()
    sign(store, record(film_sha256=OTHER_FILM))
    page.run()
    assert asked == [0, 1]
    assert len(page.dataframe[0].value) == 2
    monkeypatch.setattr(SqlReviewStore, "count", lambda _: 1)
    page.run()
    assert asked[2:] == [0]


def test_one_reader_who_writes_the_name_in_two_ways_is_one(store: SqlReviewStore) -> None:
    sign(store, record())
    sign(store, record(film_sha256=OTHER_FILM, reader="DR ÁDÁM"))
    page = run_page()
    numbers = page.dataframe[1].value.set_index("")
    assert list(numbers.columns) == ["DR ÁDÁM"]
    assert numbers["DR ÁDÁM"]["Reads counted"] == "2"
    assert page.selectbox[2].options == ["any", "DR ÁDÁM"]


def test_one_run_at_a_time_stands_beside_the_reader(store: SqlReviewStore) -> None:
    point = record().prediction.operating_point
    sign(store, record())
    page = run_page()
    assert not page.get("button_group") or page.get("button_group")[0].label != BESIDE
    other = Prediction(0.9, 0.0, "run-2", point)
    sign(store, record(film_sha256=OTHER_FILM, prediction=other, run_id="run-2"))
    page.run()
    runs = next(one for one in page.get("button_group") if one.label == BESIDE)
    assert page.dataframe[1].value.set_index("")["Dr Ádám"]["Reads counted"] == "2"
    runs.set_value("run-2").run()
    assert page.dataframe[1].value.set_index("")["Dr Ádám"]["Reads counted"] == "1"


def test_a_readers_curve_stands_beside_the_models(store: SqlReviewStore, monkeypatch) -> None:
    films = [f"{n:064x}" for n in range(12)]
    known = {film: list(Verdict)[n % 2] for n, film in enumerate(films)}
    monkeypatch.setattr(ledger, "reference_of_files", lambda *_: known)
    for film in films[:-3]:
        sign(store, record(film_sha256=film, verdict=known[film]))
    page = run_page()
    assert "no ROC curve from 5 reads of films with pneumonia and 4 of normal" in page.info[0].value
    for film in films[-3:]:
        sign(store, record(film_sha256=film, verdict=Verdict.UNSURE))
    page.run()
    areas = dict(page.table[-1].value.itertuples(index=False))
    (curve,) = trace_readers(store.everything(), known, alone=False)
    own, model = curve.own.area, curve.model.area
    assert areas == {
        "Dr Ádám": dimmed(f"{own.value:.2f} ({own.low:.2f} to {own.high:.2f}, n = 12)"),
        "The model, on the same films": dimmed(
            f"0.50 ({model.low:.2f} to {model.high:.2f}, n = 12)"
        ),
    }


def test_a_lead_settles_a_dispute_and_the_queue_is_empty(store: SqlReviewStore) -> None:
    sign(store, record(verdict=Verdict.PNEUMONIA, film_name="disputed"))
    page = run_page()
    assert page.selectbox(key="records-dispute").options == ["disputed (reader and model)"]
    press(page, "Sign the arbitration")
    assert "Choose a verdict first." in page.warning[0].value
    page.get("button_group")[0].set_value(Verdict.NORMAL).run()
    page.text_input(key="reader-name").set_value("Dr Senior").run()
    press(page, "Sign the arbitration")
    assert "State the reason" in page.warning[0].value
    reason = next(area for area in page.text_area if area.label == "Reason")
    reason.set_value("clear lung fields")
    press(page, "Sign the arbitration")
    assert any("No disagreements are open" in info.value for info in page.info)
    first, settled = store.history(FILM)
    assert (settled.kind, settled.supersedes) == (ReadKind.ARBITRATION, first.record_id)
    assert (settled.reader, settled.read.verdict) == ("Dr Senior", Verdict.NORMAL)


def test_the_button_verifies_the_chain_and_names_a_changed_read(
    store: SqlReviewStore, tmp_path: Path
) -> None:
    sign(store, record("first"))
    page = press(run_page(), "Verify all records")
    assert "are as they were written" in page.success[0].value
    with raw_connection(f"sqlite:///{tmp_path / 'reads.sqlite3'}") as connection:
        connection.execute("DROP TRIGGER reviews_never_change")
        connection.execute("UPDATE reviews SET verdict = 'normal'")
        connection.commit()
    press(page, "Verify all records")
    assert (
        "reviews, row 1 (first, Dr Ádám): was changed after it was written." in page.error[0].value
    )


def test_a_week_whose_probabilities_have_moved_away_rings(store: SqlReviewStore) -> None:
    point = record().prediction.operating_point
    for number in range(FEWEST_FILMS):
        prediction = Prediction(0.5, 0.0, SERVED_RUN, point)
        film = f"{number:064x}"
        sign(store, record(film_sha256=film, prediction=prediction, run_id=SERVED_RUN))
    page = run_page()
    assert any("Week of 2024-04-29" in warning.value for warning in page.warning)


def choose_row(page: AppTest, row: int) -> AppTest:
    page.session_state["records-table"] = {"selection": {"rows": [row], "columns": []}}
    return page.run()


def html_of(page: AppTest) -> str:
    return " ".join(one.proto.body for one in page.get("html"))


def links_of(page: AppTest) -> dict[str, str]:
    return {one.proto.label: one.proto.query_string for one in page.get("page_link")}


def test_a_read_leads_to_its_film_among_labelled_films_and_to_review(
    store: SqlReviewStore, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "data"))
    film_id = str(served_predictions().of_split("test").films.film_id[0])
    write_stand_ins(tmp_path / "data", [film_id])
    content = b"a larger copy"
    larger = tmp_path / "data" / "kermany_fullres" / "images" / Path(film_id).name
    write_bytes(larger, content)
    sign(store, record(film_sha256=hashlib.sha256(content).hexdigest()))
    sign(store, record(film_sha256=OTHER_FILM, film_name="gone"))
    page = choose_row(run_page(), 1)
    assert f"film={film_code(film_id)}" in links_of(page)["Open the film on Errors"]
    assert "Go to the Worklist" in links_of(page)
    page = choose_row(page, 0)
    assert "Open the film on Errors" not in links_of(page)
    assert any("The film is not kept any more" in one.value for one in page.caption)


def test_a_film_of_the_visit_opens_on_review(store: SqlReviewStore) -> None:
    sign(store, record())
    page = run_page()
    visit = page.session_state["first_read"]
    visit.films[FILM] = UploadedFilm(FILM, "chest.png", b"")
    page = choose_row(page, 0)
    assert "Go to the Worklist" not in links_of(page)
    opened = next(one for one in page.button if one.label == "Open the film on the Worklist")
    opened.click().run()
    assert page.session_state["first_read"].selected == FILM


def test_only_a_read_that_was_signed_again_in_other_words_is_corrected(
    store: SqlReviewStore,
) -> None:
    first = record(kind=ReadKind.FIRST, regions={}, verdict=Verdict.NORMAL)
    signed = record(supersedes=first.record_id, verdict=Verdict.PNEUMONIA)
    for one in (first, signed):
        sign(store, one)
    alone = html_of(choose_row(run_page(), 0))
    assert "Corrected later" not in alone
    assert "UTC, after a blind read of theirs." in alone
    again = record(supersedes=signed.record_id, verdict=Verdict.PNEUMONIA)
    assert corrected_reads([first, signed, again]) == set()
    other = record(supersedes=signed.record_id, verdict=Verdict.NORMAL)
    sign(store, other)
    assert corrected_reads([first, signed, other]) == {signed.record_id}
    both = html_of(choose_row(run_page(), 0))
    assert both.count("Corrected later") == 1
    assert "UTC. It corrects an earlier read: pneumonia." in both
    choose_local_reader(store.database, signed.reader, Role.READER)
    get_local_reader.clear()
    assert "UTC, after your own blind read." in html_of(choose_row(run_page(), 0))


def test_the_list_has_no_empty_column_and_unsure_has_no_confidence(store: SqlReviewStore) -> None:
    sign(store, record(verdict=Verdict.UNSURE, comment=""))
    table = run_page().dataframe[0]
    assert not {"Reference", "Comment", "Confidence (1 to 5)"} & set(table.value.columns)
    assert list(table.value.columns)[5:7] == ["Probability", "Kind"]  # in sight at once
    assert json.loads(table.proto.columns)["Probability"]["label"] == "Score"
    assert table.proto.placeholder == ""
    sign(store, record(film_sha256=OTHER_FILM, verdict=Verdict.NORMAL, comment="clear"))
    listed = run_page().dataframe[0].value
    assert listed["Confidence (1 to 5)"].tolist()[0] == 4
    assert listed["Confidence (1 to 5)"].isna().tolist() == [False, True]


def test_the_reports_of_what_the_filters_leave_are_the_visitors_own(
    store: SqlReviewStore, monkeypatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(
        reports,
        "draw_reports_of",
        lambda _visit, place, histories: asked.append(
            [place, *(film.name for film, _ in histories)]
        ),
    )
    for film, name, reader in (
        (FILM, "left base", "Dr Ádám"),
        (OTHER_FILM, "right base", "Dr Ádám"),
        ("ef" * 32, "of another", "Grace"),
    ):
        sign(store, record(film_sha256=film, film_name=name, reader=reader))
    page = run_page()
    assert not [one for one in page.get("popover") if "Reports" in one.proto.popover.label]
    page.text_input(key="reader-name").set_value("dr ádám").run()
    page.session_state["records-reports"] = True
    page.run()
    assert asked[-1] == ["records-selection", "right base", "left base"]
    words = next(one for one in page.text_input if one.label.startswith("Find film"))
    words.set_value("LEFT").run()
    page.session_state["records-reports"] = True
    page.run()
    assert asked[-1] == ["records-selection", "left base"]


def test_a_press_does_not_list_the_public_films_again(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []

    def list_none(data: Path) -> tuple[Path, ...]:
        listed.append(data)
        return ()

    monkeypatch.setattr(ledger, "list_test_files", list_none)
    sign(store, record())
    page = run_page()
    page.run()
    assert len(listed) == 1
