"""Pictures put together: side by side, in sheets, under heat-maps."""

from typing import Optional, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK, _GAP = (24, 26, 30), (235, 235, 235), 8


def side_by_side(
    truth: Image.Image,
    prediction: Image.Image,
    captions: Sequence[str] = ("ground truth", "prediction"),
) -> Image.Image:
    """Returns two pictures in one row, each under its caption."""
    return contact_sheet([truth, prediction], columns=2, captions=captions)


def contact_sheet(
    pictures: Sequence[Image.Image], columns: int, captions: Optional[Sequence[str]] = None
) -> Image.Image:
    """Returns pictures in rows of `columns`, on cells as large as the largest, none enlarged.

    Args:
      pictures: RGB, at least one.
      columns: pictures in a row.
      captions: a text above each picture; None leaves no room for any.
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    width = max(picture.width for picture in pictures)
    height = max(picture.height for picture in pictures)
    font = ImageFont.load_default(size=max(12, round(width / 26)))
    title = round(1.5 * font.size) if captions else 0
    step_x, step_y = width + _GAP, height + title + _GAP
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, picture in enumerate(pictures):
        x, y = _GAP + index % columns * step_x, _GAP + index // columns * step_y
        if captions:
            draw.text((x, y), captions[index], fill=_INK, font=font)
        sheet.paste(picture, (x + (width - picture.width) // 2, y + title))
    return sheet


def heatmap_overlay(image: np.ndarray, heatmap: np.ndarray, transform=None) -> Image.Image:
    """Lays a heat-map over a darkened image, from transparent to red to white.

    Args:
      image: uint8 [h, w, 3], RGB.
      heatmap: float [H, W] in 0..1, the strongest class of each cell.
      transform: (scale, shift_y, shift_x) from image pixels to cells of the map; None stretches the
        map over the image.

    Returns:
      an RGB picture of the image's size.
    """
    size = (image.shape[1], image.shape[0])
    scaled = Image.fromarray(np.float32(heatmap), mode="F")
    if transform is None:
        scaled = scaled.resize(size, Image.Resampling.BICUBIC)
    else:
        scale, shift_y, shift_x = (float(value) for value in transform)
        # Pillow's matrix goes from the result to the source.
        matrix = (scale, 0.0, shift_x, 0.0, scale, shift_y)
        scaled = scaled.transform(size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(scaled), 0.0, 1.0)[..., np.newaxis]
    # Black, red, yellow, white as the heat rises.
    color = 255 * np.clip(np.concatenate([3 * heat, 3 * heat - 1, 3 * heat - 2], axis=-1), 0, 1)
    cover = np.clip(2.0 * heat, 0.0, 0.85)
    mixed = 0.55 * image * (1.0 - cover) + color * cover
    return Image.fromarray(np.uint8(np.round(mixed)))
