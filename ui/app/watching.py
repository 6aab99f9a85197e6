"""The weekly check and the run that reads along: begun in the background, and the open alarm."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import streamlit as st

from core.domain.rate import Rate
from core.domain.reader import Act, Reader
from core.errors import FirstReadError
from core.inference.at_site import run_at_site
from core.jobs.film_pool import get_film_pool
from core.jobs.monitoring import (
    ShadowRun,
    Watched,
    check_due,
    read_along,
    reference_in_use,
    shadow_run,
    watch_run,
)
from core.language.numbers import day_text
from core.language.words import Message, msg, tr
from core.monitoring.weekly import RECENT_WEEKS, Shift, Stream, shifts_of
from core.reads.signing import utc_now
from core.runs.store import load_run
from core.settings import get_settings
from core.store.monitoring import SqlMonitoring, monday_of
from core.store.served_runs import list_served_runs
from core.store.shadow import SqlShadow
from ui.app.resources import (
    LOOKED_FOR_AGAIN_S,
    get_database,
    get_engine,
    get_films,
    get_identity,
    get_in_force,
)
from ui.app.session import Visit

WATCH_S = 60.0
PLACE = "site"
"""The page that shows the check."""

CHANGED: Mapping[Stream, Message] = {
    Stream.SCORES: msg("The scores have moved."),
    Stream.REFUSALS: msg("The quality check refuses another share of films."),
    Stream.DISAGREEMENT: msg("Readers and model disagree on another share of films."),
}
MEASURED: Mapping[Stream, Message] = {
    Stream.SCORES: msg("Films called suspicious"),
    Stream.REFUSALS: msg("Films refused"),
    Stream.DISAGREEMENT: msg("Films read otherwise than by the model"),
}
TO_DO: Mapping[Stream, Message] = {
    Stream.SCORES: msg(
        "Look at the newest films: is there a new device, other processing, or another kind of "
        "patient? If the ward's prevalence has changed, set it again."
    ),
    Stream.REFUSALS: msg(
        "Open the refused films on the Worklist: does a device send another view, format or size?"
    ),
    Stream.DISAGREEMENT: msg(
        "Let a second reader settle these films on Records. If the model is wrong more often, "
        "accept it again or choose another run."
    ),
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that nobody has acknowledged: since which week, and what has moved."""

    run_id: str
    identity: str
    begins: date
    changed: tuple[Stream, ...]
    shifts: Mapping[Stream, Shift]


def get_monitoring() -> SqlMonitoring:
    """Return the log of the weekly check."""
    return SqlMonitoring(get_database())


def get_shadow() -> SqlShadow:
    """Return the logs of the run that reads along."""
    return SqlShadow(get_database())


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def get_watched() -> Watched | None:
    """Return the run that is watched; None where it has not served yet."""
    run = get_engine().classifier.run_record
    return watch_run(get_database(), run, get_identity())


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def get_shadow_run() -> ShadowRun | None:
    """Return the run that reads along; None where there is none, or it cannot be opened."""
    try:
        return shadow_run(get_database(), get_settings(), get_engine())
    except FirstReadError:
        _log.warning("the run that reads along cannot be opened", exc_info=True)
        return None


def look_again() -> None:
    """Forget what is watched: somebody has just acknowledged an alarm, or chosen a run."""
    for cached in (watch, get_watched, get_shadow_run, open_alarm):
        cached.clear()


@st.cache_resource(show_spinner=False, ttl=WATCH_S)
def watch() -> None:
    """Begin to check the weeks that are over and to read along; again after a minute."""
    if not get_settings().keeps_films:
        return
    try:
        watched, shadow = get_watched(), get_shadow_run()
    except FirstReadError:  # a worklist goes on without its check
        _log.exception("the weekly check could not be begun")
        return
    database, films, identity = get_database(), get_films(), get_identity()
    pool = get_film_pool()

    def work() -> None:
        try:
            if watched is not None:
                check_due(SqlMonitoring(database), watched, utc_now())
            if shadow is not None:
                read_along(films, pool, shadow, identity, utc_now)
        except FirstReadError:
            _log.exception("the weekly check could not be made")

    threading.Thread(target=work, name="first-read-watch", daemon=True).start()


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def open_alarm() -> OpenAlarm | None:
    """Return the alarm of the run that serves; None where there is none.

    It opens no network: every page asks before it draws anything else.
    """
    try:
        served = list_served_runs(get_database())
        if not served:
            return None
        monitoring, run_id = get_monitoring(), served[-1].run_id
        identity = monitoring.newest_identity(run_id)
        week = monitoring.open_alarm(identity) if identity else None
        if week is None:
            return None
        run = load_run(get_settings().models / run_id)
        setting = get_in_force().setting
        under_it = week.seen.begins >= monday_of(served[-1].since)  # earlier weeks are on its own
        if setting is not None and setting.run_id == run_id and under_it:
            run = run_at_site(run, setting)
        watched = watch_run(get_database(), run, identity)
    except FirstReadError:  # which the page's guard says
        return None
    assert watched is not None
    weeks, notes = monitoring.weeks(identity), monitoring.notes(identity)
    reference = reference_in_use(watched, weeks, notes)
    shifts = shifts_of([one.seen for one in weeks], reference, run.operating_point.threshold)
    since = {
        stream
        for one in weeks
        if one.seen.begins >= week.seen.begins
        for stream in one.checked.changed
    }
    changed = tuple(stream for stream in Stream if stream in since)
    return OpenAlarm(run_id, identity, week.seen.begins, changed, shifts)


def blind_queue(visit: Visit) -> list[str]:
    """Return the films that await the visitor's blind read, oldest first."""
    reader, shadow = visit.acting, get_shadow_run()
    if shadow is None or not reader.name or not reader.may(Act.SIGN_READ):
        return []
    readers = shadow.choice.readers
    return get_shadow().queue(shadow.files.identity, get_identity(), readers, reader.name)


def percent_text(rate: Rate) -> str:
    """Return a share in per cent with its 95 % interval and n."""
    return tr(
        "{value:.1f} % ({low:.1f} % to {high:.1f} %, n = {n})",
        value=100.0 * rate.value,
        low=100.0 * rate.low,
        high=100.0 * rate.high,
        n=rate.n,
    )


def changes_text(alarm: OpenAlarm) -> list[str]:
    """Return what changed, by how much, and what to do: one paragraph a stream."""
    lines = []
    for stream in alarm.changed:
        words = [tr(CHANGED[stream])]
        if stream in alarm.shifts:
            shift = alarm.shifts[stream]
            words.append(
                tr(
                    "{what}: {before} before, {now} in the last {weeks} weeks.",
                    what=tr(MEASURED[stream]),
                    before=percent_text(shift.before),
                    now=percent_text(shift.now),
                    weeks=RECENT_WEEKS,
                )
            )
        words.append(tr(TO_DO[stream]))
        lines.append(" ".join(words))
    return lines


def sees_alarm(reader: Reader) -> bool:
    """Return whether a reader is told of an alarm: whoever answers for reads or for the model."""
    return reader.may(Act.OPEN_RECORDS)


def alarm_heading(alarm: OpenAlarm) -> str:
    """Return since when which run's alarm is open."""
    return tr(
        "The weekly check raised an alarm on {run} in the week of {day}.",
        run=alarm.run_id,
        day=day_text(alarm.begins),
    )
