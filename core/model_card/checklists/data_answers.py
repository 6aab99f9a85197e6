"""What the records say of films, patients and the reference, for the items of checklists."""

from __future__ import annotations

import numpy as np

from core.language.words import msg, tr
from core.model_card.checklists.checklist import Answer, filled, partly, still_open
from core.model_card.facts import RunFacts
from core.model_card.population import (
    ADULTS,
    ADULTS_CITATION,
    CHILDREN,
    CHILDREN_CITATION,
    CHILDREN_REFERENCE,
)
from core.model_card.recorded import day_made, recorded, split_text
from core.model_card.results import EXTERNAL, usual_part

SOURCE = msg("the source of the films")
SPLIT = "split.json"
PARTS = "run.json: metrics"
FOREIGN = "run.json: foreign"

IDENTIFICATION = partly(
    msg("Routine films, collected retrospectively; the indications are not stated."),
    SOURCE,
)
SETTING = partly(CHILDREN, SOURCE)
SERIES = still_open(msg("The source does not say whether the series is consecutive."))
DEIDENTIFICATION = partly(
    msg(
        "Published without names; file names keep a running patient number. The method "
        "of de-identification is not stated."
    ),
    SOURCE,
)
ACQUISITION = partly(msg("Anterior-posterior films; devices and exposure are not stated."), SOURCE)
REFERENCE = partly(
    msg("{reference} Their criteria are not stated.", reference=CHILDREN_REFERENCE),
    SOURCE,
)
REFERENCE_RATIONALE = still_open(
    msg("Why the reference is a reading, not culture or course, is not stated.")
)
REFERENCE_CUT = partly(
    msg("Two classes, pneumonia and normal; the cut-off of the readers is not stated."), SOURCE
)
ANNOTATORS = partly(
    msg("{reference} Their experience is not stated.", reference=CHILDREN_REFERENCE),
    SOURCE,
)
TEST_ANNOTATION = partly(
    msg("A third expert checked the official test; how disagreement was resolved is not stated."),
    SOURCE,
)
RATER_VARIABILITY = still_open(
    msg("Only the final labels are public: readers' disagreement cannot be computed.")
)
SEVERITY = still_open(msg("The subtype (bacterial, viral) is known; severity is not."))
ALTERNATIVES = still_open(
    msg("Children without pneumonia are published as normal; nothing else is known.")
)
TIME_BETWEEN = filled(msg("Both are readings of the same film: there is no interval."), SOURCE)


def source_answer(facts: RunFacts) -> Answer:
    """Say where the films are from, and that they were published before."""
    text = tr("Public films, made in routine care: {source}", source=CHILDREN_CITATION)
    if EXTERNAL in facts.run.metrics:
        text = f"{text} {tr('External: {source}', source=ADULTS_CITATION)}"
    return filled(text, SOURCE)


def eligibility_answer(facts: RunFacts) -> Answer:
    """Say which patients and films were included."""
    sentences = [
        tr("Children of 1 to 5 years with a readable frontal film."),
        *(() if facts.split is None else (_excluded(facts),)),
        tr("The source states no criteria at patient level."),
    ]
    return partly(" ".join(sentences), f"{SOURCE}; {SPLIT}")


def subsets_answer(facts: RunFacts) -> Answer:
    """Say which films were taken and which left out."""
    if facts.run.foreign:
        stated = facts.record["foreign"]
        lacking = sum(stated["missing"].values())
        return filled(
            tr(
                "{n} films included; {lacking} of the same parts are missing.",
                n=sum(stated["films"].values()),
                lacking=lacking,
            ),
            FOREIGN,
        )
    if facts.split is None:
        return partly(
            f"{_trained_on(facts)} {tr('The list of films is not stored.')}", "run.json: data"
        )
    return filled(f"{_trained_on(facts)} {_excluded(facts)}", SPLIT)


def _trained_on(facts: RunFacts) -> str:
    films = facts.record.get("data", {}).get("films", {})
    named = ", ".join(f"{tr(recorded(part))} {n}" for part, n in films.items())
    return (
        tr("Films by part: {parts}.", parts=named)
        if named
        else tr("How many films is not recorded.")
    )


def _excluded(facts: RunFacts) -> str:
    out = 0 if facts.split is None else len(facts.split["excluded"])
    return tr("{n} films were left out as copies of a test film.", n=out)


def missing_answer(facts: RunFacts) -> Answer:
    """Say what was done where something is not known."""
    if facts.predictions is None:
        return still_open(tr("Without predictions, films with missing data cannot be counted."))
    films = facts.predictions.films
    unknown = int(np.isnan(films.short_side_px).sum())
    return filled(
        tr(
            "All {n} films have a reference and a probability. For {unknown} the original size is "
            "uncertain; they are in no subgroup by size.",
            n=len(films),
            unknown=unknown,
        ),
        "predictions.parquet",
    )


def blinded_reference_answer(facts: RunFacts) -> Answer:
    """Say what the readers of the reference knew."""
    return partly(
        tr(
            "The labels were published in 2018 and the run was made on {day}: they cannot have "
            "known its score. What they knew of the patients is not stated.",
            day=day_made(facts.run),
        ),
        f"{SOURCE}; run.json: created",
    )


def assignment_answer(facts: RunFacts) -> Answer:
    """Say how films came to the parts."""
    if facts.run.foreign:
        return partly(tr("Measured on this project's parts; its own are not known."), FOREIGN)
    if facts.settings.get("split_by") == "films":
        return filled(tr("Validation was split by film: an exhibit's mistake."), "run.json")
    if facts.split is None:
        return still_open(tr("The split that the run was trained on cannot be read."))
    share, seed = facts.split["validation_fraction"], facts.split["seed"]
    return filled(
        tr(
            "Official test as published; of the rest, {share:.0f} % of patients for validation, "
            "drawn within classes with seed {seed}.",
            share=100.0 * share,
            seed=seed,
        ),
        SPLIT,
    )


def disjoint_answer(facts: RunFacts) -> Answer:
    """Say what the parts do not share."""
    if facts.settings.get("split_by") == "films":
        return filled(
            tr("Films only: training and validation share patients."), "run.json: settings"
        )
    if facts.split is None:
        return still_open(tr("Not known for this run."))
    shared = len(facts.split["shared_patients"])
    return filled(
        tr(
            "Patients, between training and validation. {n} patient numbers of the published test "
            "occur in training; the test without them is reported separately.",
            n=shared,
        ),
        f"{SPLIT}; {PARTS}",
    )


def sample_size_answer(facts: RunFacts) -> Answer:
    """Say whether the number of films was planned."""
    part = facts.run.metrics[usual_part(facts)]
    return partly(
        tr(
            "Every published film was included ({split}: {n}); the sample size was not planned.",
            split=split_text(part),
            n=part["n"],
        ),
        PARTS,
    )


def flow_answer(facts: RunFacts) -> Answer:
    """Say how many were let in and left out, counted."""
    counts = "; ".join(f"{split_text(part)} {part['n']}" for part in facts.run.metrics.values())
    if facts.split is None:
        return partly(
            tr("{counts}. What was excluded in training is not known.", counts=counts), PARTS
        )
    return filled(f"{_trained_on(facts)} {_excluded(facts)} {counts}.", f"{SPLIT}; {PARTS}")


def flow_diagram_answer(facts: RunFacts) -> Answer:
    """Say the same where a diagram is asked for."""
    answer = flow_answer(facts)
    return partly(f"{answer.text} {tr('Numbers only, no diagram.')}", answer.where)


def baseline_answer(facts: RunFacts) -> Answer:
    """Say what patients and films of each part are like."""
    part = facts.run.metrics[usual_part(facts)]
    return partly(
        tr(
            "Class, subtype, patients and image quality by part ({split}: {n} patients). Age and "
            "sex of a child are not public.",
            split=split_text(part),
            n=part["n_patients"],
        ),
        f"{PARTS}, slices",
    )


def representative_answer(facts: RunFacts) -> Answer:
    """Say whether as many are ill as where the run is used."""
    part = facts.run.metrics[usual_part(facts)]
    return filled(
        tr(
            "No: {ill} of {n} films of the {split} show pneumonia, far more than in a ward. The "
            "page recalculates the results for any prevalence.",
            ill=part["n_positive"],
            n=part["n"],
            split=split_text(part),
        ),
        PARTS,
    )


def external_difference_answer(facts: RunFacts) -> Answer:
    """Say how the external films differ."""
    if EXTERNAL not in facts.run.metrics:
        return still_open(tr("No external films were scored."))
    return filled(
        tr("Another population, country and reference. {adults}", adults=ADULTS),
        f"{PARTS}, {EXTERNAL}",
    )
