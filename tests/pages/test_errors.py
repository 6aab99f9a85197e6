"""The Errors page: addresses, counts, filters, and what readers note, without a browser."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.film_tables import film_table, predictions_of
from fixtures.kermany_stand_in import draw_film, encode_film
from fixtures.review_records import lead, put
from fixtures.stand_in_films import served_predictions, write_stand_ins
from sklearn.metrics import confusion_matrix
from streamlit.testing.v1 import AppTest

from core.domain.rate import probability_text
from core.domain.reader import OPERATOR
from core.error_analysis.notes import ProposedLabel, write_note
from core.imaging.png import marked_png
from core.imported_runs.importing import ForeignRequest, import_run
from core.library.film_codes import film_code
from core.library.films import FilmCopy
from core.runs.embeddings import read_features
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.notes import SqlCaseNotes
from core.store.reads import SqlReviewStore
from ui.app import resources
from ui.charts.base import plot_probabilities
from ui.library import films as error_films

PAGE = PROJECT_ROOT / "pages" / "errors.py"
READER = "Dr. Ada Reader"
open_page = partial(app_pages.open_page, "errors")


@pytest.fixture
def data(tmp_path: Path, store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty data folder; small pictures have a folder of their own too."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "films"


@pytest.fixture
def films(data: Path) -> Path:
    """Return the data folder with a picture for every film of the official test split."""
    write_stand_ins(data, served_predictions().of_split("test").films.film_id)
    return data


@pytest.fixture
def notes(data: Path) -> SqlCaseNotes:
    return SqlCaseNotes(Database.open(get_settings().database_url))


def words_of(page: AppTest) -> str:
    return next(text.value for text in page.markdown if "of run" in text.value)


def missed_film() -> tuple[str, float]:
    """Return the surest false negative of the official test at the operating point."""
    part = served_predictions().of_split("test")
    place = np.where(part.films.label == 1, part.probability, 2.0).argmin()
    return str(part.films.film_id[place]), float(part.probability[place])


# --- counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", ["0.05", "0.5", "0.9"])
@pytest.mark.parametrize("split", ["validation", "test", "nih"])
def test_a_cell_lists_as_many_films_as_scikit_learn_counts(data, split, threshold) -> None:
    part = served_predictions().of_split(split)
    called = part.probability >= float(threshold)
    (tn, fp), (fn, tp) = confusion_matrix(part.films.label, called)
    page = open_page(split=split, threshold=threshold, cell="fp")
    said = re.match(r"\*\*([\d,]+) false positive", words_of(page))
    assert int(said[1].replace(",", "")) == fp
    page.query_params["cell"] = "tn"
    page.run()
    assert words_of(page).startswith(f"**{tn:,} true negative")
    assert f"among {tn + fp + fn + tp} films" in words_of(page)


def test_the_page_begins_with_what_the_served_run_missed(data) -> None:
    page = open_page()
    assert f"false negatives** of run {SERVED_RUN} at its operating point" in words_of(page)
    assert page.query_params["threshold"] == "point"
    assert page.query_params["run"] == SERVED_RUN


def test_a_cell_without_films_says_so(data) -> None:
    page = open_page(threshold="0.0", cell="fn")
    assert "No film of this split is in this cell at threshold 0.000" in page.info[0].value


# --- addresses ------------------------------------------------------------------------------------


def test_a_page_shows_what_is_wrong_with_its_address_and_corrects_it(data) -> None:
    page = open_page(run="zzz", page="99", film="nowhere.jpeg", split="test")
    assert "run 'zzz'" in page.warning[0].value
    assert "There is no page 99; the last, page 1, is shown" in page.warning[0].value
    assert "film 'nowhere.jpeg', which is not in this split" in page.warning[0].value
    assert page.query_params["run"] == SERVED_RUN
    assert "film" not in page.query_params
    assert not page.run().warning


def test_controls_change_the_address_and_forget_what_no_longer_holds(data) -> None:
    page = open_page(split="validation", cell="tp", threshold="0.4", page="2")
    page.selectbox(key="errors-sort").set_value("patient").run()
    assert (page.query_params["sort"], page.query_params["page"]) == ("patient", "1")
    assert page.query_params["threshold"] == "0.4"
    page.selectbox(key="errors-run").set_value("f01").run()
    assert page.query_params["threshold"] == "point"
    assert "of run f01 at its operating point" in words_of(page)


def test_an_exhibit_is_called_one_where_runs_are_chosen(data) -> None:
    offered = open_page().selectbox(key="errors-run").options
    assert "x05 (exhibit)" in offered
    assert "f01" in offered


def test_a_filter_narrows_the_list_and_is_taken_away_at_once(data) -> None:
    page = open_page(cell="fn", threshold="0.9")
    page.selectbox(key="errors-wrong").set_value("every").run()
    of_all = re.match(r"\*\*(\d+) of (\d+) false negatives", words_of(page))
    assert 0 < int(of_all[1]) < int(of_all[2])
    page.button[0].click().run()
    assert words_of(page).startswith(f"**{of_all[2]} false negatives")
    assert "wrong" not in page.query_params


def test_a_filter_that_leaves_nothing_says_so(data) -> None:
    page = open_page(tag="nobody used this")
    assert "matches the filter" in page.info[0].value


# --- films ----------------------------------------------------------------------------------------


def test_without_films_the_numbers_are_there_and_one_line_says_how_to_get_them(data) -> None:
    page = open_page(split="test")
    sentences = [text.value for text in page.caption if "core data fetch" in text.value]
    assert len(sentences) == 1
    film_id, probability = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    assert "run `python -m core data fetch`, or" in page.info[0].value
    assert any(
        f"Probability {probability_text(probability)}" in text.value for text in page.markdown
    )


def test_small_pictures_are_kept_where_the_settings_say(films) -> None:
    page = open_page(split="test")
    assert not [text for text in page.caption if "core data fetch" in text.value]
    assert len(list(get_settings().cache.rglob("*.png"))) > 0


def test_a_case_leads_to_the_next_and_the_previous_film_and_back(films) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    assert any("1 of " in text.value for text in page.caption)
    by_name = {button.label: button for button in page.button}
    assert by_name["Prev"].disabled
    by_name["Next"].click().run()
    assert page.query_params["film"] != film_code(film_id)
    {button.label: button for button in page.button}["Prev"].click().run()
    assert page.query_params["film"] == film_code(film_id)
    {button.label: button for button in page.button}["Gallery"].click().run()
    assert "film" not in page.query_params
    assert not page.exception


def test_a_film_outside_the_list_can_be_looked_at_alone(films) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id), cell="tn")
    by_name = {button.label: button for button in page.button}
    assert by_name["Prev"].disabled
    assert by_name["Next"].disabled
    assert any("Not in the list" in text.value for text in page.caption)


# --- notes ----------------------------------------------------------------------------------------


def save(page: AppTest) -> AppTest:
    next(button for button in page.button if button.label == "Save the note").click().run()
    assert not page.exception
    return page


def test_a_note_needs_a_name_and_is_then_kept_and_counted(films, notes) -> None:
    film_id, _ = missed_film()
    page = save(open_page(split="test", film=film_code(film_id)))
    assert "Enter your name first" in page.warning[0].value
    assert notes.count() == 0
    page.text_input(key="reader-name").set_value(READER).run()
    next(box for box in page.selectbox if box.label == "Cause").set_value("subtle disease")
    page.text_area[0].set_value("left base")
    save(page)
    kept = notes.standing("public")
    assert [(n.film_id, n.reader, n.cause, n.comment) for n in kept] == [
        (film_id, READER, "subtle disease", "left base")
    ]
    page.text_area[0].set_value("right base")
    save(page)
    assert [note.comment for note in notes.standing("public")] == ["right base"]
    assert notes.count() == 2
    assert words_of(open_page(split="test", cause="subtle disease")).startswith("**1 of ")
    listed = open_page(split="test")
    listed.text_input(key="errors-words").set_value("left base").run()  # which was replaced
    assert "matches the filter" in listed.info[0].value
    listed.text_input(key="errors-words").set_value("RIGHT base").run()
    assert words_of(listed).startswith("**1 of ")
    assert not [said for said in listed.query_params.values() if "base" in str(said).lower()]
    next(one for one in listed.button if one.label == "Clear the filter").click().run()
    assert not words_of(listed).startswith("**1 of ")


def test_a_second_reader_who_agrees_makes_a_proposal_accepted(films, notes) -> None:
    film_id, _ = missed_film()
    put(
        notes,
        write_note("public", film_id, lead("Dr. B"), "f04", proposed_label=ProposedLabel.NORMAL),
    )
    page = open_page(split="test", film=film_code(film_id))
    offered = next(one for one in page.get("button_group") if one.label == "The label should be")
    assert [option.content for option in offered.proto.options] == ["Normal"]  # not what it has
    assert any("One reader proposes the label normal" in text.value for text in page.caption)
    put(
        notes,
        write_note("public", film_id, lead("Dr. C"), "f04", proposed_label=ProposedLabel.NORMAL),
    )
    page.run()
    assert any("Readers agree on the label normal" in text.value for text in page.caption)
    assert any("labelled pneumonia" in text.value for text in page.markdown)


def test_the_tag_key_needs_a_name_too(films, notes) -> None:
    film_id, _ = missed_film()
    page = open_page(split="test", film=film_code(film_id))
    next(button for button in page.button if button.label == "Tag").click().run()
    assert "Enter your name first" in page.toast[0].value
    assert notes.count() == 0


def test_every_runs_probability_stands_on_one_axis_with_its_own_threshold() -> None:
    figure = plot_probabilities(["f04", "f01"], [0.9, 0.2], [0.6, 0.7], chosen="f01")
    thresholds, probabilities = figure.data
    assert list(thresholds.x) == [0.6, 0.7]
    assert list(probabilities.x) == [0.9, 0.2]
    assert list(probabilities.marker.symbol) == ["circle", "circle-open"]
    assert probabilities.marker.color[1] != probabilities.marker.color[0]


def test_a_page_that_was_not_routed_shows_nothing_of_its_own(data) -> None:
    page = AppTest.from_file(str(PAGE), default_timeout=60).run()
    assert not [text for text in page.markdown if "of run" in text.value]


# --- other films, other runs ----------------------------------------------------------------------


class DrawnFilms:
    """A set of four films that every run calls the same, with a picture of one."""

    name, title, synthetic, has_films = "synthetic", "Synthetic films", True, True
    learned_from = False

    def predictions(self, run):
        films = film_table(4, split=["test", "train", "test", "validation"])
        return predictions_of(films, [0.9, 0.9, 0.1, 0.1])  # labels 0, 1, 0, 1

    def learned(self, run):
        return None

    def has_read(self, run) -> bool:
        return run.run_id in (SERVED_RUN, "f01")

    def truth(self, film_id: str, kind: str) -> np.ndarray:
        assert kind == "core"
        mask = np.zeros((40, 40), np.bool_)
        mask[10:20, 10:20] = film_id.endswith("/3.jpeg")
        return mask

    def read_bytes(self, film_id: str) -> bytes:
        return encode_film(draw_film(1))

    def read_shown(self, film_id: str) -> FilmCopy:
        return FilmCopy(self.read_bytes(film_id))

    def findings(self) -> dict[str, str]:
        return {"test/NORMAL/3.jpeg": "lobar"}

    def gate_findings(self) -> dict[str, str]:
        return {"test/NORMAL/0.jpeg": "rotated low_contrast", "test/NORMAL/3.jpeg": "rotated"}


@pytest.fixture
def drawn(data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setattr(resources, "_synthetic_library", DrawnFilms)


@pytest.fixture
def imported(data, tmp_path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Import a run that knows only the official test, and calls every film ill."""
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    films = served_predictions().of_split("test").films.film_id
    table = "film_id,probability\n" + "".join(f"{name},0.875\n" for name in films)
    request = ForeignRequest(name="everything_ill", split="test")
    import_run(table.encode(), request, *get_settings().run_folders, OPERATOR)
    return "everything_ill"


def test_drawn_films_can_be_chosen_and_looked_at(drawn) -> None:
    page = open_page()
    page.selectbox(key="errors-library").set_value("synthetic").run()
    assert words_of(page).startswith(f"**1 false negative** of run {SERVED_RUN}")
    assert page.query_params["split"] == "all"
    assert "among 4 films" in words_of(page)
    assert any("not evidence of clinical performance" in text.value for text in page.caption)
    page.selectbox(key="errors-split").set_value("test").run()
    assert "among 2 films" in words_of(page)
    page = open_page(library="synthetic", film=film_code("test/NORMAL/3.jpeg"))
    assert any("Probability 0.10 " in text.value for text in page.markdown)
    assert any("synthetic finding: lobar" in text.value for text in page.markdown)
    assert any(text.value.startswith("1 of 1") for text in page.caption)


def test_drawn_films_are_filtered_by_what_the_quality_gate_found(drawn) -> None:
    page = open_page(library="synthetic")
    assert page.selectbox(key="errors-finding").options == ["low_contrast", "rotated"]
    page.selectbox(key="errors-finding").set_value("rotated").run()
    assert words_of(page).startswith("**1 of 1 false negative")
    page.selectbox(key="errors-finding").set_value("low_contrast").run()
    assert "matches the filter" in page.info[0].value


def test_a_picture_is_called_synthetic_by_its_own_file_and_not_by_its_place(
    drawn, data, monkeypatch
) -> None:
    grey = np.linspace(0.0, 1.0, 64 * 64, dtype=np.float32).reshape(64, 64)
    marked = marked_png(grey, "SYNTHETIC", "Drawn for a test.")
    monkeypatch.setattr(
        DrawnFilms,
        "read_bytes",
        lambda _, film_id: marked if film_id.endswith("/3.jpeg") else encode_film(draw_film(1)),
    )
    film_ids = ["test/NORMAL/1.jpeg", "test/NORMAL/3.jpeg"]
    pictures, sentence = error_films.small_pictures("synthetic", film_ids)
    assert [pictures[film_id].synthetic for film_id in film_ids] == [False, True]
    assert sentence == ""
    page = open_page(library="synthetic", film=film_code(film_ids[1]))
    assert any(":gray-badge[synthetic]" in text.value for text in page.markdown)
    page = open_page(library="synthetic", film=film_code(film_ids[0]))
    assert not any("badge" in text.value for text in page.markdown)


def test_without_the_public_films_the_page_opens_on_the_synthetic_ones_and_says_how_to_get_others(
    drawn,
) -> None:
    page = open_page()
    assert page.query_params["library"] == "synthetic"
    assert "among 4 films" in words_of(page)
    assert any("python -m core data fetch" in text.value for text in page.caption)
    assert not page.get("progress")


def test_only_runs_that_have_read_the_synthetic_films_are_offered(drawn) -> None:
    page = open_page()
    assert page.selectbox(key="errors-run").options == [SERVED_RUN, "f01"]


def test_without_drawn_films_a_link_to_them_falls_back_with_a_sentence(data) -> None:
    page = open_page(library="synthetic")
    assert (
        "library 'synthetic', which is not offered here. Shown instead: public"
        in page.warning[0].value
    )


def test_an_imported_run_is_looked_at_where_it_has_films_and_has_no_regions(
    imported, films
) -> None:
    page = open_page(run=imported, cell="fp")
    part = served_predictions().of_split("test")
    normal = int((part.films.label == 0).sum())
    assert words_of(page).startswith(f"**{normal} false positives** of run everything_ill")
    film_id = str(part.films.film_id[part.films.label == 0][0])
    page = open_page(run=imported, cell="fp", film=film_code(film_id))
    assert any("only the predictions of this run" in text.value for text in page.caption)
    assert not [button for button in page.button if "regions" in button.label]


def test_a_run_that_has_not_read_a_split_does_not_hide_its_films(imported) -> None:
    page = open_page(run="f04", split="validation", cell="fn", wrong="every", threshold="0.9")
    assert int(re.match(r"\*\*(\d+) of ", words_of(page))[1]) > 0


def test_an_imported_run_is_not_asked_about_drawn_films(drawn, imported) -> None:
    page = open_page(library="synthetic", run=imported)
    assert "run 'everything_ill', which is not offered here" in page.warning[0].value


# --- neighbours -----------------------------------------------------------------------------------


def test_a_case_shows_how_its_nearest_films_are_labelled(films) -> None:
    said = served_predictions()
    film_id, _ = missed_film()
    space = read_features(load_run(PROJECT_ROOT / "models" / SERVED_RUN)).places_of(
        said.films.film_id
    )
    place = int(np.flatnonzero(said.films.film_id == film_id)[0])
    others = said.films.patient != said.films.patient[place]
    apart = np.where(others, np.linalg.norm(space - space[place], axis=1), np.inf)
    ill = int(said.films.label[np.argsort(apart)[:8]].sum())
    page = open_page(split="test", film=film_code(film_id))
    words = "\n".join(text.value for text in page.caption)
    assert f"{ill} of these 8 are labelled pneumonia, {8 - ill} normal" in words
    assert f"among the {len(said):,} films" in words


def test_where_no_features_are_kept_films_are_read_when_it_is_asked_for(films) -> None:
    film_id, _ = missed_film()
    page = open_page(run="f03", split="test", cell="tp", film=film_code(film_id))
    page.button(key="case-features").click().run()
    for _ in range(100):
        if page.button(key="case-features").label != "Stop":
            break
        page.button(key="case-features").click().run()
    words = "\n".join(text.value for text in page.caption)
    assert "Fetch the set again" in words or "Reading was stopped" in words
    assert page.button(key="case-features").label.startswith("Read 1,579 films")
