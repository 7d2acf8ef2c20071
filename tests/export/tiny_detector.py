"""A tiny detector whose maps are lively, as if it had been trained."""

import io

import keras
import numpy as np
from PIL import Image

from centernet_tf.config import load_config
from centernet_tf.data.annotations import Category
from centernet_tf.detectors import make_detector
from centernet_tf.training.model_dir import Trained

CATEGORIES = (Category(3, "disc"), Category(7, "cell"), Category(11, "naïve"))


def make_trained(backbone="res_18", input_size=(64, 96), options="max_detections: 30"):
    """A small network with random weights that are large enough for distinct peaks and boxes."""
    config = load_config(
        params_override=[
            f"model: {{backbone: {{name: {backbone}, width_multiplier: 0.125}}}}",
            f"model: {{options: {{head_channels: 8, {options}}}}}",
            f"data: {{input_size: {list(input_size)}, path: no/data/here}}",
        ]
    )
    keras.utils.set_random_seed(5)
    detector = make_detector(config, len(CATEGORIES))
    network = detector.build()
    random = np.random.default_rng(5)
    for variable in network.weights:
        if variable.name.startswith(("neck", "heatmap", "size", "offset")):
            shape = variable.shape
            if len(shape) == 4:
                # Modest in the heat-map, where large logits would all become the score 1.
                gain = 0.7 if variable.name.startswith("heatmap_final") else 2.0
                spread = gain / np.sqrt(np.prod(shape[:3]))
                variable.assign(random.normal(0, spread, shape))
            elif variable.name.startswith("size_final"):
                variable.assign(np.resize([4.0, 6.0], variable.shape))
    images = [textured_image(*input_size, seed) / 64.0 - 2.0 for seed in range(4)]
    for _ in range(40):
        # Batch statistics that fit, or the signal dies on its way through the layers.
        network(np.float32(images), training=True)
    return Trained(config, CATEGORIES, detector, network, step=12, model_dir="no/model/dir")


def textured_image(height, width, seed=0):
    """uint8 [height, width, 3] with spots of several sizes."""
    random = np.random.default_rng(seed)

    def layer(step):
        shape = [max(1, height // step), max(1, width // step), 3]
        small = Image.fromarray(random.integers(0, 256, shape, np.uint8))
        return np.asarray(small.resize((width, height), Image.Resampling.BICUBIC), np.float32)

    return np.uint8(0.6 * layer(24) + 0.4 * layer(6))


def encode(image, image_format="PNG", **options):
    """The image as file bytes."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, image_format, **options)
    return stream.getvalue()
