"""How a reader's first verdict did beside the model on earlier films like the one just read.

A film is like another where the reader's locked first verdict is the same and the model's output
lies in the same band. Synthetic films are not compared with patients', films of another age not
with those that the model was made for, and first reads that knew the model's order not with blind
ones. Counted are films of which it is known what they show by another word than the reader's own
and the model's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from core.domain.model import Prediction
from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict, verdict_words
from core.language.words import msg, tr
from core.reads.export import is_synthetic
from core.reads.protocol import reads_by
from core.stats.intervals import wilson_rate

FEWEST_FILMS = 5
"""Of fewer, one film more moves the share by over 20 points: nothing is said then."""

HIGH, LOW = 0.9, 0.1
"""Probabilities from which, and to which, a side that the model takes is a clear one."""


class Band(StrEnum):
    """Where the model's probability lies: on a side that its run takes, clear or not, or unsure."""

    HIGH = "suspicious (0.9 or more)"
    SUSPICIOUS = "suspicious (below 0.9)"
    UNSURE = "unsure"
    NOT_SUSPICIOUS = "not suspicious (above 0.1)"
    LOW = "not suspicious (0.1 or less)"


BANDS = {
    Band.HIGH: msg("suspicious (0.9 or more)"),
    Band.SUSPICIOUS: msg("suspicious (below 0.9)"),
    Band.UNSURE: msg("unsure"),
    Band.NOT_SUSPICIOUS: msg("not suspicious (above 0.1)"),
    Band.LOW: msg("not suspicious (0.1 or less)"),
}
"""Each in words."""


def band_of(prediction: Prediction) -> Band:
    """Return the band of a prediction, by its own run's operating point and unsure band."""
    if prediction.side == "unsure":
        return Band.UNSURE
    if prediction.side == "suspicious":
        return Band.HIGH if prediction.probability >= HIGH else Band.SUSPICIOUS
    return Band.LOW if prediction.probability <= LOW else Band.NOT_SUSPICIOUS


@dataclass(frozen=True, slots=True)
class Reliance:
    """Films that one reader began with the same verdict, and the model put into the same band.

    Attributes
    ----------
    verdict : Verdict
        Of the first reads.
    ill : int
        Films that show pneumonia, of ``n``.
    changed : int
        Films whose last read says another verdict than the first.
    last_right : int
        Films whose last read says what they show.
    """

    verdict: Verdict
    band: Band
    n: int
    ill: int
    changed: int
    last_right: int

    @property
    def first_right(self) -> int:
        """Films whose first verdict says what they show; an unsure one never does."""
        right = {Verdict.PNEUMONIA: self.ill, Verdict.NORMAL: self.n - self.ill}
        return right.get(self.verdict, 0)

    @property
    def opposed(self) -> bool:
        """Whether the model took the other side than the first verdict."""
        against = {
            Verdict.NORMAL: (Band.HIGH, Band.SUSPICIOUS),
            Verdict.PNEUMONIA: (Band.LOW, Band.NOT_SUSPICIOUS),
        }
        return self.band in against.get(self.verdict, ())


def reliance_text(past: Reliance) -> str:
    """Return in words what became of a reader's first verdicts on films like one."""
    fields = {"n": past.n, "band": BANDS[past.band]}
    if past.verdict is Verdict.UNSURE:
        began = tr(
            "On {n} earlier films like this you were unsure and the model was {band}.", **fields
        )
    else:
        began = tr(
            "On {n} earlier films like this you said {verdict} and the model was {band}.",
            verdict=verdict_words(past.verdict),
            **fields,
        )
    return f"{began} {_outcome_text(past)}"


def _outcome_text(past: Reliance) -> str:
    def counted(count: int) -> dict[str, float]:
        rate = wilson_rate(count, past.n)
        return {"count": count, "low": rate.low, "high": rate.high}

    if past.verdict is Verdict.UNSURE:
        return tr(
            "{count} of them showed pneumonia (95 % interval {low:.0%} to {high:.0%}).",
            **counted(past.ill),
        )
    if past.opposed:
        return tr(
            "Changing your verdict would have been right on {count} (95 % interval {low:.0%} to "
            "{high:.0%}).",
            **counted(past.n - past.first_right),
        )
    return tr(
        "Your verdict was right on {count} (95 % interval {low:.0%} to {high:.0%}).",
        **counted(past.first_right),
    )


def settle_films(
    records: Records, references: Mapping[str, Verdict], reader: str
) -> dict[str, Verdict]:
    """Return what films show by another word than a reader's own and the model's, by sha256.

    A reference goes before an arbitration, and the newest arbitration before older ones; one that
    takes no side settles nothing.

    Parameters
    ----------
    references : mapping of str to Verdict
        What films show by the reference standard, by their sha256.
    """
    key = reader_key(reader)
    arbitrated = {
        one.film_sha256: one.read.verdict
        for one in records
        if one.kind is ReadKind.ARBITRATION and reader_key(one.reader) != key
    }
    known = arbitrated | dict(references)
    return {film: shows for film, shows in known.items() if shows is not Verdict.UNSURE}


def rely_before(
    records: Records, settled: Mapping[str, Verdict], first: ReviewRecord, shown: Prediction
) -> Reliance | None:
    """Return how a reader did on films like one, of those locked before it.

    Parameters
    ----------
    settled : mapping of str to Verdict
        From `settle_films` for this reader.
    first : ReviewRecord
        The first read that this reader has locked of the film.
    shown : Prediction
        What the model says of the film now.

    Returns
    -------
    Reliance or None
        None where fewer than `FEWEST_FILMS` are settled.
    """
    cell = first.read.verdict, band_of(shown)
    alike = [
        one
        for one in reads_by(records, first.reader)
        if one.film_sha256 != first.film_sha256 and _kind_of(one) == _kind_of(first)
    ]
    earlier = [
        own
        for own in _first_and_last(alike, settled)
        if own[0].read.read_at < first.read.read_at and _cell_of(own[0]) == cell
    ]
    return _count(cell, earlier, settled) if len(earlier) >= FEWEST_FILMS else None


def tabulate_reliance(
    records: Records, settled: Mapping[str, Verdict], reader: str
) -> list[Reliance]:
    """Return how a reader did by first verdict and band, where at least `FEWEST_FILMS` count."""
    cells: dict[tuple[Verdict, Band], list[_FirstAndLast]] = {}
    for own in _first_and_last(reads_by(records, reader), settled):
        cells.setdefault(_cell_of(own[0]), []).append(own)
    return [
        _count(cell, cells[cell], settled)
        for cell in product(Verdict, Band)
        if len(cells.get(cell, ())) >= FEWEST_FILMS
    ]


_FirstAndLast = tuple[ReviewRecord, ReviewRecord]


def _first_and_last(
    own: Sequence[ReviewRecord], settled: Mapping[str, Verdict]
) -> list[_FirstAndLast]:
    """Return the locked first read and the last read of each settled film that the model read.

    A film is left out at whose last read the score was not asked for.
    """
    found: dict[str, _FirstAndLast] = {}
    for one in own:
        film = one.film_sha256
        if film not in settled or one.prediction is None or one.kind is ReadKind.ARBITRATION:
            continue
        if film in found:
            found[film] = found[film][0], one
        elif one.kind is ReadKind.FIRST:
            found[film] = one, one
    return [pair for pair in found.values() if not pair[1].score_held_back]


def _kind_of(record: ReviewRecord) -> tuple[bool, bool, bool | None]:
    """Return what keeps films apart that are not alike, whatever reader and model say."""
    return is_synthetic(record), record.quality.of_others, record.order_known


def _cell_of(first: ReviewRecord) -> tuple[Verdict, Band]:
    assert first.prediction is not None
    return first.read.verdict, band_of(first.prediction)


def _count(
    cell: tuple[Verdict, Band], reads: Sequence[_FirstAndLast], settled: Mapping[str, Verdict]
) -> Reliance:
    shows = [settled[first.film_sha256] for first, _ in reads]
    last = [last.read.verdict for _, last in reads]
    return Reliance(
        *cell,
        n=len(reads),
        ill=shows.count(Verdict.PNEUMONIA),
        changed=sum(verdict is not cell[0] for verdict in last),
        last_right=sum(verdict is film for verdict, film in zip(last, shows, strict=True)),
    )
