"""Every page: where it stands in the bar, what it is for, how it is used, and its keys."""

from __future__ import annotations

from typing import NamedTuple

Keys = tuple[tuple[str, str], ...]

EVERYWHERE: Keys = (
    ("Tab", "Next control; with Shift the one before"),
    ("Enter, Space", "Press or choose what has the focus"),
    ("Arrows", "Next tab, choice or row"),
    ("?", "Open this list; with a film open, that of the film"),
    ("Esc", "Close a list or a menu"),
)


class PageEntry(NamedTuple):
    """One page of the app.

    Attributes
    ----------
    path, title : str
    group : str
        Under which it stands in the bar.
    purpose : str
        One line, under the title.
    how_to : tuple of str
        A step a sentence.
    keys : tuple of (str, str)
        Those that work while no film is open.
    """

    path: str
    title: str
    group: str
    purpose: str
    how_to: tuple[str, ...]
    keys: Keys = ()


PAGES = {
    "review": PageEntry(
        "pages/review.py",
        "Worklist",
        "Read",
        "Read a film, see the model's result, sign.",
        (
            "Upload films, or open the synthetic ones. Choose one in the list.",
            "Choose a verdict and a confidence. Mark the film where you see something.",
            "See the model's result and its regions, then sign.",
        ),
        (
            ("j k", "Next, previous film of the worklist"),
            ("Ctrl Enter", "Lock or sign the read"),
        ),
    ),
    "regions": PageEntry(
        "pages/regions.py",
        "Regions",
        "Read",
        "Why a film has its score, and what changes it.",
        (
            "Open a film here from the pages Worklist, Errors or Teaching.",
            "Choose how the regions are found.",
            "Hide a region and see how the score changes.",
        ),
    ),
    "records": PageEntry(
        "pages/records.py",
        "Records",
        "Read",
        "Every signed read: find, compare, settle, export.",
        (
            "Search by film, reader, verdict or date.",
            "Choose a row to see every read of that film.",
            "Settle disputes between readers under Disputes.",
        ),
    ),
    "teaching": PageEntry(
        "pages/teaching.py",
        "Teaching",
        "Learn",
        "Read films blind, then see the reference and the model.",
        (
            "Choose the films and how many, then start.",
            "Say pneumonia or normal and how sure you are. Mark where you see it.",
            "Compare your read with the reference and the model.",
        ),
        (
            ("p n", "Pneumonia, normal"),
            ("1 to 5", "Confidence"),
            ("Ctrl Enter", "Start, or lock the read"),
            ("j k", "Next, previous film; in a summary of those to see again"),
            ("Enter g", "Open the film of a summary, back to it"),
        ),
    ),
    "errors": PageEntry(
        "pages/errors.py",
        "Errors",
        "Model",
        "The films that a run gets wrong, one by one.",
        (
            "Choose a run, then a cell of the table.",
            "Open a film to see its regions and similar films.",
            "Write a note on why the run got it wrong.",
        ),
        (
            ("j k", "Next, previous film"),
            ("Enter", "Open the film"),
            ("t", "Tag the film: look again"),
        ),
    ),
    "subgroups": PageEntry(
        "pages/subgroups.py",
        "Subgroups",
        "Model",
        "Groups of films in which a run does worse, and labels to doubt.",
        (
            "Choose a run and what to look for.",
            "Read the difference with its interval and n.",
            "Open the films of a group on Errors.",
        ),
    ),
    "runs": PageEntry(
        "pages/runs.py",
        "Compare runs",
        "Model",
        "Which run reads better on the same films, and which one serves.",
        (
            "Tick the runs to compare, or choose them by keys in “Runs compared”.",
            "Read the paired tests, then the films on which the runs differ.",
            "A lead chooses the run that serves.",
        ),
    ),
    "model_card": PageEntry(
        "pages/model_card.py",
        "Model card",
        "Model",
        "What a run is for, how well it reads, and where it fails.",
        (
            "Choose a run.",
            "Read its intended use, its performance and its known failures.",
            "Take the card out as PDF or text.",
        ),
    ),
    "archive": PageEntry(
        "pages/archive.py",
        "Archive",
        "Site",
        "Films that come from the hospital's archive, and reports that go back.",
        (
            "State under Connection where the archive is. Test it, then save.",
            "Start the service: python -m core pacs serve.",
            "See under Films and Reports what came, what went, and what stands in the way.",
        ),
    ),
}
FIRST = "review"
STEPS = PageEntry(
    "",
    "First steps",
    "",
    "How a film goes through First Read.",
    ("Read the three steps, then open the worklist.",),
)
"""The page of the first visit; it has no link in the bar."""
