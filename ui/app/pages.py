"""Every page: where it stands in the bar, what it is for, how it is used, and its keys."""

from __future__ import annotations

from typing import NamedTuple

from core.language.words import msg

Keys = tuple[tuple[str, str], ...]

EVERYWHERE: Keys = (
    (msg("Tab"), msg("Next control; with Shift the one before")),
    (msg("Enter, Space"), msg("Press or choose what has the focus")),
    (msg("Arrows"), msg("Next tab, choice or row")),
    ("?", msg("Open this list; with a film open, that of the film")),
    (msg("Esc"), msg("Close a list or a menu")),
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
        msg("Worklist"),
        msg("Read"),
        msg("Read a film, see the model's result, sign."),
        (
            msg("Upload films, or open the synthetic ones. Choose one in the list."),
            msg("Choose a verdict and a confidence. Mark the film where you see something."),
            msg("See the model's result and its regions, then sign."),
        ),
        (
            ("j k", msg("Next, previous film of the worklist")),
            (msg("Ctrl Enter"), msg("Lock or sign the read")),
        ),
    ),
    "regions": PageEntry(
        "pages/regions.py",
        msg("Regions"),
        msg("Read"),
        msg("Why a film has its score, and what changes it."),
        (
            msg("Open a film here from the pages Worklist, Errors or Teaching."),
            msg("Choose how the regions are found."),
            msg("Hide a region and see how the score changes."),
        ),
    ),
    "records": PageEntry(
        "pages/records.py",
        msg("Records"),
        msg("Read"),
        msg("Every signed read: find, compare, settle, export."),
        (
            msg("Search by film, reader, verdict or date."),
            msg("Choose a row to see every read of that film."),
            msg("Settle disputes between readers under Disputes."),
        ),
    ),
    "teaching": PageEntry(
        "pages/teaching.py",
        msg("Teaching"),
        msg("Learn"),
        msg("Read films blind, then see the reference and the model."),
        (
            msg("Choose the films and how many, then start."),
            msg("Say pneumonia or normal and how sure you are. Mark where you see it."),
            msg("Compare your read with the reference and the model."),
        ),
        (
            ("p n", msg("Pneumonia, normal")),
            (msg("1 to 5"), msg("Confidence")),
            (msg("Ctrl Enter"), msg("Start, or lock the read")),
            ("j k", msg("Next, previous film; in a summary of those to see again")),
            (msg("Enter g"), msg("Open the film of a summary, back to it")),
        ),
    ),
    "reader_study": PageEntry(
        "pages/reader_study.py",
        msg("Reader study"),
        msg("Learn"),
        msg("Several readers, the same films, without and with the model."),
        (
            msg("A teacher or a lead makes a study: films, arms, washout, readers."),
            msg("Read the films of each session in your own order. Nothing is revealed meanwhile."),
            msg("Once the study is closed, read what the model changed."),
        ),
        (
            ("p n", msg("Pneumonia, normal")),
            (msg("0 to 100"), msg("How likely pneumonia is")),
            (msg("Ctrl Enter"), msg("Lock the read")),
        ),
    ),
    "errors": PageEntry(
        "pages/errors.py",
        msg("Errors"),
        msg("Model"),
        msg("The films that a run gets wrong, one by one."),
        (
            msg("Choose a run, then a cell of the table."),
            msg("Open a film to see its regions and similar films."),
            msg("Write a note on why the run got it wrong."),
        ),
        (
            ("j k", msg("Next, previous film")),
            (msg("Enter"), msg("Open the film")),
            ("t", msg("Tag the film: look again")),
        ),
    ),
    "subgroups": PageEntry(
        "pages/subgroups.py",
        msg("Subgroups"),
        msg("Model"),
        msg("Groups of films in which a run does worse, and labels to doubt."),
        (
            msg("Choose a run and what to look for."),
            msg("Read the difference with its interval and n."),
            msg("Open the films of a group on Errors."),
        ),
    ),
    "runs": PageEntry(
        "pages/runs.py",
        msg("Compare runs"),
        msg("Model"),
        msg("Which run reads better on the same films, and which one serves."),
        (
            msg("Tick the runs to compare, or choose them by keys in “Runs compared”."),
            msg("Read the paired tests, then the films on which the runs differ."),
            msg("A lead chooses the run that serves."),
        ),
    ),
    "model_card": PageEntry(
        "pages/model_card.py",
        msg("Model card"),
        msg("Model"),
        msg("What a run is for, how well it reads, and where it fails."),
        (
            msg("Choose a run."),
            msg("Read its intended use, its performance and its known failures."),
            msg("Take the card out as PDF or text."),
        ),
    ),
    "site": PageEntry(
        "pages/site.py",
        msg("Site"),
        msg("Model"),
        msg("Whether the run reads well enough here, and by which threshold."),
        (
            msg("State the criteria and the site's labelled films, then read them."),
            msg("See go or no go with each criterion. Take the report out as PDF."),
            msg("A lead adopts the site's threshold, and can take it back."),
        ),
    ),
    "archive": PageEntry(
        "pages/archive.py",
        msg("Archive"),
        msg("Site"),
        msg("Films that come from the hospital's archive, and reports that go back."),
        (
            msg("State under Connection where the archive is. Test it, then save."),
            msg("Start the service: python -m core pacs serve."),
            msg("See under Films and Reports what came, what went, and what stands in the way."),
        ),
    ),
}
FIRST = "review"
STEPS = PageEntry(
    "",
    msg("First steps"),
    "",
    msg("How a film goes through First Read."),
    (msg("Read the three steps, then open the worklist."),),
)
"""The page of the first visit; it has no link in the bar."""
