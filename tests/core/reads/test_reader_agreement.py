"""Readers against each other, a category at a time: kappa by hand and by a library."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fixtures.review_records import record
from statsmodels.stats.inter_rater import cohens_kappa as reference_kappa

from core.domain.findings import NO_FINDINGS, Category, Findings
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.reads.findings import implied_verdict
from core.reads.reader_agreement import FEWEST_FILMS, compare_findings

SEEN, OTHER, NORMAL, DARK = (
    Category.CONSOLIDATION,
    Category.OTHER_INFILTRATE,
    Category.NORMAL,
    Category.UNINTERPRETABLE,
)


def read(reader: str, film: int, *seen: Category, kind: ReadKind = ReadKind.READ) -> ReviewRecord:
    findings = Findings(frozenset(seen))
    made = record(film_sha256=f"{film:064x}", reader=reader, kind=kind)
    verdict = implied_verdict(findings) or Verdict.UNSURE
    return replace(made, read=replace(made.read, verdict=verdict, findings=findings))


def described(records: list[ReviewRecord]) -> str:
    return repr(compare_findings(records))  # where there is no kappa, nan is not nan


def of(category: Category, records: list[ReviewRecord]):
    (found,) = [one for one in compare_findings(records).categories if one.category is category]
    return found


TABLE = {
    (SEEN, SEEN): 8,
    (SEEN, OTHER): 3,
    (OTHER, SEEN): 1,
    (OTHER, OTHER): 4,
    (NORMAL, NORMAL): 9,
    (SEEN, NORMAL): 2,
}
"""What Ada and Grace see, and on how many films."""


def two_readers() -> list[ReviewRecord]:
    pairs = [pair for pair, n in TABLE.items() for _ in range(n)]
    return [
        read(reader, film, pair[place])
        for film, pair in enumerate(pairs)
        for place, reader in enumerate(("Ada", "Grace"))
    ]


def test_kappa_of_two_readers_is_cohens_with_its_interval() -> None:
    reference = reference_kappa(np.array([[8, 5], [1, 13]]))  # consolidation, and not
    found = of(SEEN, two_readers())
    assert (found.kappa.n, found.seen) == (27, 14)
    assert found.kappa.value == pytest.approx(reference.kappa)
    assert found.kappa.low == pytest.approx(reference.kappa_low, abs=1e-3)
    assert found.kappa.high == pytest.approx(reference.kappa_upp, abs=1e-3)
    assert of(NORMAL, two_readers()).seen == 11


def test_the_first_read_of_a_reader_counts_and_not_what_followed_the_model() -> None:
    kinds = {"Ada": ReadKind.FIRST, "Grace": ReadKind.READ}
    first = [replace(one, kind=kinds[one.reader]) for one in two_readers()]
    later = [read("Ada", film, NORMAL) for film in range(27)]
    assert described([*first, *later]) == described(two_readers())


def test_below_the_fewest_films_no_kappa_is_stated() -> None:
    reads = [read(who, film, SEEN) for film in range(FEWEST_FILMS - 1) for who in ("Ada", "Grace")]
    few = compare_findings(reads)
    assert (few.films, few.readers, few.categories) == (FEWEST_FILMS - 1, 2, ())
    enough = compare_findings([*reads, read("Ada", 99, NORMAL), read("Grace", 99, NORMAL)])
    assert len(enough.categories) == len(Category)


def test_a_verdict_alone_and_a_film_read_once_count_for_nothing() -> None:
    alone = [read("Ada", 500, SEEN), read("Ada", 501, SEEN), read("Grace", 501)]
    assert alone[-1].read.findings == NO_FINDINGS
    assert described([*two_readers(), *alone]) == described(two_readers())
    assert compare_findings(alone).films == 0


def test_a_film_that_one_cannot_read_counts_for_uninterpretable_alone() -> None:
    dark = [read("Ada", 500, DARK), read("Grace", 500, SEEN)]
    reads = [*two_readers(), *dark]
    assert of(SEEN, reads) == of(SEEN, two_readers())
    assert (of(DARK, reads).kappa.n, of(DARK, reads).seen) == (28, 1)


def test_too_few_films_that_both_can_read_leave_no_kappa() -> None:
    reads = [read(who, film, DARK) for film in range(FEWEST_FILMS) for who in ("Ada", "Grace")]
    found = of(SEEN, [*reads, read("Ada", 99, SEEN), read("Grace", 99, SEEN)])
    assert np.isnan(found.kappa.value)
    assert found.kappa.n == 1


def test_of_three_readers_every_pair_of_a_film_counts_and_films_are_drawn() -> None:
    reads = two_readers()
    third = [
        read("Zoe", film, *one.read.findings.categories) for film, one in enumerate(reads[::2])
    ]
    found = of(SEEN, [*reads, *third])
    ada_grace, ada_zoe, grace_zoe = [[8, 5], [1, 13]], [[13, 0], [0, 14]], [[8, 1], [5, 13]]
    pairs = np.array([ada_grace, ada_zoe, grace_zoe]).sum(axis=0)
    assert found.kappa.n == 3 * 27
    assert found.kappa.value == pytest.approx(reference_kappa(pairs).kappa)
    as_if_apart = reference_kappa(pairs)
    assert found.kappa.high - found.kappa.low > as_if_apart.kappa_upp - as_if_apart.kappa_low
    assert compare_findings([*reads, *third]).readers == 3
