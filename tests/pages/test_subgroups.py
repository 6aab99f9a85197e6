"""The page Subgroups: its numbers, its addresses, and the way to the gallery's films."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from fixtures import app_pages
from fixtures.film_tables import film_table, predictions_of
from fixtures.kermany_stand_in import draw_film, encode_film
from fixtures.stand_in_films import served_predictions, write_stand_ins
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import proportion_confint
from streamlit.testing.v1 import AppTest

from core.datasets.film_metadata import FACTS_FILE
from core.domain.rate import interval_text
from core.domain.reader import OPERATOR
from core.imported_runs.importing import ForeignRequest, import_run
from core.library.films import FilmCopy
from core.runs.embeddings import FEATURES_FILE
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings
from core.stats.intervals import wilson_rate
from core.store.reads import SqlReviewStore
from ui.app import resources
from ui.components.plain_text import plain
from ui.library.runs import get_runs
from ui.library.slices import get_search, missing_tables
from ui.slices import labels
from ui.slices.controls import ADDRESS, SlicesView
from ui.slices.search import rates_by_finding

MODELS = PROJECT_ROOT / "models"
SLICE = "sharpness-high"


@pytest.fixture
def data(tmp_path: Path, store: SqlReviewStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty data folder; small pictures have a folder of their own too."""
    monkeypatch.setenv("FIRSTREAD_DATA", str(tmp_path / "films"))
    monkeypatch.setenv("FIRSTREAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "films"


def open_page(name: str = "subgroups", **address: str) -> AppTest:
    return app_pages.open_page(name, **address)


def words_of(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning)
    return "\n".join(element.value for kind in kinds for element in kind)


def wrong_of(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return which pneumonias of a split are sharp as the slice is, and which are missed."""
    cut = np.quantile(served_predictions().of_split("validation").films.sharpness, 2 / 3)
    part = served_predictions().of_split(split)
    ill = part.films.label == 1
    threshold = load_run(MODELS / SERVED_RUN).operating_point.threshold
    return part.films.sharpness[ill] >= cut, part.probability[ill] < threshold


# --- slices ---------------------------------------------------------------------------------------


def test_the_open_slice_has_the_numbers_of_scipy_and_statsmodels_and_leads_to_its_films(data):
    page = open_page(slice=SLICE, rate="sensitivity")
    inside, missed = wrong_of("validation")
    n, wrong = int(inside.sum()), int((inside & missed).sum())
    table = [
        [wrong, n - wrong],
        [int((~inside & missed).sum()), int((~inside & ~missed).sum())],
    ]
    p_value = fisher_exact(table, "greater").pvalue
    low, high = proportion_confint(n - wrong, n, method="wilson")
    every = page.dataframe[-1].value
    row = every[every["Subgroup"].str.startswith("sharpness") & (every["Rate"] == "sensitivity")]
    row = row[row["Wrong"] == f"{wrong} of {n}"].iloc[0]
    assert row["In the subgroup"] == pytest.approx(1 - wrong / n)
    assert row["In the subgroup, 95 %"] == f"{low:.3f} to {high:.3f}"
    assert row["p, Fisher"] == (f"{p_value:.3f}" if p_value >= 0.001 else "< 0.001")

    words = words_of(page)
    assert f"**Validation patients**: {wrong} missed in this subgroup" in words
    inside, missed = wrong_of("test")
    assert f"**Official test split**: {(inside & missed).sum()} missed in this subgroup" in words
    assert f"of {len(every)} tests** on the validation patients" in words
    assert "not searched" in words

    gallery = open_page("errors", split="validation", cell="fn", slice=SLICE)
    assert f"**{wrong} of {missed_in_all('validation')} false negatives**" in words_of(gallery)
    assert gallery.selectbox(key="errors-slice").value == SLICE
    gallery.selectbox(key="errors-slice").set_value(None).run()
    assert "slice" not in gallery.query_params


def missed_in_all(split: str) -> int:
    return int(wrong_of(split)[1].sum())


def test_another_slice_is_chosen_and_stands_in_the_address(data) -> None:
    page = open_page()
    page.selectbox(key="slices-slice").set_value(("size-high", "specificity")).run()
    assert (page.query_params["slice"], page.query_params["rate"]) == ("size-high", "specificity")
    assert "false alarms in this subgroup" in words_of(page)
    page.selectbox(key="slices-run").set_value("f01").run()
    assert "slice" not in page.query_params
    assert "Run f01 has no stored features" in words_of(page)
    assert not page.exception


def test_the_gallery_filters_adults_by_age_where_it_is_known(data) -> None:
    page = open_page("errors", split="nih", cell="fp")
    page.selectbox(key="errors-age").set_value("18 to 39 years").run()
    of_all = re.search(r"\*\*(\d+) of (\d+) false positives", words_of(page))
    assert 0 < int(of_all[1]) < int(of_all[2])
    page = open_page("errors", split="test")
    assert page.selectbox(key="errors-age").options == []
    assert "These films state no age" in words_of(page)
    assert "exposure" in page.selectbox(key="errors-finding").options


# --- the other sections ---------------------------------------------------------------------------


def test_doubtful_labels_are_shown_with_their_limits(data) -> None:
    words = words_of(open_page(section="labels"))
    assert re.search(r"\*\*\d+ of 5,232 labels\*\*", words)
    assert "the mark on its scale is the regression's own cut, 0.5." in words
    assert "that it memorised is not found" in words
    assert "core data fetch" in words  # the pictures are missing, and how to get them
    assert "core label-issues f03" in words_of(open_page(section="labels", run="f03"))


def test_copies_are_counted_and_shown_side_by_side(data) -> None:
    write_stand_ins(data, served_predictions().of_split("test").films.film_id)
    words = words_of(open_page(section="copies"))
    assert "**30 groups of copies**, 62 films. Exact copies: **30** groups; near" in words
    assert "**0** groups span training, validation and test" in words


def test_every_group_of_copies_is_on_some_page(data, monkeypatch) -> None:
    shown: list[str] = []

    def note(_view, cards, key, *_) -> None:
        if key == "slices-copies":
            shown.extend(card.heading.split(",")[0] for card in cards)

    monkeypatch.setattr(labels, "show_films", note)
    page = open_page(section="copies")
    for number in (2, 3):
        page.session_state["slices-copies-page"] = number
        page.run()
    assert any("Groups 25 to 30 of 30." in text.value for text in page.caption)
    assert list(dict.fromkeys(shown)) == [f"Group {number}" for number in range(1, 31)]


def test_two_references_give_a_run_two_sensitivities(data) -> None:
    words = words_of(open_page(section="references"))
    assert "**23 of 128 films labelled “Pneumonia”**" in words
    adults = served_predictions().of_split("nih")
    called = adults.probability >= load_run(MODELS / SERVED_RUN).operating_point.threshold
    found, cleared = called[adults.films.label == 1], ~called[adults.films.label == 0]
    for rate, right in (("sensitivity", found), ("specificity", cleared)):
        stated = interval_text(wilson_rate(int(right.sum()), len(right)))  # as on the model card
        assert f"{rate} **{stated}** (n {len(right)})" in words


def test_without_facts_a_sentence_says_how_to_make_them(data, tmp_path, monkeypatch) -> None:
    shutil.copytree(MODELS / SERVED_RUN, tmp_path / "models" / SERVED_RUN)
    shutil.copytree(MODELS / "lungs", tmp_path / "models" / "lungs")
    shutil.copytree(MODELS / "view", tmp_path / "models" / "view")
    monkeypatch.setenv("FIRSTREAD_MODELS", str(tmp_path / "models"))
    for section in ("copies", "references", "slices"):
        page = open_page(section=section)
        assert plain("make it with `python -m core film-facts`") in words_of(page)
    shutil.copy(MODELS / FACTS_FILE, tmp_path / "models")  # made while the app runs
    for section in ("copies", "references", "slices"):
        page = open_page(section=section)
        assert "film-facts" not in words_of(page)


def test_features_that_are_made_while_the_app_runs_are_found(data, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "models" / SERVED_RUN
    shutil.copytree(MODELS / SERVED_RUN, folder)
    shutil.copytree(MODELS / "lungs", tmp_path / "models" / "lungs")
    shutil.copytree(MODELS / "view", tmp_path / "models" / "view")
    shutil.copy(MODELS / FACTS_FILE, tmp_path / "models")
    whole = (folder / "run.json").read_text()
    record = json.loads(whole)
    del record["files"][FEATURES_FILE]
    (folder / "run.json").write_text(json.dumps(record))
    monkeypatch.setenv("FIRSTREAD_MODELS", str(tmp_path / "models"))
    without = get_search("public", SERVED_RUN)
    assert f"python -m core features {SERVED_RUN}" in " ".join(missing_tables("public", SERVED_RUN))
    (folder / "run.json").write_text(whole)
    get_runs.clear()  # as after half a minute
    found = get_search("public", SERVED_RUN)
    assert missing_tables("public", SERVED_RUN) == ()
    assert len(found.results) > len(without.results)


# --- synthetic films, addresses -------------------------------------------------------------------


class DrawnFilms:
    """Sixty films in the parts of the built-in set."""

    name, title, synthetic, has_films = "synthetic", "Synthetic films", True, True
    learned_from = False

    def predictions(self, run):
        films = film_table(60, split=["train"] * 12 + ["validation"] * 12 + ["test"] * 36)
        return predictions_of(films, np.tile([0.2, 0.9], 30))

    def has_read(self, run) -> bool:
        return True

    def learned(self, run):
        return None

    def gate_findings(self) -> dict[str, str]:
        return {}

    def findings(self) -> dict[str, str]:
        film_ids = film_table(60).film_id.tolist()
        return dict(zip(film_ids, ["normal", "lobar", "normal", "patchy"] * 15, strict=True))

    def read_bytes(self, film_id: str) -> bytes:
        return encode_film(draw_film(1))

    def read_shown(self, film_id: str) -> FilmCopy:
        return FilmCopy(self.read_bytes(film_id))


@pytest.fixture
def drawn(data, monkeypatch) -> None:
    """Offer synthetic films that are all there, with no data folder."""
    monkeypatch.setenv("FIRSTREAD_OFFER_SYNTHETIC", "true")
    monkeypatch.setattr(resources, "_synthetic_library", DrawnFilms)


def test_drawn_films_are_counted_by_what_they_were_drawn_to_show(drawn) -> None:
    page = open_page(library="synthetic")
    words = words_of(page)
    point = load_run(MODELS / SERVED_RUN).operating_point.threshold
    assert point < 0.9
    assert "gets **0 of 60 synthetic films** wrong" in words
    assert "do not apply to patients" in words
    [chart] = page.get("plotly_chart")
    low, high = proportion_confint(15, 15, method="wilson")
    for said in ("lobar, n 15", "patchy, n 15", "normal, n 30"):
        assert said in chart.proto.spec
    assert f"lobar: 1.000 ({low:.3f} to {high:.3f})" in chart.proto.spec
    for section in ("labels", "copies", "references"):
        assert "hoose the public film set above" in words_of(
            open_page(library="synthetic", section=section)
        )


def test_findings_of_drawn_films_stand_in_the_order_of_their_errors() -> None:
    drawn = np.array(["normal", "lobar", "lobar", "patchy", "normal", "patchy"])
    wrong = np.array([False, True, True, False, False, True])

    rates = rates_by_finding(drawn, wrong)

    assert [(name, rate.value, rate.n, ill) for name, rate, ill in rates] == [
        ("lobar", 0.0, 2, True),
        ("patchy", 0.5, 2, True),
        ("normal", 1.0, 2, False),
    ]
    low, high = proportion_confint(1, 2, method="wilson")
    assert (rates[1][1].low, rates[1][1].high) == pytest.approx((low, high))


def test_a_newcomer_without_films_sees_the_synthetic_ones_and_how_to_get_the_others(drawn) -> None:
    page = open_page()
    assert page.selectbox(key="slices-library").value == "synthetic"
    assert "of 60 synthetic films** wrong" in words_of(page)
    assert any("python -m core data fetch" in text.value for text in page.caption)
    page.selectbox(key="slices-library").set_value("public").run()
    assert re.search(r"of \d+ tests\*\* on the validation patients", words_of(page))


def test_an_imported_run_without_validation_films_is_not_searched(data, tmp_path, monkeypatch):
    monkeypatch.setenv("FIRSTREAD_FOREIGN_RUNS", str(tmp_path / "foreign"))
    films = served_predictions().of_split("test").films.film_id
    table = "film_id,probability\n" + "".join(f"{name},0.875\n" for name in films)
    request = ForeignRequest(name="theirs", split="test")
    import_run(table.encode(), request, *get_settings().run_folders, OPERATOR)
    words = words_of(open_page(run="theirs"))
    assert "Run theirs has no films of the validation patients, which are searched" in words
    assert "Only the predictions of run" in words
    words = words_of(open_page(run="theirs", section="references"))
    assert "Run theirs was not measured on the adult films" in words


def test_an_address_gives_back_the_whole_view() -> None:
    view = SlicesView("public", "f01", "labels", "size-low+subtype-virus", "specificity")
    offered = (("public",), {"public": ("f04", "f01")})
    assert ADDRESS.read(ADDRESS.write(view), *offered) == (view, [])


@pytest.mark.parametrize("name", ["library", "run", "section", "rate"])
def test_what_an_address_says_wrongly_is_a_sentence_and_the_default(name) -> None:
    view, complaints = ADDRESS.read({name: "zoo"}, ("public",), {"public": ("f04", "f01")})
    assert view == SlicesView("public", "f04")
    assert len(complaints) == 1
    assert f"names {name} 'zoo', which is not offered here" in complaints[0]


def test_a_slice_that_was_not_looked_at_is_a_sentence_and_the_first(data) -> None:
    words = words_of(open_page(slice="zoo"))
    assert "names subgroup 'zoo', which was not looked at for sensitivity" in words
