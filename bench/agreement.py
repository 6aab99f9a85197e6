"""How far a full-size film's probability is from that of its 224 px file.

Training saw the public films at 224 px; doctors upload them at full size. Both files of one film go
the whole way through the pipeline, and the two answers are held against each other. No reference
standard is needed, and none is read.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench.agreement_causes import (
    RECOMPRESSION_QUALITY,
    causes_text,
    compare_with_stored,
    take_apart,
)
from bench.results import Section
from core.domain.film import Radiograph
from core.errors import DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import prepare_input
from core.pipeline import Engine, open_engine, read_radiograph
from core.settings import get_settings

TITLE = "Full-size film against its 224 px file"
COMMAND = "python -m bench agreement"
FULL_SIZE_SETS = {
    "originals": "kermany_fullres",
    "films at 1024 px": "kermany_test_1024",
}
SMALL_FILMS = Path("kermany224", "test")
NAMED_FILMS = 8
LARGE_DIFFERENCE = 0.1

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Read:
    """What the pipeline says of one file."""

    probability: float
    logit: float
    refused: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One film, read from two files."""

    film_name: str
    size_px: tuple[int, int]
    full_size: Read
    small: Read

    @property
    def difference(self) -> float:
        """How far apart the two probabilities are."""
        return abs(self.full_size.probability - self.small.probability)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far apart two reads of the same films are.

    Attributes
    ----------
    probability, logit : (float, float, float, float)
        Median, 90th and 95th percentile and maximum of the absolute difference.
    probability_correlation, logit_correlation : float
        Pearson's, between the two reads.
    logit_shift : float
        Mean of full size minus small.
    decisions_changed : int
        Films on another side of the operating point.
    gate_changed : int
        Films that the quality gate refuses from one file only.
    """

    n: int
    probability: tuple[float, float, float, float]
    logit: tuple[float, float, float, float]
    probability_correlation: float
    logit_correlation: float
    logit_shift: float
    decisions_changed: int
    gate_changed: int


def compare(pairs: Sequence[Pair], threshold: float) -> Agreement:
    """Summarise how two reads of each film differ.

    Parameters
    ----------
    pairs : sequence of Pair
        At least two.
    threshold : float
        The operating point.
    """
    probabilities = _columns(pairs, lambda read: read.probability)
    logits = _columns(pairs, lambda read: read.logit)
    called = probabilities >= threshold
    return Agreement(
        n=len(pairs),
        probability=_spread(probabilities),
        logit=_spread(logits),
        probability_correlation=float(np.corrcoef(probabilities)[0, 1]),
        logit_correlation=float(np.corrcoef(logits)[0, 1]),
        logit_shift=float((logits[0] - logits[1]).mean()),
        decisions_changed=int((called[0] != called[1]).sum()),
        gate_changed=sum(pair.full_size.refused != pair.small.refused for pair in pairs),
    )


def _columns(pairs: Sequence[Pair], value: Callable[[Read], float]) -> Values:
    return np.array([[value(p.full_size) for p in pairs], [value(p.small) for p in pairs]])


def _spread(values: Values) -> tuple[float, float, float, float]:
    differences = np.abs(values[0] - values[1])
    median, ninety, ninety_five, largest = np.quantile(differences, [0.5, 0.9, 0.95, 1.0])
    return float(median), float(ninety), float(ninety_five), float(largest)


def read_once(film: Radiograph, engine: Engine) -> Read:
    """Read a decoded film; a refused one gets its numbers too, so that none is left out."""
    reading = read_radiograph(film, engine)
    model_input = reading.model_input or prepare_input(film, engine.input_px)
    logits = engine.classifier.logits(model_input.tensor[np.newaxis, :, :, np.newaxis])
    probability = float(engine.classifier.calibrate(logits)[0])
    return Read(probability, float(logits[0]), reading.quality.refused)


def find_pairs(full_size: Path, small: Path) -> dict[str, tuple[Path, Path]]:
    """Match the files of two folders by the film's name.

    Returns
    -------
    dict
        Name to (full-size file, 224 px file), sorted by name.

    Raises
    ------
    DatasetError
        If there are no full-size films, or one has no 224 px file.
    """
    beside = {path.stem: path for path in small.glob("*/*.jpeg")}
    found = {path.stem: path for path in sorted(full_size.glob("*.jp*g"))}
    missing = sorted(found.keys() - beside.keys())
    if not found or missing:
        what = (
            f"no 224 px file of {missing[0]} in {small}" if missing else f"no films in {full_size}"
        )
        raise DatasetError(f"{what}: point FIRSTREAD_DATA at the folder with the public films.")
    return {name: (path, beside[name]) for name, path in found.items()}


def read_pairs(full_size: Path, small: Path, engine: Engine) -> Iterator[Pair]:
    """Read both files of every film.

    Raises
    ------
    DatasetError
        If there are no full-size films, or one has no 224 px file.
    """
    for name, (large_file, small_file) in find_pairs(full_size, small).items():
        film = decode_radiograph(large_file.read_bytes())
        beside = decode_radiograph(small_file.read_bytes())
        yield Pair(
            name,
            (film.width_px, film.height_px),
            read_once(film, engine),
            read_once(beside, engine),
        )


def recompress(content: bytes) -> bytes:
    """Store a film as JPEG once more, moved by half a block so that the artefacts are new ones."""
    with Image.open(io.BytesIO(content)) as picture:
        grey = np.roll(np.asarray(picture.convert("L")), 4, axis=(0, 1))
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=RECOMPRESSION_QUALITY)
    with Image.open(io.BytesIO(buffer.getvalue())) as picture:
        back = np.roll(np.asarray(picture), -4, axis=(0, 1))
    lossless = io.BytesIO()
    Image.fromarray(back).save(lossless, "PNG")
    return lossless.getvalue()


def read_recompressed(full_size: Path, small: Path, engine: Engine) -> Iterator[Pair]:
    """Read every 224 px file as it is and after one more compression: the yardstick.

    Raises
    ------
    DatasetError
        If there are no full-size films, or one has no 224 px file.
    """
    for name, (_, small_file) in find_pairs(full_size, small).items():
        content = small_file.read_bytes()
        again, once = decode_radiograph(recompress(content)), decode_radiograph(content)
        size_px = (once.width_px, once.height_px)
        yield Pair(name, size_px, read_once(again, engine), read_once(once, engine))


def _row(label: str, found: Agreement) -> str:
    numbers = [f"{value:.4f}" for value in found.probability]
    numbers += [f"{value:.3f}" for value in found.logit]
    numbers += [f"{found.logit_shift:+.3f}"]
    numbers += [f"{found.probability_correlation:.4f}", f"{found.logit_correlation:.4f}"]
    changes = [str(found.decisions_changed), str(found.gate_changed)]
    return "| " + " | ".join([label, str(found.n), *numbers, *changes]) + " |"


def _worst(label: str, pairs: Sequence[Pair]) -> list[str]:
    large = sum(pair.difference > LARGE_DIFFERENCE for pair in pairs)
    ordered = sorted(pairs, key=lambda pair: -pair.difference)[:NAMED_FILMS]
    text = (
        f"Of the {label}, {large} of {len(pairs)} differ by more than {LARGE_DIFFERENCE} in "
        f"probability; the {len(ordered)} farthest apart:"
    )
    rows = [
        f"| {pair.film_name} | {pair.size_px[0]} x {pair.size_px[1]} "
        f"| {pair.full_size.probability:.3f} | {pair.small.probability:.3f} "
        f"| {pair.full_size.logit:+.2f}, {pair.small.logit:+.2f} |"
        for pair in ordered
    ]
    head = ["| film | pixels | full size | 224 px | logits |", "|---|---|---|---|---|"]
    return ["", text, "", *head, *rows]


def measure(report: Callable[[str], None]) -> Section:
    """Compare both files of every film that exists in two sizes.

    Raises
    ------
    DatasetError
        If the films are not there.
    ModelMissing, ModelIntegrity
        If the served run cannot be used.
    """
    settings = get_settings()
    engine = open_engine(settings.models, settings.served_run, settings.inference_threads)
    threshold = engine.classifier.run_record.operating_point.threshold
    small = settings.data / SMALL_FILMS
    rows, worst, files = [], [], []
    for label, folder in FULL_SIZE_SETS.items():
        full_size = settings.data / folder / "images"
        pairs = list(read_pairs(full_size, small, engine))
        files += find_pairs(full_size, small).values()
        rows.append(_row(label, compare(pairs, threshold)))
        worst += _worst(label, pairs)
        report(rows[-1])
    label = f"yardstick: 224 px, one more JPEG at quality {RECOMPRESSION_QUALITY}"
    rows.append(_row(label, compare(list(read_recompressed(full_size, small, engine)), threshold)))
    report(rows[-1])
    causes = [*causes_text(take_apart(files, engine)), *compare_with_stored(settings.data, engine)]
    return Section(TITLE, COMMAND, [*_introduction(engine), *rows, *causes, *worst])


def _introduction(engine: Engine) -> list[str]:
    run = engine.classifier.run_record
    text = (
        f"Run {run.run_id}, operating point {run.operating_point.threshold:.3f}. Differences are "
        "absolute: median, 90th and 95th percentile, largest. The yardstick is how much the same "
        "224 px file differs from itself after one more JPEG compression."
    )
    columns = ["films", "n", "probability: median", "90 %", "95 %", "largest"]
    columns += ["logit: median", "90 %", "95 %", "largest", "mean shift"]
    columns += ["r, probability", "r, logit", "decisions changed", "gate changed"]
    return [text, "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
