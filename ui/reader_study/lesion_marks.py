"""How much of each lesion the readers marked, by arm, where it is known where the lesions are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.language.numbers import number
from core.language.words import tr
from core.reader_studies.design import ARM_NAMES
from core.reader_studies.results import StudyArrays, rate_of
from core.stats.mrmc import Estimate, analyse_means
from core.teaching.mark_scoring import LesionTruth, score_marks
from ui.app.resources import get_library
from ui.components.figures import draw_text_table
from ui.library.films import radiologist_boxes
from ui.reader_study.cells import rate_cell
from ui.reader_study.data import Stand

FEWEST_FILMS = 2


@dataclass(frozen=True, slots=True, eq=False)
class MarkTables:
    """What became of the marks.

    Attributes
    ----------
    found : (arms, readers, N) float64 ndarray
        Of films whose lesion is outlined: the share of its parts that a mark hits.
    stray : (arms, readers, N) float64 ndarray
        Marks on each film without pneumonia.
    """

    found: npt.NDArray[np.float64]
    stray: npt.NDArray[np.float64]


def draw_marks(stand: Stand, arrays: StudyArrays) -> None:
    """Draw the marks by arm; nothing for a study that asked for none."""
    if not stand.study.with_marks:
        return
    tables = _score(stand.study.study_id, len(stand.readings), stand, arrays)
    st.subheader(tr("Lesions marked"))
    if min(tables.found.shape[2], tables.stray.shape[2]) < FEWEST_FILMS:
        st.caption(tr("The lesions of these films are not outlined. The marks are in the file."))
        return
    n = tables.found.shape[2]
    st.caption(
        tr(
            "Parts of the lesion that a mark hits, on {n} films whose lesion is outlined, and "
            "marks on a film without pneumonia.",
            n=n,
        )
    )
    found, stray = analyse_means(tables.found), analyse_means(tables.stray)
    rows = [
        (
            tr(ARM_NAMES[arm]),
            rate_cell(rate_of(found.arms[place], n)),
            _count(stray.arms[place]),
        )
        for place, arm in enumerate(arrays.arms)
    ]
    head = (tr("Arm"), tr("Lesion parts marked"), tr("Marks on a normal film"))
    draw_text_table(head, rows, tr("Marks by arm"))


@st.cache_data(show_spinner=False, max_entries=8)
def _score(study_id: str, reads: int, _stand: Stand, _arrays: StudyArrays) -> MarkTables:  # noqa: ARG001 - the key
    study, films = get_library(_stand.study.library), _arrays.films
    marks = {(one.arm, one.reader, one.film_id): one.answer.marks for one in _stand.readings}
    truths = {
        film: LesionTruth(study.truth(film, "core"), radiologist_boxes().get(film, ()))
        for film in films
    }
    ill = [film for film, is_ill in zip(films, _arrays.ill, strict=True) if is_ill]
    outlined = [film for film in ill if truths[film].known]
    well = [film for film in films if film not in ill]

    def table(of: list[str], *, with_lesion: bool) -> npt.NDArray[np.float64]:
        values = np.zeros((len(_arrays.arms), len(_arrays.readers), len(of)))
        for a, arm in enumerate(_arrays.arms):
            for r, reader in enumerate(_arrays.readers):
                for f, film in enumerate(of):
                    score = score_marks(marks[arm, reader, film], truths[film], ill=with_lesion)
                    hit, parts = score.counted_foci
                    values[a, r, f] = hit / parts if with_lesion else score.misses
        return values

    return MarkTables(table(outlined, with_lesion=True), table(well, with_lesion=False))


def _count(estimate: Estimate) -> str:
    low, high = max(0.0, estimate.low), estimate.high
    if estimate.error == 0.0:
        return number(estimate.value, ".2f")
    return tr("{value:.2f} ({low:.2f} to {high:.2f})", value=estimate.value, low=low, high=high)
