"""What is kept under a short English name, and said in the language of who sees it.

Such names are written into tables, notes and addresses, so they stay as they are there.
"""

from __future__ import annotations

from core.language.words import msg, tr

QUICK_TAG = "look again"
"""The tag that one key sets."""

_NAMES = frozenset(
    {
        # subtypes of pneumonia, and what synthetic films show
        msg("bacteria"),
        msg("virus"),
        msg("none stated"),
        msg("normal"),
        msg("pneumonia"),
        msg("lobar"),
        msg("patchy"),
        msg("interstitial"),
        msg("effusion"),
        # findings of the quality gate
        msg("aspect_ratio"),
        msg("blank"),
        msg("body_part"),
        msg("clipping"),
        msg("colour"),
        msg("contrast"),
        msg("covered"),
        msg("display"),
        msg("exposure"),
        msg("incomplete"),
        msg("inverted"),
        msg("lung_area"),
        msg("not_chest"),
        msg("orientation"),
        msg("polarity"),
        msg("resolution"),
        msg("synthetic"),
        msg("turned"),
        msg("unlike"),
        msg("view"),
        msg("population"),
        msg("adult"),
        msg("projection"),
        # ages
        msg("under 1 year"),
        msg("1 to 5 years"),
        msg("6 to 17 years"),
        msg("18 to 39 years"),
        msg("40 to 59 years"),
        msg("60 years and above"),
        # radiologists' readings, and labels that a program took from a report
        msg("Lung Opacity"),
        msg("No Lung Opacity / Not Normal"),
        msg("Normal"),
        msg("Pneumonia"),
        # the first causes of the list, and the tag of the key
        msg("model error"),
        msg("label doubtful"),
        msg("poor quality"),
        msg("device or marker"),
        msg("subtle disease"),
        msg("not a chest film"),
        msg("other"),
        msg("look again"),
        # copies of films
        msg("exact"),
        msg("near"),
        # rates
        msg("sensitivity"),
        msg("specificity"),
    }
)


def name_text(name: str) -> str:
    """Return what a name is called; what readers wrote themselves stays as it is."""
    return tr(name) if name in _NAMES else name
