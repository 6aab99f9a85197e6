"""The film that the page Regions is about, from the visit's worklist or a library."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import streamlit as st

from core.datasets.nih_rsna import EXTERNAL_PREFIX
from core.domain.film import printable
from core.domain.mark import Mark
from core.domain.reader import Act
from core.domain.review import ReadKind
from core.errors import DatasetError
from core.evaluation.film_number import ScoreWords
from core.jobs.batch import UploadedFilm
from core.language.words import msg, tr
from core.pipeline import Engine
from core.settings import get_settings
from ui.app.kept_films import list_all, take_up
from ui.app.read_in_progress import ReadContext, open_read
from ui.app.resources import get_engine, get_store
from ui.app.session import Visit
from ui.app.ward import words_for, words_of_set
from ui.components.plain_text import plain
from ui.components.viewer.viewer import TruthOutline
from ui.library.blind_reads import awaits_blind_read, hashes_of_studies
from ui.library.copies import film_name, load_film
from ui.library.films import lesion_outlines
from ui.library.runs import ALL_PARTS, find_coded, get_engine_of, get_runs, offered_runs
from ui.regions.address import CODE_LENGTH, VISIT, RegionsView


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """The film, and the run that is explained.

    Attributes
    ----------
    key : str
        Names the film in the visit.
    said : ScoreWords
        How log odds of the film are said.
    of_others : bool
        Whether the film is of a population that the regions were not measured on.
    marks : sequence of Mark
        What the visitor marked at their first read.
    truths : sequence of TruthOutline
        Where the lesion is, as far as that is known.
    """

    film: UploadedFilm
    key: str
    name: str
    engine: Engine
    said: ScoreWords
    of_others: bool = False
    marks: Sequence[Mark] = ()
    truths: Sequence[TruthOutline] = ()

    @property
    def run_id(self) -> str:
        """The run that is explained."""
        return self.engine.classifier.run_record.run_id


@dataclass(frozen=True, slots=True)
class NotShown:
    """Why a film's regions are not shown; ``read`` where asking for them is all that is missing."""

    sentence: str
    read: ReadContext | None = None


def films_to_choose(visit: Visit, film: str = "") -> dict[str, str]:
    """Return the films whose regions may be asked for, and the one that is open: code to name.

    They are those of the worklist that the model has read, and that need no first read any more.

    Parameters
    ----------
    film : str
        Code of the film that is asked for, which is listed in any case.
    """
    list_all(visit)
    outcomes = {key: visit.outcome(key).reading for key in visit.films}
    read = {key for key, one in outcomes.items() if one is not None and one.prediction is not None}
    read -= hashes_of_studies(visit)
    waiting = _wait_for_first_read(visit, read)
    return {
        key[:CODE_LENGTH]: printable(one.name)
        for key, one in visit.films.items()
        if key in read
        and (key not in waiting or key == visit.selected or key[:CODE_LENGTH] == film)
    }


def _wait_for_first_read(visit: Visit, keys: Collection[str]) -> set[str]:
    if not (get_settings().read_first and visit.acting.may(Act.SIGN_READ)):
        return set()
    return set(keys) - get_store().films_read_by(keys, visit.acting.name)


def find_subject(visit: Visit, view: RegionsView) -> Subject | NotShown | None:
    """Return the film that is asked for, or why it is not shown; None if none is asked for.

    Raises
    ------
    DatasetError
        If the film or the run is not there.
    ModelMissing, ModelIntegrity
        If the run's files are not those that were measured.
    """
    if view.library == VISIT:
        return _of_visit(visit, view)
    return _of_library(visit, view)


def settle(visit: Visit, view: RegionsView) -> RegionsView:
    """Return the view with the visit's film that it is about, if the address names none."""
    if view.library != VISIT or view.film:
        return view
    listed = films_to_choose(visit)
    opened = (visit.selected or "")[:CODE_LENGTH]
    return replace(view, film=opened if opened in listed else next(iter(listed), ""))


def _of_visit(visit: Visit, view: RegionsView) -> Subject | NotShown | None:
    if not view.film:
        return None
    list_all(visit)
    take_up(visit, view.film)
    key = next((key for key in visit.films if key[:CODE_LENGTH] == view.film), None)
    if key is None or view.film not in films_to_choose(visit, view.film):
        return NotShown(
            tr(
                "The film of this address is not in your worklist, or the model has not "
                "read it. Add it on the page Worklist."
            )
        )
    read = open_read(visit, key)
    assert read.reading is not None
    if not read.shows_regions:
        return _why_not(read)
    return Subject(
        read.film,
        key,
        printable(read.film.name),
        get_engine(),
        words_for(read),
        of_others=read.of_others,
        marks=read.drawn_at_first,
        truths=[TruthOutline("own", box=mark.edges) for mark in read.drawn_at_first],
    )


def _why_not(read: ReadContext) -> NotShown:
    if read.hides_score:
        return NotShown(
            tr(
                "This film states another age than the model was made for. Ask for its "
                "score on the page Worklist first."
            )
        )
    if read.kind is ReadKind.FIRST:
        return NotShown(
            tr(
                "You have not read this film yet. Lock your first read on the page "
                "Worklist; then the regions are shown here."
            )
        )
    return NotShown(
        tr(
            "You have locked your first read of this film. Ask for the model's regions to see them."
        ),
        read,
    )


def _of_library(visit: Visit, view: RegionsView) -> Subject | NotShown | None:
    run = view.run or get_engine().classifier.run_record.run_id
    if run not in offered_runs(view.library):
        raise DatasetError(
            msg("Run {run!r} has not read these films. Choose another run.", run=run[:40])
        )
    if get_runs()[run].foreign:
        raise DatasetError(
            msg(
                "Only the predictions of run {run} were imported: it has no network to explain.",
                run=run,
            )
        )
    if not view.film:
        return None
    parts = (None, ALL_PARTS)  # all that it is measured on, adults too; then all that it learned
    found = (find_coded(view.library, run, part, view.film) for part in parts)
    film_id = next(filter(None, found), None)
    if film_id is None:
        raise DatasetError(
            msg("The film of this address is not among those that the run has read.")
        )
    awaited = awaits_blind_read(visit, view.library, film_id)
    if awaited:
        return NotShown(awaited)
    engine = get_engine_of(run)
    return Subject(
        load_film(view.library, film_id),
        film_id,
        film_name(film_id),
        engine,
        words_of_set(engine),
        of_others=film_id.startswith(EXTERNAL_PREFIX),
        truths=lesion_outlines(view.library, film_id),
    )


def draw_not_shown(found: NotShown, offer: Callable[[ReadContext], None]) -> None:
    """Say why the regions are not shown, and lead on.

    Parameters
    ----------
    offer : callable
        Draws what asks for the regions of a film that has been read.
    """
    st.info(plain(found.sentence), icon=":material/visibility_off:")
    if found.read is not None:
        offer(found.read)
    st.page_link("pages/review.py", label=tr("Go to the worklist"), icon=":material/radiology:")
