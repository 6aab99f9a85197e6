"""Reports of many films made in the background, as one PDF and one text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import Cancelled
from core.jobs.background import BackgroundTask
from core.language.current import current_language, using
from core.language.words import msg
from core.reports.film_pages import ReportPages
from core.reports.film_report import FilmReport, write_text

MakeReport = Callable[[Callable[[], bool]], FilmReport]
"""Makes the report of one film; it is handed what says whether it is to stop."""


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The same reports as a PDF, a page a film, and as text."""

    pdf: bytes
    text: str


class ReportsTask(BackgroundTask[ReportFiles]):
    """Makes reports one after the other; what was made until it is cancelled is let go.

    They are in the language of whoever makes the task.

    Parameters
    ----------
    key : str
        What the reports are of: equal keys are equal reports.
    title : str
        Of the PDF.
    makers : sequence of callable
        One a film.
    gone : callable
        Asked now and then whether nobody waits any more.

    Attributes
    ----------
    done, total : int
        Films whose report is made, and films in all.
    """

    def __init__(
        self,
        key: str,
        title: str,
        makers: Sequence[MakeReport],
        gone: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__("first-read-reports")
        self.key = key
        self.done, self.total = 0, len(makers)
        self._title, self._makers, self._gone = title, makers, gone
        self._language = current_language()

    def _stopped(self) -> bool:
        return self.cancelled or self._gone()

    def _work(self) -> ReportFiles:
        with using(self._language):
            return self._files()

    def _files(self) -> ReportFiles:
        self.done = 0
        pages, texts = ReportPages(self._title), []
        try:
            for make in self._makers:
                report = self._made(make)
                pages.add_report(report)
                texts.append(write_text(report))
                self.done += 1
                self.report(self.done / self.total)
            self._makers = ()  # which hold the films' files
            return ReportFiles(pages.finish(), "\n".join(texts))
        finally:
            pages.close_typefaces()

    def _made(self, make: MakeReport) -> FilmReport:
        stopped = msg("Stopped after {done} of {total} reports.", done=self.done, total=self.total)
        if self._stopped():
            raise Cancelled(stopped)
        try:
            return make(self._stopped)
        except Cancelled as exc:
            raise Cancelled(stopped) from exc
