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
        Item("1", "Title", "that the study is of AI, and of which kind", study.say_title),
        Item("2", "Abstract", "design, methods, results, conclusions in short", study.SUMMARY),
        Item("3", "Background", "what is known, and the role meant for AI", study.say_background),
        Item("4", "Aims", "aims and hypotheses of the study", study.say_aims),
        Item("5", "Design", "prospective or retrospective", study.DESIGN),
        Item("6", "Goal", "what kind of result the study is after", study.say_goal),
        Item("7", "Data sources", "where images and labels are from", data.say_source),
        Item("8", "Eligibility", "inclusion and exclusion criteria", data.say_eligibility),
        Item("9", "Preprocessing", "what is done to images first", model.say_preprocessing),
        Item("10", "Subsets", "whether only a part of the data is used", data.say_subsets),
        Item("11", "De-identification", "how identities were removed", data.DEIDENTIFICATION),
        Item("12", "Missing data", "how they were handled", data.say_missing),
        Item("13", "Acquisition", "how the images were made", data.ACQUISITION),
        Item("14", "Reference standard", "how it was established", data.REFERENCE),
        Item("15", "Choice of reference", "why it was chosen", data.REFERENCE_RATIONALE),
        Item("16", "Annotators", "who labelled, and how qualified", data.ANNOTATORS),
        Item("17", "Test labels", "how the test set was labelled", data.TEST_ANNOTATION),
        Item("18", "Reader agreement", "between and within readers", data.RATER_VARIABILITY),
        Item("19", "Partitions", "how cases were assigned", data.say_assignment),
        Item("20", "Disjointness", "at patient or image level", data.say_disjoint),
        Item("21", "Sample size", "how many were planned, and why", data.say_sample_size),
        Item("22", "Model", "inputs, layers and outputs", model.say_model),
        Item("23", "Software", "libraries with their versions", model.say_software),
        Item("24", "Initial weights", "where training starts from", model.say_initialisation),
        Item("25", "Training", "settings and augmentation", model.say_training),
        Item("26", "Final model", "how it was selected", model.say_selection),
        Item("27", "Ensembles", "whether models are combined, and how", model.say_ensemble),
        Item("28", "Metrics", "what performance is measured by", model.MEASURED),
        Item("29", "Uncertainty", "tests and intervals", model.STATISTICS),
        Item("30", "Robustness", "what other inputs or settings do", model.say_robustness),
        Item("31", "Explanations", "how made, and whether checked", model.say_explainability),
        Item("32", "Internal test", "on data of the same source", model.say_internal),
        Item("33", "External test", "on data of another source", model.say_external),
        Item("34", "Trial registration", "where, if it is a trial", study.REGISTRATION),
        Item("35", "Numbers", "cases included and excluded", data.say_flow),
        Item("36", "Characteristics", "of the cases in each part", data.say_baseline),
        Item("37", "Performance", "each metric with its uncertainty", model.say_performance),
        Item("38", "Diagnostic accuracy", "with its precision", model.say_performance),
        Item("39", "Failures", "which cases go wrong, and why", model.say_failures),
        Item("40", "Limitations", "of the study", study.say_limits),
        Item("41", "Practice", "implications for clinical use", study.say_practice),
        Item("42", "Protocol", "where more detail can be read", study.PROTOCOL),
        Item("43", "Availability", "of software, model and data", study.say_availability),
        Item("44", "Funding", "sources and their role", study.FUNDING),
    ),
)
