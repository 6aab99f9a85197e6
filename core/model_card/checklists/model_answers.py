"""What the records say of network, training and measurement, for the items of checklists."""

from __future__ import annotations

from core.domain.rate import interval_text
from core.evaluation.tables import MEASURES
from core.model_card.checklists.checklist import (
    Answer,
    filled,
    of_own_network,
    partly,
    still_open,
)
from core.model_card.facts import RunFacts
from core.model_card.failures import points_text
from core.model_card.population import STARTS, changes_text
from core.model_card.results import EXTERNAL, RATES, origin_text, rate_of, usual_part

SETTINGS = "run.json: settings"
METRICS = "run.json: metrics"

MEASURED = filled(f"{', '.join(MEASURES.values())}, calibration error.", METRICS)
STATISTICS = filled(
    "95 % intervals: Wilson for proportions, DeLong for ROC areas, bootstrap over patients "
    "for the rest; McNemar and DeLong with Holm between runs.",
    "core/stats/intervals.py, core/stats/bootstrap.py, core/comparison/paired_tests.py",
)


@of_own_network
def preprocessing_answer(facts: RunFacts) -> Answer:
    """Say what is done to a film before the network sees it."""
    seen = "cut to the box around the lungs" if facts.run.cropped_to_lungs else "taken whole"
    return filled(
        f"Resized to 224 px, contrast stretched between grey percentiles, {seen}, resized to "
        f"{facts.run.input_px} px.",
        "core/imaging/preprocessing.py; run.json",
    )


acquisition_and_preprocessing_answer = of_own_network(
    lambda facts: partly(
        f"{preprocessing_answer(facts).text} How the films were made is not stated.",
        "core/imaging/preprocessing.py",
    )
)


@of_own_network
def model_answer(facts: RunFacts) -> Answer:
    """Say what the network is."""
    if facts.run.members:
        return filled(f"The mean of {', '.join(facts.run.members)}.", "run.json: members")
    calibration = facts.run.calibration
    return filled(
        f"{facts.run.architecture}, {facts.run.input_px} px in, one logit out; probability by "
        f"temperature {calibration.temperature:.3f} and offset {calibration.offset:.3f}.",
        "run.json; core/training/networks/architectures.py",
    )


def software_answer(facts: RunFacts) -> Answer:
    """Say which libraries, in which versions."""
    versions = facts.record.get("versions", {})
    text = ", ".join(f"{name} {version}" for name, version in versions.items())
    if facts.run.foreign or not text:
        return partly(f"Imported with {text or 'no version recorded'}.", "run.json: versions")
    return filled(f"{text}.", "run.json: versions")


def devices_answer(facts: RunFacts) -> Answer:
    """Say what made the films, and what made the network."""
    text = software_answer(facts).text
    return partly(f"{text} The films' devices are not stated.", "run.json: versions")


@of_own_network
def initialisation_answer(facts: RunFacts) -> Answer:
    """Say what weights training began with."""
    if facts.run.members:
        return filled("Each member's own.", "the members' run.json")
    start = facts.settings.get("starts_from")
    if start is None:
        return still_open("Not recorded.")
    return filled(f"{STARTS.get(start, f'the weights of run {start}')}.", SETTINGS)


@of_own_network
def training_answer(facts: RunFacts) -> Answer:
    """Say how it was trained."""
    how = facts.settings
    if "epochs" not in how:
        return partly("The training of each member is in its own record.", SETTINGS)
    return filled(
        f"{facts.epochs} epochs of at most {how['epochs']}, {how['optimizer']}, learning rate "
        f"{how['learning_rate']:g}, batches of {how['batch']}, class weights: "
        f"{how['class_weights']}; augmentation: {changes_text(how['augmentation'])}.",
        f"{SETTINGS}; history.json",
    )


@of_own_network
def development_answer(facts: RunFacts) -> Answer:
    """Say how it was made and measured, with the films of each step."""
    films = facts.record.get("data", {}).get("films", {})
    counted = ", ".join(f"{part} {n}" for part, n in films.items()) or "as its members"
    external = facts.run.metrics.get(EXTERNAL, {}).get("n", 0)
    return filled(f"Films: {counted}, external {external}.", f"run.json: data; {METRICS}")


@of_own_network
def selection_answer(facts: RunFacts) -> Answer:
    """Say how the final model was selected."""
    kept = facts.settings.get("keep")
    if kept is None:
        return filled("The mean of members that were fixed beforehand.", "run.json: members")
    parent = facts.record.get("parent")
    goes_on = f"; it is based on {parent}" if parent else ""
    return filled(f"The {kept} epoch is kept, by validation only{goes_on}.", SETTINGS)


ensemble_answer = of_own_network(
    lambda facts: filled(
        f"The mean of {', '.join(facts.run.members)}."
        if facts.run.members
        else "One network, no ensemble.",
        "run.json",
    )
)


def robustness_answer(facts: RunFacts) -> Answer:
    """Say what changes of the films do."""
    if facts.audit is None:
        return still_open("No shortcut audit of this run.")
    part = next(iter(facts.audit.parts.values()))
    return filled(
        f"{len(part.changes) - 1} changes of the films on {len(facts.audit.parts)} parts, each "
        "with its intervals.",
        "audit.json",
    )


@of_own_network
def explainability_answer(facts: RunFacts) -> Answer:
    """Say how a score is explained, and whether that was checked."""
    if facts.explanations is None:
        return partly(
            "By regions; how well they point at disease was not measured.",
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
        return still_open("No film of another hospital was scored.")
    return partly(
        f"{_rates_answer(facts, EXTERNAL)} Nearly all are of adults: no children of 1 to 5 years "
        "from another hospital were scored.",
        f"{METRICS}, {EXTERNAL}",
    )


def performance_answer(facts: RunFacts) -> Answer:
    """Say what was measured, part by part."""
    return filled(_rates_answer(facts, usual_part(facts)), METRICS)


def _rates_answer(facts: RunFacts, key: str) -> str:
    part = facts.run.metrics[key]
    rates = {words: rate_of(part["rates"][name]) for name, words in RATES.items()}
    text = ", ".join(
        f"{words.lower()} {interval_text(rate)}, n = {rate.n}"
        for words, rate in rates.items()
        if rate is not None
    )
    return f"{part['split'][:1].upper()}{part['split'][1:]}: {text}."


def cross_table_answer(facts: RunFacts) -> Answer:
    """Count films by call and reference."""
    part = facts.run.metrics[usual_part(facts)]
    text = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in part["matrix"].items())
    return filled(f"{part['split'][:1].upper()}{part['split'][1:]}: {text}.", METRICS)


def failures_answer(facts: RunFacts) -> Answer:
    """Say which films are decided wrongly."""
    if facts.predictions is None:
        return partly("Counts only; the films are not recorded.", METRICS)
    return filled(
        "The most confident errors by film; all of them on the page Errors, by subgroup.",
        "predictions.parquet; run.json: slices",
    )


def errors_and_fairness_answer(facts: RunFacts) -> Answer:
    """Say which films and which patients fare worse."""
    audited = "shortcuts audited" if facts.audit is not None else "shortcuts not audited"
    return partly(
        f"Errors by image quality and subtype; {audited}. Age and sex of a child are not public: "
        "fairness between them cannot be measured.",
        "run.json: slices",
    )


def variability_answer(facts: RunFacts) -> Answer:
    """Say where accuracy varies."""
    if not facts.record.get("slices"):
        return still_open("Accuracy by image quality is not recorded.")
    return filled("By subtype and by thirds of image quality; all exploratory.", "run.json: slices")


def cut_off_answer(facts: RunFacts) -> Answer:
    """Say where the cut-off is, and why."""
    point = facts.run.operating_point
    text = f"{point.threshold:.3f}, {origin_text(facts)}"
    if facts.run.foreign:
        return partly(f"{text}; its developers' own is not known.", "run.json: operating_point")
    wanted = facts.settings.get("sensitivity_wanted")
    why = f", for a sensitivity of at least {wanted:g}, prespecified" if wanted else ""
    return filled(f"{text}{why}.", "run.json: operating_point")


def indeterminate_answer(facts: RunFacts) -> Answer:
    """Say how indeterminate results are handled."""
    band = facts.run.abstention
    text = (
        "None: every film is called pneumonia or normal."
        if band is None
        else "For sensitivity and specificity, unsure films are called by the operating point. How "
        "often the model is unsure is reported separately."
    )
    return partly(f"{text} Films on which readers were unsure are not published.", "run.json")


blinded_index_answer = of_own_network(
    filled("The network sees pixels and nothing else.", "core/inference/litert.py")
)
