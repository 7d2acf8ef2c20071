"""How far apart two runs of the same detector are."""

import dataclasses
from typing import NamedTuple, Sequence

import numpy as np

from centernet_tf.errors import UserError
from centernet_tf.ops.detections import Detections

# Below this the rows are background, where a heat-map is flat and rounding decides which cell is a
# peak.
LOWEST_SCORE = 0.01


class Tolerance(NamedTuple):
    """What an exported detector may differ from the trained one.

    Attributes:
      box_px: of any box side, in pixels of the original image.
      score: of any score.
      lowest_score: below it, a detection need not have a counterpart.
    """

    box_px: float
    score: float
    lowest_score: float = LOWEST_SCORE


# What to do where nothing but a defect can be the reason.
REPORT_IT = "Report this with the params.yaml of the model."
# Of what computes the same in float32.
EXACT = Tolerance(box_px=0.1, score=1e-3)


@dataclasses.dataclass(frozen=True)
class Difference:
    """The largest difference over all images; infinite when a detection has no counterpart.

    Attributes:
      box_px: of any box side, in pixels of the original image.
      score: of any score.
      num_images: how many images were compared.
      num_detections: how many detections were.
    """

    box_px: float
    score: float
    num_images: int
    num_detections: int

    @property
    def is_tolerable(self) -> bool:
        """Says whether both differences are within `EXACT`."""
        return self.is_within(EXACT)

    def is_within(self, tolerance: Tolerance) -> bool:
        """Says whether both differences are within a tolerance."""
        return self.box_px <= tolerance.box_px and self.score <= tolerance.score


def compare(
    expected: Sequence[Detections], found: Sequence[Detections], tolerance: Tolerance = EXACT
) -> Difference:
    """Compares two detectors image by image, in both directions.

    Where the rows do not agree one by one, a detection is held against the closest one of its class
    in the other run, since nearly equal scores may change places. Then detections within the score
    tolerance of the last of a list, which may have been cut off in the other run, are not required
    to be there.

    Args:
      expected, found: an item an image: Detections of NumPy arrays without batch, only the rows
        meant.
      tolerance: within which rows are taken for the same.
    """
    images = [_compare_image(*pair, tolerance) for pair in zip(expected, found)]
    return Difference(
        box_px=_largest([image.box_px for image in images]),
        score=_largest([image.score for image in images]),
        num_images=len(images),
        num_detections=sum(image.num_detections for image in images),
    )


def worst(differences: Sequence[Difference]) -> Difference:
    """Returns the largest differences of several runs on the same images.

    The counts stay those of one run: of detections, those that each run was held against.
    """
    return Difference(
        box_px=_largest([difference.box_px for difference in differences]),
        score=_largest([difference.score for difference in differences]),
        num_images=differences[0].num_images,
        num_detections=min(difference.num_detections for difference in differences),
    )


def require_tolerable(
    difference: Difference,
    artefact: str,
    images: str,
    tolerance: Tolerance = EXACT,
    advice: str = REPORT_IT,
) -> None:
    """Refuses an exported detector that says something else than the trained one.

    Args:
      difference: between the two.
      artefact: what was exported, such as 'SavedModel'.
      images: what the images were, such as '4 images of the split val'.
      tolerance: what it may differ.
      advice: what to do when it differs by more.

    Raises:
      UserError: the difference is too large.
    """
    if difference.is_within(tolerance):
        return
    raise UserError(
        f"The {artefact} differs from the trained network by {difference.box_px:.3g} px in boxes "
        f"(at most {tolerance.box_px} is allowed) and {difference.score:.3g} in scores (at most "
        f"{tolerance.score}) on {images}; it was not kept. A network that has hardly been trained "
        f"can fail so where its heat-map is flat; train it longer then. {advice}"
    )


def _compare_image(one: Detections, other: Detections, tolerance: Tolerance) -> Difference:
    by_row = _compare_rows(one, other)
    if by_row is not None and by_row.is_within(tolerance):
        return by_row
    lowest = _lowest_comparable(one, other, tolerance)
    boxes, scores = _to_closest(one, other, lowest, tolerance)
    boxes_back, scores_back = _to_closest(other, one, lowest, tolerance)
    # Whatever changed places, the n-th best score is the n-th best; among those that need no
    # counterpart, one more in one list moves all that follow.
    shared = min(len(one.scores), len(other.scores))
    ranked = np.stack([one.scores[:shared], other.scores[:shared]])
    by_rank = np.abs(ranked[0] - ranked[1])[ranked.max(axis=0) >= tolerance.lowest_score]
    return Difference(
        box_px=_largest(np.append(boxes, boxes_back)),
        score=_largest(np.concatenate([scores, scores_back, by_rank])),
        num_images=1,
        num_detections=len(boxes),
    )


def _largest(values) -> float:
    """The largest value, 0 of none; NaN, which nothing tolerates, when there is one."""
    return float(np.max(values, initial=0.0))


def _compare_rows(one: Detections, other: Detections):
    """The difference row by row, or None when their classes or numbers differ."""
    if not np.array_equal(one.classes, other.classes):
        return None
    return Difference(
        box_px=float(np.abs(one.boxes - other.boxes).max(initial=0.0)),
        score=float(np.abs(one.scores - other.scores).max(initial=0.0)),
        num_images=1,
        num_detections=len(one.scores),
    )


def _lowest_comparable(one: Detections, other: Detections, tolerance: Tolerance) -> float:
    """The score above which a detection of either run must be in the other."""
    last = max(
        (float(found.scores[-1]) for found in (one, other) if len(found.scores)), default=0.0
    )
    return max(tolerance.lowest_score, last + tolerance.score)


def _to_closest(rows: Detections, among: Detections, lowest: float, tolerance: Tolerance):
    """Box and score differences of rows from `lowest` up to their closest counterparts."""
    wanted = np.flatnonzero(rows.scores >= lowest)
    if not len(among.scores):
        return np.full(len(wanted), np.inf), np.full(len(wanted), np.inf)
    boxes = np.abs(rows.boxes[wanted, np.newaxis] - among.boxes[np.newaxis]).max(axis=-1)
    scores = np.abs(rows.scores[wanted, np.newaxis] - among.scores[np.newaxis])
    is_other_class = rows.classes[wanted, np.newaxis] != among.classes[np.newaxis]
    cost = np.maximum(boxes / tolerance.box_px, scores / tolerance.score)
    cost = np.where(is_other_class, np.inf, cost)
    closest = cost.argmin(axis=-1)
    line = np.arange(len(wanted))
    is_missing = np.isinf(cost[line, closest])
    return (
        np.where(is_missing, np.inf, boxes[line, closest]),
        np.where(is_missing, np.inf, scores[line, closest]),
    )
