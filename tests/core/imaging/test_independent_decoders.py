"""Decoded pixels against another reading of the same file: 500 generated files, 5,000 by flag."""

import os
import shutil

import numpy as np
import pytest
from fixtures.film_files import by_dcmtk, film_file

from core.imaging.decoding import decode_radiograph

FILES = 5_000 if os.environ.get("FIRSTREAD_LONG") == "1" else 500


@pytest.fixture(scope="module")
def dcmtk():
    """Skip where dcmtk is not installed; under CI it has to be."""
    missing = [tool for tool in ("dcm2pnm", "dcmj2pnm", "dcml2pnm") if not shutil.which(tool)]
    if missing:
        sentence = f"{', '.join(missing)} not found: install Debian's dcmtk (apt-get install dcmtk)"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)


def differing(seeds):
    """Return a line on each file that does not decode to what it holds."""
    lines = []
    for seed in seeds:
        file = film_file(seed)
        expected = by_dcmtk(file.content, file.dcmtk) if file.dcmtk else file.grey
        pixels = decode_radiograph(file.content).pixels
        if pixels.shape != expected.shape:
            lines.append(f"seed {seed}: {pixels.shape}, not {expected.shape} ({file.kind})")
            continue
        distance = np.abs(pixels - expected).max()
        if not distance <= file.tolerance:
            lines.append(f"seed {seed}: differs by {distance:.4f} ({file.kind})")
    return lines


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(5))
def test_pixels_are_those_of_an_independent_decoder(dcmtk, part):
    assert not differing(range(part * FILES // 5, (part + 1) * FILES // 5))
