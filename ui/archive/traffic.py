"""What came from the archive, what goes back, and whether anybody carries it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.domain.archive import ArrivalState, SendingState
from core.reads.signing import utc_now
from core.store.archive import SHOWN_ARRIVALS, SqlArchive
from ui.app.resources import get_database
from ui.components.figures import draw_figures
from ui.components.plain_text import plain

LATE = timedelta(seconds=30)
"""A service that has not been seen for so long is taken as ended."""

COMMAND = "python -m core pacs serve"
_WAYS = {
    "DICOMweb": "Asked over DICOMweb",
    "DICOM": "Sent over DICOM",
    "folder": "Watched folder",
    "reading": "Reading",
    "reports": "Reports",
}


def get_archive() -> SqlArchive:
    """Return what is kept of the archive."""
    return SqlArchive(get_database())


def names_of_tabs() -> list[str]:
    """Return the names of the page's tabs, each with how much it holds."""
    archive = get_archive()
    films, reports = archive.count_arrivals(), archive.count_sendings()
    return [f"Films ({sum(films.values())})", f"Reports ({sum(reports.values())})", "Connection"]


@st.fragment(run_every=5.0)
def draw_service() -> None:
    """Say whether a service runs, and what it says of each way; drawn again by itself."""
    archive, now = get_archive(), utc_now()
    settings = archive.settings
    alive = [one for one in archive.services() if now - one[1] < LATE]
    if not (settings.takes_films or settings.sends_reports):
        st.info("No archive is set. State under Connection where it is.", icon=":material/dns:")
    elif not alive:
        st.warning(
            f"Nothing exchanges films now: the service does not run. Start it: `{COMMAND}`",
            icon=":material/cloud_off:",
        )
    for name, seen_at, said in alive:
        lines = [f"{_WAYS.get(way, way)}: {plain(words)}" for way, words in said.items() if words]
        st.markdown(
            f":green-badge[:material/cloud_done: **The service runs**] &nbsp;{plain(name)}, seen "
            f"{seen_at:%H:%M:%S} UTC  \n" + "  \n".join(lines)
        )


def draw_films() -> None:
    """List the newest films that the archive offered or sent."""
    archive = get_archive()
    counts, arrivals = archive.count_arrivals(), archive.arrivals()
    if not arrivals:
        st.caption("No film has come from the archive yet.")
        return
    _draw_counts({state.value: counts.get(state, 0) for state in ArrivalState})
    if len(arrivals) == SHOWN_ARRIVALS:
        st.caption(f"The newest {SHOWN_ARRIVALS}.")
    draw_figures(
        [
            {
                "When (UTC)": f"{one.noted_at:%Y-%m-%d %H:%M:%S}",
                "How": _WAYS.get(one.source, one.source),
                "State": one.state.value,
                "Why": one.reason,
                "Tries": one.attempts,
                "Film": one.film_sha256[:12],
            }
            for one in arrivals
        ],
        key="archive-films",
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )


def draw_reports() -> None:
    """List the newest reports that are to reach the archive."""
    archive = get_archive()
    counts, sendings = archive.count_sendings(), archive.sendings()
    if not sendings:
        st.caption("No report has been asked for yet.")
        return
    _draw_counts({state.value: counts.get(state, 0) for state in SendingState})
    draw_figures(
        [
            {
                "Asked (UTC)": f"{one.asked_at:%Y-%m-%d %H:%M:%S}",
                "By": one.asked_by,
                "State": one.state.value,
                "Why": one.reason,
                "Tries": one.attempts,
                "Film": one.film_sha256[:12],
            }
            for one in sendings
        ],
        key="archive-reports",
        column_config={"Why": st.column_config.TextColumn(width="large")},
    )


def _draw_counts(counts: dict[str, int]) -> None:
    """Draw how many stand in each state, on one line."""
    st.markdown(" &nbsp; ".join(f"**{n}** {state}" for state, n in counts.items()))
