"""Images in, one COCO-style JSON file and drawn pictures out."""

import json
import os
import sys
from typing import Dict, Iterable, NamedTuple, Optional, Sequence

import keras
import numpy as np

from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import Category
from centernet_tf.errors import UserError
from centernet_tf.evaluation.drawing import draw_detections
from centernet_tf.export.image_files import UnreadableImage, read_upright
from centernet_tf.export.result_folder import FILE_NAME, PICTURE_FOLDER, complete_or_nothing
from centernet_tf.ops.detections import Detections


class Result(NamedTuple):
    """One image and what was found in it, or why there is nothing.

    Attributes:
      path: of the file.
      image: uint8 [h, w, 3], None where it could not be read.
      found: `Detections` of NumPy arrays without batch, None where it could not be read.
      fault: the `UnreadableImage`, else None.
    """

    path: str
    image: Optional[np.ndarray]
    found: Optional[Detections]
    fault: Optional[UnreadableImage] = None


def predict_images(
    predictor,
    paths: Sequence[str],
    output_dir: str,
    score_threshold: float,
    draw: bool = True,
    skip_unreadable: bool = False,
    overwrite: bool = False,
) -> dict:
    """Detects in images, one by one, and writes what was found; see `write_predictions`.

    Args:
      predictor: from `load_predictor`.
    """
    results = (_predict(predictor, path) for path in paths)
    categories = predictor.categories
    return write_predictions(
        results,
        paths,
        categories,
        output_dir,
        score_threshold,
        draw,
        skip_unreadable,
        overwrite,
    )


def _predict(predictor, path: str) -> Result:
    try:
        image = read_upright(path)
    except UnreadableImage as error:
        return Result(path, None, None, error)
    return Result(path, image, predictor.predict(image))


def write_predictions(
    results: Iterable[Result],
    paths: Sequence[str],
    categories: Sequence[Category],
    output_dir: str,
    score_threshold: float,
    draw: bool = True,
    skip_unreadable: bool = False,
    overwrite: bool = False,
) -> dict:
    """Writes `predictions.json` and, if asked, pictures under `drawn/`.

    The JSON file is also a COCO data set: `images`, `annotations` (with `score`, so that they are
    COCO results too) and `categories`. Each image also lists its own detections with the names of
    the classes, and the picture drawn of it; `skipped` lists the images left out with the reason.
    Everything is written to a temporary folder and moved when it is complete.

    Args:
      results: one for each path, in their order.
      paths: image files.
      categories: in the order of the classes of the results; may grow while these are read.
      output_dir: made when missing.
      score_threshold: lower detections are left out.
      draw: write the pictures.
      skip_unreadable: leave unreadable images out instead of stopping.
      overwrite: replace predictions that `output_dir` holds, with the pictures they name.

    Returns:
      what the JSON file holds.

    Raises:
      UserError: the folder cannot be written or holds predictions already, no image could be read,
        or one is unreadable and they are not to be skipped.
    """
    document = {"images": [], "annotations": [], "categories": [], "skipped": []}
    names = _picture_names(paths)
    with complete_or_nothing(output_dir, overwrite) as folder:
        progress = keras.utils.Progbar(
            len(paths), verbose=int(sys.stdout.isatty()), unit_name="image"
        )
        for done, result in enumerate(results, start=1):
            if result.fault is not None:
                if not skip_unreadable:
                    raise result.fault
                skipped = {"file_name": result.path, "reason": result.fault.reason}
                document["skipped"].append(skipped)
            else:
                found = _above(result.found, score_threshold)
                entry = _add(document, result.path, result.image, found, categories)
                if draw:
                    entry["drawn"] = f"{PICTURE_FOLDER}/{names[result.path]}"
                    _draw(os.path.join(folder, entry["drawn"]), result.image, found, categories)
            progress.update(done)
        if not document["images"]:
            raise UserError(
                f"No image can be read: {count_of(len(paths), 'file')} tried, the first "
                f"is {paths[0]} ({document['skipped'][0]['reason']})."
            )
        document["categories"] = [{"id": each.id, "name": each.name} for each in categories]
        _write_json(os.path.join(folder, FILE_NAME), document)
    return document


def summary(document: dict, output_dir: str) -> str:
    """Returns the last line of a run: counts, what was left out, and where the results are."""
    pictures = any("drawn" in image for image in document["images"])
    drawn = f" and {os.path.join(output_dir, PICTURE_FOLDER)}" if pictures else ""
    skipped = document["skipped"]
    left_out = f" Left out {count_of(len(skipped), 'unreadable image')}:" if skipped else ""
    if not document["annotations"] and document["images"]:
        left_out = " None scored enough; try a lower --score_threshold." + left_out
    left_out += "".join(f"\n  {entry['file_name']}: {entry['reason']}" for entry in skipped)
    return (
        f"Found {count_of(len(document['annotations']), 'detection')} in "
        f"{count_of(len(document['images']), 'image')}; see "
        f"{os.path.join(output_dir, FILE_NAME)}{drawn}.{left_out}"
    )


def _above(found: Detections, score_threshold: float) -> Detections:
    kept = found.scores >= score_threshold
    return Detections(
        found.boxes[kept], found.scores[kept], found.classes[kept], np.int32(kept.sum())
    )


def _add(document: dict, path: str, image, found: Detections, categories) -> dict:
    """Appends an image and its detections to the document and returns the image's entry."""
    image_id = len(document["images"]) + 1
    detections = []
    for box, score, index in zip(found.boxes.tolist(), found.scores.tolist(), found.classes):
        category = categories[index]
        bbox = [box[1], box[0], box[3] - box[1], box[2] - box[0]]
        detections.append(
            {
                "category_id": category.id,
                "category_name": category.name,
                "score": score,
                "bbox": bbox,
            }
        )
        document["annotations"].append(
            {
                "id": len(document["annotations"]) + 1,
                "image_id": image_id,
                "category_id": category.id,
                "bbox": bbox,
                "area": bbox[2] * bbox[3],
                "iscrowd": 0,
                "score": score,
            }
        )
    entry = {
        "id": image_id,
        "file_name": path,
        "width": image.shape[1],
        "height": image.shape[0],
        "detections": detections,
    }
    document["images"].append(entry)
    return entry


def _draw(path: str, image, found: Detections, categories) -> None:
    labels = [categories[index].name for index in found.classes]
    picture = draw_detections(image, found.boxes, labels, found.scores, found.classes)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    picture.save(path, quality=92)


def _picture_names(paths: Sequence[str]) -> Dict[str, str]:
    """Names the picture of each image after its file, numbered where names meet."""
    names, taken = {}, set()
    for path in paths:
        stem, ending = os.path.splitext(os.path.basename(path))
        ending = ".png" if ending.lower() == ".png" else ".jpg"
        name, number = stem + ending, 1
        while name in taken:
            number += 1
            name = f"{stem}-{number}{ending}"
        taken.add(name)
        names[path] = name
    return names


def _write_json(path: str, document: dict) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
