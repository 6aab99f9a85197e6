"""Regions drawn at a first read: held to the model's by hand, kept, chained and taken out."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.review_records import FILM, raw_connection, record, sign

from core.domain.mark import Mark
from core.domain.model import FilmBox, Geometry
from core.domain.regions import Explanation, LimeSettings
from core.domain.review import ReadKind
from core.errors import ReviewStoreError
from core.explain.reader_overlap import keep_overlap, weigh_drawn
from core.reads.export import (
    DRAWN,
    INSIDE_DRAWN,
    find_drawn,
    reads_as_csv,
    reads_as_json,
    reads_as_parquet,
)
from core.store.audit_log import verify_records
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

QUARTERS = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.int32), 2, axis=0), 2, axis=1)
"""Four regions of four pixels each on a 4 x 4 grid."""

BOX, POINT = Mark(0.0, 0.0, 0.5, 0.25), Mark(0.6, 0.7, 0.6, 0.7)


def explained(weights, box: FilmBox | None = None) -> Explanation:
    geometry = Geometry(400, 200, 4, box)
    return Explanation(QUARTERS, np.array(weights), geometry, LimeSettings(), score=0.8)


def test_a_box_holds_a_regions_weight_by_the_share_of_its_pixels() -> None:
    overlap = weigh_drawn(explained([0.3, 0.1, -0.4, 0.001]), [BOX], least=0.005)
    assert overlap.boxes == 1
    assert overlap.share == pytest.approx(0.5 * 0.3 / 0.4)  # half of region 0; 1 is outside
    assert overlap.area == 2 / 16
    assert overlap.points == ()


def test_boxes_count_a_pixel_once_and_the_whole_film_holds_everything() -> None:
    explanation = explained([0.3, 0.1, -0.4, 0.001])
    assert weigh_drawn(explanation, [BOX, BOX], 0.005).share == pytest.approx(0.375)
    whole = weigh_drawn(explanation, [Mark(0.0, 0.0, 1.0, 1.0)], 0.005)
    assert (whole.share, whole.area) == (pytest.approx(1.0), 1.0)


def test_places_are_of_the_film_and_not_of_what_the_model_looks_at() -> None:
    lower = explained([0.3, 0.1, 0.2, 0.4], FilmBox(200, 0, 400, 200))
    assert weigh_drawn(lower, [Mark(0.0, 0.0, 1.0, 0.5)], 0.005).share == 0.0
    assert weigh_drawn(lower, [Mark(0.0, 0.5, 1.0, 0.75)], 0.005).share == pytest.approx(0.4)
    points = [Mark(0.1, 0.9, 0.1, 0.9), Mark(0.1, 0.1, 0.1, 0.1), Mark(1.0, 1.0, 1.0, 1.0)]
    assert weigh_drawn(lower, points, 0.005).points == (2, None, None)


def test_without_a_box_or_any_weight_for_pneumonia_there_is_no_share() -> None:
    assert weigh_drawn(explained([0.3, 0.1, 0.2, 0.4]), [POINT], 0.005).share is None
    against = weigh_drawn(explained([-0.3, 0.001, 0.0, -0.4]), [BOX, POINT], 0.005)
    assert against.share is None
    assert keep_overlap(against) == {
        "drawn_boxes": 1,
        "share_inside_drawn": None,
        "area_drawn": 2 / 16,
        "drawn_points_in": [3],
    }


def first(**changes):
    return record(kind=ReadKind.FIRST, regions={}, drawn=(BOX, POINT), **changes)


def test_what_is_drawn_is_stored_with_the_first_read_and_chained(
    store: SqlReviewStore, url: str
) -> None:
    locked = first()
    sign(store, locked)
    assert store.history(FILM) == [locked]
    assert verify_records(store.database).intact
    with raw_connection(url) as connection:
        connection.execute("DROP TRIGGER reviews_never_change" + _on_reviews(url))
        connection.execute("UPDATE reviews SET drawn = '[[0, 0, 1, 1]]'")
        connection.commit()
    (fault,) = verify_records(store.database).faults
    assert (fault.table, fault.what) == ("reviews", "was changed after it was written")


def _on_reviews(url: str) -> str:
    return "" if url.startswith("sqlite") else " ON reviews"


def test_nothing_is_drawn_at_a_signed_read(store: SqlReviewStore) -> None:
    with pytest.raises(ReviewStoreError, match="Marks are made at the first read"):
        sign(store, record(drawn=(BOX,)))


def test_the_exports_hold_what_was_drawn_with_every_read_that_goes_back_to_it() -> None:
    locked = first()
    inside = {"share_inside_drawn": 0.375}
    signed = record(supersedes=locked.record_id, regions=inside)
    reads = [locked, signed, record(reader="Dr Grace")]
    drawn = find_drawn(reads)
    places = ["0 0 0.5 0.25; 0.6 0.7 0.6 0.7"] * 2 + [""]
    rows = json.loads(reads_as_json(reads, {}, drawn))
    assert [row[DRAWN] for row in rows] == places
    assert [row[INSIDE_DRAWN] for row in rows] == [None, 0.375, None]
    assert pq.read_table(io.BytesIO(reads_as_parquet(reads, {}, drawn))).to_pylist() == rows
    listed = list(csv.DictReader(io.StringIO(reads_as_csv([signed], {}, drawn))))
    assert [(row[DRAWN], row[INSIDE_DRAWN]) for row in listed] == [(places[0], "0.375")]
