"""The share of pneumonia among the films that a site has settled.

It is the ward's prevalence only if all of the ward's films were read here: films that were chosen
for reading, such as difficult ones, have another share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from core.domain.rate import Rate
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.reads.export import is_synthetic
from core.stats.intervals import wilson_rate

LEAST_FILMS = 50
"""Of fewer the interval is too wide to be of use: 8 of 50 are 0.08 to 0.29."""


def settled_verdicts(records: Records, other_films: Collection[str] = ()) -> dict[str, Verdict]:
    """Return what each settled film shows, by its sha256: pneumonia or normal.

    A film is settled if every signed read and arbitration of it that stands says the same. What an
    arbitration settled, and what was corrected, stands no more.

    Parameters
    ----------
    other_films : collection of str
        Sha256 of films that are not the site's, such as public ones; synthetic films never count.
    """
    gone = {record.supersedes for record in records}
    gone |= {read for record in records for read in record.arbitrates}
    by_film: dict[str, list[ReviewRecord]] = defaultdict(list)
    for record in records:
        stands = record.kind is not ReadKind.FIRST and record.record_id not in gone
        if stands and not is_synthetic(record) and record.film_sha256 not in other_films:
            by_film[record.film_sha256].append(record)
    said = {film: {read.read.verdict for read in reads} for film, reads in by_film.items()}
    return {
        film: next(iter(verdicts))
        for film, verdicts in said.items()
        if len(verdicts) == 1 and Verdict.UNSURE not in verdicts
    }


def estimate_share(records: Records, other_films: Collection[str] = ()) -> Rate | None:
    """Return the share of pneumonia among settled films with Wilson's interval.

    None of fewer than 50 films, and where all or none show pneumonia: no ward is so.
    """
    verdicts = settled_verdicts(records, other_films).values()
    share = wilson_rate(sum(one is Verdict.PNEUMONIA for one in verdicts), len(verdicts))
    return share if share.n >= LEAST_FILMS and 0.0 < share.value < 1.0 else None
