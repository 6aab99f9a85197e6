"""What the comparison of runs shows, as the address says it: a colleague with it sees the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ui.app.query_params import (
    Param,
    QueryParams,
    as_text,
    complain,
    one_of,
    parse_number,
    some_of,
    word,
)

SENSITIVITIES = (80.0, 100.0)
"""Least and most that can be asked for, in %."""
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
    "turned": "Decisions changed",
    "moved": "Median change in probability",
}
LOSSES = {"validation": "Validation loss", "train": "Training loss"}
OWN = "own"
"""Stands for each run's own operating point where a sensitivity is wanted."""


@dataclass(frozen=True, slots=True)
class RunsView:
    """Everything that decides what the page shows.

    Attributes
    ----------
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
    tab, measure, loss : str
        Keys of `TABS`, `MEASURES` and `LOSSES`.
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


def _pair(place: int) -> Callable[[Any, Offered], str]:
    return lambda values, offered: offered.pair_of(values.runs)[place]


def _compared(values: Any, _: Offered) -> tuple[str, ...]:
    return values.runs


_MISSING = "are not there or have not read these films"
ADDRESS = QueryParams(
    "runs",
    RunsView,
    some_of(
        "runs", lambda _, offered: offered.runs, lambda _, offered: offered.usual_runs, _MISSING
    ),
    one_of("earlier", _compared, _pair(0)),
    one_of("later", _compared, _pair(1)),
    Param(
        "prevalence",
        lambda text, *_: round(parse_number(text, 0, 100)),
        USUAL_PREVALENCE,
        instead="as usual",
    ),
    one_of("part", lambda _, offered: offered.parts, lambda _, offered: offered.usual_part),
    Param(
        "at",
        lambda text, *_: None if text == OWN else parse_number(text, *SENSITIVITIES),
        instead="as usual",
        text=lambda at: OWN if at is None else as_text(at),
    ),
    one_of("metric", lambda _, offered: offered.metrics, USUAL_METRIC),
    word("film"),
    one_of("cell", _compared, ""),
    some_of("columns", lambda _, offered: offered.columns, USUAL_COLUMNS, _MISSING),
    one_of("tab", TABS, lambda values, _: "cases" if values.film else "tests"),
    one_of("measure", MEASURES),
    one_of("loss", LOSSES),
)


def read_address(params: Mapping[str, str], offered: Offered) -> tuple[RunsView, list[str]]:
    """Return what an address asks for, and a sentence for each thing that it says wrongly."""
    view, complaints = ADDRESS.read(params, offered)
    if view.earlier == view.later != "":
        earlier, later = offered.pair_of(view.runs)
        pair = f"{earlier} and {later}"
        named, other = ("later", "earlier") if "later" in params else ("earlier", "later")
        complaints.append(complain(named, view.later, f"is the {other} run too", pair))
        view = replace(view, earlier=earlier, later=later)
    return view, complaints
