"""What the Teaching page draws from: films with their references, kept sessions, truths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import streamlit as st

from core.comparison.scored_films import ScoredFilms
from core.domain.model import Prediction, RunRecord
from core.domain.reader import Reader, reader_key
from core.errors import FirstReadError, TeachingError
from core.evaluation.metrics import logits_of
from core.gate.lungs import LUNG_PROBABILITY, segment_lungs
from core.language.words import msg
from core.library.own_cases import OwnCases
from core.library.site_library import SiteLibrary
from core.settings import get_settings
from core.store.teaching import SqlTeachingStore
from core.teaching.case_selection import choose_cases, estimate_difficulty, take_set
from core.teaching.mark_scoring import LesionTruth, without_fragments
from core.teaching.outcomes import Outcome, first_reads, outcomes_of
from core.teaching.session import Case, Course, Plan, StepKind
from core.teaching.spaced_repetition import due_dates
from ui.app.resources import (
    get_database,
    get_engine,
    get_libraries,
    get_library,
    prepare_for_gate,
)
from ui.app.session import Visit, get_visit
from ui.components.viewer.viewer import TruthOutline
from ui.errors.neighbours import Nearest, find_nearest, known_features
from ui.library.blind_reads import films_awaiting, films_of_studies, hash_ahead
from ui.library.copies import load_film
from ui.library.films import lesion_outlines, radiologist_boxes
from ui.library.runs import ALL_PARTS, get_films, get_runs
from ui.teaching.own_cases import count_own_cases, own_cases, served_run

EXTERNAL_SPLIT = "nih"


@dataclass(frozen=True, slots=True)
class Source:
    """Films that a session is taken from: a library, or a part of it.

    Attributes
    ----------
    external : bool
        Whether it is the adults' part of the library.
    note : str
        What the model's figures do not hold for.
    reference : str
        What the reference is, where it is no ground truth.
    """

    key: str
    title: str
    library: str
    external: bool = False
    note: str = ""
    reference: str = ""


SOURCES = {
    source.key: source
    for source in (
        Source("public", msg("Children, public set"), "public"),
        Source(
            "adults",
            msg("Adults of another hospital, with radiologists' boxes"),
            "public",
            external=True,
            note=msg("This is an adult: the model and these figures are for children."),
        ),
        Source(
            "synthetic",
            msg("Synthetic films, with exact outlines"),
            "synthetic",
            note=msg("Computer-generated; not evidence of clinical performance."),
        ),
        Source(
            OwnCases.name,
            msg("Own cases, disputes settled here"),
            OwnCases.name,
            reference=msg(
                "The reference is a senior reader's verdict, who settled a "
                "dispute here. A reader's verdict is not ground truth."
            ),
        ),
    )
}


OF_SITE = msg("The reference is this site's own label, which may be wrong.")
REMOVED = msg("Films of a set that was removed")


def every_source() -> dict[str, Source]:
    """Return every source of this site, its films there or not.

    A site's own sets are among them where the site has a consent to teach with its films.
    """
    if not get_settings().teaching_consent.strip():
        return SOURCES
    own = [one for one in get_libraries().values() if isinstance(one, SiteLibrary)]
    sources = [Source(one.name, one.title, one.name, reference=OF_SITE) for one in own]
    return SOURCES | {source.key: source for source in sources}


def source_of(key: str) -> Source:
    """Return the source of a session; that of a set that was removed has no film."""
    return every_source().get(key) or Source(key, REMOVED, key)


def get_teaching_store() -> SqlTeachingStore:
    """Return the kept sessions and case sets."""
    return SqlTeachingStore(get_database())


def note_step(visit: Visit, session_id: str, place: int, kind: StepKind) -> None:
    """Store a step of the visitor's session; `Visit.complaint` says why not, if it cannot be."""
    visit.complaint = ""
    try:
        get_teaching_store().note(session_id, place, kind, by=visit.acting)
        visit.shown_read = ""
    except FirstReadError as exc:
        visit.complaint = exc.sentence


def teaching_reader(visit: Visit) -> str:
    """Return the name of who trains or teaches here."""
    return " ".join(visit.reader.split())


def may_go_on(visit: Visit, course: Course) -> bool:
    """Return whether the reads of a session are this visitor's to make.

    Where nobody logs in, whoever comes back after an interruption with the session's address and
    no name yet goes on under the session's name.
    """
    if not visit.logged_in:
        visit.reader = visit.reader or course.session.reader
    return reader_key(visit.reader) == reader_key(course.session.reader)


def get_sources() -> dict[str, Source]:
    """Return the sources whose films are there, the public ones first."""
    libraries = get_libraries()
    ready = {name for name, library in libraries.items() if library.has_films}
    if count_own_cases():
        ready.add(OwnCases.name)
    return {
        key: source
        for key, source in every_source().items()
        if source.library in ready and (not source.external or radiologist_boxes())
    }


def served_run_id() -> str:
    """Return the run that reads along."""
    return get_engine().classifier.run_record.run_id


def films_of(source: str, run: str) -> ScoredFilms:
    """Return the films of a source under every run.

    Raises
    ------
    TeachingError
        If the source is not there.
    """
    if source not in get_sources():
        raise TeachingError(
            msg(
                "The films of {source!r} are not on this machine: choose others, or see "
                "docs/data.md for how to obtain them.",
                source=source,
            )
        )
    chosen = source_of(source)
    films = get_films(chosen.library, run, ALL_PARTS)
    external = films.films.split == EXTERNAL_SPLIT
    return films.where(external if chosen.external else ~external)


def get_pool(source: str) -> tuple[Case, ...]:
    """Return every film of a source as a case, its difficulty as estimated now."""
    if source == OwnCases.name:
        return own_cases(*_readers_errors(get_teaching_store().all_courses(source)))
    run = served_run_id()
    runs = films_of(source, run)
    findings = get_library(source_of(source).library).findings()
    errors, reads = _readers_errors(get_teaching_store().all_courses(source))
    share_wrong, spread = (~runs.right).mean(axis=0), runs.disagreement
    record = get_runs()[run]
    table, probability, threshold = runs.films, runs.of_run(run), runs.threshold_of(run)
    return tuple(
        Case(
            film_id=film_id,
            label=int(table.label[row]),
            subtype=findings.get(film_id, str(table.subtype[row])) if table.label[row] else "",
            patient=str(table.patient[row]),
            difficulty=estimate_difficulty(
                float(spread[row]), float(share_wrong[row]), errors[film_id], reads[film_id]
            ),
            probability=float(probability[row]),
            threshold=threshold,
            side=_predicted(record, float(probability[row])).side,
        )
        for row, film_id in enumerate(table.film_id.tolist())
    )


def _readers_errors(courses: Sequence[Course]) -> tuple[Counter[str], Counter[str]]:
    """Return each film's wrong blind reads and all of them, the first one of each reader."""
    first = first_reads(one for course in courses for one in outcomes_of(course) if one.answered)
    errors = Counter(one.case.film_id for one in first if not one.right)
    return errors, Counter(one.case.film_id for one in first)


def outcomes_in(reader: str, source: str | None = None) -> list[Outcome]:
    """Return a reader's outcomes, oldest first; of one source or of all."""
    return [
        one
        for course in get_teaching_store().courses_of(reader)
        if source in (None, course.session.plan.library)
        for one in outcomes_of(course)
    ]


def begin_session(plan: Plan, by: Reader) -> str:
    """Choose the cases of a plan, store the session, and return its id.

    Raises
    ------
    NotAllowed
        If the acting reader may not take a session.
    TeachingError
        If the films are not there or too few, or the set is not known.
    ReviewStoreError
        If no reader is named, or the database cannot be written.
    """
    store = get_teaching_store()
    in_study = films_of_studies(get_visit(), source_of(plan.library).library)
    pool = tuple(case for case in get_pool(plan.library) if case.film_id not in in_study)
    if plan.case_set is None:
        due = due_dates(outcomes_in(by.name, plan.library))
        cases = choose_cases(pool, plan, due, datetime.now(UTC))
    else:
        case_set = store.case_set(plan.case_set)
        if case_set is None:
            raise TeachingError(
                msg(
                    "There is no case set {case_set!r}: ask for its link again.",
                    case_set=plan.case_set,
                )
            )
        if not in_study.isdisjoint(case_set.film_ids):
            raise TeachingError(
                msg(
                    "This set has films of a reader study that you have not finished. Finish the "
                    "study first; a session would show you the answers."
                )
            )
        cases = take_set(pool, case_set.film_ids)
    return store.start(plan, cases, by).session_id


# --- truth and model ------------------------------------------------------------------------------


def lesion_truth(course: Course, case: Case) -> LesionTruth:
    """Return where the lesion of a film is, as far as it is known."""
    source = source_of(course.session.plan.library)
    mask = get_library(source.library).truth(case.film_id, "core")
    return LesionTruth(mask, radiologist_boxes().get(case.film_id, ()))


def truth_outlines(course: Course, case: Case) -> list[TruthOutline]:
    """Return what is drawn over a film once it is revealed: of a lesion the foci that count."""
    library = source_of(course.session.plan.library).library
    lungs = get_library(library).truth(case.film_id, "lung")
    if lungs is None:
        lungs = _segmented_lungs(library, case.film_id)
    lesions = [
        one if one.mask is None else replace(one, mask=without_fragments(one.mask))
        for one in lesion_outlines(library, case.film_id)
    ]
    return [TruthOutline("lung", lungs), *lesions]


@st.cache_data(show_spinner=False, max_entries=32)
def _segmented_lungs(library: str, film_id: str) -> np.ndarray:
    tensor = prepare_for_gate(load_film(library, film_id))
    return segment_lungs(tensor, get_engine().gate.network).mask > LUNG_PROBABILITY


def prediction_of(course: Course, case: Case) -> Prediction | None:
    """Return the model's read as it was kept; None if the run is not here or has changed since."""
    plan = course.session.plan
    run = get_runs().get(plan.run_id)
    if plan.library == OwnCases.name and served_run().run_id == plan.run_id:
        run = served_run()  # these films are the site's, and are read by its threshold
    if run is None or run.operating_point.threshold != case.threshold:
        return None
    return _predicted(run, case.probability)


def _predicted(run: RunRecord, probability: float) -> Prediction:
    score = float(logits_of(np.array(probability)))
    return Prediction(probability, score, run.run_id, run.operating_point, run.abstention)


def prepare_nearest(course: Course) -> None:
    """Begin what `nearest_films` needs, while the film is read: on the first lock it takes long."""
    plan = course.session.plan
    if plan.library == OwnCases.name:
        return
    run = plan.run_id if plan.run_id in get_runs() else served_run_id()
    film_ids = films_of(plan.library, run).films.film_id.tolist()
    hash_ahead(get_visit(), source_of(plan.library).library, film_ids)


def nearest_films(course: Course, case: Case) -> Nearest:
    """Return the nearest films of other patients that the run reads rightly.

    None of them is of a film that the session has yet to show, or that the visitor has yet to read
    blind elsewhere.
    """
    plan = course.session.plan
    run = plan.run_id if plan.run_id in get_runs() else served_run_id()
    runs = films_of(plan.library, run)
    ahead = {film.case.film_id for film in course.films if film.read is None}
    library, film_ids = source_of(plan.library).library, runs.films.film_id.tolist()
    ahead |= films_awaiting(get_visit(), library, film_ids) - {case.film_id}
    runs = runs.where(~np.isin(runs.films.film_id, list(ahead)))
    features = known_features(library, run)
    place = runs.place_of(case.film_id)
    if place is None:
        return Nearest({}, by_features=features is not None)
    return find_nearest(runs, run, place, features)
