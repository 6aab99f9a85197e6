"""Signs on a child's chest film, explained in short; written for First Read.

The words are this project's own; each entry names where more is to be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from core.domain.findings import Category
from core.language.words import msg

FLEISCHNER: Final = (
    "Hansell DM et al. Fleischner Society: glossary of terms for thoracic imaging. "
    "Radiology 2008; 246: 697-722."
)
FELSON: Final = (
    "Felson B, Felson H. Localization of intrathoracic lesions by means of the postero-anterior "
    "roentgenogram; the silhouette sign. Radiology 1950; 55: 363-374."
)
WHO: Final = (
    "Cherian T et al. Standardized interpretation of paediatric chest radiographs for the "
    "diagnosis of pneumonia. Bull World Health Organ 2005; 83: 353-359."
)
SWISCHUK: Final = (
    "Swischuk LE, Hayden CK. Viral vs. bacterial pulmonary infections in children. "
    "Pediatr Radiol 1986; 16: 278-284."
)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: what it is, what to look for, and where more is to be read."""

    key: str
    name: str
    words: str
    look_for: str
    references: tuple[str, ...]


SIGNS: Final = {
    sign.key: sign
    for sign in (
        Sign(
            "consolidation",
            msg("Consolidation"),
            msg(
                "Air in the alveoli is replaced by fluid or cells: a white area in which "
                "the vessels can no longer be told apart. In pneumonia it often keeps to "
                "a lobe or a segment."
            ),
            msg(
                "A dense patch with a fluffy edge, or a straight one at a fissure. "
                "Compare the same rib space on both sides, and look behind the heart and "
                "below the diaphragm's dome."
            ),
            (FLEISCHNER, WHO),
        ),
        Sign(
            "air_bronchogram",
            msg("Air bronchogram"),
            msg(
                "Bronchi that still hold air show as dark branching lines inside a white "
                "area: the opacity is in the lung, and the airway to it is open."
            ),
            msg("Dark tubes that fork within the white, mostly towards the hilum."),
            (FLEISCHNER,),
        ),
        Sign(
            "silhouette",
            msg("Silhouette sign"),
            msg(
                "A border between lung and heart or diaphragm is seen because air lies "
                "beside water. Where the lung there is filled, the border is lost, which "
                "tells where the opacity is."
            ),
            msg(
                "Right heart border lost: middle lobe. Left heart border: lingula. Half "
                "of the diaphragm: the lower lobe of that side."
            ),
            (FELSON, FLEISCHNER),
        ),
        Sign(
            "patchy",
            msg("Patchy opacities"),
            msg(
                "Several small consolidations beside air-filled lung, as in "
                "bronchopneumonia; they may lie in more than one lobe and on both sides."
            ),
            msg(
                "Ill-defined spots that do not follow a vessel to its end. A spot that "
                "is seen in one place only may be a vessel end on: follow it."
            ),
            (FLEISCHNER, WHO),
        ),
        Sign(
            "interstitial",
            msg("Interstitial pattern"),
            msg(
                "Thickening around bronchi and vessels rather than filled alveoli: fine "
                "lines and nets on both sides, mostly from the hila outward. Frequent in "
                "viral infection, and no proof of it."
            ),
            msg(
                "Lines in the outer third of the lung, where a child's film is nearly "
                "black; hila that are wide and blurred. Underexposure and a film at "
                "expiration imitate it."
            ),
            (FLEISCHNER, SWISCHUK),
        ),
        Sign(
            "bronchial_thickening",
            msg("Bronchial wall thickening"),
            msg(
                "Bronchi seen end on look like rings, and from the side like two "
                "parallel lines. In small children with a viral infection it is "
                "frequent, and without an opacity it does not count as the film finding "
                "of pneumonia."
            ),
            msg("Rings near the hilum whose wall is thicker than a pencil line."),
            (SWISCHUK, WHO),
        ),
        Sign(
            "effusion",
            msg("Pleural effusion"),
            msg(
                "Fluid between lung and chest wall. It gathers at the lowest place: "
                "upright it blunts the angle between ribs and diaphragm and climbs along "
                "the wall; lying it only veils one side."
            ),
            msg(
                "A blunted angle, a white band along the wall, a whole side that is "
                "paler than the other. It often goes with a consolidation that it hides."
            ),
            (FLEISCHNER, WHO),
        ),
        Sign(
            "thymus",
            msg("Thymus"),
            msg(
                "In the first years the thymus widens the upper mediastinum, often to "
                "the right as a sail with a straight lower edge. It is normal at any "
                "size."
            ),
            msg(
                "A soft, sharply edged shadow above the heart through which vessels are "
                "seen, whose edge is gently scalloped by the ribs."
            ),
            (WHO,),
        ),
        Sign(
            "rotation",
            msg("Rotation"),
            msg(
                "If the child is turned, one lung looks darker and the heart wider or "
                "shifted, which imitates an opacity on the paler side."
            ),
            msg(
                "The inner ends of the clavicles, or the front ends of the ribs: unequal "
                "distances to the spine mean rotation."
            ),
            (WHO,),
        ),
        Sign(
            "underexposure",
            msg("Exposure"),
            msg(
                "An underexposed film is pale: vessels look like an interstitial pattern "
                "and the lung behind the heart cannot be judged. An overexposed one "
                "hides fine changes."
            ),
            msg(
                "The spine should just be seen through the heart. Change the window "
                "before deciding."
            ),
            (WHO,),
        ),
        Sign(
            "expiration",
            msg("Poor inspiration"),
            msg(
                "At expiration the lungs are small, the heart is wide and the bases "
                "crowd together, which imitates consolidation on both sides below."
            ),
            msg("Fewer than five front rib ends above the diaphragm: be careful with the bases."),
            (WHO,),
        ),
    )
}
FOR_SUBTYPE: Final = {
    "lobar": ("consolidation", "air_bronchogram", "silhouette"),
    "patchy": ("patchy", "consolidation"),
    "interstitial": ("interstitial", "bronchial_thickening"),
    "effusion": ("effusion", "silhouette"),
    "bacteria": ("consolidation", "air_bronchogram", "silhouette", "effusion"),
    "virus": ("interstitial", "bronchial_thickening", "patchy"),
}
CATEGORIES: Final = {
    "lobar": Category.CONSOLIDATION,
    "interstitial": Category.OTHER_INFILTRATE,
    "effusion": Category.EFFUSION,
}
"""What the WHO calls it. Patchy opacities are either, by their size; a germ is no finding."""

FOR_NORMAL: Final = ("thymus", "rotation", "underexposure", "expiration")
FOR_ILL: Final = ("consolidation", "silhouette", "interstitial")


def signs_for(label: int, subtype: str) -> tuple[Sign, ...]:
    """Return the signs that a film of this reference teaches, the first ones first.

    Parameters
    ----------
    label : int
        1 for pneumonia.
    subtype : str
        As in `core.teaching.session.Case`.
    """
    keys = FOR_SUBTYPE.get(subtype, FOR_ILL) if label else FOR_NORMAL
    return tuple(SIGNS[key] for key in keys)
