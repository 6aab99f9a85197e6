"""The codes of a structured report: DICOM's own, SNOMED CT and RadLex; the site's private ones.

Their meanings are English in a report of any language.
"""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.sequence import Sequence

from core.domain.findings import Category
from core.domain.model import Side
from core.domain.review import Verdict

PRIVATE = "99FIRSTREAD"


def _concept(value: str, scheme: str, meaning: str, radlex: str = "") -> CodedConcept:
    concept = CodedConcept(value, scheme, meaning)
    if radlex:
        same = CodedConcept(radlex, "RADLEX", meaning)
        concept.EquivalentCodeSequence = Sequence([same])
    return concept


PNEUMONIA = _concept("233604007", "SCT", "Pneumonia", "RID5350")
LUNG = _concept("39607008", "SCT", "Lung", "RID1301")
PLEURA = _concept("3120008", "SCT", "Pleura", "RID1362")
CHEST_FILM = _concept("399208008", "SCT", "Plain X-ray of chest")
PRESENCE = _concept("121052", "DCM", "Presence of property")
PRESENT = _concept("121053", "DCM", "Present")
ABSENT = _concept("121054", "DCM", "Absent")
UNDETERMINED = _concept("121059", "DCM", "Presence Undetermined")
PROBABILITY = _concept("122157", "DCM", "Probability")
THRESHOLD = _concept("122411", "DCM", "Threshold Value")
FINDING = _concept("121071", "DCM", "Finding")
NO_UNITS = _concept("1", "UCUM", "no units")
RIGHT = _concept("24028007", "SCT", "Right")
LEFT = _concept("7771000", "SCT", "Left")

CALIBRATED_SCORE = _concept("score", PRIVATE, "Calibrated score, 0.01 or less to 0.99 or more")
LIKELIHOOD_RATIO = _concept("likelihood-ratio", PRIVATE, "Likelihood ratio of the score")
PREVALENCE = _concept("prevalence", PRIVATE, "Prevalence of pneumonia that the probability is for")
CONFIDENCE = _concept("confidence", PRIVATE, "Reader's confidence, 1 (guess) to 5 (certain)")
WEIGHT = _concept("weight", PRIVATE, "Part of the log odds of pneumonia")
TRUST = _concept("trust", PRIVATE, "Whether the regions are to be relied on")
RELIABLE = _concept("reliable", PRIVATE, "No reason against relying on the regions was found")
NOT_RELIABLE = _concept("not-reliable", PRIVATE, "The regions are not to be relied on")
NO_REGIONS = _concept("no-regions", PRIVATE, "No regions were drawn")
READ_BY_MODEL = _concept("read-by-model", PRIVATE, "Read by the model")
READ_BY_READER = _concept("read-by-reader", PRIVATE, "Signed read of a reader")
REGION = _concept("region", PRIVATE, "Region that the model's score owes most to")
MARK = _concept("mark", PRIVATE, "Mark of the reader at the blind first read")

VERDICTS = {
    Verdict.PNEUMONIA: PRESENT,
    Verdict.NORMAL: ABSENT,
    Verdict.UNSURE: UNDETERMINED,
}
SIDES: dict[Side, CodedConcept] = {
    "suspicious": PRESENT,
    "not suspicious": ABSENT,
    "unsure": UNDETERMINED,
}
CATEGORIES = {
    Category.CONSOLIDATION: _concept("95436008", "SCT", "Lung consolidation", "RID43255"),
    Category.OTHER_INFILTRATE: _concept("409609008", "SCT", "Radiologic infiltrate of lung"),
    Category.EFFUSION: _concept("60046008", "SCT", "Pleural effusion", "RID34539"),
    Category.NORMAL: _concept("17621005", "SCT", "Normal"),
    Category.UNINTERPRETABLE: _concept("371934000", "SCT", "Normality Undetermined"),
}
THIRDS = {
    "upper": _concept("281392002", "SCT", "Upper zone of lung"),
    "middle": _concept("281393007", "SCT", "Middle zone of lung"),
    "lower": _concept("281394001", "SCT", "Lower zone of lung"),
}
SIDES_OF_BODY = {"right": RIGHT, "left": LEFT}
LANGUAGES = {
    "en": _concept("en", "RFC5646", "English"),
    "es": _concept("es", "RFC5646", "Spanish"),
}
"""Of TID 1204, by the code of `core.language.current.LANGUAGES`."""
