"""How many films a study needs with so many readers, by the variances of an earlier study."""

from __future__ import annotations

import streamlit as st

from core.errors import FirstReadError, TeachingError
from core.language.words import msg, tr
from core.reader_studies.imrmc import read_imrmc
from core.reader_studies.results import FEWEST_READERS, rated_study
from core.reader_studies.sample_size import Pilot, films_needed, pilot_of, published_pilot
from core.reader_studies.study import finished_readers
from core.stats.mrmc import POWER
from ui.components.figures import draw_text_table
from ui.components.plain_text import plain
from ui.reader_study.data import get_studies

PUBLISHED, FILE = "published", "file"
OF_PILOT = {
    PUBLISHED: msg("Published: five radiologists, 114 patients (Van Dyke 1993)"),
    FILE: msg("A file in iMRMC's format"),
}
USUAL_DIFFERENCE = 0.05


def draw_sample_size() -> None:
    """Draw the table of readers and films for a wished difference."""
    st.caption(
        tr(
            "How much readers and films vary is taken from an earlier study. A pilot on your own "
            "films says it best."
        )
    )
    left, right = st.columns(2)
    difference = left.number_input(
        tr("Difference in ROC AUC"), 0.01, 0.3, USUAL_DIFFERENCE, step=0.01, key="study-difference"
    )
    power = right.number_input(
        tr("Power"), 0.5, 0.99, POWER, step=0.05, help=tr("The chance to find it."),
        key="study-power",
    )  # fmt: skip
    closed = {one.study_id: one for one in get_studies().studies() if one.closed_at is not None}
    chosen = st.selectbox(
        tr("Variances of"),
        [*OF_PILOT, *closed],
        format_func=lambda key: tr(OF_PILOT[key]) if key in OF_PILOT else closed[key].design.name,
        key="study-pilot",
    )
    try:
        pilot = _pilot(chosen)
    except FirstReadError as exc:
        st.warning(plain(exc.sentence), icon=":material/error:")
        return
    if pilot is None:
        return
    needed = films_needed(pilot, difference, power)
    rows = [(str(n), str(films)) for n, films in needed.items() if films is not None]
    if rows:
        draw_text_table((tr("Readers"), tr("Films")), rows, tr("Films by number of readers"))
    few = [n for n, films in needed.items() if films is None]
    if few:
        st.caption(tr("{n} readers cannot find it, however many films they read.", n=max(few)))
    st.caption(
        tr(
            "Films with {percent:.0f} % pneumonia, as in that study; each reader reads each film "
            "in two arms. Significance 0.05.",
            percent=100.0 * pilot.share_ill,
        )
    )


def _pilot(chosen: str) -> Pilot | None:
    if chosen == PUBLISHED:
        return published_pilot()
    if chosen == FILE:
        file = st.file_uploader(tr("Ratings of a pilot"), key="study-pilot-file")
        if file is None:
            return None
        try:
            text = file.getvalue().decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            raise TeachingError(msg("This is no text file. Take one in iMRMC's format.")) from exc
        return pilot_of(read_imrmc(text))
    study = get_studies().study(chosen)
    if study is None:
        return None
    readings = get_studies().readings(study)
    if len(finished_readers(study, readings)) < FEWEST_READERS:
        raise TeachingError(msg("Fewer than two readers finished that study. Choose another."))
    return pilot_of(rated_study(study, readings))
