"""How surely copies of a film are found by its fingerprint, and how often other films are taken."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from bench.results import Section
from core.datasets.copies import list_larger
from core.datasets.split import Split, read_split
from core.domain.rate import interval_text
from core.imaging.decoding import decode_radiograph
from core.imaging.fingerprint import (
    COPY_BITS,
    Fingerprints,
    count_differences,
    find_copy,
    fingerprint_of,
    stack_fingerprints,
)
from core.library.films import PublicLibrary
from core.settings import get_settings
from core.stats.intervals import wilson_rate

TITLE = "Copies of films, by their fingerprint"
COMMAND = "python -m bench copies"
Picture = Image.Image
Levels = npt.NDArray[np.float32]


def _jpeg(quality: int) -> Callable[[Picture], Picture]:
    def save(picture: Picture) -> Picture:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=quality)
        return Image.open(buffer).convert("L")

    return save


def _levels(change: Callable[[Levels], Levels]) -> Callable[[Picture], Picture]:
    def apply(picture: Picture) -> Picture:
        changed = np.clip(change(np.asarray(picture, np.float32) / 255.0), 0.0, 1.0)
        return Image.fromarray(np.rint(changed * 255.0).astype(np.uint8))

    return apply


def _cropped(share: float) -> Callable[[Picture], Picture]:
    def crop(picture: Picture) -> Picture:
        x, y = round(share * picture.width), round(share * picture.height)
        return picture.crop((x, y, picture.width - x, picture.height - y))

    return crop


def _marked(picture: Picture) -> Picture:
    marked = picture.copy()
    marked.paste(255, (5, 5, 35, 20))
    return marked


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "saved as JPEG of quality 30": _jpeg(30),
    "saved as JPEG of quality 10": _jpeg(10),
    "half the size": lambda one: one.resize((one.width // 2, one.height // 2)),
    "three times the size": lambda one: one.resize((one.width * 3, one.height * 3)),
    "other proportions, 300 x 220": lambda one: one.resize((300, 220)),
    "softened, Gaussian of 2 px": lambda one: one.filter(ImageFilter.GaussianBlur(2)),
    "brighter by a fifth": _levels(lambda one: one + np.float32(0.2)),
    "darker by a fifth": _levels(lambda one: one - np.float32(0.2)),
    "gamma 0.6": _levels(lambda one: one ** np.float32(0.6)),
    "gamma 1.6": _levels(lambda one: one ** np.float32(1.6)),
    "contrast 1.3": _levels(
        lambda one: (one - np.float32(0.5)) * np.float32(1.3) + np.float32(0.5)
    ),
    "contrast 0.6": _levels(
        lambda one: (one - np.float32(0.5)) * np.float32(0.6) + np.float32(0.5)
    ),
    "black and white exchanged": ImageOps.invert,
    "cropped by 1 % a side": _cropped(0.01),
    "cropped by 2 % a side": _cropped(0.02),
    "cropped by 3 % a side": _cropped(0.03),
    "turned by 1 degree": lambda one: one.rotate(1, Image.Resampling.BICUBIC),
    "histogram equalised": ImageOps.equalize,
    "a white mark over 1 %": _marked,
    "mirrored": ImageOps.mirror,
}


def measure(report: Callable[[str], None]) -> Section:
    """Measure false alarms and hits on the validation films; larger files on the test films.

    Raises
    ------
    DatasetError
        If the public films are not there.
    """
    settings = get_settings()
    split, films = read_split(settings.models / "split.json"), PublicLibrary(settings.data)
    prints = {
        part: stack_fingerprints([_print(films, one) for one in getattr(split, part)])
        for part in ("train", "validation")
    }
    lines: list[str] = []

    def say(line: str) -> None:
        report(line)
        lines.append(line)

    _say_false_alarms(prints["validation"], prints["train"], say)
    _say_hits(films, split, say)
    _say_larger(films, split, say)
    return Section(TITLE, COMMAND, lines)


def _print(films: PublicLibrary, film_id: str) -> bytes:
    return fingerprint_of(decode_radiograph(films.read_bytes(film_id)).pixels)


def _say_false_alarms(
    validation: Fingerprints, train: Fingerprints, say: Callable[[str], None]
) -> None:
    nearest = np.array([count_differences(one.tobytes(), train).min() for one in validation])
    others = np.array(
        [
            count_differences(one.tobytes(), np.delete(validation, row, axis=0)).min()
            for row, one in enumerate(validation)
        ]
    )
    alarms = wilson_rate(int((nearest <= COPY_BITS).sum()), len(nearest))
    say(
        f"Films that differ in at most {COPY_BITS} of 256 bits are copies. None of the "
        f"{len(nearest)} validation films is a copy of one of the {len(train):,} training films, "
        "which are of other patients."
    )
    say("")
    say(
        f"- False alarms: {interval_text(alarms, 4)} of the validation films; the nearest training "
        f"film differs in {nearest.min()} bits, the median one in {np.median(nearest):.0f}"
    )
    apart = others[others > COPY_BITS]
    say(
        f"- Within the validation films {len(others) - len(apart)} are copies of another; of the "
        f"others the nearest, films of the same patient included, differ in {apart.min()} bits"
    )
    say("")


def _say_hits(films: PublicLibrary, split: Split, say: Callable[[str], None]) -> None:
    say("| Validation film, | Found | Median bits | Most bits |")
    say("| --- | --- | --- | --- |")
    pictures = [
        Image.open(io.BytesIO(films.read_bytes(one))).convert("L") for one in split.validation
    ]
    own = [fingerprint_of(np.asarray(one)) for one in pictures]
    for name, change in CHANGES.items():
        changed = [fingerprint_of(np.asarray(change(one))) for one in pictures]
        say(_row(name, own, changed))
    say("")


def _say_larger(films: PublicLibrary, split: Split, say: Callable[[str], None]) -> None:
    """Say how many films of the official test are found by the larger files of the same films."""
    larger = list_larger(get_settings().data)
    known = {one.rsplit("/", 1)[-1].rsplit(".", 1)[0]: one for one in split.test}
    both = [(path, known[stem]) for stem, (path, _) in larger.items() if stem in known]
    if not both:
        return
    own = [_print(films, film_id) for _, film_id in both]
    changed = [fingerprint_of(decode_radiograph(path.read_bytes()).pixels) for path, _ in both]
    say("| Official test film of 224 px, | Found | Median bits | Most bits |")
    say("| --- | --- | --- | --- |")
    say(_row("its original or 1024 px file", own, changed))


def _row(name: str, own: Sequence[bytes], changed: Sequence[bytes]) -> str:
    bits, found = [], 0
    for before, after in zip(own, changed, strict=True):
        one = stack_fingerprints([before])
        bits.append(int(count_differences(after, one)[0]))
        found += find_copy(after, one) is not None
    rate = wilson_rate(found, len(own))
    return (
        f"| {name} | {interval_text(rate, 3)}, n = {rate.n} | {np.median(bits):.0f} | {max(bits)} |"
    )
