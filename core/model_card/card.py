"""The facts of a run as one document: what a doctor reads, in the order in which it matters."""

from __future__ import annotations

from collections.abc import Iterator

from core.comparison.text import ward_text
from core.domain.rate import interval_text, rate_text
from core.error_analysis.slice_discovery import searched_text
from core.model_card.facts import RunFacts
from core.model_card.failures import (
    describe_explanations,
    describe_failures,
    describe_sanity,
    describe_shortcuts,
    points_text,
    worst_slices_text,
)
from core.model_card.population import (
    CHILDREN_IN_SHORT,
    NOT_FOR_IN_SHORT,
    STARTS,
    describe_population,
    describe_training,
    describe_use,
    official_test_text,
    use_text,
)
from core.model_card.results import (
    EXTERNAL,
    RATES,
    describe_band,
    describe_external,
    describe_results,
    describe_ward,
    expect_in_ward,
    in_short_text,
    origin_text,
    rate_of,
    usual_part,
)
from core.reports.document import Block, Bullets, Document, Paragraph, Section, Table
from core.runs.store import EXPORT_FILE
from core.shortcuts.record import audit_text

HEAD = ("What", "In short")
AREA_AND_CALIBRATION = {
    "roc_auc": "ROC AUC",
    "expected_calibration_error": "Calibration error",
}
USUAL_PREVALENCE = 10
NO_DEVICE = "Not a medical device and never a diagnosis: a doctor signs every read."


def describe_in_short(facts: RunFacts, ill_of_100: int) -> Section:
    """Return each fact in one or two sentences; the later sections give the details."""
    rows = (
        ("Intended use", use_text(facts)),
        ("Not for", NOT_FOR_IN_SHORT),
        ("Population", " ".join(_population_text(facts))),
        ("Training", " ".join(_training_text(facts))),
        ("Threshold", " ".join(_point_text(facts))),
        ("Performance", " ".join(_measured_text(facts))),
        ("In a ward", _ward_text(facts, ill_of_100)),
        ("External adults", _external_text(facts)),
        ("Known failures", " ".join(_failures_text(facts))),
        ("Shortcuts", _shortcuts_text(facts)),
        ("Regions", _regions_text(facts)),
        ("Version", " ".join(_version_text(facts))),
    )
    return Section("short", "In two minutes", (Table(HEAD, rows, (1.0, 5.6)),))


def _population_text(facts: RunFacts) -> Iterator[str]:
    if facts.run.foreign:
        yield "Its training population is not known here. It is measured on:"
    yield CHILDREN_IN_SHORT
    if facts.split is not None:
        n = sum(facts.split["counts"]["train"].values())
        yield f"Trained on {n:,} of them."


def _training_text(facts: RunFacts) -> Iterator[str]:
    run, how = facts.run, facts.settings
    if run.foreign:
        yield "Not known here: these are another model's predictions."
    elif run.members:
        yield f"The mean of {', '.join(run.members)}, recalibrated."
    else:
        seen = "the box around the lungs" if run.cropped_to_lungs else "the whole film"
        yield f"{run.architecture}, {run.input_px} px, sees {seen}."
    if "starts_from" in how:
        started = STARTS.get(how["starts_from"], f"the weights of run {how['starts_from']}")
        yield f"From {started}, {facts.epochs or 'an unrecorded number of'} epochs; validation by"
        yield f"{how['split_by']}. {official_test_text(facts)}"


def _point_text(facts: RunFacts) -> Iterator[str]:
    point, band = facts.run.operating_point, facts.run.abstention
    yield (
        f"Pneumonia from a probability of {point.threshold:.3f}, {origin_text(facts)} "
        f"(n = {point.n})."
    )
    if band is not None:
        low = "0" if band.low is None else f"{band.low:.3f}"
        high = "1" if band.high is None else f"{band.high:.3f}"
        yield f"From {low} to {high} it says unsure."


def _measured_text(facts: RunFacts) -> Iterator[str]:
    yield in_short_text(facts)
    rates = facts.run.metrics[usual_part(facts)]["rates"]
    for name, words in {
        "roc_auc": "ROC AUC",
        "expected_calibration_error": "Calibration error",
    }.items():
        rate = rate_of(rates[name])
        if rate is not None:
            yield f"{words} {interval_text(rate)}."


def _ward_text(facts: RunFacts, ill_of_100: int) -> str:
    ward = expect_in_ward(facts, 1000, ill_of_100)
    if ward is None:
        return "Not measured on children with pneumonia and without: no estimate is possible."
    return ward_text(facts.run.run_id, ward)


def _external_text(facts: RunFacts) -> str:
    part = facts.run.metrics.get(EXTERNAL)
    if part is None:
        return "Not measured."
    rates = {words.lower(): rate_of(part["rates"][name]) for name, words in RATES.items()}
    text = ", ".join(
        f"{words} {'of no film' if rate is None else rate_text(rate)}"
        for words, rate in rates.items()
    )
    return (
        f"{part['n']} films of {part['n_patients']} adults: {text}. Outside intended use; not "
        "validated."
    )


def _failures_text(facts: RunFacts) -> Iterator[str]:
    part = facts.run.metrics[usual_part(facts)]
    matrix = part["matrix"]
    yield (
        f"It misses {matrix['false_negative']} of {part['n_positive']} and raises "
        f"{matrix['false_positive']} false alarms in {part['n'] - part['n_positive']}."
    )
    if facts.searched is None:
        yield from worst_slices_text(facts)
    else:
        yield searched_text(facts.searched)


def _shortcuts_text(facts: RunFacts) -> str:
    if facts.audit is None:
        return "Not audited: the shortcut features that it relies on are not known."
    part = facts.audit.parts.get(usual_part(facts)) or next(iter(facts.audit.parts.values()))
    return audit_text(facts.run.run_id, part)


def _regions_text(facts: RunFacts) -> str:
    if facts.explanations is None:
        return "How well its regions point at disease was not measured."
    return (
        f"{points_text(facts.explanations)} Regions show what the score depends on; they do not "
        "outline disease."
    )


def _version_text(facts: RunFacts) -> Iterator[str]:
    yield f"Created {facts.run.created[:10]}."
    export = facts.run.files.get(EXPORT_FILE)
    if export is not None:
        yield f"Export sha256 {export[:12]}."


def describe_run(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> Document:
    """Return the facts of a run.

    Parameters
    ----------
    ill_of_100 : int
        Children of the ward that its rates are carried over to.
    """
    run = facts.run
    return Document(
        title=f"Model card: run {run.run_id}",
        summary=in_short_text(facts),
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
            describe_sanity(facts),
            describe_training(facts),
            describe_versions(facts),
        ),
    )


def _find_notices(facts: RunFacts) -> Iterator[str]:
    if facts.exhibit:
        yield f"An exhibit, kept to show its mistakes, and never served: {facts.exhibit}"
    if facts.run.foreign:
        yield (
            "Another model's predictions. Its architecture, its training data and whether it saw "
            "these films are not known here."
        )
    if facts.lacking:
        reasons = "; ".join(f"{one.name}: {one.found}" for one in facts.lacking)
        yield f"This run cannot be the active model. It lacks {reasons}."
    yield from (f"A record cannot be used. {gap}" for gap in facts.gaps)
    yield NO_DEVICE


def describe_versions(facts: RunFacts) -> Section:
    """Return what identifies the run: its date, its data, its files and what made them."""
    run, record = facts.run, facts.record
    versions = ", ".join(f"{name} {text}" for name, text in record.get("versions", {}).items())
    data = record.get("data", {})
    items = [f"Created {run.created}.", f"Versions: {versions or 'not recorded'}."]
    items += [
        f"{words}: sha256 {data[key]}."
        for key, words in {"index_sha256": "Films", "split_sha256": "Split"}.items()
        if key in data
    ]
    members = tuple((f"export of {name}", text) for name, text in run.member_exports.items())
    files = (*run.files.items(), *members)
    blocks: tuple[Block, ...] = (
        Bullets(tuple(items)),
        Table(("File", "sha256"), tuple(files), (1.6, 5.4)),
        Paragraph("The hash of each file is checked whenever it is read."),
    )
    return Section("versions", "Versions and hashes", blocks)
