"""Images on which an export is held against the trained network."""

import io
import itertools
from typing import List, Tuple

import numpy as np
import tensorflow as tf
from PIL import Image

from centernet_tf.count_of import count_of
from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError

# How many an export is held against.
NUM_IMAGES = 4
# As Pillow calls them; its MPO is a JPEG with more images behind the first.
SERVED_FORMATS = ("JPEG", "MPO", "PNG", "BMP")


def sample_images(trained, count: int, max_pixels: int = 0) -> Tuple[List[bytes], str]:
    """Takes images of the evaluation split, or draws some when the data set is not on this machine.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      count: how many.
      max_pixels: images that are larger, or of formats that are not served, are passed over; 0
        takes any.

    Returns:
      encoded images, and one phrase that says which they are.
    """
    data = trained.config.data
    drawn = count_of(count, "drawn image")
    try:
        split = load_manifest(data.path).split(data.eval_split)
    except UserError:
        return drawn_images(count), f"{drawn} (the data set '{data.path}' is not here)"
    served = (image for image in _images_of(split) if _is_served(image, max_pixels))
    images = list(itertools.islice(served, count))
    if not images:
        return drawn_images(count), f"{drawn} (the data set '{data.path}' has none that are served)"
    taken = count_of(len(images), "image")
    return images, f"{taken} of the split '{split.name}' of {data.path}"


def _images_of(split):
    features = {"image/encoded": tf.io.FixedLenFeature([], tf.string)}
    for record in tf.data.TFRecordDataset(split.shard_paths):
        yield tf.io.parse_single_example(record, features)["image/encoded"].numpy()


def _is_served(encoded: bytes, max_pixels: int) -> bool:
    if not max_pixels:
        return True
    with Image.open(io.BytesIO(encoded)) as image:
        return image.format in SERVED_FORMATS and image.width * image.height <= max_pixels


def drawn_images(count: int) -> List[bytes]:
    """Returns PNG images of different sizes with spots of many sizes; always the same."""
    random = np.random.default_rng(0)
    images = []
    for index in range(count):
        height, width = 96 + 37 * (index % 5), 160 - 23 * (index % 4)
        coarse = random.integers(0, 256, [height // 16, width // 16, 3], np.uint8)
        fine = random.integers(0, 256, [height // 4, width // 4, 3], np.uint8)
        layers = [
            np.asarray(Image.fromarray(layer).resize((width, height), Image.Resampling.BICUBIC))
            for layer in (coarse, fine)
        ]
        blended = np.uint8(0.7 * layers[0] + 0.3 * layers[1])
        stream = io.BytesIO()
        Image.fromarray(blended).save(stream, "PNG")
        images.append(stream.getvalue())
    return images
