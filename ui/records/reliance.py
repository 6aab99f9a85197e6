"""How the visitor's own first reads did beside the model, on films whose answer is known."""

from __future__ import annotations

import streamlit as st

from core.domain.rate import of_few_text
from core.domain.review import Records, Verdict
from core.language.words import msg, tr
from core.reads.reliance import FEWEST_FILMS, Reliance, settle_films, tabulate_reliance
from core.stats.intervals import wilson_rate
from ui.app.ledger import Ledger
from ui.app.session import Visit

_FIGURES = (msg("Your first verdict was right"), msg("Your last verdict was right"))


def draw_own_reliance(visit: Visit, records: Records, ledger: Ledger) -> None:
    """Draw how the visitor's first reads did by verdict and the model's band, if enough are known.

    Parameters
    ----------
    records : sequence of ReviewRecord
        Those that are counted.
    """
    reader = visit.acting.name
    settled = settle_films(ledger.records, ledger.references, reader)
    rows = tabulate_reliance(records, settled, reader)
    if not rows:
        return
    st.subheader(tr("Your first reads beside the model"))
    st.dataframe(
        [_describe(row) for row in rows],
        hide_index=True,
        height="content",
        key="records-reliance",
        column_config=dict.fromkeys(
            map(tr, _FIGURES), st.column_config.TextColumn(alignment="right")
        ),
        alt=tr(
            "Your first reads by verdict and by the model's result, and how often they were right"
        ),
    )
    st.caption(
        tr(
            "Each row counts films on which you locked the same first verdict and the "
            "model's result was in the same range. Only films count whose answer is "
            "known from a reference standard or from another reader's arbitration. "
            "Arbitrated films are disputed ones, which may be harder than your other "
            "films. Rows with fewer than {fewest} films are left out.",
            fewest=FEWEST_FILMS,
        )
    )


def _describe(row: Reliance) -> dict[str, str | int]:
    unsure = row.verdict is Verdict.UNSURE
    return {
        tr("You said first"): tr(row.verdict.value),
        tr("The model was"): tr(row.band.value),
        tr("Films"): row.n,
        tr("Showed pneumonia"): row.ill,
        tr(_FIGURES[0]): tr("no side taken")
        if unsure
        else of_few_text(wilson_rate(row.first_right, row.n)),
        tr("You changed it"): row.changed,
        tr(_FIGURES[1]): of_few_text(wilson_rate(row.last_right, row.n)),
    }
