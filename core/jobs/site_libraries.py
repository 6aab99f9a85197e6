"""A site's sets as pages and the acceptance test take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from core.domain.site_set import SiteSet
from core.jobs.film_worker import EngineFiles
from core.jobs.site_films import (
    Cancelling,
    Progress,
    SiteReading,
    UnlabelledReading,
    read_site,
    read_unlabelled,
)
from core.jobs.site_scores import SiteScores
from core.jobs.site_sets import refused_of
from core.language.words import tr
from core.library.site_library import SiteLibrary
from core.sites.labels import FilmLabel
from core.store.films.site_films import SqlSiteSets


@dataclass(frozen=True, slots=True)
class _Kept:
    """The films of a set as `read_site` takes them."""

    names: tuple[str, ...]
    _read: Callable[[str], bytes]

    def also(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def known_as(self, name: str) -> tuple[str, str]:  # noqa: ARG002
        return "", ""

    def read(self, name: str) -> bytes:
        return self._read(name)


class SiteSetFilms(SiteLibrary):
    """A kept set, which a run can also read again for the acceptance test."""

    def read(
        self,
        files: EngineFiles,
        progress: Progress = lambda _done, _all: None,
        cancelled: Cancelling = lambda: False,
    ) -> SiteReading:
        """Take every film of the set through the quality check and a run.

        Films that were refused when the set was added count as refused.

        Raises
        ------
        DatasetError
            If no film can be measured.
        Cancelled
            If ``cancelled`` returned True.
        ModelError
            If the run cannot be opened.
        """
        labels = {
            film.film_id: FilmLabel(
                film.ill, film.readers, f"{self.name}/{film.patient}", film.groups
            )
            for film in self.films
        }
        source = _Kept(tuple(labels), self.read_bytes)
        read = read_site(source, labels, files, progress=progress, cancelled=cancelled)
        refused = Counter(read.films.refused) + refused_of(self.site_set)
        stated = self.site_set.patients_stated
        earlier = {tr("file {place}", place=one.place): one.words for one in self.site_set.left_out}
        return replace(
            read,
            films=replace(read.films, refused=dict(refused), patients_stated=stated),
            left_out={**earlier, **read.left_out},
            unlabelled=self.site_set.unlabelled,
        )

    def read_unlabelled(
        self,
        files: EngineFiles,
        progress: Progress = lambda _done, _all: None,
        cancelled: Cancelling = lambda: False,
    ) -> UnlabelledReading:
        """Take every film of the set through the quality check and a run, as if none had a label.

        Films that were refused when the set was added count as refused; raises as `read`.
        """
        source = _Kept(tuple(film.film_id for film in self.films), self.read_bytes)
        read = read_unlabelled(source, files, progress=progress, cancelled=cancelled)
        refused = Counter(read.refused) + refused_of(self.site_set)
        return replace(read, refused=dict(refused))


def open_site_library(store: SqlSiteSets, scores: SiteScores, site_set: SiteSet) -> SiteSetFilms:
    """Return a set as a library."""
    return SiteSetFilms(
        site_set,
        store.films(site_set.set_id),
        store.content,
        partial(scores.of, site_set.set_id),
        partial(scores.has, site_set.set_id),
    )
