"""The synthetic films that ship, with what the served run says of them, opened once a process."""

from __future__ import annotations

import streamlit as st

from core.jobs.examples import Examples, open_examples
from core.settings import get_settings
from ui.app.resources import get_engine, get_identity


def get_examples() -> Examples:
    """Return the built-in synthetic films, and what the served run says of them."""
    return _examples(get_identity())


@st.cache_resource(show_spinner=False, max_entries=2)
def _examples(identity: str) -> Examples:  # noqa: ARG001 - it is the key
    engine = get_engine()
    run, cache = engine.classifier.run_record, get_settings().cache
    return open_examples(run, engine.gate.sha256, cache)
