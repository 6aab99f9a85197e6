"""Reader studies in the format of iMRMC, which its program and R package read.

Free words come first. After the line ``BEGIN DATA:`` stand the truth and the ratings, one a line:
``reader,case,modality,score``; the truth has ``truth`` for reader and modality, and 0 or 1.

References
----------
.. [1] B. D. Gallas et al., iMRMC, https://github.com/DIDSR/iMRMC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import TeachingError
from core.language.words import msg
from core.stats.intervals import Labels

BEGIN = "BEGIN DATA:"
TRUTH = frozenset({"truth", "-1"})


@dataclass(frozen=True, slots=True, eq=False)
class RatedStudy:
    """Ratings of a full crossover.

    Attributes
    ----------
    ratings : (arms, readers, N) float64 ndarray
    labels : (N,) int64 ndarray
    """

    arms: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]
    ratings: npt.NDArray[np.float64]
    labels: Labels


Rating = tuple[str, str, str, float]
"""Reader, case, arm, and the rating: the surer of pneumonia, the higher."""


def write_imrmc(ratings: Iterable[Rating], truth: Mapping[str, bool], about: str = "") -> str:
    """Return a study as text; names that hold a comma or a line break are refused.

    Raises
    ------
    TeachingError
        If a name cannot stand in the format.
    """
    rows = [*(about.splitlines() or ["Ratings of a reader study"]), BEGIN]
    rows += [_row("truth", case, "truth", str(int(ill))) for case, ill in truth.items()]
    rows += [_row(reader, case, arm, repr(score)) for reader, case, arm, score in ratings]
    return "\n".join([*rows, ""])


def _row(*fields: str) -> str:
    for field in fields:
        if "," in field or not field.isprintable() or not field.strip():
            raise TeachingError(
                msg("The name {name!r} cannot stand in an iMRMC file. Change it.", name=field)
            )
    return ",".join(fields)


def read_imrmc(text: str) -> RatedStudy:
    """Read a study in which every reader rated every case in every arm.

    Raises
    ------
    TeachingError
        If the text is not of the format, or a rating is missing, double or not a number.
    """
    lines = [line.strip() for line in text.splitlines()]
    starts = [number for number, line in enumerate(lines) if line.upper() == BEGIN]
    if not starts:
        raise TeachingError(msg("This is no iMRMC file: the line BEGIN DATA: is missing."))
    truth: dict[str, int] = {}
    rated: dict[tuple[str, str, str], float] = {}
    for number, line in enumerate(lines[starts[0] + 1 :], starts[0] + 2):
        if line:
            _take(line, number, truth, rated)
    return _arrange(truth, rated)


def _take(
    line: str, number: int, truth: dict[str, int], rated: dict[tuple[str, str, str], float]
) -> None:
    fields = [field.strip() for field in line.split(",")]
    try:
        reader, case, arm, said = fields
        score = float(said)
    except ValueError as exc:
        raise TeachingError(
            msg(
                "Line {line} is not reader, case, modality, score: {text!r}.",
                line=number,
                text=line,
            )
        ) from exc
    if not np.isfinite(score) or (reader in TRUTH and score not in (0.0, 1.0)):
        raise TeachingError(msg("The score of line {line} cannot be used.", line=number))
    known = truth if reader in TRUTH else rated
    key = case if reader in TRUTH else (arm, reader, case)
    if key in known:
        raise TeachingError(msg("Line {line} repeats what an earlier line says.", line=number))
    if reader in TRUTH:
        truth[case] = int(score)
    else:
        rated[arm, reader, case] = score


def _arrange(truth: Mapping[str, int], rated: Mapping[tuple[str, str, str], float]) -> RatedStudy:
    arms, readers = (_in_order(key[place] for key in rated) for place in (0, 1))
    cases = tuple(truth)
    unknown = _in_order(case for _, _, case in rated if case not in truth)
    if unknown:
        raise TeachingError(msg("Case {case} has ratings and no truth.", case=unknown[0]))
    lacking = [
        (arm, reader, case)
        for arm in arms
        for reader in readers
        for case in cases
        if (arm, reader, case) not in rated
    ]
    if lacking or not rated:
        raise TeachingError(
            msg(
                "{n} ratings are missing: every reader has to read every case in every arm.",
                n=len(lacking),
            )
        )
    ratings = np.array(
        [[[rated[arm, reader, case] for case in cases] for reader in readers] for arm in arms]
    )
    labels = np.array([truth[case] for case in cases], np.int64)
    return RatedStudy(arms, readers, cases, ratings, labels)


def _in_order(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def ratings_of(study: RatedStudy) -> Sequence[Rating]:
    """Return the ratings of a study, one by one."""
    return [
        (reader, case, arm, float(study.ratings[a, r, c]))
        for a, arm in enumerate(study.arms)
        for r, reader in enumerate(study.readers)
        for c, case in enumerate(study.cases)
    ]
