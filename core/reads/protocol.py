"""The order of reading: first the doctor alone, then the model, then the signed read.

Seeing a wrong machine first makes readers miss more [1]_. A first read is stored before probability
or regions are shown, and the signed read supersedes it, so that both stay. What other readers said
is hidden from it too. The worklist is in the order of arrival by then, unless the site has it
sorted by suspicion: each read keeps which (``order_known``).

The page hides by `kind_of_next`; the store holds every read to `why_out_of_order` in the
transaction that writes it, so that no stale page, second window or other process signs past the
first read.

References
----------
.. [1] M. H. Bernstein et al., Eur. Radiol. 33 (2023) 8263-8269, PMC10235827.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.model import Prediction
from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.language.words import msg


def kind_of_next(
    history: Sequence[ReviewRecord],
    reader: str,
    prediction: Prediction | None,
    *,
    read_first: bool,
) -> ReadKind:
    """Return which read of a film a reader's next one is.

    Parameters
    ----------
    history : sequence of ReviewRecord
        Of the film.
    reader : str
        Nobody in particular if empty, to whom nothing is shown either.
    prediction : Prediction or None
        None for a film that the gate refused: there is nothing to hide.
    read_first : bool
        Whether the site reads before the model; otherwise every read is a signed one.

    Returns
    -------
    ReadKind
        ``FIRST`` while probability and regions are to be hidden, ``READ`` from then on.
    """
    blind = read_first and prediction is not None and not has_own_read(history, reader)
    return ReadKind.FIRST if blind else ReadKind.READ


def has_own_read(history: Sequence[ReviewRecord], reader: str) -> bool:
    """Return whether a reader has said something of a film that the model has read.

    What was signed while the gate refused the film does not count: inverted, the same film may get
    a probability, and nobody has read it before the model then.
    """
    return any(record.prediction is not None for record in reads_by(history, reader))


def first_read_of(history: Sequence[ReviewRecord], reader: str) -> ReviewRecord | None:
    """Return the first read that a reader has locked of a film, or None."""
    own = (one for one in reads_by(history, reader) if one.kind is ReadKind.FIRST)
    return next(own, None)


def reads_by(history: Sequence[ReviewRecord], reader: str) -> list[ReviewRecord]:
    """Return what a reader, however they write their name, has said of a film, oldest first."""
    return [one for one in history if reader_key(one.reader) == reader_key(reader)]


def why_out_of_order(
    record: ReviewRecord, history: Sequence[ReviewRecord], *, read_first: bool
) -> str:
    """Return why a read may not follow the film's stored reads; empty if it may.

    Parameters
    ----------
    record : ReviewRecord
        Not stored yet.
    history : sequence of ReviewRecord
        Of the film.
    read_first : bool
        Whether the site reads before the model.
    """
    own = has_own_read(history, record.reader)
    if record.kind is ReadKind.FIRST and record.regions:
        return msg(
            "The model's regions were shown before this first read: reload the film, then sign."
        )
    if record.kind is not ReadKind.FIRST and record.drawn:
        return msg("Marks are made at the first read, before the model's regions: reload the film.")
    if record.kind is ReadKind.FIRST and own:
        return msg(
            "{reader} has already locked a first read of this film, perhaps in another window: "
            "reload the film, then sign.",
            reader=record.reader,
        )
    unread = read_first and not own and not record.quality.refused
    if record.kind is ReadKind.READ and unread:
        return msg(
            "{reader} has not locked a first read of this film, which this site requires: "
            "reload the film and lock a first read, then sign.",
            reader=record.reader,
        )
    return ""
