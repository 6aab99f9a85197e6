"""What a change would do to a film is measured only where the gate asks for it."""

from dataclasses import replace

import numpy as np
import pytest

from core.domain.quality import FilmChange
from core.imaging.decoding import decode_radiograph
from core.pipeline import measure_evidence, open_engine, read_radiograph
from core.settings import PROJECT_ROOT, SERVED_RUN

FILM = sorted((PROJECT_ROOT / "synthetic" / "test" / "NORMAL").glob("*.png"))[0]


class Counting:
    """The lung segmenter, which counts its passes."""

    def __init__(self, network):
        self._network, self.passes = network, 0

    def run(self, batch):
        self.passes += 1
        return self._network.run(batch)


@pytest.fixture
def engine():
    opened = open_engine(PROJECT_ROOT / "models", SERVED_RUN)
    gate = replace(opened.gate, network=Counting(opened.gate.network))
    return replace(opened, gate=gate)


def test_a_film_that_passes_goes_through_the_segmenter_once(engine):
    reading = read_radiograph(decode_radiograph(FILM.read_bytes()), engine)
    assert reading.prediction is not None
    assert reading.thumbnail.startswith(b"\x89PNG")
    assert engine.gate.network.passes == 1


def test_a_turned_film_goes_through_it_with_each_change_once(engine):
    film = decode_radiograph(FILM.read_bytes())
    turned = replace(film, pixels=np.ascontiguousarray(np.rot90(film.pixels)))
    reading = read_radiograph(turned, engine, pictured=False)
    assert reading.quality.findings[0].code == "orientation"
    assert reading.quality.turn_asked is FilmChange.TURN_RIGHT.turn
    assert reading.thumbnail == b""
    assert engine.gate.network.passes == 1 + len(FilmChange)


def test_a_change_is_the_film_changed_and_measured_anew(engine):
    film = decode_radiograph(FILM.read_bytes())
    inverted = replace(film, pixels=np.float32(1.0) - film.pixels)
    changed = measure_evidence(film, engine.gate).changed[FilmChange.INVERT]
    assert changed == pytest.approx(measure_evidence(inverted, engine.gate).distance, rel=0.02)
