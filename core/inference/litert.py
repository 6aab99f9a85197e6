"""Running exported networks with LiteRT; the only module that knows it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import ModelInput, Prediction, RunClassifier, RunRecord
from core.errors import Cancelled, ModelInputMismatch, ModelIntegrity, ModelMissing
from core.language.words import msg


class LiteRTNetwork:
    """An exported network with one film-shaped input; safe to share between threads.

    Parameters
    ----------
    content : bytes
        The exported file.
    threads : int
        For one call.

    Raises
    ------
    ModelIntegrity
        If LiteRT cannot read the bytes.
    """

    def __init__(self, content: bytes, threads: int) -> None:
        # Deferred: a page that shows no score should not pay for the runtime.
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

        try:
            interpreter = Interpreter(model_content=content, num_threads=threads)
            self._runner = interpreter.get_signature_runner()
        except (ValueError, RuntimeError) as exc:
            raise ModelIntegrity(
                msg(
                    "the exported model cannot be read by LiteRT ({why}). "
                    "Restore it from the repository, or train the run again.",
                    why=str(exc),
                )
            ) from exc
        self._interpreter = interpreter  # the runner does not keep it alive
        (self._input_name, details), *_ = self._runner.get_input_details().items()
        self.input_shape = tuple(int(side) for side in details["shape"][1:])
        self.outputs = frozenset(self._runner.get_output_details())
        self._lock = threading.Lock()

    def run(self, batch: FloatImage) -> dict[str, npt.NDArray[np.float32]]:
        """Return every output for a (N, px, px, 1) float32 batch.

        Raises
        ------
        ModelInputMismatch
            If the batch has another shape or type.
        """
        if batch.shape[1:] != self.input_shape or batch.dtype != np.float32:
            raise ModelInputMismatch(
                msg(
                    "the model takes films of {shape} float32, and got {given} {kind}.",
                    shape=self.input_shape,
                    given=batch.shape[1:],
                    kind=str(batch.dtype),
                )
            )
        with self._lock:
            outputs: dict[str, Any] = self._runner(**{self._input_name: batch})
        return outputs


def _one_by_one(network: LiteRTNetwork, films: FloatImage) -> npt.NDArray[np.float32]:
    logits = [network.run(film[np.newaxis])["logit"][0] for film in films]
    return np.array(logits, np.float32).reshape(-1)


class LiteRTClassifier:
    """A run's exported classifier with its calibration.

    Parameters
    ----------
    content : bytes
        The run's export, verified by whoever read it.

    Raises
    ------
    ModelIntegrity
        If LiteRT cannot read the export.
    """

    def __init__(self, content: bytes, run: RunRecord, threads: int = 2) -> None:
        self.run_record = run
        self._network = LiteRTNetwork(content, threads)
        self._single = [LiteRTNetwork(content, 1) for _ in range(threads)] if threads > 1 else []
        self._workers = ThreadPoolExecutor(threads, thread_name_prefix="litert")

    def logits(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 logits for a (N, px, px, 1) float32 batch in [0, 1].

        One film has all threads. Several are read one by one, as many at a time as there are
        threads: that is faster than waiting for one another in every layer, and than one large
        batch, which does not fit the cache.

        Raises
        ------
        ModelInputMismatch
            If the batch is of another shape or type.
        Cancelled
            If the interpreter is closing.
        """
        if not self._single or batch.ndim == 0 or len(batch) < 2:
            return self._network.run(batch)["logit"][:, 0]
        shares = np.array_split(batch, len(self._single))
        return np.concatenate(list(self._spread(shares)))

    def _spread(self, shares: list[FloatImage]) -> Iterator[npt.NDArray[np.float32]]:
        try:
            return self._workers.map(_one_by_one, self._single, shares)
        except RuntimeError as exc:  # the interpreter is going, and takes no more work
            raise Cancelled(msg("First Read is closing: the work was stopped.")) from exc

    def features(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return the (N, F) float32 features that the logits are made of.

        Raises
        ------
        ModelInputMismatch
            If the batch is of another shape or type.
        ModelMissing
            If the export has no such output.
        """
        outputs = self._network.run(batch)
        if "features" not in outputs:
            raise ModelMissing(
                msg(
                    "the export of run {run} has no features beside its logit: "
                    "train the run again.",
                    run=self.run_record.run_id,
                )
            )
        return outputs["features"]

    @property
    def has_evidence(self) -> bool:
        """Whether the log odds can be split by place: the features are means over places."""
        return "evidence" in self._network.outputs

    def evidence(self, batch: FloatImage) -> npt.NDArray[np.float32] | None:
        """Return (N, h, w) float32: each place's part of the calibrated log odds.

        What is not of any place is left out: the log odds less the map's mean are the same for all
        films.

        Returns
        -------
        ndarray or None
            None without `has_evidence`.
        """
        if not self.has_evidence:
            return None
        places = [self._network.run(film[np.newaxis])["evidence"][0] for film in batch]
        temperature = np.float32(self.run_record.calibration.temperature)
        return np.asarray(np.stack(places) / temperature, np.float32)

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 calibrated probabilities for a (N, px, px, 1) float32 batch."""
        return self.calibrate(self.logits(batch))

    def calibrate(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return probabilities for logits."""
        from scipy.special import expit  # noqa: PLC0415

        return np.asarray(expit(calibrated_logits(logits, self.run_record)), np.float32)

    def log_odds(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 log odds of the probabilities, which do not crowd at 0 and 1."""
        return calibrated_logits(self.logits(batch), self.run_record)

    def disagreement(self, _batch: FloatImage) -> None:
        """Return None: one run has nobody to disagree with."""


def calibrated_logits(logits: npt.NDArray[np.float32], run: RunRecord) -> npt.NDArray[np.float32]:
    """Return the log odds of a run's probabilities for its logits."""
    scaled = logits / np.float32(run.calibration.temperature)
    return np.asarray(scaled + np.float32(run.calibration.offset), np.float32)


class LogOdds:
    """A run whose score is the log odds: what the regions of a sure film do can be told apart.

    Near 0 and 1 the probability hardly moves, whatever is hidden.
    """

    def __init__(self, classifier: RunClassifier) -> None:
        self._classifier = classifier

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 log odds for a (N, px, px, 1) float32 batch."""
        return self._classifier.log_odds(batch)


def predict_film(model_input: ModelInput, classifier: RunClassifier) -> Prediction:
    """Return the model's read of one prepared film.

    Raises
    ------
    ModelInputMismatch
        If the film was prepared for another input size.
    """
    from scipy.special import expit  # noqa: PLC0415 (a fifth of a second, and no film is there yet)

    batch = model_input.tensor[np.newaxis, :, :, np.newaxis]
    logits = classifier.logits(batch)
    run, disagreement = classifier.run_record, classifier.disagreement(batch)
    return Prediction(
        probability=float(classifier.calibrate(logits)[0]),
        score=float(expit(logits[0])),
        run_id=run.run_id,
        operating_point=run.operating_point,
        abstention=run.abstention,
        disagreement=None if disagreement is None else float(disagreement[0]),
    )
