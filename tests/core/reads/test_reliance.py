"""How a reader did before on films like one: counted by hand from hand-made records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.review_records import record
from statsmodels.stats.proportion import proportion_confint

from core.domain.model import AbstentionBand, OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.reads.reliance import (
    FEWEST_FILMS,
    Band,
    Reliance,
    band_of,
    reliance_text,
    rely_before,
    settle_films,
    tabulate_reliance,
)

NOON = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
ILL, WELL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE
POINT = OperatingPoint(0.6, 0.97, 0.8, 624, 390, "validation")
HIGH = 0.95
NOW = 1000
"""Number of the film that is open; films with lower numbers were read before it."""


def film(number: int) -> str:
    return f"{number:064x}"


def said(probability: float, **band: float | None) -> Prediction:
    abstention = AbstentionBand(**band, **REST) if band else None
    return Prediction(probability, 0.5, "run-1", POINT, abstention)


REST = {"target_error": 0.1, "confidence": 0.9, "chosen_on": "validation", "n": 9, "method": "any"}


def first(number: int, verdict: Verdict = WELL, probability: float = HIGH, **changes):
    fields = {
        "record_id": f"first-{number}",
        "film_sha256": film(number),
        "reader": "Ada",
        "kind": ReadKind.FIRST,
        "verdict": verdict,
        "prediction": said(probability),
        "quality": QualityReport(),
        "regions": {},
        "order_known": False,
        "read_at": NOON + timedelta(minutes=number),
    }
    return record(**fields | changes)


def after(locked: ReviewRecord, verdict: Verdict, **changes) -> ReviewRecord:
    """Return what was signed, or settled, after a locked first read."""
    at = locked.read.read_at + timedelta(seconds=30)
    read = replace(locked.read, verdict=verdict, read_at=at)
    fields = {"kind": ReadKind.READ, "record_id": f"later-{locked.record_id}", "read": read}
    return replace(locked, **fields | changes)


def before(records, references, now: ReviewRecord | None = None, probability: float = HIGH):
    now = now or first(NOW)
    settled = settle_films(records, references, now.reader)
    return rely_before(records, settled, now, said(probability))


def noted(code: str) -> QualityReport:
    return QualityReport((Finding(code, Severity.FLAG, None, None, "A finding."),))


SEVEN = [first(number) for number in range(7)]
"""Films that Ada called normal and the model clearly suspicious; she signed nothing yet."""

FOUR_ILL = {film(number): ILL if number < 4 else WELL for number in range(7)}


def test_films_with_the_same_verdict_and_band_are_counted_by_what_they_show() -> None:
    past = before(SEVEN, FOUR_ILL)
    assert past == Reliance(WELL, Band.HIGH, n=7, ill=4, changed=0, last_right=3)
    assert (past.first_right, past.opposed) == (3, True)


def test_the_line_says_what_changing_would_have_done_with_wilsons_interval() -> None:
    low, high = proportion_confint(4, 7, method="wilson")
    assert reliance_text(before(SEVEN, FOUR_ILL)) == (
        "On 7 earlier films like this you said normal and the model was suspicious (0.9 or more). "
        "Changing your verdict would have been right on 4 "
        f"(95 % interval {low:.0%} to {high:.0%})."
    )


@pytest.mark.parametrize(
    ("verdict", "band", "words"),
    [
        (ILL, Band.HIGH, "Your verdict was right on 9 (95 % interval"),
        (ILL, Band.UNSURE, "Your verdict was right on 9 (95 % interval"),
        (ILL, Band.LOW, "Changing your verdict would have been right on 5 (95 % interval"),
        (WELL, Band.NOT_SUSPICIOUS, "Your verdict was right on 5 (95 % interval"),
        (WELL, Band.SUSPICIOUS, "Changing your verdict would have been right on 9 (95 % interval"),
        (UNSURE, Band.HIGH, "9 of them showed pneumonia (95 % interval"),
    ],
)
def test_each_verdict_beside_each_band_has_its_own_words(verdict, band, words) -> None:
    text = reliance_text(Reliance(verdict, band, n=14, ill=9, changed=0, last_right=0))
    assert words in text
    assert f"the model was {band}." in text
    assert ("you were unsure" in text) == (verdict is UNSURE)


def test_nothing_is_said_of_fewer_films_than_the_least_number() -> None:
    fewest = SEVEN[:FEWEST_FILMS]
    assert before(fewest, FOUR_ILL).n == FEWEST_FILMS
    assert before(fewest[1:], FOUR_ILL) is None
    assert before(SEVEN, {film(0): ILL}) is None  # only one is settled


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("another reader", first(20, reader="Ben")),
        ("another verdict", first(20, ILL)),
        ("another band", first(20, probability=0.8)),
        ("the film itself", first(20, film_sha256=film(NOW))),
        ("locked later", first(NOW + 1, film_sha256=film(20))),
        ("model shown first", first(20, kind=ReadKind.READ)),
        ("order known", first(20, order_known=True)),
        ("order not kept", first(20, order_known=None)),
        ("synthetic", first(20, quality=noted("synthetic"))),
        ("an adult", first(20, quality=noted("adult"))),
        ("refused", first(20, prediction=None)),
    ],
)
def test_a_film_that_is_not_like_it_is_not_counted(name: str, other: ReviewRecord) -> None:
    known = FOUR_ILL | {film(20): ILL, film(NOW): ILL}
    alike = first(20)
    assert before([*SEVEN, alike], known).n == 8
    assert before([*SEVEN, other], known).n == 7, name


def test_a_reader_is_one_however_the_name_is_written() -> None:
    assert before([*SEVEN, first(20, reader=" ADA ")], FOUR_ILL | {film(20): ILL}).n == 8


def test_a_corrected_read_counts_once_by_its_first_and_last_verdict() -> None:
    signed = [after(locked, ILL) for locked in SEVEN[:3]]
    corrected = after(signed[0], WELL, record_id="corrected", supersedes=signed[0].record_id)
    past = before([*SEVEN, *signed, corrected], FOUR_ILL)
    assert past == Reliance(WELL, Band.HIGH, n=7, ill=4, changed=2, last_right=5)


def test_the_band_of_the_open_film_is_that_of_what_the_model_says_now() -> None:
    assert before(SEVEN, FOUR_ILL, now=first(NOW, probability=0.2)).band is Band.HIGH
    assert before(SEVEN, FOUR_ILL, probability=0.2) is None


@pytest.mark.parametrize(
    ("prediction", "band"),
    [
        (said(0.9), Band.HIGH),
        (said(0.89), Band.SUSPICIOUS),
        (said(0.6), Band.SUSPICIOUS),
        (said(0.59), Band.NOT_SUSPICIOUS),
        (said(0.1), Band.LOW),
        (said(0.95, low=0.3, high=0.97), Band.UNSURE),
        (said(0.5, low=0.3, high=0.7), Band.UNSURE),
        (said(0.05, low=None, high=0.7), Band.UNSURE),
        (said(0.2, low=0.3, high=0.7), Band.NOT_SUSPICIOUS),
    ],
)
def test_the_band_goes_by_the_runs_own_operating_point_and_unsure_band(prediction, band) -> None:
    assert band_of(prediction) is band


def settle(number: int, verdict: Verdict, by: str, minutes: int = 0) -> ReviewRecord:
    at = {"read_at": NOON + timedelta(days=1, minutes=minutes)}
    of = {"film_sha256": film(number), "reader": by, "record_id": f"{by}-{number}-{minutes}"}
    return record(kind=ReadKind.ARBITRATION, verdict=verdict, **at, **of)


def test_an_arbitration_by_another_reader_settles_a_film() -> None:
    settled = [settle(number, ILL, "Cleo") for number in range(6)]
    assert before([*SEVEN, *settled], {}).n == 6
    assert before([*SEVEN, *settled], {film(0): WELL}).ill == 5  # the reference goes first


def test_what_reader_or_model_say_settles_nothing() -> None:
    own = [settle(number, ILL, "ada") for number in range(7)]
    signed = [after(locked, ILL) for locked in SEVEN]
    others = [first(number, ILL, reader="Ben") for number in range(7)]
    assert settle_films([*SEVEN, *own, *signed, *others], {}, "Ada") == {}


def test_the_newest_arbitration_settles_and_an_unsure_one_does_not() -> None:
    reads = [settle(0, ILL, "Cleo"), settle(0, WELL, "Dan", 1)]
    assert settle_films(reads, {}, "Ada") == {film(0): WELL}
    assert settle_films([*reads, settle(0, UNSURE, "Cleo", 2)], {}, "Ada") == {}


def test_the_table_lists_what_enough_films_were_read_like_and_of_one_reader() -> None:
    agreed = [first(number, ILL) for number in range(10, 16)]
    few = [first(number, UNSURE) for number in range(30, 34)]
    others = [first(number, ILL, reader="Ben") for number in range(40, 50)]
    known = FOUR_ILL | {film(number): ILL for number in range(10, 50)}
    records = [*SEVEN, *agreed, after(agreed[0], WELL), *few, *others]
    assert tabulate_reliance(records, settle_films(records, known, "Ada"), "Ada") == [
        Reliance(ILL, Band.HIGH, n=6, ill=6, changed=1, last_right=5),
        Reliance(WELL, Band.HIGH, n=7, ill=4, changed=0, last_right=3),
    ]
