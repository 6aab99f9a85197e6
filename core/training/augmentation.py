"""Random changes to training films: exposure, rotation, crop and scale, and what is not lung.

Everything is one batched TensorFlow graph, so that two cores keep up with the network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

JPEG_QUALITY = (30, 95)
"""Of films that are stored again in training: from visibly blocky to hardly changed."""
COARSE_SIDES = (0.5, 0.65, 0.8)
"""Shares of the side to which films are reduced and enlarged again, one of them drawn for each."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Half-widths of uniform draws unless said otherwise; 0 switches a change off.

    Attributes
    ----------
    log_scale, log_aspect : float
        Natural logarithm of the common scale, and of the ratio between the axes.
    shift : float
        Of the film's side.
    zoom : (float, float)
        Ends between which each axis' zoom is drawn by itself, as Keras means it: 0.1 shows a tenth
        of the film ten times larger.
    flip : float
        Probability of a left-right mirror.
    log_gamma, log_contrast, brightness : float
        Exposure; contrast about mid-grey.
    soften : float
        Largest share of the mean of 5 x 5 pixels that is mixed in; up to half of it is taken away
        instead, which sharpens.
    noise, blur, erase, lungs_only : float
        Largest noise sigma; probabilities of a blur, of an erased rectangle, of everything but the
        lungs (with a margin) being replaced by one grey level.
    jpeg : float
        Probability that the film is first stored as JPEG of a quality between `JPEG_QUALITY`.
    other_surroundings : float
        Probability that everything but the lungs (with a margin) is taken from another film.
    coarse : float
        Probability that a film loses its finest detail: see `COARSE_SIDES`.
    """

    rotation_deg: float = 12.0
    log_scale: float = 0.18
    log_aspect: float = 0.12
    shift: float = 0.08
    zoom: tuple[float, float] = (1.0, 1.0)
    flip: float = 0.5
    log_gamma: float = 0.45
    log_contrast: float = 0.3
    brightness: float = 0.15
    noise: float = 0.03
    blur: float = 0.3
    erase: float = 0.4
    lungs_only: float = 0.2
    soften: float = 0.0
    jpeg: float = 0.0
    other_surroundings: float = 0.0
    coarse: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether any change is one of geometry."""
        sizes = (self.rotation_deg, self.log_scale, self.log_aspect, self.shift, self.flip)
        return any(sizes) or self.zoom != (1.0, 1.0)

    @property
    def exposes(self) -> bool:
        """Whether any change is one of exposure, sharpness or noise."""
        tones = (self.log_gamma, self.log_contrast, self.brightness)
        return any((*tones, self.noise, self.blur, self.soften))


PLAIN = Augmentation(
    rotation_deg=0.0,
    log_scale=0.0,
    log_aspect=0.0,
    shift=0.0,
    flip=0.0,
    log_gamma=0.0,
    log_contrast=0.0,
    brightness=0.0,
    noise=0.0,
    blur=0.0,
    erase=0.0,
    lungs_only=0.0,
)
"""No change at all."""


def _transforms(n: Any, px: int, out_px: int, settings: Augmentation) -> Any:
    """Return (n, 8) projective transforms from output to input pixels, about the centre."""
    import tensorflow as tf

    def draw(half_width: float) -> Any:
        return tf.random.uniform((n,), -half_width, half_width)

    angle = draw(settings.rotation_deg * math.pi / 180.0)
    scale, aspect = draw(settings.log_scale), draw(settings.log_aspect) / 2.0
    mirror = tf.where(tf.random.uniform((n,)) < settings.flip, -1.0, 1.0)
    step = px / out_px
    zoom_x, zoom_y = (tf.random.uniform((n,), *settings.zoom) for _ in "xy")
    scale_x = mirror * tf.exp(scale + aspect) * zoom_x * step
    scale_y = tf.exp(scale - aspect) * zoom_y * step
    cos, sin = tf.cos(angle), tf.sin(angle)
    a0, a1 = scale_x * cos, -scale_x * sin
    b0, b1 = scale_y * sin, scale_y * cos
    middle_in, middle_out = (px - 1) / 2.0, (out_px - 1) / 2.0
    a2 = middle_in - (a0 + a1) * middle_out + draw(settings.shift) * px
    b2 = middle_in - (b0 + b1) * middle_out + draw(settings.shift) * px
    zero = tf.zeros((n,))
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def resize_films(films: Any, out_px: int) -> Any:
    """Reduce a batch with a triangle filter, as serving does."""
    import tensorflow as tf

    if films.shape[1] == out_px:
        return films
    return tf.image.resize(films, (out_px, out_px), antialias=True)


def warp(films: Any, masks: Any, out_px: int, settings: Augmentation) -> tuple[Any, Any]:
    """Apply one random geometry to each film and its mask; returns both at ``out_px``."""
    import tensorflow as tf

    n, px = tf.shape(films)[0], films.shape[1]
    matrix = _transforms(n, px, out_px, settings)

    def move(images: Any, interpolation: str, fill: float) -> Any:
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=images,
            transforms=matrix,
            output_shape=[out_px, out_px],
            fill_value=fill,
            interpolation=interpolation,
            fill_mode="CONSTANT",
        )

    return move(films, "BILINEAR", 0.0), move(masks, "NEAREST", 0.0)


def _surroundings(masks: Any) -> Any:
    """Return (N, px, px, 1) where a film is farther than about 10 px from trusted lung.

    Nowhere, where little lung is known. The margin is grown on a grid of 4 x 4 px blocks, which
    costs a tenth of doing it on pixels.
    """
    import tensorflow as tf

    px = masks.shape[1]
    lung = tf.cast(masks > 0.25, tf.float32)
    blocks = tf.nn.max_pool2d(tf.nn.max_pool2d(lung, 4, 4, "SAME"), 5, 1, "SAME")
    near = tf.repeat(tf.repeat(blocks, 4, axis=1), 4, axis=2)[:, :px, :px]
    has_lung = tf.reduce_mean(lung, axis=(1, 2, 3), keepdims=True) > 0.08
    return has_lung & (near < 0.5)


def _change_surroundings(films: Any, masks: Any, settings: Augmentation) -> Any:
    """Put another film's surroundings around some films' lungs, one grey level around others'.

    What is round the lungs then says less of the label (after the mixed backgrounds of Xiao et al.,
    ICLR 2021, arXiv:2006.09994). The other film is the one before in the batch, and what of its own
    lungs lies outside the first film's comes along.
    """
    import tensorflow as tf

    shape = (tf.shape(films)[0], 1, 1, 1)
    outside = _surroundings(masks)
    if settings.other_surroundings > 0.0:
        chosen = tf.random.uniform(shape) < settings.other_surroundings
        films = tf.where(chosen & outside, tf.roll(films, 1, axis=0), films)
    chosen = tf.random.uniform(shape) < settings.lungs_only
    return tf.where(chosen & outside, tf.random.uniform(shape), films)


def _erase_rectangle(films: Any, probability: float) -> Any:
    """Cover one rectangle of up to a quarter of each side, so that no marker is decisive."""
    import tensorflow as tf

    n, px = tf.shape(films)[0], films.shape[1]
    shape = (n, 1, 1, 1)
    rows = tf.reshape(tf.linspace(0.0, 1.0, px), (1, px, 1, 1))
    columns = tf.reshape(rows, (1, 1, px, 1))
    top, left = tf.random.uniform(shape), tf.random.uniform(shape)
    height, width = tf.random.uniform(shape, 0.05, 0.25), tf.random.uniform(shape, 0.05, 0.25)
    inside = (tf.abs(rows - top) < height / 2) & (tf.abs(columns - left) < width / 2)
    chosen = tf.random.uniform(shape) < probability
    return tf.where(chosen & inside, tf.random.uniform(shape), films)


def expose(films: Any, settings: Augmentation) -> Any:
    """Change gamma, contrast, brightness, sharpness and noise of each film at random."""
    import tensorflow as tf

    n = tf.shape(films)[0]
    shape = (n, 1, 1, 1)
    gamma = tf.exp(tf.random.uniform(shape, -settings.log_gamma, settings.log_gamma))
    contrast = tf.exp(tf.random.uniform(shape, -settings.log_contrast, settings.log_contrast))
    offset = tf.random.uniform(shape, -settings.brightness, settings.brightness)
    films = tf.pow(tf.clip_by_value(films, 0.0, 1.0), gamma)
    films = (films - 0.5) * contrast + 0.5 + offset
    smooth = tf.nn.avg_pool2d(films, 3, 1, "SAME")
    films = tf.where(tf.random.uniform(shape) < settings.blur, smooth, films)
    if settings.soften > 0.0:
        share = tf.random.uniform(shape, -settings.soften / 2.0, settings.soften)
        films += share * (tf.nn.avg_pool2d(films, 5, 1, "SAME") - films)
    sigma = tf.random.uniform(shape, 0.0, settings.noise)
    return tf.clip_by_value(films + sigma * tf.random.normal(tf.shape(films)), 0.0, 1.0)


def store_as_jpeg(films: Any, probability: float) -> Any:
    """Store some films of a batch as JPEG and read them again."""
    import tensorflow as tf

    def stored(film: Any) -> Any:
        quality = tf.random.uniform((), *JPEG_QUALITY, dtype=tf.int32)
        return tf.cond(
            tf.random.uniform(()) < probability,
            lambda: tf.image.adjust_jpeg_quality(film, quality),
            lambda: film,
        )

    return tf.ensure_shape(tf.map_fn(stored, films), films.shape)


def coarsen(films: Any, probability: float) -> Any:
    """Reduce some films of a batch and enlarge them again, as films of a smaller original are."""
    import tensorflow as tf

    px = films.shape[1]
    drawn = tf.random.uniform((tf.shape(films)[0], 1, 1, 1)) / probability * len(COARSE_SIDES)
    for number, side in enumerate(COARSE_SIDES):
        smaller = resize_films(films, round(side * px))
        enlarged = tf.image.resize(smaller, (px, px))
        films = tf.where((drawn >= number) & (drawn < number + 1), enlarged, films)
    return films


def augment_films(films: Any, masks: Any, out_px: int, settings: Augmentation) -> tuple[Any, Any]:
    """Change a batch at random.

    Parameters
    ----------
    films : (N, px, px, 1) float32 tensor in [0, 1]
    masks : (N, px, px, 1) float32 tensor
        1 lung, 0 outside, a negative value where the lung is not known.

    Returns
    -------
    films, masks : (N, out_px, out_px, 1) float32 tensors
    """
    if settings.jpeg > 0.0:
        films = store_as_jpeg(films, settings.jpeg)
    if settings.moves:
        films, masks = warp(films, masks, out_px, settings)
    else:
        films, masks = resize_films(films, out_px), resize_films(masks, out_px)
    if settings.lungs_only > 0.0 or settings.other_surroundings > 0.0:
        films = _change_surroundings(films, masks, settings)
    if settings.erase > 0.0:
        films = _erase_rectangle(films, settings.erase)
    if settings.coarse > 0.0:
        films = coarsen(films, settings.coarse)
    return (expose(films, settings) if settings.exposes else films), masks
