"""Reader against model, and both against the reference where one exists, in numbers.

Counted is each reader's last own read of a film, arbitrations apart: those have seen the other
reads. Where reader or model takes no side, the film is left out and n says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain import ReadKind, ReviewRecord, Verdict
from core.review_table import reading_seconds
from core.statistics import Rate, cohens_kappa, wilson_rate

EVERYBODY = "all readers"


@dataclass(frozen=True, slots=True)
class OwnReads:
    """One reader's first and last read of one film."""

    first: ReviewRecord
    last: ReviewRecord


@dataclass(frozen=True, slots=True)
class ReaderNumbers:
    """What one reader's reads, or everybody's, say.

    Attributes
    ----------
    reader : str
    films : int
        Films read, each counted once a reader.
    agreement, kappa : Rate
        With the model, where both take a side.
    sensitivity, specificity, model_sensitivity, model_specificity : Rate
        On films with a reference where both take a side: the same for reader and model.
    over_reliance : Rate
        Of the films on which the model is wrong, the share on which the reader says the same.
    under_reliance : Rate
        Of the films on which the model is right, the share on which the reader says the other.
    to_right, to_wrong : int
        Films whose last read corrects a wrong first one, and the other way round.
    median_s : float or None
        From a film's opening to the signature of the first read.
    timed : int
        Films with such a time.
    """

    reader: str
    films: int
    agreement: Rate
    kappa: Rate
    sensitivity: Rate
    specificity: Rate
    model_sensitivity: Rate
    model_specificity: Rate
    over_reliance: Rate
    under_reliance: Rate
    to_right: int
    to_wrong: int
    median_s: float | None
    timed: int


def own_reads(records: Sequence[ReviewRecord]) -> list[OwnReads]:
    """Return each reader's first and last read of each film that they have signed.

    Parameters
    ----------
    records : sequence of ReviewRecord
        Superseded ones included, oldest first.
    """
    found: dict[tuple[str, str], OwnReads] = {}
    for record in records:
        if record.kind is ReadKind.ARBITRATION:
            continue
        key = (record.reader, record.film_sha256)
        first = found[key].first if key in found else record
        found[key] = OwnReads(first, record)
    return [own for own in found.values() if own.last.kind is ReadKind.READ]


def tabulate_readers(
    records: Sequence[ReviewRecord], references: Mapping[str, Verdict]
) -> list[ReaderNumbers]:
    """Return everybody's numbers, and then each reader's by name.

    Parameters
    ----------
    records : sequence of ReviewRecord
        Superseded ones included, oldest first.
    references : mapping of str to Verdict
        What films show, by their sha256.
    """
    reads = own_reads(records)
    names = sorted({own.last.reader for own in reads})
    apart = [[own for own in reads if own.last.reader == name] for name in names]
    groups = [reads, *apart] if len(names) > 1 else apart
    titles = [EVERYBODY, *names] if len(names) > 1 else names
    return [_count(title, group, references) for title, group in zip(titles, groups, strict=True)]


def _count(
    reader: str, reads: Sequence[OwnReads], references: Mapping[str, Verdict]
) -> ReaderNumbers:
    said = [(_says(own.last), _model_says(own.last), own.last.film_sha256) for own in reads]
    sided = [(mine, model) for mine, model, _ in said if mine is not None and model is not None]
    mine = np.array([one for one, _ in sided], dtype=bool)
    model = np.array([one for _, one in sided], dtype=bool)
    judged = [
        (own, other, references[film] is Verdict.PNEUMONIA)
        for own, other, film in said
        if own is not None and other is not None and film in references
    ]
    seconds = [s for own in reads if (s := reading_seconds(own.first)) is not None]
    to_right, to_wrong = _changes(reads, references)
    return ReaderNumbers(
        reader=reader,
        films=len(reads),
        agreement=wilson_rate(int(np.sum(mine == model)), len(sided)),
        kappa=cohens_kappa(mine, model),
        sensitivity=_share(own for own, _, ill in judged if ill),
        specificity=_share(not own for own, _, ill in judged if not ill),
        model_sensitivity=_share(other for _, other, ill in judged if ill),
        model_specificity=_share(not other for _, other, ill in judged if not ill),
        over_reliance=_share(own == other for own, other, ill in judged if other != ill),
        under_reliance=_share(own != other for own, other, ill in judged if other == ill),
        to_right=to_right,
        to_wrong=to_wrong,
        median_s=float(np.median(seconds)) if seconds else None,
        timed=len(seconds),
    )


def _share(answers: Iterable[bool]) -> Rate:
    kept = list(answers)
    return wilson_rate(sum(kept), len(kept))


def _changes(reads: Sequence[OwnReads], references: Mapping[str, Verdict]) -> tuple[int, int]:
    """Return how many first reads were corrected to the reference, and how many away from it."""
    changes = [
        (own.first.read.verdict is reference, own.last.read.verdict is reference)
        for own in reads
        if (reference := references.get(own.last.film_sha256)) is not None
    ]
    return changes.count((False, True)), changes.count((True, False))


def _says(record: ReviewRecord) -> bool | None:
    """Return whether the reader says pneumonia; None for an unsure one."""
    verdict = record.read.verdict
    return None if verdict is Verdict.UNSURE else verdict is Verdict.PNEUMONIA


def _model_says(record: ReviewRecord) -> bool | None:
    """Return whether the model says pneumonia; None where it takes no side or read nothing."""
    if record.prediction is None or record.prediction.band == "unsure":
        return None
    return record.prediction.band == "above"
