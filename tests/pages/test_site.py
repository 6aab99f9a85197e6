"""The page Site: a test is declared, read in the background, judged, adopted and taken back."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from fixtures.app_pages import open_page
from fixtures.review_records import lead
from fixtures.site_settings import LENIENT, STRICT, accepted, made_up_films
from pages.test_review import CHEST, press, run_until, upload, words_of
from pages.test_review import open_page as open_review
from pages.test_spoken import _bracketed  # noqa: F401 - a fixture
from pages.test_spoken_states import left_in_english
from streamlit.testing.v1 import AppTest

from core.acceptance.criteria import USUAL_CRITERIA
from core.acceptance.sample_size import plan_sample
from core.domain.reader import Role
from core.errors import Cancelled, DatasetError
from core.jobs.site_films import SiteReading
from core.jobs.site_tests import AcceptanceResult, AcceptanceTask
from core.language.words import msg
from core.pipeline import open_engine, read_film
from core.runs.store import load_run
from core.settings import SERVED_RUN, get_settings
from core.sites.labels import NOT_SETTLED
from core.store.local_reader import choose_local_reader
from core.store.reads import SqlReviewStore
from core.store.site_settings import adopt_setting, list_site_settings
from ui.charts.site import plot_bands, plot_site_roc
from ui.model_card import panels
from ui.site import source_choice, tasks
from ui.site.source_choice import Choice

NAME = "Dr. Lena Lead"


class MadeUp:
    """Films that are read when the test says so."""

    title = "made-up films"

    def __init__(self, fails: Exception | None = None) -> None:
        self.go_on, self.fails = threading.Event(), fails

    def read(self, files, progress, cancelled) -> SiteReading:
        assert files.site is None  # the run's own is measured
        progress(1, 4)
        while not self.go_on.wait(0.01):
            if cancelled():
                raise Cancelled(msg("Reading the site's films was stopped."))
        if self.fails:
            raise self.fails
        left_out = {"d.png": NOT_SETTLED}
        return SiteReading(made_up_films(), {"e.png": "no film"}, left_out, 0, ("gone.png",))


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch, store: SqlReviewStore) -> MadeUp:
    made_up = MadeUp()
    monkeypatch.setattr("ui.site.acceptance.choose_labelled", lambda: Choice(made_up))
    choose_local_reader(store.database, NAME, Role.LEAD)
    return made_up


def begin(page: AppTest, tuning: int = 120) -> AppTest:
    page.text_input(key="site-name").set_value("Ward 3")
    page.number_input(key="site-tuning").set_value(tuning)
    page.number_input(key="site-limit-roc_auc").set_value(0.5)
    page.number_input(key="site-limit-calibration_error").set_value(0.9)
    page.number_input(key="site-limit-sensitivity").set_value(0.5)
    page.number_input(key="site-limit-specificity").set_value(0.5)
    return press(page, "Declare and read the films")


def task_of() -> AcceptanceTask:
    task = tasks.get_desk().acceptance
    assert task is not None
    return task


def lay(result_of=LENIENT) -> None:
    """Put a test that is done on the desk."""
    run = load_run(get_settings().models / SERVED_RUN)
    task = AcceptanceTask("Ward 3", MadeUp(), run, None, None)
    found = accepted(run, result_of)
    task.result = AcceptanceResult("Ward 3", found, {}, (), datetime(2026, 11, 30, tzinfo=UTC))
    tasks.get_desk().acceptance = task


def test_before_a_test_the_page_says_what_is_in_force_and_how_many_films_it_takes(store) -> None:
    page = open_page("site")
    own = load_run(get_settings().models / SERVED_RUN).operating_point.threshold
    assert f"Run {SERVED_RUN} reads by its own threshold, {own:.2f}." in words_of(page)
    plan = plan_sample(0.96, 0.90, 0.10, 0.5)
    assert f"**{plan.films} test films**: {plan.ill} with pneumonia" in words_of(page)
    page.number_input(key="site-width").set_value(0.2).run()
    assert f"**{plan_sample(0.96, 0.90, 0.2, 0.5).films} test films**" in words_of(page)
    assert any("No run was accepted here yet" in one.value for one in page.info)


def test_fields_stand_row_by_row_so_that_a_phone_keeps_their_order(store) -> None:
    keys = [one.key for one in open_page("site").number_input if one.key.startswith("site-")]
    limits = [f"site-limit-{one.measure}" for one in USUAL_CRITERIA]
    plan = ["site-width", "site-prevalence", "site-expected-sens", "site-expected-spec"]
    expected = [*plan, "site-sensitivity", "site-tuning", *limits, "site-seed"]
    assert keys[: len(expected)] == expected


def test_a_threshold_without_a_false_alarm_is_drawn_whole() -> None:
    found = accepted(load_run(get_settings().models / SERVED_RUN))
    marks = [one for one in plot_site_roc(found).data if one.mode == "markers"]
    assert [one.cliponaxis for one in marks] == [False, False]


def test_a_kept_set_is_measured_without_a_table_of_labels(store, monkeypatch) -> None:
    kept = MadeUp()
    kept.name, kept.title = "set-1", "Ward films"
    monkeypatch.setattr("ui.site.source_choice.get_site_libraries", lambda: [kept])
    choose_local_reader(store.database, NAME, Role.LEAD)
    page = open_page("site")
    unlabelled = page.selectbox(key="site-unlabelled-set")
    assert unlabelled.options == ["Ward films", "Other films"]
    assert not [one for one in page.text_input if one.key == "site-unlabelled-address"]
    (choice,) = [one for one in page.selectbox if one.key == "site-set"]
    assert choice.options == ["Ward films", "Other films, with a table of labels"]
    begin(page)
    assert task_of().title == "Ward films"
    task_of().cancel()
    assert task_of().wait(60)
    page = press(open_page("site"), "Put away")
    page.selectbox(key="site-set").set_value("").run()
    page = press(page, "Declare and read the films")
    assert page.error[0].value.startswith("State where the films are.")


def test_what_is_missing_is_said_and_nothing_is_read(store) -> None:
    page = press(open_page("site"), "Declare and read the films")
    assert page.error[0].value == ("State where the films are. Name the site. Enter your name.")
    assert tasks.get_desk().acceptance is None


def test_a_test_survives_a_reload_and_ends_in_go_with_every_criterion(films, store) -> None:
    begin(open_page("site"))
    assert task_of().running
    again = open_page("site")  # another visit of the same server
    assert not [one for one in again.button if one.label == "Declare and read the films"]
    assert task_of().progress == 0.25
    (bar,) = again.get("progress")
    assert bar.proto.text == "Reading the films of made-up films: 1 of 4 films"
    films.go_on.set()
    assert task_of().wait(60)
    again.run()
    assert "Run f08 meets every criterion" in words_of(again)
    found = task_of().result.found
    assert found.declaration.declared_by == NAME
    assert found.declaration.declared_at < task_of().result.made_at
    table = again.dataframe[0].value
    assert table["Criterion"].tolist()[0] == "Sensitivity at the site's threshold"
    assert set(table["Result"]) == {"met"}
    assert table["Measured"].tolist()[0] == pytest.approx(found.site.rates["sensitivity"].value)
    assert len(again.get("plotly_chart")) == 5  # ROC, calibration, ratios, groups, readers
    named = again.dataframe[1].value
    assert dict(zip(named["Film"], named["Why"], strict=True)) == {
        "e.png": "no film",
        "d.png": str(NOT_SETTLED),
        "gone.png": "it is not there",
    }


def test_no_words_of_the_ratios_lie_on_the_line_at_one() -> None:
    figure = plot_bands(accepted(load_run(get_settings().models / SERVED_RUN)).score_bands)
    shown = figure.layout.yaxis.range
    row_px = (figure.layout.height - 70) / (shown[0] - shown[1])  # about 70 px are title and axis
    lines = [(one.y0 * row_px, one.y1 * row_px) for one in figure.layout.shapes]
    words = [one.y * row_px - one.yshift for one in figure.layout.annotations]
    assert len(lines) == len(words) > 1
    assert not [at for at in words for top, end in lines if top < at + 8 and end > at - 8]


def test_a_test_can_be_stopped_and_begun_again(films, store) -> None:
    page = begin(open_page("site"))
    task_of().cancel()
    assert task_of().wait(60)
    page.run()
    assert page.warning[0].value == "Reading the site's films was stopped."
    assert [one for one in page.button if one.label == "Declare and read the films"]
    press(page, "Put away")
    assert tasks.get_desk().acceptance is None


def test_one_test_at_a_time_reads_films_on_a_server(films, store, tmp_path) -> None:
    page = begin(open_page("site"))
    page.text_input(key="site-unlabelled-address").set_value(str(tmp_path))
    press(page, "Estimate the share of pneumonia")
    assert page.error[0].value == "Films are being read for another test. Wait for it."
    assert tasks.get_desk().prevalence is None
    films.go_on.set()
    assert task_of().wait(60)


def test_films_that_cannot_be_measured_are_a_sentence(films, store) -> None:
    films.fails = DatasetError(msg("The labels name no film of this place."))
    films.go_on.set()
    page = begin(open_page("site"))
    assert task_of().wait(60)
    page.run()
    assert page.warning[0].value == "The labels name no film of this place."


def adopt(page: AppTest, reason: str) -> AppTest:
    page.text_input(key="site-adopt-reason").set_value(reason)
    return press(page, "Read by it from now on")


def test_what_is_adopted_reads_the_next_film_and_can_be_taken_back(films, store) -> None:
    lay()
    page = adopt(open_page("site"), "measured")
    (line,) = list_site_settings(store.database)
    setting = line.adopted.setting
    told = f"Site threshold {setting.point.threshold:.2f}, version 1, accepted "
    assert told in words_of(page)
    assert told in page.get("html")[-1].proto.body  # the line of every page
    assert "Adopted as version 1." in words_of(page)
    review = upload(open_review(), CHEST)
    outcome = next(iter(review.session_state["first_read"].outcomes.values()))
    prediction = outcome.reading.prediction
    assert prediction.operating_point == setting.point
    own = read_film(CHEST[1], open_engine(get_settings().models, SERVED_RUN)).prediction
    (expected,) = setting.calibration.apply([own.probability])
    assert prediction.probability == pytest.approx(expected, abs=1e-6)
    page = open_page("site")
    page.text_input(key="site-back-reason").set_value("a new device")
    press(page, "Take up")
    assert [one.version for one in list_site_settings(store.database)] == [1, 0]
    assert f"Run {SERVED_RUN} reads by its own threshold" in words_of(page)
    assert "Adopted as version 1, and taken back since." in words_of(page)


def test_a_no_go_is_adopted_only_with_a_reason_that_is_shown(films, store) -> None:
    lay(STRICT)
    page = open_page("site")
    assert "This is a no go. Adopt it only with a reason" in page.warning[0].value
    adopt(page, " ")
    assert "the reason has 0 letters" in page.error[0].value
    assert list_site_settings(store.database) == ()
    adopt(page, "no other run is here")
    assert "in spite of a no go" in words_of(page)
    assert "no other run is here" in page.get("html")[-1].proto.body
    assert "Not met: Specificity at the site's threshold." in words_of(page)


def test_an_admin_sees_the_result_and_adopts_nothing(films, store) -> None:
    lay()
    choose_local_reader(store.database, NAME, Role.ADMIN)
    page = open_page("site")
    assert "The role admin may not change the active model" in words_of(page)
    assert not [one for one in page.text_input if one.key == "site-adopt-reason"]


def test_a_reader_does_not_open_the_page(store) -> None:
    choose_local_reader(store.database, NAME, Role.READER)
    page = open_page("site")
    assert "may not open the page Site" in page.error[0].value


def test_a_setting_of_another_export_is_void_and_every_page_says_so(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(get_settings().models / SERVED_RUN)
    adopt_setting(store.database, accepted(run), "Ward 3", "measured", lead(NAME))
    monkeypatch.setattr("core.acceptance.setting.export_identity", lambda _run: "another")
    page = open_page("site")
    assert "Version 1 of the site's setting is void" in page.warning[0].value
    assert "own threshold is used." in page.get("html")[-1].proto.body


def test_the_share_of_pneumonia_is_estimated_without_labels(
    store, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "chest.png").write_bytes(CHEST[1])
    page = open_page("site")
    page.text_input(key="site-unlabelled-address").set_value(str(tmp_path))
    press(page, "Estimate the share of pneumonia")
    task = tasks.get_desk().prevalence
    run_until(page, lambda: not task.running)
    page.run()
    assert f"About {100 * task.result.share.value:.0f} of 100 films show pneumonia" in words_of(
        page
    )
    assert task.result.reading.probabilities.shape == (1,)
    press(page, "Other films")
    assert tasks.get_desk().prevalence is None


def test_an_uploaded_zip_file_is_a_place(store) -> None:
    assert list(source_choice.PLACES) == ["here", "upload"]
    page = open_page("site")
    control = next(one for one in page.get("button_group") if one.label == "Where the films are")
    control.set_value("upload").run()
    labels = [one.label for one in page.get("file_uploader")]
    assert labels[:2] == ["Zip file of films", "Labels (CSV)"]


def test_the_model_card_says_which_threshold_is_in_force(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(get_settings().models / SERVED_RUN)
    adopt_setting(store.database, accepted(run), "Ward 3", "measured", lead(NAME))
    blank = SimpleNamespace(title=SERVED_RUN, notices=())
    monkeypatch.setattr(panels, "describe_run", lambda _facts: blank)

    def draw(run_id: str) -> None:
        from types import SimpleNamespace

        from ui.model_card.panels import draw_head

        draw_head(SimpleNamespace(run=SimpleNamespace(run_id=run_id)))

    card = AppTest.from_function(draw, args=(SERVED_RUN,), default_timeout=60).run()
    assert "version 1, accepted" in card.info[0].value
    assert "This card is of the run's own threshold" in card.info[0].value
    other = AppTest.from_function(draw, args=("s18",), default_timeout=60).run()
    assert not other.info


NAMED = re.compile(r"Ward 3|Dr\. Lena Lead|reader_\d|ward|north|south|McNemar|e\.png|f08|measured$")


@pytest.mark.usefixtures("_bracketed")
def test_a_result_and_what_is_in_force_are_said_in_the_readers_language(store) -> None:
    lay(STRICT)
    found = tasks.get_desk().acceptance.result.found
    adopt_setting(store.database, found, "Ward 3", "measured", lead(NAME))
    texts = left_in_english(open_page("site"))
    assert [one for one in texts if re.search("[A-Za-z]{3}", NAMED.sub("", one))] == []
