"""How often the quality gate refuses a chest film, and how often it lets anything else pass."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from bench.gate_pictures import (
    Named,
    as_film,
    chest_dicom,
    draw_chart,
    draw_shapes,
    draw_sketched_chest,
    draw_text_page,
    other_dicom,
    photographs,
    stating_nothing,
)
from bench.results import Section, Target, judge
from core.datasets.split import read_split
from core.domain.arrays import FloatImage, read_only
from core.domain.film import Radiograph
from core.domain.quality import QualityReport, Severity
from core.domain.rate import Rate
from core.errors import DatasetError, RadiographError
from core.gate.quality import assess_quality
from core.imaging.decoding import decode_radiograph
from core.inference.gate_files import Gate, open_gate
from core.phantom.hand import draw_hand
from core.pipeline import measure_evidence
from core.runs.store import load_run
from core.settings import get_settings
from core.stats.intervals import wilson_rate
from core.training.train_view import PERMISSIVE

TITLE = "Quality gate: what it refuses"
COMMAND = "python -m bench gate"
OFFICIAL_TEST = "official test films"
MAX_REFUSED_PERCENT = Target(0.0, "%")
DRAWN_FILMS = 12
EVERY = 4
"""Turned and inverted films are every fourth of the test films, which keeps the command short."""
NAMED_FILMS = 12

Assess = Callable[[Radiograph], tuple[QualityReport, float]]
"""What the gate says of a film, and the film's distance from the training films."""

CHANGES: dict[str, Callable[[FloatImage], FloatImage]] = {
    "inverted": lambda pixels: np.float32(1.0) - pixels,
    "turned left": np.rot90,
    "turned over": lambda pixels: np.rot90(pixels, 2),
    "turned right": lambda pixels: np.rot90(pixels, 3),
    "mirrored": np.fliplr,
}


class Wanted(StrEnum):
    """What the gate should do with a group."""

    PASS = "pass"  # nosec B105 # no password
    REFUSE = "refuse"
    STATED = "no demand"


BONES = ("arm", "foot", "hand", "knee", "shoulder", "skull", "dental", "photograph", "drawing")
TRUNK = ("whole spine", "abdomen", "pelvis", "spine", "CT")
VIEW_TARGETS = (
    ("lateral films", Wanted.REFUSE, ("chest lateral",), Target(95.0, "%", at_least=True)),
    ("trunk, abdomen, pelvis, spine, CT", Wanted.REFUSE, TRUNK, Target(95.0, "%", at_least=True)),
    ("bones, teeth, pictures", Wanted.REFUSE, BONES, Target(99.0, "%", at_least=True)),
    ("frontal films of other hospitals", Wanted.PASS, ("frontal",), Target(2.0, "%")),
)
"""What is held to a limit over the films of other hospitals, and the kinds that belong to it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Films of one kind; they are made one at a time, as they are asked for."""

    name: str
    wanted: Wanted
    films: Iterable[Named]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """What the gate did with a group.

    Attributes
    ----------
    refused : Rate
        Share refused, with Wilson's 95 % interval.
    codes, flags : Counter
        Films with a refusing, and with a flagging, finding of each code.
    distances : (float, float, float)
        Smallest, median and largest distance from the training films.
    wrong : tuple of str
        Films that the gate treated otherwise than wanted.
    """

    name: str
    wanted: Wanted
    refused: Rate
    codes: Counter[str]
    flags: Counter[str]
    distances: tuple[float, float, float]
    wrong: tuple[str, ...]


def count_refusals(group: Group, assess: Assess) -> GroupRates:
    """Put every film of a group through the gate.

    Raises
    ------
    DatasetError
        If the group has no film.
    """
    codes: Counter[str] = Counter()
    flags: Counter[str] = Counter()
    distances: list[float] = []
    passed, refused = [], []
    for name, film in group.films:
        quality, distance = assess(film)
        distances.append(distance)
        codes.update({f.code for f in quality.findings if f.severity is Severity.REFUSE})
        flags.update({f.code for f in quality.findings if f.severity is Severity.FLAG})
        (refused if quality.refused else passed).append(name)
    if not distances:
        raise DatasetError(
            f"there are no {group.name}: point FIRSTREAD_DATA at the folder with the public films."
        )
    nearest, middle, farthest = np.quantile(distances, [0.0, 0.5, 1.0])
    return GroupRates(
        name=group.name,
        wanted=group.wanted,
        refused=wilson_rate(len(refused), len(distances)),
        codes=codes,
        flags=flags,
        distances=(float(nearest), float(middle), float(farthest)),
        wrong=tuple({Wanted.PASS: refused, Wanted.REFUSE: passed}.get(group.wanted, [])),
    )


def _stored(folder: Path, film_ids: Sequence[str]) -> Iterator[Named]:
    for film_id in film_ids:
        path = folder / film_id
        if not path.is_file():
            raise DatasetError(
                f"no film {path}: point FIRSTREAD_DATA at the folder with the public films."
            )
        yield Path(film_id).stem, decode_radiograph(path.read_bytes())


def _other_hospitals(folder: Path, rows: Sequence[dict[str, str]]) -> Iterator[Named]:
    paths = {path.name: path for path in folder.rglob("*.*")}
    for row in rows:
        try:
            yield Path(row["file"]).stem, decode_radiograph(paths[row["file"]].read_bytes())
        except RadiographError:
            continue  # refused before the gate


def other_hospital_groups(data: Path) -> Iterator[Group]:
    """Group the films of other hospitals by kind, those that were trained on by themselves.

    Raises
    ------
    DatasetError
        If the films are not there.
    """
    folder = data / "gate_views"
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise DatasetError(f"no films of other hospitals at {manifest}: set FIRSTREAD_DATA.")
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    kinds: dict[tuple[str, str, bool], list[dict[str, str]]] = {}
    for row in rows:
        trained = row["wanted"] == "pass" and row["licence"] in PERMISSIVE
        kinds.setdefault((row["wanted"], row["kind"], trained), []).append(row)
    for (wanted, kind, trained), chosen in sorted(kinds.items()):
        name = f"{kind}{' (in the training of the view network)' if trained else ''}"
        yield Group(name, Wanted(wanted), _other_hospitals(folder, chosen))


def _join(measured: Sequence[GroupRates], wanted: Wanted, kinds: Sequence[str]) -> Rate:
    chosen = [
        rates.refused
        for rates in measured
        if rates.wanted is wanted
        and rates.name.startswith(tuple(kinds))
        and "(in" not in rates.name
    ]
    refused = sum(round(rate.value * rate.n) for rate in chosen)
    return wilson_rate(refused, sum(rate.n for rate in chosen))


def _judge_views(measured: Sequence[GroupRates]) -> list[str]:
    lines = []
    for name, wanted, kinds, target in VIEW_TARGETS:
        rate = _join(measured, wanted, kinds)
        note = f"{rate.low:.1%} to {rate.high:.1%}, n = {rate.n}"
        lines.append(judge(f"{name} refused", rate.value * 100, target, note))
    return lines


def _gapped(films: Iterable[Named], share: float, grey: float) -> Iterator[Named]:
    """Take rows away: at the end of every second film, inside the others."""
    for number, (name, film) in enumerate(films):
        pixels = np.array(film.pixels)
        rows = round(share * len(pixels))
        start = len(pixels) - rows if number % 2 else round(0.35 * len(pixels))
        pixels[start : start + rows] = grey
        yield name, replace(film, pixels=read_only(pixels))


def _changed(films: Iterable[Named], change: Callable[[FloatImage], FloatImage]) -> Iterator[Named]:
    for name, film in films:
        yield name, replace(film, pixels=read_only(np.ascontiguousarray(change(film.pixels))))


def _drawn(draw: Callable[[int], FloatImage]) -> Iterator[Named]:
    return ((f"seed {seed}", as_film(draw(seed))) for seed in range(DRAWN_FILMS))


def _grey(films: Iterable[Named]) -> Iterator[Named]:
    return ((name, replace(film, colourfulness=0.0)) for name, film in films)


def _chest_groups(data: Path, models: Path) -> Iterator[Group]:
    split = read_split(models / "split.json")
    kermany, nih = data / "kermany224", data / "nih_rsna" / "images"
    adults = sorted(path.name for path in nih.glob("*.jpg"))
    dicom = data / "dicom_cr" / "files"
    yield Group(OFFICIAL_TEST, Wanted.PASS, _stored(kermany, split.test))
    yield Group("validation films", Wanted.PASS, _stored(kermany, split.validation))
    yield Group("adults of another hospital (NIH)", Wanted.PASS, _stored(nih, adults))
    yield Group("chest DICOM", Wanted.PASS, chest_dicom(dicom))
    for change, apply in CHANGES.items():
        wanted = Wanted.STATED if change == "mirrored" else Wanted.REFUSE
        films = _stored(kermany, split.test[::EVERY])
        yield Group(f"test films {change}", wanted, _changed(films, apply))
    for grey in (0.0, 0.5, 1.0):
        films = _stored(kermany, split.test[::EVERY])
        name = f"test films without a fifth of their rows, grey {grey:g}"
        yield Group(name, Wanted.REFUSE, _gapped(films, 0.2, grey))
    copies = data / "kermany_test_1024"
    if copies.is_dir():
        names = sorted(str(path.relative_to(copies)) for path in copies.rglob("*.jp*g"))
        yield Group("test films at 1024 px", Wanted.PASS, _stored(copies, names))


def _other_groups(data: Path) -> Iterator[Group]:
    dicom = data / "dicom_cr" / "files"
    unstated = ((name, stating_nothing(film)) for name, film in other_dicom(dicom))
    for name, films in {
        "hip, tibia, CT, MR as DICOM": other_dicom(dicom),
        "the same, stating nothing, at 512 px": unstated,
        "photographs and their quarters": photographs(),
        "the same in grey": _grey(photographs()),
        "text pages": _drawn(draw_text_page),
        "drawings": _drawn(draw_shapes),
        "bar charts": _drawn(draw_chart),
        "sketched chests": _drawn(draw_sketched_chest),
        "drawn hands": _drawn(draw_hand),
    }.items():
        yield Group(name, Wanted.REFUSE, films)


def _row(rates: GroupRates) -> str:
    refused = rates.refused
    counts = [
        ", ".join(f"{code} {count}" for code, count in codes.most_common()) or "none"
        for codes in (rates.codes, rates.flags)
    ]
    cells = [
        rates.name,
        str(rates.wanted),
        str(refused.n),
        str(round(refused.value * refused.n)),
        f"{refused.value:.1%} ({refused.low:.1%} to {refused.high:.1%})",
        ", ".join(f"{distance:.2f}" for distance in rates.distances),
        *counts,
    ]
    return "| " + " | ".join(cells) + " |"


def _mistakes(measured: Sequence[GroupRates]) -> list[str]:
    lines = []
    for rates in measured:
        if rates.wrong:
            verb = "passed" if rates.wanted is Wanted.REFUSE else "refused"
            named = ", ".join(rates.wrong[:NAMED_FILMS])
            rest = len(rates.wrong) - NAMED_FILMS
            more = f" and {rest} more" if rest > 0 else ""
            lines.append(f"- wrongly {verb} of {rates.name}: {named}{more}")
    return lines or ["- no film was wrongly refused or passed"]


def _assess_with(gate: Gate, model_px: int) -> Assess:
    def assess(film: Radiograph) -> tuple[QualityReport, float]:
        evidence = measure_evidence(film, gate)
        return assess_quality(film, evidence, gate.limits, model_px), evidence.distance

    return assess


def _table(measured: Sequence[GroupRates], gate: Gate) -> list[str]:
    text = (
        "Share refused with Wilson's 95 % interval (quarters of one picture, and the files of one "
        "DICOM image, are not independent of each other), distance from the training films "
        f"(smallest, median, largest; the limit is {gate.limits.distance:.2f}), and films by "
        "refusing and by flagging finding."
    )
    columns = ["films", "wanted", "n", "refused", "share", "distance", "refused for", "flagged for"]
    head = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return ["", text, "", *head, *map(_row, measured)]


def measure(report: Callable[[str], None]) -> Section:
    """Put films and everything else through the gate.

    Raises
    ------
    DatasetError
        If films or the written split are missing.
    ModelMissing, ModelIntegrity
        If the gate's network cannot be used.
    """
    settings = get_settings()
    gate = open_gate(settings.models, settings.inference_threads)
    assess = _assess_with(gate, load_run(settings.models / settings.served_run).input_px)
    measured = []
    for groups in (
        _chest_groups(settings.data, settings.models),
        other_hospital_groups(settings.data),
        _other_groups(settings.data),
    ):
        for group in groups:
            measured.append(count_refusals(group, assess))
            report(_row(measured[-1]))
    official = next(rates for rates in measured if rates.name == OFFICIAL_TEST)
    verdict = judge(f"{OFFICIAL_TEST} refused", official.refused.value * 100, MAX_REFUSED_PERCENT)
    verdicts = [verdict, *_judge_views(measured)]
    for line in verdicts:
        report(line)
    return Section(TITLE, COMMAND, [*verdicts, *_mistakes(measured), *_table(measured, gate)])
