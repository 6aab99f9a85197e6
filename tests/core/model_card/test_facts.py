"""What is said of a run follows from its records, and what cannot be said is named."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from fixtures.foreign_models import NIH, TEST, VALIDATION, models  # noqa: F401 (a fixture)
from fixtures.kept_run_copies import MODELS, copy_as, copy_runs, copy_unaudited
from fixtures.run_facts import facts_of
from sklearn.metrics import confusion_matrix, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from core.domain.rate import Rate, interval_text
from core.domain.reader import OPERATOR
from core.errors import ModelIntegrity, ModelMissing
from core.evaluation.evaluate import PARTS
from core.explain.pointing_game import EXPLANATIONS_FILE, ExplanationQuality, PointingRates
from core.explain.weight_randomisation import SANITY_FILE, sanity_text
from core.imported_runs.importing import ForeignRequest, import_run
from core.model_card.card import describe_run
from core.model_card.facts import RunFacts, gather_facts
from core.model_card.failures import list_errors, surest_errors
from core.reports.document import Bullets, Document, Intervals, Paragraph, Table
from core.runs.predictions import PREDICTIONS_FILE
from core.runs.store import add_files, export_identity, load_run, read_record
from core.settings import SERVED_RUN
from core.shortcuts.record import AUDIT_FILE, ShortcutAudit
from core.training.ensemble import make_ensemble

AUDITED, PLAIN = SERVED_RUN, "m01"


@pytest.fixture(scope="module")
def served() -> RunFacts:
    return facts_of(AUDITED)


def table_of(document: Document, key: str) -> Table:
    return next(one for one in document.section(key).blocks if isinstance(one, Table))


def words_of(document: Document, key: str) -> str:
    said = []
    for block in document.section(key).blocks:
        said += [block.text] if isinstance(block, Paragraph) else []
        said += block.items if isinstance(block, Bullets) else []
    return "\n".join(said)


# --- numbers --------------------------------------------------------------------------------------


def test_rates_and_errors_are_those_of_the_kept_predictions(served: RunFacts) -> None:
    said, threshold = served.predictions, served.run.operating_point.threshold
    document = describe_run(served)
    inside, outside = (
        next(block for block in document.section(key).blocks if isinstance(block, Intervals))
        for key in ("results", "external")
    )
    assert (inside.start, outside.start) == (0.8, 0.3)  # 0.837 is the least, adults' 0.322
    for rows in (*inside.by_part().values(), *outside.by_part().values()):
        assert [row.measure for row in rows] == ["Sensitivity", "Specificity"]
    stated = {(row.measure, row.part): row for row in (*inside.rows, *outside.rows)}
    lines = {row[0]: row for row in table_of(document, "results").rows}
    for key, part in PARTS.items():
        chosen = said.where(part.choose(said.films))
        label = chosen.films.label
        (tn, fp), (fn, tp) = confusion_matrix(label, chosen.probability >= threshold)
        for measure, count, n in (("Sensitivity", tp, tp + fn), ("Specificity", tn, tn + fp)):
            row = stated[measure, part.name]
            interval = proportion_confint(count, n, method="wilson")
            assert row.rate.n == n
            assert [row.rate.value, row.rate.low, row.rate.high] == pytest.approx(
                [count / n, *interval], abs=1e-12
            )
            assert row.out_of_population == (key == "nih")
        auc = roc_auc_score(label, chosen.probability)
        assert lines[part.name][1:3] == (f"{fn} of {tp + fn}", f"{fp} of {tn + fp}")
        assert lines[part.name][3].startswith(f"{auc:.3f} (")


def test_the_first_sentence_and_the_ward_are_the_rates_of_the_official_test(
    served: RunFacts,
) -> None:
    films = served.predictions.of_split("test")
    called = films.probability >= served.run.operating_point.threshold
    (tn, fp), (fn, tp) = confusion_matrix(films.films.label, called)
    document = describe_run(served, ill_of_100=20)
    assert f"finds {100 * tp / (tp + fn):.0f} of 100 pneumonias (" in document.summary
    assert (
        f"calls normal {100 * tn / (tn + fp):.0f} of 100 films without pneumonia ("
        in document.summary
    )
    ward = document.section("ward")
    assert ward.heading == "Of 1,000 children, 200 with pneumonia"
    said = words_of(document, "ward")
    assert f"misses {200 * fn / (tp + fn):.0f} (" in said
    assert f"raises {800 * fp / (tn + fp):.0f} (" in said


def test_nothing_is_expected_of_a_ward_where_only_adults_were_measured(
    models: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    rows = [f"{film},{p}" for film, p in zip(NIH, (0.2, 0.9, 0.3, 0.8), strict=True)]
    content = "\n".join(["film_id,probability", *rows]).encode()
    import_run(content, ForeignRequest("adults", split="nih"), models, tmp_path, OPERATOR)
    document = describe_run(gather_facts(tmp_path / "adults", models / "split.json"))
    assert words_of(document, "ward").startswith("Not measured on children")


def test_the_surest_errors_are_the_farthest_from_the_threshold(served: RunFacts) -> None:
    films = served.predictions.of_split("test")
    ranked = sorted(
        zip(films.probability, films.films.film_id, films.films.label, strict=True),
        key=lambda one: one[0],
    )
    threshold = served.run.operating_point.threshold
    missed = [film for p, film, ill in ranked if ill and p < threshold][:4]
    alarms = [film for p, film, ill in ranked[::-1] if not ill and p >= threshold][:4]
    assert [film.film_id for film in list_errors(served)] == missed + alarms
    shown = table_of(describe_run(served), "failures").rows
    assert [row[3] for row in shown] == missed + alarms
    assert [row[0] for row in shown] == ["missed"] * 4 + ["false alarm"] * 4


def test_a_run_without_an_error_shows_none(served: RunFacts) -> None:
    films = served.predictions.of_split("test")
    right = replace(films, probability=np.where(films.films.label == 1, 0.9, 0.1))
    assert surest_errors(right, 0.5) == ()


def test_the_population_is_counted_from_the_split(served: RunFacts) -> None:
    split = json.loads((MODELS / "split.json").read_text())
    ill = sum("/PNEUMONIA/" in film for film in split["train"])
    rows = {row[0]: row[1:] for row in table_of(describe_run(served), "population").rows}
    n = len(split["train"])
    assert rows["training"] == (str(n), str(ill), str(n - ill), "not recorded")
    films = served.predictions.of_split("validation").films
    assert rows["validation patients"] == (
        str(len(films)),
        str(films.label.sum()),
        str((films.label == 0).sum()),
        str(len(set(films.patient))),
    )
    said = words_of(describe_run(served), "population")
    assert f"{len(split['shared_patients'])} patient numbers" in said


def test_the_worst_third_is_the_lowest_of_all_that_are_recorded(served: RunFacts) -> None:
    thirds = [third for of in served.record["slices"]["test"].values() for third in of]
    worst = min(third["sensitivity"]["value"] for third in thirds)
    assert f"Lowest sensitivity of {len(thirds)} thirds" in words_of(
        describe_run(served), "failures"
    )
    assert f"{worst:.3f} (" in words_of(describe_run(served), "failures")


def test_the_band_the_training_and_the_hashes_are_those_of_the_record(served: RunFacts) -> None:
    document, record = describe_run(served), read_record(MODELS / AUDITED)
    band, how = record["abstention"], record["settings"]
    assert f"from {band['low']:.3f} to {band['high']:.3f}" in words_of(document, "band")
    trained = words_of(document, "training")
    assert f"{how['optimizer']}, learning rate {how['learning_rate']:g}" in trained
    history = json.loads((MODELS / AUDITED / "history.json").read_text())
    assert f"{len(history)} epochs of at most {how['epochs']}" in trained
    for name, stated in table_of(document, "versions").rows:
        assert stated == sha256((MODELS / AUDITED / name).read_bytes()).hexdigest()
    assert record["data"]["split_sha256"] in words_of(document, "versions")


def test_shortcuts_are_said_as_the_audit_says_them(served: RunFacts) -> None:
    audit = ShortcutAudit.from_json((MODELS / AUDITED / AUDIT_FILE).read_bytes())
    said = words_of(describe_run(served), "shortcuts")
    for part in audit.parts.values():
        hidden = part.change("lungs_hidden").roc_auc
        assert f"{hidden.value:.3f} ({hidden.low:.3f} to {hidden.high:.3f})" in said


# --- what is lacking ------------------------------------------------------------------------------


def test_a_run_without_an_audit_says_so_and_why_it_may_not_serve(tmp_path: Path) -> None:
    document = describe_run(facts_of(PLAIN, copy_unaudited(tmp_path / "models", PLAIN)))
    assert words_of(document, "shortcuts").startswith("Not audited")
    assert "cannot be the active model. It lacks a shortcut audit" in document.notices[0]


def test_an_exhibit_is_labelled_first(tmp_path: Path) -> None:
    kept = copy_runs(tmp_path / "models")
    copy_as(kept, PLAIN, "x05", exhibit="Class weights counted on one batch.")
    document = describe_run(facts_of("x05", kept))
    assert document.notices[0] == (
        "An exhibit, kept to show its mistakes, and never served: Class weights counted on one "
        "batch."
    )
    assert "it is an exhibit" in document.notices[1]
    assert words_of(document, "use").startswith("None: it is kept to show")


def test_films_drawn_without_regard_to_patients_are_not_counted_by_the_split(
    tmp_path: Path,
) -> None:
    kept = copy_runs(tmp_path / "models")
    how = read_record(MODELS / PLAIN)["settings"] | {"split_by": "films"}
    copy_as(kept, PLAIN, "x05", settings=how, exhibit="Patients are shared.")
    facts = facts_of("x05", kept)
    assert facts.split is None
    assert facts.gaps == ()
    assert "training" not in [row[0] for row in table_of(describe_run(facts), "population").rows]


def test_an_audit_of_another_export_is_void_and_named(tmp_path: Path) -> None:
    kept = copy_runs(tmp_path / "models", AUDITED)
    audit = ShortcutAudit.from_json((MODELS / AUDITED / AUDIT_FILE).read_bytes())
    add_files(kept / AUDITED, {AUDIT_FILE: replace(audit, export_sha256="0" * 64).to_json()})
    facts = facts_of(AUDITED, kept)
    assert facts.audit is None
    assert any(
        "belongs to another export and is not used" in notice
        for notice in describe_run(facts).notices
    )


@pytest.mark.parametrize("name", [PREDICTIONS_FILE, AUDIT_FILE])
def test_a_file_that_is_not_the_stated_one_is_named(tmp_path: Path, name: str) -> None:
    kept = copy_runs(tmp_path / "models", AUDITED)
    (kept / AUDITED / name).write_bytes(b"another file")
    facts = facts_of(AUDITED, kept)
    assert any(name in gap and "not the file that was measured" in gap for gap in facts.gaps)


def test_another_split_than_that_of_training_is_named(tmp_path: Path) -> None:
    kept = copy_runs(tmp_path / "models", AUDITED)
    (kept / "split.json").write_text("{}")
    facts = facts_of(AUDITED, kept)
    assert facts.split is None
    assert any("not the split that the run was trained on" in gap for gap in facts.gaps)


def test_a_run_without_a_record_has_no_facts(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="no run at"):
        gather_facts(tmp_path, tmp_path / "split.json")
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ModelIntegrity, match="cannot be read"):
        gather_facts(tmp_path, tmp_path / "split.json")


def test_an_imported_run_says_what_is_not_known(models: Path, tmp_path: Path) -> None:  # noqa: F811
    ids = [*VALIDATION, *TEST]
    rows = [f"{film},{0.9 if 'person' in film else 0.2}" for film in ids]
    content = "\n".join(["film_id,probability", *rows]).encode()
    import_run(content, ForeignRequest("theirs", file_name="said.csv"), models, tmp_path, OPERATOR)
    facts = gather_facts(tmp_path / "theirs", models / "split.json")
    document = describe_run(facts)
    assert "Another model's predictions" in document.notices[0]
    assert "a network of its own" in document.notices[1]
    assert words_of(document, "use").startswith("For comparison with other runs only")
    training = words_of(document, "training")
    assert "said.csv" in training
    assert sha256(content).hexdigest()[:12] in training
    assert "training films, calibration and validation are not known here" in training
    assert facts.split is None
    assert facts.gaps == ()
    assert words_of(document, "external").startswith("Not measured")


def test_an_ensemble_names_its_members(tmp_path: Path) -> None:
    kept = copy_runs(tmp_path / "models", "f01", "f03")
    make_ensemble(kept, "e01", ["f01", "f03"])
    facts = facts_of("e01", kept)
    document = describe_run(facts)
    assert "f01, f03" in words_of(document, "training")
    assert (
        dict(table_of(document, "versions").rows)["export of f01"]
        == (load_run(MODELS / "f01").files["model.tflite"])
    )


# --- explanations ---------------------------------------------------------------------------------


def quality(export_sha256: str) -> ExplanationQuality:
    rates = PointingRates(*(Rate(share, 0.1, 0.9, 30) for share in (0.4, 0.3, 0.8, 0.2)))
    ways = {"CAM": "class activation map", "centre": "the middle of the lungs"}
    return ExplanationQuality(
        "f01", export_sha256, {"drawn": "drawn films"}, ways, {"drawn": dict.fromkeys(ways, rates)}
    )


def test_explanations_are_said_where_they_were_measured(tmp_path: Path) -> None:
    kept = copy_runs(tmp_path / "models", "f01")
    measured = quality(export_identity(load_run(kept / "f01")))
    add_files(kept / "f01", {EXPLANATIONS_FILE: measured.to_json()})
    facts = facts_of("f01", kept)
    assert facts.explanations == measured
    document = describe_run(facts)
    words = words_of(document, "explanations")
    assert "region by CAM points at the lesion: drawn 0.400 (0.100 to 0.900), n = 30." in words
    assert "No child with pneumonia has outlines" in words
    shares = tuple(f"{share} (0.10 to 0.90)" for share in ("0.40", "0.80", "0.30", "0.20"))
    rows = table_of(document, "explanations").rows
    assert rows == (("drawn", "CAM", *shares), ("drawn", "centre", *shares))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"{}", "is not a record of explanations"), (quality("0").to_json(), "another export")],
)
def test_explanations_that_cannot_be_used_are_named(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    kept = copy_runs(tmp_path / "models", "f01")
    add_files(kept / "f01", {EXPLANATIONS_FILE: content})
    facts = facts_of("f01", kept)
    assert facts.explanations is None
    assert any(sentence in gap for gap in facts.gaps)
    assert "Not measured for this run" in words_of(describe_run(facts), "explanations")


# --- weight randomisation -------------------------------------------------------------------------


def test_the_served_runs_maps_are_checked_with_random_weights(served: RunFacts) -> None:
    check = served.sanity
    assert check is not None, f"`python -m core sanity {SERVED_RUN}` writes it"
    document = describe_run(served)
    assert sanity_text(check) in words_of(document, "sanity")
    assert check.films.capitalize() in words_of(document, "sanity")
    rows = table_of(document, "sanity").rows
    assert [row[0] for row in rows] == [stage.layers for stage in check.stages]
    last = check.stages[-1]
    assert rows[-1][1:] == (interval_text(last.signed, 2), interval_text(last.absolute, 2))


def test_a_run_without_that_check_says_so() -> None:
    assert "Not checked for this run" in words_of(describe_run(facts_of("f01")), "sanity")


def test_a_check_of_another_export_is_named_and_not_used(tmp_path: Path, served: RunFacts) -> None:
    kept = copy_runs(tmp_path / "models", "f01")
    add_files(kept / "f01", {SANITY_FILE: served.sanity.to_json()})
    facts = facts_of("f01", kept)
    assert facts.sanity is None
    assert any("`python -m core sanity f01`" in gap for gap in facts.gaps)
