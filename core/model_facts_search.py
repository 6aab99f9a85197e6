"""Where a run fails more than elsewhere, by the declared search that the app shows as a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.domain import RunRecord
from core.failing_search import (
    DecidedFilms,
    SliceResult,
    confirm_slices,
    decide_films,
    search_slices,
)
from core.failing_slices import declare_space
from core.film_facts import read_facts
from core.film_features import read_features
from core.model_facts_document import say_rate
from core.predictions import Predictions

SEARCHED, HELD = "validation", "test"


@dataclass(frozen=True, slots=True)
class SearchedSlices:
    """What the search over slices of the validation films found.

    Attributes
    ----------
    looked_at : int
        Tests, for whose number findings are corrected.
    found : tuple of (str, SliceResult)
        Each slice in words, and what was found on the films that were searched.
    held : int
        Of these, with films enough on the official test split to be tested again.
    confirmed : int
        Found again there.
    """

    looked_at: int
    found: tuple[tuple[str, SliceResult], ...]
    held: int
    confirmed: int


def search_run(run: RunRecord, said: Predictions, facts_file: Path) -> SearchedSlices | None:
    """Search a run's validation films; None if there are too few.

    Parameters
    ----------
    run : RunRecord
    said : Predictions
        Of all films that it is measured on.
    facts_file : Path
        The table of what is known of the films.

    Raises
    ------
    DatasetError, ModelIntegrity
        If a table cannot be read.
    """
    facts, features = read_facts(facts_file), read_features(run)
    parts = {split: said.of_split(split) for split in (SEARCHED, HELD)}
    if not all(map(len, parts.values())):
        return None
    places = {
        split: None if features is None else features.places_of(part.films.film_id)
        for split, part in parts.items()
    }
    space = declare_space(parts[SEARCHED], facts, places[SEARCHED])
    members = {split: space.members(part, places[split]) for split, part in parts.items()}
    decided = {split: _decide(run, part) for split, part in parts.items()}
    results = search_slices(decided[SEARCHED], members[SEARCHED])
    if not results:
        return None
    failing = [result for result in results if result.failing]
    confirmed = confirm_slices(failing, decided[HELD], members[HELD])
    return SearchedSlices(
        looked_at=len(results),
        found=tuple((space.words_of(result.key), result) for result in failing),
        held=len(confirmed),
        confirmed=sum(result.failing for result in confirmed.values()),
    )


def _decide(run: RunRecord, part: Predictions) -> DecidedFilms:
    films, threshold = part.films, run.operating_point.threshold
    return decide_films(part.probability, films.label, films.patient, threshold)


def say_searched(searched: SearchedSlices) -> str:
    """Return in words what was found, how bad it is there, and what the test says of it."""
    if not searched.found:
        return (
            f"None of {searched.looked_at} tests finds a slice of its validation films that is "
            "worse than the rest, corrected for their number."
        )
    words, worst = searched.found[0]
    n, again = len(searched.found), searched.confirmed
    few = n - searched.held
    unknown = f"; {few} {'has' if few == 1 else 'have'} too few films there" if few else ""
    return (
        f"{n} of {searched.looked_at} tests {'finds' if n == 1 else 'find'} a slice of its "
        f"validation films that is worse than the rest, corrected for their number, first {words}: "
        f"{worst.rate} {say_rate(worst.inside)}, elsewhere {say_rate(worst.outside)}. On the "
        f"official test split {again or 'none'} of these {'is' if again < 2 else 'are'} "
        f"confirmed{unknown}."
    )
