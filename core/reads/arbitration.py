"""Films on which reader and model, or two readers, disagree: a senior reader settles them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.reader import Act, Reader, reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.language.words import msg
from core.reads.drafts import Draft
from core.reads.export import DISAGREE, compare_with_model
from core.reads.reader_performance import OwnReads, own_reads
from core.reads.signing import ShownFilm, new_record_id, sign_read, utc_now

TWO_READERS = msg("two readers")
READER_AND_MODEL = msg("reader and model")
_BOTH = msg("two readers, reader and model")


@dataclass(frozen=True, slots=True)
class Dispute:
    """One film that waits for a senior reader.

    Attributes
    ----------
    between : str
        Who disagrees, in words.
    reads : tuple of ReviewRecord
        Each reader's last read, the newest that still stands at the end.
    first : tuple of ReviewRecord or None
        Each reader's first read where it was locked before the model was seen, in the same order.
    settled : ReviewRecord or None
        The arbitration; None while the film waits.
    """

    film_sha256: str
    film_name: str
    between: str
    reads: tuple[ReviewRecord, ...]
    first: tuple[ReviewRecord | None, ...]
    settled: ReviewRecord | None = None


def list_disputes(records: Records) -> list[Dispute]:
    """Return the films that nobody has settled, the one that waits longest first.

    A film comes back into the queue when a read is added after its arbitration.
    """
    found = [dispute for dispute in _all_disputes(records) if dispute.settled is None]
    return sorted(found, key=lambda dispute: dispute.reads[-1].read.read_at)


def list_settled(records: Records) -> list[Dispute]:
    """Return the films whose disputes are settled, the one that was settled last first."""
    found = [(one.settled.read.read_at, one) for one in _all_disputes(records) if one.settled]
    return [dispute for _, dispute in sorted(found, key=lambda pair: pair[0], reverse=True)]


def _all_disputes(records: Records) -> list[Dispute]:
    by_id = {settled: record for record in records for settled in record.arbitrates}
    superseded = {record.supersedes for record in records}
    by_film: dict[str, list[OwnReads]] = defaultdict(list)
    pairs = sorted(own_reads(records), key=lambda own: own.last.read.read_at)
    for own in sorted(pairs, key=lambda own: own.last.record_id not in superseded):
        by_film[own.last.film_sha256].append(own)
    found = (_dispute(pairs, by_id) for pairs in by_film.values())
    return [dispute for dispute in found if dispute.between]


def _dispute(pairs: Sequence[OwnReads], settled: Mapping[str, ReviewRecord]) -> Dispute:
    whole = all(own.last.record_id in settled for own in pairs)
    if whole:  # in the order of the open dispute: which read an arbitration supersedes is over
        pairs = sorted(pairs, key=lambda own: own.last.read.read_at)
    reads = tuple(own.last for own in pairs)
    newest = reads[-1]
    return Dispute(
        newest.film_sha256,
        newest.film_name,
        _between(reads),
        reads,
        tuple(own.first if own.first.kind is ReadKind.FIRST else None for own in pairs),
        settled[newest.record_id] if whole else None,
    )


def _between(reads: Sequence[ReviewRecord]) -> str:
    sides = {read.read.verdict for read in reads} - {Verdict.UNSURE}
    with_model = any(compare_with_model(read) == DISAGREE for read in reads)
    if len(sides) > 1:
        return _BOTH if with_model else TWO_READERS
    return READER_AND_MODEL if with_model else ""


def is_read_by(dispute: Dispute, name: str) -> bool:
    """Return whether somebody is among the readers of a disputed film."""
    return reader_key(name) in {reader_key(read.reader) for read in dispute.reads}


def why_not_settled_by(dispute: Dispute, by: Reader) -> str:
    """Return why somebody may not settle a dispute; empty if they may."""
    try:
        by.require(Act.ARBITRATE)
    except NotAllowed as exc:
        return exc.sentence
    if is_read_by(dispute, by.name):
        return msg("{name} has read this film: another reader must arbitrate.", name=by.name)
    return ""


def arbitrate(
    dispute: Dispute,
    by: Reader,
    verdict: Verdict,
    confidence: int,
    comment: str,
    *,
    regions: Mapping[str, object] | None = None,
    new_id: Callable[[], str] = new_record_id,
    now: Callable[[], datetime] = utc_now,
) -> ReviewRecord:
    """Make the record of an arbitration: it supersedes the newest read and names all of them.

    Parameters
    ----------
    by : Reader
        Somebody else than those who disagree, with a role that arbitrates.
    confidence : int
        1 (guess) to 5 (certain).
    comment : str
        The reason; it may not be empty.
    regions : mapping, optional
        What the arbiter saw of the model's regions, as a signed read keeps it.

    Raises
    ------
    NotAllowed
        If the role does not arbitrate, or the reader is one of those who disagree.
    ReviewStoreError
        If there is no reason, or a field is not valid.
    """
    why = why_not_settled_by(dispute, by)
    if why:
        raise NotAllowed(why)
    if not comment.strip():
        raise ReviewStoreError(msg("State the reason for the arbitration."))
    newest = dispute.reads[-1]
    film = ShownFilm(
        film_sha256=dispute.film_sha256,
        film_name=newest.film_name,
        run_id=newest.run_id,
        quality=newest.quality,
        prediction=newest.prediction,
        kind=ReadKind.ARBITRATION,
        regions=regions or {},
    )
    record = sign_read(Draft(verdict, confidence, comment), film, by, new_id=new_id, now=now)
    return replace(
        record,
        supersedes=newest.record_id,
        arbitrates=tuple(read.record_id for read in dispute.reads),
    )
