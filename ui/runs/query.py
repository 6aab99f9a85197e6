"""What the comparison of runs shows, as the address says it: a colleague with it sees the same.

What the address leaves out has a default; what it says wrongly becomes the default, with a
sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LEAST_SENSITIVITY, MOST_SENSITIVITY = 80.0, 100.0
USUAL_SENSITIVITY = 97.0
USUAL_PREVALENCE = 10
USUAL_COLUMNS = ("roc_auc", "sensitivity", "specificity", "f1_pneumonia", "log_loss")
USUAL_METRIC = "accuracy"
TABS = {
    "tests": "Curves and paired tests",
    "cases": "Case matrix",
    "ward": "Out of 100 children",
    "training": "Training and shortcuts",
}
MEASURES = {
    "roc_auc": "ROC AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "turned": "Decisions turned",
    "moved": "Probability moved by, median",
}
LOSSES = {"validation": "Validation loss", "train": "Training loss"}
OWN = "own"
"""Stands for each run's own operating point where a sensitivity is wanted."""


@dataclass(frozen=True, slots=True)
class RunsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    part : str
    runs : tuple of str
        Compared, in the order of the table.
    at : float or None
        Sensitivity on validation, in %, that thresholds are set to together; None: own thresholds.
    prevalence : int
        Ill among 100 children.
    metric : str
        Whose difference is bootstrapped.
    earlier, later : str
        The pair that is put in words; empty with one run alone.
    film : str
        Code of the case that is open (`core.library.film_codes`); empty for none.
    cell : str
        The run whose cell of that case was clicked; empty for none.
    columns : tuple of str
        Metrics in the table.
    tab : str
        A key of `TABS`.
    measure : str
        What of the shortcut audit is shown, a key of `MEASURES`.
    loss : str
        Which loss of the trainings is drawn, a key of `LOSSES`.
    """

    part: str
    runs: tuple[str, ...]
    at: float | None = None
    prevalence: int = USUAL_PREVALENCE
    metric: str = USUAL_METRIC
    earlier: str = ""
    later: str = ""
    film: str = ""
    cell: str = ""
    columns: tuple[str, ...] = USUAL_COLUMNS
    tab: str = "tests"
    measure: str = "roc_auc"
    loss: str = "validation"


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to choose from.

    Attributes
    ----------
    parts, metrics, columns : sequence of str
    usual_part : str
    runs : sequence of str
        In the order of the table.
    usual_runs : tuple of str
        Compared where the address names none.
    pair_of : callable
        From the compared runs to the pair that is put in words unless another is asked for.
    """

    parts: Sequence[str]
    usual_part: str
    runs: Sequence[str]
    usual_runs: tuple[str, ...]
    metrics: Sequence[str]
    columns: Sequence[str]
    pair_of: Callable[[tuple[str, ...]], tuple[str, str]]


class _Address:
    """An address being read, with what was wrong in it."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = params
        self.complaints: list[str] = []

    def choose(self, name: str, options: Sequence[str], usual: str) -> str:
        """Return the option that is named, else the usual one."""
        said = self._params.get(name)
        if said is None or said in options:
            return usual if said is None else said
        self.complain(name, said, f"is not one of {', '.join(options)}", usual or "none")
        return usual

    def several(self, name: str, options: Sequence[str], usual: tuple[str, ...]) -> tuple[str, ...]:
        """Return the options that are named, in their own order; the usual ones if none is."""
        if name not in self._params:
            return usual
        said = [one for one in self._params[name].split(",") if one]
        unknown = [one for one in said if one not in options]
        chosen = tuple(one for one in options if one in said)
        if unknown or not chosen:
            why = "are not there or have not read these films" if unknown else "are none"
            named = ",".join(unknown) if unknown else ""
            self.complain(name, named, f"{why}", ", ".join(chosen or usual))
        return chosen or usual

    def number(self, name: str, least: float, most: float) -> float | None:
        """Return the number that is named, else None."""
        said = self._params.get(name)
        if said is None:
            return None
        try:
            value = float(said)
        except ValueError:
            value = most + 1.0
        if least <= value <= most:
            return value
        self.complain(name, said, f"is not between {least:g} and {most:g}", "as usual")
        return None

    def words(self, name: str) -> str:
        """Return free words."""
        return self._params.get(name, "")

    def complain(self, name: str, said: str, why: str, instead: str) -> None:
        """Keep the sentence on one thing that the address says wrongly."""
        self.complaints.append(f"The address names {name} {said[:40]!r}, which {why}: {instead}.")


def read_address(params: Mapping[str, str], offered: Offered) -> tuple[RunsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly.

    Parameters
    ----------
    params : mapping of str to str
        The query part of the address.
    offered : Offered
    """
    address = _Address(params)
    runs = address.several("runs", offered.runs, offered.usual_runs)
    usual_pair = offered.pair_of(runs)
    wanted = tuple(
        address.choose(name, runs, usual)
        for name, usual in zip(("earlier", "later"), usual_pair, strict=True)
    )
    earlier, later = wanted if wanted[0] != wanted[1] else usual_pair
    if wanted[0] == wanted[1] != "":
        address.complain("later", later, "is the earlier run too", f"{earlier} and {later}")
    own = params.get("at", OWN) == OWN
    prevalence = address.number("prevalence", 0, 100)
    view = RunsView(
        part=address.choose("part", offered.parts, offered.usual_part),
        runs=runs,
        at=None if own else address.number("at", LEAST_SENSITIVITY, MOST_SENSITIVITY),
        prevalence=USUAL_PREVALENCE if prevalence is None else round(prevalence),
        metric=address.choose("metric", offered.metrics, USUAL_METRIC),
        earlier=earlier,
        later=later,
        film=address.words("film"),
        cell=address.choose("cell", runs, ""),
        columns=address.several("columns", offered.columns, USUAL_COLUMNS),
        tab=address.choose("tab", tuple(TABS), "cases" if address.words("film") else "tests"),
        measure=address.choose("measure", tuple(MEASURES), "roc_auc"),
        loss=address.choose("loss", tuple(LOSSES), "validation"),
    )
    return view, address.complaints


def write_address(view: RunsView) -> dict[str, str]:
    """Return the query part of the address of a view."""
    said = {
        "part": view.part,
        "runs": ",".join(view.runs),
        "at": OWN if view.at is None else f"{view.at:g}",
        "prevalence": str(view.prevalence),
        "metric": view.metric,
        "earlier": view.earlier,
        "later": view.later,
        "film": view.film,
        "cell": view.cell,
        "columns": ",".join(view.columns),
        "tab": view.tab,
        "measure": view.measure,
        "loss": view.loss,
    }
    return {name: value for name, value in said.items() if value}
