"""What a film shows, in the WHO's categories: toggles and keys, and keys for a verdict alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.domain.findings import ALONE, SIDES, ZONES, Category, Findings
from core.domain.review import Verdict
from core.errors import FindingsError
from core.reads.findings import findings_from_json
from ui.components.declare import declare
from ui.components.events import number_of, rerun_only, state_of

VERDICT_KEYS = {Verdict.PNEUMONIA: "p", Verdict.NORMAL: "n", Verdict.UNSURE: "u"}
CONFIDENCES = {1: "guess", 2: "", 3: "fairly sure", 4: "", 5: "certain"}
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
    ("p n u", "Verdict: pneumonia, normal, unsure"),
    ("1 2 3 4 5", "Confidence, from guess to certain"),
    ("l t e", "Consolidation, other infiltrate, effusion"),
    ("g a", "None of these, uninterpretable"),
    ("Shift 1 2 3", "Consolidation right: upper, middle, lower"),
    ("Shift 4 5 6", "Consolidation left: upper, middle, lower"),
    ("Shift 7 8", "Effusion right, left"),
)
"""Keys of the form as the list of all keys shows them."""

WORDS = {
    Category.CONSOLIDATION: "Consolidation",
    Category.OTHER_INFILTRATE: "Other infiltrate",
    Category.EFFUSION: "Effusion",
    Category.NORMAL: "None of these",
    Category.UNINTERPRETABLE: "Uninterpretable",
}
TITLES = {
    Category.CONSOLIDATION: "A dense or confluent opacity of a lobe, or of a part of it.",
    Category.OTHER_INFILTRATE: "Interstitial or minor patchy opacities, small atelectases.",
    Category.EFFUSION: "Fluid along the chest wall, beside an infiltrate or hiding the lung.",
    Category.NORMAL: "No consolidation, no other infiltrate, no effusion.",
    Category.UNINTERPRETABLE: "The film does not let you judge consolidation or effusion.",
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
                    "words": WORDS[one],
                    "title": TITLES[one],
                    "key": CATEGORY_KEYS[one],
                    "alone": one in ALONE,
                    "field": _FIELDS.get(one),
                }
                for one in Category
            ],
            "places": [*map(_zones_of, SIDES), _EFFUSION],
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
        "words": side.capitalize(),
        "title": f"Zones of the consolidation in the {side} lung",
        "choices": [
            {
                "value": zone,
                "words": zone.removeprefix(f"{side} ").capitalize(),
                "title": f"Consolidation in the {zone} zone",
                "key": f"{SHIFT}{sign}",
            }
            for zone, sign in ZONE_KEYS.items()
            if zone.startswith(side)
        ],
    }


_EFFUSION = {
    "of": Category.EFFUSION.value,
    "field": _FIELDS[Category.EFFUSION],
    "words": "Fluid",
    "title": "Sides of the effusion",
    "choices": [
        {
            "value": side,
            "words": side.capitalize(),
            "title": f"Effusion on the {side} side",
            "key": f"{SHIFT}{sign}",
        }
        for side, sign in SIDE_KEYS.items()
    ],
}
