"""The parts of the page Site, each under its tab."""

from __future__ import annotations

from collections.abc import Callable

from core.language.words import msg, tr
from ui.app.session import Visit
from ui.site.acceptance import draw_acceptance
from ui.site.films import show_site_films
from ui.site.implants import show_implants
from ui.site.in_force import draw_history
from ui.site.monitoring import show_monitoring
from ui.site.without_labels import draw_without_labels

TABS: tuple[tuple[str, Callable[[Visit], None]], ...] = (
    (msg("Acceptance test"), draw_acceptance),
    (msg("Films"), show_site_films),
    (msg("Monitoring"), lambda _visit: show_monitoring()),
    (msg("Implanted lesions"), lambda _visit: show_implants()),
    (msg("Without labels"), lambda _visit: draw_without_labels()),
    (msg("History"), lambda _visit: draw_history()),
)
"""Each part's name and what draws it, in their order."""


def names_of_tabs() -> list[str]:
    """Return the names as they are shown."""
    return [tr(name) for name, _ in TABS]
