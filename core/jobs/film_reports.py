"""The report of a signed read, put together: for pages, the command line and the archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from core.domain.model import Prediction, RunRecord
from core.domain.quality import INVERTED_BY_READER, QualityReport
from core.domain.regions import Explanation, ExplanationSettings, Way, way_of
from core.domain.reported import ReportedReads
from core.domain.review import ReviewRecord
from core.errors import Cancelled, ExplanationError, FilmStoreError, RadiographError
from core.evaluation.film_number import kept_number_text
from core.evaluation.model_words import decided_in_words, measured_in_words, probability_in_words
from core.explain.region_words import box_shares, region_name, scale_of, zone_words
from core.explain.trust import doubt_of
from core.explain.trust_words import doubt_text, read_explanation_quality, trust_text
from core.imaging.display import DisplayedFilm
from core.imaging.film_pictures import ColouredRegions
from core.jobs.batch import UploadedFilm
from core.language.words import msg, tr
from core.pipeline import Engine
from core.reads.signing import utc_now
from core.reports.film_report import FilmReport, ReportedRegions
from core.runs.store import export_identity
from core.settings import get_settings
from core.store.engine import Database
from core.store.read_hashes import hash_of_read
from core.store.served_runs import list_served_runs
from core.store.site_settings import run_that_read

METHODS = {
    Way.CAM: msg("CAM, lung unlike healthy"),
    Way.WHOLE_LUNGS: msg("CAM, whole lungs"),
    Way.LIME: msg("LIME"),
    Way.OCCLUSION: msg("occlusion"),
}
DOUBTED = msg("They are not to be relied on.")
Stopped = Callable[[], bool]


@dataclass(frozen=True, slots=True, eq=False)
class ReportSource:
    """Where the parts of a report come from.

    Attributes
    ----------
    decode : callable
        From a film, and what says whether to stop, to its grey levels.
    explain : callable
        From a film, settings, and what says whether to stop, to its explanation by the served run.
    """

    engine: Engine
    database: Database
    decode: Callable[[UploadedFilm, Stopped], DisplayedFilm]
    explain: Callable[[UploadedFilm, ExplanationSettings, Stopped], Explanation]


def make_report(
    source: ReportSource,
    film: UploadedFilm,
    reads: ReportedReads,
    settings: ExplanationSettings,
    stopped: Stopped = lambda: False,
    *,
    score_shown: bool,
    doubted_asked: bool = False,
) -> FilmReport:
    """Make the report of one film in the current language.

    What cannot be had of it becomes a sentence in it.

    Parameters
    ----------
    settings : ExplanationSettings
        How regions are found.
    score_shown : bool
        Whether the reader has seen the score.
    doubted_asked : bool
        Whether regions are drawn that are not to be relied on.

    Raises
    ------
    Cancelled
        If ``stopped`` returns True.
    """
    signed, run = reads.signed, source.engine.classifier.run_record
    film = replace(film, inverted=_is_inverted(signed.quality), turn=signed.quality.turn)
    shown, not_drawn = None, ""
    try:
        shown = source.decode(film, stopped)
    except (RadiographError, FilmStoreError, Cancelled) as exc:
        if stopped():
            raise
        not_drawn = str(exc)  # of a film that took too long, too
    export = _export_of(source.database, signed)
    report = FilmReport(
        reads=reads,
        film_name=signed.film_name if get_settings().keep_file_names else "",
        made_at=utc_now(),
        film=shown,
        not_drawn=not_drawn,
        score_shown=score_shown,
        ward=_ward_text(signed),
        hashes={
            msg("Export sha256"): export,
            msg("Gate sha256, now"): source.engine.gate.sha256,
            msg("Ledger sha256"): hash_of_read(source.database, signed.record_id),
        },
    )
    if signed.prediction is None or not score_shown:
        return report
    if (signed.run_id, export) != (run.run_id, export_identity(run)):
        why = tr("Run {run} has read this film, and does not serve any more.", run=signed.run_id)
        words = probability_in_words(signed.prediction, "score")
        return replace(report, model=words, why_no_regions=why)
    run = run_that_read(source.database, signed.prediction, run)
    report = replace(report, model=_model_text(signed.prediction, run))
    try:
        explanation = source.explain(film, settings, stopped)
    except (ExplanationError, RadiographError, FilmStoreError) as exc:
        return replace(report, why_no_regions=str(exc))
    return _with_regions(report, explanation, run, doubted_asked=doubted_asked)


def _ward_text(signed: ReviewRecord) -> str:
    """Return the number that the reader saw before signing; empty if none was shown."""
    if signed.shown_number is None:
        return ""
    shown = kept_number_text(signed.shown_number)
    number = shown[0].upper() + shown[1:]
    return tr("{number}, as shown then.", number=number)


def _is_inverted(quality: QualityReport) -> bool:
    return any(finding.code == INVERTED_BY_READER.code for finding in quality.findings)


def _export_of(database: Database, signed: ReviewRecord) -> str:
    """Return the hash of the export that served when a read was signed, by the log of served runs.

    Empty where the log does not say.
    """
    served = [
        one.export_sha256
        for one in list_served_runs(database)
        if one.run_id == signed.run_id and one.since <= signed.read.read_at
    ]
    return served[-1] if served else ""


def _model_text(prediction: Prediction, run: RunRecord) -> str:
    decided = prediction.side == "unsure"
    measured = decided_in_words(run) if decided else measured_in_words(run)
    return f"{probability_in_words(prediction, 'score')} {measured}".strip()


def _with_regions(
    report: FilmReport, explanation: Explanation, run: RunRecord, *, doubted_asked: bool
) -> FilmReport:
    way, quality = way_of(explanation.settings), read_explanation_quality(run)
    doubt = doubt_of(explanation, of_others=report.reads.signed.quality.of_others)
    if doubt is not None:
        words = doubt_text(quality, explanation, doubt)
        report = replace(report, trust=tr(words), why_no_regions=tr(DOUBTED))
        if not doubted_asked:
            return report
    scale, weights, samples = scale_of(explanation), explanation.weights, explanation.samples
    if doubt is None and abs(weights).max() >= scale.least:
        report = replace(report, trust=tr(trust_text(run, explanation, quality)))
    how = tr(METHODS[way]) if way is not None else str(explanation.method)
    if samples:
        how = tr("{method}, {samples:,} samples", method=how, samples=samples)
    box = box_shares(explanation.geometry)
    coloured = ColouredRegions(explanation.segments, weights, box, scale.least, scale.full)
    return replace(
        report,
        regions=ReportedRegions(
            coloured,
            _names_of(explanation),
            tr(scale.unit),
            tr(scale.none),
            how,
        ),
    )


def _names_of(explanation: Explanation) -> tuple[str, ...]:
    names = [tr(region_name(label)) for label in range(len(explanation.weights))]
    if not explanation.zones:
        return tuple(names)
    zones = [tr(zone_words(zone)) for zone in explanation.zones]
    return tuple(f"{zone}, {name.lower()}" for zone, name in zip(zones, names, strict=True))
