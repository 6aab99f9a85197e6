"""Slices in which a run is worse than elsewhere: exact tests, corrected for their number.

A slice's films are compared with all others of the same class. Fisher's test takes films for
independent, and a patient has several: a slice counts as failing only if the interval of the
difference over patients says so too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from core.datasets.film_metadata import read_facts
from core.domain.model import RunRecord
from core.domain.rate import Rate, rate_text
from core.error_analysis.names import name_text
from core.error_analysis.slices import SliceSpace, declare_space
from core.language.words import msg, tr, trn
from core.runs.embeddings import read_features
from core.runs.predictions import Predictions
from core.stats.bootstrap import draw_patients, interval_of_draws, ratio_of_draws
from core.stats.intervals import Labels, Mask, Scores, holm, wilson_rate

LEAST_FILMS = 20
"""Of the class, in a slice and outside it, for the slice to be looked at."""
SIGNIFICANCE = 0.05
RATES = {"sensitivity": 1, "specificity": 0}
TEST_WORDS = msg(
    "Each subgroup is compared with all other films of the class by Fisher's exact test, "
    "one-sided, with Holm's correction for all tests. The test treats films as independent, but "
    "a patient may have several. A subgroup therefore counts as found only if the bootstrap "
    "interval of the difference over patients also lies below 0."
)


@dataclass(frozen=True, slots=True)
class SliceResult:
    """One rate in one slice, against the same rate in all other films.

    Attributes
    ----------
    rate : str
        A key of `RATES`.
    inside, outside : Rate
        With Wilson's intervals.
    wrong : int
        Films of the slice that are decided wrongly.
    difference : Rate
        Inside less outside, with its interval over patients.
    p_value, adjusted : float
        One-sided, of Fisher's exact test, and by Holm for all tests of the search.
    """

    key: str
    rate: str
    inside: Rate
    outside: Rate
    wrong: int
    difference: Rate
    p_value: float
    adjusted: float

    @property
    def failing(self) -> bool:
        """True if the rate is significantly lower in the slice, over films and over patients."""
        return self.adjusted < SIGNIFICANCE and self.difference.high < 0.0


@dataclass(frozen=True, slots=True, eq=False)
class DecidedFilms:
    """N films, what they are, and whether a run decides them rightly.

    Attributes
    ----------
    label : (N,) int64 ndarray
        1 for pneumonia by the reference standard.
    right : (N,) bool ndarray
    patient : (N,) str ndarray
    """

    label: Labels
    right: Mask
    patient: npt.NDArray[np.str_]


def decide_films(
    probability: Scores, label: Labels, patient: npt.NDArray[np.str_], threshold: float
) -> DecidedFilms:
    """Return films with whether each is on the right side of a threshold."""
    return DecidedFilms(label, np.asarray((probability >= threshold) == (label == 1)), patient)


def fisher_worse(wrong: int, n: int, wrong_outside: int, n_outside: int) -> float:
    """Return the chance of at least so many wrong in a slice if it were like the rest.

    References
    ----------
    .. [1] R. A. Fisher, J. R. Stat. Soc. 85 (1922) 87-94.
    """
    all_wrong, everyone = wrong + wrong_outside, n + n_outside
    return float(stats.hypergeom.sf(wrong - 1, everyone, all_wrong, n))


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """A slice whose films of one class are held against the others of that class."""

    key: str
    rate: str
    here: Mask
    elsewhere: Mask


def search_slices(
    films: DecidedFilms, members: Mapping[str, Mask], seed: int = 0
) -> tuple[SliceResult, ...]:
    """Test sensitivity and specificity in every slice that is large enough.

    Parameters
    ----------
    members : mapping of str to (N,) bool ndarray
        Which films each slice holds.

    Returns
    -------
    tuple of SliceResult
        All that were looked at, the smallest p value first; ``adjusted`` is for their number.
    """
    looked = [_look(key, rate, films, inside) for rate in RATES for key, inside in members.items()]
    results = _test([one for one in looked if one is not None], films, seed)
    return tuple(sorted(results, key=lambda one: (one.p_value, one.key)))


def confirm_slices(
    found: Sequence[SliceResult], films: DecidedFilms, members: Mapping[str, Mask], seed: int = 0
) -> dict[tuple[str, str], SliceResult]:
    """Test slices that were found elsewhere on other films, adjusted for the number found.

    Parameters
    ----------
    films : DecidedFilms
        None of which had a part in the search.
    members : mapping of str to (N,) bool ndarray

    Returns
    -------
    dict
        From key and rate to the result; a slice with too few of these films is not in it.
    """
    nobody = np.zeros(len(films.label), np.bool_)
    looked = [_look(one.key, one.rate, films, members.get(one.key, nobody)) for one in found]
    results = _test([one for one in looked if one is not None], films, seed)
    return {(one.key, one.rate): one for one in results}


def _look(key: str, rate: str, films: DecidedFilms, inside: Mask) -> _Looked | None:
    """Return a slice against the rest of the class; None if either has too few films."""
    of_class = films.label == RATES[rate]
    here, elsewhere = of_class & inside, of_class & ~inside
    large = min(int(here.sum()), int(elsewhere.sum())) >= LEAST_FILMS
    return _Looked(key, rate, here, elsewhere) if large else None


def _test(looked: Sequence[_Looked], films: DecidedFilms, seed: int) -> list[SliceResult]:
    if not looked:
        return []
    counts = [
        (
            int((one.here & ~films.right).sum()),
            int(one.here.sum()),
            int((one.elsewhere & ~films.right).sum()),
            int(one.elsewhere.sum()),
        )
        for one in looked
    ]
    p_values = [fisher_worse(*numbers) for numbers in counts]
    rows = zip(
        looked, counts, p_values, holm(p_values), _differences(looked, films, seed), strict=True
    )
    return [
        SliceResult(
            key=one.key,
            rate=one.rate,
            inside=wilson_rate(n - wrong, n),
            outside=wilson_rate(n_outside - wrong_outside, n_outside),
            wrong=wrong,
            difference=Rate(wrong_outside / n_outside - wrong / n, low, high, n),
            p_value=p_value,
            adjusted=adjusted,
        )
        for one, (wrong, n, wrong_outside, n_outside), p_value, adjusted, (low, high) in rows
    ]


def _differences(
    looked: Sequence[_Looked], films: DecidedFilms, seed: int
) -> list[tuple[float, float]]:
    """Return the interval over patients of each slice's rate less that of the rest."""
    draws = draw_patients(films.patient, seed)
    columns = [
        column
        for one in looked
        for column in (one.here & films.right, one.here, one.elsewhere & films.right, one.elsewhere)
    ]
    totals = draws.totals(*columns)
    return [
        interval_of_draws(
            ratio_of_draws(*totals[at : at + 2]) - ratio_of_draws(*totals[at + 2 : at + 4])
        )
        for at in range(0, len(totals), 4)
    ]


SEARCHED, HELD = "validation", "test"
"""The split that is searched, and the one that findings are held against."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceSearch:
    """The search for slices in which a run fails.

    Attributes
    ----------
    results : tuple of SliceResult
        Every test of the search, the smallest p value first.
    confirmed, elsewhere : dict
        From key and rate to the result on the held films, where these are enough: of the findings,
        adjusted for their number; and of every slice that was looked at, adjusted for theirs.
    """

    space: SliceSpace
    results: tuple[SliceResult, ...]
    confirmed: dict[tuple[str, str], SliceResult]
    elsewhere: dict[tuple[str, str], SliceResult]

    @property
    def failing(self) -> tuple[SliceResult, ...]:
        """The slices that were found."""
        return tuple(result for result in self.results if result.failing)

    @property
    def n_confirmed(self) -> int:
        """Of the slices that were found, those found again on the held films."""
        return sum(result.failing for result in self.confirmed.values())

    def is_confirmed(self, found: SliceResult) -> bool:
        """Return whether a slice that was found is found again on the held films."""
        held = self.confirmed.get((found.key, found.rate))
        return held is not None and held.failing


def search_space(
    space: SliceSpace,
    predictions: Predictions,
    members: Mapping[str, Mapping[str, Mask]],
    threshold: float,
) -> SliceSearch:
    """Search the slices of a space, and test what was found on the held films.

    Parameters
    ----------
    predictions : Predictions
        With the films of both splits.
    members : mapping
        ``SEARCHED`` and ``HELD`` to the films of that split that each slice holds.
    """
    decided = {}
    for split in (SEARCHED, HELD):
        part = predictions.of_split(split)
        films = part.films
        decided[split] = decide_films(part.probability, films.label, films.patient, threshold)
    results = search_slices(decided[SEARCHED], members[SEARCHED])
    failing = [result for result in results if result.failing]
    held = decided[HELD], members[HELD]
    return SliceSearch(
        space, results, confirm_slices(failing, *held), confirm_slices(results, *held)
    )


def search_run(run: RunRecord, predictions: Predictions, facts_file: Path) -> SliceSearch | None:
    """Search a run's validation films; None if there are too few.

    Raises
    ------
    DatasetError, ModelIntegrity
        If a table cannot be read.
    """
    facts, features = read_facts(facts_file), read_features(run)
    parts = {split: predictions.of_split(split) for split in (SEARCHED, HELD)}
    if not all(map(len, parts.values())):
        return None
    places = {
        split: None if features is None else features.places_of(part.films.film_id)
        for split, part in parts.items()
    }
    space = declare_space(parts[SEARCHED], facts, places[SEARCHED])
    members = {split: space.members(part, places[split]) for split, part in parts.items()}
    search = search_space(space, predictions, members, run.operating_point.threshold)
    return search if search.results else None


def searched_text(search: SliceSearch) -> str:
    """Return in words the slices found, the worst rate, and how many the test confirms."""
    tests, found = len(search.results), search.failing
    if not found:
        return tr(
            "None of {tests} tests finds a subgroup of its validation films that is worse than the "
            "rest (Holm-corrected).",
            tests=tests,
        )
    worst, n = found[0], len(found)
    again = [search.confirmed[one.key, one.rate] for one in found if search.is_confirmed(one)]
    few = n - len(search.confirmed)
    sentences = [
        trn(
            "{n} of {tests} tests finds a worse subgroup of its validation films (Holm-corrected).",
            "{n} of {tests} tests find a worse subgroup of its validation films (Holm-corrected).",
            n,
            tests=tests,
        )
    ]
    if again:  # the rates of those: what is not confirmed may be chance
        clearest = search.space.words_of(worst.key)
        sentences += [
            tr("The clearest is {subgroup} (confirmed).", subgroup=clearest)
            if search.is_confirmed(worst)
            else tr("The clearest is {subgroup} (not confirmed).", subgroup=clearest),
            tr(
                "The official test split confirms {n}: {named}.",
                n=len(again),
                named="; ".join(_result_text(search, one) for one in again),
            ),
        ]
    else:
        sentences += [
            tr("The clearest is {subgroup}.", subgroup=_result_text(search, worst)),
            tr("The official test split confirms none."),
        ]
    if few:
        sentences.append(trn("{n} has too few films there.", "{n} have too few films there.", few))
    return " ".join(sentences)


def _result_text(search: SliceSearch, one: SliceResult) -> str:
    """Return a slice in words, with its rate inside and elsewhere."""
    return tr(
        "{subgroup}: {rate} {inside}, elsewhere {outside}",
        subgroup=search.space.words_of(one.key),
        rate=name_text(one.rate),
        inside=rate_text(one.inside),
        outside=rate_text(one.outside),
    )
