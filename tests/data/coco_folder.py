"""A small COCO data set for tests of the conversion, with and without faults."""

import copy
import json

import numpy as np
from PIL import Image

from centernet_tf.data.coco import read_coco
from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions

HEIGHT, WIDTH = 40, 60


def document(num_images=3):
    """Returns COCO annotations with ids that are neither contiguous nor sorted."""
    return copy.deepcopy(
        {
            "images": [
                {"id": 90 - 7 * i, "file_name": f"{i}.jpg", "height": HEIGHT, "width": WIDTH}
                for i in range(num_images)
            ],
            "annotations": [
                {
                    "id": 500 - i,
                    "image_id": 90 - 7 * i,
                    "category_id": [44, 3][i % 2],
                    "bbox": [5.25 + i, 4, 20, 10.5],
                    "area": 123.5 + i,
                    "iscrowd": 0,
                }
                for i in range(num_images)
            ],
            "categories": [{"id": 44, "name": "bottle"}, {"id": 3, "name": "car"}],
        }
    )


def write_images(folder, num_images=3, suffix=".jpg"):
    """Writes small noisy images `0.jpg`, `1.jpg`, ... into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    for i in range(num_images):
        pixels = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}{suffix}")


def write_folder(root, content=None):
    """Writes images and `train.json`; `content` is a document, or the text of the file."""
    content = document() if content is None else content
    write_images(root / "images")
    text = content if isinstance(content, str) else json.dumps(content)
    (root / "train.json").write_text(text, encoding="utf-8")


def read(root, name="train"):
    return read_coco(name, str(root / "images"), str(root / "train.json"))


def convert_folder(root, **options):
    """Converts what `write_folder` wrote into `root/records`; returns the report of the split."""
    output_dir = root / "records"
    return convert([read(root)], str(output_dir), ConvertOptions(**options))["train"]
