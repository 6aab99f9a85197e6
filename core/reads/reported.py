"""Which reads a film's report states, and to whom a film has no report yet."""

from __future__ import annotations

from core.domain.reader import reader_key
from core.domain.reported import ReportedReads
from core.domain.review import ReadKind, Records, ReviewRecord
from core.errors import ReviewStoreError
from core.language.words import msg
from core.reads.protocol import first_read_of, has_own_read, reads_by


def reads_to_report(history: Records, reader: str, *, read_first: bool) -> ReportedReads:
    """Return what the report of a reader's signed read states of a film's reads.

    Nobody gets a report of a film that they have not signed: it shows the model's result, and what
    others said.

    Parameters
    ----------
    history : sequence of ReviewRecord
        Of the film, oldest first.
    read_first : bool
        Whether the site reads before the model.

    Raises
    ------
    ReviewStoreError
        If the reader has not signed a read of the film, or has locked a first read since.
    """
    own = [one for one in reads_by(history, reader) if one.kind is not ReadKind.ARBITRATION]
    if not own or own[-1].kind is not ReadKind.READ:
        raise ReviewStoreError(_why_none(history, reader, read_first=read_first))
    signed = own[-1]
    return ReportedReads(
        signed,
        first_read_of(history, reader),
        _corrected(own, signed),
        _arbitration(history, signed),
        _others(history, reader),
    )


def _why_none(history: Records, reader: str, *, read_first: bool) -> str:
    if read_first and not has_own_read(history, reader):
        return msg(
            "This film has no report yet. A report shows the model's result, which you see "
            "after your own first read: lock it, then sign."
        )
    return msg("This film has no report yet: sign your read first.")


def _corrected(own: list[ReviewRecord], signed: ReviewRecord) -> ReviewRecord | None:
    before = (one for one in own if one.record_id == signed.supersedes)
    return next((one for one in before if one.kind is ReadKind.READ), None)


def _arbitration(history: Records, signed: ReviewRecord) -> ReviewRecord | None:
    settling = (one for one in reversed(history) if signed.record_id in one.arbitrates)
    return next(settling, None)


def _others(history: Records, reader: str) -> tuple[ReviewRecord, ...]:
    newest = {reader_key(one.reader): one for one in history if one.kind is ReadKind.READ}
    newest.pop(reader_key(reader), None)
    return tuple(newest.values())
