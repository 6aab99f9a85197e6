"""The facts of a run as one document: what a doctor reads, in the order in which it matters."""

from __future__ import annotations

from collections.abc import Iterator

from core.comparison.text import ward_text
from core.domain.rate import Rate, interval_text, rate_text
from core.error_analysis.slice_discovery import searched_text
from core.language.numbers import number
from core.language.words import msg, tr
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
    UNRECORDED,
    describe_population,
    describe_training,
    describe_use,
    official_test_text,
    start_text,
    use_text,
)
from core.model_card.recorded import day_made, recorded
from core.model_card.results import (
    EXTERNAL,
    NO_ESTIMATE,
    RATES_INSIDE,
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

USUAL_PREVALENCE = 10
NO_DEVICE = msg("Not a medical device and never a diagnosis: a doctor signs every read.")


def describe_in_short(facts: RunFacts, ill_of_100: int) -> Section:
    """Return each fact in one or two sentences; the later sections give the details."""
    rows = (
        (tr("Intended use"), use_text(facts)),
        (tr("Not for"), tr(NOT_FOR_IN_SHORT)),
        (tr("Population"), " ".join(_population_text(facts))),
        (tr("Training"), " ".join(_training_text(facts))),
        (tr("Threshold"), " ".join(_point_text(facts))),
        (tr("Performance"), " ".join(_measured_text(facts))),
        (tr("In a ward"), _ward_text(facts, ill_of_100)),
        (tr("External adults"), _external_text(facts)),
        (tr("Known failures"), " ".join(_failures_text(facts))),
        (tr("Shortcuts"), _shortcuts_text(facts)),
        (tr("Regions"), _regions_text(facts)),
        (tr("Version"), " ".join(_version_text(facts))),
    )
    head = (tr("What"), tr("In short"))
    return Section("short", tr("In two minutes"), (Table(head, rows, (1.2, 5.4)),))


def _population_text(facts: RunFacts) -> Iterator[str]:
    if facts.run.foreign:
        yield tr("Its training population is not known here. It is measured on:")
    yield tr(CHILDREN_IN_SHORT)
    if facts.split is not None:
        yield tr("Trained on {n:,} of them.", n=sum(facts.split["counts"]["train"].values()))


def _training_text(facts: RunFacts) -> Iterator[str]:
    run, how = facts.run, facts.settings
    network = {"network": run.architecture, "px": run.input_px}
    if run.foreign:
        yield tr("Not known here: these are another model's predictions.")
    elif run.members:
        yield tr("The mean of {members}, recalibrated.", members=", ".join(run.members))
    elif run.cropped_to_lungs:
        yield tr("{network}, {px} px, sees the box around the lungs.", **network)
    else:
        yield tr("{network}, {px} px, sees the whole film.", **network)
    if "starts_from" in how:
        yield tr(
            "From {start}, {epochs} epochs; validation by {units}.",
            start=start_text(how["starts_from"]),
            epochs=facts.epochs or UNRECORDED,
            units=recorded(how["split_by"]),
        )
        yield official_test_text(facts)


def _point_text(facts: RunFacts) -> Iterator[str]:
    point, band = facts.run.operating_point, facts.run.abstention
    yield tr(
        "Pneumonia from a probability of {threshold:.3f}, {origin} (n = {n}).",
        threshold=point.threshold,
        origin=origin_text(facts),
        n=point.n,
    )
    if band is not None:
        low = "0" if band.low is None else number(band.low, ".3f")
        high = "1" if band.high is None else number(band.high, ".3f")
        yield tr("From {low} to {high} it says unsure.", low=low, high=high)


def _measured_text(facts: RunFacts) -> Iterator[str]:
    yield in_short_text(facts)
    rates = facts.run.metrics[usual_part(facts)]["rates"]
    area, error = (rate_of(rates[name]) for name in ("roc_auc", "expected_calibration_error"))
    if area is not None:
        yield tr("ROC AUC {rate}.", rate=interval_text(area))
    if error is not None:
        yield tr("Calibration error {rate}.", rate=interval_text(error))


def _ward_text(facts: RunFacts, ill_of_100: int) -> str:
    ward = expect_in_ward(facts, 1000, ill_of_100)
    return tr(NO_ESTIMATE) if ward is None else ward_text(facts.run.run_id, ward)


def _external_text(facts: RunFacts) -> str:
    part = facts.run.metrics.get(EXTERNAL)
    if part is None:
        return tr("Not measured.")
    return tr(
        "{n} films of {patients} adults: {rates}. Outside intended use; not validated.",
        n=part["n"],
        patients=part["n_patients"],
        rates=", ".join(
            _external_rate_text(words, rate_of(part["rates"][name]))
            for name, words in RATES_INSIDE.items()
        ),
    )


def _external_rate_text(measure: str, rate: Rate | None) -> str:
    if rate is None:
        return tr("{measure} of no film", measure=measure)
    return f"{tr(measure)} {tr(rate_text(rate))}"


def _failures_text(facts: RunFacts) -> Iterator[str]:
    part = facts.run.metrics[usual_part(facts)]
    yield tr(
        "It misses {missed} of {ill} and raises {alarms} false alarms in {well}.",
        missed=part["matrix"]["false_negative"],
        ill=part["n_positive"],
        alarms=part["matrix"]["false_positive"],
        well=part["n"] - part["n_positive"],
    )
    if facts.searched is None:
        yield from worst_slices_text(facts)
    else:
        yield searched_text(facts.searched)


def _shortcuts_text(facts: RunFacts) -> str:
    if facts.audit is None:
        return tr("Not audited: the shortcut features that it relies on are not known.")
    part = facts.audit.parts.get(usual_part(facts)) or next(iter(facts.audit.parts.values()))
    return audit_text(facts.run.run_id, part)


def _regions_text(facts: RunFacts) -> str:
    if facts.explanations is None:
        return tr("How well its regions point at disease was not measured.")
    return tr(
        "{points} Regions show what the score depends on; they do not outline disease.",
        points=points_text(facts.explanations),
    )


def _version_text(facts: RunFacts) -> Iterator[str]:
    yield tr("Created {day}.", day=day_made(facts.run))
    export = facts.run.files.get(EXPORT_FILE)
    if export is not None:
        yield tr("Export sha256 {hash}.", hash=export[:12])


def describe_run(facts: RunFacts, ill_of_100: int = USUAL_PREVALENCE) -> Document:
    """Return the facts of a run.

    Parameters
    ----------
    ill_of_100 : int
        Children of the ward that its rates are carried over to.
    """
    run = facts.run
    return Document(
        title=tr("Model card: run {run_id}", run_id=run.run_id),
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
        yield tr(
            "An exhibit, kept to show its mistakes, and never served: {exhibit}",
            exhibit=tr(facts.exhibit),
        )
    if facts.run.foreign:
        yield tr(
            "Another model's predictions. Its architecture, its training data and whether it saw "
            "these films are not known here."
        )
    if facts.lacking:
        reasons = "; ".join(f"{tr(one.name)}: {tr(one.found)}" for one in facts.lacking)
        yield tr("This run cannot be the active model. It lacks {reasons}.", reasons=reasons)
    yield from (tr("A record cannot be used. {gap}", gap=gap) for gap in facts.gaps)
    yield tr(NO_DEVICE)


def describe_versions(facts: RunFacts) -> Section:
    """Return what identifies the run: its date, its data, its files and what made them."""
    run, record = facts.run, facts.record
    versions = ", ".join(f"{name} {text}" for name, text in record.get("versions", {}).items())
    data = record.get("data", {})
    items = [
        tr("Created {day}.", day=run.created),
        tr("Versions: {versions}.", versions=versions)
        if versions
        else tr("Versions: not recorded."),
    ]
    if "index_sha256" in data:
        items.append(tr("Films: sha256 {hash}.", hash=data["index_sha256"]))
    if "split_sha256" in data:
        items.append(tr("Split: sha256 {hash}.", hash=data["split_sha256"]))
    members = tuple(
        (tr("export of {run}", run=name), text) for name, text in run.member_exports.items()
    )
    files = (*run.files.items(), *members)
    blocks: tuple[Block, ...] = (
        Bullets(tuple(items)),
        Table((tr("File"), "sha256"), tuple(files), (1.6, 5.4)),
        Paragraph(tr("The hash of each file is checked whenever it is read.")),
    )
    return Section("versions", tr("Versions and hashes"), blocks)
