"""The facts of a run as one document: what a doctor reads, in the order in which it matters."""

from __future__ import annotations

from collections.abc import Iterator

from core.model_facts import RunFacts
from core.model_facts_document import Block, Bullets, Document, Paragraph, Section, Table
from core.model_facts_failures import (
    describe_explanations,
    describe_failures,
    describe_shortcuts,
)
from core.model_facts_population import describe_population, describe_training, describe_use
from core.model_facts_results import (
    describe_band,
    describe_external,
    describe_results,
    describe_ward,
    say_in_short,
)
from core.model_facts_short import describe_in_short

USUAL_PREVALENCE = 10
NO_DEVICE = "Not a medical device and never a diagnosis: a doctor signs every read."


def describe_run(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> Document:
    """Return the facts of a run.

    Parameters
    ----------
    facts : RunFacts
    ill_of_100 : int
        Children of the ward that its rates are carried over to.
    """
    run = facts.run
    return Document(
        title=f"Model facts: run {run.run_id}",
        summary=say_in_short(facts),
        notices=tuple(_find_notices(facts)),
        sections=(
            describe_in_short(facts, ill_of_100),
            describe_use(facts),
            describe_results(facts),
            describe_ward(facts, ill_of_100),
            describe_failures(facts),
            describe_population(facts),
            describe_external(facts),
            describe_band(facts),
            describe_shortcuts(facts),
            describe_explanations(facts),
            describe_training(facts),
            describe_versions(facts),
        ),
    )


def _find_notices(facts: RunFacts) -> Iterator[str]:
    if facts.exhibit:
        yield f"An exhibit, kept to show its mistakes, and never served: {facts.exhibit}"
    if facts.run.foreign:
        yield (
            "Another model's predictions: what it is, what it was trained on and whether it saw "
            "these films is not known here."
        )
    if facts.lacking:
        reasons = "; ".join(f"{one.name}: {one.found}" for one in facts.lacking)
        yield f"This run may not read films. It lacks {reasons}."
    yield from (f"A record cannot be used. {gap}" for gap in facts.gaps)
    yield NO_DEVICE


def describe_versions(facts: RunFacts) -> Section:
    """Return what identifies the run: its date, its data, its files and what made them."""
    run, record = facts.run, facts.record
    versions = ", ".join(f"{name} {said}" for name, said in record.get("versions", {}).items())
    data = record.get("data", {})
    items = [f"Made {run.created}.", f"Versions: {versions or 'not recorded'}."]
    items += [
        f"{words}: sha256 {data[key]}."
        for key, words in {"index_sha256": "Films", "split_sha256": "Split"}.items()
        if key in data
    ]
    members = tuple((f"export of {name}", said) for name, said in run.member_exports.items())
    files = (*run.files.items(), *members)
    blocks: tuple[Block, ...] = (
        Bullets(tuple(items)),
        Table(("File", "sha256"), tuple(files), (1.6, 5.4)),
        Paragraph("Each file is held to its hash whenever it is read."),
    )
    return Section("versions", "Versions and hashes", blocks)
