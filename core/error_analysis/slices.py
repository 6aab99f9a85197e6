"""Which slices of the films are looked at for failures: the whole space, declared in one place.

Single slices by `ATTRIBUTES`, all pairs of slices of two attributes, and clusters in feature space.
Thirds are cut once, on the films that are searched, so that a slice means the same on any others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from core.datasets.film_metadata import FilmFacts
from core.error_analysis.names import name_text
from core.language.numbers import number
from core.language.words import msg, tr
from core.runs.embeddings import Space
from core.runs.predictions import FilmTable, Predictions
from core.runs.tertiles import CutPoints, Third, cut_thirds, place_in_thirds
from core.stats.intervals import Labels, Mask, Scores

NUMBERS_OF_CLUSTERS = range(3, 9)
CLASSES = {"pneumonia": 1, "normal": 0}
FILMS_OF = {"pneumonia": msg("pneumonia films"), "normal": msg("normal films")}
"""What the films of a class are called."""
SEED = 0
STARTS = 5
RULE = msg(
    "k-means clusters within each class, in the feature space after removing its correlation with "
    "the score; of {fewest} to {most} clusters the number with the largest mean silhouette",
    fewest=NUMBERS_OF_CLUSTERS[0],
    most=NUMBERS_OF_CLUSTERS[-1],
)
THIRDS = ("low", "middle", "high")
MEASURED: Mapping[str, tuple[str, Callable[[FilmTable], npt.NDArray[np.float64]]]] = {
    "size": (msg("original's short side"), lambda films: films.short_side_px),
    "contrast": (msg("contrast"), lambda films: films.contrast),
    "exposure": (msg("exposure (median grey)"), lambda films: films.median_grey),
    "sharpness": (msg("sharpness"), lambda films: films.sharpness),
}
GROUP, MOST_VALUES = "group", 12
ATTRIBUTES = ("subtype", *MEASURED, "finding", "age")
"""A slice's key begins with one of these; findings are the quality gate's.

Slices by what a site's labels tell films apart begin with `GROUP` and the column's number.
"""
PAIR = "+"
SPACE_WORDS = msg(
    "subtype, the quality gate's findings, age and groups where they are stated, and thirds of the "
    "original's short side, contrast, exposure and sharpness (cut on the films that are searched); "
    "in all pairs of subgroups of two of these"
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
        """
        found = {}
        for name, clusters in self.of_class.items():
            nearest = clusters.nearest(space, logit)
            for place in range(len(clusters.centres)):
                chosen: Mask = (nearest == place) & (label == CLASSES[name])
                found[f"{name}-cluster-{place + 1}"] = chosen
        return found


def find_clusters(space: Space, logit: Scores, label: Labels) -> Clusters:
    """Cluster the films of each class; a class with too few distinct films has none.

    Parameters
    ----------
    space : (N, D) float64 ndarray
        Places in a network's feature space.

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


@dataclass(frozen=True, slots=True, eq=False)
class FilmGroup:
    """One column by which a site's labels tell films apart, such as ward.

    Attributes
    ----------
    values : tuple of str
        In order; empty cells belong to none.
    of_film : mapping of str to str
        By film.
    """

    name: str
    values: tuple[str, ...]
    of_film: Mapping[str, str]


def group_films(name: str, of_film: Mapping[str, str]) -> FilmGroup | None:
    """Return a column as slices; None where it has one value, or too many to be groups."""
    values = tuple(sorted({value for value in of_film.values() if value}))
    return FilmGroup(name, values, of_film) if 1 < len(values) <= MOST_VALUES else None


@dataclass(frozen=True, slots=True, eq=False)
class SliceSpace:
    """What decides which slice a film is in.

    Attributes
    ----------
    cuts : CutPoints
        By key of `MEASURED`.
    clusters : Clusters or None
        None where the network's features are not known.
    """

    cuts: CutPoints
    facts: FilmFacts
    clusters: Clusters | None = None
    groups: tuple[FilmGroup, ...] = ()

    def members(self, predictions: Predictions, space: Space | None = None) -> dict[str, Mask]:
        """Return which of N films each slice holds, by the slice's key; empty slices too.

        Parameters
        ----------
        predictions : Predictions
            Of the films.
        space : (N, D) float64 ndarray, optional
            Where these films lie; without it there are no clusters.
        """
        films = predictions.films
        singles = self._singles(films)
        found = dict(singles)
        for first, second in combinations(singles, 2):
            if attribute_of(first) != attribute_of(second):
                found[first + PAIR + second] = singles[first] & singles[second]
        if self.clusters is not None and space is not None:
            found |= self.clusters.members(space, predictions.logit, films.label)
        return found

    def _singles(self, films: FilmTable) -> dict[str, Mask]:
        singles = {
            f"subtype-{name}": np.asarray(films.subtype == name)
            for name in np.unique(films.subtype).tolist()
            if name
        }
        for quality, cuts in self.cuts.items():
            third = place_in_thirds(MEASURED[quality][1](films), cuts)
            for place, name in enumerate(Third):
                singles[f"{quality}-{name}"] = np.asarray(third == place)
        findings = self.facts.column_of("findings", films.film_id)
        for code in sorted({code for codes in findings.tolist() for code in codes.split()}):
            held = [code in codes.split() for codes in findings.tolist()]
            singles[f"finding-{code}"] = np.array(held, np.bool_)
        bands = self.facts.column_of("age_band", films.film_id)
        for band in sorted({band for band in bands.tolist() if band}):
            singles[f"age-{band}"] = np.asarray(bands == band)
        for number_of, group in enumerate(self.groups):
            stated = np.array([group.of_film.get(film, "") for film in films.film_id.tolist()])
            for place, value in enumerate(group.values):
                singles[f"{GROUP}{number_of}-{place}"] = np.asarray(stated == value)
        return singles

    def words_of(self, key: str) -> str:
        """Return a slice's key in words, with the cuts that a third lies between."""
        return ", ".join(self._single_words(single) for single in key.split(PAIR))

    def _single_words(self, key: str) -> str:
        attribute, _, value = key.partition("-")
        if attribute in CLASSES:
            kind, _, place = value.partition("-")
            named = tr("cluster {number}", number=place) if kind == "cluster" else value
            return tr(
                "{films}, {cluster} of {clusters}",
                films=tr(FILMS_OF[attribute]),
                cluster=named,
                clusters=self._clusters_of(attribute),
            )
        of_groups = self._group_words()
        if key in of_groups:
            return of_groups[key]
        if attribute in self.cuts:
            return self._range_words(attribute, value)
        if attribute == "subtype":
            return tr("{subtype} pneumonia", subtype=name_text(value))
        if attribute == "finding":
            return tr("gate: {finding}", finding=name_text(value))
        return name_text(value) if attribute == "age" else key

    def _group_words(self) -> dict[str, str]:
        return {
            f"{GROUP}{number_of}-{place}": f"{group.name}: {value}"
            for number_of, group in enumerate(self.groups)
            for place, value in enumerate(group.values)
        }

    def _clusters_of(self, name: str) -> int:
        found = {} if self.clusters is None else self.clusters.of_class
        return len(found[name].centres) if name in found else 0

    def _range_words(self, quality: str, third: str) -> str:
        words = tr(MEASURED[quality][0])
        low, high = (_number(cut) for cut in self.cuts[quality])
        if third == "low":
            return tr("{quality} below {limit}", quality=words, limit=low)
        if third == "middle":
            return tr("{quality} {low} to {high}", quality=words, low=low, high=high)
        if third == "high":
            return tr("{quality} {limit} and above", quality=words, limit=high)
        return f"{words} {third}"


def _number(cut: float) -> str:
    if cut >= 10.0:
        return f"{cut:.0f} px"
    return number(cut, ".4f" if cut < 0.2 else ".2f")


def attribute_of(key: str) -> str:
    """Return the attribute that a single slice is of."""
    return key.partition("-")[0]


def declare_space(
    predictions: Predictions,
    facts: FilmFacts,
    space: Space | None = None,
    groups: tuple[FilmGroup, ...] = (),
) -> SliceSpace:
    """Cut thirds and find clusters on the films that are searched.

    Parameters
    ----------
    predictions : Predictions
        Of the films that are searched.
    space : (N, D) float64 ndarray, optional
        Where these films lie in the feature space of the network that said it.
    """
    cuts = cut_thirds(
        predictions.films, {name: values_of for name, (_, values_of) in MEASURED.items()}
    )
    clusters = (
        None if space is None else find_clusters(space, predictions.logit, predictions.films.label)
    )
    return SliceSpace(cuts, facts, clusters, groups)
