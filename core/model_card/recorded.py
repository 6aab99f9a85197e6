"""Words that a run's records state in English, as the card says them to its reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from core.domain.model import RunRecord
from core.language.numbers import day_text
from core.language.words import Message, msg, tr

_STATED = (
    # parts of the films
    msg("validation patients"),
    msg("validation films of patients who are also in training"),
    msg("official test split"),
    msg("official test split, patients not in training or validation"),
    msg("official test split, bacterial pneumonia and all normals"),
    msg("official test split, viral pneumonia and all normals"),
    msg("external adults (NIH), out of population"),
    # how the threshold and the band were chosen
    msg("learn then test: exact binomial p-values in a fixed sequence from 100 films a side"),
    # films by part
    msg("train"),
    msg("validation"),
    msg("test"),
    # settings of the training
    msg("patients"),
    msg("films"),
    msg("cosine"),
    msg("constant"),
    # films of the reference
    msg("bacteria"),
    msg("virus"),
    # films that the maps were measured on
    msg("synthetic"),
    msg("films with one of four kinds of synthetic lesion, seeds from 7001 on"),
    msg("pasted"),
    msg(
        "real normal films of validation patients, each with a synthetic lesion that makes the "
        "run call it pneumonia"
    ),
    msg("adults"),
    msg("external adults with radiologists' boxes"),
    # maps
    msg(
        "class activation map, averaged with the mirrored film's, of lung that is brighter than a "
        "drawing of the same lung without a lesion (the network that draws learned from synthetic "
        "lesions of other seeds, on other patients' films)"
    ),
    msg("CAM, whole lungs"),
    msg("class activation map of the whole lungs"),
    msg(
        "orthogonal masks, as many as it takes until the five strongest regions stay the same; a "
        "hidden region takes the grey of dark lung"
    ),
    msg("occlusion"),
    msg("each region of the lungs hidden once, alone, by the grey of dark lung"),
    msg("LIME, random masks"),
    msg("300 random masks, as in lime; the grey of dark lung"),
    msg("LIME, healthy fill"),
    msg("300 orthogonal masks; a hidden region takes that drawing"),
    msg("LIME, own mean"),
    msg("300 random masks; a hidden region takes its own mean grey, as in lime"),
    msg("CAM of another film"),
    msg("the map of the next film of the set (control)"),
    msg("CAM shuffled"),
    msg("its weights exchanged at random between the lungs' regions (control)"),
    msg("random lung region"),
    msg("a weight at random for each region of the lungs (control)"),
    msg("centre of the lungs"),
    msg("how deep a region lies inside the lungs (control)"),
    msg("brightest in the lungs"),
    msg("how bright a region of the lungs is (control)"),
    # layers
    msg("last layer"),
    msg("all"),
)
"""What records state, for the catalogues; the records themselves stay as they were written."""

_WITH_NUMBERS = (
    msg("{n} validation films drawn at random, {ill} with pneumonia"),
    msg("down to {width} x {height} maps"),
    msg("taken as {threshold} for want of validation films; measured on {films}"),
    msg("stated as {threshold}, not chosen on films; measured on {films}"),
)


def recorded(text: str) -> Message:
    """Return what a record states, to be said to its reader; other texts stay as they are."""
    for template in _WITH_NUMBERS:
        found = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(template)), text)
        if found:
            return msg(
                str(template), **{name: msg(part) for name, part in found.groupdict().items()}
            )
    return msg(text)


def split_text(part: Mapping[str, Any]) -> str:
    """Return what a part of the data is, of what a run measured on it."""
    return tr(recorded(part["split"]))


def day_made(run: RunRecord) -> str:
    """Return the day on which a run was made."""
    return day_text(date.fromisoformat(run.created[:10]))


def begin(text: str) -> str:
    """Return a text with a capital letter, as a sentence begins."""
    return text[:1].upper() + text[1:]
