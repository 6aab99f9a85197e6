"""What the page Regions is asked for: a film, a run, how regions are found, what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.domain.regions import (
    SETTINGS,
    CamSettings,
    ExplanationSettings,
    Fill,
    LimeSettings,
    OcclusionSettings,
    Way,
)
from core.language.words import msg, tr
from core.library.film_codes import film_code
from ui.app.explanations import usual_settings
from ui.app.query_params import Param, QueryParams, WrongValue, one_of, word
from ui.app.resources import get_libraries

VISIT = "visit"
"""Stands for a library: the films of the visitor's own worklist."""

CODE_LENGTH = 12
LOOK_AT = {
    "regions": msg("Regions"),
    "what-if": msg("What if"),
    "layers": msg("Layers"),
    "files": msg("Files"),
}
WAYS = {
    "unlike-healthy": Way.CAM,
    "whole-lungs": Way.WHOLE_LUNGS,
    "lime": Way.LIME,
    "occlusion": Way.OCCLUSION,
}
WAY_WORDS = {
    "unlike-healthy": msg("Unlike healthy"),
    "whole-lungs": msg("Whole lungs"),
    "lime": "LIME",
    "occlusion": msg("Occlusion"),
}
REGIONS_RANGE, SAMPLES_RANGE, SEED_RANGE = (10, 120), (100, 10_000), (0, 999)
_OF_A_WAY = ("n", "fill", "samples", "seed")


@dataclass(frozen=True, slots=True)
class RegionsView:
    """What an address asks for; of the settings, None where the way has no such.

    Attributes
    ----------
    film : str
        A code; empty for the film that is open in the worklist.
    run : str
        Empty for the run that serves.
    n : int
        Regions asked for.
    """

    library: str = VISIT
    film: str = ""
    run: str = ""
    look: str = "regions"
    way: str = "unlike-healthy"
    n: int = 0
    fill: Fill | None = None
    samples: int | None = None
    seed: int | None = None

    @property
    def settings(self) -> ExplanationSettings:
        """How the film is explained."""
        settings = usual_settings(WAYS[self.way])
        if isinstance(settings, CamSettings):
            return replace(settings, regions=self.n)
        fill = self.fill or settings.fill
        if isinstance(settings, OcclusionSettings):
            return replace(settings, regions=self.n, fill=fill)
        return replace(
            settings,
            regions=self.n,
            fill=fill,
            samples=self.samples or settings.samples,
            seed=self.seed or 0,
        )


def _number(name: str, limits: tuple[int, int], usual: Callable[..., int | None]) -> Param:
    least, most = limits

    def parse(text: str, values: Any, *_: object) -> int | None:
        if usual(values) is None:
            return None
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else most + 1
        if not least <= number <= most:
            raise WrongValue(tr("is not between {least} and {most}", least=least, most=most))
        return number

    return Param(name, parse, lambda values, *_: usual(values))


def _usual(values: Any) -> ExplanationSettings:
    return SETTINGS[WAYS[values.way]]


def _usual_fill(values: Any) -> Fill | None:
    settings = _usual(values)
    return None if isinstance(settings, CamSettings) else settings.fill


def _parse_fill(text: str, values: Any, *_: object) -> Fill | None:
    if _usual_fill(values) is None:
        return None
    known = {_fill_text(fill): fill for fill in Fill}
    if text not in known:
        raise WrongValue(tr("is not one of {known}", known=", ".join(known)))
    return known[text]


def _fill_text(fill: Fill | None) -> str:
    return "" if fill is None else fill.replace(" ", "-")


def _only_lime(value: Callable[[], int]) -> Callable[..., int | None]:
    return lambda values: value() if WAYS[values.way] is Way.LIME else None


def _usual_samples() -> int:
    settings = usual_settings(Way.LIME)
    assert isinstance(settings, LimeSettings)
    return settings.samples


REGIONS = QueryParams(
    "regions",
    RegionsView,
    one_of("library", lambda *_: (VISIT, *get_libraries()), VISIT, forgets=("film", "run")),
    word("film", ""),
    word("run", ""),
    one_of("look", LOOK_AT),
    one_of("way", WAYS, forgets=_OF_A_WAY),
    _number("n", REGIONS_RANGE, lambda values: _usual(values).regions),
    Param("fill", _parse_fill, lambda values, *_: _usual_fill(values), text=_fill_text),
    _number("samples", SAMPLES_RANGE, _only_lime(_usual_samples)),
    _number("seed", SEED_RANGE, _only_lime(lambda: 0)),
)


def read_for(params: Mapping[str, str], *, evidence: bool) -> tuple[RegionsView, list[str]]:
    """Return the view that an address asks for, by LIME for a run that has no evidence by place.

    Parameters
    ----------
    evidence : bool
        Whether the run's score can be split by place.
    """
    view, complaints = REGIONS.read(params)
    if not evidence and isinstance(view.settings, CamSettings):
        rest = {name: text for name, text in params.items() if name not in _OF_A_WAY}
        view, complaints = REGIONS.read(rest | {"way": "lime"})
        complaints.append(tr("The score of this run cannot be split by place: LIME is shown."))
    return view, complaints


def address_of(library: str, film: str, run: str = "", way: Way | None = None) -> dict[str, str]:
    """Return the query parameters that open a film on the page Regions.

    Parameters
    ----------
    film : str
        Its id, or for a film of the visit its sha256.
    """
    code = film[:CODE_LENGTH] if library == VISIT else film_code(film)
    ways = [name for name, each in WAYS.items() if each is way]
    asked = {"library": library, "film": code, "run": run, "way": ways[0] if ways else ""}
    return {name: text for name, text in asked.items() if text}
