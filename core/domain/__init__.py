"""The nouns of First Read, as frozen dataclasses.

Types that hold arrays compare by identity (``eq=False``) and their arrays are read-only.
No type here carries a patient identifier.
"""

from core.domain.arrays import (
    FloatImage,
    FloatVector,
    LabelImage,
    read_only,
)
from core.domain.film import (
    MAX_FILE_BYTES,
    MAX_FILM_PIXELS,
    SYNTHETIC_KEY,
    AgeBand,
    Radiograph,
    Window,
)
from core.domain.mark import MAX_MARKS, Edges, Mark
from core.domain.model import (
    AbstentionBand,
    Calibration,
    Classifier,
    FilmBox,
    Geometry,
    ModelInput,
    Network,
    OperatingPoint,
    Prediction,
    RunClassifier,
    RunRecord,
    ServedChoice,
    ServedRun,
    Side,
)
from core.domain.quality import (
    FilmChange,
    Finding,
    GateEvidence,
    QualityReport,
    Severity,
)
from core.domain.reader import (
    OPERATOR,
    READER_LIMIT,
    WHO_MAY,
    Act,
    Reader,
    Role,
    reader_from_claims,
    reader_key,
    say_roles,
)
from core.domain.regions import (
    Explanation,
    LimeSettings,
    RegionWeight,
    SuperpixelMethod,
)
from core.domain.review import (
    ReaderRead,
    ReadKind,
    ReviewRecord,
    ReviewStore,
    Verdict,
)

__all__ = [
    "MAX_FILE_BYTES",
    "MAX_FILM_PIXELS",
    "MAX_MARKS",
    "OPERATOR",
    "READER_LIMIT",
    "SYNTHETIC_KEY",
    "WHO_MAY",
    "AbstentionBand",
    "Act",
    "AgeBand",
    "Calibration",
    "Classifier",
    "Edges",
    "Explanation",
    "FilmBox",
    "FilmChange",
    "Finding",
    "FloatImage",
    "FloatVector",
    "GateEvidence",
    "Geometry",
    "LabelImage",
    "LimeSettings",
    "Mark",
    "ModelInput",
    "Network",
    "OperatingPoint",
    "Prediction",
    "QualityReport",
    "Radiograph",
    "ReadKind",
    "Reader",
    "ReaderRead",
    "RegionWeight",
    "ReviewRecord",
    "ReviewStore",
    "Role",
    "RunClassifier",
    "RunRecord",
    "ServedChoice",
    "ServedRun",
    "Severity",
    "Side",
    "SuperpixelMethod",
    "Verdict",
    "Window",
    "read_only",
    "reader_from_claims",
    "reader_key",
    "say_roles",
]
