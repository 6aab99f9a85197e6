"""A run's model card with both checklists, and as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import ModelError
from core.model_card.card import USUAL_PREVALENCE, describe_run
from core.model_card.checklists.checklist import Checklist, describe_checklist
from core.model_card.checklists.claim import CLAIM
from core.model_card.checklists.stard_ai import STARD
from core.model_card.facts import RunFacts
from core.reports.document import Document
from core.reports.markdown import write_markdown

CHECKLISTS: tuple[Checklist, ...] = (CLAIM, STARD)


def describe_whole_run(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> Document:
    """Return a run's model card with the checklists filled from it; as `describe_run`."""
    return describe_run(facts, ill_of_100).with_sections(
        tuple(describe_checklist(checklist, facts) for checklist in CHECKLISTS)
    )


def export_markdown(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> bytes:
    """Return card and checklists as a Markdown file; films by name, never as pictures."""
    return write_markdown(describe_whole_run(facts, ill_of_100)).encode()


def export_pdf(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> bytes:
    """Return card and checklists as a PDF file; films by name, never as pictures."""
    from core.reports.pdf import write_pdf  # noqa: PLC0415 - only who takes a PDF waits for it

    return write_pdf(describe_whole_run(facts, ill_of_100))


EXPORTS: dict[str, Callable[[RunFacts, int], bytes]] = {".md": export_markdown, ".pdf": export_pdf}


def export_for(path: Path) -> Callable[[RunFacts, int], bytes]:
    """Return what writes a file of that ending.

    Raises
    ------
    ModelError
        If a model card is not written in such files.
    """
    ending = path.suffix.lower()
    if ending not in EXPORTS:
        raise ModelError(
            f"a model card is written as {' or '.join(EXPORTS)}, and {path.name} is neither: "
            "name the file so."
        )
    return EXPORTS[ending]
