"""The append-only log of pictures that a reader says are no chest film."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime

from sqlalchemy import Connection, func, select, update

from core import __version__
from core.domain.quality import QualityReport
from core.domain.reader import READER_LIMIT, Act, Reader
from core.domain.worklist import Dismissal, FilmStatus
from core.errors import ReviewStoreError
from core.language.words import msg
from core.reads.film_status import status_of
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc, is_storable
from core.store.film_status import UNCLAIMED
from core.store.reads import SqlReviewStore, quality_to_json
from core.store.schema import dismissals, films

_FILMS_A_QUERY = 10_000  # SQLite takes 32,766 parameters


def dismiss_film(
    database: Database,
    film_sha256: str,
    quality: QualityReport,
    by: Reader,
    *,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Note that a picture is no chest film; it leaves the films that are to be read.

    Parameters
    ----------
    quality : QualityReport
        Of a picture that the quality gate refused.

    Raises
    ------
    NotAllowed
        If the reader has no role that signs reads.
    ReviewStoreError
        If the quality gate did not refuse the picture, the name is missing or too long, or the
        database cannot be written.
    """
    by.require(Act.SIGN_READ)
    if not quality.refused:
        raise ReviewStoreError(
            msg("The quality check did not refuse this film: sign a read of it instead.")
        )
    _note(database, film_sha256, quality, by, now(), dismissed=True)


def restore_film(
    database: Database,
    film_sha256: str,
    quality: QualityReport,
    by: Reader,
    *,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Put a picture back that was noted as no chest film.

    Raises
    ------
    NotAllowed
        If the reader has no role that signs reads.
    ReviewStoreError
        If the name is missing or too long, or the database cannot be written.
    """
    by.require(Act.SIGN_READ)
    _note(database, film_sha256, quality, by, now(), dismissed=False)


def _note(
    database: Database,
    film_sha256: str,
    quality: QualityReport,
    by: Reader,
    at: datetime,
    *,
    dismissed: bool,
) -> None:
    name = by.name.strip()
    if not 0 < len(name) <= READER_LIMIT or not is_storable(name):
        raise ReviewStoreError(
            msg(
                "This is kept with the name of who says it, of 1 to {limit} "
                "letters, and this one has {letters}: enter your name.",
                limit=READER_LIMIT,
                letters=len(name),
            )
        )
    row = {
        "film_sha256": film_sha256,
        "reader": name,
        "dismissed": dismissed,
        "quality": quality_to_json(quality),
        "noted_at": at.astimezone(UTC),
        "app_version": __version__,
    }
    with database.writing() as connection:
        wait_for_turn(connection)
        insert_chained(connection, dismissals, row)
        status = FilmStatus.DISMISSED
        if not dismissed:
            history = SqlReviewStore(database).history_in(connection, film_sha256)
            status = status_of(history, refused=quality.refused)
        values = {"status": status.value, "status_at": row["noted_at"], **UNCLAIMED}
        kept = films.c.film_sha256 == film_sha256
        connection.execute(update(films).where(kept).values(**values))


def dismissals_of(database: Database, film_sha256s: Collection[str]) -> dict[str, Dismissal]:
    """Return which of some pictures stand as no chest film, and who says so.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read.
    """
    wanted, found = list(dict.fromkeys(film_sha256s)), dict[str, Dismissal]()
    for start in range(0, len(wanted), _FILMS_A_QUERY):
        some = dismissals.c.film_sha256.in_(wanted[start : start + _FILMS_A_QUERY])
        newest = select(func.max(dismissals.c.sequence)).where(some)
        newest = newest.group_by(dismissals.c.film_sha256)
        query = select(dismissals).where(dismissals.c.sequence.in_(newest), dismissals.c.dismissed)
        for row in database.rows(query):
            found[row.film_sha256] = Dismissal(row.reader, from_utc(row.noted_at))
    return found


def is_dismissed(connection: Connection, film_sha256: str) -> bool:
    """Return whether a picture stands as no chest film, as a transaction sees it."""
    of_film = dismissals.c.film_sha256 == film_sha256
    newest = select(dismissals.c.dismissed).where(of_film).order_by(dismissals.c.sequence.desc())
    return bool(connection.execute(newest.limit(1)).scalar_one_or_none())
