"""A reader's ROC curve in the ledger, held to scikit-learn and to counts by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fixtures.review_records import record, refused_film_record
from sklearn.metrics import roc_auc_score, roc_curve

from core.domain.model import OperatingPoint, Prediction
from core.domain.review import ReadKind, Verdict
from core.reads.reader_performance import EVERYBODY
from core.reads.reader_roc import FEWEST_OF_A_CLASS, step_of, too_few_text, trace_readers
from core.stats.intervals import newcombe_interval, roc_auc
from ui.charts.readers import plot_reader_beside_model

ILL, WELL, UNSURE = Verdict.PNEUMONIA, Verdict.NORMAL, Verdict.UNSURE
N = 40
REFERENCES = {f"{n:064x}": ILL if n % 2 else WELL for n in range(N)}
LABELS = np.arange(N) % 2


def read(number: int, step: int, probability: float, reader: str = "Ada", **changes):
    point = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
    verdict = ILL if step > 0 else WELL if step < 0 else UNSURE
    return record(
        film_sha256=f"{number:064x}",
        reader=reader,
        verdict=verdict,
        confidence=abs(step) or 3,
        prediction=Prediction(probability, 0.5, "run-1", point),
        read_at=datetime(2024, 5, 6, tzinfo=UTC) + timedelta(minutes=number),
        **changes,
    )


def drawn_steps(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    steps = np.clip(np.round(random.normal(3.0 * LABELS - 1.5, 2.5)), -5, 5).astype(int)
    return steps, np.clip(random.normal(0.3 + 0.3 * LABELS, 0.2), 0.0, 1.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_curves_and_areas_are_those_of_scikit_learn(seed) -> None:
    steps, said = drawn_steps(seed)
    reads = [read(n, int(steps[n]), float(said[n])) for n in range(N)]
    (curve,) = trace_readers(reads, REFERENCES, alone=False)
    assert (curve.reader, curve.n_ill, curve.n_well) == ("Ada", N // 2, N // 2)
    for own, scores in ((curve.own, steps), (curve.model, said)):
        false_alarms, found, _ = roc_curve(LABELS, scores, drop_intermediate=False)
        assert own.false_alarms == pytest.approx(false_alarms)
        assert own.sensitivity == pytest.approx(found)
        assert own.area == roc_auc(scores.astype(float), LABELS)
        assert own.area.value == pytest.approx(roc_auc_score(LABELS, scores))
        assert own.area.low < own.area.value < own.area.high


def test_an_unsure_read_is_one_step_whatever_its_confidence() -> None:
    assert step_of(record(verdict=UNSURE, confidence=5)) == 0
    assert step_of(record(verdict=WELL, confidence=4)) == -4
    assert step_of(record(verdict=ILL, confidence=1)) == 1


def test_first_reads_make_a_curve_of_their_own() -> None:
    steps, said = drawn_steps(3)
    reads = []
    for n in range(N):
        first = read(n, int(-steps[n]), float(said[n]), kind=ReadKind.FIRST, regions={})
        reads += [first, read(n, int(steps[n]), float(said[n]), supersedes=first.record_id)]
    (alone,), (last,) = (trace_readers(reads, REFERENCES, alone=one) for one in (True, False))
    assert last.own.area.value == pytest.approx(roc_auc_score(LABELS, steps))
    assert alone.own.area.value == pytest.approx(1.0 - last.own.area.value)
    assert alone.model.area == last.model.area


def test_all_readers_together_are_drawn_by_film() -> None:
    (steps, said), (others, _) = drawn_steps(4), drawn_steps(5)
    reads = [read(n, int(steps[n]), float(said[n])) for n in range(N)]
    reads += [read(n, int(others[n]), float(said[n]), reader="Grace") for n in range(N)]
    together, ada, grace = trace_readers(reads, REFERENCES, alone=False)
    assert [one.reader for one in (together, ada, grace)] == [EVERYBODY, "Ada", "Grace"]
    pooled = roc_auc_score(np.tile(LABELS, 2), np.concatenate([steps, others]))
    assert together.own.area.value == pytest.approx(pooled)
    model, twice = ada.model.area, together.model.area
    assert twice.value == pytest.approx(model.value)
    # the same films twice say no more than once
    assert twice.high - twice.low == pytest.approx(model.high - model.low, rel=0.25)


def test_too_few_films_of_a_class_give_a_sentence_and_no_curve() -> None:
    few = FEWEST_OF_A_CLASS - 1
    kept = [n for n in range(N) if n % 2 == 0 or n // 2 < few]
    reads = [read(n, 3 if n % 2 else -3, 0.5) for n in kept]
    reads += [read(2 * N, 5, 0.9), refused_film_record()]  # of unknown reference; not read
    (curve,) = trace_readers(reads, REFERENCES, alone=False)
    assert (curve.own, curve.model) == (None, None)
    assert too_few_text(curve) == (
        "Ada: no ROC curve from 4 reads of films with pneumonia and 20 of normal ones. It needs 5 "
        "films of each class with a known reference."
    )
    twice = [*reads, *(read(n, 3, 0.5, reader="Grace") for n in kept)]
    assert trace_readers(twice, REFERENCES, alone=False)[0].own is None  # 8 reads, of 4 films
    assert trace_readers([reads[-2]], REFERENCES, alone=False) == []


def test_films_that_are_all_told_apart_still_leave_doubt() -> None:
    reads = [read(n, 5 if n % 2 else -5, 0.9 * (n % 2)) for n in range(2 * FEWEST_OF_A_CLASS)]
    (curve,) = trace_readers(reads, REFERENCES, alone=False)
    low, high = newcombe_interval(1.0, FEWEST_OF_A_CLASS, FEWEST_OF_A_CLASS)
    assert (curve.own.area.value, curve.own.area.low, curve.own.area.high) == (1.0, low, high)
    assert 0.5 < low < 0.8
    assert high == 1.0
    both = [*reads, *(read(n, 5 if n % 2 else -5, 0.9 * (n % 2), reader="G") for n in range(10))]
    assert trace_readers(both, REFERENCES, alone=False)[0].own.area.low == low


@pytest.mark.parametrize(("area", "n_ill", "n_well"), [(1.0, 5, 5), (0.8, 10, 30), (0.0, 7, 4)])
def test_newcombes_bounds_are_196_of_their_own_standard_errors_away(area, n_ill, n_well) -> None:
    for bound in newcombe_interval(area, n_ill, n_well):
        if bound in (0.0, 1.0):
            assert bound == area
            continue
        spread = 1 + ((n_ill + n_well) / 2 - 1) * ((1 - bound) / (2 - bound) + bound / (1 + bound))
        error = np.sqrt(bound * (1 - bound) * spread / (n_ill * n_well))
        assert abs(area - bound) == pytest.approx(1.959964 * error, rel=1e-4)


def test_the_plot_names_both_curves_with_their_areas() -> None:
    steps, said = drawn_steps(0)
    reads = [read(n, int(steps[n]), float(said[n])) for n in range(N)]
    (curve,) = trace_readers(reads, REFERENCES, alone=False)
    figure = plot_reader_beside_model(curve)
    _, own, model = figure.data
    assert (own.x, own.y) == (curve.own.false_alarms, curve.own.sensitivity)
    assert (model.x, model.y) == (curve.model.false_alarms, curve.model.sensitivity)
    named = [re.sub("<[^>]+>", "", note.text).split(" (")[0] for note in figure.layout.annotations]
    areas = [curve.own.area.value, curve.model.area.value]
    assert named == [f"Ada {areas[0]:.2f}", f"the model {areas[1]:.2f}"]
