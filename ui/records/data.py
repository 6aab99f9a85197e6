"""What the Records page shows of all reads, and to whom."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from core.domain.reader import Act
from core.domain.review import ReviewRecord
from core.language.words import trn
from core.reads.protocol import has_own_read
from core.settings import get_settings
from ui.app.ledger import Ledger, get_ledger
from ui.app.session import Visit
from ui.library.blind_reads import hashes_of_studies

LISTED = 5000
"""Rows of the list; what matches beyond them is counted and exported all the same."""


def leave_out(ledger: Ledger, films: Collection[str]) -> Ledger:
    """Return the ledger without the reads of some films."""
    kept = [record for record in ledger.records if record.film_sha256 not in films]
    return Ledger(kept, ledger.references)


def visible_ledger(visit: Visit) -> Ledger:
    """Return every read, but of films that the visitor has yet to read in a reader study.

    Their reads come with the run's score, and their films' names may tell the reference.
    """
    whole, in_study = get_ledger(), hashes_of_studies(visit)
    seen = leave_out(whole, in_study)
    if n := len(whole.records) - len(seen.records):
        left_out = trn(
            "{n} read of a film in a reader study of yours is left out until you have finished.",
            "{n} reads of films in a reader study of yours are left out until you have finished.",
            n,
        )
        st.caption(f":material/visibility_off: {left_out}")
    return seen


def films_waiting(ledger: Ledger, visit: Visit) -> set[str]:
    """Return the films that the visitor may sign and has yet to read first, of all that are kept.

    None for whoever signs nothing, and where the model is shown first.
    """
    if not (get_settings().read_first and visit.acting.may(Act.SIGN_READ)):
        return set()
    of_film: dict[str, list[ReviewRecord]] = {}
    for record in ledger.records:
        of_film.setdefault(record.film_sha256, []).append(record)
    return {
        film
        for film, read in of_film.items()
        if any(one.prediction for one in read) and not has_own_read(read, visit.acting.name)
    }


def reads_only(visit: Visit) -> bool:
    """Return whether the visitor may sign reads, but not settle those of others."""
    return visit.acting.may(Act.SIGN_READ) and not visit.acting.may(Act.ARBITRATE)
