"""Addresses of the error gallery."""

from __future__ import annotations

import pytest

from core.error_analysis.filters import Wanted, WrongIn
from core.error_analysis.gallery import Cell, Order
from core.library.film_codes import film_code, find_film
from core.runs.tertiles import Third
from ui.library import gallery_query
from ui.library.gallery_query import ErrorView, read_address, write_address

FILM = "test/NORMAL/a b&c.jpeg"
FULL = ErrorView(
    library="public",
    run="f01",
    split="test",
    threshold=0.123456789,
    cell=Cell.FALSE_POSITIVE,
    order=Order.DISAGREEMENT,
    wanted=Wanted(
        subtype="virus",
        size=Third.LOW,
        contrast=Third.MIDDLE,
        sharpness=Third.HIGH,
        wrong_in=WrongIn.ONLY_HERE,
        tag="tube",
        cause="other",
        commented=True,
        finding="rotated",
        age="under 1 year",
        slice_key="sharpness-high",
    ),
    page=3,
    film=FILM,
    beside=Cell.TRUE_NEGATIVE,
    regions=True,
)


@pytest.fixture(autouse=True)
def offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer one library with two runs, two splits and one film."""
    offers = {
        "get_libraries": lambda: {"public": None},
        "offered_runs": lambda _library: ("f04", "f01"),
        "offered_splits": lambda _library, _run: ("validation", "test"),
        "find_coded": lambda _library, _run, _split, code: find_film(code, [FILM]),
    }
    for name, offer in offers.items():
        monkeypatch.setattr(gallery_query, name, offer)


@pytest.mark.parametrize("view", [FULL, ErrorView("public", "f04", "validation")])
def test_an_address_gives_back_the_whole_view(view) -> None:
    assert read_address(write_address(view)) == (view, [])


def test_an_empty_address_is_the_first_of_everything() -> None:
    view, complaints = read_address({})
    assert view == ErrorView("public", "f04", "validation")
    assert complaints == []


@pytest.mark.parametrize(
    ("name", "said", "sentence"),
    [
        ("library", "zoo", "library 'zoo', which is not offered here. Shown instead: public"),
        ("run", "zzz", "run 'zzz', which is not offered here. Shown instead: f04"),
        ("split", "train", "split 'train', which is not offered here. Shown instead: validation"),
        (
            "threshold",
            "2",
            "threshold '2', which is no probability. Shown instead: the operating point",
        ),
        ("threshold", "nan", "threshold 'nan', which is no probability"),
        ("threshold", "x", "threshold 'x', which is no probability"),
        ("cell", "xx", "cell 'xx', which is not offered here"),
        ("sort", "random", "sort 'random', which is not offered here"),
        ("size", "huge", "size 'huge', which is not offered here. Shown instead: all"),
        ("wrong", "some", "wrong 'some', which is not offered here. Shown instead: all"),
        ("page", "0", "page '0', which is no page. Shown instead: page 1"),
        ("beside", "fn", "beside 'fn', which is not offered here. Shown instead: none"),
        ("page", "-1", "page '-1', which is no page"),
        ("page", "²", "page '²', which is no page"),
        (
            "film",
            "test/NORMAL/a b&c.jpeg",
            "which is not in this split. Shown instead: the gallery",
        ),
    ],
)
def test_what_an_address_says_wrongly_is_a_sentence_and_the_default(name, said, sentence) -> None:
    view, complaints = read_address({name: said})
    assert view == ErrorView("public", "f04", "validation")
    assert len(complaints) == 1
    assert sentence in complaints[0]


def test_an_address_holds_no_films_name() -> None:
    address = write_address(FULL)

    assert address["film"] == film_code(FILM)
    assert not [said for said in address.values() if "NORMAL" in said]
