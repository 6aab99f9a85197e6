"""Numbers, days and times with the signs of each language."""

from datetime import UTC, date, datetime

import pytest

from core.language.current import using
from core.language.numbers import LocalFormatter, day_text, number, separators, time_text


@pytest.mark.parametrize(
    ("value", "spec", "english", "spanish"),
    [
        (0.5, ".2f", "0.50", "0,50"),
        (-0.25, "+.2f", "-0.25", "-0,25"),
        (12345, ",", "12,345", "12.345"),
        (1234567.5, ",.1f", "1,234,567.5", "1.234.567,5"),
        (0.125, ".1%", "12.5%", "12,5\N{NO-BREAK SPACE}%"),
        (2.5, "", "2.5", "2,5"),
    ],
    ids=["decimals", "sign", "thousands", "both", "percent", "plain"],
)
def test_a_number_has_the_signs_of_the_language(value, spec, english, spanish):
    assert number(value, spec) == english
    with using("es"):
        assert number(value, spec) == spanish


@pytest.mark.parametrize(
    ("value", "spec", "spanish"),
    [
        (0.5, ".1f", "0,5"),
        (0.5, "", "0,5"),
        (2026, "", "2026"),
        (7, "03d", "007"),
        (True, "", "True"),
        ("1.5 GB", "", "1.5 GB"),
        ("run", ">5", "  run"),
    ],
    ids=["float", "plain float", "int", "padded int", "truth", "text", "padded text"],
)
def test_a_field_is_written_by_what_it_holds(value, spec, spanish):
    with using("es"):
        assert LocalFormatter().format_field(value, spec) == spanish


def test_days_and_times_are_written_as_each_language_does():
    moment = datetime(2026, 11, 8, 14, 3, tzinfo=UTC)
    assert (day_text(date(2026, 11, 8)), time_text(moment)) == ("2026-11-08", "2026-11-08 14:03")
    with using("es"):
        assert (day_text(moment), time_text(moment)) == ("8 nov 2026", "8 nov 2026, 14:03")


def test_the_signs_are_known_to_what_writes_numbers_itself():
    assert (separators("en"), separators("es")) == ((".", ","), (",", "."))
