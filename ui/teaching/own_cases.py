"""The site's own settled cases, as the page Teaching takes them."""

from __future__ import annotations

import hashlib
from collections import Counter

import streamlit as st

from core.domain.model import Prediction, RunRecord
from core.domain.review import ReviewRecord
from core.errors import FirstReadError
from core.jobs.batch import UploadedFilm
from core.reads.arbitration import list_settled
from core.store.films.teaching_films import TeachingFilm
from core.teaching.own_cases import case_of_settled
from core.teaching.session import Case
from ui.app.lru_cache import Recent
from ui.app.resources import get_engine, get_identity, get_store, get_teaching_films
from ui.app.teaching_films import read_again

KEPT_PREDICTIONS = 5000


def own_cases(errors: Counter[str], reads: Counter[str]) -> tuple[Case, ...]:
    """Return the site's cases; one that is disputed again is left out until it is settled.

    Parameters
    ----------
    errors, reads : Counter of str
        Of each case, its wrong blind reads in sessions and all of them.
    """
    films = get_teaching_films().cases()
    disputes = list_settled(get_store().reads_of([film.film_sha256 for film in films]))
    settled = {dispute.film_sha256: dispute.settled for dispute in disputes}
    first_of_patient: dict[str, str] = {}
    found: list[Case | None] = []
    for film in films:
        patient = first_of_patient.setdefault(film.patient or film.case_id, film.case_id)
        record = settled.get(film.film_sha256)
        said = None if record is None else _said_of(film, record)
        if record is not None and said is not None:
            wrong, read = errors[film.case_id], reads[film.case_id]
            found.append(case_of_settled(film.case_id, record, said, patient, wrong, read))
    return tuple(case for case in found if case is not None)


def _said_of(film: TeachingFilm, settled: ReviewRecord) -> Prediction | None:
    """Return what the served run says of a case: as it was settled, or read again by another run.

    None where the film cannot be read any more, or the gate refuses it now.
    """
    run, kept = served_run(), settled.prediction
    if kept is not None and (kept.run_id, kept.operating_point) == (
        run.run_id,
        run.operating_point,
    ):
        return kept
    key = f"{film.case_id}|{get_identity()}"
    try:
        return _predictions().get_or_make(key, lambda: _read(film.case_id))
    except FirstReadError:
        return None


def served_run() -> RunRecord:
    """Return the run that reads along."""
    return get_engine().classifier.run_record


@st.cache_resource(show_spinner=False)
def _predictions() -> Recent[Prediction | None]:
    return Recent(KEPT_PREDICTIONS)


def _read(case_id: str) -> Prediction | None:
    content = get_teaching_films().content(case_id)
    return read_again(UploadedFilm(hashlib.sha256(content).hexdigest(), case_id, content))


def count_own_cases() -> int:
    """Return how many cases the site has made."""
    return len(get_teaching_films().cases())
