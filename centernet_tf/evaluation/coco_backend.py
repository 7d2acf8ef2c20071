"""The two programs that compute COCO's numbers, behind one call."""

import contextlib
import io

import numpy as np

from centernet_tf.errors import UserError

BACKENDS = ("pycocotools", "faster")


def coco_evaluator(ground_truth: dict, detections: list, backend: str = "pycocotools"):
    """Scores detections with a backend's own `COCOeval` and its default parameters.

    Args:
      ground_truth: COCO JSON as a dict; every annotation with 'id' from 1, 'area' and 'iscrowd'.
      detections: COCO results with 'id' from 1, 'area' and 'iscrowd' added; may be empty.
      backend: one of `BACKENDS`. The two give the same numbers to the last bit or two (tested).

    Returns:
      the evaluator after `summarize`: `stats` [12], `params`, and `eval` with 'precision' [10 IoU
      thresholds, 101 recalls, classes, 4 areas, 3 detection limits] and 'recall', the same without
      recalls; -1 where undefined.

    Raises:
      UserError: the backend is not installed.
    """
    require_backend(backend)
    coco_class, evaluator_class = _classes(backend)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = _index(coco_class, ground_truth)
        found = _index(coco_class, dict(ground_truth, annotations=detections))
        evaluator = evaluator_class(truth, found, "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    for name in ("precision", "recall"):
        evaluator.eval[name] = np.asarray(evaluator.eval[name])
    return evaluator


def require_backend(backend: str) -> None:
    """Checks that a backend is installed, before hours of training end in its absence.

    Raises:
      UserError: it is not.
    """
    try:
        _classes(backend)
    except ImportError as error:
        raise UserError(
            "evaluation.coco_backend=faster needs the package faster-coco-eval, which is not "
            "installed here: python -m pip install 'faster-coco-eval>=1.6,<2', or set "
            "evaluation.coco_backend to pycocotools, which gives the same numbers."
        ) from error


def _classes(backend):
    """Returns the backend's index of a data set and its evaluator."""
    if backend == "faster":
        from faster_coco_eval import COCO, COCOeval_faster

        return COCO, COCOeval_faster
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return COCO, COCOeval


def _index(coco_class, dataset):
    """Returns a `COCO` over a dict; unlike `COCO.loadRes`, it takes an empty list too."""
    coco = coco_class()
    coco.dataset = dataset
    coco.createIndex()
    return coco
