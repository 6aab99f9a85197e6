"""Runs' scores of the synthetic films, through the upload pipeline; cached until one changes."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.film import Radiograph
from core.domain.model import RunRecord
from core.errors import Cancelled, FirstReadError
from core.files import read_checked, write_checked
from core.gate.quality import measure_sharpness, measure_tone
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import standardise_film
from core.phantom.builtin import READING_VERSION
from core.phantom.dataset import PhantomSet
from core.pipeline import Engine, Gate, assess_film, open_classifier, score_radiograph
from core.runs.predictions import (
    FILM_COLUMNS,
    FilmTable,
    Predictions,
    parse_predictions,
    predictions_as_parquet,
)
from core.runs.store import reading_identity

_log = logging.getLogger(__name__)

Cancelling = Callable[[], bool]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The quality gate's result for one film."""

    film_id: str
    refused: bool
    findings: tuple[str, ...]


class PhantomScores:
    """Scores of a synthetic set, computed on first use.

    Parameters
    ----------
    cache_folder : Path
        Scores are kept in it, by the hashes of set and export, and the reading version.
    threads : int
        For a prediction.
    """

    def __init__(self, phantoms: PhantomSet, gate: Gate, cache_folder: Path, threads: int) -> None:
        self._phantoms, self._gate, self._threads = phantoms, gate, threads
        parts = phantoms.index.sha256 + READING_VERSION
        key = hashlib.sha256(parts.encode()).hexdigest()[:16]
        self._folder = cache_folder / "synthetic_scores" / key

    def has(self, run: RunRecord) -> bool:
        """Return whether what a run says of the films is kept."""
        return read_checked(self._place(run)) is not None

    def _place(self, run: RunRecord) -> Path:
        identity = reading_identity(run, self._gate.sha256)[:16]
        return self._folder / f"{run.run_id}-{identity}.checked"

    def of(
        self,
        run: RunRecord,
        *,
        progress: Progress | None = None,
        cancelled: Cancelling | None = None,
    ) -> Predictions:
        """Return what a run says of every film, refused or not.

        Raises
        ------
        ModelMissing, ModelIntegrity
            If the run's export cannot be used.
        DatasetError
            If a film is gone.
        Cancelled
            If ``cancelled`` returned True.
        """
        path = self._place(run)
        kept = _kept_predictions(path)
        if kept is not None:
            return kept
        engine = Engine(open_classifier(run, self._threads), self._gate)
        rows, scores = [], []
        for film_id, film in self._films(progress, cancelled):
            rows.append(self._row(film_id, film))
            scores.append(score_radiograph(film, engine))
        table = FilmTable(**{name: np.array([row[name] for row in rows]) for name in FILM_COLUMNS})
        logits, probabilities = np.array(scores, np.float64).T
        predictions = Predictions(table, logits, probabilities)
        write_checked(path, predictions_as_parquet(predictions))
        return predictions

    def of_gate(
        self,
        model_px: int,
        *,
        progress: Progress | None = None,
        cancelled: Cancelling | None = None,
    ) -> tuple[GateAnswer, ...]:
        """Return what the quality gate says of every film.

        Parameters
        ----------
        model_px : int
            Side of the classifier's input, which decides what resolution is too low.

        Raises
        ------
        DatasetError
            If a film is gone.
        Cancelled
            If ``cancelled`` returned True.
        """
        path = self._folder / f"gate-{self._gate.sha256[:16]}-{model_px}.checked"
        kept = _kept_answers(path)
        if kept is None:
            kept = []
            for film_id, film in self._films(progress, cancelled):
                quality = assess_film(film, self._gate, model_px)
                codes = [finding.code for finding in quality.findings]
                kept.append(GateAnswer(film_id, quality.refused, tuple(codes)))
            rows = [[one.film_id, one.refused, one.findings] for one in kept]
            write_checked(path, json.dumps(rows).encode())
        return tuple(kept)

    def gate_codes(self, model_px: int) -> dict[str, str]:
        """Return the codes of the gate's findings, apart by a space, by film; as `of_gate`."""
        return {one.film_id: " ".join(one.findings) for one in self.of_gate(model_px)}

    def _films(
        self, progress: Progress | None, cancelled: Cancelling | None
    ) -> Iterator[tuple[str, Radiograph]]:
        total = len(self._phantoms.films)
        for done, film in enumerate(self._phantoms.films):
            if cancelled is not None and cancelled():
                raise Cancelled(f"Reading was stopped after {done} of {total} films.")
            yield film.film_id, decode_radiograph(self._phantoms.read_bytes(film.film_id))
            if progress is not None:
                progress(done + 1, total)

    def _row(self, film_id: str, film: Radiograph) -> dict[str, Any]:
        known = next(one for one in self._phantoms.index.films if one.film_id == film_id)
        split, tone = self._phantoms.split, measure_tone(film.pixels)
        parts = ("train", "validation", "test")
        return {
            "film_id": film_id,
            "split": next(part for part in parts if film_id in getattr(split, part)),
            "label": known.label,
            "subtype": known.subtype,
            "patient": known.patient,
            "patient_in_train": False,
            "original_height_px": float(film.height_px),
            "original_width_px": float(film.width_px),
            "contrast": tone.contrast,
            "median_grey": tone.median,
            "sharpness": measure_sharpness(standardise_film(film.pixels)),
        }


def _kept_predictions(path: Path) -> Predictions | None:
    """Return what a file of the cache holds; None if it is missing, or damaged."""
    content = read_checked(path)
    if content is None:
        return None
    try:
        return parse_predictions(content, path.name)
    except FirstReadError as exc:
        _log.warning("%s of the cache is another program's and made again: %s", path.name, exc)
        return None


def _kept_answers(path: Path) -> list[GateAnswer] | None:
    """Return the gate's answers in a file of the cache; None if it is missing, or damaged."""
    content = read_checked(path)
    if content is None:
        return None
    return [
        GateAnswer(str(name), bool(no), tuple(codes)) for name, no, codes in json.loads(content)
    ]
