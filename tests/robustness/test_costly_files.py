"""Files that are cheap to send and costly to open: a film or a sentence, in little time and memory.

Each is decoded in a process of its own, within the limits of the workers that read films: 2 s of
processor time, more for JPEG 2000 alone, and 500 MB.
"""

import io
import os
import struct
import subprocess
import sys
import zlib

import imagecodecs
import numpy as np
import pytest
from fixtures.dicom_films import content_of, film
from fixtures.film_files import encapsulated
from fixtures.tiff_files import DEFLATE, Layout, tiff_file
from PIL import Image
from pydicom import uid

from core.settings import PROJECT_ROOT

MAX_GROWTH_MB = 500
SIDE_PX = 6300
CHILD = r"""
import re, sys
from pathlib import Path
from core.errors import RadiographError
from core.imaging.decoding import decode_radiograph
from core.imaging.dicom import reader
from core.imaging import tiff
from core.jobs.film_worker import decoding_limits
content = Path(sys.argv[1]).read_bytes()
def most_kb():  # of this program: ru_maxrss begins with what the process that started it used
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
before = most_kb()
try:
    with decoding_limits():
        film = decode_radiograph(content)
    print("film", *film.pixels.shape)
except RadiographError as refusal:
    print("sentence", refusal)
print((most_kb() - before) // 1024)
"""


def deflated_dicom():
    head = content_of(film())
    start = head.index(b"\x08\x00\x16\x00")
    meta = head[:start].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99")
    at = meta.index(b"1.2.840.10008.1.2.1.99")
    meta = meta[: at - 2] + struct.pack("<H", 22) + meta[at:]
    item = struct.pack("<HH2sH", 0x08, 0x60, b"CS", 2) + b"DX"
    packer = zlib.compressobj(9, wbits=-15)
    return meta + packer.compress(item * 5_000_000) + packer.flush()


def before_pixels(inserted):
    content = content_of(film())
    at = content.index(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW"))
    return content[:at] + inserted + content[at:]


def progressive(scans, side_px=2000):
    levels = Image.new("L", (side_px, side_px), 90)
    path = io.BytesIO()
    levels.save(path, "JPEG", progressive=True)
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10\x00"
    return path.getvalue()[:-2] + scan * scans + b"\xff\xd9"


def empty(bits=8, channels=0):
    shape = (SIDE_PX, SIDE_PX, channels) if channels else (SIDE_PX, SIDE_PX)
    return np.zeros(shape, f"u{bits // 8}")


def wide_dicom(encode, syntax):
    levels = empty(16)
    return content_of(encapsulated(levels, encode(levels), syntax, 12, {}))


COSTLY = {
    "scans": lambda: progressive(20_000),
    "as many scans as are allowed": lambda: progressive(80),
    "duplicate tile tags": lambda: tiff_file(
        empty()[:64, :64],
        Layout(segment=(64, 64)),
        tags=[(322, 4, [46_336]), (323, 4, [46_336])],
        twice=[(322, [64]), (323, [64])],
    ),
    "deflated DICOM": deflated_dicom,
    "a hundred thousand items": lambda: before_pixels(
        struct.pack("<HH2sHI", 0x28, 0x3010, b"SQ", 0, 0xFFFFFFFF)
        + struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 1_000_000
    ),
    "sequences in sequences": lambda: before_pixels(
        (
            struct.pack("<HH2sHI", 0x08, 0x1140, b"SQ", 0, 0xFFFFFFFF)
            + struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
        )
        * 100_000
    ),
    "a million small elements": lambda: before_pixels(
        struct.pack("<HH2sH", 0x28, 0x1052, b"DS", 0) * 2_000_000
    ),
    "as many scans as are allowed on 40 megapixels": lambda: progressive(14, SIDE_PX),
    "40 megapixels, PNG": lambda: imagecodecs.png_encode(empty(), level=1),
    "40 megapixels, colour PNG of 16 bits": lambda: imagecodecs.png_encode(empty(16, 3), level=1),
    "40 megapixels, float TIFF": lambda: tiff_file(
        empty(32).view(np.float32), Layout(32, 3, compression=DEFLATE, segment=64)
    ),
    "40 megapixels, TIFF in rows": lambda: tiff_file(
        empty(), Layout(compression=DEFLATE, segment=1)
    ),
    "40 megapixels, lossless JPEG": lambda: wide_dicom(
        lambda levels: imagecodecs.jpeg8_encode(levels, lossless=True, bitspersample=12),
        uid.JPEGLosslessSV1,
    ),
    "40 megapixels, JPEG 2000": lambda: wide_dicom(
        lambda levels: imagecodecs.jpeg2k_encode(
            levels, level=0, reversible=True, codecformat="j2k", bitspersample=12
        ),
        uid.JPEG2000Lossless,
    ),
}
FILMS = {kind for kind in COSTLY if kind.startswith("40")}
LEAST_GROWTH_MB = 150
"""40 megapixels of float32: a smaller number would mean that nothing was measured."""


def decode_apart(content, folder):
    path = folder / "file"
    path.write_bytes(content)
    return subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("kind", COSTLY)
def test_a_costly_file_becomes_a_film_or_a_sentence(kind, tmp_path):
    run = decode_apart(COSTLY[kind](), tmp_path)
    assert run.returncode == 0, f"ended by {run.returncode}: {run.stderr[-500:]}"
    outcome, growth_mb = run.stdout.splitlines()
    assert outcome.startswith("film" if kind in FILMS else "sentence"), outcome
    assert int(growth_mb) < MAX_GROWTH_MB
    assert kind not in FILMS or int(growth_mb) > LEAST_GROWTH_MB
