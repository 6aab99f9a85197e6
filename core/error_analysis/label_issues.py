"""Films whose label may be wrong: labels that the features contradict, ranked by cleanlab.

A logistic regression on a run's kept features predicts each film from films of other patients, and
confident learning finds the labels that these predictions contradict. The network that the features
come from has seen the labels of its training films: what it learned by heart is not found.

References
----------
.. [1] C. G. Northcutt et al., J. Artif. Intell. Res. 70 (2021) 1373-1411.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from core.datasets.split import Split
from core.domain.model import RunRecord
from core.domain.rate import Rate
from core.errors import DatasetError
from core.language.words import msg
from core.runs.artifacts import read_artifact
from core.runs.embeddings import Space, read_features
from core.stats.intervals import Labels, Scores, wilson_rate
from core.tables import parquet_bytes, read_as_table

ISSUES_FILE = "label_issues.parquet"
FOLDS = 5
SEED = 0
PLANTED_SHARE = 0.05
_COLUMNS = ("film_id", "split", "label", "fold", "probability", "rank")


@dataclass(frozen=True, slots=True)
class PlantedErrors:
    """How well the method finds validation labels that were swapped on purpose.

    Attributes
    ----------
    found : Rate
        Of the exchanged labels, those that were flagged.
    right : Rate
        Of the flagged labels, those that were exchanged; the set's own errors count against it.
    """

    found: Rate
    right: Rate


@dataclass(frozen=True, slots=True, eq=False)
class LabelIssues:
    """N films with out-of-fold predictions of their label; every column is a (N,) ndarray.

    Attributes
    ----------
    label : int64
        As the set states it, 1 for pneumonia.
    fold : int64
        In which the film was predicted; all films of a patient are in one.
    probability : float64
        Of pneumonia, from films of the other folds.
    rank : int64
        1 for the label that is most likely wrong; 0 for one that is not flagged.
    export_sha256 : str
        Of the network that the features come from.
    """

    film_id: npt.NDArray[np.str_]
    split: npt.NDArray[np.str_]
    label: Labels
    fold: Labels
    probability: Scores
    rank: Labels
    planted: PlantedErrors
    export_sha256: str

    def __len__(self) -> int:
        return len(self.film_id)

    @property
    def flagged(self) -> npt.NDArray[np.intp]:
        """Rows of the flagged films, the most doubtful label first."""
        rows = np.flatnonzero(self.rank)
        return np.asarray(rows[np.argsort(self.rank[rows])])


def find_issues(run: RunRecord, split: Split) -> LabelIssues:
    """Rank the labels of training and validation films that a run's features speak against.

    Raises
    ------
    DatasetError
        If the run has no features, or not those of the split's films.
    """
    kept = read_features(run)
    if kept is None:
        raise DatasetError(
            f"Run {run.run_id} has no features yet: make them with "
            f"`python -m core features {run.run_id}`."
        )
    film_id = np.array([*split.train, *split.validation])
    space = kept.places_of(film_id)
    if space is None:
        raise DatasetError(
            f"The features of run {run.run_id} are of other films than the split: make them again "
            f"with `python -m core features {run.run_id}`."
        )
    part = np.repeat(["train", "validation"], [len(split.train), len(split.validation)])
    label = np.array([int("/PNEUMONIA/" in one) for one in film_id.tolist()])
    group = np.array([split.group[one] for one in film_id.tolist()])
    probability, fold = predict_out_of_fold(space, label, group)
    return LabelIssues(
        film_id=film_id,
        split=part,
        label=label,
        fold=fold,
        probability=probability,
        rank=rank_issues(probability, label),
        planted=plant_errors(space, label, group, part == "validation"),
        export_sha256=kept.export_sha256,
    )


def predict_out_of_fold(
    space: Space, label: Labels, group: npt.NDArray[np.str_]
) -> tuple[Scores, Labels]:
    """Predict every film by a logistic regression on films of other patients.

    Parameters
    ----------
    space : (N, D) float64 ndarray
    group : (N,) str ndarray
        Patients; a patient's films are never on both sides.

    Returns
    -------
    probability, fold : (N,) ndarrays
    """
    # Deferred: scikit-learn takes a second to load, and the app reads what was computed.
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    probability, fold = np.empty(len(label)), np.empty(len(label), np.int64)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for number, (train, held_out) in enumerate(folds.split(space, label, group)):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit(space[train], label[train])
        probability[held_out] = model.predict_proba(space[held_out])[:, 1]
        fold[held_out] = number
    return probability, fold


def rank_issues(probability: Scores, label: Labels) -> Labels:
    """Return each film's rank among the labels that confident learning flags, 0 if not flagged.

    Parameters
    ----------
    probability : (N,) float64 ndarray
        Of pneumonia, from films of other patients.
    """
    from cleanlab.filter import find_label_issues  # noqa: PLC0415 (see above)

    rows = find_label_issues(
        label,
        np.stack([1.0 - probability, probability], axis=1),
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    rank = np.zeros(len(label), np.int64)
    rank[rows] = np.arange(1, len(rows) + 1)
    return rank


def plant_errors(
    space: Space, label: Labels, group: npt.NDArray[np.str_], looked_at: npt.NDArray[np.bool_]
) -> PlantedErrors:
    """Exchange some labels at random, and count which of them are flagged.

    Parameters
    ----------
    space, label, group
        As in `predict_out_of_fold`.
    looked_at : (N,) bool ndarray
        Films that are counted: those that the network was not trained on.
    """
    planted = np.random.default_rng(SEED).random(len(label)) < PLANTED_SHARE
    changed = np.where(planted, 1 - label, label)
    flagged = rank_issues(predict_out_of_fold(space, changed, group)[0], changed) > 0
    both = int((planted & flagged & looked_at).sum())
    return PlantedErrors(
        wilson_rate(both, int((planted & looked_at).sum())),
        wilson_rate(both, int((flagged & looked_at).sum())),
    )


def issues_as_parquet(issues: LabelIssues) -> bytes:
    """Return the table as Parquet, with the planted errors in its metadata."""
    counts = {
        name: [round(rate.value * rate.n) if rate.n else 0, rate.n]
        for name, rate in (("found", issues.planted.found), ("right", issues.planted.right))
    }
    about = {"planted": json.dumps(counts), "export_sha256": issues.export_sha256}
    table = pa.table({name: getattr(issues, name) for name in _COLUMNS})
    return parquet_bytes(table.replace_schema_metadata(about), compression="zstd")


def parse_issues(content: bytes) -> LabelIssues:
    """Return the table that `issues_as_parquet` made.

    Raises
    ------
    ModelIntegrity
        If the bytes are not such a table.
    """
    with read_as_table(ISSUES_FILE, msg("label issues"), "label-issues"):
        table = pq.read_table(pa.BufferReader(content))
        about = table.schema.metadata
        counts = json.loads(about[b"planted"])
        columns = {name: table[name].to_numpy() for name in _COLUMNS}
        words = {name: columns.pop(name).astype(np.str_) for name in ("film_id", "split")}
        planted = PlantedErrors(wilson_rate(*counts["found"]), wilson_rate(*counts["right"]))
        return LabelIssues(
            **words, **columns, planted=planted, export_sha256=about[b"export_sha256"].decode()
        )


def read_issues(run: RunRecord) -> LabelIssues | None:
    """Return the label issues that are kept with a run; None if there are none.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If the file is missing, is not the stated one, or is of another export than the run has.
    """
    command = f"python -m core label-issues {run.run_id}"
    remedy = msg("make it again with `{command}`", command=command)
    return read_artifact(run, ISSUES_FILE, parse_issues, remedy)
