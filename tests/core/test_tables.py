"""Tables as Markdown, CSV and Parquet."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.tables import csv_table, markdown_table, parquet_table


def test_a_markdown_table_has_a_head_and_a_line_a_row() -> None:
    table = markdown_table(["Run", "n"], [["a", "1"], ["b", "2"]])
    assert table == "| Run | n |\n| --- | --- |\n| a | 1 |\n| b | 2 |"


def test_csv_gives_every_cell_back_and_ends_its_lines_as_asked() -> None:
    rows = [["a, b", 1.5], ['"', None]]
    assert csv_table(["x", "y"], rows) == 'x,y\r\n"a, b",1.5\r\n"""",\r\n'
    assert csv_table(["x"], [["a"]], line_end="\n") == "x\na\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_in_csv_is_a_formula_and_numbers_stay(start: str) -> None:
    content = csv_table(["x", "y"], [[f"{start}1", -1.0]])
    assert list(csv.reader(io.StringIO(content, newline="")))[1] == [f"'{start}1", "-1.0"]


def test_parquet_has_the_columns_of_its_schema_without_rows_too() -> None:
    schema = pa.schema({"x": pa.string(), "y": pa.int64()})
    rows = [{"x": "a", "y": 1}, {"x": None, "y": None}]
    assert pq.read_table(io.BytesIO(parquet_table(rows, schema))).to_pylist() == rows
    assert pq.read_table(io.BytesIO(parquet_table([], schema))).schema.equals(schema)
