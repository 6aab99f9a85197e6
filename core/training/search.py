"""Hyperparameter search over a run's declared space, with a history that is kept."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.training.films import Bytes
from core.training.fit import train_classifier
from core.training.run_settings import RunSettings, Search
from core.training.training_data import TrainingData

SEARCH_FILE = "search.json"
TRIALS_WITHOUT_PRUNING = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried; ``log_loss`` is the lowest one on validation patients."""

    number: int
    settings: dict[str, Any]
    log_loss: float
    epochs: int
    stopped_early: bool
    seconds: float


def _draw(trial: Any, search: Search) -> dict[str, Any]:
    chosen = {
        name: trial.suggest_categorical(name, list(values))
        for name, values in search.choices.items()
    }
    ranges = {
        name: trial.suggest_float(name, low, high, log=True)
        for name, (low, high) in search.log_ranges.items()
    }
    return {**chosen, **ranges}


def _distributions(search: Search) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        **{name: CategoricalDistribution(list(v)) for name, v in search.choices.items()},
        **{name: FloatDistribution(*ends, log=True) for name, ends in search.log_ranges.items()},
    }


def _all_settings(search: Search, seed: int) -> list[dict[str, Any]]:
    """Return every setting of a space without ranges, in an order drawn by the seed."""
    whole = [
        dict(zip(search.choices, values, strict=True))
        for values in itertools.product(*search.choices.values())
    ]
    random.Random(seed).shuffle(whole)
    return whole


def _space(search: Search) -> dict[str, Any]:
    return {
        "choices": {name: list(values) for name, values in search.choices.items()},
        "log_ranges": {name: list(ends) for name, ends in search.log_ranges.items()},
        "epochs": search.epochs,
        "input_px": search.input_px,
    }


def _read_trials(path: Path, search: Search) -> list[dict[str, Any]]:
    """Return what an interrupted search of the same space has tried."""
    if not path.is_file():
        return []
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return list(kept["trials"]) if kept["space"] == _space(search) else []


def search_settings(
    settings: RunSettings,
    films: TrainingData,
    masks: Bytes,
    data: Path | None,
    folder: Path,
    report: Callable[[str], None],
) -> RunSettings:
    """Try settings on validation patients and return the run with the best ones.

    A space of choices alone is gone through in an order drawn by the run's seed, each setting once;
    one with a range is drawn from by the tree-structured Parzen estimator. A trial that is worse
    than the median of those before it at the same epoch of its second half is stopped. The history
    stands in ``search.json``; a search that was interrupted goes on after its last whole trial.

    Parameters
    ----------
    settings : RunSettings
        With a declared search.
    films : TrainingData
    masks : (N, 224, 224) uint8 ndarray
        Lung masks of the training films.
    data : Path or None
        Folder with the starting weights.
    folder : Path
        Gets the history.
    report : callable
        Gets a line a trial.

    References
    ----------
    .. [1] J. Bergstra et al., NeurIPS 24 (2011) 2546-2554.
    .. [2] T. Akiba et al., KDD 2019, arXiv:1907.10902.
    """
    import optuna

    search = settings.search
    if search is None:
        return settings
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=settings.seed, n_startup_trials=4),
        # All settings guess in the first epochs: which one learns shows only later.
        pruner=optuna.pruners.MedianPruner(
            n_startup_trials=TRIALS_WITHOUT_PRUNING, n_warmup_steps=search.epochs // 2
        ),
    )
    path = folder / SEARCH_FILE
    trials = _read_trials(path, search)
    for kept in trials:
        study.add_trial(
            optuna.trial.create_trial(
                params=kept["settings"],
                distributions=_distributions(search),
                value=kept["log_loss"],
            )
        )
    if not search.log_ranges:
        tried_before = [kept["settings"] for kept in trials]
        for one in _all_settings(search, settings.seed):
            if one not in tried_before:
                study.enqueue_trial(one)
    wanted = min(search.trials, search.size)
    while len(trials) < wanted:
        trial = study.ask()
        tried = _try(trial, len(trials), settings, search, films, masks, data)
        study.tell(trial, tried.log_loss)
        trials.append({name: getattr(tried, name) for name in Trial.__dataclass_fields__})
        _write(path, search, trials)
        report(f"trial {len(trials)}/{wanted}: {tried.settings} -> log loss {tried.log_loss:.4f}")
    best = min(trials, key=lambda entry: float(entry["log_loss"]))
    report(f"the best of {len(trials)} trials is {best['settings']}")
    return replace(settings, **best["settings"])


def _try(
    trial: Any,
    number: int,
    settings: RunSettings,
    search: Search,
    films: TrainingData,
    masks: Bytes,
    data: Path | None,
) -> Trial:
    import optuna

    chosen = _draw(trial, search)
    tried = replace(settings, **chosen, epochs=search.epochs, input_px=search.input_px, search=None)
    losses: list[float] = []

    def after_epoch(epoch: int, loss: float) -> None:
        losses.append(loss)
        trial.report(loss, epoch)
        if epoch + 1 < search.epochs and trial.should_prune():
            raise optuna.TrialPruned

    began, pruned = time.monotonic(), False
    try:
        train_classifier(
            films.train, masks, films.validation, tried, data, _silent,
            after_epoch=after_epoch,
        )  # fmt: skip
    except optuna.TrialPruned:
        pruned = True
    seconds = round(time.monotonic() - began, 1)
    return Trial(number, chosen, min(losses), len(losses), pruned, seconds)


def _silent(line: str) -> None:
    """Take a line of a trial's progress and drop it."""


def _write(path: Path, search: Search, trials: list[dict[str, Any]]) -> None:
    judged = "lowest log loss on the project's validation patients"
    kept = {"space": _space(search), "judged_by": judged, "trials": trials}
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
