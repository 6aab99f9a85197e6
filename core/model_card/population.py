"""Whom a run was made for, on whose films, and how it was trained, from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.model_card.facts import RunFacts
from core.reports.document import Block, Bullets, Paragraph, Section, Table

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
    "Two physicians graded every film after unreadable ones had been removed; a third checked the "
    "official test. The reference standard is a reading of the film. Whether the physicians knew "
    "other findings is not stated."
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


INTENDED = (
    "An initial reviewer of frontal chest films of children of 1 to 5 years. It sorts new films by "
    "suspicion of pneumonia and shows what its score depends on. A doctor reads every film and "
    "signs every read."
)
NOT_FOR = (
    "A diagnosis on its own, or a reason to leave a film unread: it is not a medical device.",
    "Adults, infants below 1 year, children above 5: outside intended use; not validated.",
    "Any other disease: a film that is not suspicious may still show other findings.",
    "Lateral films, photographs of films, CT and MR: the quality gate refuses what it recognises.",
)
NOT_FOR_IN_SHORT = (
    "A diagnosis on its own; adults, infants below 1 year, children above 5; any other disease; "
    "lateral films, photographs of films, CT and MR."
)
AGES = (
    "A DICOM file that states another age is flagged. An image file states no age: the reader has "
    "to check it."
)
CROP_IDEA = "The idea to crop to the lungs came from it."
STARTS = {"imagenet": "ImageNet weights", "nothing": "random weights"}
CHANGES = {
    "rotation_deg": "rotation (degrees)",
    "log_scale": "size",
    "log_aspect": "aspect",
    "shift": "position",
    "flip": "mirroring",
    "log_gamma": "gamma",
    "log_contrast": "contrast",
    "brightness": "brightness",
    "noise": "noise",
    "blur": "blur",
    "erase": "parts erased",
    "lungs_only": "all but the lungs erased",
    "soften": "softened",
}


def describe_use(facts: RunFacts) -> Section:
    """Return what a run is for and what it is not for."""
    blocks = (
        Paragraph(use_text(facts)),
        Paragraph("Not for:"),
        Bullets(NOT_FOR),
        Paragraph(AGES),
    )
    return Section("use", "Intended use", blocks)


def use_text(facts: RunFacts) -> str:
    """Return what a run is for."""
    if facts.run.foreign:
        return (
            "For comparison with other runs only: it reads no films. Its intended use is not known."
        )
    if facts.exhibit:
        return "None: it is kept to show the effect of its mistakes, and reads no films."
    return INTENDED


def describe_population(facts: RunFacts) -> Section:
    """Return whose films the run was trained and measured on."""
    head = ("Part", "Films", "With pneumonia", "Without", "Patients")
    blocks: list[Block] = [
        Paragraph(CHILDREN),
        Table(head, tuple(_count_parts(facts)), (4.4, 0.8, 1.6, 1.0, 1.3)),
    ]
    if facts.split is not None:
        shared = len(facts.split["shared_patients"])
        blocks.append(
            Paragraph(
                f"{shared} patient numbers occur in both the published training and test films; "
                "the test without them is reported as a separate part."
            )
        )
    if "nih" in facts.run.metrics:
        blocks.append(Paragraph(f"External films: {ADULTS}"))
        blocks.append(Paragraph(f"Sources: {CHILDREN_CITATION} {ADULTS_CITATION}"))
    else:
        blocks.append(Paragraph(f"Source: {CHILDREN_CITATION}"))
    return Section("population", "Population", tuple(blocks))


def _count_parts(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    if facts.split is not None:
        counts = facts.split["counts"]["train"]
        n = sum(counts.values())
        normal = counts.get("normal", 0)
        yield ("training", str(n), str(n - normal), str(normal), "not recorded")
    for part in facts.run.metrics.values():
        n, ill = part["n"], part["n_positive"]
        yield (part["split"], str(n), str(ill), str(n - ill), str(part["n_patients"]))


def describe_training(facts: RunFacts) -> Section:
    """Return how the run was trained, or that it is not known."""
    if facts.run.foreign:
        unknown = (
            "Another model's predictions, imported from "
            f"{_file_of(facts)}. Its network, training films, calibration and validation are not "
            "known here. It may have seen some of the films that it is measured on."
        )
        return Section("training", "How it was trained", (Paragraph(unknown),))
    members = facts.run.members
    items: tuple[str, ...]
    if members:
        items = (
            f"The mean of the calibrated logits of {', '.join(members)}, recalibrated.",
            "The training of each member is in its own model card.",
        )
    else:
        items = tuple(_settings_text(facts))
    blocks = (Paragraph(facts.run.sentence), Bullets(items))
    return Section("training", "How it was trained", blocks)


def _file_of(facts: RunFacts) -> str:
    imported: Mapping[str, Any] = facts.record["foreign"]
    name = imported.get("file_name") or "a file without a name"
    return f"{name} ({imported['rows']} rows, sha256 {str(imported['file_sha256'])[:12]})"


def _settings_text(facts: RunFacts) -> Iterator[str]:
    how, run = facts.settings, facts.run
    seen = "the box around the lungs" if run.cropped_to_lungs else "the whole film"
    yield f"Network: {run.architecture}, {run.input_px} x {run.input_px} px; it sees {seen}."
    if how:
        started = STARTS.get(how["starts_from"], f"the weights of run {how['starts_from']}")
        yield (
            f"Started from {started}; {facts.epochs or 'an unrecorded number of'} epochs of at "
            f"most {how['epochs']}, {how['keep']} epoch kept; {how['optimizer']}, learning rate "
            f"{how['learning_rate']:g} ({how['schedule']}), batches of {how['batch']}, seed "
            f"{how['seed']}; class weights: {how['class_weights']}."
        )
        yield f"Films changed at random: {changes_text(how['augmentation'])}."
        yield f"Validation drawn by {how['split_by']}. {official_test_text(facts)}"
    parity = facts.record.get("parity", {})
    if "max_difference" in parity:
        yield (
            f"The exported network gives the trained one's probabilities to within "
            f"{parity['max_difference']:.1e} on {parity['n']} films; "
            f"{parity['decisions_changed']} decisions changed."
        )


def official_test_text(facts: RunFacts) -> str:
    """Return what the official test was used for."""
    scored = "The official test was scored once, and nothing was fitted on its labels."
    return f"{scored} {CROP_IDEA}" if facts.run.cropped_to_lungs else scored


def changes_text(changes: Mapping[str, Any]) -> str:
    """Return how training films are changed, each with its strength; none for plain films."""
    text = [f"{words} {changes[key]:g}" for key, words in CHANGES.items() if changes.get(key)]
    zoom = changes.get("zoom", [1.0, 1.0])
    if list(zoom) != [1.0, 1.0]:
        text.append(f"zoom {zoom[0]:g} to {zoom[1]:g}")
    return ", ".join(text) or "not at all"
