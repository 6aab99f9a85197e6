"""What came from the archive, what goes back, and whether anybody carries it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.domain.archive import (
    ArrivalState,
    SendingState,
    arrival_state_words,
    sending_state_words,
)
from core.language.recall import recalled
from core.language.words import Message, msg, tr
from core.reads.signing import utc_now
from core.store.archive import SHOWN_ARRIVALS, SqlArchive
from ui.app.resources import get_database
from ui.components.figures import draw_figures
from ui.components.plain_text import plain

LATE = timedelta(seconds=30)
"""A service that has not been seen for so long is taken as ended."""

COMMAND = "python -m core pacs serve"
_WAYS = {
    "DICOMweb": msg("Asked over DICOMweb"),
    "DICOM": msg("Sent over DICOM"),
    "folder": msg("Watched folder"),
    "reading": msg("Reading"),
    "reports": msg("Reports"),
    "weekly check": msg("Weekly check"),
}


def get_archive() -> SqlArchive:
    """Return what is kept of the archive."""
    return SqlArchive(get_database())


def names_of_tabs() -> list[str]:
    """Return the names of the page's tabs, each with how much it holds."""
    archive = get_archive()
    films, reports = archive.count_arrivals(), archive.count_sendings()
    return [
        tr("Films ({n})", n=sum(films.values())),
        tr("Reports ({n})", n=sum(reports.values())),
        tr("Connection"),
    ]


@st.fragment(run_every=5.0)
def draw_service() -> None:
    """Say whether a service runs, and what it says of each way; drawn again by itself."""
    archive, now = get_archive(), utc_now()
    settings = archive.settings
    alive = [one for one in archive.services() if now - one[1] < LATE]
    if not (settings.takes_films or settings.sends_reports):
        st.info(tr("No archive is set. State under Connection where it is."), icon=":material/dns:")
    elif not alive:
        st.warning(
            tr(
                "Nothing exchanges films now: the service does not run. Start it: `{command}`",
                command=COMMAND,
            ),
            icon=":material/cloud_off:",
        )
    for name, seen_at, said in alive:
        lines = [
            f"{_way_words(way)}: {plain(tr(recalled(words)))}"
            for way, words in said.items()
            if words
        ]
        time = f"{seen_at:%H:%M:%S}"
        seen = tr("{name}, seen {time} UTC", name=plain(name), time=time)
        st.markdown(
            f":green-badge[:material/cloud_done: **{tr('The service runs')}**] &nbsp;{seen}  \n"
            + "  \n".join(lines)
        )


def _way_words(way: str) -> str:
    return tr(_WAYS.get(way, way))


def draw_films() -> None:
    """List the newest films that the archive offered or sent."""
    archive = get_archive()
    counts, arrivals = archive.count_arrivals(), archive.arrivals()
    if not arrivals:
        st.caption(tr("No film has come from the archive yet."))
        return
    _draw_counts({arrival_state_words(state): counts.get(state, 0) for state in ArrivalState})
    if len(arrivals) == SHOWN_ARRIVALS:
        st.caption(tr("The newest {n}.", n=SHOWN_ARRIVALS))
    draw_figures(
        [
            {
                tr("When (UTC)"): f"{one.noted_at:%Y-%m-%d %H:%M:%S}",
                tr("How"): _way_words(one.source),
                tr("State"): tr(arrival_state_words(one.state)),
                tr("Why"): tr(recalled(one.reason)),
                tr("Tries"): one.attempts,
                tr("Film"): one.film_sha256[:12],
            }
            for one in arrivals
        ],
        key="archive-films",
        column_config={tr("Why"): st.column_config.TextColumn(width="large")},
    )


def draw_reports() -> None:
    """List the newest reports that are to reach the archive."""
    archive = get_archive()
    counts, sendings = archive.count_sendings(), archive.sendings()
    if not sendings:
        st.caption(tr("No report has been asked for yet."))
        return
    _draw_counts({sending_state_words(state): counts.get(state, 0) for state in SendingState})
    draw_figures(
        [
            {
                tr("Asked (UTC)"): f"{one.asked_at:%Y-%m-%d %H:%M:%S}",
                tr("By"): one.asked_by,
                tr("State"): tr(sending_state_words(one.state)),
                tr("Why"): tr(recalled(one.reason)),
                tr("Tries"): one.attempts,
                tr("Film"): one.film_sha256[:12],
            }
            for one in sendings
        ],
        key="archive-reports",
        column_config={tr("Why"): st.column_config.TextColumn(width="large")},
    )


def _draw_counts(counts: dict[Message, int]) -> None:
    """Draw how many stand in each state, on one line."""
    st.markdown(" &nbsp; ".join(f"**{n}** {tr(state)}" for state, n in counts.items()))
