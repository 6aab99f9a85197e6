"""Films that occur more than once: in which parts of the data, and under which labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.datasets.film_metadata import FilmFacts


@dataclass(frozen=True, slots=True)
class CopyGroup:
    """Films that are copies of one another.

    Attributes
    ----------
    film_ids : tuple of str
        By name.
    kind : str
        ``exact``: same bytes or pixels; ``near``: joined by at least one re-encoded pair.
    parts, labels, patients : frozenset of str
        Of these films. Labels are the names of their folders.
    """

    film_ids: tuple[str, ...]
    kind: str
    parts: frozenset[str]
    labels: frozenset[str]
    patients: frozenset[str]

    @property
    def across(self) -> bool:
        """True if copies are in several parts of the data."""
        return len(self.parts) > 1

    @property
    def contradicts(self) -> bool:
        """True if copies have different labels."""
        return len(self.labels) > 1


def group_copies(facts: FilmFacts, part_of: Mapping[str, str]) -> tuple[CopyGroup, ...]:
    """Return the groups of copies: across parts first, then those of different labels, by name.

    Parameters
    ----------
    part_of : mapping of str to str
        From a film to its part of the data.
    """
    groups = []
    for name in np.unique(facts.copy_group[facts.copy_group != ""]).tolist():
        of_group = facts.where(facts.copy_group == name)
        film_ids = tuple(sorted(of_group.film_id.tolist()))
        groups.append(
            CopyGroup(
                film_ids=film_ids,
                kind=str(of_group.copy_kind[0]),
                parts=frozenset(part_of.get(film_id, "none") for film_id in film_ids),
                labels=frozenset(film_id.split("/")[-2] for film_id in film_ids),
                patients=frozenset(of_group.patient.tolist()),
            )
        )
    return tuple(
        sorted(groups, key=lambda one: (not one.across, not one.contradicts, one.film_ids))
    )
