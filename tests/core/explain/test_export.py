"""An explanation as files: nothing is lost, the table is harmless, and it can be made again."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from core.domain.film import Turn
from core.domain.model import FilmBox, Geometry
from core.domain.regions import (
    SETTINGS,
    CamSettings,
    Explanation,
    ExplanationSettings,
    Fill,
    LimeSettings,
    OcclusionSettings,
)
from core.errors import ExplanationError
from core.explain.export import (
    CSV_HEAD,
    ExplainedFilm,
    explanation_as_json,
    largest_difference,
    read_explanation,
    regions_as_csv,
)
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

SEGMENTS = np.array([[0, 0, 1, 1], [0, 2, 2, 1], [3, 3, 3, 1]], np.int32)
WEIGHTS = np.array([0.25, -0.5, 0.0, 1.0])
INTERVALS = np.column_stack([WEIGHTS - 0.1, WEIGHTS + 0.1])
GEOMETRY = Geometry(30, 40, 4, FilmBox(0, 0, 30, 40))
ZONES = ("right upper", "left lower", "midline", "outside the lungs")


def explained(settings: ExplanationSettings, zones: tuple[str, ...] = ZONES) -> Explanation:
    parts = {"regions for": 1.25}
    return Explanation(
        SEGMENTS, WEIGHTS, GEOMETRY, settings, 2.5, parts, None, 300, INTERVALS, zones
    )


def of_film() -> ExplainedFilm:
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    networks = {"gate": "ef" * 32}
    return ExplainedFilm("ab" * 32, True, run, "cd" * 32, networks, turned=Turn.LEFT)


@pytest.mark.parametrize(
    "settings",
    [
        *SETTINGS.values(),
        CamSettings(regions=17),
        LimeSettings(seed=7, fill=Fill.OWN_MEAN, samples=345),
        OcclusionSettings(12, Fill.HEALTHY),
    ],
)
def test_the_settings_come_back_as_they_were(settings: ExplanationSettings) -> None:
    kept = read_explanation(explanation_as_json(explained(settings), of_film()).encode())
    assert kept.made_by == settings
    assert (kept.film_sha256, kept.inverted, kept.run_id) == ("ab" * 32, True, SERVED_RUN)
    assert kept.turned is Turn.LEFT
    assert kept.networks == {"gate": "ef" * 32}
    assert largest_difference(kept, WEIGHTS) == 0.0
    assert largest_difference(kept, WEIGHTS + np.array([0, 0, 0.25, 0])) == 0.25


def test_the_regions_can_be_drawn_again_from_the_file() -> None:
    record = json.loads(explanation_as_json(explained(CamSettings()), of_film()))
    pairs = np.array(record["segments"]["run_lengths"]).reshape(-1, 2)
    drawn = np.repeat(pairs[:, 0], pairs[:, 1]).reshape(record["segments"]["shape"])
    assert np.array_equal(drawn, SEGMENTS)
    assert record["intervals"] == INTERVALS.tolist()
    assert record["zones"] == list(ZONES)
    assert record["parts"] == {"regions for": 1.25}
    assert record["do_not_rely"] is None
    adult = json.loads(
        explanation_as_json(explained(CamSettings()), replace(of_film(), of_others=True))
    )
    assert adult["do_not_rely"] == "population"


def test_a_file_from_before_films_could_be_turned_is_of_a_film_as_it_was_stored() -> None:
    record = json.loads(explanation_as_json(explained(CamSettings()), of_film()))
    assert record.pop("turned") == "left"
    assert read_explanation(json.dumps(record).encode()).turned is Turn.NONE


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": "First Read explanation, version 9"}']
)
def test_other_files_are_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(ExplanationError, match="not an explanation that First Read has written"):
        read_explanation(content)


def test_a_method_of_a_later_version_is_refused_with_a_sentence() -> None:
    record = json.loads(explanation_as_json(explained(CamSettings()), of_film()))
    kept = read_explanation(json.dumps(record | {"method": "shap"}).encode())
    with pytest.raises(ExplanationError, match="method or settings that this version"):
        _ = kept.made_by


def test_a_film_that_is_cut_in_another_way_is_told() -> None:
    kept = read_explanation(explanation_as_json(explained(CamSettings()), of_film()).encode())
    with pytest.raises(ExplanationError, match="4 regions and the film now has 3"):
        largest_difference(kept, WEIGHTS[:3])


def test_the_table_lists_the_strongest_first_with_places_on_the_film() -> None:
    head, *rows = csv.reader(io.StringIO(regions_as_csv(explained(CamSettings()))))
    assert tuple(head) == CSV_HEAD
    assert [row[1] for row in rows] == ["4", "2", "1"]  # a region without weight is left out
    first = dict(zip(head, rows[0], strict=True))
    assert (first["zone of the patient"], first["counts"]) == ("outside the lungs", "for")
    assert (float(first["lowest"]), float(first["highest"])) == pytest.approx((0.9, 1.1))
    assert (first["top (px)"], first["bottom (px)"]) == ("20", "30")
    assert (first["left (px)"], first["right (px)"]) == ("0", "30")
    assert first["area (px)"] == "300"
    assert float(first["share of all weight"]) == pytest.approx(1 / 1.75)
    assert rows[1][6] == "against"


def test_without_zones_and_intervals_the_cells_are_empty() -> None:
    bare = Explanation(SEGMENTS, WEIGHTS, GEOMETRY, OcclusionSettings(), 2.5)
    _, first, *_ = csv.reader(io.StringIO(regions_as_csv(bare)))
    assert [first[2], first[4], first[5]] == ["", "", ""]
