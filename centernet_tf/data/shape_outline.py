"""Outlines of the embedded data set: four classes, and shapes that are none of them."""

import math

import numpy as np

# In the order of the category ids 1 to 4.
CLASS_NAMES = ("circle", "square", "triangle", "star")


def class_outline(name: str) -> np.ndarray:
    """Returns the corners of a class, float64 [N, 2] (y, x), on or within the unit circle."""
    if name == "circle":
        return _on_circle(48, 1.0)
    if name == "square":
        return _on_circle(4, 1.0)
    if name == "triangle":
        return _on_circle(3, 1.0)
    radii = np.tile([1.0, 0.45], 5)
    return _on_circle(10, radii)


def distractor_outline(rng: np.random.Generator) -> np.ndarray:
    """Returns a blob, pinwheel, crescent or rod within the unit circle, float64 [N, 2] (y, x)."""
    kind = rng.integers(4)
    if kind == 0:
        return _blob(rng)
    if kind == 1:
        return _pinwheel(rng.uniform(0.2, 0.35))
    if kind == 2:
        return _crescent(rng.uniform(0.3, 0.6))
    return np.array([[-0.1, -1.0], [-0.1, 1.0], [0.1, 1.0], [0.1, -1.0]]) * [
        rng.uniform(0.6, 1.6),
        1,
    ]


def rotate(outline: np.ndarray, angle: float) -> np.ndarray:
    """Turns corners [N, 2] (y, x) around the origin by `angle` radians."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return outline @ np.array([[cosine, sine], [-sine, cosine]])


def _on_circle(corners: int, radii) -> np.ndarray:
    angles = 2 * np.pi * np.arange(corners) / corners
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1) * np.reshape(radii, [-1, 1])


def _blob(rng: np.random.Generator) -> np.ndarray:
    angles = 2 * np.pi * np.arange(40) / 40
    waves = sum(
        rng.uniform(0.05, 0.22) * np.sin(order * angles + rng.uniform(0, 2 * np.pi))
        for order in (2, 3, 5)
    )
    return _on_circle(40, (1 + waves) / 1.4)


def _pinwheel(half_width: float) -> np.ndarray:
    quarter = np.array([[half_width, half_width], [half_width, 1.0], [-half_width, 1.0]])
    return np.concatenate([rotate(quarter, -turn * np.pi / 2) for turn in range(4)]) * 0.95


def _crescent(thickness: float) -> np.ndarray:
    angles = np.linspace(0.3, 2 * np.pi - 0.3, 30)
    outer = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    inner = outer[::-1] * (1 - thickness) + [0, thickness * 0.7]
    return np.concatenate([outer, inner])
