"""The files in a version's `assets/`: what it is, what it finds, and on what it was trained.

labels.json      the data set's categories, in the order of the contiguous classes
metadata.json    origin, options, outputs, and the comparison with the trained network
params.yaml      the resolved experiment
metrics.json     of the last evaluation in the model directory, where it was of these weights
data_card.json   how many images and boxes of each class the splits hold, where they are at hand
"""

import json
import os
import shutil

from centernet_tf.config import save_config
from centernet_tf.data.data_set_folder import REPORT_NAME
from centernet_tf.data.manifest import load_manifest
from centernet_tf.errors import UserError
from centernet_tf.evaluation.result_files import results_folder
from centernet_tf.export import metadata
from centernet_tf.export.image_status import MEANINGS


def write_assets(trained, folder: str, options, difference, origin: str) -> None:
    """Writes `assets/` of a SavedModel.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      folder: of the SavedModel.
      options: `ExportOptions`.
      difference: from the trained network, a `comparison.Difference`.
      origin: phrase that says on which images.
    """
    assets = os.path.join(folder, "assets")
    description = metadata.describe(trained, options, "saved_model")
    description["check"] = metadata.describe_check(difference, origin)
    description["image_status"] = {str(code): text for code, text in MEANINGS.items()}
    labels = metadata.labels_json(trained.categories)
    metadata.write_text(os.path.join(assets, "labels.json"), labels)
    _write_json(os.path.join(assets, "metadata.json"), description)
    save_config(trained.config, os.path.join(assets, "params.yaml"))
    _copy_metrics(trained, os.path.join(assets, "metrics.json"))
    card = data_card(trained.config.data.path)
    if card:
        _write_json(os.path.join(assets, "data_card.json"), card)


def _copy_metrics(trained, path: str) -> None:
    """Copies the last evaluation, or says why it is none of what is exported."""
    folder = results_folder(trained.model_dir, trained.config, "")
    metrics = os.path.join(folder, "metrics.json")
    if not os.path.isfile(metrics):
        return
    scored = _read_json(metrics)
    if (scored.get("step"), scored.get("weights")) == (int(trained.step), trained.weights):
        shutil.copyfile(metrics, path)
        return
    print(
        f"The export has no metrics: {metrics} is of step {scored.get('step')} "
        f"({scored.get('weights')} weights), the export of step {trained.step} ({trained.weights} "
        f"weights). Run python -m pipelines.evaluate --model_dir={trained.model_dir} with the "
        "--checkpoint that is exported, and export again.",
        flush=True,
    )


def data_card(data_dir: str) -> dict:
    """Returns the counts of a data set, or {} when it is not on this machine.

    Boxes of each class are known where the converter's report stands beside the manifest.
    """
    try:
        manifest = load_manifest(data_dir)
    except UserError:
        return {}
    report = _read_json(os.path.join(data_dir, REPORT_NAME))
    splits = {}
    for name, split in manifest.splits.items():
        splits[name] = {"images": split.num_examples, "boxes": split.num_boxes}
        by_class = report.get(name, {}).get("boxes_by_class")
        if by_class:
            splits[name]["boxes_by_class"] = by_class
    return {"categories": manifest.class_names, "splits": splits}


def _write_json(path: str, document: dict) -> None:
    metadata.write_text(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _read_json(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except (OSError, ValueError):
        return {}
