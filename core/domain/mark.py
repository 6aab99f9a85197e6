"""Where on a film a reader points."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import MarkError
from core.language.words import msg

MAX_MARKS = 5

Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point, or a box with an area; left, top, right, bottom as shares of the film's sides."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        ordered = 0.0 <= self.left <= self.right <= 1.0 and 0.0 <= self.top <= self.bottom <= 1.0
        if not ordered:
            raise MarkError(
                msg("The mark {edges} lies outside the film: place it again.", edges=self.edges)
            )

    @property
    def edges(self) -> Edges:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def turned(self, quarters: int) -> Mark:
        """Return the mark on the film after so many quarter turns to the left."""
        mark = self
        for _ in range(quarters % 4):
            mark = Mark(mark.top, 1.0 - mark.right, mark.bottom, 1.0 - mark.left)
        return mark

    @property
    def is_point(self) -> bool:
        """True if the mark has no area."""
        return self.left == self.right or self.top == self.bottom
