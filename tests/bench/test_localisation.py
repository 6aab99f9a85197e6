"""How explanations are held against lesions: sets of films, controls, pairs and tables."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench import localisation
from bench.lesion_films import (
    ILLNESSES,
    SYNTHETIC_SEEDS,
    TRIES,
    LesionFilm,
    box_map,
    called_film,
    confirming_half,
    illness_of,
    pasted_seeds,
    require_films,
    take,
)
from bench.localisation import (
    BRIGHTEST,
    CENTRE,
    CONTROLS,
    DEFAULT,
    FILMS,
    METHODS,
    OTHER_FILM,
    RANDOM,
    SHUFFLED,
    TARGETS,
    WAYS,
    agreement_of,
    control_maps,
    difference,
    explain_all,
    judge_all,
    judge_lungs,
    locate_all,
    rates_of,
    share_in_lungs,
    tabulate,
    tabulate_agreement,
    tabulate_differences,
)
from core.domain.mark import Mark
from core.domain.model import Geometry, ModelInput
from core.domain.regions import CamSettings, Explanation
from core.errors import DatasetError
from core.explain.localisation import Location

QUARTERS = np.repeat(np.repeat(np.array([[0, 1], [2, 3]], np.int32), 4, axis=0), 4, axis=1)
"""Four regions on an 8 x 8 grid."""

GREY = np.linspace(0.2, 0.8, 64, dtype=np.float32).reshape(8, 8)
LUNGS = np.zeros((8, 8), np.float32)
LUNGS[:, :4] = 1.0  # regions 0 and 2
LESION = QUARTERS == 0


def lesion_film() -> LesionFilm:
    return LesionFilm(ModelInput(GREY, Geometry(8, 8, 8), LUNGS), LESION)


def explained(*weights: float, outside: float = 0.0) -> Explanation:
    parts = {"outside the lungs": outside}
    return Explanation(
        QUARTERS, np.array(weights), Geometry(8, 8, 8), CamSettings(), score=2.0, parts=parts
    )


def located(*hits: bool, auc: float = 0.5) -> list[Location]:
    return [Location(hit, 0.25, auc, 0.1, 0.9) for hit in hits]


# --- the films ------------------------------------------------------------------------------------


def test_seeds_of_the_sets_do_not_overlap_and_all_kinds_of_lesion_come_in_turn() -> None:
    assert {illness_of(seed).finding for seed in SYNTHETIC_SEEDS[:4]} == set(ILLNESSES)
    seeds = [seed for place in range(101) for seed in pasted_seeds(place)]
    assert len(set(seeds)) == 101 * TRIES
    assert min(seeds) > max(SYNTHETIC_SEEDS)
    assert {illness_of(seed).finding for seed in pasted_seeds(5)} == set(ILLNESSES)


def test_the_confirming_half_is_the_same_every_time_and_larger_by_the_odd_film() -> None:
    films = [f"film {number}" for number in range(7)]
    half = confirming_half(films)
    assert half == confirming_half(films)
    assert len(half) == len(set(half)) == 4
    assert set(half) < set(films)


def test_boxes_cover_their_share_of_the_film_and_overlap_once() -> None:
    boxes = [Mark(0.0, 0.5, 0.25, 1.0), Mark(0.0, 0.5, 0.25, 0.75)]
    inside = box_map(boxes)
    assert inside.mean() == pytest.approx(0.125)
    assert inside[-1, 0] == 1.0
    assert inside[0, 0] == inside[-1, -1] == 0.0


def reading(*, suspicious: bool = True, refused: bool = False):
    film = None if refused else lesion_film().film
    prediction = None if refused else SimpleNamespace(suspicious=suspicious)
    return SimpleNamespace(model_input=film, prediction=prediction)


def test_only_films_that_are_called_pneumonia_and_show_their_lesion_are_taken() -> None:
    called = called_film(reading(), LESION.astype(np.float32))
    assert called is not None
    assert np.array_equal(called.lesion, LESION)
    assert called_film(reading(suspicious=False), LESION.astype(np.float32)) is None
    assert called_film(reading(refused=True), LESION.astype(np.float32)) is None
    assert called_film(reading(), np.zeros((8, 8), np.float32)) is None


def test_no_more_films_are_taken_than_asked() -> None:
    said: list[str] = []
    endless = iter(range(100))
    assert take(endless, 3, "numbers", said.append) == [0, 1, 2]
    assert next(endless) == 3
    assert len(take(endless, None, "numbers", said.append)) == 96
    assert said[0] == "numbers: 3 films are called pneumonia"


def test_missing_films_are_named(tmp_path: Path) -> None:
    (tmp_path / "kermany224" / "train" / "NORMAL").mkdir(parents=True)
    with pytest.raises(DatasetError, match=r"lacks .*PNEUMONIA, .*manifest\.csv\. Point FIRST"):
        require_films(tmp_path)


# --- controls -------------------------------------------------------------------------------------


def test_every_control_is_a_map_of_the_films_own_regions() -> None:
    shown = [explained(4.0, 3.0, 2.0, 1.0), explained(0.0, 0.0, 0.0, 8.0)]
    maps = control_maps([lesion_film(), lesion_film()], shown)
    assert tuple(maps) == CONTROLS
    assert maps[OTHER_FILM][0].tolist() == [0.0, 0.0, 0.0, 8.0]
    assert maps[OTHER_FILM][1].tolist() == [4.0, 3.0, 2.0, 1.0]  # the last film's next is the first
    assert maps[CENTRE][0][0] == maps[CENTRE][0][2] > 0
    assert maps[CENTRE][0][[1, 3]].tolist() == [0.0, 0.0]
    assert maps[BRIGHTEST][0].tolist() == pytest.approx(
        [GREY[:4, :4].mean(), 0, GREY[4:, :4].mean(), 0]
    )
    assert (maps[RANDOM][0][[0, 2]] > 0).all()
    assert maps[RANDOM][0][[1, 3]].tolist() == [0.0, 0.0]


def test_weights_are_shuffled_only_between_regions_of_the_lungs() -> None:
    films, shown = [lesion_film()] * 12, [explained(4.0, 3.0, 2.0, 1.0)] * 12
    shuffled = [tuple(each) for each in control_maps(films, shown)[SHUFFLED]]
    assert set(shuffled) == {(4.0, 3.0, 2.0, 1.0), (2.0, 3.0, 4.0, 1.0)}


def test_controls_are_the_same_every_time() -> None:
    films, shown = [lesion_film()] * 3, [explained(4.0, 3.0, 2.0, 1.0)] * 3
    one, other = (control_maps(films, shown) for _ in range(2))
    for name in CONTROLS:
        assert np.array_equal(one[name], other[name])


def test_any_method_that_is_added_is_held_against_the_lesions() -> None:
    methods = {
        DEFAULT: lambda _film, _run: explained(3.0, 0.0, 1.0, 0.0),
        "new": lambda _film, _run: explained(0.0, 0.0, 1.0, 0.0),
    }
    films = [lesion_film()]
    found = locate_all(films, explain_all(films, None, [].append, methods))
    assert list(found) == [DEFAULT, "new", *CONTROLS]
    assert [found[name][0].hit for name in (DEFAULT, "new")] == [True, False]
    assert found[DEFAULT][0].energy_inside == pytest.approx(3 / 4)
    assert (found[DEFAULT][0].auc, found["new"][0].auc) == (1.0, 0.0)


def test_every_method_and_control_is_said_to_be_what() -> None:
    assert list(WAYS) == [*METHODS, *CONTROLS]
    assert set(TARGETS) == set(FILMS)


# --- rates and tables -----------------------------------------------------------------------------


def test_hits_have_wilsons_interval() -> None:
    rate = rates_of(located(True, True, False, True)).points_at_lesion
    assert (rate.value, rate.n) == (0.75, 4)
    assert (rate.low, rate.high) == pytest.approx((0.301, 0.954), abs=1e-3)


def test_a_difference_is_paired_by_film() -> None:
    maps = {DEFAULT: located(True, True, False), CENTRE: located(False, True, False, auc=0.2)}
    lead = difference(maps, CENTRE, "hit")
    assert (lead.value, lead.n) == (pytest.approx(1 / 3), 3)
    assert (lead.low, lead.high) == (0.0, 1.0)
    always = difference(maps, CENTRE, "auc")
    assert (always.value, always.low, always.high) == pytest.approx((0.3, 0.3, 0.3))


def test_a_map_that_is_no_better_leads_by_nothing() -> None:
    same = located(True, False, True)
    lead = difference({DEFAULT: same, CENTRE: same}, CENTRE, "hit")
    assert (lead.value, lead.low, lead.high) == (0.0, 0.0, 0.0)


def test_the_tables_have_a_line_for_each_set_and_map() -> None:
    maps = {DEFAULT: located(True, True), **dict.fromkeys(CONTROLS, located(True, False, auc=0.4))}
    rates = {name: rates_of(locations) for name, locations in maps.items()}
    table = tabulate({"synthetic": rates})
    assert len(table) == 2 + 1 + len(CONTROLS)
    assert table[2].startswith(f"| synthetic | 2 | {DEFAULT} | 1.00 (0.34 to 1.00) | 0.25 (")
    leads = tabulate_differences({"synthetic": maps})
    assert len(leads) == 2 + len(CONTROLS)
    assert leads[2] == (
        f"| synthetic | 2 | {OTHER_FILM} | 0.50 (0.00 to 1.00) | 0.10 (0.10 to 0.10) |"
    )


def test_each_target_is_judged_and_a_miss_is_said() -> None:
    rates = {films: {DEFAULT: rates_of(located(True, False, auc=0.95))} for films in FILMS}
    lines = judge_all(rates)
    assert len(lines) == sum(map(len, TARGETS.values()))
    by_set = [[line for line in lines if f"{DEFAULT}, {films}" in line] for films in FILMS]
    assert [len(of_set) for of_set in by_set] == [3, 3, 1]
    assert all("NOT MET" in line for line in lines if "points at" in line)
    assert all("**met**" in line for line in lines if "area under" in line)


# --- agreement of two ways ------------------------------------------------------------------------


def test_the_lead_of_agreement_is_found_where_there_is_one() -> None:
    hits = np.array([True] * 45 + [False] * 5 + [True] * 10 + [False] * 40)
    alike = np.arange(100) < 50

    found = agreement_of(hits, alike)
    assert (found.agree.value, found.differ.value) == (0.9, 0.2)
    assert found.lead.value == pytest.approx(0.7)
    assert 0.5 < found.lead.low < 0.7 < found.lead.high < 0.9
    nothing = agreement_of(hits, np.arange(100) % 2 == 0).lead
    assert nothing.low < 0 < nothing.high


def test_without_films_on_both_sides_there_is_no_lead() -> None:
    found = agreement_of(np.array([True, False]), np.array([True, True]))
    assert (found.agree.value, found.differ, found.lead) == (0.5, None, None)
    lines = tabulate_agreement({"synthetic": found})
    assert lines[2].endswith("n = 2 | no such film | no such film |")


# --- the lungs ------------------------------------------------------------------------------------


def test_the_lungs_share_counts_only_weight_for_pneumonia() -> None:
    film = lesion_film().film
    assert share_in_lungs(film, explained(3.0, 1.0, -5.0, 0.0)) == 0.75
    assert share_in_lungs(film, explained(-3.0, 0.0, -5.0, 0.0)) == 0.0


def test_what_the_map_leaves_out_is_said_beside_the_share() -> None:
    explanations = [explained(3.0, 0.0, 1.0, 0.0, outside=0.5)] * 2
    share, outside = judge_lungs([lesion_film().film] * 2, explanations)
    assert "**1 share**" in share
    assert "**met**" in share
    assert "adds 0.50 (0.50 to 0.50) to a mean score of 2.00 log odds" in outside


def test_without_films_nothing_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = SimpleNamespace(data=tmp_path, models=tmp_path)
    monkeypatch.setattr(localisation, "get_settings", lambda: settings)
    with pytest.raises(DatasetError, match="Explanations cannot be measured"):
        localisation.measure(lambda _line: None)
