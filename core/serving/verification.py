"""The serving rule with a run's own predictions: operating point and band must come from them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.domain.model import RunRecord
from core.evaluation.abstention import CONFIDENCE, TARGET_ERROR, choose_band, describe_abstention
from core.evaluation.operating_point import SENSITIVITY_WANTED, choose_operating_point
from core.runs.predictions import PREDICTIONS_FILE, read_predictions
from core.runs.store import amend_record, load_run, read_record
from core.serving.requirements import MAX_DIFFERENCE, Demand, check_demands


def check_run(folder: Path) -> list[Demand]:
    """Hold a run to the serving rule, and its choices to its own validation predictions.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file is missing or is not the one that the record states.
    """
    demands = check_demands(folder)
    if any(
        one.name.startswith(("a calibration", "an operating")) and not one.met for one in demands
    ):
        return demands
    run = load_run(folder)
    if PREDICTIONS_FILE not in run.files:
        return demands
    return [*demands, _own_operating_point(run), *_own_band(run)]


def _own_operating_point(run: RunRecord) -> Demand:
    films = read_predictions(run).of_split("validation")
    settings = read_record(run.folder).get("settings", {})
    wanted = settings.get("sensitivity_wanted", SENSITIVITY_WANTED)
    stated = run.operating_point
    chosen = choose_operating_point(films.probability, films.films.label, wanted, stated.chosen_on)
    # It may have been chosen with the trained network, and these are its export's probabilities.
    near = abs(stated.threshold - chosen.threshold) <= MAX_DIFFERENCE
    rest = asdict(chosen) | {"threshold": stated.threshold}
    return Demand(
        "an operating point that its stored validation predictions reproduce",
        near and rest == asdict(stated),
        f"stated {stated.threshold:.3f}, recomputed {chosen.threshold:.3f}",
        f"`python -m core train {run.run_id}` trains it again",
    )


def _own_band(run: RunRecord) -> list[Demand]:
    """Return nothing for a run without a band: the rule does not demand one."""
    band = run.abstention
    if band is None:
        return []
    films = read_predictions(run).of_split("validation")
    chosen = choose_band(
        films.probability,
        films.films.label,
        run.operating_point,
        band.target_error,
        band.confidence,
    )
    return [
        Demand(
            "limits of unsure that its stored validation predictions reproduce",
            band == chosen,
            f"stated {_text(band.low)} to {_text(band.high)}, "
            f"recomputed {_text(chosen.low)} to {_text(chosen.high)}",
            f"`python -m core abstain {run.run_id}` chooses it again",
        )
    ]


def _text(limit: float | None) -> str:
    return "none" if limit is None else f"{limit:.3f}"


def add_abstention(
    folder: Path, target_error: float = TARGET_ERROR, confidence: float = CONFIDENCE
) -> dict[str, Any]:
    """Choose a finished run's band on its kept validation predictions, and add it to its record.

    Returns
    -------
    dict
        The record's ``abstention``, with what the band does on validation and official test.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file is missing or is not the one that the record states.
    """
    run = load_run(folder)
    abstention = describe_abstention(
        read_predictions(run), run.operating_point, target_error, confidence
    )
    amend_record(folder, {"abstention": abstention})
    return abstention
