"""Damaged uploads: whatever the bytes, a radiograph within bounds or one sentence.

Short by default; ``FIRSTREAD_LONG=1`` tries fifty times as many. Seeds are fixed, and a failure
names the seed that made it. Each kind has a process of its own, and each file the limits of the
workers that read films: 2 s of processor time and 500 MB.
"""

import io
import os
import struct
import subprocess
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from fixtures.film_files import png_file
from fixtures.tiff_files import DEFLATE, LZW, Layout, small_directory, tiff_file
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence

from core.domain.film import MAX_FILM_PIXELS, Radiograph
from core.errors import RadiographError
from core.imaging.decoding import decode_radiograph
from core.jobs.film_worker import decoding_limits
from core.settings import PROJECT_ROOT

MUTANTS = 15_000 if os.environ.get("FIRSTREAD_LONG") == "1" else 300
STORED = np.random.default_rng(5).integers(0, 1024, (48, 40)).astype(np.uint16)
GREY = (STORED // 4).astype(np.uint8)


def picture(picture_format, image=None, **options):
    buffer = io.BytesIO()
    (image or Image.fromarray(GREY)).save(buffer, picture_format, **options)
    return buffer.getvalue()


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010E] = "chest"
    return block


def lut():
    item = Dataset()
    item.LUTDescriptor = [4, 100, 12]
    item.add_new("LUTData", "OW", struct.pack("<4H", 0, 1000, 3000, 4095))
    return Sequence([item])


def wrapped(codestream, syntax, bits):
    """Return the explicit film with its pixels replaced by a codestream."""
    dataset = dcmread(io.BytesIO(dicom(uid.ExplicitVRLittleEndian)))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.BitsAllocated = 16 if bits > 8 else 8
    dataset.BitsStored, dataset.HighBit = bits, bits - 1
    dataset.PixelData = encapsulate([codestream])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


def dicom(syntax):
    dataset = FileDataset("", {}, file_meta=FileMetaDataset(), preamble=bytes(128))
    native = uid.UID(syntax).is_compressed is False
    dataset.file_meta.TransferSyntaxUID = syntax if native else uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid.CTImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.Modality, dataset.PatientAge, dataset.StudyDate = "CR", "007Y", "20240101"
    dataset.Rows, dataset.Columns = STORED.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME1"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation, dataset.PixelPaddingValue = 0, 3
    dataset.RescaleSlope, dataset.RescaleIntercept = 2, -10
    dataset.WindowCenter, dataset.WindowWidth = [500, 600], [900, 1000]
    if native:
        dataset.VOILUTSequence = lut()
    dataset.PixelSpacing = [0.2, 0.2]
    dataset.PixelData = STORED.tobytes()
    dataset["PixelData"].VR = "OW"
    if not native:
        dataset.compress(syntax, generate_instance_uid=False)
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset)
    return buffer.getvalue()


SEEDS = {
    "jpeg": picture("JPEG", exif=exif(6)),
    "jpeg-progressive": picture("JPEG", progressive=True),
    "jpeg-cmyk": picture("JPEG", Image.fromarray(GREY).convert("CMYK")),
    "png": picture("PNG", exif=exif(8)),
    "png-16": picture("PNG", Image.fromarray(STORED)),
    "png-palette": picture("PNG", Image.fromarray(GREY).convert("P"), transparency=0),
    "tiff": picture("TIFF", exif=exif(5)),
    "tiff-16": picture("TIFF", Image.fromarray(STORED)),
    "tiff-float": picture("TIFF", Image.fromarray(STORED.astype(np.float32))),
    "tiff-lzw": picture("TIFF", compression="tiff_lzw"),
    "tiff-jpeg": picture("TIFF", compression="jpeg"),
    "tiff-tiles": tiff_file(STORED, Layout(16, compression=DEFLATE, predictor=2, segment=(16, 32))),
    "tiff-palette": tiff_file(GREY, Layout(photometric=3), colour_map=[*range(256)] * 3),
    "tiff-preview": tiff_file(
        GREY, Layout(order=">", compression=LZW, segment=9), next_directory=small_directory(">")
    ),
    "png-16-colour": png_file(np.stack([STORED] * 4, axis=-1), 16, interlaced=True),
    "bmp": picture("BMP"),
    "bmp-colour": picture("BMP", Image.fromarray(GREY).convert("RGB")),
    "dicom-implicit": dicom(uid.ImplicitVRLittleEndian),
    "dicom-explicit": dicom(uid.ExplicitVRLittleEndian),
    "dicom-rle": dicom(uid.RLELossless),
    "dicom-jpeg-ls": dicom(uid.JPEGLSLossless),
    "dicom-big-endian": dicom(uid.ExplicitVRBigEndian),
    "dicom-jp2": wrapped(
        imagecodecs.jpeg2k_encode(STORED, codecformat="jp2", bitspersample=12),
        uid.JPEG2000Lossless,
        12,
    ),
    "dicom-jpeg-extended": wrapped(
        imagecodecs.jpeg8_encode(STORED, bitspersample=12), uid.JPEGExtended12Bit, 12
    ),
    "dicom-jpeg-2000": dicom(uid.JPEG2000Lossless),
    "dicom-jpeg-baseline": wrapped(picture("JPEG"), uid.JPEGBaseline8Bit, 8),
    "dicom-jpeg-lossless": wrapped(
        imagecodecs.jpeg8_encode(STORED, lossless=True, bitspersample=12), uid.JPEGLosslessSV1, 12
    ),
}


def flip_bits(content, rng):
    mutant = bytearray(content)
    for _ in range(int(rng.integers(1, 9))):
        mutant[int(rng.integers(len(mutant)))] ^= 1 << int(rng.integers(8))
    return bytes(mutant)


def flip_header_bits(content, rng):
    return flip_bits(content[:400], rng) + content[400:]


def truncate(content, rng):
    return content[: int(rng.integers(len(content)))]


def splice(content, rng):
    first, second, third = sorted(int(at) for at in rng.integers(len(content), size=3))
    parts = [content[:first], content[second:third], content[first:second], content[third:]]
    return b"".join(parts[: int(rng.integers(2, 5))])


def edit_lengths(content, rng):
    kinds = ["<H", ">H", "<I", ">I"]
    extremes = [0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]
    mutant = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        kind = kinds[int(rng.integers(len(kinds)))]
        value = extremes[int(rng.integers(len(extremes)))]
        at = int(rng.integers(min(len(mutant) - 4, 1200)))
        struct.pack_into(kind, mutant, at, value & (2 ** (8 * struct.calcsize(kind)) - 1))
    return bytes(mutant)


MUTATIONS = [flip_bits, flip_header_bits, truncate, splice, edit_lengths]


def with_right_checksums(content):
    """Repair a PNG's checksums, so that mutants get past the first gate."""
    import zlib

    repaired, position = bytearray(content[:8]), 8
    while position + 12 <= len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        body = content[position + 4 : position + 8 + length]
        repaired += content[position : position + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        position += 12 + length
    return bytes(repaired)


def decode_or_sentence(content, seed):
    """Return the radiograph or the sentence, and let nothing else pass."""
    try:
        radiograph = decode_radiograph(content, file_name="mutant")
    except RadiographError as refusal:
        sentence = str(refusal)
        assert sentence.endswith("."), f"seed {seed}: {sentence!r}"
        assert len(sentence) > 30, f"seed {seed}: {sentence!r}"
        return sentence
    check_radiograph(radiograph, seed)
    return radiograph


def check_radiograph(radiograph: Radiograph, seed):
    pixels = radiograph.pixels
    assert pixels.dtype == np.float32, f"seed {seed}"
    assert pixels.ndim == 2, f"seed {seed}"
    assert 0 < pixels.size <= MAX_FILM_PIXELS, f"seed {seed}"
    assert np.isfinite(pixels).all(), f"seed {seed}"
    assert pixels.min() >= 0, f"seed {seed}"
    assert pixels.max() <= 1, f"seed {seed}"
    assert 1 <= radiograph.bits_stored <= 16, f"seed {seed}"


@pytest.mark.parametrize("kind", SEEDS)
def test_the_undamaged_seeds_decode(kind):
    assert decode_radiograph(SEEDS[kind]).pixels.size == STORED.size


def decode_mutants(kind):
    """Decode a kind's mutants in a process of its own, each within the limits of a worker."""
    decode_radiograph(SEEDS[kind])  # what is loaded for a kind is no file's fault
    refused = 0
    for seed in range(MUTANTS):
        rng = np.random.default_rng(seed)
        mutant = MUTATIONS[seed % len(MUTATIONS)](SEEDS[kind], rng)
        if kind.startswith("png") and seed % 2:
            mutant = with_right_checksums(mutant)
        sys.stdout.write(f"seed {seed}\n")
        sys.stdout.flush()  # or it is lost where a limit ends the process
        with decoding_limits():
            refused += isinstance(decode_or_sentence(mutant, seed), str)
    sys.stdout.write(f"{refused}\n")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_bytes_give_a_sentence_or_a_sound_radiograph(kind):
    here = Path(__file__)
    folders = (PROJECT_ROOT, here.parents[1], here.parent)
    run = subprocess.run(
        [sys.executable, "-c", f"from {here.stem} import decode_mutants; decode_mutants({kind!r})"],
        cwd=PROJECT_ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    last = run.stdout.splitlines()[-1:]
    assert run.returncode == 0, f"{last}: ended by {run.returncode}: {run.stderr[-1000:]}"
    assert int(last[0]) > MUTANTS // 10


def test_random_bytes_behind_every_known_beginning_give_a_sentence():
    beginnings = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*", b"BM"]
    beginnings += [bytes(128) + b"DICM", b"\x08\x00\x05\x00CS", b"\x02\x00\x10\x00UI"]
    for seed in range(MUTANTS):
        rng = np.random.default_rng(seed)
        content = beginnings[seed % len(beginnings)] + rng.bytes(int(rng.integers(400)))
        assert isinstance(decode_or_sentence(content, seed), str)
