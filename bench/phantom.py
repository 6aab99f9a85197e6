"""Synthetic films against films of training: how alike they are, and what the app makes of them.

The tables of likeness also go into docs/synthetic-films.md, and a picture of them beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from bench.films import encode_picture, open_served_engine
from bench.likeness import describe_group, split_films, tabulate
from bench.likeness_picture import draw_likeness
from bench.results import Section, Target, judge
from bench.timing import rounds_text
from core.datasets.split import read_split
from core.domain.film import Radiograph
from core.domain.model import Prediction
from core.imaging.decoding import decode_radiograph
from core.library.films import PublicLibrary
from core.phantom.film import PhantomFilm, draw_film
from core.phantom.settings import FINDINGS, draw_settings
from core.pipeline import Engine, read_radiograph
from core.settings import PROJECT_ROOT, get_settings
from core.stats.intervals import roc_auc

TITLE = "Synthetic films against real ones"
COMMAND = "python -m bench phantom"
FILMS = 60
"""Synthetic films, half of them normal; and real films of each label."""

SPLITS = 30
"""Times that the real films are split into halves: one split's distance is a matter of chance."""

FIRST_SEED = 250_000
"""Other seeds than those on which the generator was tuned."""

DRAWN_PX = 512
ROUNDS = 5
DOCUMENT = PROJECT_ROOT / "docs" / "synthetic-films.md"
TABLE_BEGINS, TABLE_ENDS = "<!-- likeness -->", "<!-- end of likeness -->"
ABOUT = (
    f"{FILMS} synthetic films against halves of {2 * FILMS} films of the training split, all at "
    f"224 px; means over {SPLITS} random splits. The drawing was adjusted with other seeds' "
    "likeness to films of training and this run's scores of them in view: its AUC here says that "
    "it reads synthetic films, and is no evidence of how well it reads real ones."
)

SECONDS = Target(1.0, "s")
LET_THROUGH = Target(95.0, "%", at_least=True)
AUC = Target(0.9, "of 1", at_least=True)


def real_films(data: Path, models: Path) -> list[Radiograph]:
    """Return films of training: normal ones, then as many with pneumonia.

    Raises
    ------
    DatasetError
        If films or the written split are missing.
    """
    train = read_split(models / "split.json").train
    rng, films = np.random.default_rng(FIRST_SEED), PublicLibrary(data)
    chosen: list[str] = []
    for label in ("NORMAL", "PNEUMONIA"):
        ids = [film_id for film_id in train if f"/{label}/" in film_id]
        chosen.extend(rng.choice(ids, FILMS, replace=False))
    return [decode_radiograph(films.read_bytes(film_id)) for film_id in chosen]


def draw_phantoms() -> list[PhantomFilm]:
    """Draw the films that are compared: normal ones and, in turn, every finding."""
    findings = ["normal" if place % 2 else FINDINGS[1 + place // 2 % 4] for place in range(FILMS)]
    return [
        draw_film(draw_settings(FIRST_SEED + place, finding), height_px=DRAWN_PX)
        for place, finding in enumerate(findings)
    ]


def judge_reading(
    phantoms: Sequence[PhantomFilm], films: Sequence[Radiograph], engine: Engine
) -> list[str]:
    """Let the served run read the films as it reads an upload."""
    predictions = [read_radiograph(film, engine).prediction for film in films]
    read = [
        (phantom, prediction)
        for phantom, prediction in zip(phantoms, predictions, strict=True)
        if prediction is not None
    ]
    labels = np.array([phantom.label for phantom, _ in read])
    probabilities = np.array([prediction.probability for _, prediction in read])
    area = roc_auc(probabilities, labels)
    passed = judge("let through by the gate", 100 * len(read) / len(films), LET_THROUGH)
    ranked = judge("the served run's AUC", area.value, AUC, f"{area.low:.3f} to {area.high:.3f}")
    return [passed, ranked, *_by_finding(read)]


def _by_finding(read: Sequence[tuple[PhantomFilm, Prediction]]) -> list[str]:
    lines = ["", "| finding | n | above the operating point | probability: least, median, most |"]
    lines.append("|---|---|---|---|")
    for finding in FINDINGS:
        of_it = [one for phantom, one in read if phantom.settings.finding == finding]
        values = np.quantile([one.probability for one in of_it], [0, 0.5, 1])
        above = sum(one.probability >= one.operating_point.threshold for one in of_it)
        text = ", ".join(f"{value:.2f}" for value in values)
        lines.append(f"| {finding} | {len(of_it)} | {above} | {text} |")
    return lines


def judge_speed() -> str:
    """Time drawing by the processor's clock: other work on the machine does not count."""
    times = []
    for seed in range(FIRST_SEED, FIRST_SEED + ROUNDS):
        began = time.process_time()
        draw_film(draw_settings(seed), height_px=DRAWN_PX)
        times.append(time.process_time() - began)
    what = f"processor time of one film at {DRAWN_PX} px"
    return judge(what, median(times), SECONDS, rounds_text(times))


def write_table(
    table: Sequence[str],
    document: Path = DOCUMENT,
    marks: tuple[str, str] = (TABLE_BEGINS, TABLE_ENDS),
) -> None:
    """Put tables between their marks in the document on synthetic films."""
    text = document.read_text(encoding="utf-8")
    begins, ends = marks
    before, _, rest = text.partition(begins)
    _, _, after = rest.partition(ends)
    block = "\n\n".join([begins, "\n".join(table), ends])
    document.write_text(before + block + after, encoding="utf-8")


def measure(report: Callable[[str], None]) -> Section:
    """Compare synthetic and real films, and let the app read the synthetic ones.

    Raises
    ------
    DatasetError
        If the films of training or the written split are missing.
    ModelMissing, ModelIntegrity
        If the served run or the gate cannot be used.
    """
    settings = get_settings()
    engine = open_served_engine()
    lines = [judge_speed()]
    phantoms = draw_phantoms()
    films = [decode_radiograph(encode_picture(phantom.pixels, "JPEG")) for phantom in phantoms]
    lines += judge_reading(phantoms, films, engine)
    real = describe_group(real_films(settings.data, settings.models), engine)
    splits = split_films(real, SPLITS, FIRST_SEED)
    synthetic = describe_group(films, engine)
    table = tabulate(synthetic, splits)
    lines += ["", ABOUT, "", *table]
    write_table(table)
    draw_likeness(synthetic, splits[0])
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
