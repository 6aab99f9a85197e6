"""A site's CSV of labels: two readers and a settled label, or one, and its faults by line."""

import pytest

from core.errors import DatasetError
from core.sites.labels import NOT_LABELLED, NOT_SETTLED, read_labels


def test_two_readers_and_a_settled_label():
    text = (
        "Film;Reader_1;Reader_2;Label;Patient;Ward\n"
        "a.dcm;pneumonia;normal;pneumonia;17;PICU\n"
        "sub\\b.png;Normal;Normal;;18;\n"
        "c.png;1;0;;19;A3\n"
        "d.png;;;;20;A3\n"
    )
    found = read_labels(text.encode("utf-8-sig"))
    assert list(found) == ["a.dcm", "sub/b.png", "c.png", "d.png"]
    first, second, third, fourth = found.values()
    assert (first.ill, first.readers) == (True, {"reader_1": True, "reader_2": False})
    assert (first.patient, first.groups) == ("17", {"ward": "PICU"})
    assert (second.ill, second.why_left_out) == (False, None)
    assert (third.ill, third.why_left_out) == (None, NOT_SETTLED)
    assert (fourth.ill, fourth.why_left_out) == (None, NOT_LABELLED)


def test_one_label_is_enough():
    found = read_labels(b"film,label\na.png,neumon\xc3\xada\nb.png,no\n")
    assert [one.ill for one in found.values()] == [True, False]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,label\na,1\n", "no column"),
        (b"film,ward\na,1\n", "neither"),
        (b"film,label,label\na,1,1\n", "the same name"),
        (b"film,label\na,1\na,0\n", "Line 3 names a film again"),
        (b"film,label\n,1\n", "Line 2 names no film"),
        (b"film,label\na,perhaps\n", "Line 2 says"),
        (b"film,label\n", "names no film"),
        (b"\xff\xfe\x00film", "no text in UTF-8"),
    ],
    ids=["film", "label", "twice", "again", "empty", "word", "none", "bytes"],
)
def test_faults_are_named(content, said):
    with pytest.raises(DatasetError, match=said):
        read_labels(content)


def test_too_many_other_columns_are_refused():
    head = "film,label," + ",".join(f"c{number}" for number in range(11))
    with pytest.raises(DatasetError, match="more than 10 other columns"):
        read_labels(f"{head}\na,1\n".encode())
