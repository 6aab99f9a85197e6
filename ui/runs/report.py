"""The comparison of runs as a file to hand on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from core.comparison.scored_films import ScoredFilms
from core.language.words import tr
from ui.charts.runs import Style
from ui.components.made_when_asked import offer_pdf
from ui.runs.data import ComparedKey, ListedRuns, get_pairs
from ui.runs.paired_tests import find_pair
from ui.runs.query import RunsView
from ui.runs.table import find_audits

NAMED = 4
"""Runs in the name of the file, which some systems cut."""


def offer_report(
    view: RunsView,
    key: ComparedKey,
    listed: ListedRuns,
    scored: ScoredFilms,
    styles: Mapping[str, Style],
) -> None:
    """Offer the comparison as a PDF; it is made when somebody takes it."""
    if len(scored.run_ids) < 2:
        return

    def make() -> bytes:
        from core.comparison.report import Look, export_comparison  # noqa: PLC0415 - takes fpdf2
        from core.shortcuts.report import describe_audits  # noqa: PLC0415

        audited = describe_audits(find_audits(listed, scored.run_ids, view.part))
        pairs = get_pairs(key, listed)
        return export_comparison(
            scored,
            pairs,
            {run_id: listed.runs[run_id].record for run_id in scored.run_ids},
            {run_id: Look(style.colour, style.dash) for run_id, style in styles.items()},
            datetime.now(UTC),
            find_pair(pairs, view.earlier, view.later),
            view.metric,
            () if audited is None else (audited,),
        )

    offer_pdf(
        tr("PDF of the comparison"),
        make,
        name=f"comparison-{'-'.join(scored.run_ids[:NAMED])}-{key.part}.pdf",
        about=tr("Results, curves, paired tests, shortcut audits and the runs, as compared below."),
        key="runs-pdf",
    )
