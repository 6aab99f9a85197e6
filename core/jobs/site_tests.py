"""Measuring the served run on a site's films in the background: with labels, and without."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.acceptance.criteria import Declaration
from core.acceptance.measured import Acceptance, accept
from core.acceptance.unlabelled import estimate_prevalence
from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.errors import DatasetError
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.jobs.background import BackgroundTask, Result
from core.jobs.film_worker import EngineFiles
from core.jobs.site_films import (
    Cancelling,
    Progress,
    SiteReading,
    UnlabelledReading,
    read_site,
    read_unlabelled,
)
from core.language.words import Message, msg
from core.reads.signing import utc_now
from core.sites.labels import read_labels
from core.sites.source import FilmSource, open_films


class LabelledFilms(Protocol):
    """Labelled films of a site that a run can read."""

    @property
    def title(self) -> str:
        """What they are called."""
        ...

    def read(self, files: EngineFiles, progress: Progress, cancelled: Cancelling) -> SiteReading:
        """Return what a run says of them; raises `DatasetError`, `Cancelled` or `ModelError`."""
        ...


class UnlabelledFilms(Protocol):
    """Films of a site that a run can read without labels."""

    @property
    def title(self) -> str:
        """What they are called."""
        ...

    def read_unlabelled(
        self, files: EngineFiles, progress: Progress, cancelled: Cancelling
    ) -> UnlabelledReading:
        """Return what a run says of them; raises `DatasetError`, `Cancelled` or `ModelError`."""
        ...


@dataclass(frozen=True, slots=True)
class FilmPlace:
    """Where films lie.

    Attributes
    ----------
    address : str
        A folder or zip file on the server, or an address that fsspec knows; empty of an upload.
    uploaded : bytes
        A zip file.
    most_bytes : int
        Of one film of an upload, unpacked.
    """

    address: str = ""
    uploaded: bytes = b""
    most_bytes: int = 0

    @property
    def title(self) -> str:
        """What it is called."""
        return self.address or msg("uploaded zip file")

    @contextmanager
    def open(self) -> Iterator[FilmSource]:
        """Open it; raises `DatasetError` if it holds no film."""
        place = io.BytesIO(self.uploaded) if self.uploaded else self.address
        with open_films(place, self.most_bytes) as source:
            yield source

    def read_unlabelled(
        self, files: EngineFiles, progress: Progress, cancelled: Cancelling
    ) -> UnlabelledReading:
        """Return what a run says of the films."""
        with self.open() as source:
            return read_unlabelled(source, files, progress=progress, cancelled=cancelled)


@dataclass(frozen=True, slots=True)
class FilmsWithTable:
    """Films at a place, labelled by a table.

    Attributes
    ----------
    labels : bytes
        A CSV file, as `core.sites.labels` takes it.
    """

    place: FilmPlace
    labels: bytes

    @property
    def title(self) -> str:
        """What the place is called."""
        return self.place.title

    def read(self, files: EngineFiles, progress: Progress, cancelled: Cancelling) -> SiteReading:
        """Return what a run says of the labelled films."""
        known = read_labels(self.labels)
        with self.place.open() as source:
            return read_site(source, known, files, progress=progress, cancelled=cancelled)


@dataclass(frozen=True, slots=True)
class AcceptanceResult:
    """An acceptance test that was done.

    Attributes
    ----------
    site : str
        What the site is called.
    left_out : mapping of str to str
        By film, why it was not measured.
    missing : tuple of str
        Labelled films that are not there.
    """

    site: str
    found: Acceptance
    left_out: Mapping[str, str]
    missing: tuple[str, ...]
    made_at: datetime


class FilmsTask(BackgroundTask[Result]):
    """Reads films.

    Attributes
    ----------
    done, total : int
        Films that were read, and that there are; 0 before the first.
    """

    done: int = 0
    total: int = 0

    def note(self, done: int, total: int) -> None:
        """Note how many films were read."""
        self.done, self.total = done, total
        self.report(done / max(total, 1))


class AcceptanceTask(FilmsTask[AcceptanceResult]):
    """Reads a site's labelled films by a run's own threshold, and judges the run.

    Parameters
    ----------
    run : RunRecord
        Without a setting of the site.
    files : EngineFiles
        Of that run.
    """

    def __init__(
        self,
        site: str,
        films: LabelledFilms,
        run: RunRecord,
        files: EngineFiles,
        declared: Declaration,
    ) -> None:
        super().__init__("acceptance")
        self.site, self.declared, self.title = site, declared, films.title
        self._films: LabelledFilms | None = films
        self._record, self._files = run, files

    def _work(self) -> AcceptanceResult:
        assert self._films is not None
        read = self._films.read(
            self._files,
            self.note,
            lambda: self.cancelled,
        )
        found = accept(read.films, self._record, self.declared)
        left_out = {**read.unreadable, **read.left_out}
        self._films = None  # an upload goes, as soon as it was measured
        return AcceptanceResult(self.site, found, left_out, read.missing, utc_now())


@dataclass(frozen=True, slots=True)
class PrevalenceResult:
    """The share of pneumonia among films without labels.

    Attributes
    ----------
    assumed : float
        The share that the run's probabilities assume.
    """

    share: Rate
    assumed: float
    reading: UnlabelledReading
    made_at: datetime


class PrevalenceTask(FilmsTask[PrevalenceResult]):
    """Reads films without labels by a run's own calibration, and estimates their share of ill."""

    def __init__(self, films: UnlabelledFilms, run: RunRecord, files: EngineFiles) -> None:
        super().__init__("prevalence")
        self.title, self._record, self._files = films.title, run, files
        self._films: UnlabelledFilms | None = films

    def _work(self) -> PrevalenceResult:
        assumed = assumed_prevalence(self._record)
        if assumed is None:
            raise DatasetError(NO_SHARE)
        assert self._films is not None
        read = self._films.read_unlabelled(
            self._files,
            self.note,
            lambda: self.cancelled,
        )
        self._films = None  # as above
        share = estimate_prevalence(read.probabilities, assumed)
        return PrevalenceResult(share, assumed, read, utc_now())


NO_SHARE: Message = msg("The share of pneumonia that the run's probabilities assume is not known.")
