"""How far readers agree on findings, a category at a time: Cohen's kappa.

Counted is each reader's first read of a film, if it has findings: where the site reads first it was
locked before the model was seen. Every pair of readers of a film counts, in the order of their
names; of more than two readers the intervals draw films, with all of their pairs. A pair counts for
uninterpretable, and for the other categories only if neither reader says uninterpretable.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.domain.findings import Category, Findings
from core.domain.rate import Rate
from core.domain.reader import reader_key
from core.domain.review import Records
from core.reads.reader_performance import own_reads
from core.stats.bootstrap import kappa_of_films

FEWEST_FILMS = 20
"""With fewer films no kappa: at 20, half of them seen, that of 0.5 runs from 0.12 to 0.88."""


@dataclass(frozen=True, slots=True)
class FindingAgreement:
    """Two readers' agreement on one category beyond chance; n is pairs of reads.

    Attributes
    ----------
    seen : int
        Pairs of which either reader saw it.
    """

    category: Category
    seen: int
    kappa: Rate


@dataclass(frozen=True, slots=True)
class ReadersAgreement:
    """What is known of readers' agreement on findings.

    Attributes
    ----------
    films : int
        Read by two readers or more, each with findings.
    readers : int
        Who read them.
    categories : tuple of FindingAgreement
        Empty below `FEWEST_FILMS`.
    """

    films: int
    readers: int
    categories: tuple[FindingAgreement, ...] = ()


def compare_findings(records: Records) -> ReadersAgreement:
    """Return how far readers agree on what a film shows."""
    by_film: dict[str, dict[str, Findings]] = defaultdict(dict)
    for own in own_reads(records):
        if own.first.read.findings:
            by_reader = by_film[own.first.film_sha256]
            by_reader[reader_key(own.first.reader)] = own.first.read.findings
    shared = {film: read for film, read in by_film.items() if len(read) > 1}
    readers = {reader for read in shared.values() for reader in read}
    if len(shared) < FEWEST_FILMS:
        return ReadersAgreement(len(shared), len(readers))
    pairs = [
        (film, read[one], read[other])
        for film, read in shared.items()
        for one, other in combinations(sorted(read), 2)
    ]
    return ReadersAgreement(
        len(shared), len(readers), tuple(_agreement(category, pairs) for category in Category)
    )


def _agreement(category: Category, pairs: list[tuple[str, Findings, Findings]]) -> FindingAgreement:
    def readable(findings: Findings) -> bool:
        return Category.UNINTERPRETABLE not in findings.categories

    counted = [
        (film, category in one.categories, category in other.categories)
        for film, one, other in pairs
        if category is Category.UNINTERPRETABLE or (readable(one) and readable(other))
    ]
    first = np.array([one for _, one, _ in counted], bool)
    second = np.array([other for _, _, other in counted], bool)
    films = np.array([film for film, _, _ in counted], np.str_)
    enough = len(np.unique(films)) >= FEWEST_FILMS
    unknown = Rate(float("nan"), -1.0, 1.0, len(films))
    kappa = kappa_of_films(first, second, films) if enough else unknown
    return FindingAgreement(category, int((first | second).sum()), kappa)
