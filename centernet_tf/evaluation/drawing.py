"""Boxes and labels drawn on images, for people to look at."""

import colorsys
import zlib
from typing import Optional, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Told apart on photographs, the first ones best.
_PALETTE = (
    (255, 87, 51), (33, 150, 243), (118, 210, 42), (255, 202, 40), (224, 64, 251), (0, 229, 212),
    (255, 112, 176), (140, 120, 255), (205, 149, 92), (0, 168, 107), (240, 240, 240),
)  # fmt: skip


def class_color(index: int) -> tuple:
    """Returns the RGB colour of a class; the first hundred are distinct."""
    if index < len(_PALETTE):
        return _PALETTE[index]
    # Steps of the golden ratio never fall on each other.
    hue = (index * 0.618034) % 1.0
    rgb = colorsys.hsv_to_rgb(hue, 0.55 + 0.2 * (index % 3), 1.0 - 0.15 * (index % 2))
    return tuple(round(255 * value) for value in rgb)


def draw_detections(
    image: np.ndarray,
    boxes_px,
    labels: Sequence[str],
    scores: Optional[Sequence[float]] = None,
    classes: Optional[Sequence[int]] = None,
    min_side: int = 0,
) -> Image.Image:
    """Draws boxes with their labels; the highest score comes out on top.

    Line width and letters follow the size of the picture. Labels stay inside it and off each other
    as long as there is room.

    Args:
      image: uint8 [h, w, 3], RGB.
      boxes_px: [N, 4], yxyx, pixels of the image; may overhang it. Those that are not finite, as
        records of other tools may hold, are left out.
      labels: N texts; an empty one is not drawn.
      scores: N numbers, written with two decimals behind the labels; None writes none.
      classes: N contiguous classes that choose the colours; None derives them from the labels.
      min_side: small images are enlarged until their shorter side has at least this many pixels.

    Returns:
      an RGB picture.
    """
    picture, scale = _enlarged(Image.fromarray(np.asarray(image, np.uint8)), min_side)
    draw = ImageDraw.Draw(picture)
    width = max(2, round(max(picture.size) / 320))
    font = ImageFont.load_default(size=max(11, round(max(picture.size) / 42)))
    boxes = np.reshape(np.asarray(boxes_px, np.float64), [-1, 4]) * scale
    if classes is None:
        classes = [zlib.crc32(label.encode()) % len(_PALETTE) for label in labels]
    order = range(len(boxes)) if scores is None else np.argsort(scores, kind="stable")
    order = [i for i in order if np.all(np.isfinite(boxes[i]))]
    for i in order:
        _outline(draw, boxes[i], class_color(int(classes[i])), width)
    taken = []
    # The best detections choose the places of their labels first.
    for i in reversed(order):
        text = labels[i] if scores is None else f"{labels[i]} {scores[i]:.2f}"
        if text:
            _label(draw, boxes[i], text, class_color(int(classes[i])), font, width, taken)
    return picture


def _enlarged(picture, min_side):
    scale = max(1.0, min_side / min(picture.size))
    if scale > 1.0:
        size = [round(side * scale) for side in picture.size]
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    return picture, scale


def _outline(draw, box, color, width):
    # Sides beyond the picture are drawn on its border, where they can be seen.
    limit = np.tile(np.subtract(draw.im.size[::-1], 1), 2)
    ymin, xmin, ymax, xmax = np.clip(box, 0, limit).tolist()
    # Negative extents, which an untrained network draws, would be refused.
    if xmax <= xmin or ymax <= ymin:
        return
    # A thin dark edge keeps light colours visible on light ground.
    edge = (xmin - 1, ymin - 1, xmax + 1, ymax + 1)
    draw.rectangle(edge, outline=(0, 0, 0), width=width + 2)
    draw.rectangle((xmin, ymin, xmax, ymax), outline=color, width=width)


def _label(draw, box, text, color, font, width, taken):
    """Writes `text` at the first of four places by the box that no earlier label takes."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = max(2, width)
    w, h = right - left + 2 * pad, bottom - top + 2 * pad
    ymin, xmin, ymax, _ = box
    limit_x, limit_y = draw.im.size[0] - w, draw.im.size[1] - h
    places = []
    for y in (ymin - h, ymin, ymax, ymax - h):
        inside = (min(max(xmin, 0), max(limit_x, 0)), min(max(y, 0), max(limit_y, 0)))
        places.append((*inside, inside[0] + w, inside[1] + h))
    place = next((p for p in places if not any(_overlap(p, q) for q in taken)), places[0])
    taken.append(place)
    draw.rectangle(place, fill=color)
    bright = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2] > 120
    ink = (0, 0, 0) if bright else (255, 255, 255)
    draw.text((place[0] + pad - left, place[1] + pad - top), text, fill=ink, font=font)


def _overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
