"""What a reader has begun and not finished: locked first reads without a signature, and drafts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import exists, func, select

from core.domain.findings import NO_FINDINGS
from core.domain.reader import reader_key
from core.domain.review import ReadKind
from core.errors import FindingsError, MarkError
from core.language.lists import NOTHING, all_of, joined
from core.language.words import Message, msg, msgn
from core.reads.drafts import Draft, ReviewStepKind, draft_from_json
from core.store.engine import Database
from core.store.schema import review_steps, reviews


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The sha256 of films that one reader has begun, the newest first."""

    locked: tuple[str, ...] = ()
    drafted: tuple[str, ...] = ()

    @property
    def films(self) -> tuple[str, ...]:
        """All of them."""
        return self.locked + self.drafted

    @property
    def short(self) -> Message:
        """How many they are, for a button; empty if there are none."""
        parts = [msg("{n} unsigned", n=len(self.locked))] if self.locked else []
        return joined(parts + self._drafts)

    @property
    def words(self) -> Message:
        """What they are, in words; empty if there are none."""
        parts = []
        if self.locked:
            parts.append(
                msgn(
                    "{n} locked first read that is not signed",
                    "{n} locked first reads that are not signed",
                    len(self.locked),
                )
            )
        parts += self._drafts
        return all_of(parts) if parts else NOTHING

    @property
    def _drafts(self) -> list[Message]:
        n = len(self.drafted)
        return [msgn("{n} draft", "{n} drafts", n)] if n else []


def unfinished_of(database: Database, reader: str) -> Unfinished:
    """Return what a reader has begun and not finished; nothing for nobody in particular.

    Raises
    ------
    ReviewStoreError
        If the database cannot be read, or another program wrote into it.
    """
    key = reader_key(reader)
    if not key:
        return Unfinished()
    later = reviews.alias("later")
    standing = ~exists().where(later.c.supersedes == reviews.c.record_id)
    first = select(reviews.c.film_sha256, reviews.c.reader).where(
        reviews.c.kind == ReadKind.FIRST.value, standing
    )
    rows = database.rows(first.order_by(reviews.c.sequence.desc()))
    locked = tuple(row.film_sha256 for row in rows if reader_key(row.reader) == key)
    newest = (
        select(func.max(review_steps.c.sequence))
        .where(review_steps.c.reader_key == key, review_steps.c.kind == ReviewStepKind.DRAFT.value)
        .group_by(review_steps.c.film_sha256)
    )
    drafts = database.rows(
        select(review_steps)
        .where(review_steps.c.sequence.in_(newest))
        .order_by(review_steps.c.sequence.desc())
    )
    films = [row.film_sha256 for row in drafts]
    stored = select(reviews.c.film_sha256, reviews.c.reader).where(reviews.c.film_sha256.in_(films))
    own = Counter(row.film_sha256 for row in database.rows(stored) if reader_key(row.reader) == key)
    try:
        drafted = tuple(
            row.film_sha256
            for row in drafts
            if row.film_sha256 not in locked
            and own[row.film_sha256] == row.turn
            and _is_written(draft_from_json(row.said))
        )
    except (ValueError, KeyError, TypeError, MarkError, FindingsError) as exc:
        raise database.changed_elsewhere(msg("A step of a read")) from exc
    return Unfinished(locked, drafted)


def _is_written(draft: Draft) -> bool:
    marked = bool(draft.drawn) or draft.findings != NO_FINDINGS
    return marked or draft.verdict is not None or bool(draft.comment.strip())
