"""The runs with model cards, and the records of the chosen one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.model_card.card import USUAL_PREVALENCE
from core.model_card.facts import SPLIT_FILE, RunFacts, gather_facts
from core.runs.listing import ListedRun, list_readable_runs
from core.runs.store import find_run_folder
from core.settings import get_settings
from ui.app.query_params import Param, QueryParams, one_of, parse_number
from ui.app.ward import usual_of_100


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
        return f"{name}, active model"
    if run.exhibit:
        return f"{name}, an exhibit"
    return f"{name}, imported" if run.record.foreign else name


def get_facts(run_id: str) -> RunFacts:
    """Return all that is stored of a run, read again when one of its files has changed.

    The search over subgroups takes seconds, and every control of the page runs it again.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the run's record cannot be read.
    """
    settings = get_settings()
    folder = find_run_folder(run_id, settings.run_folders)
    files = sorted(one for part in (folder, settings.models) for one in part.glob("*"))
    stamps = tuple(
        (str(one), one.stat().st_mtime_ns, one.stat().st_size) for one in files if one.exists()
    )
    return _gather(stamps, folder, settings.models / SPLIT_FILE)


@st.cache_resource(show_spinner=False, max_entries=16)
def _gather(stamps: tuple[tuple[str, int, int], ...], _folder: Path, _split: Path) -> RunFacts:  # noqa: ARG001
    return gather_facts(_folder, _split)


FACTS, DETAILS, CHECKLISTS = TABS = ("facts", "details", "checklists")


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything that decides what the page shows.

    Attributes
    ----------
    tab : str
        One of `TABS`.
    prevalence : int
        Ill among 100 children.
    """

    run: str
    tab: str = FACTS
    prevalence: int = USUAL_PREVALENCE


def _parse_prevalence(text: str, *_: object) -> int:
    whole = text.isascii() and text.isdigit() and len(text) <= 3
    return int(parse_number(text if whole else "", 0, 100))


ADDRESS = QueryParams(
    "facts",
    CardView,
    one_of(
        "run",
        lambda _, runs, __: runs,
        lambda _, runs, serving: serving if serving in runs else runs[0],
    ),
    one_of("tab", TABS),
    Param("prevalence", _parse_prevalence, usual_of_100),
)
