"""What a site gains by tuning on its own films, shown on the official test split by cross-fitting.

How the calibration and the threshold are found was chosen on validation films alone, moved and
stretched as another site's might be. The official test split plays the site: some patients tune,
the others are measured.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from bench.results import Section, Target, judge
from core.acceptance.cross_fitting import (
    REPEATS,
    USUAL,
    CrossFit,
    Rules,
    calibration_error,
    cross_fit,
)
from core.acceptance.site_calibration import fit_site_calibration
from core.acceptance.unlabelled import estimate_prevalence
from core.domain.model import RunRecord
from core.domain.rate import Rate, interval_text
from core.errors import DatasetError
from core.evaluation.likelihood_ratio import assumed_prevalence
from core.evaluation.metrics import logits_of
from core.evaluation.operating_point import SENSITIVITY_WANTED
from core.runs.listing import list_runs
from core.runs.predictions import Predictions, read_predictions
from core.settings import get_settings
from core.shortcuts.perturbations import CHANGES, UNCHANGED, Change
from core.stats.bootstrap import draw_patients
from core.stats.intervals import Scores

TITLE = "Accepting a run at a site"
COMMAND = "python -m bench acceptance"
FIGURE = Path(__file__).resolve().parent.parent / "docs" / "acceptance.svg"

TUNING_FILMS = (100, 200, 312)
CHOSEN_WITH, CHOSEN_SEED, SHOWN_SEED = 200, 20, 21
FLOOR = 0.955
"""What the tenth percentile of sensitivity is to keep."""
MOVED = ((1.0, 0.0), (1.0, 1.0), (1.0, 2.0), (1.0, -1.0), (1.0, -2.0), (0.6, 0.0), (0.6, 1.5))
"""Slope and offset of log odds: validation films as another site's might score."""
CANDIDATES = tuple(
    Rules(own_worth=worth, aimed_above=above)
    for worth in (0.0, 30.0, 60.0, 100.0)
    for above in (0.0, 0.1, 0.15, 0.2)
)
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
SITE_CHANGES = ("gamma_0.7", "gamma_1.4", "contrast_0.8", "jpeg_40", "cropped_alike")
"""Exposure, contrast, compression and crop, as the shortcut audit makes them."""

ERROR_TARGET = Target(0.03, "", at_least=False)
SPECIFICITY_TARGET = Target(0.93, "", at_least=True)
SENSITIVITY_TARGET = Target(SENSITIVITY_WANTED, "", at_least=True)
FLOOR_TARGET = Target(FLOOR, "", at_least=True)


def measure(report: Callable[[str], None]) -> Section:
    """Choose on validation, show on the official test split, and say what is worth what."""
    lines: list[str] = []

    def say(*some: str) -> None:
        lines.extend(some)
        for line in some:
            report(line)

    run = next(one for one in list_runs(get_settings().models) if one.run_id == "f08")
    kept = read_predictions(run)
    validation, test = kept.of_split("validation"), kept.of_split("test")
    say(*_choose_threshold(run, validation), "", *_choose_steps(run, validation), "")
    shown = [
        cross_fit(test, run, films, SENSITIVITY_WANTED, seed=SHOWN_SEED) for films in TUNING_FILMS
    ]
    say(*_shown_table(shown, test, run), "")
    say(*_judge(shown[TUNING_FILMS.index(CHOSEN_WITH)]), "", *_limits(test), "")
    say(*_without_labels(run, validation, test))
    FIGURE.write_bytes(draw(shown, run, test))
    return Section(TITLE, COMMAND, lines)


def move(films: Predictions, slope: float, offset: float) -> Predictions:
    """Return films whose log odds are stretched and moved."""
    probability = expit(slope * logits_of(films.probability) + offset)
    return Predictions(films.films, films.logit, np.asarray(probability, np.float64))


def _choose_threshold(run: RunRecord, validation: Predictions) -> list[str]:
    """Compare rules for the threshold on moved validation films."""
    rows = [
        (
            "Threshold, chosen on validation films that are moved and stretched "
            f"({len(MOVED)} ways, {CHOSEN_WITH} films tune, means over all):"
        ),
        "",
        (
            "| The run's own threshold weighs (films) | Aimed above by | Sensitivity | its tenth "
            "percentile | Specificity |"
        ),
        "| --- | --- | --- | --- | --- |",
    ]
    for rules in CANDIDATES:
        found = [_tried(run, validation, rules, one) for one in MOVED]
        sensitivity = np.concatenate([one.sensitivity for one in found])
        specificity = np.concatenate([one.specificity for one in found])
        row = (
            f"{rules.own_worth:.0f}",
            f"{rules.aimed_above:.2f}",
            f"{sensitivity.mean():.4f}",
            f"{np.quantile(sensitivity, 0.1):.4f}",
            f"{specificity.mean():.4f}",
        )
        taken = " (taken)" if _same(rules, USUAL) else ""
        rows.append(f"| {row[0]}{taken} | {' | '.join(row[1:])} |")
    return rows


def _same(first: Rules, second: Rules) -> bool:
    return (first.own_worth, first.aimed_above) == (second.own_worth, second.aimed_above)


def _tried(
    run: RunRecord, validation: Predictions, rules: Rules, moved: tuple[float, float]
) -> CrossFit:
    films = move(validation, *moved)
    return cross_fit(
        films, run, CHOSEN_WITH, SENSITIVITY_WANTED, repeats=REPEATS, seed=CHOSEN_SEED, rules=rules
    )


def _choose_steps(run: RunRecord, validation: Predictions) -> list[str]:
    """Compare weights of the isotonic regression on moved validation films."""
    rows = [
        "Weight of the steps in the calibration, on the same films:",
        "",
        "| Weight | Expected calibration error | worst way | Log loss |",
        "| --- | --- | --- | --- |",
    ]
    for share in STEPS:
        found = [_tried(run, validation, Rules(steps_share=share), one) for one in MOVED]
        errors = [float(one.error.mean()) for one in found]
        loss = float(np.mean([one.loss.mean() for one in found]))
        taken = " (taken)" if share == USUAL.steps_share else ""
        rows.append(
            f"| {share:.2f}{taken} | {np.mean(errors):.4f} | {max(errors):.4f} | {loss:.4f} |"
        )
    return rows


def _spread(values: npt.NDArray[np.float64]) -> str:
    known = values[~np.isnan(values)]
    low, high = np.quantile(known, [0.1, 0.9])
    return f"{known.mean():.3f} ({low:.3f} to {high:.3f})"


def _shown_table(shown: Sequence[CrossFit], test: Predictions, run: RunRecord) -> list[str]:
    labels = test.films.label
    called = test.probability >= run.operating_point.threshold
    own = (
        f"{called[labels == 1].mean():.3f}",
        f"{(~called[labels == 0]).mean():.3f}",
        f"{calibration_error(test.probability, labels):.3f}",
    )
    rows = [
        (
            f"Official test split, n = {len(test)} of {len(np.unique(test.films.patient))} "
            f"patients; {len(shown[0].sensitivity)} draws of tuning patients, measured on the "
            "others: mean (tenth to ninetieth percentile)."
        ),
        "",
        (
            "| Tuning films | Sensitivity | Specificity | ECE | ECE of the run's own | Log loss | "
            "of the run's own | Odds over stated odds, 0.74 to 0.99 | of the run's own |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        f"| none | {own[0]} | {own[1]} | {own[2]} | {own[2]} | | | | |",
    ]
    for one in shown:
        columns = (
            one.sensitivity,
            one.specificity,
            one.error,
            one.own_error,
            one.loss,
            one.own_loss,
            one.ratio,
            one.own_ratio,
        )
        rows.append(f"| {one.tuning_films} | {' | '.join(_spread(column) for column in columns)} |")
    return rows


def _judge(found: CrossFit) -> list[str]:
    with_films = f"with {found.tuning_films} films"
    return [
        judge(f"Expected calibration error {with_films}", float(found.error.mean()), ERROR_TARGET),
        judge(f"Sensitivity {with_films}", float(found.sensitivity.mean()), SENSITIVITY_TARGET),
        judge(f"Specificity {with_films}", float(found.specificity.mean()), SPECIFICITY_TARGET),
        judge(
            f"Tenth percentile of sensitivity {with_films}",
            float(np.quantile(found.sensitivity, 0.1)),
            FLOOR_TARGET,
        ),
    ]


def _limits(test: Predictions) -> list[str]:
    """Say what no choice of one threshold, and no offset and slope, can better on these films."""
    labels, p = test.films.label, test.probability
    reached = np.sort(p[labels == 1])
    lost = int(np.floor((1.0 - SENSITIVITY_WANTED) * len(reached) + 1e-9))
    best = float((p[labels == 0] < reached[lost]).mean())
    fitted = fit_site_calibration(p, labels, test.films.patient, steps_share=0.0)
    return [
        (
            f"Of all thresholds that keep a sensitivity of {SENSITIVITY_WANTED} on all {len(p)} "
            f"films, the best has a specificity of {best:.3f}: it is the limit, chosen by label."
        ),
        (
            "Offset and slope fitted on all films, and measured on the same, leave an expected "
            f"calibration error of {calibration_error(fitted.apply(p), labels):.3f}."
        ),
    ]


# --- without labels -----------------------------------------------------------------------------


def _without_labels(run: RunRecord, validation: Predictions, test: Predictions) -> list[str]:
    assumed = assumed_prevalence(run)
    assert assumed is not None
    draws = draw_patients(test.films.patient)
    found = estimate_prevalence(test.probability, assumed, draws)
    true = float(test.films.label.mean())
    at_found = _at_prevalence(test.probability, assumed, found.value)
    rows = [
        "Without labels.",
        "",
        (
            f"Share of pneumonia by expectation maximisation: {interval_text(found)}; it is "
            f"{true:.3f}. {_inside(found, true)}"
        ),
        "",
        "| Calibration | Fitted on | ECE on the official test | Log loss |",
        "| --- | --- | --- | --- |",
        _worth("the run's own", "validation", test.probability, test),
        _worth("the run's own at the estimated share", "no label", at_found, test),
    ]
    try:
        scored = score_changed(run, validation)
    except DatasetError as exc:
        return [*rows, "", f"Changed validation films were not scored: {exc}"]
    pooled = _pool(validation, scored)
    fitted = fit_site_calibration(*pooled, steps_share=0.0)
    rows.append(
        _worth(
            "offset and slope",
            "validation films, changed and not",
            fitted.apply(test.probability),
            test,
        )
    )
    for words, p, labels in scored:
        one = fit_site_calibration(p, labels, np.arange(len(p)).astype(str), steps_share=0.0)
        rows.append(
            _worth(
                "offset and slope", f"validation films, {words}", one.apply(test.probability), test
            )
        )
    return rows


def _inside(found: Rate, true: float) -> str:
    return (
        "The interval holds it."
        if found.low <= true <= found.high
        else "The interval does not hold it: these films do not score as validation's do."
    )


def _at_prevalence(probabilities: Scores, assumed: float, share: float) -> Scores:
    moved = logits_of(np.array([share])) - logits_of(np.array([assumed]))
    return np.asarray(expit(logits_of(probabilities) + moved), np.float64)


def _worth(name: str, fitted_on: str, p: Scores, test: Predictions) -> str:
    labels = test.films.label
    safe = np.clip(p, 1e-12, 1.0 - 1e-12)
    loss = -np.mean(np.where(labels == 1, np.log(safe), np.log1p(-safe)))
    return f"| {name} | {fitted_on} | {calibration_error(p, labels):.3f} | {loss:.3f} |"


Changed = tuple[str, Scores, npt.NDArray[np.int64]]


def score_changed(run: RunRecord, validation: Predictions) -> list[Changed]:
    """Return what the run says of validation films whose exposure, crop or file is changed.

    Raises
    ------
    DatasetError
        If the public films are not there.
    """
    # Deferred: it opens networks and films.
    from core.training.shortcut_audit import load_audit_films, open_run

    settings = get_settings()
    parts = load_audit_films(settings.data, settings.models / "split.json", None)
    (films,) = [part for part in parts.values() if len(part) == len(validation)]
    audited = open_run(settings.models, run.run_id, settings.inference_threads)
    by_key: Mapping[str, Change] = {change.key: change for change in CHANGES}
    assert UNCHANGED.key not in SITE_CHANGES
    found: list[Changed] = []
    for key in SITE_CHANGES:
        change = by_key[key]
        chosen = np.flatnonzero(films.trusted) if change.needs_lungs else np.arange(len(films))
        scores = [
            audited.predict(change.apply(films.films[some], films.lung_masks[some], 0))
            for some in np.array_split(chosen, max(1, len(chosen) // 100))
        ]
        found.append((change.words, np.concatenate(scores), films.labels[chosen]))
    return found


def _pool(
    validation: Predictions, scored: Sequence[Changed]
) -> tuple[Scores, npt.NDArray[np.int64], npt.NDArray[np.str_]]:
    p = np.concatenate([validation.probability, *(one[1] for one in scored)])
    labels = np.concatenate([validation.films.label, *(one[2] for one in scored)])
    return p, labels, np.arange(len(p)).astype(str)


# --- figure ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    target: float
    own: float


def draw(shown: Sequence[CrossFit], run: RunRecord, test: Predictions) -> bytes:
    """Return the table as a picture (SVG): means, tenth to ninetieth percentile, and targets."""
    import matplotlib
    from matplotlib.figure import Figure

    labels = test.films.label
    called = test.probability >= run.operating_point.threshold
    panels = {
        "sensitivity": _Panel("Sensitivity", SENSITIVITY_WANTED, called[labels == 1].mean()),
        "specificity": _Panel(
            "Specificity", SPECIFICITY_TARGET.limit, (~called[labels == 0]).mean()
        ),
        "error": _Panel(
            "Expected calibration error",
            ERROR_TARGET.limit,
            calibration_error(test.probability, labels),
        ),
    }
    style: Any = {"svg.hashsalt": TITLE, "font.family": "DejaVu Sans", "font.size": 9}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(10.0, 3.2), facecolor="white", layout="constrained")
        for axes, (name, panel) in zip(figure.subplots(1, 3), panels.items(), strict=True):
            values = [getattr(one, name) for one in shown]
            means = np.array([value.mean() for value in values])
            low, high = (np.array([np.quantile(value, q) for value in values]) for q in (0.1, 0.9))
            places = np.arange(len(shown))
            axes.errorbar(
                places,
                means,
                (means - low, high - means),
                fmt="o",
                color="#0072b2",
                capsize=3,
                label="tuned on the site",
            )
            axes.axhline(panel.target, color="#595959", linestyle="--", label="target")
            axes.axhline(panel.own, color="#d55e00", linestyle=":", label="the run's own")
            axes.set_xticks(places, [str(one.tuning_films) for one in shown])
            axes.set_xlabel("films for tuning")
            axes.set_title(panel.title, fontsize=10)
            axes.set_xlim(-0.5, len(shown) - 0.5)
            for side in ("top", "right"):
                axes.spines[side].set_visible(False)
        figure.axes[0].legend(frameon=False, fontsize=8)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
