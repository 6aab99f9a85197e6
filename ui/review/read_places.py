"""Where on the page a read stands: what is said of the film, the form, and the bar."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True, slots=True, eq=False)
class ReadPlaces:
    """The parts of the column beside the film.

    Attributes
    ----------
    scroll : DeltaGenerator
        What is said of the film; it scrolls where it is long.
    form : DeltaGenerator
        Findings and comment, always in view but in a low window.
    bar : DeltaGenerator
        Verdict, confidence and signature; it never moves.
    """

    scroll: DeltaGenerator
    form: DeltaGenerator
    bar: DeltaGenerator


def lay_out_read() -> ReadPlaces:
    """Make the places."""
    with st.container(key="read"):
        above, bar = st.container(key="read-above"), st.container(key="read-bar")
    with above:
        return ReadPlaces(st.container(key="read-scroll"), st.container(key="read-form"), bar)
