"""Query parameters: read into a view, written from it, changed by widgets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest
from fixtures.app_pages import PATIENCE_S
from streamlit.testing.v1 import AppTest

from ui.app.query_params import Param, QueryParams, flag, one_of, parse_number, some_of, word


class Sort(StrEnum):
    LOSS = "loss"
    PATIENT = "patient"


@dataclass(frozen=True)
class Asked:
    tag: str | None = None
    size: Sort | None = None


@dataclass(frozen=True)
class View:
    library: str
    run: str
    sort: Sort = Sort.LOSS
    runs: tuple[str, ...] = ("f01",)
    asked: Asked = Asked()
    rate: str = "a"
    at: float = 97.0
    ill: int = 10
    open: bool = False


def build(tag, size, **values) -> View:
    return View(**values, asked=Asked(tag, size))


RUNS = {"public": ("f04", "f01"), "synthetic": ("f01",)}
PAGE = QueryParams(
    "page",
    build,
    one_of("library", lambda _, runs: runs, forgets=("run", "tag")),
    one_of("run", lambda values, runs: runs[values.library]),
    one_of("order", Sort, field="sort"),
    some_of("runs", ("f01", "f02", "f04"), ("f01",), "are not there"),
    word("tag", None, field="asked.tag"),
    one_of("size", Sort, None, instead="all", field="asked.size"),
    one_of("rate", ("a", "b"), needs="tag"),
    Param("at", lambda text, *_: parse_number(text, 80, 100), 97.0, instead="as usual"),
    Param("ill", lambda text, *_: round(parse_number(text, 0, 100)), 10),
    flag("open"),
)
PLAIN = View("public", "f04")
FULL = View(
    "synthetic",
    "f01",
    Sort.PATIENT,
    ("f01", "f04"),
    Asked("tube", Sort.LOSS),
    rate="b",
    at=92.5,
    ill=0,
    open=True,
)


@pytest.mark.parametrize("view", [PLAIN, FULL])
def test_a_view_that_is_written_reads_back(view: View) -> None:
    assert PAGE.read(PAGE.write(view), RUNS) == (view, [])


def test_an_empty_address_has_every_default() -> None:
    assert PAGE.read({}, RUNS) == (PLAIN, [])


def test_what_asks_for_nothing_or_lacks_what_it_needs_is_left_out() -> None:
    assert PAGE.write(PLAIN) == {
        "library": "public",
        "run": "f04",
        "order": "loss",
        "runs": "f01",
        "at": "97",
        "ill": "10",
    }


def test_a_full_address_is_text() -> None:
    assert PAGE.write(FULL) == {
        "library": "synthetic",
        "run": "f01",
        "order": "patient",
        "runs": "f01,f04",
        "tag": "tube",
        "size": "loss",
        "rate": "b",
        "at": "92.5",
        "ill": "0",
        "open": "yes",
    }


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("library", "zoo", "library 'zoo', which is not offered here. Shown instead: public."),
        ("run", "f99", "run 'f99', which is not offered here. Shown instead: f04."),
        ("order", "x", "order 'x', which is not offered here. Shown instead: loss."),
        ("runs", "f99", "runs 'f99', which are not there. Shown instead: f01."),
        ("runs", ",", "runs '', which are none. Shown instead: f01."),
        ("size", "huge", "size 'huge', which is not offered here. Shown instead: all."),
        ("at", "79.9", "at '79.9', which is not between 80 and 100. Shown instead: as usual."),
        ("at", "nan", "at 'nan', which is not between 80 and 100. Shown instead: as usual."),
        ("ill", "x" * 50, f"ill '{'x' * 40}', which is not between 0 and 100. Shown instead: 10."),
    ],
)
def test_a_wrong_value_becomes_the_default_with_its_sentence(name, text, sentence) -> None:
    assert PAGE.read({name: text}, RUNS) == (PLAIN, [f"The address names {sentence}"])


def test_of_several_the_known_ones_are_kept_in_the_order_of_the_options() -> None:
    view, complaints = PAGE.read({"runs": "f04,f99,f02"}, RUNS)
    assert view.runs == ("f02", "f04")
    assert complaints == [
        "The address names runs 'f99', which are not there. Shown instead: f02, f04."
    ]


def test_options_depend_on_what_is_read_before() -> None:
    assert PAGE.read({"library": "synthetic"}, RUNS)[0].run == "f01"


# --- widgets --------------------------------------------------------------------------------------

ORDERS = {"loss": "Loss first", "patient": "By patient"}


def script(page, runs, orders) -> None:
    import streamlit as st

    view, _ = page.read(st.query_params.to_dict(), runs)
    page.go_to(view)
    page.select(view, "Library", "library", {"public": "Public", "synthetic": "Synthetic"})
    page.select(view, "Tag", "tag", ["wire"], any_word="any")
    page.segments(view, "Rate", "rate", {"a": "A", "b": "B"})
    st.slider("Ill", 0, 100, **page.bind(view, "ill"))
    st.checkbox("Open", **page.bind(view, "open"))
    st.multiselect("Runs", ["f01", "f02"], **page.bind(view, "runs"))
    st.radio("Order", list(orders.values()), **page.bind(view, "order", orders))
    st.button("Once more", on_click=page.take, args=("library",))


@pytest.fixture
def page() -> AppTest:
    given = {"page": PAGE, "runs": RUNS, "orders": ORDERS}
    page = AppTest.from_function(script, kwargs=given, default_timeout=PATIENCE_S)
    page.query_params["tag"] = "tube"
    return page.run()


def address_of(page: AppTest) -> dict[str, str]:
    assert not page.exception
    said = page.query_params.items()
    return {name: text if isinstance(text, str) else text[0] for name, text in said}


def test_widgets_show_what_the_address_says(page: AppTest) -> None:
    tag = page.selectbox(key="page-tag")
    assert (tag.value, tag.options) == ("tube", ["wire", "tube"])
    assert page.selectbox(key="page-library").value == "public"
    assert page.radio(key="page-order").value == "Loss first"
    assert page.multiselect(key="page-runs").value == ["f01"]
    assert address_of(page) == PAGE.write(PAGE.read({"tag": "tube"}, RUNS)[0])


def test_what_a_widget_says_stands_in_the_address(page: AppTest) -> None:
    page.slider(key="page-ill").set_value(0).run()
    page.checkbox(key="page-open").check().run()
    page.multiselect(key="page-runs").set_value(["f02", "f01"]).run()
    page.radio(key="page-order").set_value("By patient").run()
    page.button_group(key="page-rate").set_value("b").run()
    address = address_of(page)
    assert (address["ill"], address["open"], address["order"]) == ("0", "yes", "patient")
    assert (address["runs"], address["rate"]) == ("f01,f02", "b")
    page.checkbox(key="page-open").uncheck().run()
    page.selectbox(key="page-tag").set_value(None).run()
    assert not {"open", "tag", "rate"} & address_of(page).keys()


def test_a_change_takes_what_depends_on_it_out_of_the_address(page: AppTest) -> None:
    page.selectbox(key="page-library").set_value("synthetic").run()
    address = address_of(page)
    assert (address["library"], address["run"]) == ("synthetic", "f01")
    assert "tag" not in address


def test_a_widget_that_is_gone_and_speaks_once_more_changes_nothing(page: AppTest) -> None:
    before = address_of(page)
    page.button[0].click().run()
    assert address_of(page) == before
    assert before["tag"] == "tube"


def test_a_label_that_has_changed_since_it_was_shown_chooses_nothing(page: AppTest) -> None:
    before = address_of(page)
    library = page.selectbox(key="page-library")
    library.options.append("Public (4 films)")  # as the browser had it
    library.set_value("Public (4 films)").run()
    assert address_of(page) == before
    assert page.selectbox(key="page-library").value == "public"
