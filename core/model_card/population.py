"""Whom a run was made for, on whose films, and how it was trained, from its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.language.numbers import number
from core.language.words import Message, msg, tr
from core.model_card.facts import RunFacts
from core.model_card.recorded import recorded, split_text
from core.reports.document import Block, Bullets, Paragraph, Section, Table

CHILDREN = msg(
    "Children of 1 to 5 years, of one centre: Guangzhou Women and Children's Medical "
    "Center, China. Frontal films (anterior-posterior), made in routine care and "
    "collected in retrospect. The source names neither the years in which they were "
    "made nor sex, symptoms or devices."
)
CHILDREN_IN_SHORT = msg(
    "Frontal films of children of 1 to 5 years, of one centre in Guangzhou, China, "
    "read by physicians."
)
CHILDREN_REFERENCE = msg(
    "Two physicians graded every film after unreadable ones had been removed; a "
    "third checked the official test. The reference standard is a reading of the "
    "film. Whether the physicians knew other findings is not stated."
)
CHILDREN_CITATION = msg(
    "D. S. Kermany, K. Zhang, M. Goldbaum, Mendeley Data (2018), "
    "doi:10.17632/rscbjbr9sj, CC BY 4.0; D. S. Kermany et al., Cell 172 (2018) "
    "1122-1131, doi:10.1016/j.cell.2018.02.010."
)
ADULTS = msg(
    "Mostly adults, of the NIH Clinical Center, USA. The reference is lung opacity "
    "as radiologists of the RSNA challenge read it; films with other findings count "
    "as without pneumonia."
)
ADULTS_CITATION = msg(
    "X. Wang et al., CVPR 2017, arXiv:1705.02315 (NIH ChestX-ray14); G. Shih et al., "
    "Radiol. Artif. Intell. 1 (2019) e180041, doi:10.1148/ryai.2019180041 (RSNA "
    "labels)."
)
CLAIM_CITATION = msg(
    "A. S. Tejani et al., Checklist for Artificial Intelligence in Medical Imaging "
    "(CLAIM): 2024 Update, Radiol. Artif. Intell. 6 (2024) e240300, "
    "doi:10.1148/ryai.240300."
)
STARD_CITATION = msg(
    "V. Sounderajah et al., The STARD-AI reporting guideline for diagnostic accuracy "
    "studies using artificial intelligence, Nat. Med. 31 (2025) 3283-3289, "
    "doi:10.1038/s41591-025-03953-8."
)


INTENDED = msg(
    "An initial reviewer of frontal chest films of children of 1 to 5 years. It "
    "sorts new films by suspicion of pneumonia and shows what its score depends on. "
    "A doctor reads every film and signs every read."
)
NOT_FOR = (
    msg("A diagnosis on its own, or a reason to leave a film unread: it is not a medical device."),
    msg("Adults, infants below 1 year, children above 5: outside intended use; not validated."),
    msg("Any other disease: a film that is not suspicious may still show other findings."),
    msg(
        "Lateral films, photographs of films, CT and MR: the quality gate refuses what "
        "it recognises."
    ),
)
NOT_FOR_IN_SHORT = msg(
    "A diagnosis on its own; adults, infants below 1 year, children above 5; any "
    "other disease; lateral films, photographs of films, CT and MR."
)
AGES = msg(
    "A DICOM file that states another age is flagged. An image file states no age: "
    "the reader has to check it."
)
CROP_IDEA = msg("The idea to crop to the lungs came from it.")
STARTS = {"imagenet": msg("ImageNet weights"), "nothing": msg("random weights")}
CHANGES = {
    "rotation_deg": msg("rotation (degrees)"),
    "log_scale": msg("size"),
    "log_aspect": msg("aspect"),
    "shift": msg("position"),
    "flip": msg("mirroring"),
    "log_gamma": msg("gamma"),
    "log_contrast": msg("contrast"),
    "brightness": msg("brightness"),
    "noise": msg("noise"),
    "blur": msg("blur"),
    "erase": msg("parts erased"),
    "lungs_only": msg("all but the lungs erased"),
    "soften": msg("softened"),
}
KEPT = {"last": msg("last epoch kept"), "best": msg("best epoch kept")}
CLASS_WEIGHTS = {
    "all films": msg("class weights: all films"),
    "none": msg("class weights: none"),
    "one batch": msg("class weights: one batch"),
}
UNRECORDED = msg("an unrecorded number of")


def describe_use(facts: RunFacts) -> Section:
    """Return what a run is for and what it is not for."""
    blocks = (
        Paragraph(use_text(facts)),
        Paragraph(tr("Not for:")),
        Bullets(tuple(map(tr, NOT_FOR))),
        Paragraph(tr(AGES)),
    )
    return Section("use", tr("Intended use"), blocks)


def use_text(facts: RunFacts) -> str:
    """Return what a run is for."""
    if facts.run.foreign:
        return tr(
            "For comparison with other runs only: it reads no films. Its intended use is not known."
        )
    if facts.exhibit:
        return tr("None: it is kept to show the effect of its mistakes, and reads no films.")
    return tr(INTENDED)


def describe_population(facts: RunFacts) -> Section:
    """Return whose films the run was trained and measured on."""
    head = (tr("Part"), tr("Films"), tr("With pneumonia"), tr("Without"), tr("Patients"))
    blocks: list[Block] = [
        Paragraph(tr(CHILDREN)),
        Table(head, tuple(_count_parts(facts)), (4.0, 1.2, 1.6, 1.0, 1.3)),
    ]
    if facts.split is not None:
        shared = len(facts.split["shared_patients"])
        blocks.append(
            Paragraph(
                tr(
                    "{n} patient numbers occur in both the published training and test films; the "
                    "test without them is reported as a separate part.",
                    n=shared,
                )
            )
        )
    if "nih" in facts.run.metrics:
        sources = {"children": CHILDREN_CITATION, "adults": ADULTS_CITATION}
        blocks.append(Paragraph(tr("External films: {films}", films=ADULTS)))
        blocks.append(Paragraph(tr("Sources: {children} {adults}", **sources)))
    else:
        blocks.append(Paragraph(tr("Source: {source}", source=CHILDREN_CITATION)))
    return Section("population", tr("Population"), tuple(blocks))


def _count_parts(facts: RunFacts) -> Iterator[tuple[str, ...]]:
    if facts.split is not None:
        counts = facts.split["counts"]["train"]
        n = sum(counts.values())
        normal = counts.get("normal", 0)
        yield (tr("training"), str(n), str(n - normal), str(normal), tr("not recorded"))
    for part in facts.run.metrics.values():
        n, ill = part["n"], part["n_positive"]
        yield (split_text(part), str(n), str(ill), str(n - ill), str(part["n_patients"]))


def describe_training(facts: RunFacts) -> Section:
    """Return how the run was trained, or that it is not known."""
    scored_by = facts.record.get("foreign", {}).get("scored_by")
    if scored_by:
        elsewhere = tr(
            "Run {run} of this machine scored the films of a site. Its own model card says how it "
            "was trained. It may have seen some of these films.",
            run=scored_by,
        )
        return Section("training", tr("How it was trained"), (Paragraph(elsewhere),))
    if facts.run.foreign:
        unknown = tr(
            "Another model's predictions, imported from {file}. Its network, training films, "
            "calibration and validation are not known here. It may have seen some of the films "
            "that it is measured on.",
            file=_file_of(facts),
        )
        return Section("training", tr("How it was trained"), (Paragraph(unknown),))
    members = facts.run.members
    items: tuple[str, ...]
    if members:
        items = (
            tr(
                "The mean of the calibrated logits of {members}, recalibrated.",
                members=", ".join(members),
            ),
            tr("The training of each member is in its own model card."),
        )
    else:
        items = tuple(_settings_text(facts))
    blocks = (Paragraph(tr(facts.run.sentence)), Bullets(items))
    return Section("training", tr("How it was trained"), blocks)


def _file_of(facts: RunFacts) -> str:
    imported: Mapping[str, Any] = facts.record["foreign"]
    name = imported.get("file_name") or tr("a file without a name")
    return tr(
        "{name} ({rows} rows, sha256 {hash})",
        name=name,
        rows=imported["rows"],
        hash=str(imported["file_sha256"])[:12],
    )


def _settings_text(facts: RunFacts) -> Iterator[str]:
    how, run = facts.settings, facts.run
    network = {"network": run.architecture, "px": run.input_px}
    if run.cropped_to_lungs:
        yield tr("Network: {network}, {px} x {px} px; it sees the box around the lungs.", **network)
    else:
        yield tr("Network: {network}, {px} x {px} px; it sees the whole film.", **network)
    if how:
        yield tr(
            "Started from {start}; {epochs} epochs of at most {most}, {kept}; {optimizer}, "
            "learning rate {rate:g} ({schedule}), batches of {batch}, seed {seed}; {weights}.",
            start=start_text(how["starts_from"]),
            epochs=facts.epochs or UNRECORDED,
            most=how["epochs"],
            kept=KEPT.get(how["keep"], how["keep"]),
            optimizer=how["optimizer"],
            rate=how["learning_rate"],
            schedule=recorded(how["schedule"]),
            batch=how["batch"],
            seed=how["seed"],
            weights=class_weights(how["class_weights"]),
        )
        yield tr("Films changed at random: {changes}.", changes=changes_text(how["augmentation"]))
        drawn = tr("Validation drawn by {units}.", units=recorded(how["split_by"]))
        yield f"{drawn} {official_test_text(facts)}"
    parity = facts.record.get("parity", {})
    if "max_difference" in parity:
        yield tr(
            "The exported network gives the trained one's probabilities to within "
            "{difference:.1e} on {n} films; {changed} decisions changed.",
            difference=parity["max_difference"],
            n=parity["n"],
            changed=parity["decisions_changed"],
        )


def class_weights(stated: str) -> Message:
    """Return how the classes were weighted in training."""
    return CLASS_WEIGHTS.get(stated) or msg("class weights: {weights}", weights=stated)


def start_text(start: str) -> str:
    """Return what weights the training began with."""
    return tr(STARTS[start]) if start in STARTS else tr("the weights of run {run}", run=start)


def official_test_text(facts: RunFacts) -> str:
    """Return what the official test was used for."""
    scored = tr("The official test was scored once, and nothing was fitted on its labels.")
    return f"{scored} {tr(CROP_IDEA)}" if facts.run.cropped_to_lungs else scored


def changes_text(changes: Mapping[str, Any]) -> str:
    """Return how training films are changed, each with its strength; none for plain films."""
    text = [
        f"{tr(words)} {number(changes[key], 'g')}"
        for key, words in CHANGES.items()
        if changes.get(key)
    ]
    zoom = changes.get("zoom", [1.0, 1.0])
    if list(zoom) != [1.0, 1.0]:
        text.append(tr("zoom {low:g} to {high:g}", low=zoom[0], high=zoom[1]))
    return ", ".join(text) or tr("not at all")
