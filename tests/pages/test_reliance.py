"""The Worklist's line on how its reader did on films like this one, and the table of all."""

from __future__ import annotations

import pytest
from fixtures.app_pages import open_app
from fixtures.review_records import lead, record, sign
from pages.test_read_first import labels, lock
from pages.test_review import CHEST, READER, choose_verdict, name_reader, press, upload, words_of
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.domain.model import Prediction
from core.domain.quality import QualityReport
from core.domain.review import ReadKind, Verdict
from core.pipeline import FilmReading
from core.reads.reliance import FEWEST_FILMS, band_of
from core.store.reads import SqlReviewStore
from ui.app import ledger

EARLIER, RIGHT = 8, 5
LINE = f"On {EARLIER} earlier films like this you said normal"


def reading_of(page: AppTest) -> FilmReading:
    visit = page.session_state["first_read"]
    reading: FilmReading = visit.outcome(visit.selected).reading
    return reading


def settle_earlier_films(store: SqlReviewStore, said: Prediction, films: int = EARLIER) -> None:
    """Store the reader's first reads of other films, each settled by an arbitration."""
    for number in range(films):
        of = {"film_sha256": f"{number:064x}", "prediction": said, "run_id": said.run_id}
        locked = record(
            reader=READER,
            kind=ReadKind.FIRST,
            verdict=Verdict.NORMAL,
            quality=QualityReport(),
            regions={},
            order_known=False,
            **of,
        )
        sign(store, locked)
        shows = Verdict.PNEUMONIA if number < RIGHT else Verdict.NORMAL
        store.append(
            record(
                reader="Dr. Cleo Senior",
                kind=ReadKind.ARBITRATION,
                verdict=shows,
                regions={},
                arbitrates=(locked.record_id,),
                supersedes=locked.record_id,
                **of,
            ),
            lead("Dr. Cleo Senior"),
        )


@pytest.fixture
def read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")


@pytest.mark.usefixtures("read_first")
def test_the_line_is_shown_after_the_lock_and_not_before(store: SqlReviewStore) -> None:
    page = upload(open_app(), CHEST)
    said = reading_of(page).prediction
    settle_earlier_films(store, said)
    name_reader(page)
    choose_verdict(page, Verdict.NORMAL)
    assert "Lock the first read" in labels(page)
    assert "earlier films like this" not in words_of(page)
    press(page, "Lock the first read")
    low, high = proportion_confint(RIGHT, EARLIER, method="wilson")
    assert f"{LINE} and the model was {band_of(said)}." in words_of(page)
    assert (f"right on {RIGHT} (95 % interval {low:.0%} to {high:.0%}).") in words_of(page)


@pytest.mark.usefixtures("read_first")
def test_a_films_own_truth_goes_before_its_arbitration(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {f"{number:064x}": Verdict.NORMAL for number in range(EARLIER)}
    monkeypatch.setattr(ledger, "reference_of_files", lambda *_: known)
    page = upload(open_app(), CHEST)
    settle_earlier_films(store, reading_of(page).prediction)
    lock(page, Verdict.NORMAL)
    assert "Changing your verdict would have been right on 0 (95 %" in words_of(page)


@pytest.mark.usefixtures("read_first")
@pytest.mark.parametrize(
    ("films", "verdict", "reader"),
    [
        (FEWEST_FILMS - 1, Verdict.NORMAL, READER),
        (EARLIER, Verdict.PNEUMONIA, READER),
        (EARLIER, Verdict.NORMAL, "Dr. Grace Second"),
    ],
    ids=["too few films", "another verdict", "another reader"],
)
def test_without_enough_films_like_it_nothing_is_said(
    films: int, verdict: Verdict, reader: str, store: SqlReviewStore
) -> None:
    page = upload(open_app(), CHEST)
    settle_earlier_films(store, reading_of(page).prediction, films)
    lock(page, verdict, reader)
    assert "uspicious for pneumonia" in words_of(page)
    assert "earlier films like this" not in words_of(page)


def test_a_site_that_shows_the_model_first_says_nothing(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_app(), CHEST)
    settle_earlier_films(store, reading_of(page).prediction)
    lock(page, Verdict.NORMAL)
    assert LINE in words_of(page)
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "false")
    page.run()
    assert "uspicious for pneumonia" in words_of(page)
    assert LINE not in words_of(page)


@pytest.mark.usefixtures("read_first")
def test_the_page_records_lists_the_readers_own_reads_of_settled_films(
    store: SqlReviewStore,
) -> None:
    page = upload(open_app(), CHEST)
    settle_earlier_films(store, reading_of(page).prediction)
    press(lock(page, Verdict.NORMAL), "Sign")
    for own in [
        one for one in store.everything() if one.film_sha256 != reading_of(page).film_sha256
    ]:
        if own.kind is ReadKind.FIRST:
            sign(
                store,
                record(
                    reader=READER,
                    film_sha256=own.film_sha256,
                    prediction=own.prediction,
                    run_id=own.run_id,
                    verdict=Verdict.PNEUMONIA,
                    quality=QualityReport(),
                    order_known=False,
                ),
            )
    page.switch_page("pages/records.py").run()
    table = next(one.value for one in page.dataframe if "You said first" in one.value.columns)
    (row,) = table.to_dict("records")
    assert (row["You said first"], row["Films"], row["Showed pneumonia"]) == ("normal", 8, 5)
    assert (row["You changed it"], row["Your last verdict was right"][:4]) == (8, "0.62")
    assert row["Your first verdict was right"].startswith("0.38 (")
    page.switch_page("pages/review.py").run()
    name_reader(page, "Dr. Grace Second")
    page.switch_page("pages/records.py").run()
    assert not any("You said first" in one.value.columns for one in page.dataframe)
