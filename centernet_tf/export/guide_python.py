"""The Python code in the page beside a TFLite file, by head; `model_guide` fills in the names."""

PYTHON = {
    "full": """import json
import sys
import zipfile

import numpy as np
from PIL import Image, ImageOps

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    import tensorflow as tf

    Interpreter = tf.lite.Interpreter


def load(path=$python_file):
    with zipfile.ZipFile(path) as archive:
        labels = json.loads(archive.read("labels.json"))
    run = Interpreter(path, num_threads=2).get_signature_runner("$signature")
    return run, {label["id"]: label["name"] for label in labels}


def read(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        # 16 bits a pixel, of which the upper 8 are those of a picture.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def detect(run, image):
    outputs = run($input=np.asarray(image, np.uint8)[None])
    count = int(outputs["$count"][0])
    height, width = image.size[::-1]
    boxes = outputs["$boxes"][0, :count] * [height, width, height, width]
    return boxes, outputs["$scores"][0, :count], outputs["$classes"][0, :count].astype(int)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"Usage: python {sys.argv[0]} PHOTO")
    run, names = load()
    image = read(sys.argv[1])
    for box, score, label in zip(*detect(run, image)):
        if score >= 0.3:
            print(names[label], round(float(score), 3), box.round(1))
""",
    "raw": """import json
import sys
import zipfile

from PIL import Image, ImageOps

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    import tensorflow as tf

    Interpreter = tf.lite.Interpreter

$decoder


def load(path=$python_file):
    with zipfile.ZipFile(path) as archive:
        labels = json.loads(archive.read("labels.json"))
    run = Interpreter(path, num_threads=2).get_signature_runner("$signature")
    return run, {label["id"]: label["name"] for label in labels}, labels


def read(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        # 16 bits a pixel, of which the upper 8 are those of a picture.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def detect(run, labels, image):
    pixels, transform = letterbox(np.asarray(image, np.uint8), ($height, $width))
    maps = run($input=pixels)
    boxes, scores, classes = decode(
        maps["peaks"], maps["size"], maps["offset"], transform, $stride, $max_detections, $threshold
    )
    return boxes, scores, np.array([labels[index]["id"] for index in classes], int)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"Usage: python {sys.argv[0]} PHOTO")
    run, names, labels = load()
    image = read(sys.argv[1])
    for box, score, label in zip(*detect(run, labels, image)):
        if score >= 0.3:
            print(names[label], round(float(score), 3), box.round(1))
""",
}
