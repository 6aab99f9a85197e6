"""iMRMC's format: what is written is read again, and faults are named by their line."""

import numpy as np
import pytest

from core.errors import TeachingError
from core.reader_studies.imrmc import ratings_of, read_imrmc, write_imrmc

TRUTH = {"a": False, "b": True, "c": True, "d": False}
RATINGS = [
    (reader, case, arm, 0.25 * number)
    for number, case in enumerate(TRUTH)
    for reader in ("Osei", "Marin")
    for arm in ("alone", "score")
]


def test_what_is_written_is_read_again():
    study = read_imrmc(write_imrmc(RATINGS, TRUTH, "A study\nof two readers"))
    assert study.arms == ("alone", "score")
    assert study.readers == ("Osei", "Marin")
    assert dict(zip(study.cases, study.labels.astype(bool).tolist(), strict=True)) == TRUTH
    assert sorted(ratings_of(study)) == sorted(RATINGS)


def test_the_format_is_that_of_imrmc():
    lines = write_imrmc(RATINGS[:1], {"a": False}, "Words").splitlines()
    assert lines == ["Words", "BEGIN DATA:", "truth,a,truth,0", "Osei,a,alone,0.0"]


def test_a_file_with_minus_one_for_truth_is_read():
    text = "x\nBEGIN DATA:\n-1,1,0,0\n-1,2,0,1\n" + "".join(
        f"{reader},{case},{arm},{case}\n" for reader in "AB" for case in (1, 2) for arm in "XY"
    )
    study = read_imrmc(text)
    np.testing.assert_array_equal(study.labels, [0, 1])
    assert study.ratings.shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing", "BEGIN DATA: is missing"),
        ("BEGIN DATA:\ntruth,a,truth\n", "Line 2 is not reader"),
        ("BEGIN DATA:\ntruth,a,truth,0\nO,a,X,high\n", "Line 3 is not reader"),
        ("BEGIN DATA:\ntruth,a,truth,2\n", "score of line 2"),
        ("BEGIN DATA:\ntruth,a,truth,0\nO,a,X,nan\n", "score of line 3"),
        ("BEGIN DATA:\ntruth,a,truth,0\ntruth,a,truth,0\n", "Line 3 repeats"),
        ("BEGIN DATA:\ntruth,a,truth,0\nO,b,X,1\n", "Case b has ratings and no truth"),
        ("BEGIN DATA:\ntruth,a,truth,0\ntruth,b,truth,1\nO,a,X,1\n", "1 ratings are missing"),
    ],
    ids=["begin", "short", "words", "truth", "nan", "twice", "unknown", "missing"],
)
def test_faults_are_named(text, said):
    with pytest.raises(TeachingError, match=said):
        read_imrmc(text)


@pytest.mark.parametrize("name", ["Osei, M.", "two\nlines", " "], ids=["comma", "line", "empty"])
def test_a_name_that_would_break_the_format_is_refused(name):
    with pytest.raises(TeachingError, match="cannot stand in an iMRMC file"):
        write_imrmc([(name, "a", "alone", 1.0)], {"a": True})
