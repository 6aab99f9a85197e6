"""Golden synthetic films: what the drawing and the reading versions stand for.

``python tests/golden_films.py`` rewrites the file, after a version was raised on purpose.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.decoding import decode_radiograph
from core.phantom import FINDINGS, draw_film
from core.phantom_folder import BUILT_IN_SEED, DRAWING_VERSION, READING_VERSION
from core.phantom_plan import plan_films
from core.phantom_set import encode_film
from core.pipeline import assess_film, open_engine, score_radiograph
from core.settings import SERVED_RUN, Settings

PIXELS = Path(__file__).with_name("golden_films.npz")
READS = PIXELS.with_suffix(".json")
N, HEIGHT_PX = 2 * len(FINDINGS), 128


def draw_golden_films() -> dict[str, np.ndarray]:
    """Return (H, W) levels and masks of the first films of the built-in set, drawn small."""
    arrays = {}
    for film in plan_films(max(N, 10), BUILT_IN_SEED)[:N]:
        width_px = round(HEIGHT_PX * film.settings.aspect)
        drawn = draw_film(film.settings, height_px=HEIGHT_PX, width_px=width_px)
        levels = decode_radiograph(encode_film(drawn)).pixels * 255
        arrays[f"{film.number}.levels"] = np.round(levels).astype(np.uint8)
        arrays[f"{film.number}.lesion"] = drawn.lesion_mask
        arrays[f"{film.number}.core"] = drawn.core_mask
        arrays[f"{film.number}.lung"] = drawn.lung_mask
    return arrays


def read_golden_films() -> dict[str, dict[str, object]]:
    """Return the served run's logit and the gate's findings for the first built-in films."""
    engine = open_engine(Settings(_env_file=None).models, SERVED_RUN)
    side_px = engine.classifier.run_record.input_px
    reads = {}
    for film in plan_films(10, BUILT_IN_SEED)[:4]:
        drawn = draw_film(film.settings, height_px=512, width_px=round(512 * film.settings.aspect))
        radiograph = decode_radiograph(encode_film(drawn))
        quality = assess_film(radiograph, engine.gate, side_px)
        logit, _ = score_radiograph(radiograph, engine)
        codes = sorted(finding.code for finding in quality.findings)
        reads[str(film.number)] = {"logit": round(float(logit), 4), "findings": codes}
    return reads


if __name__ == "__main__":
    np.savez_compressed(PIXELS, **draw_golden_films())
    golden = {
        "drawing": DRAWING_VERSION,
        "reading": READING_VERSION,
        "run": SERVED_RUN,
        "reads": read_golden_films(),
    }
    READS.write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
