"""What can be said of the study around a run, for the items of checklists."""

from __future__ import annotations

from core.language.words import msg, tr
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

FACTS = msg("this model card")
FILES = msg("files")
STORE = msg("the review store")

SUMMARY = partly(msg("The model card has sections; it is not a structured abstract."), FACTS)
DESIGN = filled(msg("Retrospective: films and labels had been published before."), SOURCE)
ETHICS = partly(
    msg("Public, de-identified films; the publishers' ethics approval is not recorded here."),
    SOURCE,
)
USERS = filled(msg("Doctors who read chest films of children and sign every read."), "README")
REGISTRATION = filled(msg("No trial was run and nothing was registered."), FACTS)
HARM = filled(msg("None possible: only stored films were read, and nobody was treated."), FACTS)
USE_ETHICS = partly(
    msg(
        "A doctor signs every read and no film is stored. Fairness between sexes, ages "
        "and origins cannot be measured on these films."
    ),
    "docs/user-guide/review.md",
)
PROTOCOL = partly(
    msg("Settings are declared before a run is trained; no protocol was published."),
    "core/training/catalogue/runs.py",
)
FUNDING = still_open(msg("Funding is not recorded."))
COMMERCE = still_open(msg("Commercial interests are not recorded."))

title_answer = of_own_network(
    lambda facts: filled(
        tr(
            "A deep network ({network}), measured by sensitivity, specificity and ROC area.",
            network=facts.run.architecture,
        ),
        FACTS,
    ),
    partly(msg("An imported model of unknown kind, measured for its accuracy."), FACTS),
)
background_answer = of_own_network(
    partly(
        msg("{intended} The literature is not reviewed.", intended=INTENDED),
        f"{FACTS}; docs/user-guide/model-card.md",
    ),
    still_open(msg("Its intended use is not known here.")),
)
aims_answer = of_own_network(
    lambda facts: partly(
        f"{tr(facts.run.sentence)} {tr('No hypothesis was prespecified.')}", "run.json"
    ),
    still_open(msg("The aims of its developers are not known here.")),
)
goal_answer = of_own_network(
    lambda facts: (
        filled(
            tr("To show the effect of mistakes: {exhibit}", exhibit=tr(facts.exhibit)),
            "run.json: exhibit",
        )
        if facts.exhibit
        else filled(
            tr("To develop and evaluate a classifier that reads alongside a doctor."), FACTS
        )
    ),
    partly(msg("Here: to compare another model. Its developers' goal is not known."), FACTS),
)
practice_answer = of_own_network(
    filled(
        msg("{intended} The page shows the expected results at any prevalence.", intended=INTENDED),
        FACTS,
    ),
    partly(msg("It is compared here and reads no films; its rates are extrapolated."), FACTS),
)
availability_answer = of_own_network(
    filled(
        msg(
            "Code and network in this repository, each file with its sha256; films: {source}",
            source=CHILDREN_CITATION,
        ),
        "run.json: files; docs/data.md",
    ),
    partly(
        msg(
            "Its predictions are kept; the network is not. {source}",
            source=CHILDREN_CITATION,
        ),
        FILES,
    ),
)


def limits_text(facts: RunFacts) -> Answer:
    """Say what its limitations are."""
    if facts.audit is None:
        return partly(
            tr(
                "One centre, no children of another hospital, labels from film reading; shortcuts "
                "are not audited."
            ),
            FACTS,
        )
    return filled(
        tr(
            "One centre, no children of another hospital, labels from film reading; shortcuts and "
            "weak subgroups are listed above."
        ),
        f"{FACTS}; audit.json",
    )


def outputs_answer(facts: RunFacts) -> Answer:
    """Say whether what it said can be looked up."""
    if facts.predictions is None:
        return still_open(tr("No prediction of this run can be read."))
    return filled(
        tr(
            "Probabilities of {n} films are stored with their hash. Signed reads are append-only.",
            n=len(facts.predictions),
        ),
        f"predictions.parquet; {STORE}",
    )
