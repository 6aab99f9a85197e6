"""The order of reading: first the doctor alone, then the model, then the signed read.

Seeing a wrong machine first makes readers miss more [1]_. A first read is stored before probability
or regions are shown, and the signed read supersedes it, so that both stay. What other readers said
is hidden from it too. Only the model's band is known by then: it sorts the worklist.

References
----------
.. [1] M. H. Bernstein et al., Eur. Radiol. 33 (2023) 8263-8269, PMC10235827.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import Prediction, ReadKind, ReviewRecord


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
    own = any(record.reader == reader for record in history)
    return ReadKind.FIRST if read_first and prediction is not None and not own else ReadKind.READ
