"""What the records say of network, training and measurement, for the items of checklists."""

from __future__ import annotations

from core.domain.rate import rate_text
from core.evaluation.tables import MEASURES
from core.language.words import msg, tr
from core.model_card.checklists.checklist import (
    Answer,
    filled,
    of_own_network,
    partly,
    still_open,
)
from core.model_card.facts import RunFacts
from core.model_card.failures import points_text
from core.model_card.population import changes_text, class_weights, start_text
from core.model_card.recorded import begin, recorded, split_text
from core.model_card.results import EXTERNAL, RATES_INSIDE, origin_text, rate_of, usual_part

SETTINGS = "run.json: settings"
METRICS = "run.json: metrics"
MEMBERS = msg("the members' run.json")
MATRIX = {
    "true_positive": msg("true positive"),
    "false_negative": msg("false negative"),
    "false_positive": msg("false positive"),
    "true_negative": msg("true negative"),
}

STATISTICS = filled(
    msg(
        "95 % intervals: Wilson for proportions, DeLong for ROC areas, bootstrap over "
        "patients for the rest; McNemar and DeLong with Holm between runs."
    ),
    "core/stats/intervals.py, core/stats/bootstrap.py, core/comparison/paired_tests.py",
)


def measured_answer(_facts: RunFacts) -> Answer:
    """Say which metrics are reported."""
    measures = ", ".join(map(tr, MEASURES.values()))
    return filled(tr("{measures}, calibration error.", measures=measures), METRICS)


@of_own_network
def preprocessing_answer(facts: RunFacts) -> Answer:
    """Say what is done to a film before the network sees it."""
    if facts.run.cropped_to_lungs:
        text = tr(
            "Resized to 224 px, contrast stretched between grey percentiles, cut to the box "
            "around the lungs, resized to {px} px.",
            px=facts.run.input_px,
        )
    else:
        text = tr(
            "Resized to 224 px, contrast stretched between grey percentiles, taken whole, resized "
            "to {px} px.",
            px=facts.run.input_px,
        )
    return filled(text, "core/imaging/preprocessing.py; run.json")


acquisition_and_preprocessing_answer = of_own_network(
    lambda facts: partly(
        f"{preprocessing_answer(facts).text} {tr('How the films were made is not stated.')}",
        "core/imaging/preprocessing.py",
    )
)


@of_own_network
def model_answer(facts: RunFacts) -> Answer:
    """Say what the network is."""
    if facts.run.members:
        return filled(
            tr("The mean of {members}.", members=", ".join(facts.run.members)), "run.json: members"
        )
    calibration = facts.run.calibration
    return filled(
        tr(
            "{network}, {px} px in, one logit out; probability by temperature {temperature:.3f} "
            "and offset {offset:.3f}.",
            network=facts.run.architecture,
            px=facts.run.input_px,
            temperature=calibration.temperature,
            offset=calibration.offset,
        ),
        "run.json; core/training/networks/architectures.py",
    )


def software_answer(facts: RunFacts) -> Answer:
    """Say which libraries, in which versions."""
    versions = facts.record.get("versions", {})
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    if facts.run.foreign or not text:
        imported = (
            tr("Imported with {versions}.", versions=text)
            if text
            else tr("Imported with no version recorded.")
        )
        return partly(imported, "run.json: versions")
    return filled(f"{text}.", "run.json: versions")


def devices_answer(facts: RunFacts) -> Answer:
    """Say what made the films, and what made the network."""
    text = software_answer(facts).text
    unknown = tr("The films' devices are not stated.")
    return partly(f"{text} {unknown}", "run.json: versions")


@of_own_network
def initialisation_answer(facts: RunFacts) -> Answer:
    """Say what weights training began with."""
    if facts.run.members:
        return filled(tr("Each member's own."), MEMBERS)
    start = facts.settings.get("starts_from")
    if start is None:
        return still_open(tr("Not recorded."))
    return filled(f"{start_text(start)}.", SETTINGS)


@of_own_network
def training_answer(facts: RunFacts) -> Answer:
    """Say how it was trained."""
    how = facts.settings
    if "epochs" not in how:
        return partly(tr("The training of each member is in its own record."), SETTINGS)
    return filled(
        tr(
            "{epochs} epochs of at most {most}, {optimizer}, learning rate {rate:g}, batches of "
            "{batch}, {weights}; augmentation: {changes}.",
            epochs=facts.epochs,
            most=how["epochs"],
            optimizer=how["optimizer"],
            rate=how["learning_rate"],
            batch=how["batch"],
            weights=class_weights(how["class_weights"]),
            changes=changes_text(how["augmentation"]),
        ),
        f"{SETTINGS}; history.json",
    )


@of_own_network
def development_answer(facts: RunFacts) -> Answer:
    """Say how it was made and measured, with the films of each step."""
    films = facts.record.get("data", {}).get("films", {})
    counted = ", ".join(f"{tr(recorded(part))} {n}" for part, n in films.items())
    external = facts.run.metrics.get(EXTERNAL, {}).get("n", 0)
    return filled(
        tr(
            "Films: {parts}, external {external}.",
            parts=counted or tr("as its members"),
            external=external,
        ),
        f"run.json: data; {METRICS}",
    )


@of_own_network
def selection_answer(facts: RunFacts) -> Answer:
    """Say how the final model was selected."""
    kept = facts.settings.get("keep")
    if kept is None:
        return filled(tr("The mean of members that were fixed beforehand."), "run.json: members")
    parent = facts.record.get("parent")
    best = kept == "best"
    if parent and best:
        text = tr("The best epoch is kept, by validation only; it is based on {run}.", run=parent)
    elif parent:
        text = tr("The last epoch is kept, by validation only; it is based on {run}.", run=parent)
    elif best:
        text = tr("The best epoch is kept, by validation only.")
    else:
        text = tr("The last epoch is kept, by validation only.")
    return filled(text, SETTINGS)


ensemble_answer = of_own_network(
    lambda facts: filled(
        tr("The mean of {members}.", members=", ".join(facts.run.members))
        if facts.run.members
        else tr("One network, no ensemble."),
        "run.json",
    )
)


def robustness_answer(facts: RunFacts) -> Answer:
    """Say what changes of the films do."""
    if facts.audit is None:
        return still_open(tr("No shortcut audit of this run."))
    part = next(iter(facts.audit.parts.values()))
    return filled(
        tr(
            "{changes} changes of the films on {parts} parts, each with its intervals.",
            changes=len(part.changes) - 1,
            parts=len(facts.audit.parts),
        ),
        "audit.json",
    )


@of_own_network
def explainability_answer(facts: RunFacts) -> Answer:
    """Say how a score is explained, and whether that was checked."""
    if facts.explanations is None:
        return partly(
            tr("By regions; how well they point at disease was not measured."),
            "docs/user-guide/review.md",
        )
    return filled(points_text(facts.explanations), "explanations.json")


def internal_answer(facts: RunFacts) -> Answer:
    """Say what it does on films like those that it learned from."""
    if "test" in facts.run.metrics:
        return filled(_rates_answer(facts, "test"), f"{METRICS}, test")
    return partly(_rates_answer(facts, usual_part(facts)), METRICS)


def external_answer(facts: RunFacts) -> Answer:
    """Say what it does on films of another hospital."""
    if EXTERNAL not in facts.run.metrics:
        return still_open(tr("No film of another hospital was scored."))
    return partly(
        tr(
            "{rates} Nearly all are of adults: no children of 1 to 5 years from another hospital "
            "were scored.",
            rates=_rates_answer(facts, EXTERNAL),
        ),
        f"{METRICS}, {EXTERNAL}",
    )


def performance_answer(facts: RunFacts) -> Answer:
    """Say what was measured, part by part."""
    return filled(_rates_answer(facts, usual_part(facts)), METRICS)


def _rates_answer(facts: RunFacts, key: str) -> str:
    part = facts.run.metrics[key]
    rates = {words: rate_of(part["rates"][name]) for name, words in RATES_INSIDE.items()}
    text = ", ".join(
        f"{tr(words)} {tr(rate_text(rate))}" for words, rate in rates.items() if rate is not None
    )
    return f"{begin(split_text(part))}: {text}."


def cross_table_answer(facts: RunFacts) -> Answer:
    """Count films by call and reference."""
    part = facts.run.metrics[usual_part(facts)]
    text = ", ".join(f"{tr(MATRIX[name])} {n}" for name, n in part["matrix"].items())
    return filled(f"{begin(split_text(part))}: {text}.", METRICS)


def failures_answer(facts: RunFacts) -> Answer:
    """Say which films are decided wrongly."""
    if facts.predictions is None:
        return partly(tr("Counts only; the films are not recorded."), METRICS)
    return filled(
        tr("The most confident errors by film; all of them on the page Errors, by subgroup."),
        "predictions.parquet; run.json: slices",
    )


def errors_and_fairness_answer(facts: RunFacts) -> Answer:
    """Say which films and which patients fare worse."""
    unknown = tr("Age and sex of a child are not public: fairness between them cannot be measured.")
    if facts.audit is None:
        known = tr("Errors by image quality and subtype; shortcuts not audited.")
    else:
        known = tr("Errors by image quality and subtype; shortcuts audited.")
    return partly(f"{known} {unknown}", "run.json: slices")


def variability_answer(facts: RunFacts) -> Answer:
    """Say where accuracy varies."""
    if not facts.record.get("slices"):
        return still_open(tr("Accuracy by image quality is not recorded."))
    return filled(
        tr("By subtype and by thirds of image quality; all exploratory."), "run.json: slices"
    )


def cut_off_answer(facts: RunFacts) -> Answer:
    """Say where the cut-off is, and why."""
    point = facts.run.operating_point
    stated = {"threshold": point.threshold, "origin": origin_text(facts)}
    if facts.run.foreign:
        text = tr("{threshold:.3f}, {origin}; its developers' own is not known.", **stated)
        return partly(text, "run.json: operating_point")
    wanted = facts.settings.get("sensitivity_wanted")
    if not wanted:
        return filled(tr("{threshold:.3f}, {origin}.", **stated), "run.json: operating_point")
    text = tr(
        "{threshold:.3f}, {origin}, for a sensitivity of at least {wanted:g}, prespecified.",
        wanted=wanted,
        **stated,
    )
    return filled(text, "run.json: operating_point")


def indeterminate_answer(facts: RunFacts) -> Answer:
    """Say how indeterminate results are handled."""
    band = facts.run.abstention
    text = (
        tr("None: every film is called pneumonia or normal.")
        if band is None
        else tr(
            "For sensitivity and specificity, unsure films are called by the operating point. How "
            "often the model is unsure is reported separately."
        )
    )
    unknown = tr("Films on which readers were unsure are not published.")
    return partly(f"{text} {unknown}", "run.json")


blinded_index_answer = of_own_network(
    filled(msg("The network sees pixels and nothing else."), "core/inference/litert.py")
)
