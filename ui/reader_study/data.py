"""What the page Reader study draws from: kept studies, films to choose from, the run's advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import streamlit as st

from core.domain.model import Prediction, RunRecord, Side
from core.evaluation.metrics import logits_of
from core.library.films import PublicLibrary, SyntheticLibrary
from core.reader_studies.choosing import Candidate
from core.reader_studies.study import Advice, KeptStudy, Progress, StudyReading, progress_of
from core.reads.signing import utc_now
from core.store.reader_studies import SqlReaderStudies
from ui.app.resources import get_database, get_libraries
from ui.app.session import Visit
from ui.library.runs import OF_THE_SET, get_predictions, get_runs, identity_of, offered_runs

STUDY, SHOW, RESULTS = "study", "show", "results"
"""In the address: which study is open, and whether its results are."""


def get_studies() -> SqlReaderStudies:
    """Return the kept studies."""
    return SqlReaderStudies(get_database(), now)


def now() -> datetime:
    """Return the time by which sessions open."""
    return utc_now()


@dataclass(frozen=True, slots=True)
class Stand:
    """A study with its reads, and how far the visitor is in it.

    Attributes
    ----------
    name : str or None
        The visitor's, as the study has it; None for who does not read in it.
    progress : Progress or None
        None likewise.
    """

    study: KeptStudy
    readings: tuple[StudyReading, ...]
    name: str | None
    progress: Progress | None

    @property
    def left(self) -> bool:
        """Whether the visitor has films left to read."""
        open_still = self.study.closed_at is None
        return open_still and self.progress is not None and not self.progress.finished


def stand_of(visit: Visit, study: KeptStudy) -> Stand:
    """Return how far the visitor is in a study."""
    readings = tuple(get_studies().readings(study))
    name = study.reader_named(visit.reader)
    progress = None if name is None else progress_of(study, name, readings)
    return Stand(study, readings, name, progress)


def may_see_results(visit: Visit, stand: Stand) -> bool:
    """Return whether results are shown: of a closed study to all, before to who made it.

    Whoever made it and has films left to read in it waits too.
    """
    if stand.study.closed_at is not None:
        return True
    return stand.study.is_made_by(visit.reader) and not stand.left


def film_sources() -> dict[str, str]:
    """Return the libraries whose films are there by name, with their titles; synthetic ones first.

    A site's own cases are none of them: no run is measured on them.
    """
    known = (SyntheticLibrary.name, PublicLibrary.name)
    there = {name: one.title for name, one in get_libraries().items() if one.has_films}
    return {name: there[name] for name in (*known, *there) if name in there}


def advising_runs(library: str) -> list[str]:
    """Return the runs whose score and regions a study of a library can show."""
    return [run for run in offered_runs(library) if not get_runs()[run].foreign]


def candidates(library: str, run: str) -> tuple[Candidate, ...]:
    """Return the films of a library that a run is measured on, with what it said of each."""
    return _candidates(library, identity_of(library, run))


@st.cache_resource(show_spinner=False, max_entries=8)
def _candidates(library: str, identity: tuple[str, ...]) -> tuple[Candidate, ...]:
    run = get_runs()[identity[0]]
    table = get_predictions(library, identity[0])
    of_set = np.isin(table.films.split, OF_THE_SET)
    measured = table.where(of_set) if library == PublicLibrary.name else table
    films, threshold = measured.films, run.operating_point.threshold
    return tuple(
        Candidate(film_id, bool(ill), str(patient), Advice(said, threshold, _side(run, said)))
        for film_id, ill, patient, said in zip(
            films.film_id.tolist(),
            films.label.tolist(),
            films.patient.tolist(),
            measured.probability.tolist(),
            strict=True,
        )
    )


def _side(run: RunRecord, probability: float) -> Side:
    return _predicted(run, probability).side


def _predicted(run: RunRecord, probability: float) -> Prediction:
    score = float(logits_of(np.array(probability)))
    return Prediction(probability, score, run.run_id, run.operating_point, run.abstention)


def prediction_of(study: KeptStudy, film_id: str) -> Prediction | None:
    """Return what the run said as the study keeps it; None if the run is gone or has changed."""
    run, advice = get_runs().get(study.run_id), study.advice[film_id]
    if run is None or run.operating_point.threshold != advice.threshold:
        return None
    predicted = _predicted(run, advice.probability)
    return predicted if predicted.side == advice.side else None
