"""A run at a site: one threshold and one map, in every process that reads."""

import math
import pickle
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from fixtures.site_settings import accepted
from scipy.special import expit

from core.acceptance.setting import setting_of
from core.domain.rate import probability_text
from core.errors import ModelIntegrity
from core.evaluation.film_number import ScoreWords, number_of_film
from core.evaluation.model_words import measured_in_words, probability_in_words
from core.inference.at_site import run_at_site
from core.jobs.film_worker import EngineFiles, FilmWork, answer
from core.phantom.builtin import built_in_files
from core.pipeline import open_engine, read_film
from core.runs.store import reading_identity
from core.settings import SERVED_RUN, get_settings

AT = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def own():
    return open_engine(get_settings().models, SERVED_RUN, 1)


@pytest.fixture(scope="module")
def setting(own):
    found = accepted(own.classifier.run_record)
    return setting_of(found, "Ward 3", 4, "measured", "Ada Lead", AT).setting


@pytest.fixture(scope="module")
def at_site(setting):
    return open_engine(get_settings().models, SERVED_RUN, 1, setting)


@pytest.fixture(scope="module")
def film() -> bytes:
    return built_in_files()[0].read_bytes()


def test_a_film_has_the_sites_probability_and_threshold(own, at_site, setting, film):
    before, now = read_film(film, own).prediction, read_film(film, at_site).prediction
    (expected,) = setting.calibration.apply(np.array([before.probability]))
    assert now.probability == pytest.approx(expected, abs=1e-6)
    assert abs(now.probability - before.probability) > 0.01
    assert now.score == before.score
    assert now.operating_point == setting.point
    assert now.abstention is None


def test_the_map_keeps_the_order_of_films_and_the_side_of_each(setting):
    own = expit(np.linspace(-14.0, 14.0, 2001))
    site = setting.calibration.apply(own)
    assert (np.diff(site) > 0).all()
    assert ((site >= setting.point.threshold) == (own >= setting.own_threshold)).all()


def test_log_odds_and_evidence_stay_the_runs_own(own, at_site, setting):
    px = at_site.input_px
    batch = np.random.default_rng(0).random((1, px, px, 1)).astype(np.float32)
    for name in ("log_odds", "evidence", "logits"):
        mine, theirs = (getattr(one.classifier, name)(batch) for one in (own, at_site))
        np.testing.assert_array_equal(mine, theirs)
    assert at_site.own.classifier.run_record == own.classifier.run_record
    assert at_site.classifier.run_record.own_threshold == setting.own_threshold
    point = own.classifier.run_record.operating_point
    assert own.classifier.run_record.own_threshold == point.threshold
    assert own.own is own


def test_a_worker_process_reads_by_the_site_too(own, at_site, film):
    files = EngineFiles.of(at_site, get_settings().models, 1)
    sent = pickle.loads(pickle.dumps(files))
    reading = answer(FilmWork(film, sent, read=True)).reading
    assert reading.prediction == read_film(film, at_site).prediction
    assert files.identity != EngineFiles.of(own, get_settings().models, 1).identity


def test_readings_of_two_settings_are_told_apart(own, setting):
    run = own.classifier.run_record
    other = replace(setting, calibration=replace(setting.calibration, offset=0.5))
    records = (run, run_at_site(run, setting), run_at_site(run, other))
    next_version = run_at_site(run, replace(setting, version=5))
    assert len({reading_identity(one, "gate") for one in (*records, next_version)}) == 4


def test_a_setting_of_another_export_is_not_used(own, setting):
    with pytest.raises(ModelIntegrity, match="measured with another export of run"):
        run_at_site(own.classifier.run_record, replace(setting, export_sha256="0" * 64))


def test_the_likelihood_ratio_is_that_of_the_sites_band(own, at_site, setting, film):
    prediction = read_film(film, at_site).prediction
    run = at_site.classifier.run_record
    band = setting.band_of(prediction.probability)
    # Altman and Bland's log method, half a film added to each count
    a, b, n, m = (count + 0.5 for count in (band.ill, band.well, band.all_ill, band.all_well))
    spread = 1.96 * math.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    ratio = number_of_film(prediction, run, None, None).ratio
    assert ratio.log_value == pytest.approx(math.log(a / n * m / b))
    assert ratio.log_high - ratio.log_value == pytest.approx(spread)
    no_film = replace(setting, bands=setting.bands[:1])
    beyond = replace(prediction, probability=0.9999)
    assert number_of_film(beyond, run_at_site(run, no_film), None, None) is None


def test_hidden_regions_are_said_as_the_sites_probability(at_site, setting):
    run = at_site.classifier.run_record
    said = ScoreWords(run, None, None, in_ward=True)
    (expected,) = setting.calibration.apply(expit(np.array([1.3])))
    assert said.of(1.3) == probability_text(float(expected))
    assert said.name == "probability"
    for log_odds, words in said.ticks():
        (there,) = setting.calibration.apply(expit(np.array([log_odds])))
        assert there == pytest.approx(float(words), abs=2e-3)
    rarer = ScoreWords(run, None, 0.1, in_ward=True)
    odds = expected / (1 - expected) * (0.1 / 0.9)  # half of the tuning films are ill
    share = setting.point.n_positive / setting.point.n
    odds /= share / (1 - share)
    assert rarer.of(1.3) == probability_text(odds / (1 + odds))
    assert ScoreWords(run).of(1.3) == probability_text(float(expit(1.3)))  # of a public film


def test_what_was_measured_is_what_the_site_measured(at_site, setting, film):
    prediction = read_film(film, at_site).prediction
    found = measured_in_words(at_site.classifier.run_record)
    assert found.startswith("On the test films of Ward 3 it found")
    assert f"{100 * setting.sensitivity.value:.0f} of 100 pneumonias" in found
    assert "the unsure band was measured on other films" in found
    assert "tuning films of Ward 3, site setting 4" in probability_in_words(prediction)
