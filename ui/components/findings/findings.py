"""What a film shows, in the WHO's categories: toggles and keys, and keys for a verdict alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.domain.findings import ALONE, SIDES, ZONES, Category, Findings, zone_words
from core.domain.review import Verdict
from core.errors import FindingsError
from core.language.words import msg, tr
from core.reads.findings import findings_from_json
from ui.components.declare import declare
from ui.components.events import number_of, rerun_only, state_of

VERDICT_KEYS = {Verdict.PNEUMONIA: "p", Verdict.NORMAL: "n", Verdict.UNSURE: "u"}
CONFIDENCES = {1: msg("guess"), 2: "", 3: msg("fairly sure"), 4: "", 5: msg("certain")}
"""Each is its own key."""
CATEGORY_KEYS = {
    Category.CONSOLIDATION: "l",
    Category.OTHER_INFILTRATE: "t",
    Category.EFFUSION: "e",
    Category.NORMAL: "g",
    Category.UNINTERPRETABLE: "a",
}
ZONE_KEYS = dict(zip(ZONES, "123456", strict=True))
SIDE_KEYS = dict(zip(SIDES, "78", strict=True))
"""With Shift."""
HELP = (
    ("p n u", msg("Verdict: pneumonia, normal, unsure")),
    ("1 2 3 4 5", msg("Confidence, from guess to certain")),
    ("l t e", msg("Consolidation, other infiltrate, effusion")),
    ("g a", msg("None of these, uninterpretable")),
    ("Shift 1 2 3", msg("Consolidation right: upper, middle, lower")),
    ("Shift 4 5 6", msg("Consolidation left: upper, middle, lower")),
    ("Shift 7 8", msg("Effusion right, left")),
)
"""Keys of the form as the list of all keys shows them."""

WORDS = {
    Category.CONSOLIDATION: msg("Consolidation"),
    Category.OTHER_INFILTRATE: msg("Other infiltrate"),
    Category.EFFUSION: msg("Effusion"),
    Category.NORMAL: msg("None of these"),
    Category.UNINTERPRETABLE: msg("Uninterpretable"),
}
TITLES = {
    Category.CONSOLIDATION: msg("A dense or confluent opacity of a lobe, or of a part of it."),
    Category.OTHER_INFILTRATE: msg("Interstitial or minor patchy opacities, small atelectases."),
    Category.EFFUSION: msg("Fluid along the chest wall, beside an infiltrate or hiding the lung."),
    Category.NORMAL: msg("No consolidation, no other infiltrate, no effusion."),
    Category.UNINTERPRETABLE: msg("The film does not let you judge consolidation or effusion."),
}
SHIFT = "\u21e7"
"""Stands on a button before a key that is pressed with Shift."""
_component = declare("first_read_findings", Path(__file__).parent, ("findings.js",), "findings")


@dataclass(frozen=True, slots=True)
class FindingsEvent:
    """What is chosen in the browser; verdict and confidence if they were chosen by key since.

    ``number`` rises with each choice at a read.
    """

    number: int
    findings: Findings
    verdict: Verdict | None
    confidence: int | None = None


def read_findings_event(key: str, token: str, heard: int) -> FindingsEvent | None:
    """Return what was chosen at a read since the number that was heard; None if nothing was."""
    event = state_of(key, "said")
    if event is None or event.get("token") != token or number_of(event) <= heard:
        return None
    verdict, confidence = (_pressed(event.get(name), heard) for name in ("verdict", "confidence"))
    if type(confidence) is not int or confidence not in CONFIDENCES:
        confidence = None
    try:
        findings = findings_from_json(event["findings"])
        verdict = None if verdict is None else Verdict(verdict)
    except (KeyError, TypeError, ValueError, FindingsError):
        return None
    return FindingsEvent(number_of(event), findings, verdict, confidence)


def _pressed(keyed: object, heard: int) -> object:
    """Return what was pressed by key since the number that was heard."""
    if not isinstance(keyed, Mapping) or number_of(keyed) <= heard:
        return None
    return keyed.get("value")


def show_findings(
    findings: Findings, *, key: str, token: str, heard: int, label: str, note: str
) -> None:
    """Draw the toggles.

    Parameters
    ----------
    findings : Findings
        As they are kept.
    key : str
        Identifies this form on the page.
    token : str
        Tells one read from the next.
    heard : int
        Number of the newest choice that the page knows.
    label : str
        What the findings are called.
    note : str
        Stands in the label's place until the next choice.
    """
    _component(
        key=key,
        data={
            "token": token,
            "number": heard,
            "label": label,
            "note": note,
            "findings": {
                "categories": sorted(findings.categories),
                "zones": sorted(findings.zones),
                "effusion_sides": sorted(findings.effusion_sides),
            },
            "categories": [
                {
                    "value": one.value,
                    "words": tr(WORDS[one]),
                    "title": tr(TITLES[one]),
                    "key": CATEGORY_KEYS[one],
                    "alone": one in ALONE,
                    "field": _FIELDS.get(one),
                }
                for one in Category
            ],
            "places": [*map(_zones_of, SIDES), _sides()],
            "verdicts": [{"value": one.value, "key": sign} for one, sign in VERDICT_KEYS.items()],
            "confidences": list(CONFIDENCES),
        },
        on_said_change=rerun_only,
    )


_FIELDS = {Category.CONSOLIDATION: "zones", Category.EFFUSION: "effusion_sides"}


def _zones_of(side: str) -> dict[str, object]:
    return {
        "of": Category.CONSOLIDATION.value,
        "field": _FIELDS[Category.CONSOLIDATION],
        "words": tr(_SIDE_WORDS[side]),
        "title": tr(_ZONES_TITLES[side]),
        "choices": [
            {
                "value": zone,
                "words": tr(_THIRDS[zone.removeprefix(f"{side} ")]),
                "title": tr("Consolidation in the {zone} zone", zone=zone_words(zone)),
                "key": f"{SHIFT}{sign}",
            }
            for zone, sign in ZONE_KEYS.items()
            if zone.startswith(side)
        ],
    }


_ZONES_TITLES = {
    "right": msg("Zones of the consolidation in the right lung"),
    "left": msg("Zones of the consolidation in the left lung"),
}
_THIRDS = {"upper": msg("Upper"), "middle": msg("Middle"), "lower": msg("Lower")}
_SIDE_WORDS = {"right": msg("Right"), "left": msg("Left")}
_SIDE_TITLES = {
    "right": msg("Effusion on the right side"),
    "left": msg("Effusion on the left side"),
}


def _sides() -> dict[str, object]:
    return {
        "of": Category.EFFUSION.value,
        "field": _FIELDS[Category.EFFUSION],
        "words": tr("Fluid"),
        "title": tr("Sides of the effusion"),
        "choices": [
            {
                "value": side,
                "words": tr(_SIDE_WORDS[side]),
                "title": tr(_SIDE_TITLES[side]),
                "key": f"{SHIFT}{sign}",
            }
            for side, sign in SIDE_KEYS.items()
        ],
    }
