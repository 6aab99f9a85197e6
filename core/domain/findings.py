"""What a reader sees on a child's chest film, in the categories of the WHO [1]_ [2]_ [3]_.

They were made for studies of vaccines, not to treat one child: consolidation is called only where
it is dense.

References
----------
.. [1] WHO Pneumonia Vaccine Trial Investigators' Group, WHO/V&B/01.35, 2001.
.. [2] T. Cherian et al., Bull. World Health Organ. 83 (2005) 353-359.
.. [3] N. Mahomed et al., Pediatr. Radiol. 47 (2017) 1399-1404, PMC5608771: table 1, the definitions
       of Chest Radiography in Epidemiological Studies (CRES).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from core.errors import FindingsError
from core.language.lists import joined
from core.language.words import Message, msg

THIRDS = ("upper", "middle", "lower")
SIDES = ("right", "left")
"""The patient's: the right lung lies on the left of the picture."""

ZONES = tuple(f"{side} {third}" for side in SIDES for third in THIRDS)

_ZONES: Mapping[str, Message] = {
    "right upper": msg("right upper"),
    "right middle": msg("right middle"),
    "right lower": msg("right lower"),
    "left upper": msg("left upper"),
    "left middle": msg("left middle"),
    "left lower": msg("left lower"),
}


class Category(StrEnum):
    """One of the WHO's categories; `NORMAL` is no consolidation, infiltrate or effusion."""

    CONSOLIDATION = "consolidation"
    OTHER_INFILTRATE = "other infiltrate"
    EFFUSION = "pleural effusion"
    NORMAL = "normal"
    UNINTERPRETABLE = "uninterpretable"


_CATEGORIES: Mapping[Category, Message] = {
    Category.CONSOLIDATION: msg("consolidation"),
    Category.OTHER_INFILTRATE: msg("other infiltrate"),
    Category.EFFUSION: msg("pleural effusion"),
    Category.NORMAL: msg("normal"),
    Category.UNINTERPRETABLE: msg("uninterpretable"),
}

_EFFUSIONS: Mapping[frozenset[str], Message] = {
    frozenset({"right"}): msg("pleural effusion, right"),
    frozenset({"left"}): msg("pleural effusion, left"),
    frozenset(SIDES): msg("pleural effusion, both sides"),
}

ALONE = frozenset({Category.NORMAL, Category.UNINTERPRETABLE})
"""Categories that hold beside no other."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What holds of a film; empty where its reader gave a verdict only.

    Attributes
    ----------
    categories : frozenset of Category
    zones : frozenset of str
        Of `ZONES`, where the consolidation lies; empty if that was not said.
    effusion_sides : frozenset of str
        Of `SIDES`; empty if that was not said.

    Raises
    ------
    FindingsError
        If normal or uninterpretable stands beside another category, a place is none, or a place
        stands without its category.
    """

    categories: frozenset[Category] = frozenset()
    zones: frozenset[str] = frozenset()
    effusion_sides: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for alone in sorted(self.categories & ALONE):
            if len(self.categories) > 1:
                raise FindingsError(
                    msg(
                        "A film that is {category} has no other finding: choose again.",
                        category=category_words(alone),
                    )
                )
        wrong = sorted((self.zones - set(ZONES)) | (self.effusion_sides - set(SIDES)))
        if wrong:
            raise FindingsError(
                msg("There is no zone or side {place!r}: choose again.", place=wrong[0])
            )
        places = {Category.CONSOLIDATION: self.zones, Category.EFFUSION: self.effusion_sides}
        for category, chosen in places.items():
            if chosen and category not in self.categories:
                raise FindingsError(
                    msg(
                        "A place was chosen without {category}: choose again.",
                        category=category_words(category),
                    )
                )

    def __bool__(self) -> bool:
        """Return whether anything but the verdict was said."""
        return bool(self.categories)


NO_FINDINGS = Findings()


def category_words(category: Category) -> Message:
    """Return the name of a category."""
    return _CATEGORIES[category]


def zone_words(zone: str) -> Message:
    """Return the name of one of `ZONES`."""
    return _ZONES[zone]


def category_text(category: Category) -> Message:
    """Return a category in words; normal is said as the WHO's form does."""
    if category is Category.NORMAL:
        return msg("no consolidation, infiltrate or effusion")
    return category_words(category)


def findings_text(findings: Findings) -> Message:
    """Return findings in words, each with its places; empty if there are none."""
    return joined(
        (
            _with_places(category, findings)
            for category in Category
            if category in findings.categories
        ),
        "; ",
    )


def _with_places(category: Category, findings: Findings) -> Message:
    if category is Category.CONSOLIDATION and findings.zones:
        zones = [zone_words(zone) for zone in ZONES if zone in findings.zones]
        return msg("consolidation, {zones}", zones=reduce(_and, zones))
    if category is Category.EFFUSION and findings.effusion_sides:
        return _EFFUSIONS[findings.effusion_sides]
    return category_text(category)


def _and(zones: Message, zone: Message) -> Message:
    return msg("{zones} and {zone}", zones=zones, zone=zone)
