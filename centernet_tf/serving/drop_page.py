"""The page at `/`: an image dropped on it comes back with boxes, scores and heat-map."""

import html
import io
import json
import time
from importlib import resources

import numpy as np
from PIL import Image

from centernet_tf.export.api_outputs import boxes_px
from centernet_tf.export.image_status import GOOD, MEANINGS
from centernet_tf.serving.faults import BadRequest
from centernet_tf.serving.heat_map import heat_map


def page(model_name: str) -> bytes:
    """Returns the HTML; it loads nothing else."""
    text = resources.files("centernet_tf.serving").joinpath("drop_page.html").read_text("utf-8")
    return text.replace("MODEL_NAME", html.escape(model_name)).encode()


def detect(model, encoded: bytes, deadline: float) -> bytes:
    """Returns the JSON that the page draws.

    Args:
      model: `ServedModel`.
      encoded: an image file.
      deadline: in `time.monotonic()`.

    Raises:
      BadRequest: it is no image that the model reads; the sentence says why.
    """
    started = time.monotonic()
    inputs = {"image_bytes": np.array([encoded], dtype=object)}
    outputs, number = model.predict("", lambda *_: inputs, None, deadline)
    found = {name: values[0] for name, values in outputs.items()}
    status = int(found.get("image_status", GOOD))
    if status != GOOD:
        raise BadRequest(f"The image {MEANINGS.get(status, 'cannot be used')}.")
    with Image.open(io.BytesIO(encoded)) as image:
        size = (image.height, image.width)
    heat, why_not = heat_map(found, size, model.current().folder)
    document = {
        "version": number,
        "height": size[0],
        "width": size[1],
        "detections": _detections(found, size),
        "heat_map": heat,
        "no_heat_map": why_not,
        "milliseconds": round(1000 * (time.monotonic() - started)),
    }
    return json.dumps(document).encode()


def _detections(found: dict, size) -> list:
    count = int(found["num_detections"])
    return [
        {"box": box, "score": score, "id": int(identity), "name": name.decode("utf-8", "replace")}
        for box, score, identity, name in zip(
            boxes_px(found, size)[:count].tolist(),
            found["detection_scores"][:count].tolist(),
            found["detection_classes"][:count],
            found["detection_class_names"][:count],
        )
    ]
