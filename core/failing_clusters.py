"""Groups of like films in a network's feature space, within each class by the reference standard.

The score is made of the features, so that films of one score lie together and a cluster of low
scores fails by construction. What each axis shares with the score is therefore taken out first:
the clusters are of what films look like to the network beside how suspicious they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.film_features import Space
from core.statistics import Labels, Mask, Scores

NUMBERS_OF_CLUSTERS = range(3, 9)
CLASSES = {"pneumonia": 1, "normal": 0}
SEED = 0
STARTS = 5
RULE = (
    "clusters by k-means within each class, in the feature space less what its axes share with "
    f"the score; of {NUMBERS_OF_CLUSTERS[0]} to {NUMBERS_OF_CLUSTERS[-1]} clusters the number with "
    "the largest mean silhouette"
)


@dataclass(frozen=True, slots=True, eq=False)
class ClassClusters:
    """The clusters of one class, the largest first.

    Attributes
    ----------
    slope : (D,) float64 ndarray
        By how much each axis rises with a logit.
    centres : (K, D) float64 ndarray
    """

    slope: npt.NDArray[np.float64]
    centres: Space

    def nearest(self, space: Space, logit: Scores) -> npt.NDArray[np.intp]:
        """Return the number of the nearest centre of each of N films."""
        beside = space - np.outer(logit, self.slope)
        apart = np.linalg.norm(beside[:, np.newaxis] - self.centres, axis=2)
        return np.asarray(apart.argmin(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The clusters of each class that has any, by the name of the class."""

    of_class: Mapping[str, ClassClusters]

    def members(self, space: Space, logit: Scores, label: Labels) -> dict[str, Mask]:
        """Return which films each cluster holds, by a key such as ``normal-cluster-2``.

        A film belongs to the nearest centre of its own class.

        Parameters
        ----------
        space : (N, D) float64 ndarray
        logit : (N,) float64 ndarray
        label : (N,) int64 ndarray
        """
        found = {}
        for name, clusters in self.of_class.items():
            nearest = clusters.nearest(space, logit)
            for number in range(len(clusters.centres)):
                chosen: Mask = (nearest == number) & (label == CLASSES[name])
                found[f"{name}-cluster-{number + 1}"] = chosen
        return found


def find_clusters(space: Space, logit: Scores, label: Labels) -> Clusters:
    """Cluster the films of each class; a class with too few distinct films has none.

    Parameters
    ----------
    space : (N, D) float64 ndarray
        Places in a network's feature space.
    logit : (N,) float64 ndarray
    label : (N,) int64 ndarray
        1 for pneumonia.

    References
    ----------
    .. [1] P. J. Rousseeuw, J. Comput. Appl. Math. 20 (1987) 53-65: the silhouette.
    """
    found = {}
    for name, value in CLASSES.items():
        here = label == value
        if len(np.unique(space[here], axis=0)) > NUMBERS_OF_CLUSTERS[-1]:
            slope = _slope(space[here], logit[here])
            beside = space[here] - np.outer(logit[here], slope)
            found[name] = ClassClusters(slope, _best_centres(beside))
    return Clusters(found)


def _slope(space: Space, logit: Scores) -> npt.NDArray[np.float64]:
    """Return each axis's least-squares slope on the logit."""
    centred = logit - logit.mean()
    spread = float(centred @ centred)
    slope: npt.NDArray[np.float64] = centred @ space / (spread or 1.0)
    return slope


def _best_centres(space: Space) -> Space:
    # Deferred: scikit-learn takes a second to load, and few pages need it.
    from sklearn.cluster import KMeans  # noqa: PLC0415
    from sklearn.metrics import silhouette_score  # noqa: PLC0415

    fits = [KMeans(k, n_init=STARTS, random_state=SEED).fit(space) for k in NUMBERS_OF_CLUSTERS]
    scores = [silhouette_score(space, fit.labels_) for fit in fits]
    best = fits[int(np.argmax(scores))]
    sizes = np.bincount(best.labels_)
    centres: Space = best.cluster_centers_[np.argsort(-sizes, kind="stable")]
    return centres
