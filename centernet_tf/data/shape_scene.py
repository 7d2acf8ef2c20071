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
from centernet_tf.data.shape_texture import (
    class_color,
    random_color,
    smooth_noise,
    textured_patch,
)

# Diameter of the circle around a shape, as part of the shorter side of the picture.
_SMALLEST, _LARGEST = 0.17, 0.5
_MAX_SHAPES = 6
# Every shape keeps at least this part of its area in sight.
_VISIBLE = 0.65
# Width in pixels of the dark rim that some shapes have.
_RIM = 3
# Masks are drawn this much larger and averaged, for smooth edges.
_OVERSAMPLING = 3


@dataclasses.dataclass(frozen=True)
class DrawnShape:
    """What is visible of a shape: class name, box (ymin, xmin, ymax, xmax) and area in pixels."""

    name: str
    box_px: Tuple[int, int, int, int]
    area: int


def draw_scene(rng: np.random.Generator, height: int, width: int):
    """Draws a picture with one to six shapes, some of them partly hidden or cut off.

    Args:
      rng: gives every random choice.
      height, width: of the picture in pixels.

    Returns:
      The RGB image, and the list of its `DrawnShape`; boxes are tight around the pixels in sight.
    """
    scene = _Scene(_background(rng, height, width))
    for _ in range(rng.integers(1, 6)):
        scene.add_distractor(rng)
    count = rng.integers(1, _MAX_SHAPES + 1)
    scales = np.exp(rng.uniform(math.log(_SMALLEST), math.log(_LARGEST), count))
    # Large shapes lie below small ones, which they would hide.
    for scale in sorted(scales, reverse=True):
        name = CLASS_NAMES[rng.integers(len(CLASS_NAMES))]
        scene.add_shape(rng, name, scale * min(height, width) / 2)
    grain = rng.standard_normal((height, width, 1), np.float32) * np.float32(rng.uniform(1, 7))
    pixels = np.clip(scene.canvas + grain, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels), scene.visible_shapes()


class _Scene:
    """A picture in the making.

    Attributes:
      canvas: float32 [H, W, 3] RGB, about 0..255.
      owner: uint8 [H, W], which shape is in sight at each pixel, counted from 1; 0 is none.
    """

    def __init__(self, canvas: np.ndarray):
        self.canvas = canvas
        self.owner = np.zeros(canvas.shape[:2], np.uint8)
        self._names = []
        self._areas = [0.0]

    def add_distractor(self, rng: np.random.Generator) -> None:
        """Lays something that is none of the classes anywhere, sometimes half transparent."""
        size = self.owner.shape
        radius = rng.uniform(0.03, 0.16) * min(size)
        outline = rotate(distractor_outline(rng), rng.uniform(0, 2 * np.pi)) * radius
        alpha, window = _mask(outline + rng.uniform(0, 1, 2) * size, size)
        if alpha.size:
            opacity = np.float32(rng.uniform(0.5, 1.0))
            _paint(rng, self.canvas, alpha * opacity, window, random_color(rng))

    def add_shape(self, rng: np.random.Generator, name: str, radius: float) -> None:
        """Lays a shape where it and those below stay in sight; none, when no place is found."""
        outline = class_outline(name) * radius
        area = _polygon_area(outline)
        for _ in range(12):
            place = rng.uniform(0, 1, 2) * self.owner.shape
            turned = rotate(outline, rng.uniform(0, 2 * np.pi))
            alpha, window = _mask(turned + place, self.owner.shape)
            covered = alpha > 0.5
            if covered.sum() < _VISIBLE * area or self._hides_too_much(window, covered):
                continue
            self._names.append(name)
            self._areas.append(area)
            color = _contrasting(rng, name, self.canvas[window][covered])
            self.owner[window][covered] = len(self._names)
            _paint(rng, self.canvas, alpha, window, color)
            return

    def visible_shapes(self) -> List[DrawnShape]:
        """Returns what is in sight of every shape, from the bottom to the top."""
        return [
            _visible(self.owner == index, name) for index, name in enumerate(self._names, start=1)
        ]

    def _hides_too_much(self, window, covered) -> bool:
        hidden = np.bincount(self.owner[window][covered], minlength=len(self._areas))
        if not hidden[1:].any():
            return False
        left = np.bincount(self.owner.ravel(), minlength=len(self._areas)) - hidden
        return bool((left < _VISIBLE * np.array(self._areas))[1:].any())


def _background(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Returns a mottled gradient between two muted colours, crossed by lines; float32 [H, W, 3]."""
    grey = rng.uniform(40, 200)
    ends = [0.4 * random_color(rng) + 0.5 * grey for _ in range(2)]
    angle = rng.uniform(0, 2 * np.pi)
    # Nothing here is finer than this grid.
    rows, columns = np.ogrid[-0.5:0.5:64j, -0.5:0.5:64j]
    ramp = np.cos(angle) * columns + np.sin(angle) * rows + 0.5
    ramp += 0.25 * smooth_noise(rng, (64, 64), cells=int(rng.integers(3, 12)))
    pixels = ends[0] + ramp[..., None] * (ends[1] - ends[0])
    pixels += rng.uniform(4, 22) * smooth_noise(rng, (64, 64), cells=32)[..., None]
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(2, 10)):
        ends_px = rng.uniform(-0.1, 1.1, (2, 2)) * (width, height)
        color = tuple(int(value) for value in random_color(rng))
        draw.line([tuple(end) for end in ends_px], color, int(rng.integers(1, 4)))
    return np.asarray(image).astype(np.float32)


def _contrasting(rng: np.random.Generator, name: str, behind: np.ndarray) -> np.ndarray:
    """Returns the one of three colours of a class that stands out most from what is behind."""
    colors = [class_color(rng, name) for _ in range(3)]
    return max(colors, key=lambda color: float(np.abs(color - behind.mean(axis=0)).sum()))


def _mask(corners: np.ndarray, size):
    """Returns the coverage of a polygon, float32 [h, w] in 0..1, and its window of the picture."""
    top, left = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    bottom, right = np.minimum(np.ceil(corners.max(axis=0)).astype(int), size)
    if bottom <= top or right <= left:
        return np.zeros((0, 0), np.float32), (slice(0, 0), slice(0, 0))
    image = Image.new("L", ((right - left) * _OVERSAMPLING, (bottom - top) * _OVERSAMPLING))
    points = (corners - (top, left)) * _OVERSAMPLING - 0.5
    ImageDraw.Draw(image).polygon(points[:, ::-1].ravel().tolist(), fill=255)
    alpha = np.asarray(image.reduce(_OVERSAMPLING)) * np.float32(1 / 255)
    return alpha, (slice(top, bottom), slice(left, right))


def _paint(rng: np.random.Generator, canvas, alpha, window, color) -> None:
    """Lays a textured, in half of the cases rimmed, patch of the form of a mask over the canvas."""
    height, width = alpha.shape
    patch = textured_patch(rng, color, max(height, width))[:height, :width]
    if rng.random() < 0.5 and min(height, width) > 2 * _RIM:
        patch *= 0.45 + 0.55 * _core(alpha)[..., None]
    canvas[window] += (patch - canvas[window]) * alpha[..., None]


def _core(alpha: np.ndarray) -> np.ndarray:
    """Returns the mask shrunk by the width of a rim."""
    height, width = alpha.shape
    image = Image.fromarray(alpha).resize((width - 2 * _RIM, height - 2 * _RIM))
    return np.pad(np.asarray(image), _RIM)


def _polygon_area(outline: np.ndarray) -> float:
    y, x = outline[:, 0], outline[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def _visible(mask: np.ndarray, name: str) -> DrawnShape:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box_px = (int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    return DrawnShape(name, box_px, int(mask.sum()))
