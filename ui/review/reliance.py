"""What became of the reader's first verdicts on films like the one that is open."""

from __future__ import annotations

import streamlit as st

from core.language.words import msg, tr
from core.pipeline import FilmReading
from core.reads.protocol import first_read_of
from core.reads.reliance import reliance_text, rely_before, settle_films
from core.settings import get_settings
from ui.app.ledger import get_ledger
from ui.app.read_in_progress import ReadContext

LIKE_THIS = msg(
    "Like this: you locked the same first verdict, and the model's result was in the same "
    "range. Only films count whose answer is known from a reference standard or from another "
    "reader's arbitration."
)


def draw_reliance(read: ReadContext, reading: FilmReading) -> None:
    """Say how the reader did before on films like this one, if enough of them are settled.

    Nothing is said before the reader's own first read, and where the site shows the model first.
    """
    first = first_read_of(read.history, read.visit.acting.name)
    if first is None or reading.prediction is None or not get_settings().read_first:
        return
    ledger = get_ledger()
    settled = settle_films(ledger.records, ledger.references, first.reader)
    past = rely_before(ledger.records, settled, first, reading.prediction)
    if past is not None:
        st.caption(f":material/history: {reliance_text(past)}", help=tr(LIKE_THIS))
