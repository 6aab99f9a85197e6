"""What a signed read is: its rules, and the short account of the explanation kept with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np

from core import __version__
from core.domain.arrays import LabelImage
from core.domain.film import printable
from core.domain.findings import Findings, findings_text
from core.domain.mark import MAX_MARKS, Mark
from core.domain.model import FilmBox, Prediction
from core.domain.quality import QualityReport
from core.domain.reader import READER_LIMIT, Act, Reader
from core.domain.regions import Explanation
from core.domain.review import ReaderRead, ReadKind, ReviewRecord, Verdict, verdict_words
from core.domain.ward import ShownNumber
from core.errors import ReviewStoreError
from core.language.words import msg
from core.reads.drafts import Draft
from core.reads.findings import implied_verdict
from core.reads.protocol import reads_by

COMMENT_LIMIT = 2000  # characters
NAME_LIMIT = 255  # of a film's file name
TOP_REGIONS = 10


def new_record_id() -> str:
    """Return 32 random hexadecimal digits."""
    return uuid4().hex


def utc_now() -> datetime:
    """Return the time of day with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ShownFilm:
    """What is read: a film, what is known of it, and what its reader saw until the signature.

    Attributes
    ----------
    film_name : str
        The file's name, empty where the site keeps none.
    run_id : str
        The run that read the film; of a refused film, the one that serves.
    prediction : Prediction or None
        None for a film that has none.
    earlier : sequence of ReviewRecord
        The film's history, oldest first.
    regions : mapping
        From `summarise_regions`, if an explanation was shown.
    opened_at : datetime or None
        When the reader first saw the film, or after a first read the model's output.
    shown_s : float or None
        How long it was on the screen until now, in s.
    kind : ReadKind
        From `kind_of_next`.
    order_known : bool or None
        Whether the worklist showed the model's side before the read, or was sorted by it.
    shown_number : ShownNumber or None
        What the film's score meant in the ward, as the reader saw it.
    """

    film_sha256: str
    film_name: str
    run_id: str
    quality: QualityReport
    prediction: Prediction | None
    earlier: Sequence[ReviewRecord] = ()
    regions: Mapping[str, object] = field(default_factory=dict)
    opened_at: datetime | None = None
    shown_s: float | None = None
    kind: ReadKind = ReadKind.READ
    order_known: bool | None = None
    shown_number: ShownNumber | None = None


def sign_read(
    draft: Draft,
    film: ShownFilm,
    reader: Reader,
    *,
    new_id: Callable[[], str] = new_record_id,
    now: Callable[[], datetime] = utc_now,
) -> ReviewRecord:
    """Make the record of one read, ready to be stored.

    An unsure verdict has no confidence. White space at the ends of the comment is dropped. A film's
    name is cut to 255 characters, and unprintable characters are replaced. The reader's own current
    record of the film is superseded.

    Parameters
    ----------
    draft : Draft
        With a verdict, a confidence from 1 (guess) to 5 (certain), a comment of up to 2,000
        characters, at most 5 marks, and findings that imply the verdict, or none.

    Raises
    ------
    NotAllowed
        If the reader has no role that signs.
    ReviewStoreError
        If the film's sha256, the reader, the verdict, the confidence or the comment is not valid,
        or there are too many marks.
    ReviewStoreError
        If the findings imply another verdict.
    ReviewStoreError
        If the quality gate refused the picture.
    ReviewStoreError
        If there is a prediction of another run than `run_id`.
    ReviewStoreError
        If the clock gives a time without a zone.
    """
    reader.require(Act.SIGN_READ)
    if film.kind is not ReadKind.ARBITRATION:
        _check_readable(film.quality)
    _check_film(film.film_sha256)
    _check_prediction(film.prediction, film.run_id)
    signer = _checked_reader(reader.name)
    return ReviewRecord(
        record_id=new_id(),
        film_sha256=film.film_sha256,
        film_name=printable_name(film.film_name),
        reader=signer,
        read=ReaderRead(
            verdict=_checked_verdict(draft.verdict),
            confidence=None
            if draft.verdict is Verdict.UNSURE
            else _checked_confidence(draft.confidence),
            comment=_checked_comment(draft.comment),
            read_at=_checked_time(now()),
            findings=_checked_findings(draft),
        ),
        prediction=film.prediction,
        quality=film.quality,
        run_id=film.run_id,
        app_version=__version__,
        supersedes=_own_current(film.earlier, film.film_sha256, signer),
        regions=dict(film.regions),
        opened_at=None if film.opened_at is None else _checked_time(film.opened_at),
        kind=film.kind,
        drawn=_checked_drawn(draft.drawn),
        shown_s=film.shown_s,
        order_known=film.order_known,
        shown_number=film.shown_number,
    )


def _own_current(earlier: Sequence[ReviewRecord], film_sha256: str, reader: str) -> str | None:
    superseded = {record.supersedes for record in earlier}
    own = [
        record.record_id
        for record in reads_by(earlier, reader)
        if record.film_sha256 == film_sha256 and record.record_id not in superseded
    ]
    return own[-1] if own else None


def _check_film(film_sha256: str) -> None:
    if len(film_sha256) != 64 or set(film_sha256) - set("0123456789abcdef"):
        raise ReviewStoreError(
            msg(
                "The film's fingerprint {film_sha256!r} is not 64 hexadecimal digits: load the "
                "film again.",
                film_sha256=film_sha256[:80],
            )
        )


def _check_readable(quality: QualityReport) -> None:
    if quality.refused:
        raise ReviewStoreError(
            msg(
                "The quality check refused this picture, so it gets no verdict. It can be "
                "noted as not a chest film."
            )
        )


def _check_prediction(prediction: Prediction | None, run_id: str) -> None:
    if prediction is None:
        return
    if prediction.run_id != run_id:
        raise ReviewStoreError(
            msg(
                "The probability comes from run {run_id!r} and the read names run "
                "{read_run!r}: reload the film, then sign again.",
                run_id=prediction.run_id,
                read_run=run_id,
            )
        )


def _checked_reader(reader: str) -> str:
    name = reader.strip()
    if not name:
        raise ReviewStoreError(msg("A read needs a reader: enter your name, then sign again."))
    if len(name) > READER_LIMIT or not name.isprintable():
        raise ReviewStoreError(
            msg(
                "The reader's name ({length} characters) must be printable and at most "
                "{most} characters: shorten it, then sign again.",
                length=len(name),
                most=READER_LIMIT,
            )
        )
    return name


def _checked_verdict(verdict: Verdict | None) -> Verdict:
    try:
        return Verdict(str(verdict))
    except ValueError as exc:
        raise ReviewStoreError(
            msg(
                "The verdict {verdict!r} is not one of {verdicts}: choose one, then sign.",
                verdict=verdict,
                verdicts=", ".join(Verdict),
            )
        ) from exc


def _checked_confidence(confidence: int) -> int:
    whole = isinstance(confidence, int) and not isinstance(confidence, bool)
    if not whole or not 1 <= confidence <= 5:
        raise ReviewStoreError(
            msg(
                "The confidence {confidence!r} is not a whole number from 1 (guess) to 5 "
                "(certain): choose one, then sign.",
                confidence=confidence,
            )
        )
    return confidence


def _checked_comment(comment: str) -> str:
    text = comment.strip()
    if len(text) > COMMENT_LIMIT:
        raise ReviewStoreError(
            msg(
                "The comment has {length} characters and the limit is {most}: shorten "
                "it, then sign again.",
                length=len(text),
                most=COMMENT_LIMIT,
            )
        )
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
        raise ReviewStoreError(
            msg(
                "The comment contains a character that cannot be stored (a zero byte or half "
                "of a character pair): remove it, then sign again."
            )
        )
    return text


def _checked_drawn(drawn: Sequence[Mark]) -> tuple[Mark, ...]:
    if len(drawn) > MAX_MARKS:
        raise ReviewStoreError(
            msg(
                "A first read has at most {most} marks, not {drawn}: remove some (x).",
                most=MAX_MARKS,
                drawn=len(drawn),
            )
        )
    return tuple(drawn)


def _checked_findings(draft: Draft) -> Findings:
    implied = implied_verdict(draft.findings)
    if implied not in (None, draft.verdict):
        raise ReviewStoreError(
            msg(
                "The findings ({findings}) imply {implied} and the verdict is {verdict}: "
                "change one of them, then sign.",
                findings=findings_text(draft.findings),
                implied=verdict_words(implied),
                verdict=verdict_words(_checked_verdict(draft.verdict)),
            )
        )
    return draft.findings


def _checked_time(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ReviewStoreError(
            msg(
                "The clock gave {time} without a time zone: a read's time is stored in UTC.",
                time=str(moment),
            )
        )
    return moment.astimezone(UTC)


def printable_name(name: str) -> str:
    """Return a file's name as it may be shown: short, without control and bidi characters."""
    return printable(name[:NAME_LIMIT])


# --- the explanation, in short --------------------------------------------------------------------


def summarise_regions(explanation: Explanation, top: int = TOP_REGIONS) -> dict[str, object]:
    """Return what an explanation showed, as JSON can keep it.

    Positions are in px of the film, measured from the outer corner of its top left pixel: that
    pixel spans 0 to 1 on both axes. The box is the smallest one around the region.

    Parameters
    ----------
    top : int
        How many regions to keep, those with the largest absolute weight first.

    Returns
    -------
    dict
        ``method``, ``unit`` of the weights, ``settings``, ``score`` and the ``parts`` that it is
        the sum of, ``surrogate_r2`` by LIME, the film's size, ``n_regions`` and ``regions``: a list
        of ``label``, ``weight``, ``centroid_px`` and ``box_px``.
    """
    segments, geometry, weights = explanation.segments, explanation.geometry, explanation.weights
    strongest = np.argsort(-np.abs(weights), kind="stable")[:top]
    r2 = explanation.surrogate_r2
    return {
        "method": explanation.method,
        "unit": "log odds",
        "settings": {"superpixels": "slic"} | asdict(explanation.settings),
        "score": explanation.score,
        "parts": dict(explanation.parts),
        **({} if r2 is None else {"surrogate_r2": r2}),
        "film_height_px": geometry.film_height_px,
        "film_width_px": geometry.film_width_px,
        "n_regions": int(weights.size),
        "regions": [
            {"label": int(label), "weight": float(weights[label])}
            | _where_on_film(segments, int(label), geometry.looked_at)
            for label in strongest
        ],
    }


def _where_on_film(
    segments: LabelImage, label: int, looked_at: FilmBox
) -> dict[str, dict[str, float]]:
    rows, columns = np.nonzero(segments == label)

    def row(index: float) -> float:
        return round(looked_at.top_px + index * looked_at.height_px / len(segments), 1)

    def column(index: float) -> float:
        return round(looked_at.left_px + index * looked_at.width_px / len(segments[0]), 1)

    return {
        "centroid_px": {
            "row": row(float(rows.mean() + 0.5)),
            "column": column(float(columns.mean() + 0.5)),
        },
        "box_px": {
            "top": row(float(rows.min())),
            "left": column(float(columns.min())),
            "bottom": row(float(rows.max() + 1)),
            "right": column(float(columns.max() + 1)),
        },
    }
