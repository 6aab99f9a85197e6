"""Where readers' notes of films are kept: append-only, in the review store's database."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select
from sqlalchemy.exc import IntegrityError

from core.domain.reader import Act, Reader, reader_key
from core.error_analysis.notes import CaseNote, ProposedLabel, clean_words, turn_tag, write_note
from core.errors import NotAllowed, ReviewStoreError
from core.language.words import msg
from core.phantom.builtin import current_id, earlier_ids
from core.store.audit_log import insert_chained
from core.store.engine import Database, from_utc, is_storable
from core.store.schema import case_causes, case_notes

_ATTEMPTS = 20
"""A tag that was turned meanwhile is turned again; each attempt loses only to another success."""


_CHANGED = msg(
    "Your note of this film was changed meanwhile, perhaps in another window: check "
    "it, then save again."
)


class NoteChanged(ReviewStoreError):
    """The reader's note of a film is no longer the one that was to be replaced."""


class SqlCaseNotes:
    """Readers' notes in SQLite or PostgreSQL; one may serve many threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def append(self, note: CaseNote, by: Reader) -> None:
        """Store one note durably before returning.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that notes cases, or the note is another reader's.
        NoteChanged
            If the reader's standing note of the film is another than the one that this note
            supersedes.
        ReviewStoreError
            If the cause was never on the list, a text holds a character that no database keeps, or
            the database cannot be written; nothing is stored then.
        """
        by.require(Act.NOTE_CASE)
        if reader_key(by.name) != reader_key(note.reader):
            raise NotAllowed(
                msg(
                    "{name} may not store a note of {reader}: write your own.",
                    name=by.name,
                    reader=note.reader,
                )
            )
        self._check(note)
        try:
            with self.database.writing() as connection:
                row = _row(note) | {"film_id": _stored_id(connection, note)}
                insert_chained(connection, case_notes, row)
        except ReviewStoreError as exc:
            if isinstance(exc.__cause__, IntegrityError):
                raise NoteChanged(_CHANGED) from exc.__cause__
            raise

    def turn_tag(self, library: str, film_id: str, by: Reader, run_id: str, tag: str) -> CaseNote:
        """Put a tag on a film, or take the reader's own off it; return the note as it is now.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that notes cases.
        ReviewStoreError
            If the reader has no name, the tag cannot be kept, or the database cannot be written.
        """
        for _ in range(_ATTEMPTS):
            before = self.standing_note(library, film_id, by.name)
            if before is None:
                note = write_note(library, film_id, by, run_id, tags=[tag])
            else:
                note = turn_tag(before, tag)
            try:
                self.append(note, by)
            except NoteChanged:
                continue
            return note
        raise NoteChanged(msg("The note of this film keeps changing in another window: try again."))

    def standing(self, library: str) -> list[CaseNote]:
        """Return every reader's newest note of every film of a library, oldest first."""
        of_library = select(case_notes).where(case_notes.c.library == library, _is_standing())
        found = self._fetch(of_library.order_by(case_notes.c.sequence))
        # of a film with an earlier drawing a reader may have begun a second chain of notes
        newest = {(note.film_id, reader_key(note.reader)): note for note in found}
        return [note for note in found if newest[note.film_id, reader_key(note.reader)] is note]

    def standing_note(self, library: str, film_id: str, reader: str) -> CaseNote | None:
        """Return a reader's newest note of a film, or None."""
        found = self._fetch(
            select(case_notes)
            .where(
                case_notes.c.library == library,
                case_notes.c.film_id.in_((film_id, *earlier_ids(film_id))),
                case_notes.c.reader_key == reader_key(reader),
                _is_standing(),
            )
            .order_by(case_notes.c.sequence.desc())
        )
        return found[0] if found else None

    def history(self, library: str) -> list[CaseNote]:
        """Return every note of a library, replaced ones included, oldest first."""
        of_library = select(case_notes).where(case_notes.c.library == library)
        return self._fetch(of_library.order_by(case_notes.c.sequence))

    def count(self) -> int:
        """Return how many notes are stored, replaced ones included."""
        with self.database.reading() as connection:
            return connection.execute(select(func.count()).select_from(case_notes)).scalar_one()

    def causes(self) -> tuple[str, ...]:
        """Return the causes to choose from, in the order in which they came."""
        return tuple(cause for cause, offered in self._listed().items() if offered)

    def offer_cause(self, cause: str, by: Reader) -> None:
        """Put a cause on the list, or back on it.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that changes the list.
        ReviewStoreError
            If the reader has no name, the words cannot be kept, or the database cannot be written.
        """
        self._change_cause(cause, by, offered=True)

    def retire_cause(self, cause: str, by: Reader) -> None:
        """Take a cause off the list; notes that state it stay as they are.

        Raises
        ------
        NotAllowed
            If the acting reader has no role that changes the list.
        ReviewStoreError
            If the reader has no name, it is not on the list, or the database cannot be written.
        """
        if clean_words(cause) not in self.causes():
            raise ReviewStoreError(msg("{cause!r} is not on the list of causes.", cause=cause))
        self._change_cause(cause, by, offered=False)

    def _change_cause(self, cause: str, by: Reader, *, offered: bool) -> None:
        by.require(Act.CHANGE_CAUSES)
        name = " ".join(by.name.split())
        if not name:
            raise ReviewStoreError(msg("Enter your name first: changes to the list are signed."))
        words = clean_words(cause)
        if not (is_storable(words) and is_storable(name)):
            raise ReviewStoreError(
                msg("The cause has a character that cannot be stored: remove it.")
            )
        row = {
            "cause": words,
            "offered": offered,
            "changed_by": name,
            "changed_at": datetime.now(UTC),
        }
        with self.database.writing() as connection:
            insert_chained(connection, case_causes, row)

    def _listed(self) -> dict[str, bool]:
        """Return every cause that ever was on the list, and whether it is now."""
        query = select(case_causes).order_by(case_causes.c.sequence)
        return {row.cause: row.offered for row in self.database.rows(query)}

    def _check(self, note: CaseNote) -> None:
        texts = (note.reader, note.comment, note.film_id, note.library, note.run_id, *note.tags)
        if not all(is_storable(text) for text in texts):
            raise ReviewStoreError(
                msg(
                    "The note contains a character that cannot be stored (a zero byte or "
                    "half of a character pair): remove it, then save again."
                )
            )
        if note.cause and note.cause not in self._listed():
            raise ReviewStoreError(
                msg(
                    "{cause!r} is not on the list of causes: choose one, or add it to the list.",
                    cause=note.cause,
                )
            )

    def _fetch(self, query: Select[Any]) -> list[CaseNote]:
        try:
            return [_note(row) for row in self.database.rows(query)]
        except (ValueError, KeyError, TypeError) as exc:
            raise self.database.changed_elsewhere(msg("A note")) from exc


def _is_standing() -> ColumnElement[bool]:
    later = case_notes.alias("later")
    return ~exists().where(later.c.supersedes == case_notes.c.note_id)


def _stored_id(connection: Connection, note: CaseNote) -> str:
    """Return the id that a note is stored under: of an earlier drawing, if its chain began there.

    Raises
    ------
    NoteChanged
        If the note begins a chain, and the reader has one of an earlier drawing.
    """
    earlier = earlier_ids(note.film_id)
    if not earlier:
        return note.film_id
    if note.supersedes is not None:
        replaced = select(case_notes.c.film_id).where(case_notes.c.note_id == note.supersedes)
        stored = connection.execute(replaced).scalar_one_or_none()
        return stored if stored in earlier else note.film_id
    begun = select(case_notes.c.note_id).where(
        case_notes.c.library == note.library,
        case_notes.c.film_id.in_(earlier),
        case_notes.c.reader_key == reader_key(note.reader),
    )
    if connection.execute(begun.limit(1)).scalar_one_or_none() is not None:
        raise NoteChanged(_CHANGED)
    return note.film_id


def _row(note: CaseNote) -> dict[str, Any]:
    return asdict(note) | {
        "reader_key": reader_key(note.reader),
        "written_at": note.written_at.astimezone(UTC),
        "cause": note.cause or None,
        "tags": list(note.tags),
        "proposed_label": None if note.proposed_label is None else note.proposed_label.value,
    }


def _note(row: Row[Any]) -> CaseNote:
    said = {one.name: getattr(row, one.name) for one in fields(CaseNote)} | {
        "film_id": current_id(row.film_id),
        "written_at": from_utc(row.written_at),
        "cause": row.cause or "",
        "tags": tuple(row.tags),
        "proposed_label": None if row.proposed_label is None else ProposedLabel(row.proposed_label),
    }
    return CaseNote(**said)
