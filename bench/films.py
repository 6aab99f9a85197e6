"""Synthetic films of chosen size and format; no patient's film is used to measure speed."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from core.domain.arrays import FloatImage
from core.domain.model import ModelInput
from core.errors import FirstReadError
from core.imaging.preprocessing import resize_film
from core.phantom import film as phantom_film
from core.phantom.settings import draw_settings
from core.pipeline import Engine, FilmReading, open_engine, read_film
from core.settings import get_settings

GRAIN = 0.01
"""Deviation of the noise on every pixel: without it a PNG packs far smaller than a film's does."""

DRAWN_PX = 1500
"""Films with a longer side are drawn at about this size and enlarged, which is faster."""


def draw_film(seed: int, height_px: int, width_px: int, *, opacity: bool = True) -> FloatImage:
    """Return a drawn chest with grain on every pixel, (height_px, width_px) float32 in [0, 1]."""
    scale = min(1.0, DRAWN_PX / max(height_px, width_px))
    settings = draw_settings(seed, "lobar" if opacity else "normal")
    drawn = phantom_film.draw_film(
        settings, height_px=round(scale * height_px), width_px=round(scale * width_px)
    )
    return add_grain(resize_film(drawn.pixels, height_px, width_px), seed)


def add_grain(pixels: FloatImage, seed: int) -> FloatImage:
    """Return the film with noise of its own; other seeds give other bytes."""
    grain = np.random.default_rng(seed).standard_normal(pixels.shape, np.float32)
    return np.clip(pixels + np.float32(GRAIN) * grain, 0.0, 1.0)


def encode_picture(pixels: FloatImage, picture_format: str, quality: int = 90) -> bytes:
    """Return a film as an 8-bit grey PNG or JPEG."""
    buffer = io.BytesIO()
    levels = np.rint(pixels * 255).astype(np.uint8)
    Image.fromarray(levels).save(buffer, picture_format, quality=quality)
    return buffer.getvalue()


def encode_dicom(pixels: FloatImage, bits_stored: int = 12) -> bytes:
    """Return a film as an uncompressed DICOM file, MONOCHROME2, 16 bits allocated."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    film.SOPClassUID = meta.MediaStorageSOPClassUID
    film.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    film.Modality, film.BodyPartExamined, film.ViewPosition = "DX", "CHEST", "AP"
    film.PatientAge = "003Y"
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PixelRepresentation = 1, 0
    film.PhotometricInterpretation = "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, bits_stored, bits_stored - 1
    film.PixelData = np.rint(pixels * (2**bits_stored - 1)).astype("<u2").tobytes()
    buffer = io.BytesIO()
    film.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def open_served_engine() -> Engine:
    """Load what serves, with the settings that the app has."""
    settings = get_settings()
    return open_engine(settings.models, settings.served_run, settings.inference_threads)


def require_input(reading: FilmReading) -> ModelInput:
    """Return the film as the model takes it.

    Raises
    ------
    FirstReadError
        If the gate refused the film: then nothing after the gate was measured.
    """
    if reading.model_input is None:
        text = "; ".join(finding.message for finding in reading.quality.findings)
        raise FirstReadError(
            f"the quality gate refused the synthetic film, so this cannot be measured: {text}"
        )
    return reading.model_input


def prepared_film(engine: Engine) -> ModelInput:
    """Return one synthetic film as the model takes it."""
    content = encode_picture(draw_film(2, 1024, 1200), "PNG")
    return require_input(read_film(content, engine))
