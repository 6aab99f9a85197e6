"""The weekly check, made for every week that is over, and what the shadow run says of new films.

Both are safe to run in several processes at once: what another process kept first stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.acceptance.setting import KeptSetting
from core.domain.model import RunRecord
from core.domain.shadow import ShadowChoice, ShadowReading
from core.errors import Cancelled, FilmGone, RadiographError
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.jobs.kept_films import as_uploaded
from core.language.words import Message, msg
from core.monitoring.weekly import (
    FEWEST_SCORES,
    MonitoringReference,
    Origin,
    check_weeks,
    reference_at,
    reference_of_weeks,
    weeks_since_change,
)
from core.pipeline import Engine, open_engine
from core.runs.predictions import read_predictions
from core.runs.store import reading_identity
from core.settings import Settings
from core.store.engine import Database
from core.store.films.worklist import SqlFilms
from core.store.monitoring import WEEK, AlarmNote, KeptWeek, SqlMonitoring, course_of, monday_of
from core.store.served_runs import list_served_runs
from core.store.shadow import SqlShadow
from core.store.site_settings import find_version
from core.store.ward import read_ward_prevalence

READ_AT_ONCE = 50
"""Films that the shadow run reads before somebody looks again whether it is still wanted."""
WAITED_FOR = timedelta(days=2)
"""A week's films that are not read by then are left out of the check."""


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """The run that is watched, with what its weeks are compared with.

    Attributes
    ----------
    identity : str
        Of run and gate, from `core.runs.store.reading_identity`.
    since : datetime
        When it began to serve; weeks before are not checked.
    """

    run: RunRecord
    identity: str
    reference: MonitoringReference
    since: datetime


def validation_reference(run: RunRecord, prevalence: float | None) -> MonitoringReference:
    """Return a run's scores of its validation patients, with a ward's share of ill films.

    Of a run with a site's setting they are on the site's scale, as those of its films are.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the table of predictions is not there, or is not the one that was measured.
    """
    validation = read_predictions(run).of_split("validation")
    scores = validation.probability
    if run.site is not None:
        scores = run.site.calibration.apply(scores)
    return MonitoringReference(reference_at(scores, validation.films.label, prevalence))


def site_reference(kept: KeptSetting, prevalence: float | None) -> MonitoringReference | None:
    """Return the scores of the films of an acceptance test; None where they are too few.

    They are on the site's scale, one film of each patient, with a ward's share of ill films.
    """
    scores = np.array([*kept.ill_scores, *kept.well_scores], np.float64)
    labels = np.repeat([1, 0], [len(kept.ill_scores), len(kept.well_scores)])
    scores = reference_at(scores, labels, prevalence)
    return MonitoringReference(scores, origin=Origin.SITE) if len(scores) >= FEWEST_SCORES else None


def reference_words(reference: MonitoringReference, run: RunRecord) -> Message:
    """Return in a sentence what the weeks of a run are compared with."""
    version = 0 if run.site is None else run.site.version
    numbers = {"n": len(reference.scores), "run": run.run_id, "version": version}
    if reference.origin is Origin.WEEKS:
        return msg("Compared with {n} films of weeks that were declared as usual.", **numbers)
    if reference.origin is Origin.SITE:
        return msg(
            "Compared with {n} films of this site: those of the acceptance test of version "
            "{version}, one of each patient.",
            **numbers,
        )
    if run.site is None:
        return msg("Compared with {n} validation films of {run}.", **numbers)
    return msg(
        "Compared with {n} validation films of {run}. Version {version} of the site's setting "
        "keeps too few scores of the site's own films; {fewest} are needed.",
        **numbers,
        fewest=FEWEST_SCORES,
    )


def watch_run(
    database: Database, run: RunRecord, identity: str, reference: MonitoringReference | None = None
) -> Watched | None:
    """Return what is watched of the run that serves; None where no run has served yet.

    Parameters
    ----------
    reference : MonitoringReference, optional
        Without it, of a run with a site's setting, the films of its acceptance test, and else the
        run's validation films; with the ward's prevalence where one is set.
    """
    served = [one for one in list_served_runs(database) if one.run_id == run.run_id]
    if not served:
        return None
    if reference is None:
        ward = read_ward_prevalence(database)
        prevalence = None if ward is None else ward.value
        kept = run.site and find_version(database, run.run_id, run.site.version)
        reference = (kept and site_reference(kept, prevalence)) or validation_reference(
            run, prevalence
        )
    return Watched(run, identity, reference, served[-1].since)


def reference_in_use(
    watched: Watched, weeks: Sequence[KeptWeek], notes: Sequence[AlarmNote]
) -> MonitoringReference:
    """Return what weeks are compared with: the run's own reference, or weeks declared as usual.

    Of the course that such a note ended, the weeks since the change are what is usual.
    """
    usual = next((place for place, one in reversed([*enumerate(notes)]) if one.as_usual), None)
    if usual is None:
        return watched.reference
    before = [week for week in weeks if week.seen.begins <= notes[usual].begins]
    course = course_of(before, notes[:usual], before[-1].reference_sha256)
    seen, checked = [one.seen for one in course], [one.checked for one in course]
    return reference_of_weeks(weeks_since_change(seen, checked))


def reference_sha256(reference: MonitoringReference) -> str:
    """Return what tells one reference from another."""
    parts = [np.asarray(reference.scores, np.float64).tobytes()]
    parts += [repr(one).encode() for one in (reference.refused, reference.disagreed)]
    return hashlib.sha256(b"|".join(parts)).hexdigest()


def check_due(monitoring: SqlMonitoring, watched: Watched, now: datetime) -> list[KeptWeek]:
    """Check every week that is over and was not checked; return them, oldest first.

    Weeks before the first film or read are left out.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read or written.
    """
    done: list[KeptWeek] = []
    weeks, notes = monitoring.weeks(watched.identity), monitoring.notes(watched.identity)
    reference = reference_in_use(watched, weeks, notes)
    named = reference_sha256(reference)
    begins = monday_of(watched.since)
    if weeks:
        begins = max(begins, weeks[-1].seen.begins + WEEK)
    while begins < monday_of(now):
        late = monday_of(now - WAITED_FOR) > begins
        if not late and monitoring.unread_in(watched.identity, begins):
            break  # what arrived last is still to be read
        seen = monitoring.gather(watched.identity, watched.run.run_id, begins)
        begins += WEEK
        if not (weeks or seen.refused or seen.disagreed):
            continue
        course = [*(one.seen for one in course_of(weeks, notes, named)), seen]
        week = KeptWeek(seen, check_weeks(course, reference)[-1], named, now)
        if not monitoring.keep_week(watched.identity, watched.run.run_id, week):
            break  # another process is at it
        weeks.append(week)
        done.append(week)
    return done


# --- the run that reads along ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShadowRun:
    """The run that reads along, as worker processes open it."""

    choice: ShadowChoice
    files: EngineFiles


def shadow_run(database: Database, settings: Settings, served: Engine) -> ShadowRun | None:
    """Return the run that reads along; None where nobody chose one, or it is the served run.

    Raises
    ------
    ModelError
        If the run cannot be opened, or may not read films.
    """
    choice = SqlShadow(database).choice()
    if choice is None or choice.run_id == served.classifier.run_record.run_id:
        return None
    return ShadowRun(choice, _files_of(settings, choice.run_id))


@lru_cache(maxsize=4)
def _identity(models: str, run_id: str, threads: int) -> str:
    engine = open_engine(Path(models), run_id, threads)
    return reading_identity(engine.classifier.run_record, engine.gate.sha256)


def _files_of(settings: Settings, run_id: str) -> EngineFiles:
    models, threads = settings.models.absolute(), settings.inference_threads
    return EngineFiles(models, run_id, threads, _identity(str(models), run_id, threads))


def read_along(
    films: SqlFilms,
    pool: FilmPool,
    shadow: ShadowRun,
    served_identity: str,
    now: Callable[[], datetime],
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Let the shadow run read new films that the served run has read; return how many.

    One film at a time stands in the pool's queue, behind those that readers wait for. Nothing of
    it is shown in the worklist. A film whose file is gone or damaged counts as read without a
    score.

    Raises
    ------
    ModelError
        If the run cannot be opened.
    ReviewStoreError
        If the database cannot be read or written.
    """
    store, files = SqlShadow(films.database), shadow.files
    waiting = store.unread(files.identity, served_identity, shadow.choice.chosen_at, READ_AT_ONCE)
    read = 0
    for film_sha256, served_probability, served_suspicious in waiting:
        kept = films.find(film_sha256)
        if stopped():
            break
        if kept is None:
            continue
        film, said = as_uploaded(kept, films), None
        try:
            work = FilmWork(
                *(film.content, files, film.name, film.inverted),
                read=True, turn=film.turn, key=film.key, unseen=True,
            )  # fmt: skip
            reading = pool.do(work, cancelled=stopped).reading
            said = None if reading is None else reading.prediction
        except (RadiographError, FilmGone):
            pass
        except Cancelled:
            continue  # it is tried again later
        store.keep_reading(
            ShadowReading(
                film_sha256,
                files.identity,
                served_identity,
                None if said is None else said.probability,
                said is not None and said.suspicious,
                served_probability,
                served_suspicious,
                now(),
            )
        )
        read += 1
    return read
