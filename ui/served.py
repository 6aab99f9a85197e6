"""Which run this process serves: decided once, and anew when a person chooses another."""

from __future__ import annotations

import streamlit as st

from core.review_choice import ServedDecision, decide_served_run, list_served_choices
from core.review_store import SqlReviewStore, open_review_store
from core.settings import SERVED_RUN, get_settings


@st.cache_resource(show_spinner=False)
def get_store() -> SqlReviewStore:
    """Return the review store, migrated and opened once."""
    return open_review_store(get_settings().database_url)


@st.cache_resource(show_spinner=False)
def get_decision() -> ServedDecision:
    """Return which run is to serve, and what decided that.

    Raises
    ------
    ReviewStoreError
        If the database cannot be opened.
    """
    settings = get_settings()
    get_store()  # which migrates
    choices = list_served_choices(settings.database_url, migrated=True)
    newest = choices[-1] if choices else None
    return decide_served_run(settings.named_run, SERVED_RUN, newest)
