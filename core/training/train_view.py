"""Training of the view network in models/view: frontal films, and what else a film may show.

Frontal films are the public training films, the films of other hospitals whose licence allows it,
and synthetic ones. Other views are synthetic (`core.phantom.views`) or made of real frontal films:
halves, turned and inverted ones. So that what only synthetic films have says nothing of the view,
there are synthetic frontal films as well, and each synthetic film gets the grey levels of a real
one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.datasets.index import index_dataset
from core.datasets.split import read_split
from core.domain.arrays import FloatImage
from core.domain.quality import ShownView
from core.errors import DatasetError
from core.files import sha256_of
from core.gate.lungs import segment_lungs
from core.gate.view import SECOND_LUNG, ViewTest, measure_view
from core.imaging.decoding import decode_radiograph
from core.imaging.preprocessing import standardise_film, stretch_exposure
from core.inference.litert import LiteRTNetwork
from core.phantom.builtin import DRAWING_VERSION
from core.phantom.views import VIEWS, ViewName, draw_view
from core.runs.store import EXPORT_FILE, write_record
from core.stats.intervals import wilson_rate
from core.training.augmentation import Augmentation, augment_films
from core.training.export import export_litert, now, versions
from core.training.films import STORED_PX, Bytes, find_training_set, load_films
from core.training.lung_crop import LUNGS_RUN, open_segmenter, segment_all
from core.training.networks.architectures import build_view_net
from core.training.train_run import new_run_folder
from core.training.training_data import Report

VIEW_RUN = "view"
OTHER_HOSPITALS, ADULTS = "gate_views", "nih_rsna"
PERMISSIVE = frozenset({"CC0", "CC BY", "CC BY 2.0", "CC BY 3.0", "CC BY 4.0"})
"""Licences of films of other hospitals that may be trained on; the others are for measuring."""

FIRST_SEED = {"training": 0, "selection": 10_000, "confirmation": 20_000}
"""Of synthetic films: the limit is chosen on one set of seeds and confirmed on another."""

VIEW_ORDER = tuple(ShownView)
MOST_LIMIT = 0.5
"""The limit on the probability of a frontal view is no higher, however well films keep it."""


@dataclass(frozen=True, slots=True)
class ViewSettings:
    """Everything that decides the view network's weights, with the data's hash.

    Attributes
    ----------
    drawn, held_out : mapping of str to int
        Synthetic films of each view: for training, and in each of the two other sets.
    public_films, made_films : int
        Public frontal films, and films made of real ones for each of half, turned and inverted.
    looks : mapping of str to int
        How many changed copies of a film of each kind the network learns from. Frontal films are
        public, of other hospitals, or synthetic.
    weights : mapping of str to float
        What all copies of a kind count together.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 1e-3
    seed: int = 20
    public_films: int = 1000
    made_films: int = 200
    drawn: dict[str, int] = field(
        default_factory=lambda: {
            "frontal": 100,
            "lateral": 150,
            "oblique": 100,
            "trunk": 60,
            "abdomen": 40,
            "pelvis": 40,
            "coronal": 150,
        }
    )
    held_out: dict[str, int] = field(
        default_factory=lambda: {
            "frontal": 20,
            "lateral": 20,
            "oblique": 20,
            "trunk": 10,
            "abdomen": 7,
            "pelvis": 7,
            "coronal": 20,
        }
    )
    looks: dict[str, int] = field(
        default_factory=lambda: {
            "public": 1,
            "others": 8,
            "synthetic": 4,
            "lateral": 6,
            "oblique": 4,
            "trunk": 4,
            "abdomen": 4,
            "pelvis": 4,
            "coronal": 4,
            "part": 2,
            "turned": 1,
            "inverted": 1,
        }
    )
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "public": 6,
            "others": 6,
            "synthetic": 3,
            "lateral": 5,
            "oblique": 3,
            "trunk": 2,
            "abdomen": 1,
            "pelvis": 1,
            "coronal": 3,
            "part": 2,
            "turned": 1,
            "inverted": 1,
        }
    )
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(
            rotation_deg=8.0, log_gamma=0.6, erase=0.3, lungs_only=0.0, coarse=0.3
        )
    )


@dataclass(frozen=True, slots=True, eq=False)
class ViewFilms:
    """Films of one kind, (N, 224, 224) uint8."""

    view: ShownView
    films: Bytes
    synthetic: bool = False


def draw_films(cache: Path, first_seed: int, wanted: dict[str, int]) -> dict[str, Bytes]:
    """Return synthetic films of each view, drawn once and kept in the cache.

    Returns
    -------
    mapping of str to (N, 224, 224) uint8 ndarray
    """
    folder = cache / "views" / DRAWING_VERSION
    drawn: dict[str, Bytes] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for view in VIEWS:
        films = [
            _drawn_film(folder / f"{view}-{seed}.npy", seed, view)
            for seed in range(first_seed, first_seed + wanted[view])
        ]
        drawn[view] = np.array(films, np.uint8).reshape(-1, STORED_PX, STORED_PX)
    return drawn


def _drawn_film(path: Path, seed: int, view: ViewName) -> Bytes:
    if path.is_file():
        kept: Bytes = np.load(path)
        return kept
    film = _as_bytes(standardise_film(draw_view(seed, view, height_px=STORED_PX)))
    beside = path.with_suffix(".part.npy")
    np.save(beside, film)
    beside.replace(path)
    return film


def _as_bytes(film: npt.NDArray[np.float32]) -> Bytes:
    return np.asarray(np.rint(film * 255.0), np.uint8)


def read_other_hospitals(
    data: Path, *, wanted: str, trainable: bool
) -> Iterator[tuple[str, str, Bytes]]:
    """Decode films of other hospitals.

    Parameters
    ----------
    wanted : str
        ``pass`` for frontal chest films, ``refuse`` for everything else.
    trainable : bool
        True for those whose licence allows training, False for all the others.

    Yields
    ------
    name, kind, film : str, str, (224, 224) uint8 ndarray

    Raises
    ------
    DatasetError
        If the folder is not there.
    """
    manifest = data / OTHER_HOSPITALS / "manifest.csv"
    if not manifest.is_file():
        raise DatasetError(
            f"no films of other hospitals at {manifest}: point FIRSTREAD_DATA there."
        )
    paths = {path.name: path for path in manifest.parent.rglob("*.*")}
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["wanted"] == wanted]
    for row in rows:
        if (wanted == "pass" and row["licence"] in PERMISSIVE) == trainable:
            film = decode_radiograph(paths[row["file"]].read_bytes())
            yield row["file"], row["kind"], _as_bytes(standardise_film(film.pixels))


def cut_halves(films: Bytes, rng: np.random.Generator) -> Bytes:
    """Return films that show one side of the chest only, stretched to the whole width."""
    halves = np.empty_like(films)
    for number, film in enumerate(films):
        width = round(rng.uniform(0.38, 0.55) * STORED_PX)
        left = 0 if rng.random() < 0.5 else STORED_PX - width
        part = film[:, left : left + width].astype(np.float32) / np.float32(255.0)
        halves[number] = _as_bytes(standardise_film(part))
    return halves


def lend_greys(film: Bytes, lender: Bytes) -> Bytes:
    """Return a film with the grey levels of another, from the darkest to the brightest."""
    places = np.linspace(0, 100, 65)
    levels, wanted = np.percentile(film, places), np.percentile(lender, places)
    return np.asarray(np.interp(film, levels, wanted), np.uint8)


def gather_films(
    settings: ViewSettings, data: Path, cache: Path, models: Path, report: Report
) -> dict[str, ViewFilms]:
    """Return the films of each kind to train on."""
    rng = np.random.default_rng(settings.seed)
    index = index_dataset(find_training_set(data))
    train = read_split(models / "split.json", index).train
    chosen = [train[number] for number in rng.permutation(len(train))[: settings.public_films]]
    report(f"decoding {len(chosen)} public films")
    public = load_films(index, chosen).films
    others = np.array(
        [film for *_, film in read_other_hospitals(data, wanted="pass", trainable=True)]
    )
    report(f"drawing {sum(settings.drawn.values())} synthetic films, unless they are there")
    drawn = draw_films(cache, FIRST_SEED["training"], settings.drawn)
    real = np.concatenate([public[: 2 * settings.made_films], others])

    def some() -> Bytes:
        return real[rng.permutation(len(real))[: settings.made_films]]

    turned = np.array(
        [np.rot90(film, 1 + number % 3) for number, film in enumerate(some())], np.uint8
    )
    made = {
        "public": (ShownView.FRONTAL, public, False),
        "others": (ShownView.FRONTAL, others, False),
        "synthetic": (ShownView.FRONTAL, drawn.pop("frontal"), True),
        **{view: (ShownView(view), films, True) for view, films in drawn.items()},
        "part": (ShownView.PART, cut_halves(some(), rng), False),
        "turned": (ShownView.TURNED, turned, False),
        "inverted": (ShownView.INVERTED, 255 - some(), False),
    }
    return {kind: ViewFilms(*made_of) for kind, made_of in made.items()}


def describe_looks(
    pools: dict[str, ViewFilms], settings: ViewSettings, segmenter: LiteRTNetwork, report: Report
) -> tuple[FloatImage, npt.NDArray[np.int64], FloatImage]:
    """Change each film at random as often as the settings say; return what the segmenter makes.

    Returns
    -------
    features : (N, F) float32 ndarray
    views : (N,) int64 ndarray
        Positions in `VIEW_ORDER`.
    weights : (N,) float32 ndarray
        What each copy counts.
    """
    import tensorflow as tf

    rng, px = np.random.default_rng(settings.seed), segmenter.input_shape[0]
    features, views, weights = [], [], []
    for kind, pool in pools.items():
        report(f"{kind}: {settings.looks[kind]} looks at {len(pool.films)} films")
        for _ in range(settings.looks[kind]):
            for start in range(0, len(pool.films), settings.batch):
                films = np.array(
                    [
                        _lent(film, pools, rng) if pool.synthetic else film
                        for film in pool.films[start : start + settings.batch]
                    ]
                )
                batch = tf.constant(films[..., np.newaxis].astype(np.float32) / 255.0)
                changed, _ = augment_films(batch, batch, px, settings.augmentation)
                for film in np.asarray(changed)[..., 0]:
                    seen = stretch_exposure(film)
                    features.append(segment_lungs(seen, segmenter).features)
        count = settings.looks[kind] * len(pool.films)
        views += [VIEW_ORDER.index(pool.view)] * count
        weights += [settings.weights[kind] / count] * count
    scale = len(weights) / sum(weights)
    return np.array(features), np.array(views), np.array(weights, np.float32) * np.float32(scale)


def _lent(film: Bytes, pools: dict[str, ViewFilms], rng: np.random.Generator) -> Bytes:
    if rng.random() < 0.4:
        return film
    lenders = pools["others" if rng.random() < 0.5 else "public"].films
    return lend_greys(film, lenders[rng.integers(len(lenders))])


def train_view_net(
    features: FloatImage,
    views: npt.NDArray[np.int64],
    weights: FloatImage,
    settings: ViewSettings,
) -> Any:
    """Train the view network, seeded.

    Parameters
    ----------
    features, views, weights
        From `describe_looks`.

    Returns
    -------
    keras.Model
    """
    import keras

    keras.utils.set_random_seed(settings.seed)
    deviation = np.maximum(features.std(axis=0), 1e-3)
    model = build_view_net(features.mean(axis=0), deviation, len(VIEW_ORDER))
    model.compile(
        optimizer=keras.optimizers.AdamW(settings.learning_rate, weight_decay=1e-3),
        loss={"views": keras.losses.SparseCategoricalCrossentropy()},
    )
    model.fit(
        features,
        {"views": views},
        sample_weight=weights,
        epochs=settings.epochs,
        batch_size=settings.batch,
        verbose=0,
    )
    return model


def choose_limit(frontal: npt.NDArray[np.float64]) -> float:
    """Return the least probability of a frontal view that real frontal validation films keep.

    Parameters
    ----------
    frontal : (N,) float64 ndarray
        Of validation films and synthetic selection films; one in a thousand may lie below.
    """
    return float(min(MOST_LIMIT, np.quantile(frontal, 0.001)))


def _ask(
    films: Bytes, network: LiteRTNetwork, segmenter: LiteRTNetwork
) -> list[tuple[float, float]]:
    """Return each film's probability of a frontal view, and the size of its second lung."""
    test = ViewTest(network, VIEW_ORDER, 0.0)
    evidence = [measure_view(lungs, test) for lungs in segment_all(films, segmenter)]
    return [(each.likeness[ShownView.FRONTAL], each.second_lung) for each in evidence]


def _refused(answers: list[tuple[float, float]], limit: float) -> dict[str, Any]:
    """Return how many are refused by the network and by the second lung together."""
    refused = sum(frontal < limit or second < SECOND_LUNG for frontal, second in answers)
    by_network = sum(frontal < limit for frontal, _ in answers)
    return asdict(wilson_rate(refused, len(answers))) | {"by_network": by_network}


def measure_view_net(
    network: LiteRTNetwork,
    settings: ViewSettings,
    data: Path,
    cache: Path,
    models: Path,
    report: Report,
) -> tuple[float, dict[str, Any]]:
    """Choose the limit, then measure each kind of film that was not trained on."""
    segmenter = open_segmenter(models)
    index = index_dataset(find_training_set(data))
    split = read_split(models / "split.json", index)

    def ask(films: Bytes) -> list[tuple[float, float]]:
        return _ask(films, network, segmenter)

    selection = draw_films(cache, FIRST_SEED["selection"], settings.held_out)
    report("choosing the limit on validation films and the first held-out synthetic films")
    validation = ask(load_films(index, split.validation).films)
    drawn = {view: ask(films) for view, films in selection.items()}
    frontal = np.array([answer for answer, _ in [*validation, *drawn["frontal"]]], np.float64)
    limit = choose_limit(frontal)
    measured: dict[str, Any] = {
        "public validation films": _refused(validation, limit),
        "synthetic films, selection": {v: _refused(a, limit) for v, a in drawn.items()},
    }
    report("measuring films that nothing was chosen on")
    confirmation = draw_films(cache, FIRST_SEED["confirmation"], settings.held_out)
    measured["synthetic films, confirmation"] = {
        view: _refused(ask(films), limit) for view, films in confirmation.items()
    }
    measured["official test films"] = _refused(ask(load_films(index, split.test).films), limit)
    adults = sorted((data / ADULTS / "images").glob("*.jpg"))
    films = [_as_bytes(standardise_film(decode_radiograph(p.read_bytes()).pixels)) for p in adults]
    if films:
        measured["adults (NIH)"] = _refused(ask(np.array(films)), limit)
    for wanted in ("pass", "refuse"):
        kinds: dict[str, list[Bytes]] = {}
        for _, kind, film in read_other_hospitals(data, wanted=wanted, trainable=False):
            kinds.setdefault(kind, []).append(film)
        measured[f"other hospitals, wanted: {wanted}"] = {
            kind: _refused(ask(np.array(films)), limit) for kind, films in sorted(kinds.items())
        }
    return limit, measured


def make_view(data: Path, cache: Path, models: Path, report: Report) -> Path:
    """Train the view network from start to its folder.

    Raises
    ------
    DatasetError
        If the run exists, or films or starting weights are missing.
    """
    folder, settings = new_run_folder(models, VIEW_RUN), ViewSettings()
    pools = gather_films(settings, data, cache, models, report)
    model = train_view_net(
        *describe_looks(pools, settings, open_segmenter(models), report), settings
    )
    report("exporting to LiteRT")
    export_litert(model, folder / EXPORT_FILE)
    network = LiteRTNetwork((folder / EXPORT_FILE).read_bytes(), threads=2)
    limit, measured = measure_view_net(network, settings, data, cache, models, report)
    manifest = data / OTHER_HOSPITALS / "manifest.csv"
    record = {
        "run_id": VIEW_RUN,
        "sentence": "View network of the quality gate, on the lung segmenter's features.",
        "created": now(),
        "views": [str(view) for view in VIEW_ORDER],
        "limits": {"least_frontal": limit},
        "trained_on": {
            kind: {"view": str(pool.view), "n": len(pool.films), "synthetic": pool.synthetic}
            for kind, pool in pools.items()
        },
        "metrics": measured,
        "settings": asdict(settings),
        "data": {
            "index_sha256": index_dataset(find_training_set(data)).sha256,
            "split_sha256": sha256_of(models / "split.json"),
            "other_hospitals_sha256": sha256_of(manifest),
            "licences": sorted(PERMISSIVE),
            "segmenter_sha256": sha256_of(models / LUNGS_RUN / EXPORT_FILE),
            "drawing": DRAWING_VERSION,
            "seeds": FIRST_SEED,
        },
        "versions": versions(),
    }
    write_record(folder, record)
    return folder.rename(models / VIEW_RUN)
