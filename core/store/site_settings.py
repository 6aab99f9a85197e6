"""The append-only log of what each run reads by at this site: its own, or a version of the site's.

A version is never changed. What is in force is the newest line of a run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select

from core import __version__
from core.acceptance.measured import Acceptance
from core.acceptance.setting import (
    RUNS_OWN,
    InForce,
    KeptSetting,
    SettingLine,
    decide_in_force,
    setting_of,
)
from core.domain.model import Prediction, RunRecord
from core.domain.reader import READER_LIMIT, Act, Reader
from core.domain.site import version_of
from core.errors import ReviewStoreError
from core.inference.at_site import run_at_site
from core.language.words import msg
from core.reads.signing import utc_now
from core.runs.store import export_identity, load_run
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc, is_made, is_storable
from core.store.site_schema import site_settings

MAX_REASON = 1000
MAX_SITE = 100


def adopt_setting(
    database: Database,
    found: Acceptance,
    site: str,
    reason: str,
    by: Reader,
    *,
    now: Callable[[], datetime] = utc_now,
) -> KeptSetting:
    """Let a run read by what an acceptance test found, as its next version; go or no go.

    Parameters
    ----------
    site : str
        What the site is called, 1 to 100 letters.
    reason : str
        1 to 1,000 letters; of a no go it is shown wherever the threshold is.
    by : Reader
        Who adopts it, with a name and a role that chooses the run that serves.

    Raises
    ------
    NotAllowed
        If the reader has no such role.
    DatasetError
        If the calibration would put films into another order than the run does.
    ReviewStoreError
        If the site, the reason or the name is missing or too long, or the database cannot be
        written.
    """
    by.require(Act.CHOOSE_SERVED_RUN)
    site, reason, name = site.strip(), reason.strip(), by.name.strip()
    _check(site, msg("the site's name"), MAX_SITE)
    _check(reason, msg("the reason"), MAX_REASON)
    _check(name, msg("the name"), READER_LIMIT)
    with database.writing() as connection:
        wait_for_turn(connection)
        version = 1 + _newest_version(connection, found.run_id)
        kept = setting_of(found, site, version, reason, name, now())
        line = SettingLine(found.run_id, version, kept, reason, name, kept.setting.adopted_at)
        insert_chained(connection, site_settings, _row(line))
    return kept


def take_up_setting(
    database: Database,
    run_id: str,
    version: int,
    reason: str,
    by: Reader,
    *,
    now: Callable[[], datetime] = utc_now,
) -> SettingLine:
    """Let a run read by an earlier version again, or by its own; nothing is taken out of the log.

    Parameters
    ----------
    version : int
        `RUNS_OWN` for the run's own calibration and operating point.
    reason : str
        1 to 1,000 letters.
    by : Reader
        As in `adopt_setting`.

    Raises
    ------
    NotAllowed
        If the reader has no role that chooses the run that serves.
    ReviewStoreError
        If there is no such version or it is in force, the reason or the name is missing or too
        long, or the database cannot be written.
    """
    by.require(Act.CHOOSE_SERVED_RUN)
    reason, name = reason.strip(), by.name.strip()
    _check(reason, msg("the reason"), MAX_REASON)
    _check(name, msg("the name"), READER_LIMIT)
    line = SettingLine(run_id, version, None, reason, name, now())
    with database.writing() as connection:
        wait_for_turn(connection)
        own = select(site_settings).where(site_settings.c.run_id == run_id)
        rows = connection.execute(own.order_by(site_settings.c.sequence)).all()
        known = {RUNS_OWN, *(row.version for row in rows if row.setting is not None)}
        newest = rows[-1].version if rows else RUNS_OWN
        if version not in known or version == newest:
            raise ReviewStoreError(
                msg(
                    "Version {version} of the site's setting of run {run} is in force already, or "
                    "there is none. Choose another.",
                    version=version,
                    run=run_id,
                )
            )
        insert_chained(connection, site_settings, _row(line))
    return line


def list_site_settings(database: Database) -> tuple[SettingLine, ...]:
    """Return every line of the log, oldest first.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read, or a kept setting cannot.
    """
    query = select(site_settings).order_by(site_settings.c.sequence)
    return tuple(map(_line, database.rows(query)))


def find_in_force(database: Database, models: Path, run_id: str) -> InForce:
    """Return what a run reads by at this site.

    Raises
    ------
    ReviewStoreError
        As `list_site_settings`.
    ModelMissing, ModelIntegrity
        If the run's record is not there or not readable.
    """
    return decide_in_force(list_site_settings(database), load_run(models / run_id))


def find_in_force_at(database_url: str, models: Path, run_id: str) -> InForce:
    """Return what a run reads by, from a database that may not be made yet.

    Nothing is made or migrated: without the newest tables the run reads by its own.

    Raises
    ------
    ReviewStoreError, ModelMissing, ModelIntegrity
        As `find_in_force`, or if the address is none of a database.
    """
    if not is_made(database_url):
        return InForce()
    with closing(Database(database_url)) as database:
        if not database.status().up_to_date:
            return InForce()
        return find_in_force(database, models, run_id)


def run_that_read(database: Database, prediction: Prediction, run: RunRecord) -> RunRecord:
    """Return a run's record as it was when it read a film: with the site's setting of then.

    Without it where the run read by its own, or where its export is another one by now.

    Parameters
    ----------
    run : RunRecord
        That of the prediction, with a setting or without.

    Raises
    ------
    ReviewStoreError
        As `list_site_settings`.
    """
    version = version_of(prediction.operating_point.chosen_on)
    if run.site is not None and run.site.version == version:
        return run
    own = run.without_site
    if version == RUNS_OWN:
        return own
    kept = find_version(database, own.run_id, version)
    if kept is None or kept.setting.export_sha256 != export_identity(own):
        return own
    return run_at_site(own, kept.setting)


def find_version(database: Database, run_id: str, version: int) -> KeptSetting | None:
    """Return a version of a run's setting as it was adopted; None where there is none.

    Raises
    ------
    ReviewStoreError
        As `list_site_settings`.
    """
    for line in list_site_settings(database):
        if line.adopted is not None and (line.run_id, line.version) == (run_id, version):
            return line.adopted
    return None


def _check(said: str, what: str, limit: int) -> None:
    if not 0 < len(said) <= limit or not is_storable(said):
        raise ReviewStoreError(
            msg(
                "{what} has {letters} letters and needs 1 to {limit}: a change of the site's "
                "threshold is recorded with its author and reason.",
                what=what,
                letters=len(said),
                limit=limit,
            )
        )


def _newest_version(connection: Connection, run_id: str) -> int:
    query = select(site_settings.c.version).where(
        site_settings.c.run_id == run_id, site_settings.c.setting.is_not(None)
    )
    return max(connection.execute(query).scalars(), default=RUNS_OWN)


def _row(line: SettingLine) -> dict[str, Any]:
    return {
        "run_id": line.run_id,
        "version": line.version,
        "setting": None if line.adopted is None else line.adopted.to_json(),
        "reason": line.reason,
        "set_by": line.set_by,
        "set_at": line.set_at.astimezone(UTC),
        "app_version": __version__,
    }


def _line(row: Row[Any]) -> SettingLine:
    adopted = None if row.setting is None else KeptSetting.from_json(row.setting)
    return SettingLine(
        row.run_id, row.version, adopted, row.reason, row.set_by, from_utc(row.set_at)
    )
