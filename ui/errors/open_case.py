"""The film of the gallery that is open: what all that is drawn of it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.comparison.scored_films import ScoredFilms
from core.datasets.nih_rsna import EXTERNAL_PREFIX
from core.error_analysis.notes import CaseNote, ProposedLabel
from ui.app.session import Visit
from ui.library.films import Found
from ui.library.gallery_query import ErrorView


@dataclass(frozen=True, slots=True)
class CaseContext:
    """One open case in one run of the page Errors.

    Attributes
    ----------
    view : ErrorView
        What the address asks for.
    found : Found
        The films of the list, and the runs that scored them.
    notes : sequence of CaseNote
        Standing notes of the library.
    place : int
        The film's row among all that the runs scored.
    """

    visit: Visit
    view: ErrorView
    found: Found
    notes: Sequence[CaseNote]
    film_id: str
    place: int

    @property
    def runs(self) -> ScoredFilms:
        """What the runs said of the films."""
        return self.found.runs

    @property
    def of_adult(self) -> bool:
        """Whether the film is of the adults of another hospital."""
        return self.film_id.startswith(EXTERNAL_PREFIX)

    @property
    def reference(self) -> ProposedLabel:
        """What the film's label is."""
        ill = bool(self.runs.films.label[self.place])
        return ProposedLabel.PNEUMONIA if ill else ProposedLabel.NORMAL

    @property
    def film_notes(self) -> list[CaseNote]:
        """What was noted of the film."""
        return [note for note in self.notes if note.film_id == self.film_id]
