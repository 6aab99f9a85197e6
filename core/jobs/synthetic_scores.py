"""Runs' scores of the synthetic films, through the upload pipeline; kept until one changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.film import Radiograph
from core.domain.model import RunRecord
from core.domain.worklist import MachineReading
from core.errors import Cancelled
from core.gate.quality import measure_sharpness, measure_tone
from core.imaging.decoding import decode_radiograph
from core.imaging.png import thumbnail_png
from core.imaging.preprocessing import standardise_film
from core.inference.gate_files import Gate
from core.jobs.synthetic_readings import GateReading, KeptReadings
from core.language.words import msg
from core.phantom.dataset import PhantomSet
from core.pipeline import Engine, assess_film, open_classifier, score_radiograph
from core.runs.predictions import FILM_COLUMNS, FilmTable, Predictions

Cancelling = Callable[[], bool]
Progress = Callable[[int, int], None]


class PhantomScores:
    """What runs and gate say of a synthetic set; computed where it is not kept.

    Parameters
    ----------
    folders : sequence of Path
        As in `KeptReadings`.
    threads : int
        For a prediction.
    """

    def __init__(
        self, phantoms: PhantomSet, gate: Gate, folders: Sequence[Path], threads: int
    ) -> None:
        self._phantoms, self._gate, self._threads = phantoms, gate, threads
        self._kept = KeptReadings(phantoms.index.sha256, folders)

    def has(self, run: RunRecord) -> bool:
        """Return whether what a run says of the films is kept."""
        return self._kept.has_run(run, self._gate.sha256)

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
        kept = self._kept.of_run(run, self._gate.sha256)
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
        self._kept.keep_run(run, self._gate.sha256, predictions)
        return predictions

    def of_gate(
        self,
        model_px: int,
        *,
        progress: Progress | None = None,
        cancelled: Cancelling | None = None,
    ) -> tuple[GateReading, ...]:
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
        kept = self._kept.of_gate(self._gate.sha256, model_px)
        if kept is not None:
            return kept
        said = tuple(
            GateReading(film_id, film.sha256, self._look_at(film, model_px))
            for film_id, film in self._films(progress, cancelled)
        )
        self._kept.keep_gate(self._gate.sha256, model_px, said)
        return said

    def _look_at(self, film: Radiograph, model_px: int) -> MachineReading:
        return MachineReading(
            identity="",
            thumbnail=thumbnail_png(film),
            height_px=film.height_px,
            width_px=film.width_px,
            source_format=film.source_format,
            quality=assess_film(film, self._gate, model_px),
        )

    def gate_codes(self, model_px: int) -> dict[str, str]:
        """Return the codes of the gate's findings, apart by a space, by film; as `of_gate`."""
        return {one.film_id: " ".join(one.findings) for one in self.of_gate(model_px)}

    def _films(
        self, progress: Progress | None, cancelled: Cancelling | None
    ) -> Iterator[tuple[str, Radiograph]]:
        total = len(self._phantoms.films)
        for done, film in enumerate(self._phantoms.films):
            if cancelled is not None and cancelled():
                raise Cancelled(
                    msg(
                        "Reading was stopped after {done} of {total} films.", done=done, total=total
                    )
                )
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
