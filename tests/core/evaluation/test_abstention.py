"""The band of abstention: by hand, against MAPIE, over many draws, and the served run's."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from fixtures.film_tables import film_table
from mapie.risk_control import BinaryClassificationController, BinaryRisk, precision
from mapie.risk_control.fwer_control import control_fwer

from core.domain.model import AbstentionBand, OperatingPoint
from core.evaluation.abstention import (
    METHOD,
    START,
    choose_band,
    describe_abstention,
    films_that_may_be_called,
    measure_band,
    p_value,
)
from core.runs.predictions import Predictions, read_predictions
from core.runs.store import load_run, read_record
from core.settings import PROJECT_ROOT, SERVED_RUN

BUDGET = 0.05


def point_at(threshold):
    return OperatingPoint(threshold, 0.97, 0.9, 800, 600, "validation patients")


def draw_films(n, seed, slope=6.0):
    """Return calibrated probabilities and labels drawn from them."""
    rng = np.random.default_rng(seed)
    probabilities = 1.0 / (1.0 + np.exp(-rng.normal(1.0, slope, n)))
    return probabilities, (rng.random(n) < probabilities).astype(np.int64)


def chain_of_mapie(probabilities, labels, target):
    """Return MAPIE's controller on the claims of one side, furthest out first."""
    ordered = np.sort(probabilities)[::-1]
    controller = BinaryClassificationController(
        lambda scores: np.stack([1.0 - scores, scores], axis=1),
        risk=precision,
        target_level=1.0 - target,
        confidence_level=1.0 - BUDGET,
        list_predict_params=ordered[START - 1 :],
        fwer_method="fixed_sequence",
    )
    return controller.calibrate(probabilities, labels)


# --- by hand --------------------------------------------------------------------------------------


def test_the_p_value_is_the_binomial_tail():
    # Of 3 films none wrong at 1 in 2: 1/8; at most one: 4/8.
    assert p_value(0, 3, 0.5) == pytest.approx(1 / 8)
    assert p_value(1, 3, 0.5) == pytest.approx(4 / 8)


def test_a_claim_that_fails_ends_the_chain():
    # At 10 % and 0.05, 100 films may hold 4 errors and 101 not yet 5; later films do not help.
    wrong = np.zeros(300, np.bool_)
    wrong[[10, 20, 30, 40, 100]] = True
    outwardness = np.linspace(1.0, 0.0, 300)

    assert p_value(4, 100, 0.1) <= BUDGET < p_value(5, 101, 0.1)
    assert p_value(5, 300, 0.1) <= BUDGET
    assert films_that_may_be_called(outwardness, wrong, 0.1, BUDGET) == 100


def test_a_side_that_fails_at_once_or_is_too_small_is_not_called():
    outwardness = np.linspace(1.0, 0.0, 300)
    wrong = np.arange(300) < 5
    assert films_that_may_be_called(outwardness, wrong, 0.1, BUDGET) == 0
    none = np.zeros(START - 1, np.bool_)
    assert films_that_may_be_called(outwardness[: START - 1], none, 0.1, BUDGET) == 0


def test_equal_films_are_called_together_or_not_at_all():
    outwardness = np.concatenate([np.linspace(1.0, 0.6, 120), np.full(40, 0.5)])
    wrong = np.concatenate([np.zeros(120), np.repeat([0, 1], [1, 39])]).astype(np.bool_)

    assert p_value(0, 121, 0.1) <= BUDGET
    assert films_that_may_be_called(outwardness, wrong, 0.1, BUDGET) == 120


def test_the_edges_lie_half_way_to_the_first_film_without_a_side():
    # 200 sure pneumonias, 200 sure normals, and between them 20 films that are all pneumonia.
    sure = np.linspace(0.9, 0.99, 200)
    middle = np.linspace(0.3, 0.39, 20)
    probabilities = np.concatenate([sure, 1.0 - sure, middle])
    labels = np.concatenate([np.ones(200), np.zeros(200), np.ones(20)]).astype(np.int64)

    band = choose_band(probabilities, labels, point_at(0.5))

    called = next(n for n in range(20) if p_value(n + 1, 201 + n, 0.1) > BUDGET)
    assert 0 < called < 20
    assert band.high == 0.5
    assert band.low == pytest.approx((middle[called - 1] + middle[called]) / 2)
    assert (band.target_error, band.confidence, band.n) == (0.1, 0.9, 420)
    assert (band.chosen_on, band.method) == ("validation patients", METHOD)


def test_a_few_films_promise_nothing_so_no_side_is_taken():
    probabilities, labels = draw_films(40, 0)
    band = choose_band(probabilities, labels, point_at(0.5))
    assert (band.low, band.high) == (None, None)


def test_a_band_on_eight_films_is_measured_as_on_paper():
    probabilities = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.9, 0.95])
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    band = AbstentionBand(0.4, 0.7, 0.1, 0.9, "eight films", 8, "by hand")

    measured = measure_band(probabilities, labels, point_at(0.5), band)

    shares = {k: (v["value"], v["n"]) for k, v in measured.items() if k != "n"}
    assert shares == {
        "coverage": (6 / 8, 8),
        "error": (2 / 6, 6),
        "error_pneumonia": (1 / 3, 3),
        "error_normal": (1 / 3, 3),
    }
    assert measured["coverage"]["low"] < 6 / 8 < measured["coverage"]["high"]


def test_a_side_that_no_film_gets_has_no_error_rate_and_the_record_is_plain_json():
    probabilities, labels = draw_films(40, 0)
    films = film_table(40, label=labels, split=["validation"] * 40)
    kept = Predictions(films, probabilities, probabilities)
    stated = describe_abstention(kept, point_at(0.5))
    assert stated["measured"]["validation"]["error_normal"] is None
    assert json.loads(json.dumps(stated, allow_nan=False)) == stated


# --- against MAPIE --------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:No predict parameters were found")
@pytest.mark.filterwarnings("ignore:All provided predict_params control the risk")
@pytest.mark.filterwarnings("ignore:Fixed sequence testing requires a monotonic risk")
@pytest.mark.parametrize("seed", range(6))
def test_p_values_and_fixed_sequence_are_those_of_mapie(seed):
    probabilities, labels = draw_films(500, seed, slope=3.0)
    for scores, ill in ((probabilities, labels), (1.0 - probabilities, 1 - labels)):
        mapie = chain_of_mapie(scores, ill, 0.1)
        errors = np.cumsum(1 - ill[np.argsort(-scores)])
        claims = [(int(errors[n - 1]), n) for n in range(START, len(scores) + 1)]
        ours = np.array([p_value(k, n, 0.1) for k, n in claims])
        # MAPIE rounds n * (errors / n) up, which in floating point may be an error too many, and
        # takes Hoeffding's larger p-value where that is less.
        with_one_more = np.array([p_value(k + 1, n, 0.1) for k, n in claims])
        theirs = mapie.p_values[:, 0]
        assert np.isclose(theirs, ours).any()
        assert ((theirs >= ours * (1 - 1e-9)) & (theirs <= with_one_more * (1 + 1e-9))).all()
        valid = control_fwer(ours, BUDGET, "fixed_sequence")
        called = films_that_may_be_called(scores, ill == 0, 0.1, BUDGET)
        assert called == (START + valid[-1] if len(valid) else 0)


@pytest.mark.filterwarnings("ignore:All provided predict_params control the risk")
@pytest.mark.parametrize("seed", range(4))
def test_mapie_holds_the_two_sided_band_itself_to_be_controlled(seed):
    probabilities, labels = draw_films(800, seed)
    band = choose_band(probabilities, labels, point_at(0.5))

    def side(scores, low, high):
        return np.where(scores >= high, 1.0, np.where(scores < low, 0.0, np.nan))

    called_normal_wrongly, called_pneumonia_wrongly = (
        BinaryRisk(
            lambda truth, _text, called=called: truth != called,
            lambda _truth, said, called=called: said == called,
            higher_is_better=False,
        )
        for called in (0, 1)
    )
    controller = BinaryClassificationController(
        side,
        risk=[called_pneumonia_wrongly, called_normal_wrongly],
        target_level=[0.1, 0.1],
        confidence_level=1.0 - BUDGET,
        list_predict_params=np.array([[band.low, band.high]]),
    ).calibrate(probabilities, labels)

    assert controller.best_predict_param == (band.low, band.high)


# --- the promise ----------------------------------------------------------------------------------


def test_over_many_draws_a_side_breaks_its_promise_as_rarely_as_stated():
    draws, broken = 400, 0
    far, truth = draw_films(200_000, 99, slope=2.0)
    for seed in range(draws):
        band = choose_band(*draw_films(600, 1000 + seed, slope=2.0), point_at(0.5))
        above = np.zeros(1, bool) if band.high is None else far >= band.high
        below = np.zeros(1, bool) if band.low is None else far < band.low
        wrong_above = 0.0 if not above.any() else 1.0 - truth[above].mean()
        wrong_below = 0.0 if not below.any() else truth[below].mean()
        broken += max(wrong_above, wrong_below) > 0.1
    assert 0 < broken <= 0.1 * draws + 3 * (draws * 0.1 * 0.9) ** 0.5


# --- the run that is served -----------------------------------------------------------------------


def test_the_served_runs_band_and_its_measures_follow_from_its_predictions():
    folder = PROJECT_ROOT / "models" / SERVED_RUN
    run, kept = load_run(folder), read_predictions(load_run(folder))

    recomputed = describe_abstention(kept, run.operating_point)

    stated = read_record(folder)["abstention"]
    assert {k: v for k, v in recomputed.items() if k != "measured"} == asdict(run.abstention)
    assert recomputed["measured"].keys() == stated["measured"].keys() == run.decided.keys()
    for part, measured in stated["measured"].items():
        for name, rate in measured.items():
            assert recomputed["measured"][part][name] == pytest.approx(rate)
    validation = stated["measured"]["validation"]
    assert max(validation[f"error_{side}"]["value"] for side in ("pneumonia", "normal")) < 0.1
