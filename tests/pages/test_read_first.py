"""Reading before the model: a first read is locked, the model is shown, and a read is signed."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from fixtures.review_records import record, sign
from pages.test_review import (
    CHEST,
    HAND,
    READER,
    chest,
    choose_verdict,
    name_reader,
    open_page,
    png,
    press,
    run_until,
    said_of,
    upload,
    words_of,
)
from pages.test_review_population import ADULT
from streamlit.testing.v1 import AppTest

from core.domain.mark import Mark
from core.domain.reader import Role
from core.domain.review import ReadKind, Verdict
from core.errors import RadiographError
from core.explain.reader_overlap import weigh_drawn
from core.jobs.batch import BatchJob, UploadedFilm
from core.pipeline import FilmReading
from core.reads.reader_performance import tabulate_readers
from core.store.audit_log import verify_records
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from ui.app import progress
from ui.app.identity import get_local_reader
from ui.app.session import Visit
from ui.components.viewer.viewer import scale_of
from ui.review import marks as drawn_marks
from ui.review import read_panel


@pytest.fixture(autouse=True)
def read_first(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[str, float | None]]]:
    """Read first, as a site does that changes nothing; return what the worklist was handed."""
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    handed = []
    build = read_panel.WorklistRow

    def note(**fields):
        handed.append((fields["side"], fields["probability"], fields["status"]))
        return build(**fields)

    monkeypatch.setattr(read_panel, "WorklistRow", note)
    return handed


def html_of(page: AppTest) -> str:
    return "".join(element.proto.body for element in page.get("html"))


def lock(page: AppTest, verdict: Verdict = Verdict.NORMAL, reader: str = READER) -> AppTest:
    name_reader(page, reader)
    choose_verdict(page, verdict)
    return press(page, "Lock the first read")


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_nothing_of_the_model_is_shown_before_the_first_read(
    store: SqlReviewStore, read_first
) -> None:
    page = upload(open_page(), CHEST)
    assert "The model's result appears after you lock your read." in words_of(page)
    assert not said_of(page)
    assert 'class="fr-scale"' not in html_of(page)
    assert 'class="fr-regions"' not in html_of(page)
    assert "Show the model's regions" not in labels(page)
    assert read_first[-1] == ("hidden", None, "to read")
    assert "The worklist is in the order of arrival." in words_of(page)


def test_both_reads_their_times_and_what_was_shown_are_kept(
    store: SqlReviewStore, read_first
) -> None:
    page = lock(upload(open_page(), CHEST))
    assert "Likelihood ratio" in said_of(page)
    assert 'class="fr-scale"' in html_of(page)
    assert 'class="fr-regions"' not in html_of(page)
    assert read_first[-1] == ("suspicious", None, "first read locked")
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    key = page.session_state["first_read"].selected
    first, signed = store.history(key)
    assert (first.kind, first.read.verdict, first.regions) == (
        ReadKind.FIRST,
        Verdict.NORMAL,
        {},
    )
    assert (signed.kind, signed.read.verdict, signed.regions) == (
        ReadKind.READ,
        Verdict.PNEUMONIA,
        {},
    )
    assert signed.supersedes == first.record_id
    assert first.opened_at < first.read.read_at <= signed.opened_at < signed.read.read_at
    assert read_first[-1] == ("suspicious", None, "signed: pneumonia")
    (numbers,) = tabulate_readers([first, signed], {key: Verdict.PNEUMONIA})
    assert (numbers.to_right, numbers.to_wrong, numbers.films) == (1, 0, 1)
    assert tabulate_readers([first], {}) == []
    assert verify_records(store.database).intact


def test_a_press_is_not_lost_when_the_last_film_is_read_while_the_page_runs(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page, READER)
    choose_verdict(page, Verdict.NORMAL)
    last_is_read, draw = threading.Event(), progress._draw_batch

    def read(film: UploadedFilm, _job: BatchJob) -> FilmReading:
        last_is_read.wait()
        raise RadiographError(f"{film.name} is no film.")

    def end_and_draw(job: BatchJob) -> bool:
        last_is_read.set()
        assert job.wait(60)
        return draw(job)

    monkeypatch.setattr(progress, "_draw_batch", end_and_draw)
    job = BatchJob([UploadedFilm("f" * 64, "other.png", b"")], read).start()
    page.session_state["first_read"].job = job
    press(page, "Lock the first read")
    assert store.count() == 1


def test_regions_come_on_request_and_are_kept_with_the_signed_read(store: SqlReviewStore) -> None:
    page = press(lock(upload(open_page(), CHEST)), "Show the model's regions")
    run_until(page, lambda: 'class="fr-regions"' in html_of(page))
    assert "Show the model's regions" not in labels(page)
    press(page, "Sign")  # the verdict is that of the first read until it is changed
    first, signed = store.history(page.session_state["first_read"].selected)
    assert first.regions == {}
    assert signed.regions["n_regions"] > 0
    assert signed.read.verdict is first.read.verdict


def test_a_locked_first_read_is_there_after_a_restart_and_cannot_be_made_again(
    store: SqlReviewStore,
) -> None:
    lock(upload(open_page(), CHEST))
    again = upload(open_page(), CHEST)
    assert "Likelihood ratio" in said_of(again)
    assert "Lock the first read" not in labels(again)
    assert "Sign" in labels(again)


def sent_to_browser(page: AppTest) -> str:
    """Return everything that the page has sent, as text."""
    return "\n".join(str(element.proto) for element in page._tree if hasattr(element, "proto"))


def test_no_message_to_the_browser_holds_the_models_answer_before_the_lock(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST)
    visit = page.session_state["first_read"]
    run_until(page, lambda: visit.explaining is not None and visit.explaining.finished)
    prediction = visit.outcome(visit.selected).reading.prediction
    digits = f"{prediction.probability:.4f}"[:5], f"{prediction.score:.4f}"[:5]
    sent = sent_to_browser(page)
    assert "first_read_viewer" in sent or '"film"' in sent.replace("\\", "")
    assert not any(number in sent for number in digits)
    assert "part of the log odds" not in sent
    press(lock(page), "Show the model's regions")
    run_until(page, lambda: 'class="fr-regions"' in html_of(page))
    assert "part of the log odds" in sent_to_browser(page)


def test_a_window_that_was_left_open_cannot_lock_again(store: SqlReviewStore) -> None:
    left_open = upload(open_page(), CHEST)
    name_reader(left_open)
    choose_verdict(left_open, Verdict.PNEUMONIA)
    lock(upload(open_page(), CHEST))
    press(left_open, "Lock the first read")
    assert store.count() == 1
    assert "Sign" in labels(left_open)


def test_an_inverted_film_that_was_refused_is_read_first_and_stands_as_no_dismissed_one(
    store: SqlReviewStore, read_first
) -> None:
    page = upload(open_page(), png("negative.png", np.float32(1) - chest(1)))
    name_reader(page)
    press(page, "Not to be read here")
    assert read_first[-1][2] == "not to be read here"
    press(page, "Invert and read again")
    run_until(page, lambda: "Lock the first read" in labels(page))
    assert not said_of(page)
    assert read_first[-1][2] == "to read"


BOX, POINT = (0.05, 0.1, 0.95, 0.9), (0.5, 0.5, 0.5, 0.5)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple]:
    """Return what is marked in the browser, by film: components do not run here."""
    marks: dict[str, tuple] = {}
    monkeypatch.setattr(
        drawn_marks, "read_marks_event", lambda _key, token: marks.get(token.partition("-")[0])
    )
    return marks


def marking_sent(page: AppTest) -> str:
    """Return the marking that the viewer was handed last, as JSON."""
    sent = sent_to_browser(page).replace("\\", "")
    return sent[sent.rindex('"marking"') :].partition(', "truths"')[0]


def test_a_region_drawn_at_the_first_read_is_locked_with_it_and_held_to_the_models(
    store: SqlReviewStore, marked
) -> None:
    page = upload(open_page(), CHEST)
    key = page.session_state["first_read"].selected
    assert "mark the finding on the film" in words_of(page)
    assert '"edit": true' in marking_sent(page)
    marked[key] = (BOX, POINT)
    page.run()
    assert "2 marks in your draft. x removes the last mark." in words_of(page)
    lock(page)
    assert '"edit": false' in marking_sent(page)
    assert str(list(BOX)) in marking_sent(page)
    assert "2 marked at your first read." in words_of(page)
    press(page, "Show the model's regions")
    run_until(page, lambda: 'class="fr-regions"' in html_of(page))
    explanation = page.session_state["first_read"].explaining.result
    overlap = weigh_drawn(explanation, [Mark(*BOX), Mark(*POINT)], scale_of(explanation).least)
    assert 0.0 < overlap.share <= 1.0
    assert (
        f"Your box contains {overlap.share * 100:.0f} % of the model's evidence for pneumonia, on "
        f"{overlap.area * 100:.0f} % of the area that it sees. Your point lies in "
    ) in words_of(page)
    press(page, "Sign")
    first, signed = store.history(key)
    assert (first.drawn, signed.drawn) == ((Mark(*BOX), Mark(*POINT)), ())
    assert signed.regions["share_inside_drawn"] == pytest.approx(overlap.share)
    again = upload(open_page(), CHEST)
    assert str(list(BOX)) in marking_sent(again)
    assert '"edit": false' in marking_sent(again)


def test_marks_stay_with_their_film_until_they_are_taken_away(
    store: SqlReviewStore, marked
) -> None:
    page = upload(open_page(), CHEST, png("other.png", chest(5)))
    visit = page.session_state["first_read"]
    key, other = visit.selected, next(film for film in visit.films if film != visit.selected)
    marked[key] = (BOX,)
    page.run()
    marked.clear()  # the browser speaks of the other film now
    visit.selected = other
    page.run()
    assert "mark the finding on the film" in words_of(page)
    visit.selected = key
    page.run()
    assert "1 mark in your draft" in words_of(page)
    marked[key] = ()
    page.run()
    lock(page)
    assert store.history(key)[0].drawn == ()


def test_a_second_reader_sees_neither_the_model_nor_the_first_readers_verdict(
    store: SqlReviewStore, read_first
) -> None:
    page = press(lock(upload(open_page(), CHEST)), "Sign")
    name_reader(page, "Dr. Grace Second")
    assert "Lock the first read" in labels(page)
    assert not said_of(page)
    assert READER not in html_of(page).replace(f"Reading: {READER}", "")
    page.run()
    assert read_first[-1] == ("hidden", None, "yours to read")
    page.switch_page("pages/records.py").run()
    assert "1 film that others have read awaits your own first read." in words_of(page)
    assert all("Film" not in table.value.columns for table in page.dataframe)
    queue = next(one for one in page.selectbox if one.label.startswith("Awaiting arbitration"))
    assert queue.value is None  # a lead sees that there is one, and more only by choosing it
    page.toggle[0].set_value(True).run()
    assert set(page.dataframe[0].value["Reader"]) == {READER}
    page.switch_page("pages/review.py").run()
    lock(page, reader="Dr. Grace Second")
    page.switch_page("pages/records.py").run()
    next(one for one in page.checkbox if one.label.startswith("First and")).check().run()
    assert set(page.dataframe[0].value["Reader"]) == {READER, "Dr. Grace Second"}


def test_who_settles_nothing_sees_only_films_of_their_own_reading(
    store: SqlReviewStore, read_first
) -> None:
    other = {"film_name": "of another", "order_known": False}
    first = record(kind=ReadKind.FIRST, regions={}, **other)
    sign(store, first)
    sign(store, record(supersedes=first.record_id, **other))
    page = press(lock(upload(open_page(), CHEST)), "Sign")
    page.switch_page("pages/records.py").run()
    assert "of another" not in set(page.dataframe[0].value["Film"])
    assert "Dr Ádám" in page.dataframe[1].value.columns  # who is counted with all others
    page.toggle[0].set_value(True).run()
    assert "of another" in set(page.dataframe[0].value["Film"])
    choose_local_reader(store.database, READER, Role.READER)
    get_local_reader.clear()
    page.run()
    assert "1 film that others have read awaits your own first read." in words_of(page)
    assert "of another" not in set(page.dataframe[0].value["Film"])
    assert not page.toggle
    assert list(page.dataframe[1].value.columns) == ["", READER]


def test_a_refused_film_has_nothing_to_hide(store: SqlReviewStore) -> None:
    page = upload(open_page(), HAND)
    assert "Not read by the model" in words_of(page)
    assert "Not to be read here" in labels(page)


@pytest.mark.parametrize("role", [Role.TRAINEE, Role.ADMIN])
def test_who_may_not_sign_sees_nothing_of_the_model_either(
    store: SqlReviewStore, role: Role
) -> None:
    choose_local_reader(store.database, "Tess", role)
    page = upload(open_page(), CHEST)
    assert "your role cannot lock one" in words_of(page)
    assert f"The role {role} may not sign a read" in words_of(page)
    assert not {"Lock the first read", "Show the model's regions"} & set(labels(page))
    assert not said_of(page)


# --- what survives an interruption ---


def test_one_run_of_the_page_asks_for_a_films_history_at_most_once(
    store: SqlReviewStore, marked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    history, keep_to = SqlReviewStore.history, Visit.keep_to

    def note(store: SqlReviewStore, key: str):
        asked[-1].append(key)
        return history(store, key)

    def begin(visit: Visit, served) -> bool:  # which the page does once a run
        asked.append([])
        return keep_to(visit, served)

    monkeypatch.setattr(SqlReviewStore, "history", note)
    monkeypatch.setattr(Visit, "keep_to", begin)
    page = upload(open_page(), CHEST)
    key = page.session_state["first_read"].selected
    marked[key] = (BOX,)
    press(lock(page), "Show the model's regions")
    run_until(page, lambda: 'class="fr-regions"' in html_of(page))
    press(page, "Sign")
    upload(open_page(), CHEST)  # which looks for a read that was left open
    assert {key} == {film for run in asked for film in run}
    assert max(map(len, asked)) == 1


def draft(page: AppTest, verdict: Verdict, comment: str) -> None:
    choose_verdict(page, verdict)
    page.text_area[0].set_value(comment).run()


def test_a_read_that_was_being_written_is_there_when_the_film_is_uploaded_again(
    store: SqlReviewStore, marked
) -> None:
    page = upload(open_page(), CHEST, png("other.png", chest(5)))
    visit = page.session_state["first_read"]
    name_reader(page)
    visit.selected = next(film for film in visit.films if film != visit.selected)
    marked[visit.selected] = (BOX,)
    page.run()
    draft(page, Verdict.PNEUMONIA, "left base")
    left_open = visit.selected
    marked.clear()
    again = upload(open_page(), CHEST, png("other.png", chest(5)))
    assert again.session_state["first_read"].selected == left_open
    assert again.text_area[0].value == "left base"
    assert "1 mark in your draft" in words_of(again)
    press(again, "Lock the first read")
    (first,) = store.history(left_open)
    assert (first.read.verdict, first.read.comment) == (Verdict.PNEUMONIA, "left base")
    assert first.drawn == (Mark(*BOX),)
    assert verify_records(store.database).intact


def test_regions_that_were_asked_for_before_an_interruption_are_shown_and_kept(
    store: SqlReviewStore,
) -> None:
    press(lock(upload(open_page(), CHEST)), "Show the model's regions")
    again = upload(open_page(), CHEST)
    assert "Show the model's regions" not in labels(again)
    run_until(again, lambda: 'class="fr-regions"' in html_of(again))
    press(again, "Sign")
    _, signed = store.history(again.session_state["first_read"].selected)
    assert signed.regions["n_regions"] > 0


def test_what_another_reader_stores_meanwhile_takes_nothing_from_a_draft(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    draft(page, Verdict.NORMAL, "clear")
    key = page.session_state["first_read"].selected
    other = record(kind=ReadKind.FIRST, film_sha256=key, reader="Dr. Grace Second", regions={})
    sign(store, other)
    page.run()
    assert page.text_area[0].value == "clear"
    press(page, "Lock the first read")
    assert store.history(key)[1].read.comment == "clear"


def test_ones_own_read_stands_in_the_list_whatever_another_reader_does(
    store: SqlReviewStore, read_first
) -> None:
    page = press(lock(upload(open_page(), CHEST)), "Sign")
    key = page.session_state["first_read"].selected
    sign(store, record(kind=ReadKind.FIRST, film_sha256=key, reader="Dr. Grace", regions={}))
    page.run()
    assert read_first[-1][2] == "signed: normal"


def test_a_reader_who_writes_their_name_otherwise_makes_no_second_blind_read(
    store: SqlReviewStore,
) -> None:
    page = press(lock(upload(open_page(), CHEST)), "Sign")
    name_reader(page, READER.upper())
    assert "Lock the first read" not in labels(page)
    assert "Correct this read" in labels(page)


def test_the_time_at_other_films_is_no_time_at_this_one(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST, png("other.png", chest(5)))
    visit = page.session_state["first_read"]
    name_reader(page)
    key, other = visit.selected, next(film for film in visit.films if film != visit.selected)
    visit.selected = other
    page.run()
    time.sleep(1.5)
    visit.selected = key
    page.run()
    lock(page)
    (first,) = store.history(key)
    assert 0 < first.shown_s < (first.read.read_at - first.opened_at).total_seconds() - 1.4


def test_the_comment_of_the_blind_read_goes_on_into_the_signed_one(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    draft(page, Verdict.NORMAL, "left base")
    assert "Comment saved" in words_of(page)
    press(page, "Lock the first read")
    assert page.text_area[0].value == "left base"
    press(page, "Sign")
    (signed,) = store.recent()
    assert signed.read.comment == "left base"
    assert "after your own blind read" in html_of(page)


def test_a_read_that_was_signed_in_another_window_says_so(store: SqlReviewStore) -> None:
    page = lock(upload(open_page(), CHEST))
    page.text_area[0].set_value("left base").run()
    other = press(upload(open_page(), CHEST), "Sign")
    assert "Correct this read" in labels(other)
    page.run()
    assert "Your read of this film was stored in another window." in words_of(page)
    press(page, "Correct this read")
    assert page.text_area[0].value == "left base"
    assert "another window" not in words_of(page)


def test_an_adults_film_carries_its_caution_before_the_blind_read(
    store: SqlReviewStore, read_first
) -> None:
    page = upload(open_page(), ADULT)
    assert "Your blind read" in words_of(page)
    assert "Patient age: adult." in words_of(page)
    assert "Quality check passed" in words_of(page)
    assert read_first[-1][2] == "to read"
