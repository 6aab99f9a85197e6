"""Keeps what is done at a read while it is written, so that an interruption loses none of it."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.reader import Act, Reader, reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.pipeline import FilmReading
from core.reads.drafts import Draft, ReadInProgress, ReviewStepKind, draft_as_json
from core.reads.protocol import reads_by
from core.store.drafts import SqlReviewSteps
from ui.app.resources import get_database, get_store
from ui.app.session import ReadToken, Visit


def get_review_steps() -> SqlReviewSteps:
    """Return the kept steps of reads."""
    return SqlReviewSteps(get_database())


def token_of(visit: Visit, history: Sequence[ReviewRecord], key: str) -> ReadToken:
    """Return which read of a film the visitor's next one is; others' reads do not count."""
    name = visit.acting.name
    return ReadToken(key, reader_key(name), len(reads_by(history, name)))


def progress_of(token: ReadToken) -> ReadInProgress:
    """Return how far a read has come, by what is kept."""
    return get_review_steps().progress(token.film, token.reader, token.turn)


def keep_up(visit: Visit, key: str, reading: FilmReading | None) -> None:
    """Note that a film is shown for a read, and take up what was kept of that read."""
    if reading is None or not visit.acting.may(Act.SIGN_READ):
        leave(visit)
        return
    token, before = token_of(visit, get_store().history(key), key), visit.reading
    if token == before:
        return
    since = None
    if before is not None and (before.film, before.reader) == (key, ""):
        since = progress_of(before).since  # the reader has only written their name by now
    leave(visit)
    get_review_steps().note(key, token.turn, ReviewStepKind.OPENED, visit.acting, at=since)
    visit.reading = token
    progress = progress_of(token)
    if progress.draft is not None and token not in visit.kept:
        visit.drafts[token] = visit.kept[token] = progress.draft
        edges = tuple(mark.edges for mark in progress.draft.drawn)
        visit.drawn.setdefault(token.key, edges)
    if progress.regions_asked:
        visit.regions_asked.add((key, token.reader))


def leave(visit: Visit) -> None:
    """Note that the film is not shown for its read any more."""
    left, visit.reading = visit.reading, None
    if left is not None:
        by = Reader(left.reader, visit.roles)
        if by.may(Act.SIGN_READ):
            get_review_steps().note(left.film, left.turn, ReviewStepKind.LEFT, by)


def keep_draft(visit: Visit, token: ReadToken, draft: Draft, begun: Draft) -> None:
    """Keep what is being written, if it is other than what is kept or what it began with."""
    if draft != visit.kept.get(token, begun):
        said = draft_as_json(draft)
        get_review_steps().note(token.film, token.turn, ReviewStepKind.DRAFT, visit.acting, said)
        visit.kept[token] = draft


def keep_regions_asked(visit: Visit, key: str) -> None:
    """Keep that the reader wants to see the model's regions."""
    token = token_of(visit, get_store().history(key), key)
    get_review_steps().note(key, token.turn, ReviewStepKind.REGIONS, visit.acting)
    visit.regions_asked.add((key, token.reader))


def film_left_open(visit: Visit) -> str | None:
    """Return which of the visit's films its reader worked on last and has not signed, if any."""
    name = visit.acting.name
    key = get_review_steps().newest_film(visit.films.keys(), name)
    if key is None:
        return None
    own = reads_by(get_store().history(key), name)
    return key if not own or own[-1].kind is ReadKind.FIRST else None
