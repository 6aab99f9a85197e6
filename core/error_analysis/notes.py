"""Readers' notes on a film: cause of the error, tags, comment, and a proposed label.

The reference label itself is never changed: a proposal that two readers make is accepted as a
proposal, and stands beside the label.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

from core import __version__
from core.domain.reader import Act, Reader, reader_key
from core.errors import ReviewStoreError
from core.language.words import msg

MAX_COMMENT = 2000
MAX_TAGS = 12
MAX_WORDS = 40
"""Characters of a tag or a cause."""
AGREEING_READERS = 2


class ProposedLabel(StrEnum):
    """A reader's proposal for the reference label."""

    PNEUMONIA = "pneumonia"
    NORMAL = "normal"


class ProposalState(StrEnum):
    """How far the proposals for a film have come."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True)
class CaseNote:
    """What one reader noted of one film.

    Attributes
    ----------
    library, film_id : str
        The film; no patient identifier.
    written_at : datetime
        With its zone.
    run_id : str
        The run whose gallery the reader looked at.
    cause : str
        Of the list of causes; empty if none is stated.
    tags : tuple of str
        Lower case, each once, by name.
    supersedes : str or None
        The same reader's note that this one takes the place of.
    """

    note_id: str
    library: str
    film_id: str
    reader: str
    written_at: datetime
    run_id: str
    cause: str = ""
    tags: tuple[str, ...] = ()
    comment: str = ""
    proposed_label: ProposedLabel | None = None
    supersedes: str | None = None
    app_version: str = __version__

    @property
    def is_empty(self) -> bool:
        """True if the reader has taken everything back."""
        return not (self.cause or self.tags or self.comment or self.proposed_label)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another label for one film, and who proposes it; ``label`` is None where they differ."""

    label: ProposedLabel | None
    readers: tuple[str, ...]
    state: ProposalState


@dataclass(frozen=True, slots=True)
class NoteCounts:
    """How many films have notes, by cause, by tag, and by state of their proposals."""

    films: int
    by_cause: Mapping[str, int]
    by_tag: Mapping[str, int]
    by_proposal: Mapping[ProposalState, int]


def write_note(
    library: str,
    film_id: str,
    reader: Reader,
    run_id: str,
    *,
    cause: str = "",
    tags: Iterable[str] = (),
    comment: str = "",
    proposed_label: ProposedLabel | None = None,
    supersedes: str | None = None,
) -> CaseNote:
    """Return a note of this moment, its words in order.

    Raises
    ------
    NotAllowed
        If the reader has no role that notes cases.
    ReviewStoreError
        If the reader has no name, or a text is too long.
    """
    reader.require(Act.NOTE_CASE)
    name = " ".join(reader.name.split())
    if not name:
        raise ReviewStoreError(msg("Enter your name first: a note is signed."))
    if len(comment) > MAX_COMMENT:
        raise ReviewStoreError(
            msg(
                "The comment has {n} characters; the limit is {limit}: shorten it.",
                n=len(comment),
                limit=MAX_COMMENT,
            )
        )
    return CaseNote(
        note_id=uuid4().hex,
        library=library,
        film_id=film_id,
        reader=name,
        written_at=datetime.now(UTC),
        run_id=run_id,
        cause=cause,
        tags=clean_tags(tags),
        comment=comment.strip(),
        proposed_label=proposed_label,
        supersedes=supersedes,
    )


def clean_words(words: str) -> str:
    """Return a tag or cause in lower case, without needless spaces.

    Raises
    ------
    ReviewStoreError
        If nothing is left, or it is too long.
    """
    clean = " ".join(words.split()).lower()
    if not clean or len(clean) > MAX_WORDS:
        raise ReviewStoreError(
            msg(
                "A tag or cause has 1 to {limit} characters, and {words!r} has {n}.",
                limit=MAX_WORDS,
                words=words[:60],
                n=len(clean),
            )
        )
    return clean


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in lower case, each once, by name.

    Raises
    ------
    ReviewStoreError
        If one is empty or too long, or there are too many.
    """
    clean = sorted({clean_words(tag) for tag in tags})
    if len(clean) > MAX_TAGS:
        raise ReviewStoreError(
            msg(
                "A film takes at most {limit} tags of one reader, and this would be {n}: remove "
                "some.",
                limit=MAX_TAGS,
                n=len(clean),
            )
        )
    return tuple(clean)


def turn_tag(note: CaseNote, tag: str) -> CaseNote:
    """Return a note that takes the place of this one, with the tag added, or without it.

    Raises
    ------
    ReviewStoreError
        If the tag cannot be kept, or there would be too many.
    """
    turned = set(note.tags) ^ {clean_words(tag)}
    return replace(
        note,
        note_id=uuid4().hex,
        written_at=datetime.now(UTC),
        tags=clean_tags(turned),
        supersedes=note.note_id,
        app_version=__version__,
    )


def weigh_proposals(
    notes: Sequence[CaseNote], reference: ProposedLabel | None = None
) -> Proposal | None:
    """Return what the standing notes of one film propose; None if no reader proposes a label.

    It is accepted once two readers propose the same and none proposes the other.

    Parameters
    ----------
    reference : ProposedLabel, optional
        The film's label: who only repeats it proposes nothing, and speaks against another one.
    """
    proposing = [note for note in notes if note.proposed_label is not None]
    labels = {note.proposed_label for note in proposing}
    if not proposing or labels == {reference}:
        return None
    names = tuple({reader_key(note.reader): note.reader for note in proposing}.values())
    if len(labels) > 1:
        return Proposal(None, names, ProposalState.DISPUTED)
    agreed = len(names) >= AGREEING_READERS
    state = ProposalState.ACCEPTED if agreed else ProposalState.PROPOSED
    return Proposal(labels.pop(), names, state)


def notes_by_film(notes: Iterable[CaseNote]) -> dict[str, list[CaseNote]]:
    """Return the notes of each film of one library, in the order given."""
    by_film: dict[str, list[CaseNote]] = defaultdict(list)
    for note in notes:
        by_film[note.film_id].append(note)
    return dict(by_film)


def count_notes(
    notes: Collection[CaseNote], references: Mapping[str, ProposedLabel] | None = None
) -> NoteCounts:
    """Count films (not notes) by what the standing notes of one library say of them.

    Parameters
    ----------
    references : mapping of str to ProposedLabel, optional
        Label by film, as in `weigh_proposals`.
    """
    known = references or {}
    saying = [note for note in notes if not note.is_empty]
    causes = {(note.film_id, note.cause) for note in saying if note.cause}
    tags = {(note.film_id, tag) for note in saying for tag in note.tags}
    weighed = [
        weigh_proposals(of_film, known.get(film_id))
        for film_id, of_film in notes_by_film(saying).items()
    ]
    return NoteCounts(
        films=len({note.film_id for note in saying}),
        by_cause=Counter(cause for _, cause in sorted(causes)),
        by_tag=Counter(tag for _, tag in sorted(tags)),
        by_proposal=Counter(proposal.state for proposal in weighed if proposal is not None),
    )
