"""A few synthetic films, networks and settings that train in seconds."""

from pathlib import Path

import numpy as np
from kermany_stand_in import draw_film, encode_film, write_bytes
from PIL import Image

from core.dataset import find_duplicates, index_dataset, split_dataset, write_split
from core.domain import FloatImage
from core.preprocessing import stretch_exposure
from core.training.films import Bytes
from core.training.run_settings import RunSettings

TINY = RunSettings(
    name="tiny",
    sentence="A few synthetic films.",
    input_px=32,
    epochs=2,
    batch=8,
    learning_rate=0.01,
    seed=22,
    ema_momentum=0.5,
)


def smooth_films(n: int, px: int, seed: int) -> Bytes:
    """Return (n, px, px) uint8 films of smooth noise, stretched as stored films are.

    Five by five soft patches of high contrast: the served run tells such films apart, while finer
    or fainter noise looks like the same pneumonia to it throughout.
    """
    rng = np.random.default_rng(seed)
    films = np.empty((n, px, px), np.uint8)
    for position in range(n):
        coarse = Image.fromarray(rng.random((5, 5), dtype=np.float32))
        smooth = np.asarray(coarse.resize((px, px), Image.Resampling.BICUBIC))
        film = stretch_exposure(np.clip(4.0 * (smooth - 0.5) + 0.5, 0.0, 1.0))
        films[position] = np.rint(film * 255.0)
    return films


def grey_inputs(films: Bytes) -> FloatImage:
    """Return stored films as a (N, px, px, 1) float32 batch without resizing."""
    return films[..., np.newaxis].astype(np.float32) / np.float32(255.0)


def draw_ill_film(seed: int) -> Image.Image:
    """Return a film of noise with one white patch at a place that depends on the seed."""
    film = np.array(draw_film(seed))
    top, left = np.random.default_rng(seed).integers(10, 50, 2)
    film[top : top + 30, left : left + 30] = 255
    return Image.fromarray(film)


def write_tiny_set(data: Path, models: Path) -> None:
    """Write films as the published set lays them out, masks, external films, and the split.

    One film of the official test has the number of a patient in train; masks know nothing.
    """
    source = data / "kermany224"
    names = []
    for part, n in (("train", 20), ("test", 4)):
        for number in range(n):
            seed = number + 1000 * (part == "test")
            normal = f"{part}/NORMAL/IM-{seed:04}-0001.jpeg"
            kind = "bacteria" if number % 2 else "virus"
            patient = 0 if seed == 1000 else seed
            ill = f"{part}/PNEUMONIA/person{patient}_{kind}_{seed}.jpeg"
            names += [normal, ill]
            write_bytes(source / normal, encode_film(draw_film(seed)))
            write_bytes(source / ill, encode_film(draw_ill_film(seed + 500)))
    write_masks(data / "kermany_lung_masks", names)
    write_external_films(data / "nih_rsna")
    index = index_dataset(source)
    split = split_dataset(index, find_duplicates(index), validation_fraction=0.4)
    write_split(split, models / "split.json")


def write_masks(folder: Path, film_ids: list[str]) -> None:
    """Write a manifest of the films' original sizes, and one mask that is unknown throughout."""
    write_bytes(folder / "unknown.png", encode_film(Image.new("L", (224, 224), 127), 0, "PNG"))
    rows = ["image_name,file,match_confidence,orig_h,orig_w"]
    for place, film_id in enumerate(film_ids):
        trust = "low" if place == len(film_ids) - 1 else "high"
        rows.append(f"{Path(film_id).name},unknown.png,{trust},{600 + 20 * place},1400")
    write_bytes(folder / "manifest.csv", "\n".join(rows).encode())


def write_external_films(folder: Path) -> None:
    """Write five adult films, the last one without a radiologist's class."""
    rows = ["file,patient_id,rsna_class,orig_h,orig_w"]
    classes = ["Lung Opacity", "Normal", "Lung Opacity", "No Lung Opacity / Not Normal", ""]
    for seed, radiologists in enumerate(classes, 2000):
        rows.append(f"images/{seed}.png,{seed // 2},{radiologists},1024,1024")
        write_bytes(folder / f"images/{seed}.png", encode_film(draw_film(seed), 0, "PNG"))
    write_bytes(folder / "manifest.csv", "\n".join(rows).encode())


def build_small_network(architecture: str, input_px: int, dropout: float, weights: Path | None):
    """Build a network with the layers that a run needs, small enough to train in a second."""
    import keras

    film = keras.Input((input_px, input_px, 1), name="film")
    x = keras.layers.Conv2D(4, 5, strides=2, activation="relu")(film)
    x = keras.layers.GlobalMaxPooling2D(name="features")(x)
    x = keras.layers.Dropout(dropout)(x)
    return keras.Model(film, keras.layers.Dense(1, name="logit")(x), name="small")


def flat_weights(model) -> np.ndarray:
    """Return all weights of a network as one vector."""
    return np.concatenate([np.asarray(weight).ravel() for weight in model.get_weights()])


def say_nothing(line: str) -> None:
    """Take a line of progress and drop it."""
