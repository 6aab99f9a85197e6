"""The runs that facts are stated of, and what is kept of the one that is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.model_card.card import USUAL_PREVALENCE
from core.model_card.facts import SPLIT_FILE, RunFacts, gather_facts
from core.runs.listing import ListedRun, list_readable_runs
from core.runs.store import find_run_folder
from core.settings import get_settings


def list_names(serving: str) -> tuple[dict[str, str], list[str]]:
    """Return every run with the words that it is chosen by, and a sentence on each unreadable one.

    Parameters
    ----------
    serving : str
        The run that serves.
    """
    listed, sentences = list_readable_runs(*get_settings().run_folders)
    return {run.record.run_id: _name(run, serving) for run in listed}, sentences


def _name(run: ListedRun, serving: str) -> str:
    name = run.record.run_id
    if name == serving:
        return f"{name}, serves"
    if run.exhibit:
        return f"{name}, an exhibit"
    return f"{name}, imported" if run.record.foreign else name


def get_facts(run_id: str) -> RunFacts:
    """Return all that is kept of a run; read anew, so that nothing stated is older than its file.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the run's record cannot be read.
    """
    settings = get_settings()
    folder = find_run_folder(run_id, settings.run_folders)
    return gather_facts(folder, settings.models / SPLIT_FILE)


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
