"""Readers against the model, drift, disputes and references, counted by hand and by libraries."""

from __future__ import annotations

import hashlib
import io
import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow.parquet as pq
import pytest
from fixtures.review_records import FILM, lead, record
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as reference_kappa
from statsmodels.stats.proportion import proportion_confint

from core.datasets.copies import list_test_files, published_references
from core.datasets.index import list_public, reference_of_files
from core.domain.model import Calibration, OperatingPoint, Prediction
from core.domain.quality import Finding, QualityReport, Severity
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.errors import NotAllowed, ReviewStoreError
from core.reads.arbitration import arbitrate, list_disputes
from core.reads.drift import FEWEST_FILMS, alarm_limit, stability_index, weekly_drift
from core.reads.export import find_reads, is_synthetic, reads_as_json, reads_as_parquet
from core.reads.reader_performance import EVERYBODY, keep_whole, tabulate_readers
from core.stats.bootstrap import kappa_of_films
from core.stats.intervals import cohens_kappa, lowest_full_kappa
from core.store.engine import Database
from core.store.reads import SqlReviewStore

pytest_plugins = ["fixtures.review_databases"]

NOON = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)  # a Monday
ILL, WELL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE


def film(number: int) -> str:
    return f"{number:064x}"


def read(number: int, verdict: Verdict, model_ill: bool, reader: str = "Ada", **changes):
    probability = changes.pop("probability", 0.9 if model_ill else 0.1)
    point = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
    fields = {
        "record_id": f"{reader}-{number}",
        "film_sha256": film(number),
        "film_name": f"film {number}",
        "verdict": verdict,
        "reader": reader,
        "prediction": Prediction(probability, 0.5, "run-1", point),
        "read_at": NOON + timedelta(minutes=number),
    }
    return record(**fields | changes)


# --- kappa ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "seed"), [(12, 0), (60, 1), (400, 2), (37, 3)])
def test_kappa_and_its_interval_are_those_of_statsmodels_and_scikit_learn(n, seed) -> None:
    random = np.random.default_rng(seed)
    first = random.random(n) < 0.6
    second = np.where(random.random(n) < 0.8, first, ~first)
    table = [[np.sum((first == a) & (second == b)) for b in (True, False)] for a in (True, False)]
    expected = reference_kappa(np.array(table))
    kappa = cohens_kappa(first, second)
    assert kappa.value == pytest.approx(expected.kappa)
    assert kappa.value == pytest.approx(cohen_kappa_score(first, second))
    assert (kappa.low, min(kappa.high, 1.0)) == pytest.approx(
        (expected.kappa_low, min(expected.kappa_upp, 1.0))
    )
    assert kappa.n == n


def test_full_agreement_leaves_an_interval_that_the_number_of_films_sets() -> None:
    said = np.array([True] * 4 + [False] * 36)
    kappa = cohens_kappa(said, said)
    apart = proportion_confint(0, 40, method="wilson")[1]
    assert (kappa.value, kappa.high, kappa.n) == (1.0, 1.0, 40)
    assert kappa.low == pytest.approx(1 - apart / (2 * 0.1 * 0.9))
    films = np.repeat([film(n) for n in range(40)], 3)
    thrice = kappa_of_films(np.repeat(said, 3), np.repeat(said, 3), films)
    assert (thrice.value, thrice.low, thrice.n) == (1.0, pytest.approx(kappa.low), 120)
    assert lowest_full_kappa(np.arange(120) == 0, 40) == -1.0


@pytest.mark.parametrize(
    ("first", "second"), [([], []), ([1, 1], [1, 1]), ([0], [0]), ([1, 0, 1], [0, 0, 0])]
)
def test_without_two_sides_there_is_no_kappa(first, second) -> None:
    kappa = cohens_kappa(np.array(first, dtype=bool), np.array(second, dtype=bool))
    assert np.isnan(kappa.value)
    assert (kappa.low, kappa.high) == (-1.0, 1.0)


# --- readers --------------------------------------------------------------------------------------


REFERENCES = {film(n): ILL if n < 4 else WELL for n in range(8)}
"""Films 0 to 3 are ill, 4 to 7 well; what is said of them is in the test's own table."""


def test_a_readers_numbers_are_those_counted_by_hand() -> None:
    reads = [
        read(0, ILL, model_ill=True),
        read(1, WELL, model_ill=True),
        read(2, WELL, model_ill=False),
        read(3, ILL, model_ill=False),
        read(4, WELL, model_ill=False),
        read(5, WELL, model_ill=False),
        read(6, UNSURE, model_ill=True),  # takes no side
        read(7, WELL, model_ill=True),
        read(9, ILL, model_ill=True),  # nobody knows what it shows
    ]
    (numbers,) = tabulate_readers(reads, REFERENCES)
    assert (numbers.reader, numbers.films) == ("Ada", 9)
    assert (numbers.agreement.value, numbers.agreement.n) == (5 / 8, 8)
    assert (numbers.sensitivity.value, numbers.sensitivity.n) == (2 / 4, 4)
    assert (numbers.model_sensitivity.value, numbers.model_sensitivity.n) == (2 / 4, 4)
    assert (numbers.specificity.value, numbers.specificity.n) == (3 / 3, 3)
    assert (numbers.model_specificity.value, numbers.model_specificity.n) == (2 / 3, 3)
    assert (numbers.same_as_wrong.value, numbers.same_as_wrong.n) == (1 / 3, 3)
    assert (numbers.other_than_right.value, numbers.other_than_right.n) == (1 / 4, 4)
    assert numbers.over_reliance.n == numbers.under_reliance.n == 0
    low, high = proportion_confint(2, 4, method="wilson")
    assert (numbers.sensitivity.low, numbers.sensitivity.high) == pytest.approx((low, high))
    mine, model = [1, 0, 0, 1, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0, 1, 1]
    assert numbers.kappa.value == pytest.approx(cohen_kappa_score(mine, model))


def test_changes_and_time_come_from_a_readers_first_and_last_read() -> None:
    opened = NOON - timedelta(seconds=30)
    reads = [
        read(0, WELL, model_ill=True, record_id="a", opened_at=opened),
        read(4, WELL, model_ill=True, record_id="b", read_at=NOON, opened_at=opened),
        read(0, ILL, model_ill=True, record_id="c", supersedes="a"),
        read(4, ILL, model_ill=True, record_id="d", supersedes="b"),
        read(5, WELL, model_ill=True, record_id="e"),
        read(1, Verdict.UNSURE, model_ill=True, record_id="f"),
        read(1, ILL, model_ill=True, record_id="g", supersedes="f"),
    ]
    (numbers,) = tabulate_readers(reads, REFERENCES)
    # From unsure to right is no change from wrong to right.
    assert (numbers.to_right, numbers.to_wrong, numbers.films) == (1, 1, 4)
    assert (numbers.median_s, numbers.timed) == (30.0, 2)
    assert numbers.sensitivity.value == 1.0
    assert numbers.specificity.value == 1 / 2


def locked_and_signed(number: int, first: Verdict, last: Verdict, *, model_ill: bool) -> list:
    before, after = f"first-{number}", f"last-{number}"
    return [
        read(number, first, model_ill, record_id=before, kind=ReadKind.FIRST),
        read(number, last, model_ill, record_id=after, supersedes=before),
    ]


def test_reliance_is_what_became_of_first_reads_that_were_locked_before_the_model() -> None:
    reads = [
        *locked_and_signed(0, ILL, WELL, model_ill=False),  # right, misled
        *locked_and_signed(1, ILL, ILL, model_ill=False),  # right, stood
        *locked_and_signed(4, WELL, UNSURE, model_ill=True),  # right, not misled all the way
        *locked_and_signed(2, WELL, WELL, model_ill=True),  # wrong, not helped
        *locked_and_signed(3, WELL, ILL, model_ill=True),  # wrong, helped
        *locked_and_signed(5, UNSURE, WELL, model_ill=False),  # said nothing alone
        *locked_and_signed(6, ILL, ILL, model_ill=True),  # wrong beside a wrong model
        read(7, ILL, model_ill=True),  # the model was seen from the start
        *locked_and_signed(9, ILL, WELL, model_ill=False),  # nobody knows what it shows
    ]
    (numbers,) = tabulate_readers(reads, REFERENCES)
    assert (numbers.over_reliance.value, numbers.over_reliance.n) == (1 / 3, 3)
    assert (numbers.under_reliance.value, numbers.under_reliance.n) == (1 / 2, 2)


def test_reads_of_one_film_by_many_are_not_taken_for_as_many_films() -> None:
    readers = [f"reader {n}" for n in range(20)]
    reads = [
        read(n, ILL if n else WELL, model_ill=True, reader=name)
        for name in readers
        for n in range(4)
    ]
    everybody = tabulate_readers(reads, REFERENCES)[0]
    sensitivity, agreement = everybody.sensitivity, everybody.agreement
    assert (sensitivity.value, sensitivity.n) == (3 / 4, 80)
    low, high = proportion_confint(60, 80, method="wilson")
    assert sensitivity.low < low - 0.2
    assert sensitivity.high > high + 0.1
    assert (agreement.low, agreement.high) == (sensitivity.low, sensitivity.high)
    all_said_so = everybody.model_sensitivity
    assert (all_said_so.value, all_said_so.n) == (1.0, 80)
    assert all_said_so.low == pytest.approx(proportion_confint(4, 4, method="wilson")[0])


def test_kappa_over_repeated_films_draws_films() -> None:
    random = np.random.default_rng(3)
    first, model = random.random(30) < 0.5, random.random(30) < 0.5
    model[:20] = first[:20]
    films = np.array([film(n) for n in range(30)])
    once = kappa_of_films(first, model, films)
    assert once == cohens_kappa(first, model)
    many = kappa_of_films(*(np.repeat(column, 10) for column in (first, model, films)))
    alone = cohens_kappa(np.repeat(first, 10), np.repeat(model, 10))
    assert many.value == pytest.approx(once.value)
    assert many.high - many.low > 2.0 * (alone.high - alone.low)
    assert many.high - many.low == pytest.approx(once.high - once.low, rel=0.15)


def test_first_and_last_reads_are_kept_or_left_out_together() -> None:
    reads = [
        *locked_and_signed(0, ILL, WELL, model_ill=False),
        *locked_and_signed(1, ILL, ILL, model_ill=True),
        read(1, WELL, model_ill=True, reader="Grace"),
        read(2, ILL, model_ill=True, kind=ReadKind.FIRST),
    ]
    kept = keep_whole(reads, lambda own: own.last.record_id in ("last-0", "Grace-1"))
    assert [one.record_id for one in kept] == ["first-0", "last-0", "Grace-1"]


def test_two_readers_get_a_line_each_below_everybodys_and_arbitrations_none() -> None:
    reads = [
        read(0, ILL, model_ill=True),
        read(0, WELL, model_ill=True, reader="Grace"),
        read(0, WELL, model_ill=True, reader="Senior", kind=ReadKind.ARBITRATION),
    ]
    lines = tabulate_readers(reads, REFERENCES)
    films = {line.reader: line.films for line in lines}
    assert films == {EVERYBODY: 2, "Ada": 1, "Grace": 1}
    assert [line.sensitivity.value for line in lines] == [0.5, 1.0, 0.0]


def test_without_a_reference_there_are_no_rates_of_errors() -> None:
    (numbers,) = tabulate_readers([read(0, ILL, model_ill=True)], {})
    assert numbers.sensitivity.n == numbers.over_reliance.n == 0
    assert np.isnan(numbers.sensitivity.value)
    assert numbers.median_s is None


# --- drift ----------------------------------------------------------------------------------------


def test_the_index_is_the_one_computed_by_hand() -> None:
    reference = (np.arange(100) + 0.5) / 100
    said = np.full(20, 0.95)
    expected = (10 + 0.5) / 105
    none, full = 0.5 / 25, 20.5 / 25
    by_hand = 9 * (none - expected) * np.log(none / expected)
    by_hand += (full - expected) * np.log(full / expected)
    assert stability_index(said, reference) == pytest.approx(by_hand)


def test_the_alarm_is_silent_without_drift_and_rings_with_it() -> None:
    random = np.random.default_rng(4)
    reference = random.beta(0.5, 0.3, 800)
    for n in (FEWEST_FILMS, 60, 300):
        still = [stability_index(random.beta(0.5, 0.3, n), reference) for _ in range(300)]
        moved = [stability_index(random.beta(2.5, 1.5, n), reference) for _ in range(300)]
        limit = alarm_limit(n, len(reference))
        assert np.mean(np.array(still) > limit) <= 0.03
        assert np.mean(np.array(moved) > limit) >= 0.9


def test_weeks_begin_on_monday_and_count_each_film_of_the_run_once() -> None:
    reference = np.linspace(0.0, 1.0, 200)
    first = [read(n, ILL, model_ill=True, probability=0.99) for n in range(FEWEST_FILMS)]
    again = read(0, WELL, model_ill=True, record_id="again", probability=0.99)
    sunday = read(130, ILL, model_ill=True, read_at=NOON + timedelta(days=6))
    later = read(131, ILL, model_ill=True, read_at=NOON + timedelta(days=7))
    other = record(film_sha256=film(33), prediction=None, quality=QualityReport(), run_id="")
    late = read(1, WELL, True, record_id="late", read_at=NOON + timedelta(days=8))
    settled = read(
        2, ILL, True, record_id="s", read_at=NOON + timedelta(days=9), kind=ReadKind.ARBITRATION
    )
    reads = [*first, again, sunday, later, other, late, settled]
    weeks = weekly_drift(reads, "run-1", reference)
    assert [(week.begins, week.n) for week in weeks] == [
        (date(2024, 5, 6), FEWEST_FILMS + 1),
        (date(2024, 5, 13), 1),
    ]
    assert weeks[0].alarm
    assert weeks[1].index is None
    assert not weeks[1].alarm
    assert weekly_drift(first, "another run", reference) == []


def test_films_read_by_a_site_setting_drift_by_the_runs_own_probability() -> None:
    reference = np.linspace(0.005, 0.995, 200)
    calibration = Calibration(temperature=2.0, offset=0.5)
    logits = 2.0 * (np.log(reference) - np.log1p(-reference) - 0.5)
    point = OperatingPoint(0.6, 0.9, 0.9, 100, 50, "tuning films of Ward 3, site setting 2")
    scores = (1.0 / (1.0 + np.exp(-logits))).tolist()
    reads = [
        read(n, ILL, model_ill=True, prediction=Prediction(0.99, score, "run-1", point))
        for n, score in enumerate(scores)
    ]
    (week,) = weekly_drift(reads, "run-1", reference, calibration)
    assert week.index == pytest.approx(0.0, abs=1e-9)
    (by_the_site,) = weekly_drift(reads, "run-1", reference)
    assert by_the_site.alarm


# --- disputes -------------------------------------------------------------------------------------


def test_films_on_which_somebody_disagrees_wait_longest_first() -> None:
    reads = [
        read(3, ILL, model_ill=False),
        read(1, ILL, model_ill=True),
        read(2, WELL, model_ill=False),
        read(2, ILL, model_ill=True, reader="Grace", read_at=NOON + timedelta(hours=1)),
        read(4, UNSURE, model_ill=True),
    ]
    waiting = [(dispute.film_name, dispute.between) for dispute in list_disputes(reads)]
    assert waiting == [("film 3", "reader and model"), ("film 2", "two readers")]


def test_a_dispute_is_settled_by_a_record_that_supersedes_and_names_the_reads(sqlite_url) -> None:
    store, senior = SqlReviewStore(Database.open(sqlite_url)), lead("Senior")
    for one in (read(2, WELL, False), read(2, ILL, True, reader="Grace")):
        store.append(one, lead(one.reader))
    (dispute,) = list_disputes(store.history(film(2)))
    settled = arbitrate(dispute, senior, ILL, 4, "the left base is dense")
    store.append(settled, senior)
    assert store.history(film(2))[-1] == settled
    assert settled.kind is ReadKind.ARBITRATION
    assert settled.arbitrates == ("Ada-2", "Grace-2")
    assert settled.supersedes == "Grace-2"
    assert store.latest_for_film(film(2)) == settled
    assert list_disputes(store.history(film(2))) == []
    third = read(2, WELL, False, reader="Third", read_at=NOON + timedelta(hours=2))
    store.append(third, lead("Third"))
    (again,) = list_disputes(store.history(film(2)))
    assert [one.reader for one in again.reads][-1] in {"Third", "Ada"}
    store.append(arbitrate(again, senior, ILL, 4, "still dense"), senior)
    assert list_disputes(store.history(film(2))) == []
    store.database.close()


def test_only_a_lead_who_has_not_read_the_film_settles_and_says_why(sqlite_url) -> None:
    (dispute,) = list_disputes([read(3, ILL, model_ill=False)])
    reader = Reader("Senior", frozenset({Role.READER}))
    with pytest.raises(NotAllowed, match="may not arbitrate between reads"):
        arbitrate(dispute, reader, ILL, 3, "why")
    with pytest.raises(NotAllowed, match="Ada has read this film"):
        arbitrate(dispute, lead("Ada"), ILL, 3, "why")
    with pytest.raises(ReviewStoreError, match="State the reason"):
        arbitrate(dispute, lead("Senior"), ILL, 3, " ")
    settled = arbitrate(dispute, lead("Senior"), ILL, 3, "why")
    store = SqlReviewStore(Database.open(sqlite_url))
    with pytest.raises(NotAllowed, match="may not arbitrate between reads"):
        store.append(settled, reader)
    store.database.close()


# --- filters, references, exports -----------------------------------------------------------------


def drawn(**changes):
    finding = Finding("synthetic", Severity.NOTE, None, None, "it shows no patient.")
    return record(quality=QualityReport((finding,)), **changes)


def test_reads_are_found_by_reader_films_and_days() -> None:
    reads = [
        record(reader="Ada", read_at=NOON),
        drawn(reader="Grace", read_at=NOON + timedelta(days=1)),
    ]
    assert [is_synthetic(one) for one in reads] == [False, True]
    assert find_reads(reads, reader="Grace") == reads[1:]
    assert find_reads(reads, synthetic=False) == reads[:1]
    assert find_reads(reads, synthetic=True) == reads[1:]
    assert find_reads(reads, days=(NOON.date(), NOON.date())) == reads[:1]
    assert find_reads(reads, days=(date(2024, 5, 7), date(2024, 5, 9))) == reads[1:]


def test_a_reference_is_found_by_a_films_bytes_and_never_by_its_name_alone(tmp_path) -> None:
    contents = {"test/NORMAL/a.png": b"a", "test/PNEUMONIA/b.png": b"b", "train/NORMAL/c.png": b"c"}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    a, b, c = (hashlib.sha256(content).hexdigest() for content in contents.values())
    assert reference_of_files(list_public(tmp_path)) == {a: WELL, b: ILL}  # no film of training
    assert c not in reference_of_files(list_public(tmp_path))
    assert list_public(None) == list_public(tmp_path / "nowhere") == ()
    (tmp_path / "test/NORMAL/a.png").rename(tmp_path / "test/NORMAL/renamed.png")
    assert reference_of_files(list_public(tmp_path))[a] is WELL


def test_a_reference_is_known_of_larger_copies_and_of_published_originals(tmp_path) -> None:
    ill = tmp_path / "kermany_fullres" / "images" / "person1_virus_6.jpeg"
    well = tmp_path / "kermany_test_1024" / "images" / "NORMAL2-IM-0041-0001.jpg"
    other = well.with_name("somebody.jpg")  # which no rule of the set names
    for path in (ill, well, other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(path.name.encode())
    known = reference_of_files(list_test_files(tmp_path))
    of_files = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in (ill, well)}
    assert known == {of_files[ill]: ILL, of_files[well]: WELL}
    assert set(published_references().values()) == {ILL, WELL}  # without any data folder


def test_the_originals_at_hand_are_those_whose_hashes_are_published(real_data) -> None:
    folder = real_data / "kermany_fullres" / "images"
    originals = reference_of_files(sorted(folder.iterdir()))
    assert originals.items() <= published_references().items()
    assert len(originals) == 39


def test_json_and_parquet_hold_what_the_list_holds() -> None:
    reads = [drawn(opened_at=datetime(2024, 5, 4, 12, 30, tzinfo=UTC)), record(prediction=None)]
    rows = json.loads(reads_as_json(reads, {FILM: ILL}))
    assert pq.read_table(io.BytesIO(reads_as_parquet(reads, {FILM: ILL}))).to_pylist() == rows
    assert rows[0]["Film type"] == "synthetic"
    assert rows[0]["Reference"] == "pneumonia"
    assert rows[0]["Seconds"] == pytest.approx(15.123456)
    assert (rows[1]["Film type"], rows[1]["Probability"], rows[1]["Seconds"]) == (
        "patient",
        None,
        None,
    )
