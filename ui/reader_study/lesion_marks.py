"""How much of each lesion the readers marked, by arm, where it is known where the lesions are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import streamlit as st

from core.domain.mark import Mark
from core.language.numbers import number
from core.language.words import tr
from core.reader_studies.design import ARM_NAMES
from core.reader_studies.results import StudyArrays, rate_of
from core.stats.mrmc import Estimate, analyse_means
from core.teaching.mark_scoring import LesionTruth, foci_found, foci_of
from ui.app.resources import get_library
from ui.components.figures import draw_text_table
from ui.library.films import radiologist_boxes
from ui.reader_study.cells import rate_cell
from ui.reader_study.data import Stand

Floats = npt.NDArray[np.float64]
Marks = tuple[Mark, ...]
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

    found: Floats
    stray: Floats


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
def _score(  # the first two are the key: a study only gains reads
    study_id: str,  # noqa: ARG001
    reads: int,  # noqa: ARG001
    _stand: Stand,
    _arrays: StudyArrays,
) -> MarkTables:
    library = get_library(_stand.study.library)
    marks = {(one.arm, one.reader, one.film_id): one.answer.marks for one in _stand.readings}

    def table(count: Callable[[str], Callable[[Marks], float] | None], *, ill: bool) -> Floats:
        """Return what is counted of each read's marks, of the films of one class."""
        columns = []
        for film in np.array(_arrays.films)[_arrays.ill == ill].tolist():
            counted = count(film)
            if counted is not None:
                of_arms = [
                    [marks[arm, one, film] for one in _arrays.readers] for arm in _arrays.arms
                ]
                columns.append([[counted(one) for one in of_arm] for of_arm in of_arms])
        shape = (len(columns), len(_arrays.arms), len(_arrays.readers))
        return np.moveaxis(np.array(columns, np.float64).reshape(shape), 0, -1)

    def parts(film: str) -> Callable[[Marks], float] | None:
        truth = LesionTruth(library.truth(film, "core"), radiologist_boxes().get(film, ()))
        foci = foci_of(truth) if truth.known else ()
        return (lambda drawn: foci_found(drawn, foci) / len(foci)) if foci else None

    return MarkTables(table(parts, ill=True), table(lambda _: len, ill=False))


def _count(estimate: Estimate) -> str:
    low, high = max(0.0, estimate.low), estimate.high
    if estimate.error == 0.0:
        return number(estimate.value, ".2f")
    return tr("{value:.2f} ({low:.2f} to {high:.2f})", value=estimate.value, low=low, high=high)
