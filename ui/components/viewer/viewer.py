"""Show a film, and the regions that a score depends on, in the browser.

Two components share one element. The film's pixels are one message and the regions another, so a
new explanation does not send the film again: Streamlit replaces an unchanged message by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.domain.arrays import FloatVector, LabelImage
from core.domain.mark import MAX_MARKS, Edges
from core.domain.regions import Explanation
from core.errors import ExplanationError
from core.explain.region_words import BY_LIME, Scale, box_shares, scale_of, zone_words
from core.language.words import msg, tr
from ui.components.declare import declare
from ui.components.events import marks_of, rerun_only, state_of
from ui.components.viewer.film_bytes import FilmView

TRUTH_CELLS = 512
"""A truth's outline has at most so many cells along its longer side."""
_HERE = Path(__file__).parent


_VIEWER_SCRIPTS = (
    "regions.js",
    "painting.js",
    "viewer.js",
    "turning.js",
    "drawing.js",
    "contrast.js",
    "magnifying.js",
    "choosing.js",
    "listing.js",
    "controls.js",
    "marking.js",
    "measuring.js",
    "linking.js",
    "switching.js",
    "saving.js",
    "words.js",
)
_film_component = declare("first_read_film", _HERE, ("film.js",))
_viewer_component = declare("first_read_viewer", _HERE, _VIEWER_SCRIPTS, "viewer")


@dataclass(frozen=True, slots=True, eq=False)
class RegionOverlay:
    """Regions of a film and how much a score depends on each.

    Attributes
    ----------
    segments : (h, w) int32 ndarray
        Labels 0..K-1 on a grid over ``box``, each axis scaled by itself.
    weights : (K,) float64 ndarray
        Positive: for pneumonia.
    box : (float, float, float, float)
        Top, left, bottom, right of what the model looks at, as shares of the film's sides.
    zones : tuple of str
        Each region's place in the patient's body, from `core.explain.zones`; empty if not known.
    called : str
        What one of them is called.
    """

    segments: LabelImage
    weights: FloatVector
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    zones: tuple[str, ...] = ()
    scale: Scale = BY_LIME
    called: str = msg("Region")

    @classmethod
    def from_explanation(cls, explanation: Explanation) -> RegionOverlay:
        """Return the overlay of an explanation."""
        shares, scale = box_shares(explanation.geometry), scale_of(explanation)
        return cls(explanation.segments, explanation.weights, shares, explanation.zones, scale)

    @property
    def regions_id(self) -> str:
        """What tells these regions from others, also in the list beside the film."""
        labels = np.ascontiguousarray(self.segments, dtype="<u2")
        weights = np.asarray(self.weights, dtype="<f8")
        return hashlib.sha256(labels.tobytes() + weights.tobytes()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Marking:
    """A reader's marks on the film.

    Attributes
    ----------
    token : str
        Tells one read of a film from the next.
    marks : tuple of Edges
        As they are kept; in the browser they are taken over once for each token.
    edit : bool
        Whether marks can be set; otherwise they are only shown.
    most : int
        The oldest mark goes when there are more.
    draft : bool
        Whether the browser keeps the marks of this token through a reload of the page.
    """

    token: str
    marks: tuple[Edges, ...] = ()
    edit: bool = True
    most: int = 5
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Switching:
    """Regions that a click hides from the model; marks are boxes that are hidden too.

    Attributes
    ----------
    token : str
        Names the regions and what the page has undone; ``off`` is taken over once for each.
    """

    token: str
    off: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two films side by side, whose zoom, place and window move together until a person parts them.

    Attributes
    ----------
    name : str
        The same for both films.
    label : str
        What stands above this film.
    companion : bool
        Whether this is the film beside the open one: keys of the page and tools are not for it.
    """

    name: str
    label: str
    companion: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """What the film with its regions is saved as: the file's name, and the lines below the film."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TruthOutline:
    """The truth for marks: a (H, W) mask of lesion or lungs, or a box, a radiologist's or own.

    Attributes
    ----------
    reader : (int, str) or None
        Of a mark that one of several readers has set: which of them, from 0, and the name.
    """

    kind: Literal["lesion", "lung", "box", "own", "reader"]
    mask: npt.NDArray[np.bool_] | None = None
    box: Edges | None = None
    reader: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class RegionClick:
    """The region of ``film_sha256`` that a person chose; ``label`` indexes the weights."""

    film_sha256: str
    label: int


def show_film(
    film: FilmView,
    *,
    regions: RegionOverlay | None = None,
    key: str,
    height: int | str = 720,
    page_keys: Sequence[tuple[str, str]] = (),
    marking: Marking | None = None,
    truths: Sequence[TruthOutline] = (),
    switching: Switching | None = None,
    picture: Picture | None = None,
    pair: Pair | None = None,
    origin: str = "",
) -> RegionClick | None:
    """Draw one film in the page.

    Parameters
    ----------
    regions : RegionOverlay or None
        None shows the film alone, without the controls for regions.
    key : str
        Identifies this viewer on the page; zoom, window and overlay choices belong to it.
    height : int or str
        Of the toolbar and the stage together, in CSS pixels or as CSS says it.
    page_keys : sequence of (str, str)
        Keys of the page around the viewer, apart by spaces, and what they do: they stand at the
        end of the list of shortcuts, and the viewer leaves them to the page.
    marking : Marking or None
        None: the film takes no marks. What was marked is had from `read_marks_event`.
    switching : Switching or None
        None: a click chooses a region. What was switched is had from `read_switched_event`.
    picture : Picture or None
        None: the film cannot be saved.
    pair : Pair or None
        None: the film stands alone.
    origin : str
        What a synthetic film's corner says that is not drawn from nothing; else the usual words.

    Returns
    -------
    RegionClick or None
        The region that is chosen on this film in the browser.

    Raises
    ------
    ExplanationError
        If a region has no weight.
    """
    overlay = None if regions is None else _described_regions(regions)
    described: dict[str, object] = {
        "key": key,
        "film": film.film_id,
        "alt": tr(film.alt_text),
        "synthetic": film.synthetic,
        "origin": tr(origin),
        "spacing": film.pixel_spacing_mm,
        "height": height,
        "selected": None,
        "pageKeys": [[keys, tr(act)] for keys, act in page_keys],
        "regions": overlay,
        "marking": None if marking is None else asdict(marking),
        "truths": [_described_truth(truth) for truth in truths],
        "switching": None if switching is None else asdict(switching),
        "caption": None if picture is None else picture.lines,
        "pictureName": None if picture is None else picture.name,
        "pair": None if pair is None else asdict(pair),
    }
    with st.container(gap=None):
        chosen = _viewer_component(
            key=key,
            data=described,
            on_selected_region_change=rerun_only,
            on_marks_change=rerun_only,
            on_switched_change=rerun_only,
        ).selected_region
        _film_component(key=f"{key}-film", data=film.content)
    if not isinstance(chosen, Mapping) or regions is None or overlay is None:
        return None
    if (chosen.get("film"), chosen.get("regions")) != (film.film_id, overlay["id"]):
        return None
    label = chosen.get("label")
    if type(label) is not int or not 0 <= label < len(regions.weights):
        return None
    return RegionClick(film.sha256, label)


def read_marks_event(key: str, token: str) -> tuple[Edges, ...] | None:
    """Return what is marked in the browser; None if nothing was done since the token was new.

    Parameters
    ----------
    key : str
        Of the viewer.
    token : str
        As in `Marking`.
    """
    event = state_of(key, "marks")
    if event is None or event.get("token") != token:
        return None
    return marks_of(event.get("marks"), MAX_MARKS)


def read_switched_event(key: str, token: str, regions: int) -> tuple[int, ...] | None:
    """Return which regions are switched off; None if nothing was done since the token was new.

    Parameters
    ----------
    key : str
        Of the viewer.
    token : str
        As in `Switching`.
    regions : int
        How many there are.
    """
    event = state_of(key, "switched")
    if event is None or event.get("token") != token:
        return None
    labels = event.get("labels")
    if not isinstance(labels, list | tuple) or len(labels) > regions:
        return None
    if not all(type(label) is int and 0 <= label < regions for label in labels):
        return None
    return tuple(dict.fromkeys(labels))


def _described_truth(truth: TruthOutline) -> dict[str, object]:
    """Return an outline as JSON; of a mask a cell for each few pixels, as base64 of 0 and 1."""
    if truth.mask is None:
        return {"kind": truth.kind, "box": truth.box, "reader": truth.reader}
    step = -(-max(truth.mask.shape) // TRUTH_CELLS)
    height, width = (-(-side // step) for side in truth.mask.shape)
    whole = np.zeros((height * step, width * step), np.bool_)
    whole[: truth.mask.shape[0], : truth.mask.shape[1]] = truth.mask
    cells = whole.reshape(height, step, width, step).any(axis=(1, 3))
    return {
        "kind": truth.kind,
        "box": None,
        "cells": base64.b64encode(cells.astype(np.uint8).tobytes()).decode("ascii"),
        "width": truth.mask.shape[1] / step,
        "height": truth.mask.shape[0] / step,
        "columns": width,
    }


def _described_regions(regions: RegionOverlay) -> dict[str, object]:
    """Return the overlay as JSON, labels as base64 of little-endian uint16."""
    lowest, highest = int(regions.segments.min()), int(regions.segments.max())
    if lowest < 0 or highest >= min(len(regions.weights), 2**16):
        raise ExplanationError(
            msg(
                "The regions are labelled {lowest} to {highest} but there are {weights} weights: "
                "each label from 0 needs one. Explain the film again.",
                lowest=lowest,
                highest=highest,
                weights=len(regions.weights),
            )
        )
    labels, scale = np.ascontiguousarray(regions.segments, dtype="<u2"), regions.scale
    return {
        "id": regions.regions_id,
        "labels": base64.b64encode(labels.tobytes()).decode("ascii"),
        "width": labels.shape[1],
        "height": labels.shape[0],
        "box": list(regions.box),
        "weights": [round(float(weight), 6) for weight in regions.weights],
        "zones": [zone_words(zone) for zone in regions.zones],
        "called": regions.called,
        "ofScore": "log odds" in scale.unit,
        **asdict(scale),
        "unit": tr(scale.unit),
        "none": tr(scale.none),
    }
