"""The WHO's categories: what may stand together, and where."""

import pytest

from core.domain.findings import ZONES, Category, Findings
from core.errors import FindingsError
from core.explain import zones

CONSOLIDATION, EFFUSION = Category.CONSOLIDATION, Category.EFFUSION


def findings(*categories: Category, **places: set[str]) -> Findings:
    chosen = {name: frozenset(values) for name, values in places.items()}
    return Findings(frozenset(categories), **chosen)


def test_consolidation_infiltrate_and_effusion_hold_together_with_their_places() -> None:
    both = findings(
        CONSOLIDATION,
        Category.OTHER_INFILTRATE,
        EFFUSION,
        zones={"right upper", "left lower"},
        effusion_sides={"left"},
    )
    assert len(both.categories) == 3
    assert bool(both)
    assert not Findings()


@pytest.mark.parametrize("alone", [Category.NORMAL, Category.UNINTERPRETABLE])
@pytest.mark.parametrize("other", list(Category))
def test_normal_and_uninterpretable_hold_beside_nothing(alone: Category, other: Category) -> None:
    if alone is other:
        assert findings(alone).categories == {alone}
        return
    with pytest.raises(FindingsError, match="has no other finding"):
        findings(alone, other)


@pytest.mark.parametrize(
    ("categories", "places"),
    [((CONSOLIDATION,), {"zones": {"right"}}), ((EFFUSION,), {"effusion_sides": {"both"}})],
)
def test_a_place_that_is_none_is_refused(categories, places) -> None:
    with pytest.raises(FindingsError, match="There is no zone or side"):
        findings(*categories, **places)


@pytest.mark.parametrize(
    ("categories", "places"),
    [((EFFUSION,), {"zones": {"right upper"}}), ((CONSOLIDATION,), {"effusion_sides": {"left"}})],
)
def test_a_place_without_its_category_is_refused(categories, places) -> None:
    with pytest.raises(FindingsError, match="A place was chosen without"):
        findings(*categories, **places)


def test_zones_are_those_in_which_the_models_regions_are_named() -> None:
    assert (
        tuple(side + third for side in (zones.RIGHT, zones.LEFT) for third in zones.THIRDS) == ZONES
    )
