"""What a reader study found: areas, rates and times by arm, by reader, and by the run's advice.

Readers and cases are both taken for samples (Obuchowski and Rockette with Hillis' freedom). Only
readers who have read every film in every arm count. Times are compared as logarithms; a film that
was opened more than once keeps its read, and its time is left out of the medians.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.rate import Rate
from core.domain.review import Verdict
from core.errors import TeachingError
from core.language.words import msg
from core.reader_studies.design import Arm
from core.reader_studies.imrmc import RatedStudy, ratings_of, write_imrmc
from core.reader_studies.study import KeptStudy, StudyReading, finished_readers
from core.stats.intervals import roc_auc, wilson_rate
from core.stats.mrmc import Estimate, ReaderStudyAnalysis, analyse_means, analyse_readers

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEWEST_READERS = 2
SHORTEST_S = 0.1
"""Shorter times count as this long, so that they have a logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyArrays:
    """The reads of those who have finished, as arrays of (arms, readers, N).

    Attributes
    ----------
    called_ill : bool ndarray
        The verdicts.
    seconds : float64 ndarray
        nan where a film was opened more than once.
    all_seconds : float64 ndarray
        Since the last opening, of every read.
    ill : (N,) bool ndarray
        The reference.
    advice_right : (N,) float64 ndarray
        1 where the run is right, 0 where it is wrong, nan where it takes no side.
    advised_ill : (N,) float64 ndarray
        Its side, likewise.
    """

    arms: tuple[Arm, ...]
    readers: tuple[str, ...]
    films: tuple[str, ...]
    ratings: Floats
    called_ill: Flags
    seconds: Floats
    all_seconds: Floats
    ill: Flags
    advice_right: Floats
    advised_ill: Floats

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """The reference as 0 and 1."""
        return self.ill.astype(np.int64)

    @property
    def right(self) -> Floats:
        """1 for a right verdict, 0 for a wrong one."""
        return np.asarray(self.called_ill == self.ill, np.float64)


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """One reader in one arm; the time is a median in s, nan if no film was read at one sitting."""

    reader: str
    arm: Arm
    area: Rate
    sensitivity: Rate
    specificity: Rate
    seconds: float


@dataclass(frozen=True, slots=True)
class AdviceRow:
    """All readers in one arm on the films of which the run's advice is of one kind.

    Attributes
    ----------
    kind : {'right', 'wrong', 'none'}
    right : Rate
        Share of right verdicts; n counts films, and the interval is nan where none can be given.
    followed : float
        Share of verdicts that are the run's side; nan where it takes none.
    """

    kind: str
    arm: Arm
    films: int
    right: Rate
    followed: float
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class StudyResults:
    """What the readers who have finished found.

    Attributes
    ----------
    area, sensitivity, specificity, log_seconds : ReaderStudyAnalysis
        By arm; of times the mean of the natural logarithm of s.
    correct : mapping of str to ReaderStudyAnalysis
        Shares of right verdicts on the films of which the run's advice is right, wrong or none, as
        far as there are two such films.
    interrupted : int
        Reads of films that were opened more than once.
    """

    arrays: StudyArrays
    area: ReaderStudyAnalysis
    sensitivity: ReaderStudyAnalysis
    specificity: ReaderStudyAnalysis
    log_seconds: ReaderStudyAnalysis
    readers: tuple[ReaderRow, ...]
    by_advice: tuple[AdviceRow, ...]
    correct: Mapping[str, ReaderStudyAnalysis]
    interrupted: int


def arrange(study: KeptStudy, readings: Sequence[StudyReading]) -> StudyArrays:
    """Return the reads of those who have finished.

    Raises
    ------
    TeachingError
        If fewer than two have.
    """
    readers = finished_readers(study, readings)
    if len(readers) < FEWEST_READERS:
        raise TeachingError(
            msg(
                "{n} of {readers} readers have read every film in every arm. Results need two.",
                n=len(readers),
                readers=len(study.design.readers),
            )
        )
    arms, cases = study.design.arms, study.design.cases
    by = {(one.arm, one.reader, one.film_id): one for one in readings}
    found = [
        [[by[arm, reader, case.film_id] for case in cases] for reader in readers] for arm in arms
    ]

    def each(take: Callable[[StudyReading], float]) -> Floats:
        return np.array([[[take(one) for one in of] for of in arm] for arm in found], np.float64)

    verdicts = [study.advice[case.film_id].verdict for case in cases]
    side = {Verdict.PNEUMONIA: 1.0, Verdict.NORMAL: 0.0, Verdict.UNSURE: np.nan}
    advised = np.array([side[verdict] for verdict in verdicts])
    ill = np.array([case.ill for case in cases], np.bool_)
    right = np.where(np.isnan(advised), np.nan, (advised == 1.0) == ill)
    times = each(lambda one: max(one.seconds, SHORTEST_S))
    once = each(lambda one: one.openings) <= 1
    return StudyArrays(
        arms=arms,
        readers=readers,
        films=tuple(case.film_id for case in cases),
        ratings=each(lambda one: one.answer.rating),
        called_ill=each(lambda one: one.answer.verdict is Verdict.PNEUMONIA) == 1.0,
        seconds=np.where(once, times, np.nan),
        all_seconds=times,
        ill=ill,
        advice_right=np.asarray(right, np.float64),
        advised_ill=advised,
    )


def analyse_study(study: KeptStudy, readings: Sequence[StudyReading]) -> StudyResults:
    """Return what a study found.

    Raises
    ------
    TeachingError
        If fewer than two readers have read every film in every arm.
    """
    arrays = arrange(study, readings)
    right, kinds = arrays.right, _kinds(arrays)
    correct = {
        kind: analyse_means(right[:, :, of]) for kind, of in kinds.items() if int(of.sum()) > 1
    }
    return StudyResults(
        arrays=arrays,
        area=analyse_readers(arrays.ratings, arrays.labels),
        sensitivity=analyse_means(right[:, :, arrays.ill]),
        specificity=analyse_means(right[:, :, ~arrays.ill]),
        log_seconds=analyse_means(np.log(arrays.all_seconds)),
        readers=tuple(_reader_rows(arrays)),
        by_advice=tuple(_advice_rows(arrays, correct)),
        correct=correct,
        interrupted=int(np.isnan(arrays.seconds).sum()),
    )


def _reader_rows(arrays: StudyArrays) -> list[ReaderRow]:
    rows = []
    for r, reader in enumerate(arrays.readers):
        for a, arm in enumerate(arrays.arms):
            called, ill = arrays.called_ill[a, r], arrays.ill
            rows.append(
                ReaderRow(
                    reader,
                    arm,
                    roc_auc(arrays.ratings[a, r], arrays.labels, separated_too=True),
                    wilson_rate(int(called[ill].sum()), int(ill.sum())),
                    wilson_rate(int((~called[~ill]).sum()), int((~ill).sum())),
                    _median(arrays.seconds[a, r]),
                )
            )
    return rows


def _kinds(arrays: StudyArrays) -> Mapping[str, Flags]:
    """Return the films on which the run's advice is right, wrong or none, as far as there are any.

    Each is an (N,) bool ndarray.
    """
    kinds = {
        "right": arrays.advice_right == 1.0,
        "wrong": arrays.advice_right == 0.0,
        "none": np.isnan(arrays.advice_right),
    }
    return {kind: of for kind, of in kinds.items() if of.any()}


def _advice_rows(
    arrays: StudyArrays, correct: Mapping[str, ReaderStudyAnalysis]
) -> list[AdviceRow]:
    rows = []
    for kind, of in _kinds(arrays).items():
        n, right = int(of.sum()), arrays.right[:, :, of]
        found = correct[kind].arms if kind in correct else ()
        for a, arm in enumerate(arrays.arms):
            share = float(right[a].mean())
            follows = arrays.called_ill[a][:, of] == (arrays.advised_ill[of] == 1.0)
            rows.append(
                AdviceRow(
                    kind,
                    arm,
                    n,
                    rate_of(found[a], n) if found else Rate(share, np.nan, np.nan, n),
                    float("nan") if kind == "none" else float(follows.mean()),
                    _median(arrays.seconds[a][:, of]),
                )
            )
    return rows


def rate_of(estimate: Estimate, n: int) -> Rate:
    """Return a share or an area with its interval inside [0, 1].

    Where neither readers nor films differ no interval can be given: its ends are nan.
    """
    if estimate.error == 0.0:
        return Rate(estimate.value, float("nan"), float("nan"), n)
    return Rate(estimate.value, max(estimate.low, 0.0), min(estimate.high, 1.0), n)


def _median(seconds: Floats) -> float:
    known = seconds[~np.isnan(seconds)]
    return float(np.median(known)) if known.size else float("nan")


# --- taken out -----------------------------------------------------------------------------------


def reader_codes(study: KeptStudy) -> Mapping[str, str]:
    """Return what stands for each reader's name in files that leave the site."""
    return {name: f"reader{number}" for number, name in enumerate(study.design.readers, 1)}


def case_numbers(study: KeptStudy) -> Mapping[str, int]:
    """Return the number of each film in files that leave the site: names may tell the truth."""
    return {case.film_id: number for number, case in enumerate(study.design.cases, 1)}


def rated_study(study: KeptStudy, readings: Sequence[StudyReading]) -> RatedStudy:
    """Return the ratings of those who have finished, readers and films by number.

    Raises
    ------
    TeachingError
        If fewer than two readers have.
    """
    arrays, codes, numbers = arrange(study, readings), reader_codes(study), case_numbers(study)
    return RatedStudy(
        tuple(arm.value for arm in arrays.arms),
        tuple(codes[name] for name in arrays.readers),
        tuple(str(numbers[film]) for film in arrays.films),
        arrays.ratings,
        arrays.labels,
    )


def study_as_imrmc(study: KeptStudy, readings: Sequence[StudyReading]) -> str:
    """Return the ratings in the format of iMRMC, with the counts that its readers look for.

    Raises
    ------
    TeachingError
        If fewer than two readers have finished.
    """
    rated = rated_study(study, readings)
    ill = int(rated.labels.sum())
    title = " ".join(study.design.name.split())
    about = (
        f"Reader study: {title}\n"
        "Ratings 0 to 100, the surer of pneumonia the higher. Readers and films by number.\n"
        f"N0: {len(rated.labels) - ill}\nN1: {ill}\n"
        f"NR: {len(rated.readers)}\nNM: {len(rated.arms)}"
    )
    truth = dict(zip(rated.cases, (bool(label) for label in rated.labels), strict=True))
    return write_imrmc(ratings_of(rated), truth, about)


COLUMNS = (
    *("study", "reader", "session", "place", "case", "pneumonia", "arm", "verdict", "rating"),
    *("seconds", "openings", "run", "run_score", "run_side", "run_right", "marks", "read_at_utc"),
)


def study_rows(
    study: KeptStudy, readings: Sequence[StudyReading]
) -> list[tuple[str | float | None, ...]]:
    """Return every read of a study under `COLUMNS`, readers and films by number."""
    codes, numbers = reader_codes(study), case_numbers(study)
    ill = {case.film_id: case.ill for case in study.design.cases}
    rows: list[tuple[str | float | None, ...]] = []
    for one in readings:
        advice = study.advice[one.film_id]
        right = advice.is_right(ill=ill[one.film_id])
        marks = ";".join(" ".join(f"{edge:.4f}" for edge in m.edges) for m in one.answer.marks)
        rows.append(
            (
                *(study.study_id, codes[one.reader], one.session + 1, one.place + 1),
                *(numbers[one.film_id], int(ill[one.film_id]), one.arm.value),
                *(one.answer.verdict.value, one.answer.rating, round(one.seconds, 1)),
                *(one.openings, study.run_id, advice.probability, advice.side),
                *(
                    "" if right is None else int(right),
                    marks,
                    one.read_at.isoformat("T", "seconds"),
                ),
            )
        )
    return rows
