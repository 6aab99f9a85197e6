"""The page Regions without a browser: which film it shows, settings, what if, and what is blind."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from fixtures.app_pages import address_of, open_app
from fixtures.kermany_stand_in import draw_film, encode_film, write_bytes
from fixtures.stand_in_films import served_predictions
from pages.test_errors import data, films, missed_film
from pages.test_region_panel import lists_of, regions_on_film
from pages.test_review import (
    CHEST,
    HAND,
    chest,
    choose_verdict,
    name_reader,
    png,
    press,
    run_until,
    upload,
    words_of,
)
from streamlit.testing.v1 import AppTest

from core.domain.review import Verdict
from core.explain import region_words
from core.explain.trust_words import DOUBT
from core.library.film_codes import film_code
from core.store.reads import SqlReviewStore
from ui.app import region_panel
from ui.regions import what_if

__all__ = ["data", "films"]

PAGE = "pages/regions.py"
OTHER = png("other.png", chest(6, "interstitial"))


def open_regions(page: AppTest, **address: str) -> AppTest:
    page.switch_page(PAGE)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def listed(page: AppTest) -> bool:
    return "data-region=" in lists_of(page) or "No region" in lists_of(page)


def rows_of(page: AppTest) -> list[str]:
    return [
        label
        for one in page.get("html")
        for label in re.findall(
            r'class="fr-what-row" role="img" aria-label="([^"]+)"', one.proto.body
        )
    ]


def test_an_empty_page_says_what_it_shows_and_how_films_come_here(store: SqlReviewStore) -> None:
    page = open_regions(open_app())
    assert [one.value for one in page.header] == ["Why a film has its score"]


def test_the_film_that_is_open_in_the_worklist_is_shown_with_intervals(
    store: SqlReviewStore,
) -> None:
    page = open_regions(upload(open_app(), CHEST, HAND))
    run_until(page, lambda: listed(page))
    assert "chest.png" in words_of(page)
    assert re.search(r"<small>[+-]\d\.\d\d to [+-]\d\.\d\d</small>", lists_of(page))


def test_another_film_of_the_worklist_can_be_chosen(store: SqlReviewStore) -> None:
    page = open_regions(upload(open_app(), CHEST, OTHER))
    (choice,) = [one for one in page.selectbox if one.label == "Film"]
    assert choice.options == ["chest.png", "other.png"]
    choice.set_value(choice._options[1] if hasattr(choice, "_options") else "other.png").run()
    assert not page.exception


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("whole-lungs", "the score depends on most<"),
        ("lime", "by 200 samples; fit R²"),
        ("occlusion", "each hidden once, alone"),
    ],
)
def test_every_way_can_be_asked_for_by_its_address(
    store: SqlReviewStore, way: str, words: str
) -> None:
    page = open_regions(upload(open_app(), CHEST), way=way, n="20", samples="200")
    run_until(page, lambda: words in lists_of(page))
    number = next(one for one in page.slider if one.label == "Number of regions")
    assert number.value == 20
    fills = [one.label for one in page.selectbox if one.label == "A hidden region becomes"]
    assert bool(fills) == (way != "whole-lungs")
    seeds = [one for one in page.slider if one.label == "Seed"]
    assert bool(seeds) == (way == "lime")


def test_a_wrong_setting_is_told_and_the_usual_one_taken(store: SqlReviewStore) -> None:
    page = open_regions(upload(open_app(), CHEST), n="9000", fill="green", way="occlusion")
    told = "\n".join(one.value for one in page.warning)
    assert "is not between 10 and 120. Shown instead: 45" in told
    assert "is not one of own-mean, dark, healthy" in told
    page = open_regions(page, n="0000000459999999", way="lime", seed="-1", samples="1e3")
    told = "\n".join(one.value for one in page.warning)
    assert told.count("is not between") == 3


def test_a_film_of_another_visit_is_said_to_be_gone(store: SqlReviewStore) -> None:
    page = open_regions(open_app(), film="0123456789ab")
    assert "not in your worklist" in page.info[0].value


# --- blind ----------------------------------------------------------------------------------------


def test_nothing_is_shown_of_a_film_that_is_not_read_yet(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_app(), CHEST)
    open_regions(page)
    assert "Lock your first read" in page.info[0].value
    assert lists_of(page) == ""
    assert page.get("bidi_component") == []


def test_after_the_first_read_regions_are_shown_when_they_are_asked_for(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_app(), CHEST)
    name_reader(page)
    choose_verdict(page, Verdict.NORMAL)
    press(page, "Lock the first read")
    open_regions(page)
    assert lists_of(page) == ""
    press(page, "Show the model's regions")
    run_until(page, lambda: listed(page))
    page.switch_page("pages/review.py").run()
    assert listed(page)  # that they were shown is kept with the read


def test_a_library_film_in_the_worklist_that_is_unread_is_not_shown(
    films, monkeypatch: pytest.MonkeyPatch
) -> None:
    film_id, _ = missed_film()
    (films / "kermany224" / film_id).write_bytes(CHEST[1])  # what the gate refuses, nobody reads
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")
    page = upload(open_app(), CHEST)
    open_regions(page, library="public", film=film_code(film_id), run="f08")
    assert "you have not read it" in page.info[0].value
    assert lists_of(page) == ""


# --- films of a library ---------------------------------------------------------------------------


def test_a_film_of_a_library_is_shown_under_the_run_of_the_address(films) -> None:
    film_id, _ = missed_film()
    page = open_regions(open_app(), library="public", film=film_code(film_id), run="f06")
    run_until(page, lambda: listed(page))
    assert "run f06" in words_of(page)


def test_a_run_without_evidence_is_explained_by_lime_and_says_so(films) -> None:
    film_id, _ = missed_film()
    page = open_regions(open_app(), library="public", film=film_code(film_id), run="f01")
    assert "cannot be split by place: LIME is shown" in page.warning[0].value
    (choice,) = [one for one in page.selectbox if one.label == "Regions by"]
    assert (choice.value, list(choice.options)) == ("lime", ["LIME", "Occlusion"])
    fills = next(one for one in page.selectbox if one.label == "A hidden region becomes")
    assert "Healthy lung" not in fills.options  # f01 sees the whole film


def test_an_adults_film_is_found_and_its_regions_are_doubted(data) -> None:
    adults = served_predictions().of_split("nih").films.film_id
    film_id = str(adults[0])
    write_bytes(data / film_id, encode_film(draw_film(3)))
    page = open_regions(open_app(), library="public", film=film_code(film_id), run="f08")
    run_until(page, lambda: lists_of(page) != "")
    assert DOUBT in words_of(page)
    assert regions_on_film(page) is None
    open_regions(page, look="what-if")
    run_until(page, lambda: rows_of(page) != [])
    assert DOUBT in words_of(page)
    assert not any(regions_on_film(page)["weights"])  # they can be hidden, and have no colour


def test_wrong_addresses_are_told(films) -> None:
    page = open_regions(open_app(), library="public", film="0123456789ab", run="f08")
    assert "not among those that the run has read" in page.error[0].value
    page = open_regions(open_app(), library="public", film="0123456789ab", run="none")
    assert "has not read these films" in page.error[0].value


def test_where_nothing_looks_unlike_healthy_the_whole_lungs_are_one_press_away(
    store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        region_words, "UNLIKE_HEALTHY", replace(region_words.UNLIKE_HEALTHY, least=99.0)
    )
    monkeypatch.setattr(region_panel, "UNLIKE_HEALTHY", region_words.UNLIKE_HEALTHY)
    page = open_regions(upload(open_app(), CHEST))
    run_until(page, lambda: "No region looks unlike" in lists_of(page))
    press(page, "Show the whole lungs")
    assert address_of(page)["way"] == "whole-lungs"
    run_until(page, lambda: "data-region=" in lists_of(page))


# --- what if --------------------------------------------------------------------------------------


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple]:
    """Return what the viewer is made to say that is hidden; an undo lets go of it."""
    said: dict[str, tuple] = {}

    def of(name):
        return lambda _key, token, *_: said.get(name) if token.endswith("-0") else None

    monkeypatch.setattr(what_if, "read_switched_event", of("regions"))
    monkeypatch.setattr(what_if, "read_marks_event", of("boxes"))
    return said


def test_hidden_parts_change_the_probability_and_can_be_shown_again(
    store: SqlReviewStore, hidden: dict[str, tuple]
) -> None:
    page = upload(open_app(), CHEST)
    open_regions(page, look="what-if")
    run_until(page, lambda: rows_of(page) != [])
    assert "Nothing is hidden" in words_of(page)
    assert len(rows_of(page)) == 1

    hidden["boxes"] = ((0.1, 0.1, 0.9, 0.9),)
    next(one for one in page.get("button_group") if one.label == "Hidden parts become").set_value(
        "dark"
    )
    page.run()
    assert [row.partition(":")[0] for row in rows_of(page)] == ["As it is", "With parts hidden"]
    assert "without 1 box: log odds" in words_of(page)
    hidden["regions"] = (0, 1, 2, 3)
    page.run()
    assert "without 4 regions, 1 box" in words_of(page)

    hidden.clear()
    press(page, "Undo")
    assert "without 1 box" in words_of(page)
    press(page, "Undo")
    assert "Nothing is hidden" in words_of(page)


def test_boxes_are_tested_against_equal_places_elsewhere(
    store: SqlReviewStore, hidden: dict[str, tuple]
) -> None:
    page = upload(open_app(), CHEST)
    open_regions(page, look="what-if")
    run_until(page, lambda: rows_of(page) != [])
    assert page.toggle[0].disabled
    hidden["boxes"] = ((0.25, 0.4, 0.4, 0.55),)
    page.run()
    page.toggle[0].set_value(True).run()
    assert "Hidden in 20 ways" in words_of(page)
    assert "Equal places elsewhere in the lungs" in words_of(page)
    assert [row.partition(":")[0] for row in rows_of(page)][-3:] == [
        "As it is",
        "Boxes hidden",
        "Equal places hidden",
    ]


def test_what_cannot_be_hidden_is_told_beside_the_film(
    store: SqlReviewStore, hidden: dict[str, tuple]
) -> None:
    page = open_regions(upload(open_app(), CHEST), look="what-if")
    run_until(page, lambda: rows_of(page) != [])
    hidden["boxes"] = ((0.0, 0.0, 0.01, 0.01),)
    page.run()
    assert "outside of the area that the model sees" in page.error[0].value
    assert regions_on_film(page) is not None  # and with the film the tool that takes the box away
    hidden.clear()
    press(page, "Undo")
    assert not page.error


def test_boxes_stay_when_the_film_is_cut_into_other_regions(
    store: SqlReviewStore, hidden: dict[str, tuple]
) -> None:
    page = open_regions(upload(open_app(), CHEST), look="what-if")
    run_until(page, lambda: rows_of(page) != [])
    hidden |= {"boxes": ((0.25, 0.4, 0.4, 0.55),), "regions": (1, 2)}
    page.run()
    assert "region 3), 1 box" in words_of(page)
    hidden.clear()
    open_regions(page, look="what-if", n="20")
    run_until(page, lambda: rows_of(page) != [])
    assert "without 1 box" in words_of(page)


def test_hidden_regions_stay_when_their_weights_are_refined(
    store: SqlReviewStore, hidden: dict[str, tuple]
) -> None:
    page = open_regions(upload(open_app(), CHEST), look="what-if", way="lime", samples="100")
    run_until(page, lambda: rows_of(page) != [])
    hidden["regions"] = (1, 2)
    page.run()
    hidden.clear()
    open_regions(page, look="what-if", way="lime", samples="300", n="60")
    run_until(page, lambda: rows_of(page) != [])
    assert re.search(r"without .*\(region 2\), .*\(region 3\):", words_of(page))


# --- files ----------------------------------------------------------------------------------------


def test_the_files_of_an_explanation_are_offered_with_the_command(store: SqlReviewStore) -> None:
    page = upload(open_app(), CHEST)
    open_regions(page, look="files")
    run_until(page, lambda: len(page.get("download_button")) > 0)
    labels = [one.proto.label for one in page.get("download_button")]
    assert labels == ["Regions as a table (CSV)", "Explanation with all settings (JSON)"]
    assert page.code[0].value.startswith("python -m core explain FILM --like first-read-regions-")
