"""A page with a worklist, for the tests.

`?films=` sets how many films are listed, `?answers=no` makes the page forget what the reader chose,
`?slow=` makes each run take that many seconds after the list is shown.
"""

import io
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from ui.components.worklist.worklist import DISMISSED, WorklistRow, show_worklist

OPERATING_POINT = 0.42
UNSURE = (0.30, 0.43)
HTML_NAME = "<img src=x onerror='document.title=\"injected\"'><b>bold</b>.png"


def thumbnail(seed: int) -> bytes:
    """Return something with the greys of a chest film: two dark fields on a lighter ground."""
    y, x = np.mgrid[0:104, 0:104] / 104
    film = 0.7 - 0.25 * np.abs(x - 0.5) + np.random.default_rng(seed).normal(0, 0.02, x.shape)
    for centre in (0.3, 0.7):
        distance = ((x - centre) / 0.15) ** 2 + ((y - 0.5) / 0.32) ** 2
        film -= (0.4 + 0.02 * (seed % 7)) * (1 - np.tanh(5 * np.minimum(distance - 1, 4))) / 2
    buffer = io.BytesIO()
    Image.fromarray((np.clip(film, 0, 1) * 255).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def read(number: int, name: str, probability: float, status: str = "to read") -> WorklistRow:
    """Return a film of good quality that has a score."""
    side = "suspicious" if probability >= OPERATING_POINT else "not suspicious"
    if UNSURE[0] <= probability < UNSURE[1]:
        side = "unsure"
    return WorklistRow(
        f"film-{number}", name, thumbnail(number), side, probability, "good", "", status
    )


def twelve() -> list[WorklistRow]:
    """Return one film of every kind, in order of upload."""
    caution = WorklistRow(
        "film-5", "person1946_bacteria_4874_with_a_long_name.jpeg", thumbnail(5), "suspicious",
        0.55, "caution", "The film is small: 180 x 150 px.", "to read",
    )  # fmt: skip
    refused = WorklistRow(
        "film-6", "holiday.png", thumbnail(6), "none", None,
        "refused", "Not a chest film", "cannot be read",
    )  # fmt: skip
    broken = WorklistRow(
        "film-7", "cut short.dcm", None, "none", None, "refused", "Ends early", "cannot be opened"
    )
    waiting = WorklistRow(
        "film-8", "IM-0117-0001.jpeg", None, "none", None, "waiting", "", "waiting"
    )
    return [
        read(1, "film 10.jpeg", 0.08),
        read(2, "film 9.jpeg", 0.97),
        read(3, "NORMAL2-IM-1427.jpeg", 0.31, "signed: normal"),
        read(4, HTML_NAME, 0.44),
        caution,
        refused,
        broken,
        waiting,
        read(9, "person1.jpeg", 0.91, "signed: pneumonia"),
        read(10, "person2.jpeg", 0.64, "signed: unsure"),
        read(11, "person3.jpeg", 0.03),
        read(12, "person4.jpeg", 0.22),
    ]


def many(count: int) -> list[WorklistRow]:
    """Return that many films with scores spread over the scale."""
    return [
        read(number, f"film {number}.jpeg", (number * 0.381) % 1) for number in range(1, count + 1)
    ]


def open_next(keys: list[str]) -> None:
    """Open the film that was uploaded after the one that is open."""
    current = st.session_state.current
    st.session_state.current = keys[(keys.index(current) + 1) % len(keys)]


st.set_page_config(layout="wide")
query = st.query_params
rows = many(int(query["films"])) if "films" in query else twelve()
if st.sidebar.checkbox("Sign the first film"):
    rows[0] = read(1, rows[0].name, 0.99, "signed: pneumonia")
if st.sidebar.checkbox("Without the last film"):
    rows = rows[:-1]
if st.sidebar.checkbox("Put the picture away, beside synthetic films"):
    rows[5] = replace(rows[5], status=DISMISSED)
    rows[-2:] = [replace(row, shipped=True) for row in rows[-2:]]
keys = [row.key for row in rows]
if "current" not in st.session_state:
    st.session_state.current = query.get("current", keys[0])
st.sidebar.button("Next", on_click=open_next, args=[keys])
st.sidebar.button("Rerun")
with st.container(width=250):
    chosen = show_worklist(
        rows,
        selected=st.session_state.current,
        key="worklist",
        height=int(query.get("height", "640")),
        operating_point=OPERATING_POINT,
    )
time.sleep(float(query.get("slow", "0")))
if chosen is not None and query.get("answers") != "no":
    st.session_state.current = chosen
st.sidebar.write(f"Chosen: {chosen or 'none'}")
st.sidebar.write(f"Open: {st.session_state.current}")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.sidebar.write(f"Run {st.session_state.runs}")
