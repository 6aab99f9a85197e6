"""What gate and model say of one file, for programs: the command `read` and the HTTP address."""

from __future__ import annotations

from typing import Any

from core.domain.model import Prediction
from core.domain.quality import QualityReport
from core.domain.rate import probability_number
from core.domain.site import version_of

FORMAT = "first-read/machine-read/1"


def describe_machine_read(
    file_name: str, film_sha256: str, quality: QualityReport, prediction: Prediction | None
) -> dict[str, Any]:
    """Return a read as plain data.

    Parameters
    ----------
    prediction : Prediction or None
        None for a film that the quality check refused: there is no probability then.

    Returns
    -------
    dict
        ``format, file, sha256, refused, quality`` (a list of code, severity and sentence), and
        ``model``: None, or ``run, probability, threshold, side, site_setting`` (the version of the
        site's setting; None of the run's own). The probability says no more than a reader sees:
        0.01 to 0.99, in hundredths.
    """
    return {
        "format": FORMAT,
        "file": file_name,
        "sha256": film_sha256,
        "refused": quality.refused,
        "quality": [
            {"code": one.code, "severity": str(one.severity), "sentence": str(one.message)}
            for one in quality.findings
        ],
        "model": None if prediction is None else _describe(prediction),
    }


def _describe(prediction: Prediction) -> dict[str, Any]:
    return {
        "run": prediction.run_id,
        "probability": probability_number(prediction.probability),
        "threshold": prediction.operating_point.threshold,
        "side": prediction.side,
        "site_setting": version_of(prediction.operating_point.chosen_on) or None,
    }


def describe_unreadable(file_name: str, sentence: str) -> dict[str, Any]:
    """Return what is said of a file that cannot become a film."""
    return {"format": FORMAT, "file": file_name, "error": sentence}
