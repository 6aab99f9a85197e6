"""The runs with model cards, and the records of the chosen one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.domain.model import RunRecord
from core.error_analysis.slice_discovery import SliceSearch, search_run
from core.language.words import msg, tr
from core.model_card.card import USUAL_PREVALENCE
from core.model_card.facts import SPLIT_FILE, RunFacts, gather_facts
from core.runs.listing import ListedRun, list_readable_runs
from core.runs.predictions import Predictions
from core.runs.store import find_run_folder
from core.settings import get_settings
from ui.app.lru_cache import Recent
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
        return tr("{name}, active model", name=name)
    if run.exhibit:
        return tr("{name}, an exhibit", name=name)
    return tr("{name}, imported", name=name) if run.record.foreign else name


def get_facts(run_id: str) -> RunFacts:
    """Return all that is stored of a run, read again when one of its files has changed.

    The search over subgroups takes seconds, and every control of the page runs it again.

    Its subgroups are searched once for the same files, which takes seconds.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the run's record cannot be read.
    """
    settings = get_settings()
    folder = find_run_folder(run_id, settings.run_folders)
    return gather_facts(folder, settings.models / SPLIT_FILE, _search)


def _search(run: RunRecord, predictions: Predictions, facts_file: Path) -> SliceSearch | None:
    paths = [facts_file, *(run.folder / name for name in sorted(run.files))]
    found = [(path, path.stat()) for path in paths if path.is_file()]
    read = [(str(path), stated.st_mtime_ns, stated.st_size) for path, stated in found]
    key = repr((read, run.operating_point.threshold))
    return _searches().get_or_make(key, lambda: search_run(run, predictions, facts_file))


@st.cache_resource(show_spinner=False)
def _searches() -> Recent[SliceSearch | None]:
    return Recent(16)


FACTS, DETAILS, CHECKLISTS = TABS = ("facts", "details", "checklists")
TAB_WORDS = {FACTS: msg("In two minutes"), DETAILS: msg("All facts"), CHECKLISTS: msg("Checklists")}


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
