"""The Review page without a browser: uploads, refusals, drafts and signatures."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.app_pages import open_app as open_page
from PIL import Image
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

from core.domain.arrays import FloatImage
from core.domain.reader import Reader
from core.domain.regions import Way
from core.domain.review import ReviewRecord, Verdict
from core.errors import Cancelled, ReviewStoreError
from core.jobs.batch import FilmState, UploadedFilm
from core.jobs.film_pool import get_film_pool
from core.jobs.film_worker import FilmAnswer, FilmWork
from core.phantom.film import draw_film
from core.phantom.hand import draw_hand
from core.phantom.settings import FindingName, draw_settings
from core.runs.store import amend_record, load_run, read_record
from core.settings import SERVED_RUN, get_settings
from core.store.audit_log import verify_records
from core.store.dismissals import dismissals_of
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_runs
from ui.app import resources
from ui.review import uploads

File = tuple[str, bytes, str]
READER = "Dr. Ada Reader"


def png(name: str, pixels: FloatImage) -> File:
    buffer = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(buffer, "PNG")
    return name, buffer.getvalue(), "image/png"


def chest(seed: int, finding: FindingName = "normal", height_px: int = 400) -> FloatImage:
    return draw_film(draw_settings(seed, finding), height_px=height_px).pixels


CHEST = png("chest.png", chest(3, "lobar"))  # suspicious, and not beyond every doubt
HAND = png("hand.png", draw_hand(0))


def upload(page: AppTest, *files: File) -> AppTest:
    page.get("file_uploader")[0].set_value(list(files))
    page.run()
    return run_until(page, lambda: page.session_state["first_read"].job is None)


def run_until(page: AppTest, happened) -> AppTest:
    for _ in range(600):
        if happened():
            return page
        time.sleep(0.1)
        page.run()
    pytest.fail("the page did not come so far within a minute")


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.header, page.error, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def focus_of(page: AppTest) -> str:
    """Return the key of what is to have the focus."""
    sent = [json.loads(one.proto.json) for one in page.get("bidi_component") if one.proto.json]
    (focus,) = [one["focus"] for one in sent if "focus" in one]
    return str(focus)


def said_of(page: AppTest) -> str:
    """Return what the page says of the score: its number and a sentence; empty if it says none."""
    return "".join(
        one.proto.body for one in page.get("html") if 'class="fr-said"' in one.proto.body
    )


def choose_verdict(page: AppTest, verdict: Verdict) -> None:
    verdict_of(page).set_value(verdict).run()


def verdict_of(page: AppTest):
    return next(one for one in page.get("button_group") if one.label == "Your verdict")


def press(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click().run()
    return page


def name_reader(page: AppTest, name: str = READER) -> None:
    page.text_input(key="reader-name").set_value(name).run()


def test_an_empty_page_says_what_to_upload(store: SqlReviewStore) -> None:
    page = open_page()
    assert "Triage new chest films" in words_of(page)
    assert page.get("file_uploader")[0].label.startswith("Films: JPEG, PNG, TIFF, BMP or DICOM")


def test_an_uploaded_film_gets_side_and_number_in_a_doctors_words(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST)
    assert "Likelihood ratio" in said_of(page)
    assert "threshold, which was chosen to find 97 of 100" in words_of(page)
    assert "On the official test split it found" in words_of(page)


def serve_with_band(models: Path, tmp_path: Path, monkeypatch, **edges: float | None) -> None:
    shutil.copytree(models, tmp_path / "models")
    folder = tmp_path / "models" / SERVED_RUN
    amend_record(folder, {"abstention": {**read_record(folder)["abstention"], **edges}})
    monkeypatch.setenv("FIRSTREAD_MODELS", str(tmp_path / "models"))


def test_inside_the_band_the_page_takes_no_side_and_says_what_that_means(
    store: SqlReviewStore, served_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_with_band(served_models, tmp_path, monkeypatch, low=0.0, high=None)
    page = upload(open_page(), CHEST)
    words = words_of(page)
    assert "**Unsure: read with care**" in words
    assert "uspicious for pneumonia" not in words
    assert "at most 10 of 100 films called pneumonia, and as many called normal, are wrong" in words
    assert "(90 % confidence, validation patients, n = 798)" in words
    wrong = load_run(get_settings().models / SERVED_RUN).decided["test"]["error_pneumonia"]
    of_100 = f"{wrong['value'] * 100:.0f} of 100"
    assert f"On the official test split, {of_100} (" in words
    assert f"n = {wrong['n']}) called pneumonia" in words
    scale = next(h.proto.body for h in page.get("html") if "fr-scale" in h.proto.body)
    assert 'style="left:0.00%;width:100.00%"' in scale
    assert "unsure from 0.00 to 1.00" in scale


def test_a_band_without_width_takes_a_side_and_draws_no_band(
    store: SqlReviewStore, served_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_with_band(served_models, tmp_path, monkeypatch, low=0.0, high=0.0)
    page = upload(open_page(), CHEST)
    assert "**Suspicious for pneumonia**" in words_of(page)
    scale = next(h.proto.body for h in page.get("html") if "fr-scale" in h.proto.body)
    assert "fr-band" not in scale


def test_the_standing_line_says_since_when_the_run_serves(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    (served,) = list_served_runs(store.database)
    assert served.run_id == SERVED_RUN
    line = f"Active model: {SERVED_RUN}, since {served.since:%Y-%m-%d %H:%M} UTC."
    assert any(line in html.proto.body for html in page.get("html"))


def test_a_run_that_may_not_serve_is_one_sentence(
    store: SqlReviewStore, served_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_with_band(served_models, tmp_path, monkeypatch)
    amend_record(tmp_path / "models" / SERVED_RUN, {"exhibit": True})
    page = open_page()
    assert not page.exception
    assert f"run {SERVED_RUN} may not read films" in page.error[0].value


def test_a_refused_film_shows_its_reasons_and_no_probability(store: SqlReviewStore) -> None:
    page = upload(open_page(), HAND)
    assert "Not read by the model" in words_of(page)
    assert "**Refused**" in words_of(page)
    assert not said_of(page)


def test_a_refused_picture_gets_no_verdict_and_may_be_noted_as_no_chest_film(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), HAND)
    labels = [button.label for button in page.button]
    assert not [one for one in page.get("button_group") if one.label == "Your verdict"]
    assert not {"Sign", "Lock the first read"} & set(labels)
    press(page, "Not to be read here")
    assert "Enter your name first" in words_of(page)
    name_reader(page)
    assert "Enter your name first" not in words_of(page)
    press(page, "Not to be read here")
    key = page.session_state["first_read"].selected
    assert dismissals_of(store.database, [key])[key].reader == READER
    assert f"**Not to be read here**, says {READER}" in words_of(page)
    assert "No other film in the list waits for your read." in words_of(page)
    press(page, "Put it back in the worklist")
    assert dismissals_of(store.database, [key]) == {}
    assert "Not to be read here" in [button.label for button in page.button]
    assert (store.count(), verify_records(store.database).intact) == (0, True)


def test_a_damaged_file_gets_a_sentence_and_the_others_go_on(store: SqlReviewStore) -> None:
    page = upload(open_page(), ("cut.png", CHEST[1][:2000], "image/png"), CHEST)
    states = {outcome.state for outcome in page.session_state["first_read"].outcomes.values()}
    assert states == {"read", "failed"}
    assert "Likelihood ratio" in said_of(page)
    visit = page.session_state["first_read"]
    cut = next(key for key, outcome in visit.outcomes.items() if outcome.state == "failed")
    visit.selected = cut
    name_reader(page)
    press(page, "Not to be read here")
    assert dismissals_of(store.database, [cut])[cut].reader == READER
    press(page, "Put it back in the worklist")
    assert dismissals_of(store.database, [cut]) == {}


def test_a_file_that_is_there_already_is_not_listed_twice(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    page = upload(page, CHEST)
    assert len(page.session_state["first_read"].films) == 1
    assert page.toast[0].value == "1 of the files was already in the list."


def test_a_signature_needs_a_verdict_and_a_name_and_loses_nothing(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    page.text_area[0].set_value("left base").run()
    press(page, "Sign")
    assert "Choose a verdict first." in words_of(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    assert "Enter your name first" in words_of(page)
    assert focus_of(page) == "reader-name"
    name_reader(page)
    assert focus_of(page) != "reader-name"
    assert "Enter your name first" not in words_of(page)
    assert page.text_area[0].value == "left base"
    assert store.count() == 0


def test_a_signed_read_is_stored_with_what_the_reader_saw(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    run_until(page, lambda: any("<table" in html.proto.body for html in page.get("html")))
    choose_verdict(page, Verdict.NORMAL)
    page.text_area[0].set_value("left base").run()
    name_reader(page)
    press(page, "Sign")
    (record,) = store.recent()
    assert (record.read.verdict, record.read.confidence) == (Verdict.NORMAL, 3)
    assert (record.reader, record.read.comment, record.film_name) == (
        READER,
        "left base",
        "chest.png",
    )
    assert record.prediction is not None
    assert record.run_id == record.prediction.run_id == SERVED_RUN
    assert record.regions["n_regions"] > 10
    assert any("Signed <b>normal</b>" in html.proto.body for html in page.get("html"))


def test_a_second_read_by_the_same_reader_corrects_the_first(store: SqlReviewStore) -> None:
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.NORMAL)
    page.text_area[0].set_value("left base").run()
    press(page, "Sign")
    assert not page.text_area  # the signed read stands alone until it is corrected
    assert [button.label for button in page.button if "orrect" in button.label] == [
        "Correct this read"
    ]
    press(page, "Correct this read")
    assert page.text_area[0].value == "left base"
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign a correction")
    (current,) = store.recent()
    assert current.read.verdict is Verdict.PNEUMONIA
    assert [record.supersedes for record in store.history(current.film_sha256)] == [
        None,
        store.history(current.film_sha256)[0].record_id,
    ]


def test_an_inverted_film_is_refused_and_read_after_one_press(store: SqlReviewStore) -> None:
    page = upload(open_page(), png("negative.png", np.float32(1) - chest(1)))
    assert "The film looks inverted" in words_of(page)
    press(page, "Invert and read again")
    run_until(page, lambda: said_of(page))
    assert "exchanged by the reader" in words_of(page)
    press(page, "Undo the inversion")
    run_until(page, lambda: "The film looks inverted" in words_of(page))


def test_no_file_name_is_kept_where_the_site_says_so(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_KEEP_FILE_NAMES", "false")
    page = upload(open_page(), CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.UNSURE)
    press(page, "Sign")
    (record,) = store.recent()
    assert (record.film_name, record.read.confidence) == ("", None)


def test_a_missing_model_is_one_sentence(
    store: SqlReviewStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_MODELS", str(tmp_path))
    page = open_page()
    assert not page.exception
    assert "no run at" in page.error[0].value


def test_a_stopped_batch_keeps_what_is_read_and_can_go_on(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "AT_ONCE_S", 0.0)
    chests = [png(f"{seed}.png", chest(seed, height_px=600)) for seed in range(6)]
    page = open_page()
    page.get("file_uploader")[0].set_value(chests)
    page.run()
    visit = page.session_state["first_read"]
    visit.job.cancel()
    run_until(page, lambda: visit.job is None)
    stopped = [one for one in visit.outcomes.values() if one.state == "stopped"]
    assert stopped
    press(page, next(b.label for b in page.button if "stopped" in b.label))
    run_until(page, lambda: visit.job is None)
    assert {one.state for one in visit.outcomes.values()} == {"read"}


def test_a_read_that_cannot_be_stored_says_so_beside_the_button(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: SqlReviewStore, record: ReviewRecord, by: Reader) -> None:
        raise ReviewStoreError("The disk is full: free some space, then sign again.")

    page = upload(open_page(), CHEST)
    page.text_area[0].set_value("kept").run()
    name_reader(page)
    choose_verdict(page, Verdict.UNSURE)
    monkeypatch.setattr(SqlReviewStore, "append", refuse)
    press(page, "Sign")
    assert "Not signed. The disk is full" in words_of(page)
    assert page.text_area[0].value == "kept"


def test_an_upload_stays_in_memory_however_large() -> None:
    content = bytes(20_000_000)
    head = b'--cut\r\nContent-Disposition: form-data; name="f"; filename="a.dcm"\r\n\r\n'

    async def body() -> AsyncIterator[bytes]:
        yield head + content + b"\r\n--cut--\r\n"

    headers = Headers({"content-type": "multipart/form-data; boundary=cut"})
    form = asyncio.run(MultiPartParser(headers, body()).parse())
    kept = form["f"]
    assert isinstance(kept, UploadFile)
    assert kept.size == len(content)
    assert kept._in_memory
    kept.file.close()


def explained_with(monkeypatch: pytest.MonkeyPatch, kept: int) -> list[str]:
    """Read and explain a film; return the names of the films that were decoded a second time."""
    decoded: list[str] = []
    pool = get_film_pool()
    do = pool.do

    def note(work: FilmWork, **how: Any) -> FilmAnswer:
        if not work.read:
            decoded.append(work.file_name)
        return do(work, **how)

    monkeypatch.setattr(pool, "do", note)
    monkeypatch.setattr(resources, "KEPT_INPUTS", kept)
    page = upload(open_page(), CHEST)
    run_until(page, lambda: any("<table" in html.proto.body for html in page.get("html")))
    return decoded


def test_a_film_that_was_just_read_is_explained_without_decoding_it_again(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explained_with(monkeypatch, kept=1) == []


def test_a_film_that_was_read_long_ago_is_decoded_again_and_explained(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert explained_with(monkeypatch, kept=0) == ["chest.png"]


def test_a_visit_holds_films_up_to_its_limit_and_signed_ones_make_room(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = png("other.png", chest(5))
    limit = max(len(CHEST[1]), len(other[1])) + 10
    monkeypatch.setattr(get_settings(), "max_visit_mb", limit / 1e6)
    page = upload(open_page(), CHEST, other)
    films = page.session_state["first_read"].films
    assert [film.name for film in films.values()] == ["chest.png"]
    assert "1 of the 2 files is not in the list: a visit holds up to" in words_of(page)
    assert "Remove the signed film from the list" not in [button.label for button in page.button]
    name_reader(page)
    choose_verdict(page, Verdict.PNEUMONIA)
    press(page, "Sign")
    press(page, "Remove the signed film from the list")
    assert not page.exception
    assert films == {}
    upload(page, other)
    assert [film.name for film in films.values()] == ["other.png"]
    assert "not in the list" not in words_of(page)


def test_a_batch_ends_with_the_visit_that_it_is_for(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()
    monkeypatch.setattr(resources, "is_here", lambda _session: False)
    job = resources.start_batch([UploadedFilm("a" * 64, "chest.png", CHEST[1])])
    assert job.wait(60)
    (outcome,) = job.take_outcomes().values()
    assert outcome.state is FilmState.STOPPED
    assert not page.exception


def test_who_has_closed_the_page_waits_for_no_film_to_be_shown(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = UploadedFilm("b" * 64, "chest.png", CHEST[1])
    monkeypatch.setattr(resources, "is_here", lambda _session: False)
    monkeypatch.setattr(resources, "session_id", lambda: "closed")
    with pytest.raises(Cancelled):
        resources.get_film_view(film)
    monkeypatch.setattr(resources, "session_id", lambda: "")  # as in a thread of the background
    assert resources.get_film_view(film).content


def test_a_film_that_could_not_be_shown_in_time_costs_the_page_nothing_else(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page(), CHEST)

    def late(_film: UploadedFilm) -> None:
        raise Cancelled("chest.png was not read within 60 s.")

    monkeypatch.setattr(resources, "get_film_view", late)
    page.run()
    assert [error.value for error in page.error] == ["chest.png was not read within 60 s."]
    assert "Not for diagnosis" in "".join(element.proto.body for element in page.get("html"))


def test_the_explanation_of_a_film_that_was_left_is_stopped(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "lime_samples", 20_000)  # so that it is not done before
    page = open_page()
    visit = page.session_state["first_read"]
    visit.way = Way.LIME  # evidence is there at once
    upload(page, CHEST, png("other.png", chest(5)))
    first = visit.explaining
    visit.selected = next(key for key in visit.films if key != visit.selected)
    page.run()
    assert visit.explaining is not first
    assert first.finished
    assert first.result is None
