"""Reading an upload in a process of its own."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.errors import ForeignRunRefused
from core.imported_runs.isolated import read_foreign_table_apart
from core.imported_runs.table import read_foreign_table
from core.language.current import using


@pytest.fixture(scope="module")
def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"film": ["a", "b"], "probability": [0.25, None], "label": ["0", "1"]})
    pq.write_table(table, sink)
    return sink.getvalue().to_pybytes()


def test_rows_are_those_that_are_read_here(parquet):
    assert read_foreign_table_apart(parquet) == read_foreign_table(parquet)


def test_a_refusal_comes_back_as_its_sentence(parquet):
    with pytest.raises(ForeignRunRefused, match="no column for films among 'film'"):
        read_foreign_table_apart(parquet, film_column="other")


def test_a_file_that_ends_its_reader_is_refused(parquet, tmp_path, monkeypatch):
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(ForeignRunRefused, match="damaged: reading it crashed"):
        read_foreign_table_apart(parquet)


def test_a_file_that_takes_too_long_is_refused(parquet, tmp_path, monkeypatch):
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    with pytest.raises(ForeignRunRefused, match=r"took longer than 0\.2 s"):
        read_foreign_table_apart(parquet, limit_s=0.2)


def test_text_is_read_without_another_process(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert len(read_foreign_table_apart(b"film,probability\na,0.5\n")) == 1


def test_the_process_refuses_in_the_language_of_who_asks(parquet):
    with using("es"), pytest.raises(ForeignRunRefused, match="ninguna columna de radiografías"):
        read_foreign_table_apart(parquet, film_column="other")
