"""What the page of model facts shows, as the address says it: a colleague with it sees the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.model_facts_text import USUAL_PREVALENCE

FACTS, DETAILS, CHECKLISTS = TABS = ("facts", "details", "checklists")


@dataclass(frozen=True, slots=True)
class FactsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    run : str
    tab : str
        One of `TABS`.
    prevalence : int
        Ill among 100 children.
    """

    run: str
    tab: str = FACTS
    prevalence: int = USUAL_PREVALENCE


def read_address(
    params: Mapping[str, str], runs: Sequence[str], usual: str
) -> tuple[FactsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    params : mapping of str to str
        The query part of the address.
    runs : sequence of str
        Those that there are; at least one.
    usual : str
        The run that is shown where the address names none; the first where there is no such run.
    """
    complaints: list[str] = []
    usual = usual if usual in runs else runs[0]
    run, tab = params.get("run", usual), params.get("tab", FACTS)
    if run not in runs:
        complaints.append(_complain("run", run, f"is not one of {', '.join(runs)}", usual))
        run = usual
    if tab not in TABS:
        complaints.append(_complain("tab", tab, f"is not one of {', '.join(TABS)}", FACTS))
        tab = FACTS
    said = params.get("prevalence", str(USUAL_PREVALENCE))
    ill = int(said) if said.isascii() and said.isdigit() and len(said) <= 3 else -1
    if not 0 <= ill <= 100:
        ill = USUAL_PREVALENCE
        complaints.append(_complain("prevalence", said, "is not between 0 and 100", str(ill)))
    return FactsView(run, tab, ill), complaints


def _complain(name: str, said: str, why: str, instead: str) -> str:
    return f"The address names {name} {said[:40]!r}, which {why}: {instead}."


def write_address(view: FactsView) -> dict[str, str]:
    """Return the query part of the address of a view."""
    return {"run": view.run, "tab": view.tab, "prevalence": str(view.prevalence)}
