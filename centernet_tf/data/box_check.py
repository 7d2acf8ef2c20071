"""Which boxes of an image can be trained on, in pixels of the image as the record holds it."""

import dataclasses
import math
from typing import List, Tuple

import numpy as np

from centernet_tf.data import orientation as exif
from centernet_tf.data.annotations import BoxAnnotation, ImageAnnotation
from centernet_tf.data.image_check import CheckedImage
from centernet_tf.data.problems import ProblemReport

# Annotation tools round; a box may reach out of the image by this much and is clipped.
MAX_OVERHANG_PX = 2.0
# Sums such as x + width leave the image by rounding of floats, which is no problem of the data.
_ROUNDING_PX = 1e-3


def check_boxes(
    image: ImageAnnotation, checked: CheckedImage, report: ProblemReport, exif_boxes: str = "auto"
) -> List[BoxAnnotation]:
    """Returns the usable boxes of `image`, in pixels of the upright image; the others are counted.

    So is what the pixels mean for the boxes: that they are turned, or too dark to show an object.

    Args:
      image: as annotated.
      checked: its file, which says what the image really is.
      report: where problems are counted.
      exif_boxes: whether the boxes of a photograph that EXIF turns are in pixels of the `stored`
        or of the `upright` image, as annotation tools differ in what they show. `auto` tells by
        the recorded size where the turn swaps the sides, and takes `stored` where that says
        nothing; boxes in parts of the image, as YOLO's, it takes as `upright`.
    """
    boxes, seen = [], set()
    size = (checked.height, checked.width)
    if checked.nearly_black:
        report.add("nearly_black", image.file_name, checked.nearly_black)
    for box in _to_upright_pixels(image, checked, report, exif_boxes):
        reason = box_fault(box.box_px, *size)
        key = (box.box_px, box.category_id, box.is_crowd)
        if reason is None and key in seen:
            reason = "duplicate_box"
        if reason is None and not _has_extent_in_record(_clip(box, *size).box_px, *size):
            reason = "zero_area"
        if reason is not None:
            report.add(reason, image.file_name, _describe(box, checked))
            continue
        seen.add(key)
        if _overhang(box.box_px, *size) > _ROUNDING_PX:
            report.add("clipped", image.file_name, _describe(box, checked))
        boxes.append(_clip(box, *size))
    return boxes


def _to_upright_pixels(image, checked, report, exif_boxes) -> Tuple[BoxAnnotation, ...]:
    """Maps boxes from the frame of the annotations to the upright image."""
    upright = stored = (checked.height, checked.width)
    if exif.swaps_sides(checked.orientation):
        stored = upright[::-1]
    recorded = (image.height, image.width)
    are_upright = checked.orientation == 1 or exif_boxes == "upright"
    if exif_boxes == "auto":
        are_upright |= image.boxes_are_normalized or _is_only_upright(recorded, upright, stored)
    if checked.orientation != 1:
        frame = "boxes drawn on it upright" if are_upright else "boxes turned with it"
        report.add("oriented", image.file_name, f"EXIF orientation {checked.orientation}, {frame}")
    frame_size = upright if are_upright else stored
    boxes = image.boxes
    if image.boxes_are_normalized:
        boxes = [_scaled(box, *frame_size) for box in boxes]
    elif min(recorded) > 0 and recorded not in (frame_size, upright, stored):
        boxes = _fit_size(boxes, recorded, frame_size, image.file_name, report)
    elif min(recorded) > 0 and recorded != frame_size:
        report.add("size_differs", image.file_name, _sizes(recorded, frame_size))
    if are_upright:
        return boxes
    return tuple(_turned(box, checked.orientation, stored) for box in boxes)


def _is_only_upright(recorded, upright, stored) -> bool:
    """Says whether the recorded size is that of the upright image alone, resized or not."""
    if recorded in (upright, stored) or min(recorded) <= 0:
        return stored != upright == recorded
    return _same_shape(recorded, upright) and not _same_shape(recorded, stored)


def _turned(box: BoxAnnotation, orientation: int, stored_size) -> BoxAnnotation:
    return dataclasses.replace(
        box,
        box_px=exif.upright_box(box.box_px, orientation, *stored_size),
        keypoints=tuple(
            # What is not labelled lies at (0, 0) and nowhere.
            (*exif.upright_point((y, x), orientation, *stored_size), seen) if seen else (y, x, seen)
            for y, x, seen in box.keypoints
        ),
    )


def _fit_size(boxes, recorded, real, file_name: str, report: ProblemReport):
    """Scales the boxes of an image that was resized, without change of shape, after annotation."""
    off_by_rounding = max(abs(recorded[0] - real[0]), abs(recorded[1] - real[1])) <= MAX_OVERHANG_PX
    if off_by_rounding or not _same_shape(recorded, real):
        report.add("size_differs", file_name, _sizes(recorded, real))
        return boxes
    report.add("boxes_rescaled", file_name, _sizes(recorded, real))
    scale_y, scale_x = real[0] / recorded[0], real[1] / recorded[1]
    return tuple(_scaled(box, scale_y, scale_x) for box in boxes)


def _same_shape(recorded, real) -> bool:
    # A resized side is rounded by up to a pixel, which must not look like another shape.
    return abs(recorded[0] * real[1] / recorded[1] - real[0]) <= 1.0


def _scaled(box: BoxAnnotation, scale_y: float, scale_x: float) -> BoxAnnotation:
    factors = (scale_y, scale_x, scale_y, scale_x)
    return dataclasses.replace(
        box,
        box_px=tuple(edge * factor for edge, factor in zip(box.box_px, factors)),
        area=box.area * scale_y * scale_x,
        keypoints=tuple((y * scale_y, x * scale_x, seen) for y, x, seen in box.keypoints),
    )


def _sizes(recorded, real) -> str:
    return f"recorded {recorded[1]}x{recorded[0]}, real {real[1]}x{real[0]} (width x height)"


def box_fault(box_px, height: int, width: int):
    """Returns the reason to leave a box (yxyx, pixels of the image) out, or None."""
    ymin, xmin, ymax, xmax = box_px
    if not all(map(math.isfinite, box_px)):
        return "not_finite"
    if ymax < ymin or xmax < xmin:
        return "negative_area"
    if ymax == ymin or xmax == xmin:
        return "zero_area"
    no_part_inside = ymax <= 0 or xmax <= 0 or ymin >= height or xmin >= width
    if no_part_inside or _overhang(box_px, height, width) > MAX_OVERHANG_PX + _ROUNDING_PX:
        return "outside_image"
    return None


def _overhang(box_px, height: int, width: int) -> float:
    ymin, xmin, ymax, xmax = box_px
    return max(-ymin, -xmin, ymax - height, xmax - width)


def _clip(box: BoxAnnotation, height: int, width: int) -> BoxAnnotation:
    """Returns the box within the image; an area that was the box's own follows it."""
    ymin, xmin, ymax, xmax = box.box_px
    clipped = (max(ymin, 0.0), max(xmin, 0.0), min(ymax, float(height)), min(xmax, float(width)))
    is_own_area = math.isclose(box.area, (ymax - ymin) * (xmax - xmin), rel_tol=1e-9)
    own_area = (clipped[2] - clipped[0]) * (clipped[3] - clipped[1])
    return dataclasses.replace(box, box_px=clipped, area=own_area if is_own_area else box.area)


def _has_extent_in_record(box_px, height: int, width: int) -> bool:
    """Says whether a box still has an area when it is read from a record, in float32 parts."""
    sides = np.array([height, width, height, width], np.float32)
    ymin, xmin, ymax, xmax = (np.asarray(box_px) / sides).astype(np.float32) * sides
    return bool(ymax > ymin and xmax > xmin)


def _describe(box: BoxAnnotation, checked: CheckedImage) -> str:
    ymin, xmin, ymax, xmax = box.box_px
    return (
        f"class {box.category_id}, x {xmin:g} to {xmax:g}, y {ymin:g} to {ymax:g} "
        f"in {checked.width}x{checked.height} pixels"
    )
