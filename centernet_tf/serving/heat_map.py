"""The heat-map in any detector's raw maps, as a picture to lay over an image.

What `PointDetector.object_map` shows of a network is found here by the names of the outputs:

    raw_heatmap                        CenterNet: centres
    raw_tl_heatmap, raw_br_heatmap     CornerNet: corners; raw_center_heatmap with the triplets
    raw_heatmap_p2 or p3, ...          CenterNet-Update: centres at each level of the pyramid
    raw_class_p3, ...                  FCOS: insides of objects at each level
"""

import base64
import io
import json
import os
import re

import numpy as np
from PIL import Image

from centernet_tf.ops import pyramid
from centernet_tf.ops.geometry import letterbox_transform

# A flip test of corners leaves the maps of the mirror image beside those of the image.
_SINGLE = re.compile(r"raw_(?!mirrored_)(\w+_)?heatmap")
_LEVEL = re.compile(r"raw_(heatmap|class)_p(\d+)")


def strongest(outputs: dict):
    """Returns the logit of the strongest class in each cell.

    Args:
      outputs: of one image, by name; maps are float32 [H, W, C].

    Returns:
      float32 [H, W], at a pyramid's finest level; None where no output is a heat-map.
    """
    single = [values for name, values in outputs.items() if _SINGLE.fullmatch(name)]
    if single:
        return np.concatenate(single, axis=-1).max(axis=-1)
    levels = {int(m[2]): outputs[m[0]] for m in map(_LEVEL.fullmatch, outputs) if m}
    if not levels:
        return None
    return pyramid.strongest_class([levels[number][np.newaxis] for number in sorted(levels)])[0]


def heat_map(outputs: dict, size, folder: str):
    """Returns the best class's probability in each cell, and where the map lies over the image.

    Args:
      outputs: of one image, by name.
      size: (height, width) of the image in pixels.
      folder: of the version, whose assets tell the size of the network's input.

    Returns:
      (document or None, sentence that says why there is none or '').
    """
    if not any(name.startswith("raw_") for name in outputs):
        return None, "This export has no heat-map; export it with --raw_maps."
    logits = strongest(outputs)
    if logits is None:
        return None, "None of this model's maps is a heat-map."
    input_size = _input_size(folder)
    if input_size is None:
        return None, "There is no heat-map: assets/metadata.json does not tell the input's size."
    scale, shift_y, shift_x = letterbox_transform(size, input_size).numpy().tolist()
    corners = [-shift_y, -shift_x, input_size[0] - shift_y, input_size[1] - shift_x]
    return {"png": _png(logits), "box": [corner / scale for corner in corners]}, ""


def _png(logits) -> str:
    logits = np.clip(np.float64(logits), -50.0, 50.0)
    stream = io.BytesIO()
    Image.fromarray(np.uint8(np.round(255.0 / (1.0 + np.exp(-logits))))).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def _input_size(folder: str):
    try:
        with open(os.path.join(folder, "assets", "metadata.json"), encoding="utf-8") as stream:
            return tuple(json.load(stream)["input_size"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
