"""Both backends against pycocotools called as its manual says, on the cases that are easy to miss.

Each case is (ground truth, detections); ids in the ground truth begin at 1, so that pycocotools
itself is right on them.
"""

import builtins
import contextlib
import io
import json

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.evaluation.coco_backend import BACKENDS, require_backend
from centernet_tf.evaluation.coco_metrics import METRIC_NAMES, coco_metrics, coco_scores
from tests.evaluation.test_coco_metrics import dataset, found, random_case

BOX = (20.0, 20.0, 100.0, 100.0)


def numbered(boxes_by_image, categories=("a",), areas=None):
    truth = dataset(boxes_by_image, categories)
    for index, entry in enumerate(truth["annotations"]):
        entry["id"] = index + 1
        entry["area"] = areas[index] if areas else entry["area"]
    return truth


def crowds():
    """An object inside a crowd, detections inside the crowd, and a crowd alone in its image."""
    crowd = (0.0, 0.0, 300.0, 300.0)
    truth = numbered({1: [(0, BOX, False), (0, crowd, True)], 2: [(0, crowd, True)]})
    inside = [found(1, (150 + 9 * i, 200, 40, 40), 0.95 - 0.1 * i) for i in range(4)]
    return truth, [*inside, found(1, BOX, 0.6), found(2, (5, 5, 20, 20), 0.5)]


def more_than_a_hundred():
    boxes = [(22.0 * (i % 20), 22.0 * (i // 20), 18.0, 18.0) for i in range(140)]
    truth = numbered({1: [(0, box, False) for box in boxes], 2: [(0, BOX, False)]})
    scores = np.random.default_rng(3).permutation(140) / 140
    return truth, [found(1, box, float(s)) for box, s in zip(boxes, scores)] + [found(2, BOX, 0.01)]


def images_without_objects():
    truth = numbered({1: [], 2: [(0, BOX, False)], 3: []})
    return truth, [found(1, BOX, 0.9), found(2, BOX, 0.8), found(3, BOX, 0.7)]


def images_without_detections():
    truth = numbered({1: [(0, BOX, False)], 2: [(0, BOX, False)], 3: [(0, BOX, False)]})
    return truth, [found(2, BOX, 0.4)]


def ties():
    """Equal scores, right and wrong ones in turn, within images and across them."""
    truth = numbered({i: [(0, BOX, False), (0, (200, 200, 50, 50), False)] for i in range(1, 6)})
    detections = []
    for i in range(1, 6):
        detections += [found(i, (400, 20 * i, 30, 30), 0.5), found(i, BOX, 0.5)]
        detections += [found(i, (22, 21, 99, 104), 0.5), found(i, (198, 203, 51, 50), 0.5)]
    return truth, detections


def overlaps_on_a_threshold():
    """IoU of exactly 1/2 and 3/4, and two objects that claim one detection."""
    truth = numbered({1: [(0, (0, 0, 100, 100), False), (0, (0, 0, 100, 75), False)]})
    return truth, [found(1, (0, 0, 100, 50), 0.9), found(1, (0, 0, 100, 75), 0.8)]


def areas_on_the_edges():
    """Areas of exactly 32^2 and 96^2, mask areas far below the box, an area of 0."""
    boxes = [(0, 0, 32, 32), (100, 0, 96, 96), (250, 0, 120, 120), (0, 200, 40, 40)]
    truth = numbered(
        {1: [(0, box, False) for box in boxes]}, areas=[32.0**2, 96.0**2, 31.0**2, 0.0]
    )
    moved = [(x + 1, y, w, h) for x, y, w, h in boxes]
    return truth, [found(1, box, 0.9 - 0.1 * i) for i, box in enumerate(moved)] + [
        found(1, (300, 300, 32, 32), 0.3),
        found(1, (300, 350, 0, 0), 0.2),
    ]


def detections_of_a_class_without_objects():
    truth = numbered({1: [(0, BOX, False)]}, ("a", "b", "c"))
    return truth, [found(1, BOX, 0.9), found(1, BOX, 0.8, 20)]


def ids_in_no_order():
    """Images and categories whose ids neither rise nor follow each other."""
    truth = numbered({907: [(1, BOX, False)], 12: [(0, BOX, False)], 500: []}, ("a", "b"))
    truth["categories"].reverse()
    return truth, [found(12, BOX, 0.9), found(907, BOX, 0.3, 20), found(500, BOX, 0.5, 20)]


def random_scene():
    return random_case(np.random.default_rng(23))


def nothing_found():
    return numbered({1: [(0, BOX, False)], 2: [(0, (1, 1, 9, 9), False)]}), []


CASES = [
    crowds, more_than_a_hundred, images_without_objects, images_without_detections, ties,
    overlaps_on_a_threshold, areas_on_the_edges, detections_of_a_class_without_objects,
    ids_in_no_order, random_scene, nothing_found,
]  # fmt: skip


def by_the_manual(truth, detections, folder):
    """Returns pycocotools' twelve numbers and precisions of two files, none of our code between."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    for name, value in (("truth", truth), ("found", detections)):
        (folder / f"{name}.json").write_text(json.dumps(value))
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(folder / "truth.json"))
        if detections:
            results = coco.loadRes(str(folder / "found.json"))
        else:
            # `loadRes` cannot read an empty list.
            results = COCO()
            results.dataset = dict(truth, annotations=[])
            results.createIndex()
        evaluator = COCOeval(coco, results, "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    order = [evaluator.params.catIds.index(category["id"]) for category in truth["categories"]]
    return evaluator.stats, evaluator.eval["precision"][:, :, order, 0, -1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_equals_pycocotools_on_the_same_files(backend, case, tmp_path):
    if backend == "faster":
        pytest.importorskip("faster_coco_eval")
    truth, detections = case()
    stats, precision = by_the_manual(truth, detections, tmp_path)
    scores = coco_scores(truth, detections, backend)
    # The order of additions differs between the programs, and with it the last bit.
    tolerance = 0 if backend == "pycocotools" else 1e-12
    values = [scores.metrics[name] for name in METRIC_NAMES]
    np.testing.assert_allclose(values, stats, rtol=0, atol=tolerance)
    np.testing.assert_allclose(scores.precision, precision, rtol=0, atol=tolerance)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_backends_agree_class_by_class(case):
    pytest.importorskip("faster_coco_eval")
    one, other = (coco_metrics(*case(), backend)["per_class"] for backend in BACKENDS)
    assert list(one) == list(other)
    for name, row in one.items():
        assert other[name] == pytest.approx(row, abs=1e-12)


def test_a_missing_package_is_one_sentence_with_its_command(monkeypatch):
    real = builtins.__import__

    def without_it(name, *arguments, **keywords):
        if name.startswith("faster_coco_eval"):
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without_it)
    require_backend("pycocotools")
    with pytest.raises(UserError, match="python -m pip install 'faster-coco-eval"):
        require_backend("faster")
