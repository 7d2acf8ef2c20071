"""Everything that a report says beyond the COCO metrics, from ground truth and detections."""

import dataclasses
from typing import List

import numpy as np

from centernet_tf.evaluation.calibration import (
    OperatingPoint,
    ScoreBin,
    best_operating_point,
    reliability,
)
from centernet_tf.evaluation.errors import (
    ImageErrors,
    SizeErrors,
    confusion,
    errors_by_size,
    image_errors,
)
from centernet_tf.evaluation.matching import IN_CROWD, match
from centernet_tf.evaluation.scenes import Scene, make_scenes


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """Matches at an overlap of one half, and what follows from them.

    Attributes:
      scenes: every image with its objects and detections.
      matches: of `match` for each, class by class, all detections.
      point: the score threshold of the highest F1; the errors below are of detections from it on.
      bins: precision by score, of all detections.
      confusion: int [C + 1, C + 1], see `errors.confusion`.
      sizes: missed and hallucinated by size.
      images: errors of each image, in the order of `scenes`.
    """

    scenes: List[Scene]
    matches: List[np.ndarray]
    point: OperatingPoint
    bins: List[ScoreBin]
    confusion: np.ndarray
    sizes: List[SizeErrors]
    images: List[ImageErrors]


def diagnose(ground_truth: dict, detections: list) -> Diagnosis:
    """Matches detections with objects and counts what went wrong.

    Args:
      ground_truth: COCO data set as a dict.
      detections: COCO results; the best 100 of an image count.
    """
    scenes = make_scenes(ground_truth, detections)
    matches = [match(scene) for scene in scenes]
    scores, right = _scores_and_right(scenes, matches)
    num_objects = sum(int(np.sum(~scene.truth_crowd)) for scene in scenes)
    point = best_operating_point(scores, right, num_objects)
    anything = [match(s, by_class=False, chosen=s.found_scores >= point.threshold) for s in scenes]
    return Diagnosis(
        scenes=scenes,
        matches=matches,
        point=point,
        bins=reliability(scores, right),
        confusion=confusion(scenes, anything, point.threshold, len(ground_truth["categories"])),
        sizes=errors_by_size(scenes, matches, point.threshold),
        images=[image_errors(s, m, point.threshold) for s, m in zip(scenes, matches)],
    )


def worst_and_best(images: List[ImageErrors], count: int):
    """Returns places of images: those of lowest F1, then those of highest, none twice.

    Of equal ones, more errors are worse and more objects found are better.

    Args:
      images: of a `Diagnosis`.
      count: of each; with fewer than twice as many images, half of them.
    """
    count = min(count, len(images) // 2) if len(images) > 1 else len(images)
    order = sorted(
        range(len(images)),
        key=lambda i: (images[i].f1, -images[i].missed - images[i].hallucinated, images[i].right),
    )
    best = order[::-1][:count] if len(images) > 1 else []
    return order[:count], best


def _scores_and_right(scenes, matches):
    """Scores of the detections that lie in no crowd, and whether each found an object."""
    scores, right = [np.zeros(0)], [np.zeros(0, bool)]
    for scene, found in zip(scenes, matches):
        counts = found != IN_CROWD
        scores.append(scene.found_scores[counts])
        right.append(found[counts] >= 0)
    return np.concatenate(scores), np.concatenate(right)
