"""Hyperparameter search over a run's declared space, with a history that is kept."""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.files import replace_file
from core.training.catalogue.settings import RunSettings, Search
from core.training.films import Bytes
from core.training.fit import train_classifier
from core.training.training_data import TrainingData

SEARCH_FILE = "search.json"
TRIALS_WITHOUT_PRUNING = 3
NOT_OF_A_TRIAL = (
    "name", "sentence", "parent", "exhibit", "sensitivity_wanted", "epochs", "input_px", "search",
)  # fmt: skip
"""Fields of a run that no trial's loss depends on; epochs and input size are the search's own."""

Report = Callable[[str], None]
Kept = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that was tried.

    Attributes
    ----------
    log_loss : float or None
        The lowest one on validation patients; None if the training diverged.
    losses : tuple of (float or None)
        After each epoch; None where it is not a number.
    """

    number: int
    settings: dict[str, Any]
    log_loss: float | None
    losses: tuple[float | None, ...]
    epochs: int
    stopped_early: bool
    seconds: float


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
    random.Random(seed).shuffle(whole)  # nosec B311 # an order, no secret
    return whole


def _space(search: Search) -> dict[str, Any]:
    return {
        "choices": {name: list(values) for name, values in search.choices.items()},
        "log_ranges": {name: list(ends) for name, ends in search.log_ranges.items()},
        "epochs": search.epochs,
        "input_px": search.input_px,
    }


def _held_fixed(settings: RunSettings, search: Search) -> Kept:
    """Return what every trial has in common and its loss depends on, as JSON gives it back."""
    varied = {*NOT_OF_A_TRIAL, *search.choices, *search.log_ranges}
    fixed = {name: value for name, value in asdict(settings).items() if name not in varied}
    plain: Kept = json.loads(json.dumps(fixed))
    return plain


def _read_trials(path: Path, settings: RunSettings, search: Search, report: Report) -> list[Kept]:
    """Return what an interrupted search of the same space for the same run has tried."""
    if not path.is_file():
        return []
    fixed = _held_fixed(settings, search)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        # One from before settings were kept is taken at its space's word.
        same = kept["space"] == _space(search) and kept.get("settings", fixed) == fixed
        trials = [dict(trial) for trial in kept["trials"]]
        for trial in trials:
            _as_tried(trial, search)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
        report(f"{path} cannot be read ({type(exc).__name__}: {exc}): the search restarts")
        return []
    if not same:
        report(f"{path} is of other settings: the search starts again")
    return trials if same else []


def _as_tried(kept: Kept, search: Search) -> Any:
    """Return a kept trial as the study knows one that it saw itself, its epochs included."""
    from optuna.trial import TrialState, create_trial

    diverged = kept["log_loss"] is None
    losses = enumerate(kept.get("losses", ()))
    return create_trial(
        state=TrialState.FAIL if diverged else TrialState.COMPLETE,
        params=kept["settings"],
        distributions=_distributions(search),
        value=None if diverged else float(kept["log_loss"]),
        intermediate_values={n: math.nan if loss is None else loss for n, loss in losses},
    )


def _open_study(settings: RunSettings, search: Search, trials: list[Kept]) -> Any:
    """Return a study that has seen the kept trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        # Not the run's seed again: a search that goes on would repeat its first draws.
        sampler=optuna.samplers.TPESampler(seed=settings.seed + len(trials), n_startup_trials=4),
        # All settings guess in the first epochs: which one learns shows only later.
        pruner=optuna.pruners.MedianPruner(
            n_startup_trials=TRIALS_WITHOUT_PRUNING, n_warmup_steps=search.epochs // 2
        ),
    )
    for kept in trials:
        study.add_trial(_as_tried(kept, search))
    if not search.log_ranges:
        tried_before = [kept["settings"] for kept in trials]
        for one in _all_settings(search, settings.seed):
            if one not in tried_before:
                study.enqueue_trial(one)
    return study


def _best(trials: list[Kept]) -> Kept:
    """Return the settings with the lowest log loss; one that diverged is never chosen."""
    learned = [trial for trial in trials if trial["log_loss"] is not None]
    if not learned:
        raise ModelError(
            f"all {len(trials)} trials of the search diverged: declare a space with lower "
            "learning rates."
        )
    best: Kept = min(learned, key=lambda trial: float(trial["log_loss"]))["settings"]
    return best


def search_settings(
    settings: RunSettings,
    films: TrainingData,
    masks: Bytes,
    data: Path | None,
    folder: Path,
    report: Report,
) -> RunSettings:
    """Try settings on validation patients and return the run with the best ones.

    A space of choices alone is gone through in an order drawn by the run's seed, each setting once;
    one with a range is drawn from by the tree-structured Parzen estimator. A trial that is worse
    than the median of those before it at the same epoch of its second half is stopped. The history
    stands in ``search.json``; a search that was interrupted goes on after its last whole trial.

    Parameters
    ----------
    masks : (N, 224, 224) uint8 ndarray
        Lung masks of the training films.
    data : Path or None
        Folder with the starting weights.

    Raises
    ------
    ModelError
        If every trial diverged.

    References
    ----------
    .. [1] J. Bergstra et al., NeurIPS 24 (2011) 2546-2554.
    .. [2] T. Akiba et al., KDD 2019, arXiv:1907.10902.
    """
    search = settings.search
    if search is None:
        return settings
    import optuna

    path = folder / SEARCH_FILE
    trials = _read_trials(path, settings, search, report)
    study = _open_study(settings, search, trials)
    wanted = min(search.trials, search.size)
    while len(trials) < wanted:
        trial = study.ask(_distributions(search))
        tried = _try(trial, len(trials), settings, search, films, masks, data)
        diverged = tried.log_loss is None
        state = optuna.trial.TrialState.FAIL if diverged else None
        study.tell(trial, tried.log_loss, state)
        trials.append(asdict(tried))
        _write(path, settings, search, trials)
        said = "diverged" if diverged else f"log loss {tried.log_loss:.4f}"
        report(f"trial {len(trials)}/{wanted}: {tried.settings} -> {said}")
    best = _best(trials)
    report(f"the best of {len(trials)} trials is {best}")
    return replace(settings, **best)


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

    chosen = dict(trial.params)
    tried = replace(
        settings,
        **chosen,
        epochs=search.epochs,
        input_px=search.input_px,
        self_supervised_epochs=0,  # they would take longer than the trial
        search=None,
    )
    losses: list[float] = []

    def after_epoch(epoch: int, loss: float) -> None:
        losses.append(loss)
        trial.report(loss, epoch)
        if epoch + 1 < search.epochs and trial.should_prune():
            raise optuna.TrialPruned

    began, pruned = time.monotonic(), False
    try:
        train_classifier(
            films.train, masks, films.validation, tried, data, lambda _: None,
            after_epoch=after_epoch,
        )  # fmt: skip
    except optuna.TrialPruned:
        pruned = True
    seconds = round(time.monotonic() - began, 1)
    kept = tuple(loss if math.isfinite(loss) else None for loss in losses)
    lowest = None if None in kept else min(losses)
    return Trial(number, chosen, lowest, kept, len(losses), pruned, seconds)


def _write(path: Path, settings: RunSettings, search: Search, trials: list[Kept]) -> None:
    kept = {
        "space": _space(search),
        "settings": _held_fixed(settings, search),
        "judged_by": "lowest log loss on the project's validation patients",
        "trials": trials,
    }
    replace_file(path, (json.dumps(kept, indent=1) + "\n").encode())
