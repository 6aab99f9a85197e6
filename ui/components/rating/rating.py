"""The form of a read in a reader study: a verdict, and how likely pneumonia is from 0 to 100."""

from __future__ import annotations

from pathlib import Path

from core.domain.review import Verdict, verdict_words
from core.language.words import msg, tr
from core.reader_studies.study import HIGHEST, LOWEST, StudyAnswer
from ui.components.declare import declare
from ui.components.events import rerun_only, state_of

KEYS = {Verdict.PNEUMONIA: "p", Verdict.NORMAL: "n"}
NO_VERDICT = msg("Choose pneumonia or normal first (p or n).")
NO_RATING = msg("State first how likely pneumonia is: move the slider, or type 0 to 100.")
_component = declare("first_read_rating", Path(__file__).parent, ("rating.js",), "rating")


def read_rating_event(key: str, token: str) -> StudyAnswer | None:
    """Return what was locked in the browser since the token was new; None if nothing was."""
    event = state_of(key, "said")
    if event is None or event.get("token") != token:
        return None
    label, rating = event.get("label"), event.get("rating")
    if label not in list(KEYS) or type(rating) is not int or not LOWEST <= rating <= HIGHEST:
        return None
    return StudyAnswer(Verdict(label), rating)


def show_rating(*, key: str, token: str, note: str = "") -> None:
    """Draw the form.

    Parameters
    ----------
    key : str
        Identifies this form on the page.
    token : str
        Tells one read from the next; another token empties the form.
    note : str
        A line above the button that locks the read.
    """
    _component(
        key=key,
        data={
            "token": token,
            "labels": [
                {"value": one.value, "words": tr(verdict_words(one)).capitalize(), "key": letter}
                for one, letter in KEYS.items()
            ],
            "lowest": LOWEST,
            "highest": HIGHEST,
            "note": note,
            "lacks": {"label": tr(NO_VERDICT), "rating": tr(NO_RATING)},
        },
        on_said_change=rerun_only,
    )
