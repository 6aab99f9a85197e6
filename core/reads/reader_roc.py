"""ROC curves of readers from verdict and confidence, and of the model on the same films.

A read becomes one of eleven steps: from pneumonia, certain (5) over unsure (0) to normal, certain
(-5). Counted are films that the model has read and whose reference is known. A reader's interval is
DeLong's; that of all readers together comes from drawing films, each with all of its reads, for two
readers of one film are not two films.

References
----------
.. [1] D. D. Dorfman, E. Alf, J. Math. Psychol. 6 (1969) 487-496: confidence ratings as ROC points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.domain.reader import reader_key
from core.domain.review import ReadKind, Records, ReviewRecord, Verdict
from core.language.words import tr
from core.reads.reader_performance import EVERYBODY, name_readers, own_reads
from core.stats.bootstrap import draw_patients, roc_auc_by_patient
from core.stats.intervals import Labels, Scores, newcombe_interval, roc_auc

FEWEST_OF_A_CLASS = 5
"""With fewer films of a class a curve has so few steps that its shape is chance."""

_SIGN = {Verdict.PNEUMONIA: 1, Verdict.UNSURE: 0, Verdict.NORMAL: -1}


@dataclass(frozen=True, slots=True)
class RocCurve:
    """A curve from (0, 0) to (1, 1), one point for each step that was used, and its area."""

    false_alarms: tuple[float, ...]
    sensitivity: tuple[float, ...]
    area: Rate


@dataclass(frozen=True, slots=True)
class ReaderRoc:
    """One reader's curve, or everybody's, beside the model's on the same films.

    Attributes
    ----------
    n_ill, n_well : int
        Reads of films with pneumonia and of normal ones.
    own, model : RocCurve or None
        None where a class has fewer than `FEWEST_OF_A_CLASS` films.
    """

    reader: str
    n_ill: int
    n_well: int
    own: RocCurve | None
    model: RocCurve | None


@dataclass(frozen=True, slots=True)
class _Judged:
    reader: str
    film: str
    step: int
    probability: float
    ill: bool


def step_of(record: ReviewRecord) -> int:
    """Return a read's step, from -5 (certainly normal) to 5 (certainly pneumonia)."""
    return _SIGN[record.read.verdict] * (record.read.confidence or 0)


def trace_readers(
    records: Records, references: Mapping[str, Verdict], *, alone: bool
) -> list[ReaderRoc]:
    """Return everybody's curve, and then each reader's by name.

    Parameters
    ----------
    references : mapping of str to Verdict
        What films show, by their sha256.
    alone : bool
        Whether each reader's first read of a film counts, if it was locked before the model was
        seen; the last one otherwise.
    """
    own_of_all = own_reads(records)
    judged = [
        _Judged(
            reader_key(probability.reader),
            probability.film_sha256,
            step_of(probability),
            probability.prediction.probability,
            references[probability.film_sha256] is Verdict.PNEUMONIA,
        )
        for own in own_of_all
        if (probability := own.first if alone else own.last).prediction is not None
        and not own.last.score_held_back
        and probability.film_sha256 in references
        and (probability.kind is ReadKind.FIRST or not alone)
    ]
    names = name_readers(own.last for own in own_of_all)
    apart = [
        _trace(name, [one for one in judged if one.reader == key])
        for key, name in names.items()
        if any(one.reader == key for one in judged)
    ]
    return [_trace(EVERYBODY, judged), *apart] if len(apart) > 1 else apart


def _trace(reader: str, judged: Sequence[_Judged]) -> ReaderRoc:
    ill = np.array([one.ill for one in judged], np.int64)
    films = np.array([one.film for one in judged])
    n_ill, n_well = int(ill.sum()), int((1 - ill).sum())
    of_class = [len(np.unique(films[ill == label])) for label in (0, 1)]
    if min(of_class) < FEWEST_OF_A_CLASS:
        return ReaderRoc(reader, n_ill, n_well, None, None)
    steps = np.array([one.step for one in judged], np.float64)
    probability = np.array([one.probability for one in judged], np.float64)
    own, model = (_curve(scores, ill, films) for scores in (steps, probability))
    return ReaderRoc(reader, n_ill, n_well, own, model)


def _curve(scores: Scores, labels: Labels, films: npt.NDArray[np.str_]) -> RocCurve:
    ill, well = scores[labels == 1], scores[labels == 0]
    steps = np.unique(scores)[::-1]
    return RocCurve(
        (0.0, *(float((well >= step).mean()) for step in steps)),
        (0.0, *(float((ill >= step).mean()) for step in steps)),
        _area(scores, labels, films),
    )


def _area(scores: Scores, labels: Labels, films: npt.NDArray[np.str_]) -> Rate:
    known = np.unique(films)
    if len(known) == len(films):
        return roc_auc(scores, labels, separated_too=True)
    area = roc_auc_by_patient(scores, labels, draw_patients(films))
    if area.low < area.high:
        return area
    n_ill, n_well = (len(np.unique(films[labels == label])) for label in (1, 0))
    return Rate(area.value, *newcombe_interval(area.value, n_ill, n_well), area.n)


def too_few_text(curve: ReaderRoc) -> str:
    """Return why a reader has no curve."""
    return tr(
        "{reader}: no ROC curve from {ill} reads of films with pneumonia and {well} of "
        "normal ones. It needs {least} films of each class with a known reference.",
        reader=curve.reader,
        ill=curve.n_ill,
        well=curve.n_well,
        least=FEWEST_OF_A_CLASS,
    )
