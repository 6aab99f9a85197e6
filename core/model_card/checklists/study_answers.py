"""What can be said of the study around a run, for the items of checklists."""

from __future__ import annotations

from core.model_card.checklists.checklist import Answer, filled, partly, still_open
from core.model_card.checklists.data_answers import SOURCE
from core.model_card.facts import RunFacts
from core.model_card.population import CHILDREN_CITATION, INTENDED

FACTS = "this model card"

SUMMARY = partly("The model card has sections; it is not a structured abstract.", FACTS)
DESIGN = filled("Retrospective: films and labels had been published before.", SOURCE)
ETHICS = partly(
    "Public, de-identified films; the publishers' ethics approval is not recorded here.",
    SOURCE,
)
USERS = filled("Doctors who read chest films of children and sign every read.", "README")
REGISTRATION = filled("No trial was run and nothing was registered.", FACTS)
HARM = filled("None possible: only stored films were read, and nobody was treated.", FACTS)
USE_ETHICS = partly(
    "A doctor signs every read and no film is stored. Fairness between sexes, ages and "
    "origins cannot be measured on these films.",
    "docs/user-guide/review.md",
)
PROTOCOL = partly(
    "Settings are declared before a run is trained; no protocol was published.",
    "core/training/catalogue/runs.py",
)
FUNDING = still_open("Funding is not recorded.")
COMMERCE = still_open("Commercial interests are not recorded.")


def title_answer(facts: RunFacts) -> Answer:
    """Say what kind of study it is."""
    if facts.run.foreign:
        return partly("An imported model of unknown kind, measured for its accuracy.", FACTS)
    return filled(
        f"A deep network ({facts.run.architecture}), measured by sensitivity, specificity and "
        "ROC area.",
        FACTS,
    )


def background_answer(facts: RunFacts) -> Answer:
    """Say what is known, and what it is to be used for."""
    if facts.run.foreign:
        return still_open("Its intended use is not known here.")
    return partly(
        f"{INTENDED} The literature is not reviewed.", f"{FACTS}; docs/user-guide/model-card.md"
    )


def aims_answer(facts: RunFacts) -> Answer:
    """Say what was to be found out."""
    if facts.run.foreign:
        return still_open("The aims of its developers are not known here.")
    return partly(f"{facts.run.sentence} No hypothesis was prespecified.", "run.json")


def goal_answer(facts: RunFacts) -> Answer:
    """Say what kind of result was sought."""
    if facts.run.foreign:
        return partly("Here: to compare another model. Its developers' goal is not known.", FACTS)
    if facts.exhibit:
        return filled(f"To show the effect of mistakes: {facts.exhibit}", "run.json: exhibit")
    return filled("To develop and evaluate a classifier that reads alongside a doctor.", FACTS)


def limits_text(facts: RunFacts) -> Answer:
    """Say what its limitations are."""
    if facts.audit is None:
        return partly(
            "One centre, no children of another hospital, labels from film reading; shortcuts are "
            "not audited.",
            FACTS,
        )
    return filled(
        "One centre, no children of another hospital, labels from film reading; shortcuts and weak "
        "subgroups are listed above.",
        f"{FACTS}; audit.json",
    )


def practice_answer(facts: RunFacts) -> Answer:
    """Say what it means for a ward."""
    if facts.run.foreign:
        return partly("It is compared here and reads no films; its rates are extrapolated.", FACTS)
    return filled(f"{INTENDED} The page shows the expected results at any prevalence.", FACTS)


def availability_answer(facts: RunFacts) -> Answer:
    """Say where code, network and films are."""
    if facts.run.foreign:
        return partly(f"Its predictions are kept; the network is not. {CHILDREN_CITATION}", "files")
    return filled(
        f"Code and network in this repository, each file with its sha256; films: "
        f"{CHILDREN_CITATION}",
        "run.json: files; docs/data.md",
    )


def outputs_answer(facts: RunFacts) -> Answer:
    """Say whether what it said can be looked up."""
    if facts.predictions is None:
        return still_open("No prediction of this run can be read.")
    return filled(
        f"Probabilities of {len(facts.predictions)} films are stored with their hash. Signed reads "
        "are append-only.",
        "predictions.parquet; the review store",
    )
