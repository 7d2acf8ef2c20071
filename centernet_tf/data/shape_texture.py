"""Colours and textures of the embedded data set."""

import colorsys

import numpy as np
from PIL import Image

# Middle of the hues of each class and their reach to both sides, in turns of the colour wheel. As
# with most things in the world, a shape's colour says much about what it is, and not everything.
_CLASS_HUES = {"circle": 0.0, "square": 0.55, "triangle": 0.28, "star": 0.8}
_HUE_REACH = 0.07


def random_color(rng: np.random.Generator) -> np.ndarray:
    """Returns a muted colour of any hue, float32 [3] RGB in 0..255."""
    rgb = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.35, 0.9))
    return np.float32(rgb) * 255


def class_color(rng: np.random.Generator, name: str) -> np.ndarray:
    """Returns a full colour of the hues of a class, float32 [3] RGB in 0..255."""
    hue = _CLASS_HUES[name] + rng.uniform(-_HUE_REACH, _HUE_REACH)
    rgb = colorsys.hsv_to_rgb(hue % 1.0, rng.uniform(0.55, 0.95), rng.uniform(0.5, 1.0))
    return np.float32(rgb) * 255


def textured_patch(rng: np.random.Generator, color: np.ndarray, size: int) -> np.ndarray:
    """Returns a square in shades of `color`: plain, striped, chequered, dotted or mottled, lit
    from a side.

    Args:
      color: float32 [3] RGB in 0..255.
      size: side of the square in pixels.

    Returns:
      float32 [size, size, 3], about 0..255.
    """
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    y, x = axis[:, None], axis[None, :]
    angle = np.float32(rng.uniform(0, 2 * np.pi))
    along, across = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    frequency = np.float32(rng.uniform(4, 11))
    kind = rng.integers(5)
    if kind == 0:
        pattern = np.zeros((size, size), np.float32)
    elif kind == 1:
        pattern = np.tanh(4 * np.sin(frequency * along))
    elif kind == 2:
        pattern = np.tanh(6 * np.sin(frequency * along) * np.sin(frequency * across))
    elif kind == 3:
        pattern = np.tanh(5 * (np.sin(frequency * along) + np.sin(frequency * across) - 0.8))
    else:
        pattern = smooth_noise(rng, (size, size), cells=6)
    # The second colour is the first one, darker or lighter, so that a shape stays one thing to the
    # eye.
    contrast = np.float32(rng.uniform(0.15, 0.45) * rng.choice([-1, 1]))
    light = 1 + np.float32(rng.uniform(0.1, 0.25)) * (np.sin(angle) * x - np.cos(angle) * y)
    shade = (1 + contrast * (pattern + 1) / 2) * light
    return shade[..., None] * color


def smooth_noise(rng: np.random.Generator, size, cells: int) -> np.ndarray:
    """Returns float32 [height, width] in -1..1 that varies over about `cells` bumps a side."""
    coarse = rng.uniform(-1, 1, [cells, cells]).astype(np.float32)
    fine = Image.fromarray(coarse).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(fine), -1, 1)
