"""``python -m core monitor``: has what the served run reads here changed?"""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from core.cli.console import print_text, show_errors
from core.language.numbers import day_text
from core.reads.signing import utc_now
from core.runs.store import reading_identity
from core.serving.choice import decide_served_run
from core.settings import SERVED_RUN, get_settings
from core.store.engine import Database
from core.store.served_runs import list_served_choices
from core.store.site_settings import find_in_force

MOST_WEEKS = 520


def monitor(
    weeks: Annotated[
        int, typer.Option(help="How many of the newest weeks to print.", min=1, max=MOST_WEEKS)
    ] = 12,
) -> None:
    """Check the weeks that are over, and let the shadow run read new films.

    The app and the archive's service do so by themselves. Ends with code 2 while an alarm waits
    for somebody who acknowledges it.
    """
    # Deferred: LiteRT, scipy and the films' decoders take a second to load.
    from core.jobs.film_pool import FilmPool  # noqa: PLC0415
    from core.jobs.monitoring import (  # noqa: PLC0415
        check_due,
        read_along,
        reference_in_use,
        reference_words,
        shadow_run,
        watch_run,
    )
    from core.monitoring.weekly import Stream  # noqa: PLC0415
    from core.pipeline import open_engine  # noqa: PLC0415
    from core.store.films.worklist import open_films  # noqa: PLC0415
    from core.store.monitoring import SqlMonitoring  # noqa: PLC0415

    settings = get_settings()
    with show_errors(), closing(Database.open(settings.database_url)) as database:
        choices = list_served_choices(database)
        newest = choices[-1] if choices else None
        run_id = decide_served_run(settings.named_run, SERVED_RUN, newest).run_id
        setting = find_in_force(database, settings.models, run_id).setting
        engine = open_engine(settings.models, run_id, settings.inference_threads, setting)
        identity = reading_identity(engine.classifier.run_record, engine.gate.sha256)
        watched = watch_run(database, engine.classifier.run_record, identity)
        if watched is None:
            print_text(f"Run {run_id} has not served here yet: there is nothing to check.")
            return
        monitoring = SqlMonitoring(database)
        check_due(monitoring, watched, utc_now())
        kept, alarm = monitoring.weeks(identity), monitoring.open_alarm(identity)
        notes = monitoring.notes(identity)
        shadow = shadow_run(database, settings, engine)
        read = 0
        if shadow is not None:
            films = open_films(database, settings)
            with closing(FilmPool(slots=1)) as pool:
                while some := read_along(films, pool, shadow, identity, utc_now):
                    read += some
    if not kept:
        print_text(f"No week with films that {run_id} read is over yet.")
    reference = reference_in_use(watched, kept, notes)
    print_text(reference_words(reference, watched.run))
    for week in kept[-weeks:]:
        powers = ", ".join(
            f"{stream} {10.0 ** week.checked.log10_e[stream]:.3g}"
            for stream in Stream
            if stream in week.checked.log10_e
        )
        mark = "  ALARM" if week.checked.alarm else ""
        found = f"e: {powers}{mark}" if powers else "nothing to compare yet"
        print_text(f"{day_text(week.seen.begins)}  {week.checked.films} films  {found}")
    if shadow is not None:
        print_text(f"{shadow.files.run_id} has read {read} more films unseen.")
    if alarm is not None:
        print_text(
            f"The week of {day_text(alarm.seen.begins)} raised an alarm. Open the page Site, or "
            "docs/user-guide/monitoring.md."
        )
        raise typer.Exit(2)
