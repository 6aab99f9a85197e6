"""What the records say of films, patients and the reference, for the items of checklists."""

from __future__ import annotations

import numpy as np

from core.model_card.checklists.checklist import Answer, filled, partly, still_open
from core.model_card.facts import RunFacts
from core.model_card.population import (
    ADULTS,
    ADULTS_CITATION,
    CHILDREN,
    CHILDREN_CITATION,
    CHILDREN_REFERENCE,
)
from core.model_card.results import EXTERNAL, usual_part

SOURCE = "the source of the films"
SPLIT = "split.json"
PARTS = "run.json: metrics"
FOREIGN = "run.json: foreign"

IDENTIFICATION = partly(
    "Routine films, collected retrospectively; the indications are not stated.",
    SOURCE,
)
SETTING = partly(CHILDREN, SOURCE)
SERIES = still_open("The source does not say whether the series is consecutive.")
DEIDENTIFICATION = partly(
    "Published without names; file names keep a running patient number. The method of "
    "de-identification is not stated.",
    SOURCE,
)
ACQUISITION = partly("Anterior-posterior films; devices and exposure are not stated.", SOURCE)
REFERENCE = partly(f"{CHILDREN_REFERENCE} Their criteria are not stated.", SOURCE)
REFERENCE_RATIONALE = still_open(
    "Why the reference is a reading, not culture or course, is not stated."
)
REFERENCE_CUT = partly(
    "Two classes, pneumonia and normal; the cut-off of the readers is not stated.", SOURCE
)
ANNOTATORS = partly(f"{CHILDREN_REFERENCE} Their experience is not stated.", SOURCE)
TEST_ANNOTATION = partly(
    "A third expert checked the official test; how disagreement was resolved is not stated.",
    SOURCE,
)
RATER_VARIABILITY = still_open(
    "Only the final labels are public: readers' disagreement cannot be computed."
)
SEVERITY = still_open("The subtype (bacterial, viral) is known; severity is not.")
ALTERNATIVES = still_open(
    "Children without pneumonia are published as normal; nothing else is known."
)
TIME_BETWEEN = filled("Both are readings of the same film: there is no interval.", SOURCE)


def source_answer(facts: RunFacts) -> Answer:
    """Say where the films are from, and that they were published before."""
    external = f" External: {ADULTS_CITATION}" if EXTERNAL in facts.run.metrics else ""
    return filled(f"Public films, made in routine care: {CHILDREN_CITATION}{external}", SOURCE)


def eligibility_answer(facts: RunFacts) -> Answer:
    """Say which patients and films were included."""
    left_out = "" if facts.split is None else f" {_excluded(facts)}"
    return partly(
        f"Children of 1 to 5 years with a readable frontal film.{left_out} The source states no "
        "criteria at patient level.",
        f"{SOURCE}; {SPLIT}",
    )


def subsets_answer(facts: RunFacts) -> Answer:
    """Say which films were taken and which left out."""
    if facts.run.foreign:
        stated = facts.record["foreign"]
        lacking = sum(stated["missing"].values())
        return filled(
            f"{sum(stated['films'].values())} films included; {lacking} of the same parts are "
            "missing.",
            FOREIGN,
        )
    if facts.split is None:
        return partly(f"{_trained_on(facts)} The list of films is not stored.", "run.json: data")
    return filled(f"{_trained_on(facts)} {_excluded(facts)}", SPLIT)


def _trained_on(facts: RunFacts) -> str:
    films = facts.record.get("data", {}).get("films", {})
    named = ", ".join(f"{part} {n}" for part, n in films.items())
    return f"Films by part: {named}." if named else "How many films is not recorded."


def _excluded(facts: RunFacts) -> str:
    out = 0 if facts.split is None else len(facts.split["excluded"])
    return f"{out} films were left out as copies of a test film."


def missing_answer(facts: RunFacts) -> Answer:
    """Say what was done where something is not known."""
    if facts.predictions is None:
        return still_open("Without predictions, films with missing data cannot be counted.")
    films = facts.predictions.films
    unknown = int(np.isnan(films.short_side_px).sum())
    return filled(
        f"All {len(films)} films have a reference and a probability. For {unknown} the original "
        "size is uncertain; they are in no subgroup by size.",
        "predictions.parquet",
    )


def blinded_reference_answer(facts: RunFacts) -> Answer:
    """Say what the readers of the reference knew."""
    return partly(
        f"The labels were published in 2018 and the run was made on {facts.run.created[:10]}: they "
        "cannot have known its score. What they knew of the patients is not stated.",
        f"{SOURCE}; run.json: created",
    )


def assignment_answer(facts: RunFacts) -> Answer:
    """Say how films came to the parts."""
    if facts.run.foreign:
        return partly("Measured on this project's parts; its own are not known.", FOREIGN)
    if facts.settings.get("split_by") == "films":
        return filled("Validation was split by film: an exhibit's mistake.", "run.json")
    if facts.split is None:
        return still_open("The split that the run was trained on cannot be read.")
    share, seed = facts.split["validation_fraction"], facts.split["seed"]
    return filled(
        f"Official test as published; of the rest, {100.0 * share:.0f} % of patients for "
        f"validation, drawn within classes with seed {seed}.",
        SPLIT,
    )


def disjoint_answer(facts: RunFacts) -> Answer:
    """Say what the parts do not share."""
    if facts.settings.get("split_by") == "films":
        return filled("Films only: training and validation share patients.", "run.json: settings")
    if facts.split is None:
        return still_open("Not known for this run.")
    shared = len(facts.split["shared_patients"])
    return filled(
        f"Patients, between training and validation. {shared} patient numbers of the published "
        "test occur in training; the test without them is reported separately.",
        f"{SPLIT}; {PARTS}",
    )


def sample_size_answer(facts: RunFacts) -> Answer:
    """Say whether the number of films was planned."""
    part = facts.run.metrics[usual_part(facts)]
    return partly(
        f"Every published film was included ({part['split']}: {part['n']}); the sample size was "
        "not planned.",
        PARTS,
    )


def flow_answer(facts: RunFacts) -> Answer:
    """Say how many were let in and left out, counted."""
    counts = "; ".join(f"{part['split']} {part['n']}" for part in facts.run.metrics.values())
    if facts.split is None:
        return partly(f"{counts}. What was excluded in training is not known.", PARTS)
    return filled(f"{_trained_on(facts)} {_excluded(facts)} {counts}.", f"{SPLIT}; {PARTS}")


def flow_diagram_answer(facts: RunFacts) -> Answer:
    """Say the same where a diagram is asked for."""
    answer = flow_answer(facts)
    return partly(f"{answer.text} Numbers only, no diagram.", answer.where)


def baseline_answer(facts: RunFacts) -> Answer:
    """Say what patients and films of each part are like."""
    part = facts.run.metrics[usual_part(facts)]
    return partly(
        f"Class, subtype, patients and image quality by part ({part['split']}: {part['n_patients']}"
        " patients). Age and sex of a child are not public.",
        f"{PARTS}, slices",
    )


def representative_answer(facts: RunFacts) -> Answer:
    """Say whether as many are ill as where the run is used."""
    part = facts.run.metrics[usual_part(facts)]
    return filled(
        f"No: {part['n_positive']} of {part['n']} films of the {part['split']} show pneumonia, far "
        "more than in a ward. The page recalculates the results for any prevalence.",
        PARTS,
    )


def external_difference_answer(facts: RunFacts) -> Answer:
    """Say how the external films differ."""
    if EXTERNAL not in facts.run.metrics:
        return still_open("No external films were scored.")
    return filled(f"Another population, country and reference. {ADULTS}", f"{PARTS}, {EXTERNAL}")
