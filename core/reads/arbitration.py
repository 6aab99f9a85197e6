"""Films on which reader and model, or two readers, disagree: a senior reader settles them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.reader import Act, Reader, reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.reads.drafts import Draft
from core.reads.export import DISAGREE, compare_with_model
from core.reads.reader_performance import own_reads
from core.reads.signing import ShownFilm, new_record_id, sign_read, utc_now


@dataclass(frozen=True, slots=True)
class Dispute:
    """One film that waits for a senior reader.

    Attributes
    ----------
    between : str
        Who disagrees, in words.
    reads : tuple of ReviewRecord
        Each reader's last read, the newest that still stands at the end.
    """

    film_sha256: str
    film_name: str
    between: str
    reads: tuple[ReviewRecord, ...]


def list_disputes(records: Records) -> list[Dispute]:
    """Return the films that nobody has settled, the one that waits longest first.

    A film comes back into the queue when a read is added after its arbitration.
    """
    settled = {settled for record in records for settled in record.arbitrates}
    superseded = {record.supersedes for record in records}
    by_film: dict[str, list[ReviewRecord]] = defaultdict(list)
    last = sorted((own.last for own in own_reads(records)), key=lambda read: read.read.read_at)
    for read in sorted(last, key=lambda read: read.record_id not in superseded):
        by_film[read.film_sha256].append(read)
    disputes = [
        Dispute(film, reads[-1].film_name, between, tuple(reads))
        for film, reads in by_film.items()
        if (between := _between(reads)) and not {read.record_id for read in reads} <= settled
    ]
    return sorted(disputes, key=lambda dispute: dispute.reads[-1].read.read_at)


def _between(reads: Sequence[ReviewRecord]) -> str:
    sides = {read.read.verdict for read in reads} - {Verdict.UNSURE}
    parties = []
    if len(sides) > 1:
        parties.append("two readers")
    if any(compare_with_model(read) == DISAGREE for read in reads):
        parties.append("reader and model")
    return ", ".join(parties)


def arbitrate(
    dispute: Dispute,
    by: Reader,
    verdict: Verdict,
    confidence: int,
    comment: str,
    *,
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

    Raises
    ------
    NotAllowed
        If the role does not arbitrate, or the reader is one of those who disagree.
    ReviewStoreError
        If there is no reason, or a field is not valid.
    """
    by.require(Act.ARBITRATE)
    if reader_key(by.name) in {reader_key(read.reader) for read in dispute.reads}:
        raise NotAllowed(f"{by.name} has read this film: another reader must arbitrate.")
    if not comment.strip():
        raise ReviewStoreError("State the reason for the arbitration.")
    newest = dispute.reads[-1]
    film = ShownFilm(
        film_sha256=dispute.film_sha256,
        film_name=newest.film_name,
        run_id=newest.run_id,
        quality=newest.quality,
        prediction=newest.prediction,
        kind=ReadKind.ARBITRATION,
    )
    record = sign_read(Draft(verdict, confidence, comment), film, by, new_id=new_id, now=now)
    return replace(
        record,
        supersedes=newest.record_id,
        arbitrates=tuple(read.record_id for read in dispute.reads),
    )
