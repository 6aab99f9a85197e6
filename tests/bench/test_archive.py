"""How the benchmark of an archive reads what it saw."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.archive import Sample, make_films, processor_of_a_film, rate_of, rows_of, window
from core.errors import FirstReadError
from core.imaging.decoding import decode_radiograph


def write_part(out, number, films, second):
    path = out / "films" / f"part-{number:06}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: list(films) for name in ("film", "state", "film_sha256", "logit")}
    pq.write_table(pa.table(columns), path)
    os.utime(path, (second, second))


def test_the_rate_counts_from_when_every_worker_has_ended_a_part(tmp_path):
    for number, second in enumerate([100.0, 101.0, 104.0, 106.0]):
        write_part(tmp_path, number, "ab", second)
    assert rate_of(tmp_path, 2) == pytest.approx(4 / 5)
    assert rate_of(tmp_path, 1) == pytest.approx(6 / 6)


def test_a_film_that_stands_twice_is_found(tmp_path):
    write_part(tmp_path, 0, "ab", 1.0)
    assert rows_of(tmp_path) == {"a": ("a", "a", "a", "a"), "b": ("b", "b", "b", "b")}
    write_part(tmp_path, 1, "bc", 2.0)
    with pytest.raises(FirstReadError, match="1 films stand in"):
        rows_of(tmp_path)


def test_processor_time_is_taken_between_finished_parts_and_not_from_the_end():
    used = [(0, 9.0), (1, 10.0), (1, 11.0), (2, 12.0), (3, 16.0), (4, 2.0)]
    samples = [Sample(parts, 100.0, seconds) for parts, seconds in used]
    assert processor_of_a_film(samples, 10, 1) == pytest.approx((16.0 - 10.0) / 20)
    with pytest.raises(FirstReadError, match="too few"):
        processor_of_a_film(samples[:3], 10, 1)


def test_memory_is_the_median_between_two_numbers_of_parts():
    samples = [Sample(parts, 10.0 * parts, 0.0) for parts in range(10)]
    assert window(samples, 2, 4) == 30.0
    with pytest.raises(FirstReadError, match="too few"):
        window(samples, 20, 30)


def test_the_films_have_bytes_of_their_own_and_a_few_pictures(tmp_path):
    make_films(tmp_path, 4, (120, 144), pictures=2)
    contents = [path.read_bytes() for path in sorted(tmp_path.rglob("*.jpg"))]
    assert len(set(contents)) == 4
    first, second, third, _ = (decode_radiograph(content).pixels for content in contents)
    np.testing.assert_array_equal(first, third)
    assert not np.array_equal(first, second)
