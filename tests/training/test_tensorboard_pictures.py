"""The pictures of TensorBoard: as many as asked, of detections and of heat-maps."""

import io
import types

import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.core.util import event_pb2

from centernet_tf.config import load_config
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.evaluation.ground_truth import coco_ground_truth
from centernet_tf.training.tensorboard_pictures import TensorboardPictures


def network(images, training):
    """A heat-map that is hot in one corner."""
    assert not training
    cells = tf.range(16.0) - 12.0
    return {"heatmap": tf.tile((cells[:, None] + cells)[None, ..., None], [len(images), 1, 1, 1])}


def pictures_of(folder):
    """Returns {tag: (step, picture)} of the event files in a folder."""
    found = {}
    for path in folder.iterdir():
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            event = event_pb2.Event.FromString(record)
            for value in event.summary.value:
                encoded = value.tensor.string_val[2]
                found[value.tag] = event.step, np.asarray(Image.open(io.BytesIO(encoded)))
    return found


def test_detections_and_heatmaps_of_the_first_images(records, tmp_path):
    count = 3
    manifest = load_manifest(records)
    truth = coco_ground_truth(read_annotations(manifest, "val"), manifest.categories)
    detections = [{**row, "score": 0.9} for row in truth["annotations"]]
    overrides = f"data.input_size=[64,64],train.tensorboard_images={count}"
    config = load_config([], [f"{overrides},evaluation.resolution=keep,evaluation.batch_size=2"])
    detector = types.SimpleNamespace(
        object_map=lambda outputs: tf.sigmoid(outputs["heatmap"][..., 0])
    )
    writer = tf.summary.create_file_writer(str(tmp_path))
    evaluation = types.SimpleNamespace(ground_truth=truth, detections=detections)
    TensorboardPictures(writer, config, manifest).write(40, network, detector, evaluation)
    found = pictures_of(tmp_path)
    kinds = ("detections", "heatmap")
    assert sorted(found) == [f"image_{i}/{kind}" for i in range(count) for kind in kinds]
    step, drawn = found["image_0/detections"]
    assert step == 40
    # Everything was found, so that both halves show the same outlines.
    left, right = drawn[60:-20, : drawn.shape[1] // 2], drawn[60:-20, drawn.shape[1] // 2 :]
    assert drawn.shape[1] > 1.7 * drawn.shape[0]
    assert abs(left.mean() - right.mean()) < 5
    heat = found["image_0/heatmap"][1].astype(int).sum(-1)
    assert heat.shape == (64, 64) and heat[-8:, -8:].mean() > heat[:8, :8].mean()
