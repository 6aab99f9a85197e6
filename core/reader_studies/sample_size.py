"""How many films a study needs, by the variances of an earlier one.

References
----------
.. [1] C. W. Van Dyke et al., 79th RSNA meeting (1993): five radiologists, two kinds of magnetic
   resonance images, 114 patients, 45 of them with a dissection of the aorta; its variances as the
   Medical Image Perception Laboratory of Iowa publishes them (OR-DBM MRMC 2.51).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import DatasetError
from core.reader_studies.imrmc import RatedStudy
from core.stats.mrmc import (
    POWER,
    Covariances,
    ReaderStudyAnalysis,
    analyse_readers,
    cases_for_power,
    compare_arms,
)

READERS = (3, 4, 5, 6, 8, 10, 15)
"""For which numbers of readers the films are counted."""


@dataclass(frozen=True, slots=True, eq=False)
class Pilot:
    """A study whose variances are taken over, and its number of films."""

    analysis: ReaderStudyAnalysis
    films: int
    share_ill: float


def published_pilot() -> Pilot:
    """Return the published study of this module's reference."""
    areas = np.array(
        [
            [0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066],
            [0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169],
        ]
    )
    found = Covariances(error=0.00080229, cov1=0.00034661, cov2=0.00034407, cov3=0.00023903)
    return Pilot(compare_arms(areas, found, [0.00048396, 0.00020419]), 114, 45 / 114)


def pilot_of(study: RatedStudy) -> Pilot:
    """Return what a study of ratings gives; raises DatasetError as `analyse_readers`."""
    found = analyse_readers(study.ratings, study.labels)
    return Pilot(found, len(study.cases), float(study.labels.mean()))


def films_needed(
    pilot: Pilot, difference: float, power: float = POWER, readers: Sequence[int] = READERS
) -> dict[int, int | None]:
    """Return by number of readers how many films find a difference of ROC areas.

    None where so few readers cannot find it with any number of films.
    """
    needed: dict[int, int | None] = {}
    for n in readers:
        try:
            needed[n] = cases_for_power(difference, n, pilot.analysis, pilot.films, power)
        except DatasetError:
            needed[n] = None
    return needed
