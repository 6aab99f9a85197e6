"""The site's own teaching cases: films of settled disputes, for the page Teaching alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.domain.model import RunRecord
from core.errors import DatasetError
from core.language.words import msg, tr
from core.library.films import FilmCopy

if TYPE_CHECKING:
    from core.phantom.dataset import Truth
    from core.runs.predictions import Predictions


class OwnCases:
    """Films whose reference is a reader's verdict: no run is ever measured on them.

    Parameters
    ----------
    fetch : callable
        From a case's id to its film's file; raises FirstReadError if it was erased.
    """

    name = "own"
    synthetic = False
    learned_from = False
    has_films = True

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch

    @property
    def title(self) -> str:
        """What people call it, in the language of who asks."""
        return tr("Own cases")

    def parts(self, run: RunRecord) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: the cases belong to no split."""
        return ()

    def has_read(self, run: RunRecord) -> bool:  # noqa: ARG002
        """Return False: what a run says of a case stands with its arbitration."""
        return False

    def predictions(self, run: RunRecord) -> Predictions:
        """Refuse to compare a run with a reader's verdict as if that were ground truth.

        Raises
        ------
        DatasetError
            Always.
        """
        raise DatasetError(
            msg(
                "Run {run} is not measured on own cases: their reference is a "
                "reader's verdict, not ground truth. Choose another library.",
                run=run.run_id,
            )
        )

    def learned(self, run: RunRecord) -> Predictions | None:  # noqa: ARG002
        """Return None: no run is trained on own cases."""
        return None

    def read_bytes(self, film_id: str) -> bytes:
        """Return a case's film.

        Raises
        ------
        TeachingError, FilmStoreError
            If it was erased, or cannot be opened.
        """
        return self._fetch(film_id)

    def read_shown(self, film_id: str) -> FilmCopy:
        """Return a case's film; raises as `read_bytes`."""
        return FilmCopy(self.read_bytes(film_id))

    def truth(self, film_id: str, kind: Truth) -> npt.NDArray[np.bool_] | None:  # noqa: ARG002
        """Return None: nobody has outlined the lesions."""
        return None

    def findings(self) -> Mapping[str, str]:
        """Return nothing: an arbitration says pneumonia or normal."""
        return {}

    def gate_findings(self) -> Mapping[str, str]:
        """Return nothing: each case was read by its gate on arrival."""
        return {}
