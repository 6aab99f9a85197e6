"""The items of STARD-AI, in our own words, each with what fills it."""

from __future__ import annotations

from core.language.words import msg
from core.model_card.checklists import data_answers as data
from core.model_card.checklists import model_answers as model
from core.model_card.checklists import study_answers as study
from core.model_card.checklists.checklist import Checklist, Item
from core.model_card.population import STARD_CITATION

STARD = Checklist(
    "stard",
    msg("STARD-AI (2025), lettered parts counted one by one"),
    STARD_CITATION,
    (
        Item("1", msg("Title"), msg("AI, accuracy, and one measure of it"), study.title_answer),
        Item("2", msg("Abstract"), msg("the study in a structured summary"), study.SUMMARY),
        Item(
            "3",
            msg("Background"),
            msg("intended use, novelty and workflow"),
            study.background_answer,
        ),
        Item("4", msg("Objectives"), msg("and hypotheses"), study.aims_answer),
        Item("5", msg("Design"), msg("data before or after both tests"), study.DESIGN),
        Item("6", msg("Ethics"), msg("approval, or why none is needed"), study.ETHICS),
        Item(
            "7",
            msg("Eligibility"),
            msg("of patients and of data, in order"),
            data.eligibility_answer,
        ),
        Item("8", msg("Identification"), msg("how patients were identified"), data.IDENTIFICATION),
        Item("9", msg("Setting"), msg("place and dates"), data.SETTING),
        Item("10", msg("Series"), msg("consecutive, random or convenience"), data.SERIES),
        Item(
            "11",
            msg("Origin of data"),
            msg("routine, made for this, or public"),
            data.source_answer,
        ),
        Item(
            "12", msg("Annotation"), msg("who, how experienced, in what context"), data.ANNOTATORS
        ),
        Item("13", msg("Devices and software"), msg("maker, model, version"), model.devices_answer),
        Item(
            "14",
            msg("Acquisition"),
            msg("reproducible protocol and preprocessing"),
            model.acquisition_and_preprocessing_answer,
        ),
        Item("15a", msg("Index test"), msg("so that it can be repeated"), model.model_answer),
        Item(
            "15b",
            msg("Development"),
            msg("training to external test, with n"),
            model.development_answer,
        ),
        Item(
            "15c",
            msg("Index cut-off"),
            msg("value, reason, prespecified or not"),
            model.cut_off_answer,
        ),
        Item("15d", msg("Users"), msg("who, with what expertise"), study.USERS),
        Item("16a", msg("Reference standard"), msg("so that it can be repeated"), data.REFERENCE),
        Item("16b", msg("Choice of reference"), msg("why that one"), data.REFERENCE_RATIONALE),
        Item("16c", msg("Reference cut-off"), msg("where, why"), data.REFERENCE_CUT),
        Item(
            "17a", msg("Index blinding"), msg("what its readers knew"), model.blinded_index_answer
        ),
        Item(
            "17b",
            msg("Reference blinding"),
            msg("what its readers knew"),
            data.blinded_reference_answer,
        ),
        Item("18", msg("Statistics"), msg("how accuracy is estimated"), model.STATISTICS),
        Item(
            "19",
            msg("Indeterminate results"),
            msg("how they were handled"),
            model.indeterminate_answer,
        ),
        Item("20", msg("Missing data"), msg("how they were handled"), data.missing_answer),
        Item(
            "21",
            msg("Variability"),
            msg("of accuracy, planned or exploratory"),
            model.variability_answer,
        ),
        Item(
            "22", msg("Sample size"), msg("how many were planned, and why"), data.sample_size_answer
        ),
        Item(
            "23",
            msg("Errors and bias"),
            msg("error analysis, fairness"),
            model.errors_and_fairness_answer,
        ),
        Item("24", msg("Flow"), msg("of participants, as a diagram"), data.flow_diagram_answer),
        Item("25", msg("Baseline"), msg("of training, validation and test"), data.baseline_answer),
        Item("26a", msg("Severity"), msg("of those with the disease"), data.SEVERITY),
        Item("26b", msg("Other diagnoses"), msg("in those without the disease"), data.ALTERNATIVES),
        Item("27", msg("Interval"), msg("between both tests, and treatment"), data.TIME_BETWEEN),
        Item(
            "28",
            msg("Representativeness"),
            msg("prevalence as in practice"),
            data.representative_answer,
        ),
        Item("29", msg("External data"), msg("how they differ"), data.external_difference_answer),
        Item("30", msg("Cross table"), msg("index test by reference"), model.cross_table_answer),
        Item(
            "31", msg("Accuracy"), msg("estimates with their precision"), model.performance_answer
        ),
        Item("32", msg("Adverse events"), msg("from either test"), study.HARM),
        Item("33", msg("Limitations"), msg("bias, uncertainty, other places"), study.limits_text),
        Item("34", msg("Practice"), msg("intended use and clinical role"), study.practice_answer),
        Item("35", msg("Ethics of use"), msg("standards and fairness"), study.USE_ETHICS),
        Item("36", msg("Registration"), msg("number and registry"), study.REGISTRATION),
        Item("37", msg("Protocol"), msg("where it can be read"), study.PROTOCOL),
        Item("38", msg("Funding"), msg("sources and their role"), study.FUNDING),
        Item("39", msg("Commercial interests"), msg("if any"), study.COMMERCE),
        Item(
            "40a",
            msg("Availability"),
            msg("of data and code, with limits"),
            study.availability_answer,
        ),
        Item(
            "40b", msg("Audit"), msg("whether outputs are stored for audit"), study.outputs_answer
        ),
    ),
)
