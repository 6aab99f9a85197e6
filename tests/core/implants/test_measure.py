"""The implant test finds the opacity that was planted, by zone, beside its controls."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fixtures.implants import PlantedReader, host, planted_result

from core.domain.findings import ZONES
from core.errors import Cancelled, DatasetError
from core.implants.measure import ImplantPlan, read_implants, run_implant_test
from core.implants.report import describe_implants, implants_as_csv, opacity_text, threshold_text
from core.language.current import using
from core.reports.markdown import write_markdown
from core.stats.psychometric import Threshold


@pytest.fixture(scope="module")
def found():
    """Return a test of a reader that needs 1.25 cm in the right lung, and 3.75 cm in the left.

    It is blind in the left upper zone.
    """
    weights = {zone: 1.0 if zone.startswith("right") else 1 / 3 for zone in ZONES}
    return planted_result(PlantedReader(1.25, weights | {"left upper": 0.0}))


def test_the_planted_opacity_is_found_in_each_zone(found) -> None:
    half = {zone.zone: zone.suspicious.half for zone in found.zones}
    for zone in ("right upper", "right middle", "right lower"):
        assert half[zone].value == pytest.approx(1.25, rel=0.15)
        assert 1.0 <= half[zone].low <= half[zone].high <= 1.5
    for zone in ("left middle", "left lower"):
        assert half[zone].value == pytest.approx(3.75, rel=0.15)
    assert np.isinf(half["left upper"].value)
    assert half["left upper"].n == 12


def test_the_shares_step_at_the_planted_opacity(found) -> None:
    shares = [rate.value for rate in found.zones[0].suspicious.shares]
    assert shares == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]


def test_controls_stay_quiet_and_the_reader_points_at_the_lesion(found) -> None:
    assert found.resaved.value == 0.0
    assert [rate.value for rate in found.beside_suspicious] == [0.0] * 6
    right = found.zones[1]
    assert right.pointing.value == 1.0
    assert 0.02 < right.chance < 0.25
    assert found.zones[3].pointing.value < 1.0  # where it is blind, it points elsewhere


def test_what_is_noticed_rises_further_than_in_soft_tissue(found) -> None:
    noticed = found.zones[1].noticed
    assert noticed.half.value <= found.zones[1].suspicious.half.value
    assert all(rate.value <= 0.1 for rate in found.beside_noticed)


def test_the_same_seed_gives_the_same_lesions_and_another_seed_others() -> None:
    reader, plan = PlantedReader(1.25), ImplantPlan((2.0,))
    first, again = (read_implants(host(), reader, plan) for _ in range(2))
    other = read_implants(host(), reader, replace(plan, seed=1))
    assert first.scores == again.scores
    assert (first.resaved, first.pointed) == (again.resaved, again.pointed)
    assert set(first.pointed.values()) != set(other.pointed.values())


def test_films_are_read_one_after_the_other_until_there_are_enough() -> None:
    reader, plan, given = PlantedReader(1.25), ImplantPlan((1.0,)), []

    def films():
        for n in range(100):
            given.append(n)
            yield None if n == 3 else host(f"film-{n}")

    steps = []
    outcomes, left_out = run_implant_test(
        films(), reader, plan, 10, progress=lambda done, total: steps.append((done, total))
    )
    assert (len(outcomes), left_out, len(given)) == (10, 1, 11)
    assert steps[-1] == (10, 10)
    assert reader.seen == 10 * (6 + 2)


def test_it_stops_when_it_is_cancelled() -> None:
    reader = PlantedReader(1.25)
    with pytest.raises(Cancelled, match="stopped"):
        run_implant_test([host()], reader, ImplantPlan(), cancelled=lambda: True)
    assert reader.seen == 0


def test_too_few_films_are_refused() -> None:
    with pytest.raises(DatasetError, match="Only 0 normal films"):
        run_implant_test([None] * 40, PlantedReader(1.0), ImplantPlan())


@pytest.mark.parametrize("opacities", [(), (0.0, 1.0), (2.0, 1.0)], ids=["none", "zero", "falling"])
def test_opacities_rise_from_above_zero(opacities) -> None:
    with pytest.raises(DatasetError, match="Opacities"):
        ImplantPlan(opacities)


def test_the_report_states_zones_controls_and_limits(found) -> None:
    text = write_markdown(describe_implants(found, datetime(2026, 3, 2, tzinfo=UTC)))
    assert "12 normal films took a lesion of 5 cm" in text
    assert "Left upper" in text
    assert "above 4" in text
    assert "The films are synthetic" in text
    assert "1 normal film was left out of the test" in text
    with using("es"):
        spanish = write_markdown(describe_implants(found, datetime(2026, 3, 2, tzinfo=UTC)))
    assert "12 normal films" not in spanish


def test_the_table_leaves_an_opacity_empty_that_was_not_reached(found) -> None:
    rows = list(csv.DictReader(io.StringIO(implants_as_csv(found))))
    by = {(row["zone"], row["measure"]): row for row in rows}
    assert by["left upper", "suspicious"]["half_cm"] == ""
    assert float(by["right upper", "suspicious"]["half_cm"]) == pytest.approx(1.25, rel=0.15)
    assert by["soft tissue", "suspicious"]["share_at_4_cm"] == "0.0000"
    assert len(rows) == 2 * (len(ZONES) + 1) + 2


def test_an_opacity_says_where_it_was_not_measured() -> None:
    plan = ImplantPlan()
    assert opacity_text(float("inf"), plan) == "above 4"
    assert opacity_text(0.5, plan) == "at most 0.5"
    assert threshold_text(Threshold(1.234, 0.5, float("inf"), 9), plan) == (
        "1.2 (at most 0.5 to above 4)"
    )
