"""EXIF orientation: how a camera was held, applied to pixels and boxes."""

from typing import Tuple

from PIL import Image

EXIF_TAG = 0x0112

# EXIF 2.3, tag Orientation: what makes the stored image upright.
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_image(image: Image.Image, orientation: int) -> Image.Image:
    """Returns the image as it is meant to be seen; `orientation` is EXIF's 1..8, 1 is upright."""
    return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def upright_box(box_px, orientation: int, height: int, width: int) -> Tuple[float, ...]:
    """Maps a box of the stored image to the upright one.

    Args:
      box_px: (ymin, xmin, ymax, xmax), pixels of the stored image.
      orientation: EXIF's 1..8.
      height, width: of the stored image, in pixels.

    Returns:
      (ymin, xmin, ymax, xmax), pixels of the upright image.
    """
    ymin, xmin, ymax, xmax = box_px
    if orientation in (2, 3, 7, 8):
        xmin, xmax = width - xmax, width - xmin
    if orientation in (3, 4, 6, 7):
        ymin, ymax = height - ymax, height - ymin
    if orientation in (5, 6, 7, 8):
        return (xmin, ymin, xmax, ymax)
    return (ymin, xmin, ymax, xmax)


def upright_point(point, orientation: int, height: int, width: int) -> Tuple[float, float]:
    """Maps a point (y, x) of the stored image to the upright one; arguments as `upright_box`."""
    y, x = point
    return upright_box((y, x, y, x), orientation, height, width)[:2]


def swaps_sides(orientation: int) -> bool:
    """Says whether the upright image is as wide as the stored one is high."""
    return orientation in (5, 6, 7, 8)
