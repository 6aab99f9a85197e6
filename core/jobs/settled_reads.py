"""Kept films whose label the app's own reads have settled, as a place of labelled films.

Settled is what a senior reader has arbitrated, and what two readers or more signed alike. Whether
the model agrees does not matter: else the films on which it errs would be left out. A signed read
has seen the model, so ``reader_1`` and ``reader_2`` are first reads, which have not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records, Verdict
from core.errors import DatasetError, FilmStoreError
from core.language.words import msg
from core.reads.arbitration import list_settled
from core.reads.reader_performance import OwnReads, own_reads
from core.sites.labels import READERS, FilmLabel
from core.store.films.worklist import SqlFilms


@dataclass(frozen=True, slots=True)
class KeptFilms:
    """Films of the worklist, by their hashes."""

    names: tuple[str, ...]
    _films: SqlFilms

    def also(self, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: a film is known by its hash."""
        return ()

    def known_as(self, name: str) -> tuple[str, str]:
        """Return the film's hash and its keyed patient."""
        film = self._films.find(name)
        return name, "" if film is None else film.patient

    def read(self, name: str) -> bytes:
        """Return a film's file; raises DatasetError if it was erased."""
        try:
            return self._films.content(name)
        except FilmStoreError as exc:
            raise DatasetError(exc.sentence) from exc


def settled_films(records: Records, films: SqlFilms) -> tuple[KeptFilms, dict[str, FilmLabel]]:
    """Return the kept films with a settled label, and their labels by hash.

    Raises
    ------
    DatasetError
        If no film that is kept has a settled label.
    """
    kept = {
        film: label for film, label in settled_labels(records).items() if _is_there(films, film)
    }
    if not kept:
        raise DatasetError(
            msg("No film that is still kept has a settled label: two readers or an arbitration.")
        )
    return KeptFilms(tuple(sorted(kept)), films), kept


def _is_there(films: SqlFilms, film_sha256: str) -> bool:
    film = films.find(film_sha256)
    return film is not None and film.has_file


def settled_labels(records: Records) -> dict[str, FilmLabel]:
    """Return the settled labels of reads, by film."""
    arbitrated = {
        one.film_sha256: one.settled.read.verdict
        for one in list_settled(records)
        if one.settled is not None
    }
    by_film: dict[str, list[OwnReads]] = defaultdict(list)
    for own in own_reads(records):
        by_film[own.last.film_sha256].append(own)
    found = {}
    for film, reads in by_film.items():
        verdict = arbitrated.get(film, _agreed(reads))
        if verdict in _ILL:
            found[film] = FilmLabel(_ILL[verdict], _first_calls(reads))
    return found


_ILL = {Verdict.PNEUMONIA: True, Verdict.NORMAL: False}


def _agreed(reads: list[OwnReads]) -> Verdict:
    verdicts = {own.last.read.verdict for own in reads}
    return verdicts.pop() if len(reads) > 1 and len(verdicts) == 1 else Verdict.UNSURE


def _first_calls(reads: list[OwnReads]) -> dict[str, bool]:
    """Return what two readers said before they saw the model, in the order of their names."""
    blind = [own.first for own in reads if own.first.kind is ReadKind.FIRST]
    sided = [one for one in blind if one.read.verdict in _ILL]
    ordered = sorted(sided, key=lambda one: reader_key(one.reader))
    return {name: _ILL[one.read.verdict] for name, one in zip(READERS, ordered, strict=False)}
