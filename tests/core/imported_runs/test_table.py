"""Reading foreign tables: what spreadsheets do to one, damaged files, and files made at random."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fixtures.foreign_models import TEST, TRAIN, models  # noqa: F401 (a fixture)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.reader import OPERATOR
from core.errors import ForeignRunRefused
from core.imported_runs.importing import ForeignRequest, import_run
from core.imported_runs.table import MAX_BYTES, MAX_ROWS, ForeignRow, read_foreign_table
from core.runs.predictions import read_predictions
from core.runs.store import load_run

PLAIN = "film_id,probability\na.jpeg,0.25\nb.jpeg,0.5\n"
ROWS = [ForeignRow(2, "a.jpeg", "0.25", ""), ForeignRow(3, "b.jpeg", "0.5", "")]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", " , ").encode(),
        PLAIN.replace("film_id,probability", "File Name,P-Pneumonia").encode(),
        b'"film_id";"probability"\n"a.jpeg";"0.25"\n"b.jpeg";"0.5"\n',
        b'"film_id","probability"\n"a.jpeg","0.25"\n"b.jpeg","0.5"\n',
        b'film_id,probability\n"=""a.jpeg""","=""0.25"""\n\'b.jpeg,\'0.5\n',
        b"film_id,probability,,\na.jpeg,0.25,,\nb.jpeg,0.5\n",
    ],
)
def test_what_a_spreadsheet_does_to_a_table_is_undone(content):
    assert read_foreign_table(content) == ROWS


def test_empty_lines_and_a_declared_separator_count_as_lines():
    content = b"sep=;\r\n\r\nfilm_id;probability\r\n\r\na.jpeg;0,25\r\n"
    assert read_foreign_table(content) == [ForeignRow(5, "a.jpeg", "0,25", "")]


def test_columns_may_be_named_by_hand_and_in_any_order():
    content = b"chance,note,case,score\n0.25,x,a.jpeg,7\n"
    rows = read_foreign_table(content, film_column="Case", probability_column="chance")
    assert rows == [ForeignRow(2, "a.jpeg", "0.25", "")]


def test_a_cell_that_is_not_there_is_empty():
    rows = read_foreign_table(b"film_id,probability,label\na.jpeg\n,0.5,1\n")
    assert rows == [ForeignRow(2, "a.jpeg", "", ""), ForeignRow(3, "", "0.5", "1")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no column for films among"),
        (b"\n\n", "no column for films among"),
        (b"film_id,probability\n", "names its columns and has no row"),
        (b"a.jpeg,0.25\n", "no column for films among 'a.jpeg', '0.25'; names such as film_id"),
        (b"film_id,other\na,1\n", "no column for probabilities among 'film_id', 'other'"),
        (b"film_id,path,p\na,b,1\n", "more than one column may hold films: 'film_id', 'path'"),
        (b"film,p,score\na,1,1\n", "more than one column may hold probabilities: 'p', 'score'"),
        (b"film_id,probability\na,0.5\0\n", "neither CSV in UTF-8 or UTF-16 nor Parquet"),
        (b"\x81\x8d\x8f\x90\x9d", "neither CSV in UTF-8 or UTF-16 nor Parquet"),
        (b"\xff\xfea", "neither CSV in UTF-8 or UTF-16 nor Parquet"),
        (b"PK\x03\x04", "is a spreadsheet or a zip: save it as CSV"),
        (b'film_id,probability\n"a.jpeg,0.5\n', "is not a table of text"),
        (b"film_id,probability\n" + b"a" * 200_000 + b",1\n", "is not a table of text"),
        (b"sep=\x0b\nfilm_id,probability\na,1\n", "is one column: 'sep=\\x0b'. Separate the col"),
        (b"sep=\"\nfilm_id,probability\na,1\n", "is one column: 'sep=\"'. Separate the columns"),
        (b"sep=|\nfilm_id|p\na|1\n", "is one column: 'sep=|'. Separate the columns by comma, semi"),
        (b"film_id|p\na|1\n", "is one column: 'film_id|p'. Separate the columns by comma, semi"),
        (PLAIN.encode("utf-32"), "nor Parquet. Save it as CSV in UTF-8."),
        (PLAIN.encode("utf-32-be"), "nor Parquet. Save it as CSV in UTF-8."),
        (PLAIN.encode("utf-16-le"), "nor Parquet. Save it as CSV in UTF-8."),
        ("film_id,p,note\na,1,naïve\n".encode("cp1252"), "nor Parquet. Save it as CSV in UTF-8."),
        (b"PAR1 and no more", "the Parquet file cannot be read"),
        (b"x" * (MAX_BYTES + 1), "the file has 20.0 MiB; at most 20 are read"),
        (b"film,p\n" + b"a,1\n" * (MAX_ROWS + 1), "the file has more than 200,000 rows"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(content, sentence):
    with pytest.raises(ForeignRunRefused) as caught:
        read_foreign_table(content)
    assert sentence in str(caught.value)


# --- Parquet --------------------------------------------------------------------------------------


def parquet(**columns) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written)
    return written.getvalue()


@pytest.mark.parametrize(
    "probability",
    [[0.25, 0.5], pa.array([0.25, 0.5], pa.float32()), ["0.25", "0.5"]],
)
@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary("int8", "string")])
def test_parquet_gives_the_same_rows_counted_from_one(probability, text):
    films = pa.array(["a.jpeg", "b.jpeg"]).cast(text)
    content = parquet(other=[[1], [2]], film_id=films, probability=probability)
    assert read_foreign_table(content) == [
        ForeignRow(1, "a.jpeg", "0.25", ""),
        ForeignRow(2, "b.jpeg", "0.5", ""),
    ]


def test_nothing_and_nan_and_whole_labels_in_parquet_are_kept_apart():
    content = parquet(
        film=["a", None, "c"], p=[None, float("nan"), 1.0], label=pa.array([1, 0, None])
    )
    assert read_foreign_table(content) == [
        ForeignRow(1, "a", "", "1"),
        ForeignRow(2, "", "nan", "0"),
        ForeignRow(3, "c", "1.0", ""),
    ]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"film": [["a"]], "p": [0.5]}, r"the column 'film' holds list<.*>, which is neither text"),
        ({"film": ["a"], "p": [True]}, "the column 'p' holds bool, which is neither text"),
        ({"film": ["a" * 301], "p": [0.5]}, "a text in it has 301 letters; 300 are read"),
        ({"film": ["a"], "q": [0.5]}, "no column for probabilities among 'film', 'q'"),
        ({"film": pa.array([], "string"), "p": pa.array([], "double")}, "has no row below them"),
        ({"film": ["a"] * (MAX_ROWS + 1), "p": [0.5] * (MAX_ROWS + 1)}, "more than 200,000 rows"),
    ],
)
def test_parquet_that_holds_something_else_is_refused(columns, sentence):
    with pytest.raises(ForeignRunRefused, match=sentence):
        read_foreign_table(parquet(**columns))


def test_parquet_that_unpacks_to_more_than_is_read_is_refused_before_it_is_unpacked():
    columns = {"film": ["a" * 290] * 199_000, "p": [0.5] * 199_000}
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, use_dictionary=False, compression="zstd")
    assert len(written.getvalue()) < 100_000  # of 58 MB
    with pytest.raises(ForeignRunRefused, match=r"unpacks to \d+\.\d MiB; at most 50 are read"):
        read_foreign_table(written.getvalue())


# --- at random ------------------------------------------------------------------------------------

AT_RANDOM = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)
PROBABILITIES = st.lists(st.floats(0.0, 1.0), min_size=len(TEST), max_size=len(TEST))


def attempt(content: bytes, models, tmp_path_factory):  # noqa: F811
    """Return the imported run, or None where a sentence refuses it and nothing was written."""
    place = tmp_path_factory.mktemp("foreign") / "runs"
    try:
        return load_run(
            import_run(content, ForeignRequest("theirs"), models, place, OPERATOR).folder
        )
    except ForeignRunRefused:
        assert not place.exists()
        return None


@AT_RANDOM
@given(content=st.binary(max_size=300), start=st.sampled_from([b"", b"PAR1", b"film_id,p\n"]))
def test_any_bytes_are_refused_with_a_sentence(content, start, models, tmp_path_factory):  # noqa: F811
    assert attempt(start + content, models, tmp_path_factory) is None


@AT_RANDOM
@given(
    said=PROBABILITIES,
    separator=st.sampled_from([",", ";", "\t"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    comma=st.booleans(),
    order=st.permutations(range(len(TEST))),
)
def test_what_a_file_says_is_what_the_run_says_in_whatever_dress(
    said, separator, line_end, encoding, comma, order, models, tmp_path_factory  # noqa: F811
):  # fmt: skip
    numbers = [repr(p).replace(".", ",") if comma else repr(p) for p in said]
    lines = [f'"{TEST[place]}"{separator}"{numbers[place]}"' for place in order]
    content = line_end.join([f"film_id{separator}p", *lines]).encode(encoding)

    run = attempt(content, models, tmp_path_factory)

    assert run is not None
    kept = read_predictions(run)
    assert kept.films.film_id.tolist() == TEST
    assert kept.probability.tolist() == said


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [*TEST, *TRAIN, "=1+1", '"', "1_0", "\u0660.\u0665", "0x1", "1e-3", "Infinity", "-0"]
    ),
)


@AT_RANDOM
@given(row=st.integers(0, 7), column=st.integers(0, 1), cell=CELLS)
def test_one_changed_cell_is_refused_or_means_one_number(
    row, column, cell, models, tmp_path_factory  # noqa: F811
):  # fmt: skip
    cells = [[film, "0.5"] for film in TEST]
    cells[row][column] = cell
    content = "\n".join(["film_id,probability", *map(",".join, cells)]).encode("utf-8", "replace")

    run = attempt(content, models, tmp_path_factory)

    if run is not None:
        kept = read_predictions(run)
        assert kept.films.film_id.tolist() == TEST
        others = [place for place in range(8) if place != row]
        assert kept.probability[others].tolist() == [0.5] * 7
        plain = cell.strip().strip("'").replace(",", ".") if column else "0.5"
        assert kept.probability[row] == float(plain)


@AT_RANDOM
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), end=st.integers(1, 2000))
def test_damaged_parquet_is_refused_or_still_a_table(
    place, byte, end, models, tmp_path_factory  # noqa: F811
):  # fmt: skip
    content = bytearray(parquet(film_id=TEST, probability=[0.5] * 8))
    content[place % len(content)] = byte

    run = attempt(bytes(content[: max(end, 12)]), models, tmp_path_factory)

    if run is not None:
        assert read_predictions(run).films.film_id.tolist() == TEST
