"""Findings as readers' words: the verdict that they imply, and how they are kept."""

import json
from itertools import combinations

import pytest

from core.domain.findings import ALONE, NO_FINDINGS, ZONES, Category, Findings, findings_text
from core.domain.review import Verdict
from core.errors import FindingsError
from core.reads.findings import findings_as_json, findings_from_json, implied_verdict

SEEN, OTHER, FLUID = Category.CONSOLIDATION, Category.OTHER_INFILTRATE, Category.EFFUSION
PATHOLOGY = [set(some) for size in (1, 2, 3) for some in combinations((SEEN, OTHER, FLUID), size)]
ALLOWED = [set(), *PATHOLOGY, *({one} for one in ALONE)]
"""Every combination that may stand: 1 + 7 + 2."""


def test_the_verdict_of_every_combination_is_the_rules() -> None:
    implied = {
        ", ".join(sorted(some)): implied_verdict(Findings(frozenset(some))) for some in ALLOWED
    }
    assert implied == {
        "": None,
        "consolidation": Verdict.PNEUMONIA,
        "other infiltrate": Verdict.PNEUMONIA,
        "pleural effusion": Verdict.PNEUMONIA,
        "consolidation, other infiltrate": Verdict.PNEUMONIA,
        "consolidation, pleural effusion": Verdict.PNEUMONIA,
        "other infiltrate, pleural effusion": Verdict.PNEUMONIA,
        "consolidation, other infiltrate, pleural effusion": Verdict.PNEUMONIA,
        "normal": Verdict.NORMAL,
        "uninterpretable": Verdict.UNSURE,
    }


def test_every_other_combination_contradicts_itself() -> None:
    every = [set(some) for n in range(6) for some in combinations(Category, n)]
    refused = 0
    for some in every:
        if some in ALLOWED:
            continue
        with pytest.raises(FindingsError, match="has no other finding"):
            Findings(frozenset(some))
        refused += 1
    assert (len(every), refused) == (32, 22)


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        (NO_FINDINGS, ""),
        (Findings(frozenset({Category.NORMAL})), "no consolidation, infiltrate or effusion"),
        (Findings(frozenset({SEEN})), "consolidation"),
        (
            Findings(
                frozenset({FLUID, SEEN}),
                frozenset({"left lower", "right middle"}),
                frozenset({"left"}),
            ),
            "consolidation, right middle and left lower; pleural effusion, left",
        ),
        (
            Findings(frozenset({OTHER, FLUID}), effusion_sides=frozenset({"left", "right"})),
            "other infiltrate; pleural effusion, both sides",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "findings",
)
def test_findings_in_words_have_their_places_in_the_order_of_the_lungs(findings, text) -> None:
    assert findings_text(findings) == text


@pytest.mark.parametrize("some", sorted(map(sorted, ALLOWED)), ids=" ".join)
def test_findings_come_back_from_json_as_they_were(some: list[Category]) -> None:
    zones = frozenset(ZONES[1:4]) if SEEN in some else frozenset()
    sides = frozenset({"right"}) if FLUID in some else frozenset()
    findings = Findings(frozenset(some), zones, sides)
    stored = json.loads(json.dumps(findings_as_json(findings)))
    assert findings_from_json(stored) == findings
    assert (stored is None) == (not some)


WHOLE = {"categories": ["consolidation"], "zones": [], "effusion_sides": []}


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"categories": ["consolidation"]},
        WHOLE | {"categories": ["abscess"]},
        WHOLE | {"categories": [["consolidation"]]},
        WHOLE | {"zones": ["apex"]},
        WHOLE | {"effusion_sides": ["left"]},
        WHOLE | {"categories": None},
        ["consolidation"],
    ],
    ids=repr,
)
def test_what_another_program_wrote_is_refused(wrong) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, FindingsError)):
        findings_from_json(wrong)
