"""Reports of signed reads: of the film that is open, and of all that were signed of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from core.domain.reader import Act, reader_key
from core.domain.regions import Way
from core.domain.reported import ReportedReads
from core.domain.review import ReadKind, ReviewRecord
from core.errors import (
    ReviewStoreError,
)
from core.jobs import film_reports
from core.jobs.batch import UploadedFilm
from core.jobs.film_reports import ReportSource, Stopped
from core.language.current import current_language
from core.language.words import tr, trn
from core.reads.export import find_drawn, reads_as_csv
from core.reads.reported import reads_to_report
from core.reads.signing import utc_now
from core.reports.film_report import FilmReport
from core.settings import get_settings
from ui.app.explanations import usual_settings
from ui.app.presence import is_here, session_id
from ui.app.read_in_progress import ReadContext
from ui.app.resources import get_database, get_engine, get_store
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.components.saver.saver import offer_file
from ui.review.archive_report import draw_sending
from ui.review.report_films import decode_for_report, explain_for_report

if TYPE_CHECKING:  # what writes PDF is loaded where somebody asks for a report
    from core.jobs.reports import ReportsTask

OPEN_FILM, LIST = "film", "list"
AT_ONCE_S = 1.5
"""So long the page waits for a report; most are made by then."""

PDF = "application/pdf"


@dataclass(frozen=True, slots=True, eq=False)
class AskedReport:
    """What the report of one film is made of, as it stands when somebody asks for it.

    Attributes
    ----------
    score_shown : bool
        Whether its reader has seen the score.
    way : Way
        How regions are found.
    doubted_asked : bool
        Whether regions are drawn that are not to be relied on.
    session : str
        The browser session that waits.
    """

    film: UploadedFilm
    reads: ReportedReads
    score_shown: bool
    way: Way
    doubted_asked: bool
    session: str

    @property
    def key(self) -> str:
        """What the report depends on: equal keys are equal reports, but for the time."""
        reads = self.reads
        records = (reads.signed, reads.arbitration, *reads.others)
        named = [one.record_id for one in records if one is not None]
        return f"{named} {self.score_shown} {self.way} {self.doubted_asked}"


def draw_report(read: ReadContext) -> None:
    """Offer the report of the visitor's signed read, where there is one."""
    asked = _ask(read.visit, read.film, read.history)
    if asked is None:
        return
    key = read.film.key
    box = st.popover(
        tr("Report"), icon=":material/description:", key=f"report-{key}", on_change="rerun",
        width="stretch",
    )  # fmt: skip
    if not box.open:
        return
    with box:
        task = _started(read.visit, OPEN_FILM, [asked])
        if task.result is not None:
            offer_file(
                tr("Save as PDF"), task.result.pdf, name=f"report-{key[:12]}.pdf", mime=PDF,
                key="report-pdf",
            )  # fmt: skip
            st.caption(tr("Text for your report system. The symbol at its corner copies it."))
            st.code(task.result.text, language=None, wrap_lines=True, height=230)
            draw_sending(asked.reads.signed, read.visit.acting, score_shown=asked.score_shown)
        elif task.sentence:
            st.caption(plain(tr(task.sentence)))
            st.button(tr("Try again"), on_click=task.start, key="report-again")
        else:
            st.caption(tr("The report is being made."))


def draw_list_reports(visit: Visit, signed: Mapping[str, ReviewRecord]) -> bool:
    """Offer the reports of all films of the list that the visitor has signed.

    Parameters
    ----------
    signed : mapping of str to ReviewRecord
        Each film's newest standing record, the visitor's own where there is one.

    Returns
    -------
    bool
        Whether anything is drawn.
    """
    if all(record.kind is ReadKind.FIRST for record in signed.values()):
        return False
    if not visit.acting.may(Act.SIGN_READ):  # a report is of one's own signed read
        return False
    box = st.popover(
        tr("Reports"), icon=":material/description:", key="list-reports", on_change="rerun",
        width="stretch",
    )  # fmt: skip
    if not box.open:
        return True
    store = get_store()
    histories = [(visit.films[key], store.history(key)) for key in visit.films if key in signed]
    with box:
        draw_reports_of(visit, LIST, histories)
    return True


def draw_reports_of(
    visit: Visit, place: str, histories: Sequence[tuple[UploadedFilm, Sequence[ReviewRecord]]]
) -> None:
    """Offer the reports of the visitor's signed reads of some films as one file.

    Parameters
    ----------
    place : str
        Where on the app they are offered: each place makes its own.
    histories : sequence of (UploadedFilm, sequence of ReviewRecord)
        The films, each with every read of it.
    """
    asked = [one for film, history in histories if (one := _ask(visit, film, history))]
    if asked:
        records = [record for _, history in histories for record in history]
        _draw_list(visit, place, asked, records)
    else:
        st.caption(tr("You have signed none of these films."))


def _draw_list(
    visit: Visit, place: str, asked: Sequence[AskedReport], records: Sequence[ReviewRecord]
) -> None:
    n = len(asked)
    name = f"reports-{utc_now():%Y-%m-%d}"
    task = visit.reports.get(place)
    st.caption(
        trn(
            "{n} signed film of this list, a page each.",
            "{n} signed films of this list, a page each.",
            n,
        )
    )
    if task is not None and task.running:
        if st.button(tr("Stop making reports"), icon=":material/stop:", width="stretch"):
            task.cancel()
    elif task is not None and task.result is not None and task.key == _key_of(asked):
        offer_file(
            trn("Save {n} report (PDF)", "Save {n} reports (PDF)", n),
            task.result.pdf,
            name=f"{name}.pdf",
            mime=PDF,
            key=f"{place}-pdf",
        )
    else:
        if task is not None and task.sentence:
            st.caption(plain(tr(task.sentence)))
        if st.button(
            tr("Reports of this list (PDF)"), icon=":material/picture_as_pdf:", width="stretch"
        ):
            _start(visit, place, asked)
            st.rerun()
    st.download_button(
        tr("Reports of this list (CSV)"),
        reads_as_csv([_shown(one) for one in asked], drawn=find_drawn(records)),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        key=f"{place}-csv",
    )


def _shown(asked: AskedReport) -> ReviewRecord:
    """Return a signed read without a score that its reader has not seen."""
    signed = asked.reads.signed
    return signed if asked.score_shown else replace(signed, prediction=None)


def _ask(visit: Visit, film: UploadedFilm, history: Sequence[ReviewRecord]) -> AskedReport | None:
    """Return what a report of the visitor's read is made of; None where there is none."""
    name = visit.acting.name
    try:
        reads = reads_to_report(history, name, read_first=get_settings().read_first)
    except ReviewStoreError:
        return None
    signed = reads.signed
    hidden = signed.score_held_back
    return AskedReport(
        film,
        reads,
        not hidden or (film.key, reader_key(name)) in visit.scores_asked,
        visit.way,
        film.key in visit.doubted_asked,
        session_id(),
    )


# --- making them, in a thread of its own ---


def _key_of(asked: Sequence[AskedReport]) -> str:
    return "\n".join([current_language(), *(one.key for one in asked)])


def _start(visit: Visit, place: str, asked: Sequence[AskedReport]) -> ReportsTask:
    from core.jobs.reports import ReportsTask  # noqa: PLC0415 - loads what writes PDF

    session, before = session_id(), visit.reports.get(place)
    if before is not None:
        before.cancel()
    title = tr("Report of a signed read") if place == OPEN_FILM else tr("Reports of signed reads")
    task = ReportsTask(
        _key_of(asked),
        title,
        [partial(make_report, one) for one in asked],
        gone=lambda: not is_here(session),
    ).start()
    visit.reports[place] = task
    return task


def _started(visit: Visit, place: str, asked: Sequence[AskedReport]) -> ReportsTask:
    """Return the task of these reports, begun if it is not there, and wait a little for a new one.

    Where it takes longer, the page runs again and follows it.
    """
    task = visit.reports.get(place)
    if task is None or task.key != _key_of(asked):
        task = _start(visit, place, asked)
        if not task.wait(AT_ONCE_S):
            st.rerun()
    return task


def make_report(asked: AskedReport, stopped: Stopped) -> FilmReport:
    """Make the report of one film; what cannot be had of it becomes a sentence on the page."""
    explain = partial(explain_for_report, asked.session)
    source = ReportSource(get_engine(), get_database(), decode_for_report, explain)
    return film_reports.make_report(
        source,
        asked.film,
        asked.reads,
        usual_settings(asked.way),
        stopped,
        score_shown=asked.score_shown,
        doubted_asked=asked.doubted_asked,
    )
