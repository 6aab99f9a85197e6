"""What can be said of the study around a run, for the items of checklists."""

from __future__ import annotations

from core.model_card.checklists.checklist import Answer, filled, partly, still_open
from core.model_card.checklists.data_answers import SOURCE
from core.model_card.facts import RunFacts
from core.model_card.population import CHILDREN_CITATION, INTENDED

FACTS = "these facts"

SUMMARY = partly("These facts are in sections; they are no abstract of a paper.", FACTS)
DESIGN = filled("Retrospective: the films and labels were published before.", SOURCE)
ETHICS = partly(
    "Public films without names; the publishers' approval is not on record here.",
    SOURCE,
)
USERS = filled("Doctors who read chest films of children and sign every read.", "README")
REGISTRATION = filled("No trial was run and nothing was registered.", FACTS)
HARM = filled("None could occur: stored films were read, and nobody was treated by it.", FACTS)
USE_ETHICS = partly(
    "A doctor signs every read and no film is stored. Fairness between sexes, ages and "
    "origins cannot be measured on these films.",
    "README",
)
PROTOCOL = partly(
    "Settings are declared before a run is trained; no protocol was published.",
    "core/training/catalogue/runs.py",
)
FUNDING = still_open("Nothing is recorded of funding.")
COMMERCE = still_open("Nothing is recorded of commercial interests.")


def say_title(facts: RunFacts) -> Answer:
    """Say what kind of study it is."""
    if facts.run.foreign:
        return partly("An imported model of unknown kind, measured for its accuracy.", FACTS)
    return filled(
        f"A deep network ({facts.run.architecture}), measured by sensitivity, specificity and "
        "ROC area.",
        FACTS,
    )


def say_background(facts: RunFacts) -> Answer:
    """Say what is known, and what it is to be used for."""
    if facts.run.foreign:
        return still_open("What its makers meant it for is not known here.")
    return partly(f"{INTENDED} The literature is not reviewed.", f"{FACTS}; README")


def say_aims(facts: RunFacts) -> Answer:
    """Say what was to be found out."""
    if facts.run.foreign:
        return still_open("What its makers set out to do is not known here.")
    return partly(f"{facts.run.sentence} No hypothesis was written down first.", "run.json")


def say_goal(facts: RunFacts) -> Answer:
    """Say what kind of result was sought."""
    if facts.run.foreign:
        return partly("Here: to compare another model. Its makers' goal is not known.", FACTS)
    if facts.exhibit:
        return filled(f"To show what mistakes do: {facts.exhibit}", "run.json: exhibit")
    return filled("To make and measure a classifier that reads along with a doctor.", FACTS)


def say_limits(facts: RunFacts) -> Answer:
    """Say what speaks against trusting it."""
    if facts.audit is None:
        return partly(
            "One centre, no children of another hospital, labels by reading; shortcuts are not "
            "audited.",
            FACTS,
        )
    return filled(
        "One centre, no children of another hospital, labels by reading; shortcuts and weak "
        "groups are named above.",
        f"{FACTS}; audit.json",
    )


def say_practice(facts: RunFacts) -> Answer:
    """Say what it means for a ward."""
    if facts.run.foreign:
        return partly("It is compared here and reads no film; rates are carried over.", FACTS)
    return filled(f"{INTENDED} The page counts what to expect at any prevalence.", FACTS)


def say_availability(facts: RunFacts) -> Answer:
    """Say where code, network and films are."""
    if facts.run.foreign:
        return partly(f"Its predictions are kept; the network is not. {CHILDREN_CITATION}", "files")
    return filled(
        f"Code and network in this repository, each file with its sha256; films: "
        f"{CHILDREN_CITATION}",
        "run.json: files; README",
    )


def say_outputs(facts: RunFacts) -> Answer:
    """Say whether what it said can be looked up."""
    if facts.predictions is None:
        return still_open("No prediction of this run can be read.")
    return filled(
        f"Probabilities of {len(facts.predictions)} films are kept and held to their hash; signed "
        "reads are only ever added to.",
        "predictions.parquet; the review store",
    )
