"""Tables of figures: right-aligned, intervals apart and dimmed, and no "None"."""

from __future__ import annotations

import pyarrow as pa
from fixtures.app_pages import PATIENCE_S
from streamlit.testing.v1 import AppTest

from ui.components.figures import DIM, split_rates


def draw() -> None:
    import streamlit as st

    from core.domain.rate import Rate
    from ui.app.language import CHOSEN, settle_language
    from ui.components.figures import draw_figures, draw_text_table

    nothing = Rate(float("nan"), 0.0, 1.0, 0)
    rows = [
        {"Run": "f01", "Role": "", "AUC": Rate(0.98, 0.97, 0.99, 624), "Wrong": "4 of 390"},
        {"Run": "f02", "Role": None, "AUC": nothing, "Wrong": "12 of 390"},
        {"Run": "f03", "Role": "", "AUC": None, "Wrong": None},
    ]
    settle_language()
    spanish = st.session_state[CHOSEN] == "es"
    draw_figures(rows, colours={"f01": "#cc7700"})
    head, rows = ("Part", "Missed", "AUC"), [("a, <b>", "7 of 66", "0.692 (0.609 to 0.774)")]
    if spanish:
        rows = [("a, <b>", "7 de 66", "0,692 (0,609 a 0,774)")]
    draw_text_table(head, rows, "Results")


def test_a_table_has_values_and_intervals_apart_and_no_none() -> None:
    page = AppTest.from_function(draw, default_timeout=PATIENCE_S).run()
    (table,) = page.dataframe
    assert list(table.value.columns) == ["Run", "Colour", "Role", "AUC", "AUC, 95 %", "Wrong"]
    assert table.value["AUC"].tolist()[0] == 0.98
    assert table.value["AUC, 95 %"].tolist()[0] == "0.970 to 0.990"
    assert table.value["Colour"].tolist() == ["●", "", ""]
    assert table.value[["AUC", "AUC, 95 %"]].iloc[1:].isna().all(axis=None)
    assert table.proto.HasField("placeholder")  # or such a cell says "None"
    assert table.proto.placeholder == ""
    styles = table.proto.arrow_data.styler.styles
    assert f"color: {DIM}" in styles
    assert "color: #cc7700" in styles
    assert table.proto.columns.count('"alignment": "right"') == 2  # the interval, and of how many


def test_a_count_that_is_not_known_of_every_row_stays_a_whole_number() -> None:
    def draw() -> None:
        from ui.components.figures import draw_figures

        draw_figures([{"name": "a", "films": 8}, {"name": "b", "films": None}], key="counts")

    table = AppTest.from_function(draw, default_timeout=PATIENCE_S).run().dataframe[0]
    shown = pa.ipc.open_stream(table.proto.arrow_data.styler.display_values).read_pandas()
    assert shown.iloc[:, -1].tolist() == ["8", ""]


def test_figures_in_words_are_at_the_right_with_their_interval_dimmed() -> None:
    page = AppTest.from_function(draw, default_timeout=PATIENCE_S).run()
    body = next(one.proto.body for one in page.get("html") if "<table>" in one.proto.body)
    assert '<td>a, &lt;b&gt;</td><td class="fr-figure">7 of 66</td>' in body
    assert '<td class="fr-figure">0.692 <span>(0.609 to 0.774)</span></td>' in body
    assert '<th scope="col">Part</th><th scope="col" class="fr-figure">Missed</th>' in body


def test_figures_in_spanish_have_its_signs_and_stand_where_they_do_in_english() -> None:
    page = AppTest.from_function(draw, default_timeout=PATIENCE_S)
    page.session_state["language"] = "es"
    page.run()
    (table,) = page.dataframe
    assert table.value["AUC"].tolist()[0] == 0.98  # a number still, that can be sorted by
    assert "0,980" in table.proto.arrow_data.styler.display_values.decode("utf-8", "ignore")
    assert table.value["AUC, 95 %"].tolist()[0] == "0,970 a 0,990"
    body = next(one.proto.body for one in page.get("html") if "<table>" in one.proto.body)
    assert '<td class="fr-figure">7 de 66</td>' in body
    assert '<td class="fr-figure">0,692 <span>(0,609 a 0,774)</span></td>' in body


def test_what_is_no_rate_stays_as_it_is() -> None:
    assert split_rates({"Films": 5, "Part": "test"}) == {"Films": 5, "Part": "test"}
