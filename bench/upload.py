"""From an uploaded file to a probability and on to the regions: the pipeline, and in Chromium."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median

import numpy as np

from bench.films import draw_film, encode_dicom, encode_picture, open_served_engine, require_input
from bench.results import Section, Target, judge
from bench.timing import rounds_text, seconds_of
from bench.upload_browser import InChromium, upload_in_chromium
from core.domain.arrays import FloatImage
from core.domain.regions import CamSettings
from core.pipeline import Engine, Explainable, explain_film, open_healthy, read_film
from core.settings import get_settings

TITLE = "Upload of a 3000 x 3000 film"
COMMAND = "python -m bench upload"
ROUNDS = 5
SIDE_PX = 3000
TO_PROBABILITY = Target(0.6, "s")
TO_REGIONS = Target(1.5, "s")
A_FRAME = Target(16.7, "ms")
"""60 frames a second."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Seconds that one file took in every round."""

    to_probability: list[float] = field(default_factory=list)
    to_regions: list[float] = field(default_factory=list)

    def measure_round(self, content: bytes, engine: Engine, run: Explainable) -> None:
        """Read the file and explain it, once."""
        read_s = seconds_of(partial(read_film, content, engine))
        # As in the app, which keeps what the model saw of the films read last.
        film = require_input(read_film(content, engine))
        explain_s = seconds_of(partial(explain_film, film, run, CamSettings()))
        self.to_probability.append(read_s)
        self.to_regions.append(read_s + explain_s)


def encode_uploads(pixels: FloatImage) -> dict[str, bytes]:
    """Return a film as the files that are read, by what they are."""
    return {
        "8-bit PNG": encode_picture(pixels, "PNG"),
        "12-bit DICOM, uncompressed": encode_dicom(pixels, 12),
        "16-bit DICOM, uncompressed": encode_dicom(pixels, 16),
    }


def judge_upload(what: str, upload: Upload) -> list[str]:
    """Hold one file's rounds to the targets."""
    parts = (
        ("probability (decoding, quality gate, model)", upload.to_probability, TO_PROBABILITY),
        ("regions (the same and their evidence)", upload.to_regions, TO_REGIONS),
    )
    return [
        judge(f"{what} to {where}", median(taken), target, rounds_text(taken))
        for where, taken, target in parts
    ]


def judge_in_chromium(what: str, seen: InChromium) -> list[str]:
    """Hold what a reader waits for to the same targets."""
    frames = sorted(filter(math.isfinite, seen.frames_ms))  # of a key that draws nothing: none
    return [
        judge(
            f"{what} to the probability on the page",
            median(seen.to_probability),
            TO_PROBABILITY,
            rounds_text(seen.to_probability),
        ),
        judge(
            f"{what} to the regions on the film",
            median(seen.to_regions),
            TO_REGIONS,
            rounds_text(seen.to_regions),
        ),
        judge(
            f"{what}, a frame while it is moved and zoomed",
            median(frames),
            A_FRAME,
            f"{len(frames)} frames, largest {frames[-1]:.1f} ms; on the processor, without a "
            "graphics card",
        ),
    ]


def measure(report: Callable[[str], None]) -> Section:
    """Read the files in turn, several rounds, after one that warms up."""
    engine, pixels = open_served_engine(), draw_film(0, SIDE_PX, SIDE_PX)
    uploads = encode_uploads(pixels)
    lines = ["The pipeline alone:", ""]
    run = Explainable(engine.classifier, open_healthy(get_settings().models))
    for what, content in uploads.items():
        report(f"{what}: {len(content) / 1e6:.1f} MB, one round to warm up and {ROUNDS} more")
        Upload().measure_round(content, engine, run)
    measured = {what: Upload() for what in uploads}
    for _ in range(ROUNDS):
        for what, content in uploads.items():
            measured[what].measure_round(content, engine, run)
    for what, upload in measured.items():
        lines += judge_upload(what, upload)
    report("the same in Chromium")
    moved = [encode_uploads(np.roll(pixels, turn, axis=1)) for turn in range(1, ROUNDS + 2)]
    seen = upload_in_chromium({what: [each[what] for each in moved] for what in uploads})
    lines += ["", "The app, from the choice of the file in Chromium:", ""]
    for what, found in seen.items():
        lines += judge_in_chromium(what, found)
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
