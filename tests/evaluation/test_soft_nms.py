"""Soft-NMS against a loop, and against the original's routine."""

import numpy as np

from centernet_tf.evaluation.soft_nms import merge_results, soft_nms


def random_boxes(rng, count):
    corners = rng.uniform(0, 60, [count, 2])
    return np.concatenate([corners, corners + rng.uniform(5, 50, [count, 2])], axis=-1)


def naive(boxes, scores, sigma, floor):
    left = [[*box, score, i] for i, (box, score) in enumerate(zip(boxes, scores))]
    kept = []
    while left:
        left.sort(key=lambda row: -row[4])
        best = left.pop(0)
        kept.append(best)
        for row in left:
            height = min(best[2], row[2]) - max(best[0], row[0]) + 1
            width = min(best[3], row[3]) - max(best[1], row[1]) + 1
            shared = max(height, 0) * max(width, 0)
            areas = [(each[2] - each[0] + 1) * (each[3] - each[1] + 1) for each in (best, row)]
            row[4] *= np.exp(-((shared / (sum(areas) - shared)) ** 2) / sigma)
        left = [row for row in left if row[4] >= floor]
    return [row[5] for row in kept], [row[4] for row in kept]


def test_it_equals_a_loop(rng):
    boxes, scores = random_boxes(rng, 40), rng.uniform(0.01, 1, 40)
    index, lowered = soft_nms(boxes, scores, 0.4, 0.05)
    expected_index, expected_scores = naive(boxes, scores, 0.4, 0.05)
    assert index.tolist() == expected_index and len(index) < 40
    np.testing.assert_allclose(lowered, expected_scores, rtol=1e-9)


def test_boxes_apart_keep_their_scores():
    index, scores = soft_nms([[0, 0, 10, 10], [50, 50, 60, 60]], [0.3, 0.9])
    assert index.tolist() == [1, 0] and scores.tolist() == [0.9, 0.3]


def test_soft_nms_golden(testdata):
    golden = np.load(testdata / "golden/nms.npz")
    boxes = golden["boxes"][:, [1, 0, 3, 2]]
    index, scores = soft_nms(boxes, golden["scores"])
    expected = golden["xingyizhou_soft_gaussian"]
    ours = np.concatenate([golden["boxes"][index], scores[:, None]], axis=-1)
    order = np.lexsort(expected.T), np.lexsort(ours.T)
    np.testing.assert_allclose(ours[order[1]], expected[order[0]], atol=1e-4)


def test_scales_are_merged_class_by_class_and_image_by_image():
    def result(image_id, category_id, bbox, score):
        return {"image_id": image_id, "category_id": category_id, "bbox": bbox, "score": score}

    same = [10.0, 20.0, 30.0, 40.0]
    merged = merge_results(
        [
            result(1, 7, same, 0.8),
            result(1, 9, same, 0.7),
            result(2, 7, same, 0.6),
            result(1, 7, same, 0.5),
        ],
        2,
    )
    assert [(row["image_id"], row["category_id"]) for row in merged] == [(1, 7), (1, 9), (2, 7)]
    assert [row["score"] for row in merged] == [0.8, 0.7, 0.6]
    assert merged[0]["bbox"] == same
    (first, second) = merge_results([result(1, 7, same, 0.8), result(1, 7, same, 0.5)], 9)
    assert (first["score"], second["score"]) == (0.8, 0.5 * np.exp(-1 / 0.5))
