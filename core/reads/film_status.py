"""How far the reading of a film has come, by what is stored of it."""

from __future__ import annotations

from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records
from core.domain.worklist import FilmStatus
from core.reads.arbitration import list_disputes


def status_of(history: Records, *, refused: bool = False) -> FilmStatus:
    """Return a film's status; who has it open at the moment is not known here.

    A first read takes part in a dispute only once its reader has signed.

    Parameters
    ----------
    history : sequence of ReviewRecord
        Of the film, oldest first.
    refused : bool
        Whether the quality gate refused the film, or it cannot be opened.
    """
    if not history:
        return FilmStatus.REFUSED if refused else FilmStatus.NEW
    signers = {reader_key(read.reader) for read in history if read.kind is not ReadKind.FIRST}
    if not signers:
        return FilmStatus.FIRST_LOCKED
    settled = [read for read in history if reader_key(read.reader) in signers]
    return FilmStatus.DISPUTED if list_disputes(settled) else FilmStatus.SIGNED
