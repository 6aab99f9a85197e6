"""The process that reads the synthetic films with the runs whose readings do not ship."""

from __future__ import annotations

import atexit
import subprocess

import streamlit as st

from core.jobs.examples import read_behind
from core.settings import get_settings


@st.cache_resource(show_spinner=False)
def _process() -> subprocess.Popen[bytes]:
    process = read_behind(get_settings().cache, get_settings().models)
    atexit.register(process.terminate)
    return process


def still_reads_synthetic() -> bool:
    """Begin it where it is not begun; return whether it still reads."""
    return _process().poll() is None
