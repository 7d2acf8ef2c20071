"""Targets of corners and centres against loops: eager and in tf.data."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.gaussian import gaussian_radius
from centernet_tf.ops.keypoint_targets import keypoint_targets

NAMES = ("tl", "br", "center")
# Two objects share the cell of a corner and the class; one has no extent; the last is padding.
BOXES = np.float32(
    [[1.5, 2.2, 9.7, 11.9], [1.1, 2.8, 5.0, 16.0], [3, 4, 3, 8], [7.5, 0, 12.0, 3.1], [0, 0, 5, 5]]
)
CLASSES = np.int32([1, 1, 0, 2, 0])
MASK = np.array([1, 1, 1, 1, 0], bool)


def naive(rule, overlap, owner):
    targets = {f"{name}_heatmap": np.zeros([12, 16, 3], np.float32) for name in NAMES}
    for name in NAMES:
        targets[f"{name}_cells"], targets[f"{name}_offsets"] = [], []
    for box, label in zip(BOXES[[0, 1, 3]], CLASSES[[0, 1, 3]]):
        radius = int(gaussian_radius(box[2:] - box[:2], rule, overlap))
        points = {"tl": box[:2], "br": box[2:], "center": (box[:2] + box[2:]) / 2}
        for name, point in points.items():
            y, x = cell = np.minimum(point.astype(int), [11, 15])
            sigma = (2 * radius + 1) / (5 if name == "center" else 6)
            heatmap = targets[f"{name}_heatmap"]
            for dy, dx in np.ndindex(2 * radius + 1, 2 * radius + 1):
                v, u = y + dy - radius, x + dx - radius
                if 0 <= v < 12 and 0 <= u < 16:
                    value = np.exp(-((v - y) ** 2 + (u - x) ** 2) / (2 * sigma**2))
                    heatmap[v, u, label] = max(heatmap[v, u, label], value)
            targets[f"{name}_cells"].append(y * 16 + x)
            targets[f"{name}_offsets"].append(point - cell)
    for name in NAMES:
        cells = targets[f"{name}_cells"]
        targets[f"{name}_trained"] = [
            owner == "all" or cell not in cells[i + 1 :] for i, cell in enumerate(cells)
        ]
    return targets


@pytest.mark.parametrize(
    "rule,overlap,owner", [("cornernet", 0.3, "all"), ("original", 0.7, "last")]
)
def test_equals_a_loop(rule, overlap, owner):
    def encode(boxes, classes, mask):
        return keypoint_targets(boxes, classes, mask, (12, 16), 3, rule, overlap, owner, NAMES)

    expected, kept = naive(rule, overlap, owner), [0, 1, 3]
    mapped = tf.data.Dataset.from_tensors((BOXES, CLASSES, MASK)).map(encode)
    for targets in (encode(BOXES, CLASSES, MASK), next(iter(mapped))):
        np.testing.assert_array_equal(targets["mask"], [1, 1, 0, 1, 0])
        for name in NAMES:
            found = {key: targets[f"{name}_{key}"].numpy() for key in ("index", "mask", "offset")}
            np.testing.assert_allclose(
                targets[f"{name}_heatmap"], expected[f"{name}_heatmap"], atol=1e-6
            )
            np.testing.assert_array_equal(found["index"][kept], expected[f"{name}_cells"])
            np.testing.assert_allclose(
                found["offset"][kept], expected[f"{name}_offsets"], atol=1e-6
            )
            np.testing.assert_array_equal(found["mask"][kept], expected[f"{name}_trained"])
            assert not found["mask"][[2, 4]].any()
    assert (owner == "all") == all(expected["tl_trained"])


def test_a_batch_is_its_images():
    batch = [np.stack([each, each[::-1]]) for each in (BOXES, CLASSES, MASK)]
    both = keypoint_targets(*batch, (12, 16), 3, "cornernet", 0.3, "all", NAMES)
    for image in range(2):
        one = keypoint_targets(
            *(each[image] for each in batch), (12, 16), 3, "cornernet", 0.3, "all", NAMES
        )
        for name, value in one.items():
            np.testing.assert_allclose(both[name][image], value, atol=1e-6)
