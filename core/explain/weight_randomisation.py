"""Whether a run's maps depend on what it has learned: the record of the check, and what it says.

The layers get random weights one stage after another, from the logit down [1]_. A map that stays
the same shows the film and not what the run has learned.

References
----------
.. [1] J. Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018, arXiv:1810.03292.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter
from scipy.stats import rankdata

from core.domain.rate import Rate, interval_text
from core.language.words import msg, tr
from core.runs.artifacts import parse_record

SANITY_FILE = "sanity.json"

RESEMBLES_FROM = 0.5
"""A map resembles another from this rank correlation on, of either sign."""


@dataclass(frozen=True, slots=True)
class RandomisedStage:
    """The maps once the weights down to a layer are random.

    Attributes
    ----------
    layers : str
        Which weights are random, in words.
    signed, absolute : Rate
        Spearman's rank correlation with the trained run's map, as it is and of absolute values: the
        mean over films and draws of weights, with its interval over patients and draws.
    """

    layers: str
    signed: Rate
    absolute: Rate

    @property
    def layers_text(self) -> str:
        """The layers in the reader's language; the record has them in English."""
        sizes = [int(part) for part in self.layers.split() if part.isdigit()]
        known = {
            "all": tr("all"),
            "last layer": tr("last layer"),
            **{f"last {n} layers": tr("last {n} layers", n=n) for n in sizes[:1]},
            **{f"down to {n} x {n} maps": tr("down to {n} x {n} maps", n=n) for n in sizes[:1]},
        }
        return known.get(self.layers, self.layers)

    @property
    def resembles(self) -> bool:
        """Whether the map may still resemble the trained run's, within the intervals."""
        ends = (self.signed.low, self.signed.high, self.absolute.low, self.absolute.high)
        return max(map(abs, ends)) >= RESEMBLES_FROM


@dataclass(frozen=True, slots=True)
class SanityCheck:
    """Maps of a run against those of its network with random weights.

    Attributes
    ----------
    export_sha256 : str
        Of the run's export; another one makes the record void.
    films : str
        What the films are, in words.
    map_layer : str
        Keras' name of the layer that the maps are of.
    draws : int
        Random weights that each film's map was compared with.
    stages : tuple of RandomisedStage
        From the logit alone to all weights.
    """

    run_id: str
    export_sha256: str
    films: str
    map_layer: str
    draws: int
    stages: tuple[RandomisedStage, ...]

    def to_json(self) -> bytes:
        """Return the record as it is kept."""
        return _CHECK.dump_json(self, indent=1) + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> SanityCheck:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not such a record.
        """
        what = msg("{file} is not a record of weight randomisation", file=SANITY_FILE)
        remedy = msg("Restore it, or run `python -m core sanity`.")
        return parse_record(_CHECK, content, what, remedy)


_CHECK = TypeAdapter(SanityCheck)


def correlate_ranks(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> float:
    """Return Spearman's rank correlation of two maps; 0 if one is the same everywhere.

    Parameters
    ----------
    first, second : (h, w) float ndarrays
    """
    ranks = [rankdata(one.ravel()) for one in (first, second)]
    centred = [rank - rank.mean() for rank in ranks]
    norm = float(np.sqrt(np.prod([(rank**2).sum() for rank in centred])))
    return float(centred[0] @ centred[1]) / norm if norm else 0.0


def sanity_text(check: SanityCheck) -> str:
    """Return in sentences whether the maps depend on what was learned."""
    first, last = check.stages[0], check.stages[-1]
    if last.resembles:
        verdict = tr(
            "It may still resemble it: the map shows the film itself more than what the run has "
            "learned. Do not rely on it."
        )
    else:
        verdict = tr("It no longer resembles it, so the map depends on what was learned.")
    all_random = tr(
        "With all weights random, the map's rank correlation with the trained one is {both}.",
        both=_both_text(last),
    )
    some_random = tr(
        "With random weights in the {layers} alone it is {both}.",
        layers=first.layers_text,
        both=_both_text(first),
    )
    return f"{all_random} {verdict} {some_random}"


def _both_text(stage: RandomisedStage) -> str:
    signed, absolute = interval_text(stage.signed, 2), interval_text(stage.absolute, 2)
    return tr("{signed}, of absolute values {absolute}", signed=signed, absolute=absolute)
