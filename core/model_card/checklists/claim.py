"""The items of CLAIM, 2024 update, in our own words, each with what fills it."""

from __future__ import annotations

from core.model_card.checklists import data_answers as data
from core.model_card.checklists import model_answers as model
from core.model_card.checklists import study_answers as study
from core.model_card.checklists.checklist import Checklist, Item
from core.model_card.population import CLAIM_CITATION

CLAIM = Checklist(
    "claim",
    "CLAIM (2024 update)",
    CLAIM_CITATION,
    (
        Item("1", "Title", "that the study is of AI, and of which kind", study.title_answer),
        Item("2", "Abstract", "design, methods, results, conclusions in short", study.SUMMARY),
        Item("3", "Background", "what is known, and the role of AI", study.background_answer),
        Item("4", "Aims", "aims and hypotheses of the study", study.aims_answer),
        Item("5", "Design", "prospective or retrospective", study.DESIGN),
        Item("6", "Goal", "what kind of result the study is after", study.goal_answer),
        Item("7", "Data sources", "where images and labels are from", data.source_answer),
        Item("8", "Eligibility", "inclusion and exclusion criteria", data.eligibility_answer),
        Item("9", "Preprocessing", "what is done to images first", model.preprocessing_answer),
        Item("10", "Subsets", "whether only a part of the data is used", data.subsets_answer),
        Item("11", "De-identification", "how identities were removed", data.DEIDENTIFICATION),
        Item("12", "Missing data", "how they were handled", data.missing_answer),
        Item("13", "Acquisition", "how the images were made", data.ACQUISITION),
        Item("14", "Reference standard", "how it was established", data.REFERENCE),
        Item("15", "Choice of reference", "why it was chosen", data.REFERENCE_RATIONALE),
        Item("16", "Annotators", "who labelled, and how qualified", data.ANNOTATORS),
        Item("17", "Test labels", "how the test set was labelled", data.TEST_ANNOTATION),
        Item("18", "Reader agreement", "between and within readers", data.RATER_VARIABILITY),
        Item("19", "Partitions", "how cases were assigned", data.assignment_answer),
        Item("20", "Disjointness", "at patient or image level", data.disjoint_answer),
        Item("21", "Sample size", "how many were planned, and why", data.sample_size_answer),
        Item("22", "Model", "inputs, layers and outputs", model.model_answer),
        Item("23", "Software", "libraries with their versions", model.software_answer),
        Item("24", "Initial weights", "where training starts from", model.initialisation_answer),
        Item("25", "Training", "settings and augmentation", model.training_answer),
        Item("26", "Final model", "how it was selected", model.selection_answer),
        Item("27", "Ensembles", "whether models are combined, and how", model.ensemble_answer),
        Item("28", "Metrics", "what performance is measured by", model.MEASURED),
        Item("29", "Uncertainty", "tests and intervals", model.STATISTICS),
        Item("30", "Robustness", "what other inputs or settings do", model.robustness_answer),
        Item("31", "Explanations", "how made, and whether checked", model.explainability_answer),
        Item("32", "Internal test", "on data of the same source", model.internal_answer),
        Item("33", "External test", "on data of another source", model.external_answer),
        Item("34", "Trial registration", "where, if it is a trial", study.REGISTRATION),
        Item("35", "Numbers", "cases included and excluded", data.flow_answer),
        Item("36", "Characteristics", "of the cases in each part", data.baseline_answer),
        Item("37", "Performance", "each metric with its uncertainty", model.performance_answer),
        Item("38", "Diagnostic accuracy", "with its precision", model.performance_answer),
        Item("39", "Failures", "which cases go wrong, and why", model.failures_answer),
        Item("40", "Limitations", "of the study", study.limits_text),
        Item("41", "Practice", "implications for clinical use", study.practice_answer),
        Item("42", "Protocol", "where more detail can be read", study.PROTOCOL),
        Item("43", "Availability", "of software, model and data", study.availability_answer),
        Item("44", "Funding", "sources and their role", study.FUNDING),
    ),
)
