"""What a file states of its film: modality, body part, view and projection."""

from __future__ import annotations

from core.domain.film import Radiograph
from core.domain.quality import PROJECTION, Finding, Severity
from core.language.words import msg

RADIOGRAPH_MODALITIES = frozenset({"", "CR", "DX", "DR", "RG", "XR", "OT", "SC"})

CHEST_WORDS = (
    *("CHEST", "THORA", "TORAX", "TORACE", "TORAC", "LUNG", "RIB", "PECHO", "PEITO", "BRUST"),
    *("POITRINE", "PULM", "POLMON", "POUMON", "PULMON", "BORST", "BRYST", "BROST", "KLATKA"),
    *("HRUDNIK", "MELLKAS", "GOGUS", "AKCIGER", "RINTAKEHA", "KEUHKO", "GRUD", "PLUC", "CXR"),
)
"""Parts of words for the chest in the languages that files are written in, without accents."""

OTHER_WORDS = (
    *("HIP", "PELV", "BECKEN", "BASSIN", "BACINO", "CADERA", "QUADRIL", "HUFT", "HANCHE", "ANCA"),
    *("KNEE", "KNIE", "GENOU", "RODILLA", "JOELHO", "GINOCCHIO", "LEG", "TIB", "FIB", "FEM"),
    *("FOOT", "FUSS", "PIED", "ANKLE", "TOE", "CALC", "HEEL", "EXTREM"),
    *("HAND", "MANO", "MAIN", "MAO", "WRIST", "FINGER", "THUMB", "ELBOW", "CODO", "FOREARM"),
    *("HUMER", "ARM", "SHOULDER", "SCHULTER", "EPAULE", "HOMBRO", "OMBRO", "SPALLA", "CLAV"),
    *("SCAPULA", "SKULL", "SCHADEL", "CRAN", "HEAD", "KOPF", "TETE", "CABEZA", "CABECA", "TESTA"),
    *("FACE", "SINUS", "NASAL", "ORBIT", "JAW", "MANDIB", "DENT", "TEETH", "NECK", "HALS", "COU"),
    *("SPINE", "SPINAL", "COLUMNA", "COLUNA", "COLONNA", "RACHIS", "WIRBEL", "LUMB", "SACR"),
    *("CERV", "CSPINE", "TSPINE", "LSPINE", "LSSPINE", "ABD", "ADDOME", "BAUCH", "KUB", "COLON"),
    *("BREAST", "MAMA", "MAMMA", "SEIN", "BRAIN", "KIDNEY", "BLADDER", "UTERUS"),
)
"""Beginnings of words for other parts. The chest's own words come first: THORACIC SPINE is both."""

SPINE_WORDS = ("SPINE", "SPINAL", "COLUMN", "COLUNA", "COLONNA", "RACHIS", "WIRBEL")

NOTHING_WORDS = frozenset(
    {
        *("", "UNKNOWN", "UNSPECIFIED", "OTHER", "NONE", "NA", "N A", "ANY", "DEFAULT", "GENERAL"),
        *("UNDEFINED", "NOT STATED", "NOT SPECIFIED", "UNBEKANNT", "INCONNU", "DESCONOCIDO"),
        *("SCONOSCIUTO", "DESCONHECIDO", "X", "XX", "XXX", "TEST"),
    }
)
"""Words that state no body part: unknown, in several languages, and what programs fill in."""

LATERAL_WORDS = frozenset(
    {
        *("LL", "RL", "LLAT", "RLAT", "LAT", "LATERAL", "LATERALE", "LATERALIS", "XTABLE"),
        *("LATL", "LATR", "LTLAT", "RTLAT", "PROFIL", "PROFILE", "PERFIL", "SEITLICH", "SEITL"),
        *("LATEROLATERAL", "LLATERAL", "RLATERAL", "LEFTLAT", "RIGHTLAT", "DWARS", "ZIJDELINGS"),
    }
)
OBLIQUE_WORDS = frozenset(
    {
        *("RAO", "LAO", "RPO", "LPO", "RLO", "LLO", "OBL", "OBLIQUE", "OBLIQUA", "OBLICUA"),
        *("OBLIQUO", "SCHRAG", "OBLIK"),
    }
)
AP_WORDS = frozenset({"AP", "ANTEROPOSTERIOR", "SUPINE", "BEDSIDE", "LIEGEND"})
PA_WORDS = frozenset({"PA", "POSTEROANTERIOR"})


def words_of(text: str) -> list[str]:
    """Return the words of a statement, in capitals, apart at anything that is no letter."""
    kept = "".join(c if c.isalpha() else " " for c in text.upper())
    return kept.replace("ANTERO POSTERIOR", "AP").replace("POSTERO ANTERIOR", "PA").split()


def projection_of(text: str) -> str:
    """Return ``AP``, ``PA``, or empty where a statement names neither, or both."""
    words = set(words_of(text))
    named = [name for name, known in (("AP", AP_WORDS), ("PA", PA_WORDS)) if words & known]
    return named[0] if len(named) == 1 else ""


def check_statement(film: Radiograph) -> list[Finding]:
    """Check what the file states; it overrides what the pixels look like."""
    refusals = []
    if film.modality.upper() not in RADIOGRAPH_MODALITIES:
        message = msg(
            "The file states the modality {modality}, not a plain radiograph. Only frontal chest "
            "films are read.",
            modality=film.modality,
        )
        refusals.append(("modality", message))
    part = " ".join(words_of(film.body_part))
    unknown = False
    if part not in NOTHING_WORDS and not _names_chest(part):
        unknown = not any(word.startswith(OTHER_WORDS) for word in part.split())
        if not unknown:
            message = msg(
                "The file states the body part {body_part}, not chest. Only frontal chest films "
                "are read.",
                body_part=film.body_part,
            )
            refusals.append(("body_part", message))
    words = set(words_of(film.view_position))
    if words & LATERAL_WORDS:
        message = msg(
            "The file states a lateral view ({view}), not a frontal one. Only frontal chest films "
            "are read.",
            view=film.view_position,
        )
        refusals.append(("view", message))
    elif words & OBLIQUE_WORDS:
        message = msg(
            "The file states an oblique view ({view}), not a frontal one. Only frontal chest "
            "films are read.",
            view=film.view_position,
        )
        refusals.append(("view", message))
    findings = [Finding(code, Severity.REFUSE, None, None, said) for code, said in refusals]
    if unknown:
        message = msg(
            "The file states the body part {body_part}, which is not known here. Check that the "
            "film shows a chest.",
            body_part=film.body_part,
        )
        findings.append(Finding("body_part", Severity.FLAG, None, None, message))
    return findings


def _names_chest(part: str) -> bool:
    of_spine = any(word in part for word in SPINE_WORDS)
    return not of_spine and any(word in part for word in CHEST_WORDS)


def check_projection(film: Radiograph) -> list[Finding]:
    """Report whether the file states an AP or a PA film."""
    projection = projection_of(film.view_position)
    if not projection:
        return []
    message = msg("Projection: {projection}, as the file states.", projection=projection)
    return [Finding(PROJECTION, Severity.NOTE, None, None, message)]
