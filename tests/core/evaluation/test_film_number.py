"""A film's number in words: a likelihood ratio, and with a prevalence a probability."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.model import Prediction
from core.domain.ward import ScoreRatio, ShownNumber
from core.evaluation.film_number import (
    FilmNumber,
    ScoreWords,
    counted_text,
    kept_number_text,
    number_of_film,
    share_text,
    two_digits,
)
from core.evaluation.likelihood_ratio import CountedBand, assumed_prevalence, read_ratios
from core.language.current import using
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

INSIDE = ScoreRatio(math.log(8.0), math.log(4.0), math.log(17.0))
ABOVE = ScoreRatio(math.log(53.0), math.log(25.0), math.log(220.0), "above")
BELOW = ScoreRatio(math.log(1 / 64), math.log(1 / 180), math.log(1 / 37), "below")


@pytest.mark.parametrize(
    ("ratio", "text", "sentence"),
    [
        (
            INSIDE,
            "likelihood ratio 8.0 (95 % 4.0 to 17)",
            (
                "A film with this score is 8 times as common among children with pneumonia as "
                "among those without."
            ),
        ),
        (
            ABOVE,
            "likelihood ratio above 53 (95 % interval of the limit: 25 to 220)",
            (
                "A film with this score is more than 53 times as common among children with "
                "pneumonia as among those without."
            ),
        ),
        (
            BELOW,
            "likelihood ratio below 0.016 (95 % interval of the limit: 0.0056 to 0.027)",
            (
                "A film with this score is more than 64 times as common among children without "
                "pneumonia as among those with it."
            ),
        ),
        (
            ScoreRatio(math.log(1.02)),
            "likelihood ratio 1.0 (interval not measured)",
            (
                "A film with this score is about as common among children with pneumonia as among "
                "those without."
            ),
        ),
        (
            ScoreRatio(math.inf),
            "likelihood ratio above 10,000 (interval not measured)",
            (
                "A film with this score is more than 10,000 times as common among children with "
                "pneumonia as among those without."
            ),
        ),
    ],
)
def test_without_a_prevalence_the_ratio_is_said_and_no_probability(ratio, text, sentence):
    number = FilmNumber(ratio)
    assert (number.text, number.sentence) == (text, sentence)
    assert number.headline == text.capitalize()  # the interval beside the number that it is of


@pytest.mark.parametrize(
    ("ratio", "prevalence", "text", "sentence"),
    [
        # odds of 8 * 15 / 85, 4 * 15 / 85 and 17 * 15 / 85
        (INSIDE, 0.15, "0.59 (95 % 0.41 to 0.75)", "about 59 have pneumonia (95 % 41 to 75)"),
        (
            ABOVE,  # 53 * 2 / 98, 25 * 2 / 98, 220 * 2 / 98
            0.02,
            "above 0.52 (95 % interval of the limit: 0.34 to 0.82)",
            "more than 52 have pneumonia (95 % interval of the limit: 34 to 82)",
        ),
        (
            BELOW,  # 15 / 85 / 64, 15 / 85 / 180, 15 / 85 / 37
            0.15,
            "below 0.01 (95 % interval of the limit: below 0.01)",
            "fewer than 1 has pneumonia (95 % interval of the limit: fewer than 1)",
        ),
        (
            BELOW,  # 1 / 64, 1 / 180, 1 / 37
            0.5,
            "below 0.02 (95 % interval of the limit: below 0.01 to 0.03)",
            "fewer than 2 have pneumonia (95 % interval of the limit: 1 to 3)",
        ),
        (
            ABOVE,
            0.8,
            "above 0.99 (95 % interval of the limit: above 0.99)",
            "more than 99 have pneumonia (95 % interval of the limit: 99 to more than 99)",
        ),
        (
            ScoreRatio(math.log(0.5)),
            0.03,
            "0.02 (interval not measured)",
            "about 2 have pneumonia (interval not measured)",
        ),
        (
            ScoreRatio(math.log(0.5)),
            0.02,
            "0.01 (interval not measured)",
            "about 1 has pneumonia (interval not measured)",
        ),
    ],
)
def test_with_a_prevalence_bayes_gives_the_probability(ratio, prevalence, text, sentence):
    number = FilmNumber(ratio, prevalence)
    assert number.text == f"probability here {text} at a prevalence of {100 * prevalence:.0f} %"
    assert number.sentence == f"Of 100 such films here {sentence}."


@pytest.mark.parametrize(
    ("low", "high", "little"),
    [(0.62, 2.2, True), (1.05, 2.2, False), (0.5, 0.9, False)],
    ids=["around 1", "above 1", "below 1"],
)
def test_a_score_says_little_where_its_ratio_may_be_1(low, high, little):
    ratio = ScoreRatio(math.log(1.1), math.log(low), math.log(high))
    for prevalence in (None, 0.15):
        assert FilmNumber(ratio, prevalence).says_little is little
    assert not FilmNumber(ScoreRatio(math.log(1.1))).says_little


@given(st.floats(-9.0, 9.0), st.floats(0.001, 0.999), st.sampled_from(["above", "below", None]))
def test_the_words_never_say_a_probability_before_a_prevalence_is_set(value, prevalence, beyond):
    ratio = ScoreRatio(value, value - 1.0, value + 1.0, beyond)
    assert "probability" not in FilmNumber(ratio).text + FilmNumber(ratio).sentence
    there = FilmNumber(ratio, prevalence)
    assert "likelihood ratio" not in there.text
    assert there.shown.prevalence == prevalence


def test_what_is_kept_with_a_read_is_what_was_shown():
    assert FilmNumber(INSIDE, 0.15).shown == ShownNumber(
        pytest.approx(8.0),
        0.15,
        "probability here 0.59 (95 % 0.41 to 0.75) at a prevalence of 15 %",
    )
    assert FilmNumber(ScoreRatio(math.inf)).shown.likelihood_ratio == pytest.approx(10_000.0)


def test_a_films_number_is_bayes_on_its_probability():
    run = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
    measured, share = read_ratios(run), assumed_prevalence(run)
    prediction = Prediction(0.9, 0.0, run.run_id, run.operating_point, run.abstention)
    number = number_of_film(prediction, run, measured, 0.15)
    odds = 9.0 / (share / (1.0 - share))
    assert number.ratio.log_value == pytest.approx(math.log(odds))
    assert number.words == f"{1.0 - 1.0 / (1.0 + odds * 0.15 / 0.85):.2f}"
    for sure, limit in ((1.0, "above"), (0.0, "below")):
        assert (
            number_of_film(replace(prediction, probability=sure), run, measured, None).ratio.beyond
            == limit
        )
    assert number_of_film(prediction, replace(run, foreign=True), measured, 0.15) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.000123, "0.00012"), (0.0999, "0.10"), (0.996, "1.0"), (1.04, "1.0"), (9.96, "10"),
     (52.9, "53"), (123.0, "120"), (1234.0, "1,200"), (0.5, "0.50")],
)  # fmt: skip
def test_a_ratio_has_two_digits(value, text):
    assert two_digits(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.15, "15 %"), (0.025, "2.5 %"), (0.02, "2 %"), (0.7468, "75 %")]
)
def test_a_share_is_said_in_percent(share, text):
    assert share_text(share) == text


def test_what_counting_gives_stands_with_its_films():
    band = CountedBand("official test split", 10.0, 53.0, 53, 390, 8, 234)
    assert counted_text(band) == (
        "By counting on the official test split, the likelihood ratio is 3.8 (1.9 to 7.7): 53 "
        "films with pneumonia and 8 without."
    )
    assert "1 film with pneumonia and 8" in counted_text(replace(band, ill=1))
    assert counted_text(None) == ""


# --- log odds of a run ----------------------------------------------------------------------------

RUN = load_run(PROJECT_ROOT / "models" / SERVED_RUN)
SHARE = assumed_prevalence(RUN)
BASE = math.log(SHARE / (1.0 - SHARE))
OF_SET = ScoreWords(RUN)
UNSET = ScoreWords(RUN, read_ratios(RUN), None, in_ward=True)
SET = replace(UNSET, prevalence=0.1)


def test_of_a_public_film_log_odds_are_the_probability_of_the_set():
    assert (OF_SET.name, OF_SET.of(0.0), OF_SET.of(9.0)) == ("probability", "0.50", "above 0.99")
    assert OF_SET.note == "Probabilities hold where 75 % of the films show pneumonia."


def test_of_a_film_of_the_ward_they_are_a_ratio_and_then_its_probability():
    ratio = math.exp(2.0) / math.exp(BASE)
    assert (UNSET.name, UNSET.of(2.0), UNSET.note) == ("likelihood ratio", two_digits(ratio), "")
    odds = ratio / 9.0
    assert (SET.name, SET.of(2.0)) == ("probability here", f"{odds / (1.0 + odds):.2f}")
    assert SET.note == "Probabilities hold where 10 % of the films show pneumonia."
    assert UNSET.of(30.0).startswith("above ")
    assert SET.of(-30.0) == "below 0.01"


@pytest.mark.parametrize("words", [OF_SET, UNSET, SET], ids=["set", "ratio", "ward"])
def test_every_tick_stands_where_its_number_is(words):
    ticks = words.ticks()
    assert [place for place, _ in ticks] == sorted(place for place, _ in ticks)
    middle = ticks[2]
    assert float(words.of(middle[0])) == pytest.approx(float(middle[1]), abs=0.005)


def test_a_run_whose_share_is_not_known_has_probabilities_alone():
    foreign = replace(SET, run=replace(RUN, foreign=True))
    assert (foreign.name, foreign.of(0.0)) == ("probability", "0.50")


@pytest.mark.parametrize(
    ("number", "spanish"),
    [
        (FilmNumber(INSIDE), "cociente de verosimilitud 8,0 (95 % 4,0 a 17)"),
        (
            FilmNumber(ABOVE),
            "cociente de verosimilitud mayor de 53 (intervalo del límite al 95 %: 25 a 220)",
        ),
        (
            FilmNumber(ScoreRatio(math.log(1234.5))),
            "cociente de verosimilitud 1.200 (intervalo no medido)",
        ),
        (
            FilmNumber(ScoreRatio(math.log(1e6), math.log(1e5), math.log(1e7)), 0.025),
            "probabilidad aquí mayor de 0,99 (95 % mayor de 0,99) con una prevalencia del 2,5 %",
        ),
    ],
    ids=["ratio", "limit", "thousands", "probability"],
)
def test_a_number_is_kept_in_english_and_said_again_in_the_language_of_its_reader(
    number: FilmNumber, spanish: str
) -> None:
    with using("es"):
        shown = number.shown
        assert kept_number_text(shown) == number.text == spanish
    assert shown.text == number.text
    assert kept_number_text(shown) == shown.text


def test_a_number_that_another_version_kept_stays_as_it_is() -> None:
    with using("es"):
        assert kept_number_text(ShownNumber(4.0, 0.2, "about 1 of 2 here")) == "about 1 of 2 here"
