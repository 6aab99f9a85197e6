"""What the publishers of the films say of them, and where; nothing here was measured by a run."""

from __future__ import annotations

CHILDREN = (
    "Children of 1 to 5 years, of one centre: Guangzhou Women and Children's Medical Center, "
    "China. Frontal films (anterior-posterior), made in routine care and collected in retrospect. "
    "The source names neither the years in which they were made nor sex, symptoms or devices."
)
CHILDREN_IN_SHORT = (
    "Frontal films of children of 1 to 5 years, of one centre in Guangzhou, China, read by "
    "physicians."
)
CHILDREN_REFERENCE = (
    "Two physicians graded every film after unreadable ones had been taken out; a third checked "
    "the official test. The reference is a reading of the film; whether other findings were known "
    "to them is not stated."
)
CHILDREN_CITATION = (
    "D. S. Kermany, K. Zhang, M. Goldbaum, Mendeley Data (2018), doi:10.17632/rscbjbr9sj, CC BY "
    "4.0; D. S. Kermany et al., Cell 172 (2018) 1122-1131, doi:10.1016/j.cell.2018.02.010."
)
ADULTS = (
    "Mostly adults, of the NIH Clinical Center, USA. The reference is lung opacity as radiologists "
    "of the RSNA challenge read it; films with other findings count as without pneumonia."
)
ADULTS_CITATION = (
    "X. Wang et al., CVPR 2017, arXiv:1705.02315 (NIH ChestX-ray14); G. Shih et al., Radiol. "
    "Artif. Intell. 1 (2019) e180041, doi:10.1148/ryai.2019180041 (RSNA labels)."
)
CLAIM_CITATION = (
    "A. S. Tejani et al., Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 "
    "Update, Radiol. Artif. Intell. 6 (2024) e240300, doi:10.1148/ryai.240300."
)
STARD_CITATION = (
    "V. Sounderajah et al., The STARD-AI reporting guideline for diagnostic accuracy studies using "
    "artificial intelligence, Nat. Med. 31 (2025) 3283-3289, doi:10.1038/s41591-025-03953-8."
)
