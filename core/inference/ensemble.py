"""Several runs that read a film together, as one classifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import RunClassifier, RunRecord
from core.inference.litert import LiteRTClassifier, calibrated_logits
from core.runs.store import EXPORT_FILE, load_run, read_verified

Resize = Callable[[FloatImage, int, int], FloatImage]


class EnsembleClassifier:
    """The mean of the members' calibrated logits, calibrated once more.

    Members may take films of different sizes. The ensemble's own input is what all of them can be
    made from without a loss: their common size or, where they differ, the standardised film. So a
    member sees what it sees alone, and an explanation is of the very number that is shown.

    Parameters
    ----------
    run : RunRecord
        The ensemble's.
    resize : callable
        From one film and a height and width in px to the resized film.

    References
    ----------
    .. [1] B. Lakshminarayanan et al., NeurIPS 2017, arXiv:1612.01474.
    """

    def __init__(self, members: Sequence[RunClassifier], run: RunRecord, resize: Resize) -> None:
        self._members = tuple(members)
        self._run = run
        self._resize = resize

    @property
    def run_record(self) -> RunRecord:
        """The ensemble's record."""
        return self._run

    def member_logits(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (M, N) float32 calibrated logits of M members for a (N, px, px, 1) batch."""
        return np.stack([self._calibrated(member, batch) for member in self._members])

    def logits(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 means of the members' calibrated logits."""
        return np.asarray(self.member_logits(batch).mean(axis=0), np.float32)

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 calibrated probabilities for a (N, px, px, 1) float32 batch."""
        return self.calibrate(self.logits(batch))

    def calibrate(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the ensemble's probabilities for mean logits."""
        from scipy.special import expit  # noqa: PLC0415 (see core.inference.litert)

        return np.asarray(expit(calibrated_logits(logits, self._run)), np.float32)

    def log_odds(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 log odds of the probabilities, which do not crowd at 0 and 1."""
        return calibrated_logits(self.logits(batch), self._run)

    def disagreement(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 spreads of the members' calibrated probabilities."""
        from scipy.special import expit  # noqa: PLC0415 (see core.inference.litert)

        return np.asarray(np.ptp(expit(self.member_logits(batch)), axis=0), np.float32)

    @property
    def has_evidence(self) -> bool:
        """False: the members' places are not the same."""
        return False

    def evidence(self, _batch: FloatImage) -> None:
        """Return None."""

    def _calibrated(self, member: RunClassifier, batch: FloatImage) -> npt.NDArray[np.float32]:
        calibration = member.run_record.calibration
        scaled = member.logits(self._prepared(batch, member.run_record.input_px))
        return np.asarray(scaled / calibration.temperature + calibration.offset, np.float32)

    def _prepared(self, batch: FloatImage, px: int) -> FloatImage:
        if batch.shape[1:3] == (px, px):
            return batch
        films = [self._resize(film, px, px) for film in batch[..., 0]]
        return np.stack(films)[..., np.newaxis]


def open_any(run: RunRecord, resize: Resize, threads: int = 2) -> RunClassifier:
    """Load a run's export or, for an ensemble, those of its members, which lie beside it.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file is missing or is not the one that was measured.
    """
    if not run.members:
        content = read_verified(run.folder, EXPORT_FILE, run.files)
        return LiteRTClassifier(content, run, threads)
    members = [load_run(run.folder.parent / name) for name in run.members]
    return EnsembleClassifier([open_any(one, resize, threads) for one in members], run, resize)
