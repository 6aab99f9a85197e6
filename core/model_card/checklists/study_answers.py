"""What can be said of the study around a run, for the items of checklists."""

from __future__ import annotations

from core.model_card.checklists.checklist import (
    Answer,
    filled,
    of_own_network,
    partly,
    still_open,
)
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

title_answer = of_own_network(
    lambda facts: filled(
        f"A deep network ({facts.run.architecture}), measured by sensitivity, specificity and "
        "ROC area.",
        FACTS,
    ),
    partly("An imported model of unknown kind, measured for its accuracy.", FACTS),
)
background_answer = of_own_network(
    partly(
        f"{INTENDED} The literature is not reviewed.", f"{FACTS}; docs/user-guide/model-card.md"
    ),
    still_open("Its intended use is not known here."),
)
aims_answer = of_own_network(
    lambda facts: partly(f"{facts.run.sentence} No hypothesis was prespecified.", "run.json"),
    still_open("The aims of its developers are not known here."),
)
goal_answer = of_own_network(
    lambda facts: (
        filled(f"To show the effect of mistakes: {facts.exhibit}", "run.json: exhibit")
        if facts.exhibit
        else filled("To develop and evaluate a classifier that reads alongside a doctor.", FACTS)
    ),
    partly("Here: to compare another model. Its developers' goal is not known.", FACTS),
)
practice_answer = of_own_network(
    filled(f"{INTENDED} The page shows the expected results at any prevalence.", FACTS),
    partly("It is compared here and reads no films; its rates are extrapolated.", FACTS),
)
availability_answer = of_own_network(
    filled(
        f"Code and network in this repository, each file with its sha256; films: "
        f"{CHILDREN_CITATION}",
        "run.json: files; docs/data.md",
    ),
    partly(f"Its predictions are kept; the network is not. {CHILDREN_CITATION}", "files"),
)


def limits_text(facts: RunFacts) -> Answer:
    """Say what its limitations are."""
    text = "One centre, no children of another hospital, labels from film reading; shortcuts"
    if facts.audit is None:
        return partly(f"{text} are not audited.", FACTS)
    return filled(f"{text} and weak subgroups are listed above.", f"{FACTS}; audit.json")


def outputs_answer(facts: RunFacts) -> Answer:
    """Say whether what it said can be looked up."""
    if facts.predictions is None:
        return still_open("No prediction of this run can be read.")
    return filled(
        f"Probabilities of {len(facts.predictions)} films are stored with their hash. Signed reads "
        "are append-only.",
        "predictions.parquet; the review store",
    )
