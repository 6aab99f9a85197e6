"""The items of STARD-AI, in our own words, each with what fills it."""

from __future__ import annotations

from core.model_card.checklists import data_answers as data
from core.model_card.checklists import model_answers as model
from core.model_card.checklists import study_answers as study
from core.model_card.checklists.checklist import Checklist, Item
from core.model_card.population import STARD_CITATION

STARD = Checklist(
    "stard",
    "STARD-AI (2025), lettered parts counted one by one",
    STARD_CITATION,
    (
        Item("1", "Title", "AI, accuracy, and one measure of it", study.title_answer),
        Item("2", "Abstract", "the study in a structured summary", study.SUMMARY),
        Item("3", "Background", "intended use, novelty and workflow", study.background_answer),
        Item("4", "Objectives", "and hypotheses", study.aims_answer),
        Item("5", "Design", "data before or after both tests", study.DESIGN),
        Item("6", "Ethics", "approval, or why none is needed", study.ETHICS),
        Item("7", "Eligibility", "of patients and of data, in order", data.eligibility_answer),
        Item("8", "Identification", "how patients were identified", data.IDENTIFICATION),
        Item("9", "Setting", "place and dates", data.SETTING),
        Item("10", "Series", "consecutive, random or convenience", data.SERIES),
        Item("11", "Origin of data", "routine, made for this, or public", data.source_answer),
        Item("12", "Annotation", "who, how experienced, in what context", data.ANNOTATORS),
        Item("13", "Devices and software", "maker, model, version", model.devices_answer),
        Item(
            "14",
            "Acquisition",
            "reproducible protocol and preprocessing",
            model.acquisition_and_preprocessing_answer,
        ),
        Item("15a", "Index test", "so that it can be repeated", model.model_answer),
        Item("15b", "Development", "training to external test, with n", model.development_answer),
        Item("15c", "Index cut-off", "value, reason, prespecified or not", model.cut_off_answer),
        Item("15d", "Users", "who, with what expertise", study.USERS),
        Item("16a", "Reference standard", "so that it can be repeated", data.REFERENCE),
        Item("16b", "Choice of reference", "why that one", data.REFERENCE_RATIONALE),
        Item("16c", "Reference cut-off", "where, why", data.REFERENCE_CUT),
        Item("17a", "Index blinding", "what its readers knew", model.blinded_index_answer),
        Item("17b", "Reference blinding", "what its readers knew", data.blinded_reference_answer),
        Item("18", "Statistics", "how accuracy is estimated", model.STATISTICS),
        Item("19", "Indeterminate results", "how they were handled", model.indeterminate_answer),
        Item("20", "Missing data", "how they were handled", data.missing_answer),
        Item("21", "Variability", "of accuracy, planned or exploratory", model.variability_answer),
        Item("22", "Sample size", "how many were planned, and why", data.sample_size_answer),
        Item("23", "Errors and bias", "error analysis, fairness", model.errors_and_fairness_answer),
        Item("24", "Flow", "of participants, as a diagram", data.flow_diagram_answer),
        Item("25", "Baseline", "of training, validation and test", data.baseline_answer),
        Item("26a", "Severity", "of those with the disease", data.SEVERITY),
        Item("26b", "Other diagnoses", "in those without the disease", data.ALTERNATIVES),
        Item("27", "Interval", "between both tests, and treatment", data.TIME_BETWEEN),
        Item("28", "Representativeness", "prevalence as in practice", data.representative_answer),
        Item("29", "External data", "how they differ", data.external_difference_answer),
        Item("30", "Cross table", "index test by reference", model.cross_table_answer),
        Item("31", "Accuracy", "estimates with their precision", model.performance_answer),
        Item("32", "Adverse events", "from either test", study.HARM),
        Item("33", "Limitations", "bias, uncertainty, other places", study.limits_text),
        Item("34", "Practice", "intended use and clinical role", study.practice_answer),
        Item("35", "Ethics of use", "standards and fairness", study.USE_ETHICS),
        Item("36", "Registration", "number and registry", study.REGISTRATION),
        Item("37", "Protocol", "where it can be read", study.PROTOCOL),
        Item("38", "Funding", "sources and their role", study.FUNDING),
        Item("39", "Commercial interests", "if any", study.COMMERCE),
        Item("40a", "Availability", "of data and code, with limits", study.availability_answer),
        Item("40b", "Audit", "whether outputs are stored for audit", study.outputs_answer),
    ),
)
