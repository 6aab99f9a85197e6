"""How long a film takes to decode in each encoding, and how much damage is found."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite

from bench.films import draw_film, encode_dicom, encode_picture
from bench.results import Section
from bench.timing import median_ratio, rounds_text, seconds_of
from core.errors import RadiographError
from core.imaging.decoding import decode_radiograph
from core.stats.intervals import wilson_rate

TITLE = "Decoding"
COMMAND = "python -m bench decode"
ROUNDS, SIDE_PX, DAMAGED_PX = 7, 2000, 400
TRIES = 300
MOVED, MOVED_SHARE = 0.02, 0.01

Report = Callable[[str], None]
Words = npt.NDArray[np.uint16]


def wrap(words: Words, codestream: bytes, syntax: str) -> bytes:
    """Return a DICOM film of 12 bits whose pixels are a codestream."""
    dataset = dcmread(io.BytesIO(encode_dicom(words / np.float32(4095))))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


def codestreams(words: Words) -> dict[str, tuple[bytes, str]]:
    """Return a film's compressed pixels with their transfer syntax."""
    dicom = "1.2.840.10008.1.2.4"
    encode = imagecodecs.jpeg8_encode
    return {
        "DICOM, lossless JPEG": (encode(words, lossless=True, bitspersample=12), f"{dicom}.70"),
        "DICOM, 12-bit JPEG": (encode(words, level=90, bitspersample=12), f"{dicom}.51"),
        "DICOM, JPEG-LS": (imagecodecs.jpegls_encode(words), f"{dicom}.80"),
        "DICOM, JPEG 2000": (
            imagecodecs.jpeg2k_encode(words, level=0, codecformat="j2k", bitspersample=12),
            f"{dicom}.90",
        ),
    }


def jpeg(pixels: npt.NDArray[np.float32], **options: object) -> bytes:
    """Return a film as a JPEG."""
    buffer = io.BytesIO()
    levels = np.rint(pixels * 255).astype(np.uint8)
    Image.fromarray(levels).save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def encodings(side_px: int) -> dict[str, bytes]:
    """Return one synthetic film in every encoding that is timed."""
    pixels = draw_film(4, side_px, side_px)
    words = np.rint(pixels * 4095).astype(np.uint16)
    tiff = io.BytesIO()
    Image.fromarray(words).save(tiff, "TIFF", compression="tiff_lzw")
    return {
        "JPEG": jpeg(pixels),
        "JPEG, progressive": jpeg(pixels, progressive=True),
        "PNG": encode_picture(pixels, "PNG"),
        "PNG, 16 bits": imagecodecs.png_encode(words),
        "TIFF, 16 bits, LZW": tiff.getvalue(),
        "DICOM, uncompressed": encode_dicom(pixels),
        **{name: wrap(words, *coded) for name, coded in codestreams(words).items()},
    }


def time_encodings(report: Report) -> list[str]:
    """Time every encoding beside the plain JPEG of the same film, in the same rounds."""
    files = encodings(SIDE_PX)
    seconds: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(ROUNDS):
        for name, content in files.items():
            seconds[name].append(seconds_of(partial(decode_radiograph, content)))
    lines = [
        f"One film of {SIDE_PX} x {SIDE_PX} pixels. The ratio is to the plain JPEG of the round.",
        "",
        "| Encoding | Size | Time | Ratio |",
        "| --- | --- | --- | --- |",
    ]
    for name, values in seconds.items():
        ratio = median_ratio(values, seconds["JPEG"])
        report(f"{name}: {rounds_text(values)}")
        lines.append(
            f"| {name} | {len(files[name]) / 1e6:.1f} MB | {sorted(values)[ROUNDS // 2]:.3f} s "
            f"| {ratio:.2f} |"
        )
    return lines


def damage_text(refused: int, silent: int, tries: int) -> str:
    """Return both shares with their intervals."""
    found, missed = wilson_rate(refused, tries), wilson_rate(silent, tries)
    return (
        f"| {refused} of {tries} ({found.low:.1%} to {found.high:.1%}) "
        f"| {silent} of {tries} ({missed.low:.1%} to {missed.high:.1%}) |"
    )


def try_damage(content: bytes, change: Callable[[bytes, int], bytes]) -> tuple[int, int]:
    """Return how many damaged files are refused, and how many are read as another film."""
    whole, refused, silent = decode_radiograph(content).pixels, 0, 0
    for seed in range(TRIES):
        try:
            pixels = decode_radiograph(change(content, seed)).pixels
        except RadiographError:
            refused += 1
            continue
        silent += bool((np.abs(pixels - whole) > MOVED).mean() > MOVED_SHARE)
    return refused, silent


def cut(content: bytes, seed: int) -> bytes:
    """Cut the coded data; every second time the end marker stands behind the cut."""
    kept = int(np.random.default_rng(seed).integers(len(content) // 4, len(content) - 12))
    return content[:kept] + (content[-2:] if seed % 2 else b"")


def flip(content: bytes, seed: int) -> bytes:
    """Flip three bits of the coded data."""
    rng, damaged = np.random.default_rng(seed), bytearray(content)
    for at in rng.integers(len(content) // 4, len(content), size=3):
        damaged[int(at)] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def count_damage(report: Report) -> list[str]:
    """Cut files and flip their bits, and count what is refused."""
    pixels = draw_film(4, DAMAGED_PX, DAMAGED_PX)
    words = np.rint(pixels * 4095).astype(np.uint16)
    files: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
        "JPEG": (jpeg(pixels), bytes),
        "JPEG, progressive": (jpeg(pixels, progressive=True), bytes),
        "PNG": (encode_picture(pixels, "PNG"), bytes),
    }
    for name, (codestream, syntax) in codestreams(words).items():
        files[name] = (codestream, partial(wrap_as, words, syntax))
    lines = [
        "",
        (
            f"Damage: {TRIES} files each, cut anywhere (with and without an end marker), or with "
            f"three flipped bits. Read as another film: over {MOVED_SHARE:.0%} of the pixels move."
        ),
        "",
        "| Encoding | Damage | Refused | Read as another film |",
        "| --- | --- | --- | --- |",
    ]
    for name, (codestream, container) in files.items():
        for kind, change in (("cut", cut), ("three bits", flip)):
            refused, silent = try_damage(
                container(codestream), partial(change_within, codestream, container, change)
            )
            lines.append(f"| {name} | {kind} {damage_text(refused, silent, TRIES)}")
            report(re.sub(r"\s*\|\s*", " ", lines[-1]).strip())
    return lines


def wrap_as(words: Words, syntax: str, codestream: bytes) -> bytes:
    """Wrap a codestream, whatever has become of it."""
    return wrap(words, codestream, syntax)


def change_within(
    codestream: bytes,
    container: Callable[[bytes], bytes],
    change: Callable[[bytes, int], bytes],
    _whole: bytes,
    seed: int,
) -> bytes:
    """Damage the codestream, and leave its container whole."""
    return container(change(codestream, seed))


def measure(report: Report) -> Section:
    """Time every encoding and count what damage is found."""
    return Section(TITLE, COMMAND, [*time_encodings(report), *count_damage(report)])
