"""The report of one signed read: what it states, and as text to paste into a report system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core import __version__
from core.domain.film import printable
from core.domain.findings import findings_text
from core.domain.mark import Mark
from core.domain.model import Prediction
from core.domain.quality import QualityReport, Severity
from core.domain.rate import probability_text
from core.domain.reported import ReportedReads
from core.domain.review import ReviewRecord, verdict_words
from core.imaging.display import DisplayedFilm
from core.imaging.film_pictures import ColouredRegions
from core.language import numbers
from core.language.words import Message, msg, tr, trn

TITLE = msg("Chest radiograph: report of one read")
NOT_FOR_DIAGNOSIS = msg("Not for diagnostic use")
DISCLAIMER = msg(
    "Not for diagnostic use. First Read is an initial reviewer and a learning tool, not a medical "
    "device. A doctor signs every read."
)
CONFIDENCE_NOTE = msg("Confidence 1 is a guess, 5 is certain.")
MODEL_LABEL = msg("Model")
SHOWN_REGIONS = 5
SIDES = {
    "suspicious": msg("Suspicious for pneumonia"),
    "not suspicious": msg("Not suspicious for pneumonia"),
    "unsure": msg("Unsure"),
}
_SEVERITIES = {
    Severity.REFUSE: msg("Refused"),
    Severity.FLAG: msg("Caution"),
    Severity.NOTE: msg("Note"),
}


@dataclass(frozen=True, slots=True, eq=False)
class ReportedRegions:
    """The model's regions as a report draws and lists them.

    Attributes
    ----------
    names : tuple of str
        What each region is called, with its zone of the lungs where that is known.
    unit : str
        What a weight is, in few words.
    none : str
        What is said where no region has a colour.
    how : str
        How they were found, in few words.
    """

    coloured: ColouredRegions
    names: tuple[str, ...]
    unit: str
    none: str
    how: str

    @property
    def strongest(self) -> list[int]:
        """Labels of the regions that are listed, the largest weight of either sign first."""
        weights = abs(self.coloured.weights)
        order = sorted(range(len(weights)), key=lambda label: -weights[label])
        return [label for label in order if weights[label] >= self.coloured.least][:SHOWN_REGIONS]


@dataclass(frozen=True, slots=True, eq=False)
class FilmReport:
    """All that the report of a signed read needs.

    Attributes
    ----------
    film_name : str
        As the site keeps it; empty where it keeps none.
    made_at : datetime
        With its zone.
    film : DisplayedFilm or None
        None where it cannot be drawn any more; ``not_drawn`` says why.
    score_shown : bool
        False for an adult's film whose score nobody asked for.
    model : str
        In sentences: the operating point, and what was measured there.
    ward : str
        In sentences: the probability where the film was taken; empty where that is not known.
    regions : ReportedRegions or None
        None where none are drawn; ``why_no_regions`` says why.
    trust : str
        In sentences: whether the regions are to be relied on.
    hashes : mapping of str to str
        What was read, by what, and where it is kept: by what each is called. Empty ones are not
        stated.
    """

    reads: ReportedReads
    film_name: str
    made_at: datetime
    film: DisplayedFilm | None = None
    not_drawn: str = ""
    score_shown: bool = True
    model: str = ""
    ward: str = ""
    regions: ReportedRegions | None = None
    why_no_regions: str = ""
    trust: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> str:
        """What the film is called: by its name, or by the beginning of its sha256."""
        return printable(self.film_name) or tr("film {sha}", sha=self.reads.signed.film_sha256[:12])

    @property
    def prediction(self) -> Prediction | None:
        """The model's read as it is stated; None where there is none, or it is held back."""
        return self.reads.signed.prediction if self.score_shown else None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Where the reader marked the film at the first read."""
        return () if self.reads.first is None else self.reads.first.drawn


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a line of a report is about, and what it says; a reader's own words may be long.

    Attributes
    ----------
    label : Message
        Said where it is written; the text is said already.
    """

    label: str
    text: str
    comment: bool = False


def verdict_text(record: ReviewRecord) -> str:
    """Return a read's verdict, findings and confidence in words."""
    read, found = record.read, tr(findings_text(record.read.findings))
    seen = f" ({found})" if found else ""
    return f"{tr(verdict_words(read.verdict))}{seen}{tr(read.confidence_text)}"


def time_text(moment: datetime) -> str:
    """Return a moment to the minute."""
    return f"{numbers.time_text(moment)} UTC"


def signing_text(reads: ReportedReads) -> str:
    """Return in sentences who signed when, and what that corrects."""
    words = tr("Signed by {reader}.", reader=_by(reads.signed))
    if reads.corrected is None:
        return words
    verdict = verdict_words(reads.corrected.read.verdict)
    return f"{words} {tr('It corrects an earlier read: {verdict}.', verdict=verdict)}"


def report_lines(report: FilmReport) -> list[ReportLine]:
    """Return what a report says, in the order in which it is read."""
    reads, signed = report.reads, report.reads.signed
    words = f"{verdict_text(signed).capitalize()}. {signing_text(reads)} {tr(CONFIDENCE_NOTE)}"
    lines = [ReportLine(msg("Signed read"), words), *_comment(msg("Comment"), signed)]
    if reads.arbitration is not None:
        settled = reads.arbitration
        lines.append(
            ReportLine(msg("Arbitration"), f"{verdict_text(settled).capitalize()}. {_by(settled)}.")
        )
        lines += _comment(msg("Its reason"), settled)
    if reads.others:
        lines.append(ReportLine(msg("Other readers"), _others_text(reads)))
    lines.append(ReportLine(msg("Quality"), quality_text(signed.quality)))
    lines.append(ReportLine(msg("Blind first read"), _first_text(reads)))
    if reads.first is not None:
        lines += _comment(msg("Its comment"), reads.first)
    lines.append(ReportLine(MODEL_LABEL, _model_text(report)))
    if report.ward and report.prediction is not None:
        lines.append(ReportLine(msg("In this ward"), report.ward))
    if report.prediction is not None:
        lines.append(ReportLine(msg("Regions"), _regions_text(report)))
        if report.trust:
            lines.append(ReportLine(msg("Trust"), report.trust))
    lines.append(ReportLine(msg("Film"), _film_text(report)))
    return lines


def version_lines(report: FilmReport) -> list[ReportLine]:
    """Return which versions and bytes a report is of."""
    signed = report.reads.signed
    parts = [f"First Read {signed.app_version}"]
    if signed.app_version != __version__:
        parts[0] = tr(
            "First Read {version}; report by {other}",
            version=signed.app_version,
            other=__version__,
        )
    if signed.run_id:
        parts.append(tr("run {run}", run=signed.run_id))
    return [
        ReportLine(msg("Version"), ", ".join(parts)),
        ReportLine(msg("Film sha256"), signed.film_sha256),
        *(ReportLine(name, value) for name, value in report.hashes.items() if value),
        ReportLine(msg("Read"), signed.record_id),
    ]


def write_text(report: FilmReport) -> str:
    """Return a report as plain text, every comment whole."""
    lines = [
        tr(TITLE).upper(),
        tr(NOT_FOR_DIAGNOSIS).upper(),
        tr("Film: {film}", film=report.named),
        *_written(report_lines(report)),
        "",
        *_written(version_lines(report)),
        tr("Report made: {moment}", moment=time_text(report.made_at)),
        tr(DISCLAIMER),
    ]
    return "\n".join(lines) + "\n"


def _written(lines: Iterable[ReportLine]) -> list[str]:
    return [f"{tr(line.label)}: {line.text}" for line in lines]


def score_digits(score: float) -> str:
    """Return a calibrated score with the digits that the data carry."""
    return tr(probability_text(score))


def quality_text(quality: QualityReport) -> str:
    """Return in sentences what the quality gate found, a line a finding."""
    found = [f"{tr(_SEVERITIES[one.severity])}: {tr(one.message)}" for one in quality.findings]
    return "\n".join(found) or tr("No problem found.")


def _by(record: ReviewRecord) -> str:
    return f"{printable(record.reader)}, {time_text(record.read.read_at)}"


def _comment(label: Message, record: ReviewRecord) -> list[ReportLine]:
    words = "\n".join(printable(line) for line in record.read.comment.splitlines())
    return [ReportLine(label, words, comment=True)] if words else []


def _others_text(reads: ReportedReads) -> str:
    counts = Counter(other.read.verdict for other in reads.others)
    signed = (
        trn("{n} signed {verdict}", "{n} signed {verdict}", n, verdict=verdict_words(verdict))
        for verdict, n in counts.items()
    )
    return f"{', '.join(signed)}."


def _first_text(reads: ReportedReads) -> str:
    first = reads.first
    if first is None:
        refused = reads.signed.quality.refused
        if refused:
            return tr("None. The model did not read the film.")
        return tr("None. The site asks for none.")
    sentences = [
        f"{verdict_text(first).capitalize()}.",
        tr(
            "Locked {moment}, before the model's result was shown.",
            moment=time_text(first.read.read_at),
        ),
    ]
    if first.order_known:
        sentences.append(tr("The worklist was in the model's order."))
    n = len(first.drawn)
    if n:
        sentences.append(trn("{n} mark on the film.", "{n} marks on the film.", n))
    return " ".join(sentences)


def _model_text(report: FilmReport) -> str:
    prediction = report.prediction
    if report.reads.signed.prediction is None:
        return tr("Not read: the quality gate refused this film.")
    if prediction is None:
        return tr("The film is of an adult. The score was not asked for, and is not shown.")
    score = tr(
        "Calibrated score {score}, threshold {threshold:.2f}.",
        score=score_digits(prediction.probability),
        threshold=prediction.operating_point.threshold,
    )
    return f"{tr(SIDES[prediction.side])}. {score} {report.model}".strip()


def _regions_text(report: FilmReport) -> str:
    kept = report.reads.signed.regions
    at_read = (
        tr("At the signed read they were on the film.")
        if "n_regions" in kept
        else tr("At the signed read they were not on the film.")
    )
    regions = report.regions
    if regions is None:
        return f"{tr('Not drawn.')} {report.why_no_regions} {at_read}"
    method = tr("Method: {method}.", method=regions.how)
    listed = [
        _weight_text(regions.names[label], float(regions.coloured.weights[label]))
        for label in regions.strongest
    ]
    if not listed:
        return f"{regions.none} {method} {at_read}"
    return f"{'; '.join(listed)} ({regions.unit}). {method} {at_read}"


def _weight_text(region: str, weight: float) -> str:
    if weight > 0:
        return tr("{region} {weight:+.2f} for", region=region, weight=weight)
    return tr("{region} {weight:+.2f} against", region=region, weight=weight)


def _film_text(report: FilmReport) -> str:
    film = report.film
    if film is None:
        return f"{tr('Not drawn.')} {report.not_drawn}"
    spacing = film.pixel_spacing_mm
    size = f"{film.width_px} x {film.height_px} px"
    if spacing is None:
        return f"{size}. {tr('The file states no spacing of its pixels.')}"
    return tr("{size}, {mm:.3g} mm a pixel at the detector.", size=size, mm=spacing[1])
