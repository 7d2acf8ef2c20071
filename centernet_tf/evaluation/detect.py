"""Running a network over a split: batches in, COCO results out."""

import concurrent.futures
import itertools
from typing import Callable, Iterable, Optional, Sequence

import numpy as np
import tensorflow as tf

from centernet_tf.ops.detections import Detections
from centernet_tf.ops.geometry import inverse_transform_boxes
from centernet_tf.ops.weighted_rows import sparse_products


def detect_function(network, detector, flip: bool = False, device: str = "") -> Callable:
    """Returns a `tf.function` from a prepared batch to detections in the original images.

    Traced at its first call, it reads the weights at each, so that one serves a whole training.

    Args:
      network: `keras.Model`, normalised images float32 [B, H, W, 3] -> raw maps.
      detector: the `PointDetector` whose `decode` reads those maps.
      flip: merge the maps of the image and of its mirror image (`merge_mirrored`).
      device: where it runs; '' leaves that to TensorFlow.

    Returns:
      f(images, transforms float32 [B, 3]) -> `Detections` with boxes in original-image pixels.
    """

    def maps(images):
        with sparse_products():
            outputs = network(images, training=False)
        return tf.nest.map_structure(lambda value: tf.cast(value, tf.float32), outputs)

    # Images of many sizes share one program after the second, which sees any size.
    @tf.function(reduce_retracing=True)
    def detect(images, transforms):
        outputs = maps(images)
        if flip:
            outputs = detector.merge_mirrored(outputs, maps(tf.reverse(images, axis=[2])))
        found = detector.decode(outputs)
        return found._replace(boxes=inverse_transform_boxes(found.boxes, transforms))

    def detect_there(images, transforms):
        with tf.device(device):
            return detect(images, transforms)

    return detect_there if device else detect


def detect_batches(
    detect: Sequence[Callable],
    batches: Iterable[dict],
    class_ids: Sequence[int],
    progress: Optional[Callable[[], None]] = None,
) -> list:
    """Detects the objects of every image once.

    Args:
      detect: functions of `detect_function`, which take the batches in turn, all at once.
      batches: what `data.input_pipeline.eval_dataset` yields; rows whose `valid` is False are
        skipped.
      class_ids: the data set's category id of each contiguous class.
      progress: called once for every image done.

    Returns:
      COCO results, see `coco_results`.
    """
    results = []
    for batch, found in _each_found(detect, iter(batches)):
        valid = batch["valid"].numpy()
        results += coco_results(found, batch["image_id"].numpy(), valid, class_ids)
        for _ in range(int(valid.sum()) if progress else 0):
            progress()
    return results


def _each_found(detect, batches):
    """Yields each batch with its detections, in order."""

    def run(function, batch):
        return function(batch["image"], batch["transform"])

    if len(detect) == 1:
        for batch in batches:
            yield batch, run(detect[0], batch)
        return
    with concurrent.futures.ThreadPoolExecutor(len(detect)) as threads:
        while group := list(itertools.islice(batches, len(detect))):
            yield from zip(group, threads.map(run, detect, group))


def coco_results(found: Detections, image_ids, valid, class_ids: Sequence[int]) -> list:
    """Turns a batch of detections into COCO results.

    Boxes become xywh in full float32 precision: neither rounded, nor clipped to the image, nor
    dropped for a low score, as in the original (which rounds to two decimals when it writes the
    file).

    Args:
      found: `Detections` with boxes in original-image pixels.
      image_ids: integers [B].
      valid: bool [B]; False for the padding of a last batch.
      class_ids: the data set's category id of each contiguous class.

    Returns:
      list of {'image_id', 'category_id', 'bbox', 'score'} of plain Python numbers, best first in
      each image.
    """
    boxes, scores, classes, counts = (np.asarray(value) for value in found)
    corners, sides = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    boxes_xywh = np.concatenate([corners[..., ::-1], sides[..., ::-1]], axis=-1)
    return [
        {
            "image_id": int(image_ids[i]),
            "category_id": int(class_ids[classes[i, j]]),
            "bbox": boxes_xywh[i, j].tolist(),
            "score": float(scores[i, j]),
        }
        for i in np.flatnonzero(valid)
        for j in range(int(counts[i]))
    ]
