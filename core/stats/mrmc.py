"""Several readers, the same cases, two or more ways to read: does one way give a larger ROC area?

The analysis of Obuchowski and Rockette with the degrees of freedom of Hillis, for a design in which
every reader reads every case in every arm.

References
----------
.. [1] N. A. Obuchowski, H. E. Rockette, Commun. Stat. Simul. Comput. 24 (1995) 285-308.
.. [2] S. L. Hillis, Stat. Med. 26 (2007) 596-619.
.. [3] S. L. Hillis, N. A. Obuchowski, K. S. Berbaum, Acad. Radiol. 18 (2011) 129-142.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.errors import DatasetError
from core.language.words import msg
from core.stats.intervals import Labels, structural_components

Floats = npt.NDArray[np.float64]
CONFIDENCE = 0.95
POWER, SIGNIFICANCE = 0.8, 0.05
MOST_CASES = 100_000


@dataclass(frozen=True, slots=True)
class Covariances:
    """How areas vary with the cases that were drawn.

    Attributes
    ----------
    error : float
        Variance of one reader's area in one arm.
    cov1, cov2, cov3 : float
        Covariance of two areas: one reader in two arms; two readers in one arm; two readers, each
        in another arm.
    """

    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its standard error, degrees of freedom, 95 % interval, and p of none."""

    value: float
    error: float
    freedom: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class ReaderStudyAnalysis:
    """What a study with several readers and cases found; all of both are taken for samples.

    Attributes
    ----------
    areas : (arms, readers) float64 ndarray
        ROC areas.
    covariances : Covariances
    reader_variance, arm_reader_variance : float
        Of the areas between readers, and of the arms' effect between readers; they may be negative.
    f_value, freedom, p_value : float
        Of the test that all arms have the same area.
    arms : tuple of Estimate
        The mean area of each arm; the p value is of an area of 0.5.
    differences : dict of (int, int) to Estimate
        First arm less second.
    """

    areas: Floats
    covariances: Covariances
    reader_variance: float
    arm_reader_variance: float
    f_value: float
    freedom: float
    p_value: float
    arms: tuple[Estimate, ...]
    differences: dict[tuple[int, int], Estimate]


def reader_areas(ratings: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Return ROC areas, and the areas without each case in turn.

    Parameters
    ----------
    ratings : (arms, readers, N) float64 ndarray
        The surer of pneumonia, the higher.

    Returns
    -------
    areas : (arms, readers) float64 ndarray
    without : (arms, readers, N) float64 ndarray

    Raises
    ------
    DatasetError
        If either class has fewer than two cases.
    """
    arms, readers, cases = ratings.shape
    areas, without = np.empty((arms, readers)), np.empty((arms, readers, cases))
    ill = labels == 1
    for arm in range(arms):
        for reader in range(readers):
            of_ill, of_well = structural_components(ratings[arm, reader], labels)
            area = of_ill.mean()
            areas[arm, reader] = area
            one = without[arm, reader]
            one[ill] = (len(of_ill) * area - of_ill) / (len(of_ill) - 1)
            one[~ill] = (len(of_well) * area - of_well) / (len(of_well) - 1)
    return areas, without


def jackknife_covariance(without: Floats) -> Floats:
    """Return the (arms * readers, arms * readers) covariance of areas that lack a case in turn."""
    flat = without.reshape(-1, without.shape[-1])
    n = flat.shape[1]
    apart = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray((n - 1) / n * (apart @ apart.T), np.float64)


def mean_covariances(covariance: Floats, arms: int, readers: int) -> Covariances:
    """Return the means over all pairs of each kind, 0 where there is none; see `Covariances`."""
    by = covariance.reshape(arms, readers, arms, readers)
    same_arm = np.eye(arms, dtype=bool)[:, np.newaxis, :, np.newaxis]
    same_reader = np.eye(readers, dtype=bool)[np.newaxis, :, np.newaxis, :]
    kinds = (
        same_arm & same_reader,
        ~same_arm & same_reader,
        same_arm & ~same_reader,
        ~same_arm & ~same_reader,
    )
    found = [by[np.broadcast_to(kind, by.shape)] for kind in kinds]
    return Covariances(*(float(pairs.mean()) if len(pairs) else 0.0 for pairs in found))


def analyse_readers(ratings: Floats, labels: Labels) -> ReaderStudyAnalysis:
    """Compare the arms of a study in which every reader read every case in every arm.

    Parameters
    ----------
    ratings : (arms, readers, N) float64 ndarray
        The surer of pneumonia, the higher.

    Raises
    ------
    DatasetError
        If there are fewer than two arms, two readers, or two cases of either class.
    """
    if min(ratings.shape[:2]) < 2:
        raise DatasetError(
            msg("A study needs two arms and two readers at least, and every reader in every arm.")
        )
    return _compare(*reader_areas(ratings, labels))


def analyse_means(values: Floats) -> ReaderStudyAnalysis:
    """Compare arms by the mean over cases of what each read gave: a share of right reads, a time.

    Means stand in the place of the areas; the p values of single arms mean nothing.

    Parameters
    ----------
    values : (arms, readers, N) float64 ndarray
        Such as 1 for a right read and 0 for a wrong one.

    Raises
    ------
    DatasetError
        If there are fewer than two arms, two readers, or two cases.

    References
    ----------
    .. [1] S. L. Hillis, Stat. Med. 33 (2014) 330-360; it holds for any measure of a reader.
    """
    if min(values.shape) < 2:
        raise DatasetError(
            msg("Means of fewer than two arms, two readers or two cases cannot be compared.")
        )
    means, n = values.mean(axis=2), values.shape[2]
    return _compare(means, (n * means[:, :, np.newaxis] - values) / (n - 1))


def _compare(measured: Floats, without: Floats) -> ReaderStudyAnalysis:
    """Return the analysis of a measure of each reader, and of it without each case in turn."""
    arms, readers = measured.shape
    of_arms = [
        mean_covariances(jackknife_covariance(without[arm : arm + 1]), 1, readers)
        for arm in range(arms)
    ]
    found = mean_covariances(jackknife_covariance(without), arms, readers)
    return compare_arms(measured, found, [one.cov2 for one in of_arms])


def compare_arms(
    areas: Floats, covariances: Covariances, cov2_of_arms: list[float]
) -> ReaderStudyAnalysis:
    """Test areas whose covariances are known.

    Parameters
    ----------
    areas : (arms, readers) float64 ndarray
    cov2_of_arms : list of float
        Of each arm, by its own cases' ratings.
    """
    t, r = areas.shape
    of_arm, of_reader, mean = areas.mean(axis=1), areas.mean(axis=0), areas.mean()
    ms_t = r * float(((of_arm - mean) ** 2).sum()) / (t - 1)
    ms_r = t * float(((of_reader - mean) ** 2).sum()) / (r - 1)
    left = areas - of_arm[:, np.newaxis] - of_reader + mean
    ms_tr = float((left**2).sum()) / ((t - 1) * (r - 1))
    c = covariances
    error = ms_tr + r * max(c.cov2 - c.cov3, 0.0)
    freedom = error**2 / (ms_tr**2 / ((t - 1) * (r - 1))) if ms_tr else np.inf
    f_value = ms_t / error if error else (np.inf if ms_t else 0.0)
    arm_reader = ms_tr - c.error + c.cov1 + (c.cov2 - c.cov3)
    reader = (ms_r - ms_tr) / t - c.cov1 + c.cov3
    spread = float(np.sqrt(2.0 / r * error))
    arms = []
    for arm in range(t):
        ms = float(areas[arm].var(ddof=1))
        total = ms + r * max(cov2_of_arms[arm], 0.0)
        arm_freedom = total**2 / (ms**2 / (r - 1)) if ms else np.inf
        arms.append(_estimate(float(of_arm[arm]), np.sqrt(total / r), arm_freedom, 0.5))
    return ReaderStudyAnalysis(
        areas=areas,
        covariances=c,
        reader_variance=reader,
        arm_reader_variance=arm_reader,
        f_value=float(f_value),
        freedom=float(freedom),
        p_value=float(stats.f.sf(f_value, t - 1, freedom)),
        arms=tuple(arms),
        differences={
            (first, second): _estimate(float(of_arm[first] - of_arm[second]), spread, freedom, 0.0)
            for first, second in combinations(range(t), 2)
        },
    )


def _estimate(value: float, error: float, freedom: float, none: float) -> Estimate:
    half = float(stats.t.ppf((1.0 + CONFIDENCE) / 2.0, freedom)) * error
    p = (
        float(2.0 * stats.t.sf(abs(value - none) / error, freedom))
        if error
        else float(value == none)
    )
    return Estimate(value, float(error), float(freedom), value - half, value + half, p)


def power_of(
    difference: float,
    readers: int,
    cases: int,
    pilot: ReaderStudyAnalysis,
    pilot_cases: int,
    significance: float = SIGNIFICANCE,
) -> float:
    """Return the power of a study of two arms to find a difference of areas.

    Parameters
    ----------
    cases : int
        With as large a share of the ill as in the pilot.
    pilot : ReaderStudyAnalysis
        Whose variances are taken; ``pilot_cases`` is its number of cases.
    """
    c, share = pilot.covariances, pilot_cases / cases
    apart = max(c.cov2 - c.cov3, 0.0) * share
    alone = (c.error - c.cov1) * share
    arm_reader = max(pilot.arm_reader_variance, 0.0)
    ms_tr = arm_reader + alone - apart
    error = ms_tr + readers * apart
    freedom = error**2 / (ms_tr**2 / (readers - 1))
    shifted = readers * difference**2 / 2.0 / error
    if shifted == 0.0:
        return significance
    limit = stats.f.isf(significance, 1, freedom)
    return float(stats.ncf.sf(limit, 1, freedom, shifted))


def cases_for_power(
    difference: float,
    readers: int,
    pilot: ReaderStudyAnalysis,
    pilot_cases: int,
    power: float = POWER,
) -> int:
    """Return the least number of cases for a power; parameters as in `power_of`.

    Raises
    ------
    DatasetError
        If so few readers cannot reach it with any number of cases.
    """
    if power_of(difference, readers, MOST_CASES, pilot, pilot_cases) < power:
        raise DatasetError(
            msg(
                "{readers} readers cannot find a difference of {difference:.3f} with a power of "
                "{power:.2f}, however many cases they read. Take more readers.",
                readers=readers,
                difference=difference,
                power=power,
            )
        )
    low, high = 1, MOST_CASES
    while high - low > 1:
        middle = (low + high) // 2
        enough = power_of(difference, readers, middle, pilot, pilot_cases) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high
