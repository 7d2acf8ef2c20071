"""One picture of the embedded data set: textured shapes on a cluttered background."""

import dataclasses
import math
from typing import List, Tuple

import numpy as np
from PIL import Image, ImageDraw

from centernet_tf.data.shape_outline import (
    CLASS_NAMES,
    class_outline,
    distractor_outline,
    rotate,
)
from centernet_tf.data.shape_texture import random_color, smooth_noise, textured_patch

# Diameter of the circle around a shape, as part of the shorter side of the picture.
_SMALLEST, _LARGEST = 0.13, 0.45
_MAX_SHAPES = 6
# Every shape keeps at least this part of itself in sight.
_VISIBLE = 0.65
# Masks are drawn this much larger and averaged, for smooth edges.
_OVERSAMPLING = 3


@dataclasses.dataclass(frozen=True)
class DrawnShape:
    """What is visible of a shape: class name, box (ymin, xmin, ymax, xmax) and area in pixels."""

    name: str
    box_px: Tuple[int, int, int, int]
    area: int


def draw_scene(
    rng: np.random.Generator, height: int, width: int
) -> Tuple[Image.Image, List[DrawnShape]]:
    """Draws a picture with one to six shapes of the classes, some of them partly hidden or cut off.

    Returns:
      The RGB image, and its shapes; boxes are tight around the pixels in sight.
    """
    canvas = _background(rng, height, width)
    owner = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(3, 9)):
        _add_distractor(rng, canvas)
    shapes = []
    # Large shapes lie below small ones, which they would hide.
    scales = np.exp(
        rng.uniform(math.log(_SMALLEST), math.log(_LARGEST), rng.integers(1, _MAX_SHAPES + 1))
    )
    for scale in sorted(scales, reverse=True):
        name = CLASS_NAMES[rng.integers(len(CLASS_NAMES))]
        if _add_shape(
            rng, canvas, owner, len(shapes) + 1, name, scale * min(height, width) / 2, shapes
        ):
            shapes.append(name)
    canvas += rng.standard_normal((height, width, 1), np.float32) * rng.uniform(1, 7)
    image = Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
    return image, [_visible(owner, index, name) for index, name in enumerate(shapes, start=1)]


def _background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns a mottled gradient between two muted colours, crossed by lines; float32 [H, W, 3]."""
    ends = [random_color(rng) * rng.uniform(0.5, 1.0) for _ in range(2)]
    grey = float(rng.uniform(40, 200))
    ends = [0.5 * end + 0.5 * grey for end in ends]
    angle = rng.uniform(0, 2 * np.pi)
    ramp = (
        np.cos(angle) * np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
        + np.sin(angle) * np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
        + 0.5
    )
    ramp += 0.25 * smooth_noise(rng, (height, width), cells=int(rng.integers(3, 12)))
    image = ends[0] + ramp[..., None] * (ends[1] - ends[0])
    image += rng.uniform(4, 22) * smooth_noise(rng, (height, width), cells=32)[..., None]
    image = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 10)):
        ends_px = [(int(x), int(y)) for x, y in rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)]
        draw.line(ends_px, tuple(random_color(rng).astype(int)), int(rng.integers(1, 4)))
    return np.asarray(image).astype(np.float32)


def _add_distractor(rng: np.random.Generator, canvas: np.ndarray) -> None:
    height, width = canvas.shape[:2]
    center = rng.uniform(0, 1, 2) * (height, width)
    radius = rng.uniform(0.03, 0.16) * min(height, width)
    outline = rotate(distractor_outline(rng), rng.uniform(0, 2 * np.pi)) * radius
    alpha, window = _mask(outline, center, height, width)
    if alpha.size:
        _paint(rng, canvas, alpha, window, random_color(rng), opacity=rng.uniform(0.5, 1.0))


def _add_shape(rng, canvas, owner, index: int, name: str, radius: float, below: list) -> bool:
    """Draws a shape where it and those below stay in sight; says whether a place was found."""
    height, width = owner.shape
    outline = class_outline(name) * radius
    for _ in range(12):
        turned = rotate(outline, rng.uniform(0, 2 * np.pi))
        alpha, window = _mask(turned, rng.uniform(0, 1, 2) * (height, width), height, width)
        covered = alpha > 0.5
        if covered.sum() < _VISIBLE * _polygon_area(outline):
            continue
        hidden = np.bincount(owner[window][covered], minlength=index)
        sizes = np.bincount(owner.ravel(), minlength=index)
        if any(hidden[other] > (1 - _VISIBLE) * sizes[other] for other in range(1, index)):
            continue
        owner[window][covered] = index
        _paint(rng, canvas, alpha, window, _contrasting(rng, canvas[window][covered]), opacity=1.0)
        return True
    return False


def _contrasting(rng: np.random.Generator, behind: np.ndarray) -> np.ndarray:
    """Returns the one of three random colours that stands out most from the pixels behind it."""
    colors = [random_color(rng) for _ in range(3)]
    return max(colors, key=lambda color: float(np.abs(color - behind.mean(axis=0)).sum()))


def _mask(outline, center, height: int, width: int):
    """Returns the coverage of a polygon, float32 [h, w] in 0..1, and its window of the picture."""
    corners = outline + center
    top, left = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    bottom, right = np.minimum(np.ceil(corners.max(axis=0)).astype(int), (height, width))
    if bottom <= top or right <= left:
        return np.zeros((0, 0), np.float32), (slice(0, 0), slice(0, 0))
    size = ((right - left) * _OVERSAMPLING, (bottom - top) * _OVERSAMPLING)
    image = Image.new("L", size)
    points = (corners - (top, left)) * _OVERSAMPLING - 0.5
    ImageDraw.Draw(image).polygon([(x, y) for y, x in points], fill=255)
    small = np.asarray(image.reduce(_OVERSAMPLING), np.float32) / 255
    return small, (slice(top, bottom), slice(left, right))


def _paint(rng, canvas, alpha, window, color, opacity: float) -> None:
    """Lays a textured, possibly rimmed patch of the mask's form over the picture."""
    height, width = alpha.shape
    patch = textured_patch(rng, color, max(height, width))[:height, :width]
    if rng.random() < 0.5:
        inner = np.asarray(
            Image.fromarray((alpha * 255).astype(np.uint8)).resize(
                (max(width - 6, 1), max(height - 6, 1))
            ),
            np.float32,
        )
        core = np.zeros_like(alpha)
        core[3 : 3 + inner.shape[0], 3 : 3 + inner.shape[1]] = (inner / 255)[
            : height - 3, : width - 3
        ]
        patch = patch * (0.45 + 0.55 * core[..., None])
    weight = (alpha * opacity)[..., None]
    canvas[window] = canvas[window] * (1 - weight) + patch * weight


def _polygon_area(outline: np.ndarray) -> float:
    y, x = outline[:, 0], outline[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def _visible(owner: np.ndarray, index: int, name: str) -> DrawnShape:
    rows = np.flatnonzero((owner == index).any(axis=1))
    columns = np.flatnonzero((owner == index).any(axis=0))
    box_px = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return DrawnShape(name, box_px, int((owner == index).sum()))
