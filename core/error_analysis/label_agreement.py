"""One set of films, two reference standards: text-mined labels and radiologists.

A run's rates are computed against each, at the same threshold and on the same films.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.datasets.film_metadata import NORMAL, OPACITY, OTHER_FINDING, FilmFacts
from core.domain.rate import Rate
from core.language.words import msg
from core.stats.intervals import Mask, Scores, wilson_rate

PNEUMONIA = "PNEUMONIA"
READINGS = (OPACITY, OTHER_FINDING, NORMAL)


@dataclass(frozen=True, slots=True)
class ReportedFilms:
    """Radiologists' readings of the films with one text-mined label.

    Attributes
    ----------
    readings : mapping of str to Rate
        By what radiologists said, the share with Wilson's interval.
    """

    text_mined: str
    readings: Mapping[str, Rate]


@dataclass(frozen=True, slots=True)
class ReferenceRates:
    """A run's rates against one reference.

    Attributes
    ----------
    n, ill : int
        Films that it covers, and those that it calls ill.
    sensitivity, specificity : Rate
        With Wilson's intervals, as on the model card.
    """

    words: str
    n: int
    ill: int
    sensitivity: Rate
    specificity: Rate


def compare_labels(facts: FilmFacts) -> tuple[ReportedFilms, ...]:
    """Return the radiologists' readings of the films, by text-mined label.

    Parameters
    ----------
    facts : FilmFacts
        Films that lack one of the two are left out.
    """
    both = (facts.text_mined != "") & (facts.radiologists != "")
    return tuple(
        ReportedFilms(
            str(label),
            {
                reading: _share(facts.radiologists == reading, both & (facts.text_mined == label))
                for reading in READINGS
            },
        )
        for label in np.unique(facts.text_mined[both])[::-1]
    )


def rates_by_reference(
    probability: Scores, facts: FilmFacts, threshold: float
) -> tuple[ReferenceRates, ...]:
    """Return a run's rates against each reference.

    Parameters
    ----------
    facts : FilmFacts
        Of the same N films, each with both labels.
    """
    opacity, reported = facts.radiologists == OPACITY, facts.text_mined == PNEUMONIA
    everyone = np.ones(len(facts), np.bool_)
    references: tuple[tuple[str, Mask, Mask], ...] = (
        (msg("radiologists: opacity or not"), opacity, everyone),
        (msg("text-mined label"), reported, everyone),
        (msg("films on which both agree"), opacity, np.asarray(opacity == reported)),
        (
            msg("radiologists: opacity against normal alone"),
            opacity,
            np.asarray(facts.radiologists != OTHER_FINDING),
        ),
    )
    called = np.asarray(probability >= threshold)
    return tuple(
        ReferenceRates(
            words,
            int(covered.sum()),
            int((ill & covered).sum()),
            _share(called, ill & covered),
            _share(~called, ~ill & covered),
        )
        for words, ill, covered in references
    )


def _share(part: Mask, whole: Mask) -> Rate:
    return wilson_rate(int((part & whole).sum()), int(whole.sum()))
