"""Where the steps of reads are kept: append-only, in the review store's database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from core.domain.reader import Act, Reader, reader_key
from core.errors import FindingsError, MarkError, ReviewStoreError
from core.language.words import msg
from core.reads.drafts import ReadInProgress, ReviewStep, ReviewStepKind, follow_read
from core.reads.signing import utc_now
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc, is_storable
from core.store.schema import review_steps


class SqlReviewSteps:
    """Steps of reads in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self._now = now

    def note(
        self,
        film_sha256: str,
        turn: int,
        kind: ReviewStepKind,
        by: Reader,
        said: Mapping[str, Any] | None = None,
        *,
        at: datetime | None = None,
    ) -> None:
        """Store one step durably before returning.

        Parameters
        ----------
        turn : int
            How many reads of the film the reader has stored by now.
        by : Reader
            Who reads; a local user without a name yet is nobody in particular.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that signs.
        ReviewStoreError
            If a text cannot be kept, or the database cannot be written.
        """
        by.require(Act.SIGN_READ)
        texts = (by.name, str((said or {}).get("comment", "")))
        if not all(is_storable(text) for text in texts):
            raise ReviewStoreError(
                msg(
                    "Name or comment has a character that cannot be stored (a zero byte "
                    "or half of a character pair): remove it."
                )
            )
        row = {
            "film_sha256": film_sha256,
            "reader_key": reader_key(by.name),
            "turn": turn,
            "kind": kind.value,
            "at": (at or self._now()).astimezone(UTC),
            "said": dict(said or {}),
        }
        with self.database.writing() as connection:
            insert_chained(connection, review_steps, row)

    def progress(self, film_sha256: str, reader: str, turn: int) -> ReadInProgress:
        """Return how far a reader's read of a film has come.

        Raises
        ------
        ReviewStoreError
            If the database cannot be read, or another program wrote into it.
        """
        mine = review_steps.c.reader_key == reader_key(reader)
        of_film = review_steps.c.film_sha256 == film_sha256
        query = select(review_steps).where(mine, of_film).order_by(review_steps.c.sequence)
        try:
            steps = [
                ReviewStep(row.turn, ReviewStepKind(row.kind), from_utc(row.at), row.said)
                for row in self.database.rows(query)
            ]
            return follow_read(steps, turn)
        except (ValueError, KeyError, TypeError, MarkError, FindingsError) as exc:
            raise self.database.changed_elsewhere(msg("A step of a read")) from exc

    def newest_film(self, film_sha256s: Collection[str], reader: str) -> str | None:
        """Return which of some films a reader worked on last; None if on none of them."""
        mine = review_steps.c.reader_key == reader_key(reader)
        films = select(review_steps.c.film_sha256, review_steps.c.sequence).where(mine)
        newest = films.order_by(review_steps.c.sequence.desc()).limit(1)
        rows = self.database.rows(newest)
        return rows[0].film_sha256 if rows and rows[0].film_sha256 in film_sha256s else None
