"""Films that a site scored itself, with the site's labels: they become a run as imports do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.domain.model import OperatingPoint
from core.domain.reader import Act, Reader
from core.errors import DatasetError, ForeignRunRefused
from core.evaluation.evaluate import SITE, SITE_PARTS, measure_run
from core.evaluation.operating_point import measure_operating_point
from core.imported_runs.importing import check_name, write_run
from core.language.words import msg
from core.runs.predictions import Predictions


@dataclass(frozen=True, slots=True)
class ScoredBy:
    """Which run scored the films, at which threshold, and the hash of the scored folder's job."""

    run_id: str
    export_sha256: str
    threshold: float
    job: str


def keep_scored_films(
    name: str, predictions: Predictions, by_run: ScoredBy, models: Path, runs: Path, by: Reader
) -> tuple[Path, OperatingPoint]:
    """Write a run's folder of films that a site scored and labelled, whole or not at all.

    The operating point is the threshold of the run that scored; its rates are of these films.

    Parameters
    ----------
    predictions : Predictions
        Of films whose split is `SITE`.
    runs : Path
        Where the new folder goes.

    Raises
    ------
    NotAllowed
        If the acting reader has no role that imports.
    ForeignRunRefused
        If the name cannot be used, or the films are too few to measure.
    """
    by.require(Act.IMPORT_RUN)
    check_name(name, models, runs)
    films = predictions.films
    where = msg(
        "the threshold of run {run}; measured on {part}",
        run=by_run.run_id,
        part=msg(SITE_PARTS[SITE].name),
    )
    point = measure_operating_point(predictions.probability, films.label, by_run.threshold, where)
    try:
        measured = measure_run(predictions, point.threshold, {})
    except DatasetError as exc:
        raise ForeignRunRefused(msg("too few films to measure: {why}", why=exc)) from exc
    record: dict[str, object] = {
        "run_id": name,
        "sentence": str(
            msg(
                "Run {run} on films of a site, scored as an archive and labelled by the site.",
                run=by_run.run_id,
            )
        ),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "architecture": "foreign",
        "input_px": 0,
        "calibration": {"temperature": 1.0, "offset": 0.0},
        "operating_point": asdict(point),
        "foreign": {
            "scored_by": by_run.run_id,
            "export_sha256": by_run.export_sha256,
            "file_name": "",
            "file_sha256": by_run.job,
            "rows": len(films),
            "films": {SITE: len(films)},
            "missing": {},
            "left_out": {},
        },
        "versions": {"first-read": __version__},
        **measured,
    }
    folder = runs / name
    write_run(folder, record, predictions)
    return folder, point
