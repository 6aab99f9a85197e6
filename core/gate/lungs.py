"""Where the lungs are, and how much a film resembles the frontal chest films of training."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage, read_only
from core.domain.model import FilmBox, Network
from core.errors import ModelIntegrity
from core.language.words import msg

LUNG_PROBABILITY = 0.5
STRAY_SHARE = 0.01
BOX_MARGIN = 0.06
BOX_GRID = 224
"""Boxes begin and end on this grid, so that a large film gets the box of its 224 px copy."""


@dataclass(frozen=True, slots=True, eq=False)
class LungField:
    """What the segmenter sees in one film.

    Attributes
    ----------
    mask : (px, px) float32 ndarray in [0, 1], read-only
        Probability of lung, the part behind the heart included.
    features : (F,) float32 ndarray, read-only
    """

    mask: FloatImage
    features: npt.NDArray[np.float32]

    @property
    def fraction(self) -> float:
        """Share of the film that is lung."""
        return float((self.mask > LUNG_PROBABILITY).mean())

    def box(self, height_px: int, width_px: int) -> FilmBox | None:
        """Return the rectangle around the lungs on a film of that size, with a narrow margin.

        One in a hundred lung pixels may lie outside on each side before the margin is added, so
        that a stray patch does not move it.

        Returns
        -------
        FilmBox or None
            None where no lung is seen.
        """
        lung = self.mask > LUNG_PROBABILITY
        if not lung.any():
            return None
        top, bottom = _span(lung.sum(axis=1))
        left, right = _span(lung.sum(axis=0))
        return FilmBox(
            top * height_px // BOX_GRID,
            left * width_px // BOX_GRID,
            -(-bottom * height_px // BOX_GRID),
            -(-right * width_px // BOX_GRID),
        )


def _span(counts: npt.NDArray[np.int_]) -> tuple[int, int]:
    """Return where the lungs begin and end along one axis, in cells of the grid."""
    share = np.cumsum(counts) / counts.sum()
    start = np.searchsorted(share, STRAY_SHARE) / len(counts)
    end = (np.searchsorted(share, 1.0 - STRAY_SHARE) + 1) / len(counts)
    margin = BOX_MARGIN * (end - start)
    first, past = math.floor((start - margin) * BOX_GRID), math.ceil((end + margin) * BOX_GRID)
    return max(0, first), min(BOX_GRID, past)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureReference:
    """The Gaussian that the features of training films follow.

    Attributes
    ----------
    mean : (F,) float32 ndarray
    whitening : (F, F) float32 ndarray
        Maps a centred feature vector to unit covariance.
    """

    mean: npt.NDArray[np.float32]
    whitening: npt.NDArray[np.float32]

    def to_bytes(self) -> bytes:
        """Return the reference as a compressed NumPy archive."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, mean=self.mean, whitening=self.whitening)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> FeatureReference:
        """Read what ``to_bytes`` wrote.

        Raises
        ------
        ModelIntegrity
            If the bytes are not such an archive.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as archive:
                return cls(read_only(archive["mean"]), read_only(archive["whitening"]))
        except Exception as exc:  # damaged archives raise whatever zipfile and zlib raise
            raise ModelIntegrity(
                msg(
                    "the quality gate's reference cannot be read ({reason}). Restore it from the "
                    "repository.",
                    reason=str(exc),
                )
            ) from exc


def segment_lungs(tensor: FloatImage, network: Network) -> LungField:
    """Find the lungs in a prepared film.

    Parameters
    ----------
    tensor : (px, px) float32 ndarray in [0, 1]
        At the segmenter's input size.
    network : Network
        With outputs ``mask`` and ``features``.
    """
    outputs = network.run(tensor[np.newaxis, :, :, np.newaxis])
    mask = np.array(outputs["mask"][0, :, :, 0])
    return LungField(read_only(mask), read_only(np.array(outputs["features"][0])))


def feature_distance(features: npt.NDArray[np.float32], reference: FeatureReference) -> float:
    """Return the Mahalanobis distance to the training films, divided by the root of the dimension.

    About 1 for a film like those of training.

    References
    ----------
    .. [1] K. Lee et al., NeurIPS 2018, arXiv:1807.03888.
    """
    centred = (features - reference.mean).astype(np.float64)
    # Not a matrix product: that would make the linear algebra library set aside 67 MB for it.
    white = np.einsum("ij,j->i", reference.whitening, centred, dtype=np.float64)
    return float(np.sqrt(np.mean(white**2)))
