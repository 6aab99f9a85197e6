"""The items of CLAIM, 2024 update, in our own words, each with what fills it."""

from __future__ import annotations

from core.language.words import msg
from core.model_card.checklists import data_answers as data
from core.model_card.checklists import model_answers as model
from core.model_card.checklists import study_answers as study
from core.model_card.checklists.checklist import Checklist, Item
from core.model_card.population import CLAIM_CITATION

CLAIM = Checklist(
    "claim",
    msg("CLAIM (2024 update)"),
    CLAIM_CITATION,
    (
        Item(
            "1", msg("Title"), msg("that the study is of AI, and of which kind"), study.title_answer
        ),
        Item(
            "2",
            msg("Abstract"),
            msg("design, methods, results, conclusions in short"),
            study.SUMMARY,
        ),
        Item(
            "3",
            msg("Background"),
            msg("what is known, and the role of AI"),
            study.background_answer,
        ),
        Item("4", msg("Aims"), msg("aims and hypotheses of the study"), study.aims_answer),
        Item("5", msg("Design"), msg("prospective or retrospective"), study.DESIGN),
        Item("6", msg("Goal"), msg("what kind of result the study is after"), study.goal_answer),
        Item("7", msg("Data sources"), msg("where images and labels are from"), data.source_answer),
        Item(
            "8",
            msg("Eligibility"),
            msg("inclusion and exclusion criteria"),
            data.eligibility_answer,
        ),
        Item(
            "9",
            msg("Preprocessing"),
            msg("what is done to images first"),
            model.preprocessing_answer,
        ),
        Item(
            "10",
            msg("Subsets"),
            msg("whether only a part of the data is used"),
            data.subsets_answer,
        ),
        Item(
            "11",
            msg("De-identification"),
            msg("how identities were removed"),
            data.DEIDENTIFICATION,
        ),
        Item("12", msg("Missing data"), msg("how they were handled"), data.missing_answer),
        Item("13", msg("Acquisition"), msg("how the images were made"), data.ACQUISITION),
        Item("14", msg("Reference standard"), msg("how it was established"), data.REFERENCE),
        Item("15", msg("Choice of reference"), msg("why it was chosen"), data.REFERENCE_RATIONALE),
        Item("16", msg("Annotators"), msg("who labelled, and how qualified"), data.ANNOTATORS),
        Item("17", msg("Test labels"), msg("how the test set was labelled"), data.TEST_ANNOTATION),
        Item(
            "18", msg("Reader agreement"), msg("between and within readers"), data.RATER_VARIABILITY
        ),
        Item("19", msg("Partitions"), msg("how cases were assigned"), data.assignment_answer),
        Item("20", msg("Disjointness"), msg("at patient or image level"), data.disjoint_answer),
        Item(
            "21", msg("Sample size"), msg("how many were planned, and why"), data.sample_size_answer
        ),
        Item("22", msg("Model"), msg("inputs, layers and outputs"), model.model_answer),
        Item("23", msg("Software"), msg("libraries with their versions"), model.software_answer),
        Item(
            "24",
            msg("Initial weights"),
            msg("where training starts from"),
            model.initialisation_answer,
        ),
        Item("25", msg("Training"), msg("settings and augmentation"), model.training_answer),
        Item("26", msg("Final model"), msg("how it was selected"), model.selection_answer),
        Item(
            "27",
            msg("Ensembles"),
            msg("whether models are combined, and how"),
            model.ensemble_answer,
        ),
        Item("28", msg("Metrics"), msg("what performance is measured by"), model.measured_answer),
        Item("29", msg("Uncertainty"), msg("tests and intervals"), model.STATISTICS),
        Item(
            "30",
            msg("Robustness"),
            msg("what other inputs or settings do"),
            model.robustness_answer,
        ),
        Item(
            "31",
            msg("Explanations"),
            msg("how made, and whether checked"),
            model.explainability_answer,
        ),
        Item("32", msg("Internal test"), msg("on data of the same source"), model.internal_answer),
        Item("33", msg("External test"), msg("on data of another source"), model.external_answer),
        Item("34", msg("Trial registration"), msg("where, if it is a trial"), study.REGISTRATION),
        Item("35", msg("Numbers"), msg("cases included and excluded"), data.flow_answer),
        Item("36", msg("Characteristics"), msg("of the cases in each part"), data.baseline_answer),
        Item(
            "37",
            msg("Performance"),
            msg("each metric with its uncertainty"),
            model.performance_answer,
        ),
        Item("38", msg("Diagnostic accuracy"), msg("with its precision"), model.performance_answer),
        Item("39", msg("Failures"), msg("which cases go wrong, and why"), model.failures_answer),
        Item("40", msg("Limitations"), msg("of the study"), study.limits_text),
        Item("41", msg("Practice"), msg("implications for clinical use"), study.practice_answer),
        Item("42", msg("Protocol"), msg("where more detail can be read"), study.PROTOCOL),
        Item(
            "43", msg("Availability"), msg("of software, model and data"), study.availability_answer
        ),
        Item("44", msg("Funding"), msg("sources and their role"), study.FUNDING),
    ),
)
