"""The ward's prevalence on the page Review: what is said before and after, and who sets it."""

from __future__ import annotations

from pages.test_review import (
    CHEST,
    chest,
    open_page,
    png,
    press,
    said_of,
    upload,
)
from streamlit.testing.v1 import AppTest

from core.domain.reader import Reader, Role
from core.store.reads import SqlReviewStore
from ui.review.ward import FORM, VALUE

LEAD = Reader("Dr. Lena Lead", frozenset({Role.LEAD}))
OTHER = png("other.png", chest(4))


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def open_form(page: AppTest) -> AppTest:
    page.session_state[FORM] = True
    return page.run()


def state(page: AppTest, of_100: float) -> AppTest:
    open_form(page).number_input(key=VALUE).set_value(of_100)
    return press(page, "Use this prevalence")


def test_before_a_prevalence_is_set_the_page_says_the_ratio_and_asks_for_it(
    store: SqlReviewStore,
) -> None:
    page = upload(open_page(), CHEST)
    assert "<b>Likelihood ratio above 53.</b> A film with this score is more than 53 times as " in (
        said_of(page)
    )
    assert "robability" not in said_of(page)
    assert popovers(page) == ["Prevalence not set: set it"]


def popovers(page: AppTest) -> list[str]:
    return [
        one.proto.popover.label for one in page.get("popover") if "revalence" in one.proto.popover.label
    ]
