"""The reader's side: verdicts, and signed reads as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.domain.findings import NO_FINDINGS, Findings
from core.domain.mark import Mark
from core.domain.model import Prediction
from core.domain.quality import QualityReport
from core.domain.ward import ShownNumber
from core.language.lists import NOTHING
from core.language.words import Message, msg


class Verdict(StrEnum):
    """A reader's verdict on a film; never a reference standard."""

    PNEUMONIA = "pneumonia"
    NORMAL = "normal"
    UNSURE = "unsure"


_VERDICTS: Mapping[Verdict, Message] = {
    Verdict.PNEUMONIA: msg("pneumonia"),
    Verdict.NORMAL: msg("normal"),
    Verdict.UNSURE: msg("unsure"),
}


def verdict_words(verdict: Verdict) -> Message:
    """Return a verdict in words."""
    return _VERDICTS[verdict]


@dataclass(frozen=True, slots=True)
class ReaderRead:
    """One reader's verdict.

    ``confidence`` runs from 1 (guess) to 5 (certain); None where the verdict is unsure.
    """

    verdict: Verdict
    confidence: int | None
    comment: str
    read_at: datetime
    findings: Findings = NO_FINDINGS

    @property
    def confidence_text(self) -> Message:
        """The confidence as it follows the verdict; empty where there is none."""
        if self.confidence is None:
            return NOTHING
        return msg(", confidence {confidence} of 5", confidence=self.confidence)


class ReadKind(StrEnum):
    """Why a read was made; a first one was locked before probability and regions were shown."""

    FIRST = "first"
    READ = "read"
    ARBITRATION = "arbitration"


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """One signed read as it is kept: append-only, corrections point at what they supersede.

    ``prediction`` is None for a film that the gate refused. ``regions`` is the explanation's
    summary as shown (JSON-able), empty when none was shown. ``opened_at`` is when the reader
    first saw the film, None where that was not kept, and ``shown_s`` for how long it was on the
    screen until the read, in s. ``arbitrates`` names the records that an
    arbitration settles. ``drawn`` is where a first read marked the film, before the model's regions
    were shown. ``order_known`` tells whether the worklist showed the model's side, or was sorted by
    it, before the read; None where that was not kept, and for an arbitration. ``shown_number`` is
    what the film's score meant in the ward, as its reader saw it; None where no score was shown.
    """

    record_id: str
    film_sha256: str
    film_name: str
    reader: str
    read: ReaderRead
    prediction: Prediction | None
    quality: QualityReport
    run_id: str
    app_version: str
    supersedes: str | None = None
    regions: dict[str, object] = field(default_factory=dict)
    kind: ReadKind = ReadKind.READ
    opened_at: datetime | None = None
    arbitrates: tuple[str, ...] = ()
    drawn: tuple[Mark, ...] = ()
    shown_s: float | None = None
    order_known: bool | None = None
    shown_number: ShownNumber | None = None

    @property
    def score_held_back(self) -> bool:
        """Whether it is of an adult, and the reader had not asked for the score by then."""
        if self.kind is ReadKind.READ:
            return self.regions.get("score") == "not shown"
        return self.quality.score_on_request and not self.regions

    @property
    def shown_prediction(self) -> Prediction | None:
        """What the model said, as far as lists and figures may state it."""
        return None if self.score_held_back else self.prediction


Records = Sequence[ReviewRecord]
"""All that were stored, superseded ones included, oldest first."""
