"""The embedded data set: pictures drawn by ourselves, stored as JPEG files with COCO JSON."""

import json
import os
from typing import Tuple

import numpy as np

from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.shape_outline import CLASS_NAMES
from centernet_tf.data.shape_scene import draw_scene
from centernet_tf.errors import UserError

# How many pictures are drawn where nobody says otherwise.
NUM_TRAIN, NUM_VAL = 1200, 200
_JPEG_QUALITY = 92
# An empty file that says whose a folder is.
_MARK = ".drawn"


def draw_dataset(
    output_dir: str, num_train: int, num_val: int, image_size: Tuple[int, int], seed: int
) -> None:
    """Draws `train/*.jpg` and `val/*.jpg` with `train.json` and `val.json` into `output_dir`.

    The same arguments give the same files. Each JSON file is written when its pictures are
    complete.

    Args:
      output_dir: made where it is missing; earlier drawings are replaced.
      num_train, num_val: number of pictures.
      image_size: (height, width) in pixels, each from 64 to 2048.
      seed: every random choice follows from it.

    Raises:
      UserError: the image size is out of range, the folder holds what was not drawn here, or it
        cannot be written.
    """
    if not all(64 <= side <= 2048 for side in image_size):
        raise UserError(f"Pictures of shapes are 64 to 2048 pixels a side; got {image_size}.")
    _claim(output_dir)
    for number, (split, count) in enumerate((("train", num_train), ("val", num_val))):
        try:
            _draw_split(output_dir, split, count, image_size, (seed, number))
        except OSError as error:
            raise UserError(f"Cannot draw into '{output_dir}': {error.strerror}.") from error


def _claim(folder: str) -> None:
    """Marks the folder as one for drawings, which may be replaced."""
    mark = os.path.join(folder, _MARK)
    try:
        os.makedirs(folder, exist_ok=True)
        if os.listdir(folder) and not os.path.exists(mark):
            raise UserError(
                f"'{folder}' holds files that were not drawn by this program; move them away, or "
                "give another --output_dir."
            )
        open(mark, "w").close()
    except OSError as error:
        raise UserError(f"Cannot draw into '{folder}': {error.strerror}.") from error


def _draw_split(output_dir: str, split: str, count: int, image_size, seeds) -> None:
    folder = os.path.join(output_dir, split)
    os.makedirs(folder, exist_ok=True)
    height, width = image_size
    images, annotations = [], []
    bar = ProgressBar(f"drawing {split}", count)
    for image_id in range(1, count + 1):
        # Every picture has its own generator, so that it does not depend on how many there are.
        rng = np.random.default_rng([*seeds, image_id])
        picture, shapes = draw_scene(rng, height, width)
        file_name = f"{image_id:06d}.jpg"
        picture.save(os.path.join(folder, file_name), quality=_JPEG_QUALITY)
        images.append({"id": image_id, "file_name": file_name, "height": height, "width": width})
        for shape in shapes:
            annotations.append(_annotation(len(annotations) + 1, image_id, shape))
        bar.advance()
    bar.close()
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASS_NAMES, start=1)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    path = os.path.join(output_dir, split + ".json")
    with open(path + ".tmp", "w", encoding="utf-8") as stream:
        json.dump(document, stream)
    os.replace(path + ".tmp", path)


def _annotation(annotation_id: int, image_id: int, shape) -> dict:
    ymin, xmin, ymax, xmax = shape.box_px
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": CLASS_NAMES.index(shape.name) + 1,
        "bbox": [xmin, ymin, xmax - xmin, ymax - ymin],
        "area": shape.area,
        "iscrowd": 0,
    }
