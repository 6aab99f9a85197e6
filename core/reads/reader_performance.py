"""Reader against model, and both against the reference where one exists, in numbers.

Counted is each reader's last own read of a film, arbitrations apart: those have seen the other
reads. A reader is one however the name is written (`reader_key`), and stands under the spelling of
the newest read. Where reader or model takes no side, the film is left out and n says so. Two
readers' reads of one film are not two films: intervals of all readers together draw films, with all
of their reads.

Reliance is what the model did to a first read that was locked before the model was seen [1]_; on a
site that shows the model first nobody can tell.

References
----------
.. [1] M. Schemmer et al., IUI 2023, doi:10.1145/3581641.3584066: reliance in two dimensions,
       one for advice that is wrong and one for advice that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.language.words import msg
from core.reads.export import reading_seconds
from core.stats.bootstrap import kappa_of_films, share_of_films
from core.stats.intervals import Mask

EVERYBODY = msg("all readers")


@dataclass(frozen=True, slots=True)
class OwnReads:
    """One reader's first and last read of one film."""

    first: ReviewRecord
    last: ReviewRecord

    @property
    def order_known(self) -> bool | None:
        """Whether the reader knew the model's order before the first or the last read."""
        known = {self.first.order_known, self.last.order_known}
        return True if True in known else None if None in known else False


@dataclass(frozen=True, slots=True)
class ReaderNumbers:
    """What one reader's reads, or everybody's, say.

    Attributes
    ----------
    films : int
        Reads that count: one of each reader and film.
    agreement, kappa : Rate
        With the model, where both take a side.
    sensitivity, specificity, model_sensitivity, model_specificity : Rate
        On films with a reference where both take a side: the same for reader and model.
    over_reliance : Rate
        Of right first reads, locked before a model that is wrong was seen, the share whose last
        read says what the model says.
    under_reliance : Rate
        Of wrong first reads, locked before a model that is right was seen, the share whose last
        read does not come over to it.
    same_as_wrong : Rate
        Of the films on which the model is wrong, the share on which the last read says the same.
    other_than_right : Rate
        Of the films on which the model is right, the share on which it says the other.
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
    same_as_wrong: Rate
    other_than_right: Rate
    to_right: int
    to_wrong: int
    median_s: float | None
    timed: int


def own_reads(records: Records) -> list[OwnReads]:
    """Return each reader's first and last read of each film that they have signed."""
    found: dict[tuple[str, str], OwnReads] = {}
    for record in records:
        if record.kind is ReadKind.ARBITRATION:
            continue
        key = _reader_and_film(record)
        first = found[key].first if key in found else record
        found[key] = OwnReads(first, record)
    return [own for own in found.values() if own.last.kind is ReadKind.READ]


def _reader_and_film(record: ReviewRecord) -> tuple[str, str]:
    return reader_key(record.reader), record.film_sha256


def name_readers(records: Iterable[ReviewRecord]) -> dict[str, str]:
    """Return by `reader_key` how each reader signed last, in the order of the names."""
    newest: dict[str, ReviewRecord] = {}
    for record in records:
        key = reader_key(record.reader)
        if key not in newest or record.read.read_at >= newest[key].read.read_at:
            newest[key] = record
    return dict(sorted((key, record.reader) for key, record in newest.items()))


def keep_whole(records: Records, keep: Callable[[OwnReads], bool]) -> list[ReviewRecord]:
    """Return the reads of each reader and film whose first and last read are kept together.

    Parameters
    ----------
    keep : callable
        Asked once for each reader and film.
    """
    kept = {_reader_and_film(own.last) for own in own_reads(records) if keep(own)}
    return [one for one in records if _reader_and_film(one) in kept]


def tabulate_readers(records: Records, references: Mapping[str, Verdict]) -> list[ReaderNumbers]:
    """Return everybody's numbers, and then each reader's by name.

    Parameters
    ----------
    references : mapping of str to Verdict
        What films show, by their sha256.
    """
    reads = own_reads(records)
    apart = {
        name: [own for own in reads if reader_key(own.last.reader) == key]
        for key, name in name_readers(own.last for own in reads).items()
    }
    groups = {EVERYBODY: reads} | apart if len(apart) > 1 else apart
    return [_count(title, group, references) for title, group in groups.items()]


def _count(
    reader: str, reads: Sequence[OwnReads], references: Mapping[str, Verdict]
) -> ReaderNumbers:
    columns = _columns(reads, references)
    both = columns.sided & columns.model_sided
    judged = both & columns.known
    agreed, right = columns.last == columns.model, columns.model == columns.ill
    alone = columns.first_sided & columns.model_sided & columns.known
    misled, helped = (
        alone & (columns.first == columns.ill) & ~right,
        alone & (columns.first != columns.ill) & right,
    )

    def share(part: Mask, whole: Mask) -> Rate:
        return share_of_films(part[whole], columns.film[whole])

    seconds = [s for own in reads if (s := reading_seconds(own.first)) is not None]
    to_right, to_wrong = _changes(reads, references)
    return ReaderNumbers(
        reader=reader,
        films=len(reads),
        agreement=share(agreed, both),
        kappa=kappa_of_films(columns.last[both], columns.model[both], columns.film[both]),
        sensitivity=share(columns.last, judged & columns.ill),
        specificity=share(~columns.last, judged & ~columns.ill),
        model_sensitivity=share(columns.model, judged & columns.ill),
        model_specificity=share(~columns.model, judged & ~columns.ill),
        over_reliance=share(columns.sided & agreed, misled),
        under_reliance=share(~(columns.sided & agreed), helped),
        same_as_wrong=share(agreed, judged & ~right),
        other_than_right=share(~agreed, judged & right),
        to_right=to_right,
        to_wrong=to_wrong,
        median_s=float(np.median(seconds)) if seconds else None,
        timed=len(seconds),
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """Reads as columns, each beside the one that says where it means anything."""

    film: npt.NDArray[np.str_]
    first: Mask
    first_sided: Mask
    last: Mask
    sided: Mask
    model: Mask
    model_sided: Mask
    ill: Mask
    known: Mask


def _columns(reads: Sequence[OwnReads], references: Mapping[str, Verdict]) -> _Columns:
    first = [_calls(own.first) if own.first.kind is ReadKind.FIRST else None for own in reads]
    last = [_calls(own.last) for own in reads]
    model = [_model_says(own.last) for own in reads]
    shown = [references.get(own.last.film_sha256) for own in reads]
    ill = [None if one is None else one is Verdict.PNEUMONIA for one in shown]
    films = np.array([own.last.film_sha256 for own in reads], dtype=np.str_)
    return _Columns(films, *_column(first), *_column(last), *_column(model), *_column(ill))


def _column(answers: Sequence[bool | None]) -> tuple[Mask, Mask]:
    """Return whether each says pneumonia, and whether it takes a side at all."""
    return np.array([one is True for one in answers], bool), np.array(
        [one is not None for one in answers], bool
    )


def _changes(reads: Sequence[OwnReads], references: Mapping[str, Verdict]) -> tuple[int, int]:
    """Return how many first reads were corrected to the reference, and how many away from it.

    Both take a side: from or to unsure is neither.
    """
    changes = [
        (own.first.read.verdict is reference, own.last.read.verdict is reference)
        for own in reads
        if (reference := references.get(own.last.film_sha256)) is not None
        and Verdict.UNSURE not in (own.first.read.verdict, own.last.read.verdict)
    ]
    return changes.count((False, True)), changes.count((True, False))


def _calls(record: ReviewRecord) -> bool | None:
    """Return whether the reader says pneumonia; None for an unsure one."""
    verdict = record.read.verdict
    return None if verdict is Verdict.UNSURE else verdict is Verdict.PNEUMONIA


def _model_says(record: ReviewRecord) -> bool | None:
    """Return whether the model says pneumonia; None where it takes no side or was not shown."""
    said = record.shown_prediction
    return None if said is None or said.side == "unsure" else said.side == "suspicious"
