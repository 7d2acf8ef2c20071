"""Requests that TensorFlow Serving replays before a version takes over, so that no client waits."""

import io
import os

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.export.sample_images import drawn_images

FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")


def write_warmup_requests(folder: str, model_name: str, input_size) -> bool:
    """Writes one request for each signature beside a SavedModel.

    Args:
      folder: of the SavedModel.
      model_name: as servers will call it.
      input_size: (height, width) of the network input in pixels.

    Returns:
      whether it was written: tensorflow-serving-api, of the extra `serving`, has the format.
    """
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        return False
    path = os.path.join(folder, FILE)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tf.io.TFRecordWriter(path) as writer:
        for signature, (name, batch) in warmup_inputs(input_size).items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = model_name
            request.model_spec.signature_name = signature
            request.inputs[name].CopyFrom(tf.make_tensor_proto(batch))
            log = prediction_log_pb2.PredictLog(request=request)
            record = prediction_log_pb2.PredictionLog(predict_log=log)
            writer.write(record.SerializeToString())
    return True


def warmup_inputs(input_size) -> dict:
    """Returns for each signature the name of its input and a batch of one drawn image."""
    (encoded,) = drawn_images(1)
    picture = Image.open(io.BytesIO(encoded)).resize((input_size[1], input_size[0]))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    image = stream.getvalue()
    return {
        "serving_default": ("image_bytes", [image]),
        "image_tensor": ("image_tensor", np.asarray(picture, np.uint8)[np.newaxis]),
        "tf_example": ("tf_example", [example_of(image)]),
    }


def example_of(image: bytes) -> bytes:
    """Returns a serialised tf.train.Example with an encoded image."""
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    features = tf.train.Features(feature={"image/encoded": feature})
    return tf.train.Example(features=features).SerializeToString()
