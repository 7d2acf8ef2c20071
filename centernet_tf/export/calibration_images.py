"""Images by which the ranges of int8 activations are found."""

from typing import Callable

import tensorflow as tf

from centernet_tf.data.letterbox import read_letterbox
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_shards
from centernet_tf.errors import UserError
from centernet_tf.ops.normalize import normalize


def calibration_images(trained, count: int) -> Callable:
    """Returns a function that yields inputs of the network, prepared as evaluation does.

    They are spread over the training split, and always the same.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      count: at most so many.

    Returns:
      function without arguments; it yields NumPy float32 [1, H, W, 3], letterboxed and normalized.

    Raises:
      UserError: the data set is not here.
    """
    data = trained.config.data
    try:
        manifest = load_manifest(data.path)
    except UserError as error:
        raise UserError(
            "int8 finds its ranges on images of the training split, but the data set "
            f"is not here: {error} Give its folder by --data_dir, or export with "
            "--tflite_variant=float16, which needs none."
        ) from error
    split = manifest.split(data.train_split)
    class_ids = list(manifest.class_ids)
    step = max(1, split.num_examples // count)

    def prepared(serialized):
        letterboxed, *_ = read_letterbox(parse_record(serialized, class_ids).image, data.input_size)
        return normalize(letterboxed[tf.newaxis], data.channel_order, data.mean, data.std)

    records = read_shards(split.shard_paths).shard(step, 0).take(count)
    return records.map(prepared, 2).as_numpy_iterator
