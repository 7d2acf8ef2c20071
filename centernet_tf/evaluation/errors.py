"""What was taken for what, what was missed, and what was found where nothing is."""

from typing import List, NamedTuple

import numpy as np

from centernet_tf.evaluation.matching import NOTHING

# COCO's sizes, by area in square pixels of the original image; each begins where the last ends.
SIZES = (("small", 0.0), ("medium", 32.0**2), ("large", 96.0**2))


class SizeErrors(NamedTuple):
    """Objects of one size and how many of them were missed; detections and how many were wrong."""

    size: str
    objects: int
    missed: int
    detections: int
    hallucinated: int


class ImageErrors(NamedTuple):
    """Counts of one image: objects found, objects missed, detections of nothing."""

    right: int
    missed: int
    hallucinated: int

    @property
    def f1(self) -> float:
        """Of the image; 1 where there was nothing to find and nothing was found."""
        total = 2 * self.right + self.missed + self.hallucinated
        return 2 * self.right / total if total else 1.0


def confusion(scenes, matches, threshold: float, num_classes: int) -> np.ndarray:
    """Counts which class was taken for which.

    Args:
      scenes: `Scene`s.
      matches: of `match(scene, by_class=False)` over the detections from `threshold` on.
      threshold: least score.
      num_classes: C.

    Returns:
      int [C + 1, C + 1]: an object's class by what was detected there; the last column counts
      objects missed, the last row detections of nothing. Crowds do not count.
    """
    counts = np.zeros([num_classes + 1, num_classes + 1], int)
    for scene, found in zip(scenes, matches):
        seen = (scene.found_scores >= threshold) & (found >= 0)
        np.add.at(counts, (scene.truth_classes[found[seen]], scene.found_classes[seen]), 1)
        missed = ~scene.truth_crowd
        missed[found[seen]] = False
        np.add.at(counts, (scene.truth_classes[missed], num_classes), 1)
        nothing = (scene.found_scores >= threshold) & (found == NOTHING)
        np.add.at(counts, (num_classes, scene.found_classes[nothing]), 1)
    return counts


def errors_by_size(scenes, matches, threshold: float) -> List[SizeErrors]:
    """Counts what was missed and hallucinated by COCO's sizes.

    Objects count by their annotated area, detections by that of their box.

    Args:
      scenes: `Scene`s.
      matches: of `match(scene)`, class by class.
      threshold: detections below it do not count.
    """
    counts = np.zeros([len(SIZES), 4], int)
    limits = [low for _, low in SIZES[1:]]
    for scene, found in zip(scenes, matches):
        seen = scene.found_scores >= threshold
        objects = ~scene.truth_crowd
        missed = _missed(scene, found, threshold)
        areas = np.prod(scene.found_boxes[:, 2:] - scene.found_boxes[:, :2], axis=-1)
        of_truth = np.searchsorted(limits, scene.truth_areas, side="right")
        of_found = np.searchsorted(limits, areas, side="right")
        for column, places in enumerate(
            (
                of_truth[objects],
                of_truth[missed],
                of_found[seen],
                of_found[seen & (found == NOTHING)],
            )
        ):
            np.add.at(counts, (places, column), 1)
    return [SizeErrors(name, *map(int, row)) for (name, _), row in zip(SIZES, counts)]


def image_errors(scene, found, threshold: float) -> ImageErrors:
    """Counts the errors of an image; arguments as of `errors_by_size`, for one scene."""
    seen = scene.found_scores >= threshold
    return ImageErrors(
        int(np.sum(seen & (found >= 0))),
        int(np.sum(_missed(scene, found, threshold))),
        int(np.sum(seen & (found == NOTHING))),
    )


def _missed(scene, found, threshold):
    missed = ~scene.truth_crowd
    missed[found[(scene.found_scores >= threshold) & (found >= 0)]] = False
    return missed
