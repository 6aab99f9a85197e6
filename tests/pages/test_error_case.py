"""An open case of the error gallery: its note while it is written, and its contrasts."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import streamlit as st
from fixtures import app_pages
from fixtures.app_pages import PATIENCE_S, address_of
from fixtures.kept_run_copies import copy_runs
from fixtures.kermany_stand_in import draw_film, encode_film, write_bytes
from fixtures.review_records import lead, record, sign
from fixtures.stand_in_films import served_predictions
from fixtures.teaching_cases import make_case
from pages.test_errors import data, drawn, films, missed_film, notes, open_page, words_of
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.domain.rate import probability_text
from core.domain.review import ReadKind
from core.error_analysis.gallery import Cell
from core.jobs.batch import UploadedFilm
from core.library.film_codes import film_code
from core.runs.predictions import PREDICTIONS_FILE, read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN
from core.store.reads import SqlReviewStore
from core.store.teaching import SqlTeachingStore
from core.teaching.session import Plan, StepKind
from ui.app.session import Visit
from ui.errors import case, controls
from ui.library import blind_reads
from ui.library.copies import load_film
from ui.library.films import small_pictures
from ui.library.gallery_query import ErrorView

__all__ = ["data", "drawn", "films", "notes"]


def comment_of(page: AppTest):
    return next(box for box in page.text_area if box.label == "Comment")


def test_a_tag_takes_nothing_of_a_note_that_is_being_written(films, notes) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    page.text_input(key="reader-name").set_value("Dr. A").run()
    next(box for box in page.text_area if box.label == "Comment").set_value(
        "behind the heart"
    ).run()
    for _ in range(2):  # on and off again
        next(button for button in page.button if button.label == "Tag").click().run()
        assert comment_of(page).value == "behind the heart"
    assert notes.count() == 2


def test_missed_films_are_contrasted_in_the_runs_feature_space(films, monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(case, "show_cards", lambda cards, **_: shown.append(cards))
    part = read_predictions(load_run(PROJECT_ROOT / "models" / "f04")).of_split("test")
    point = load_run(PROJECT_ROOT / "models" / "f04").operating_point.threshold
    missed = part.films.film_id[(part.films.label == 1) & (part.probability < point)]
    for film_id in missed[:4]:
        page = open_page(run="f04", split="test", film=film_code(film_id))
        assert any("Nearest in the run's feature space" in one.value for one in page.caption)
    positives = {cards[0].key for cards in shown if cards and cards[0].heading.endswith("positive")}
    assert len(positives) > 1  # by the probability alone it would be one and the same


def test_the_nearest_film_that_is_read_rightly_stands_beside_at_the_same_size(films) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    choice = page.button_group(key="case-beside-choice")
    assert [option.content for option in choice.proto.options] == [
        "True positive",
        "True negative",
    ]
    assert len(viewers_of(page)) == 1
    choice.set_value(Cell.TRUE_NEGATIVE).run()
    assert page.query_params["beside"] == "tn"
    [open_film, other] = viewers_of(page)
    assert open_film["height"] == other["height"]
    assert open_film["film"] != other["film"]
    assert any(text.value.endswith(": true negative") for text in page.caption)
    assert viewers_of(open_page(**address_of(page))) == [open_film, other]


def test_regions_that_are_shown_stand_in_the_address(films) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    assert page.button(key="case-explain").proto.shortcut == "o"
    page.button(key="case-explain").click().run()
    assert page.button(key="case-explain").proto.shortcut == ""  # the film's own key from now on
    assert page.query_params["regions"] == "yes"
    by_name = {button.label: button for button in page.button}
    assert "Hide the regions" in by_name
    by_name["Next"].click().run()
    assert page.query_params["regions"] == "yes"
    page.button(key="case-explain").click().run()
    assert "regions" not in page.query_params


def test_a_control_that_is_gone_and_speaks_once_more_changes_nothing(data) -> None:
    page = AppTest.from_function(speak_again, default_timeout=PATIENCE_S).run()
    assert not page.exception
    assert page.query_params["film"] == "0123456789ab"
    assert page.query_params["threshold"] == "0.5"
    page.session_state["errors-run"] = "f01"
    page.run()
    assert page.query_params["run"] == "f01"
    assert "film" not in page.query_params


def speak_again() -> None:
    import streamlit as st

    from ui.library.gallery_query import GALLERY

    if "errors-run" not in st.session_state:
        address = {"run": "f04", "film": "0123456789ab", "threshold": "0.5"}
        st.query_params.from_dict(address)
        st.session_state["errors-run"] = "f04"
    GALLERY.take("run")


def viewers_of(page: AppTest) -> list[dict]:
    """Return what the viewers of a page are told of their films."""
    told = [json.loads(one.proto.json) for one in page.get("bidi_component") if one.proto.json]
    return [one for one in told if "film" in one and "alt" in one]


def test_what_no_film_of_the_split_can_be_is_said(data) -> None:
    page = open_page(split="test", slice="nonsense", finding="zzz", subtype="virus")
    warned = page.warning[0].value
    assert "The address asks for finding 'zzz', which none of these films has." in warned
    assert "slice 'nonsense'" in warned
    assert "subtype" not in warned


def test_an_exhibit_with_validation_films_of_its_own_says_whose_they_are(data) -> None:
    page = open_page(run="x05-split", split="validation")
    [choice] = [one for one in page.selectbox if one.key == "errors-split"]
    assert "Validation films of patients who are also in training" in choice.options
    assert "Validation patients" not in choice.options


def test_the_outline_of_a_drawn_lesion_is_shown_with_the_regions(drawn) -> None:
    address = {"library": "synthetic", "film": film_code("test/NORMAL/3.jpeg")}
    [shown] = viewers_of(open_page(**address))
    assert shown["truths"] == []
    [shown] = viewers_of(open_page(**address, regions="yes"))
    [outline] = shown["truths"]
    assert outline["kind"] == "lesion"
    address["film"] = film_code("test/NORMAL/1.jpeg")
    [shown] = viewers_of(open_page(**address, regions="yes"))
    assert shown["truths"] == []


def test_a_damaged_table_of_the_first_run_leaves_the_others_galleries(
    data, tmp_path, monkeypatch
) -> None:
    copy_runs(tmp_path / "models", "f03", SERVED_RUN, "lungs", "view")
    (tmp_path / "models" / SERVED_RUN / PREDICTIONS_FILE).write_bytes(b"damaged")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(tmp_path / "models"))
    assert "false negatives** of run f03" in words_of(open_page(run="f03", split="test"))


def test_a_card_of_another_split_leads_back_to_the_gallery(data, monkeypatch) -> None:
    stale = ErrorView("public", "f04", "test", film="validation/NORMAL/elsewhere.jpeg")
    monkeypatch.setattr(controls.GALLERY, "read", lambda *_: (stale, []))
    page = open_page()
    assert "The open film is not in this split" in page.warning[0].value
    assert "false negatives** of run f04" in words_of(page)


def test_other_films_are_not_asked_for_what_they_cannot_be(data) -> None:
    page = open_page(split="test", subtype="virus", wrong="every")
    page.selectbox(key="errors-split").set_value("nih").run()
    assert "subtype" not in page.query_params
    assert page.query_params["wrong"] == "every"
    assert not page.warning


# --- a link shows nothing of a film that its visitor has yet to read blind ---


def said_on(page: AppTest) -> str:
    return " ".join(one.value for kind in (page.markdown, page.info) for one in kind)


def test_a_link_to_a_film_that_stands_unread_in_the_worklist_shows_no_result(
    films, notes, monkeypatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    film_id, _ = missed_film()
    film = UploadedFilm("ab" * 32, "link.png", b"")
    files = {film_id: frozenset({film.key, "cd" * 32})}  # one of them a larger copy
    monkeypatch.setattr(blind_reads, "_sha256_of", lambda _, of: files.get(of, frozenset()))
    page = open_page(split="test", film=film_code(film_id))
    assert "Probability" in said_on(page)
    page.session_state["first_read"].films[film.key] = film
    page.run()
    assert "in your worklist and you have not read it" in said_on(page)
    assert "Probability" not in said_on(page)
    assert not [one for one in page.get("bidi_component") if "probab" in one.proto.json]
    first = record(kind=ReadKind.FIRST, film_sha256=film.key, reader="Dr. A", regions={})
    sign(SqlReviewStore(notes.database), first)
    page.session_state["reader-name"] = "Dr. A"
    page.run()
    assert "Probability" in said_on(page)


def test_a_link_to_a_film_that_a_session_has_yet_to_show_shows_no_result(notes, films) -> None:
    by, film_id = lead("Dr. A"), missed_film()[0]
    teaching = SqlTeachingStore(notes.database)
    plan = Plan("public", films=1, run_id=SERVED_RUN)
    session = teaching.start(plan, (make_case(1, film_id=film_id),), by)
    visit = Visit(reader="dr. a", roles=by.roles)
    assert "has yet to show this film" in blind_reads.awaits_blind_read(visit, "public", film_id)
    assert blind_reads.awaits_blind_read(visit, "public", "another film") == ""
    for kind in (StepKind.OPENED, StepKind.ENDED):
        teaching.note(session.session_id, 0, kind, by=by)
    assert blind_reads.awaits_blind_read(visit, "public", film_id) == ""


def test_while_a_film_is_read_in_teaching_its_file_is_named_and_the_others_are_hashed(
    films, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    (film_id, _), by = missed_film(), lead("dr. a")
    plan = Plan("public", films=1, run_id=SERVED_RUN)
    cases = (make_case(1, film_id=film_id),)
    session = SqlTeachingStore(notes.database).start(plan, cases, by)
    page = app_pages.open_page("teaching")
    page.text_input(key="reader-name").set_value(by.name).run()
    every = served_predictions().of_split("test").films.film_id.tolist()
    other = load_film("public", next(one for one in every if one != film_id))
    page.session_state["first_read"].films[other.key] = other  # unread, so that files are compared
    page.query_params["session"] = session.session_id
    page.run()
    assert [one.value for one in page.caption if "224 px copy" in one.value] == [
        ":material/aspect_ratio: Shown: 224 px copy."
    ]
    blind_reads._ahead().submit(lambda: None).result()
    assert {("public", one) for one in every} <= blind_reads._hashes().keys()


def test_a_film_is_shown_in_its_proportions_and_the_page_says_which_file_it_is(films) -> None:
    part, (film_id, probability) = served_predictions().of_split("test").films, missed_film()
    place = part.film_id.tolist().index(film_id)
    sides = part.original_height_px[place], part.original_width_px[place]
    page = open_page(split="test", film=film_code(film_id))
    assert any("; shown: 224 px copy]" in text.value for text in page.markdown)
    why = next(text.value for text in page.caption if "The Worklist reads" in text.value)
    assert "The Worklist reads this 224 px copy as" in why
    assert load_film("public", film_id).original_px == sides
    small, _ = small_pictures("public", [film_id])
    width, height = Image.open(io.BytesIO(small[film_id].png)).size
    assert width / height == pytest.approx(sides[1] / sides[0], rel=0.02)

    larger = films / "kermany_test_1024" / "images" / f"{Path(film_id).stem}.jpg"
    write_bytes(larger, encode_film(draw_film(99).resize((150, 100))))
    st.cache_resource.clear()
    page.run()
    assert any("; shown: 1024 px copy]" in text.value for text in page.markdown)
    why = next(text.value for text in page.caption if "The Worklist reads" in text.value)
    assert f"The probability {probability_text(probability)} is of the 224 px copy" in why
    assert "The Worklist reads the 1024 px copy shown here as" in why
    assert load_film("public", film_id).original_px is None
