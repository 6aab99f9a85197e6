"""What the page "Where it fails" shows, as the address says it: a colleague sees the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.failing_search import RATES

SECTIONS = {
    "slices": "Slices",
    "labels": "Doubtful labels",
    "copies": "Copies",
    "references": "Two references",
}
USUAL_RATE = "sensitivity"


@dataclass(frozen=True, slots=True)
class FailsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    library, run : str
    section : str
        A key of `SECTIONS`.
    slice_key : str
        The slice that is open; empty for the one with the smallest p value.
    rate : str
        Of the slice that is open, a key of `RATES`.
    """

    library: str
    run: str
    section: str = "slices"
    slice_key: str = ""
    rate: str = USUAL_RATE


def choose(
    params: Mapping[str, str], name: str, options: Sequence[str], complaints: list[str]
) -> str:
    """Return the option that an address names, else the first, with a sentence."""
    said = params.get(name)
    if said is None or said in options:
        return options[0] if said is None else said
    complaints.append(
        f"The address names {name} {said[:40]!r}, which is not one of {', '.join(options)}: "
        f"{options[0]}."
    )
    return options[0]


def read_address(
    params: Mapping[str, str], libraries: Sequence[str], runs: Mapping[str, Sequence[str]]
) -> tuple[FailsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    params : mapping of str to str
        The query part of the address.
    libraries : sequence of str
        The first is the default, as of everything.
    runs : mapping of str to sequence of str
        By library.
    """
    complaints: list[str] = []
    library = choose(params, "library", libraries, complaints)
    view = FailsView(
        library=library,
        run=choose(params, "run", runs[library], complaints),
        section=choose(params, "section", tuple(SECTIONS), complaints),
        slice_key=params.get("slice", ""),
        rate=choose(params, "rate", tuple(RATES), complaints),
    )
    return view, complaints


def write_address(view: FailsView) -> dict[str, str]:
    """Return the query part of the address of a view."""
    said = {
        "library": view.library,
        "run": view.run,
        "section": view.section,
        "slice": view.slice_key,
        "rate": view.rate if view.slice_key else "",
    }
    return {name: value for name, value in said.items() if value}
