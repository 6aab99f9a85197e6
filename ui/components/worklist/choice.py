"""Who chose the film that is open: the reader in the browser, or the page.

Both may speak, and each hears the other late. The browser numbers the reader's choices; Python
answers with the highest number it has heard, and the browser obeys the page's film only if that is
the number of its own latest choice. So a click is never undone by an answer that was on its way,
and a film set by the page ("next film") always replaces an older click.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ui.components.events import number_of


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said last, by both sides.

    Attributes
    ----------
    heard : int
        Number of the reader's latest choice that reached Python; 0 before any.
    chosen : str or None
        Key of the film that the reader chose; None once the page has set another.
    asked : str or None
        Key of the film that the page asked for in its last run.
    """

    events_read: int = 0
    chosen: str | None = None
    asked: str | None = None

    @property
    def selected(self) -> str | None:
        """Key of the film that counts."""
        return self.asked if self.chosen is None else self.chosen


def continue_conversation(
    before: Conversation, choice: Mapping[str, object] | None, asked: str | None
) -> Conversation:
    """Take in what the browser and the page say in this run.

    Parameters
    ----------
    choice : mapping or None
        The browser's state: ``film`` (a key) and ``number``, 1 for the reader's first choice.
    asked : str or None
        The page's film. Only a change speaks, and a change to the film that the reader chose is an
        echo.

    Returns
    -------
    Conversation
    """
    film = None if choice is None else choice.get("film")
    number = 0 if choice is None or not isinstance(film, str) else number_of(choice)
    chosen = before.chosen
    if asked not in (before.asked, before.chosen):
        chosen = None
    elif isinstance(film, str) and number > before.events_read:
        chosen = film
    return Conversation(max(number, before.events_read), chosen, asked)
