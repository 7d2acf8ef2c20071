"""The demonstration: from drawn images to a served detector, and a page that shows it."""

import contextlib
import json
import os
import shutil
import time
import types

from centernet_tf.cli import describe_machine
from centernet_tf.count_of import count_of
from centernet_tf.data.convert import convert
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.sources import shapes_splits
from centernet_tf.errors import UserError
from centernet_tf.evaluation import demo_pictures
from centernet_tf.evaluation.demo_page import DemoResult, write_demo_page
from centernet_tf.evaluation.shown_score import SHOWN_SCORE
from centernet_tf.export.comparison import compare
from centernet_tf.export.predictor import load_predictor
from centernet_tf.export.saved_model import export_saved_model
from centernet_tf.export.tflite import export_tflite
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.model_dir import load_trained
from centernet_tf.training.train import run_job

_DRAWING_SEED = 1


def run_demo(
    config: ExperimentConfig, output_dir: str, num_train: int, num_val: int, reuse: bool = False
) -> dict:
    """Runs the whole job and writes `index.html` and `summary.json`.

    Args:
      config: the experiment; its `data.path` is set here.
      output_dir: folder for everything; what an earlier run left there is deleted first.
      num_train: training images to draw.
      num_val: held-out images to draw.
      reuse: keep the records of an earlier run, and go on with its training.

    Returns:
      what `summary.json` holds: 'AP', 'AP50', 'train_seconds', 'total_seconds' and 'artefacts',
      their paths relative to `output_dir` by name.

    Raises:
      UserError: the folder cannot be written.
    """
    started = time.monotonic()
    records, model_dir = (os.path.join(output_dir, name) for name in ("records", "model"))
    config = config.replace(data={"path": records})
    _clear(output_dir, ["export", "index.html", "summary.json"])
    if not reuse:
        _clear(output_dir, ["records", "model"])
    if not os.path.exists(os.path.join(records, "manifest.json")):
        with _step(f"[1/5] drew {count_of(num_train + num_val, 'image')} and made records"):
            _make_records(config, num_train, num_val)
    epochs = count_of(config.train.epochs, "epoch")
    with _step(f"[2/5] trained {epochs} and evaluated") as training:
        metrics = run_job(config, model_dir, "train_and_eval")
    trained = load_trained(model_dir)
    with _step("[3/5] exported a SavedModel and a TFLite file"):
        artefacts = _export(trained, output_dir)
    with _step("[4/5] predicted held-out images with both"):
        pictures = _pictures(trained, output_dir, artefacts)
    result = DemoResult(
        metrics=metrics,
        history_path=os.path.join(model_dir, "history.csv"),
        artefacts=artefacts,
        commands=_commands(output_dir, artefacts),
        about=_about(trained, num_train),
        train_seconds=training.seconds,
        total_seconds=time.monotonic() - started,
        **pictures,
    )
    page = os.path.join(output_dir, "index.html")
    with _step("[5/5] wrote the page"):
        write_demo_page(page, result)
    summary = {
        "AP": metrics["AP"],
        "AP50": metrics["AP50"],
        "train_seconds": round(training.seconds, 1),
        "total_seconds": round(time.monotonic() - started, 1),
        "artefacts": {**artefacts, "page": "index.html"},
    }
    _write_json(summary, os.path.join(output_dir, "summary.json"))
    print(f"AP {summary['AP']:.3f}, AP50 {summary['AP50']:.3f}; the page is {page}")
    return summary


def _clear(output_dir, names):
    """Deletes these entries of the folder, and nothing else in it."""
    try:
        os.makedirs(output_dir, exist_ok=True)
        for name in names:
            path = os.path.join(output_dir, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            elif os.path.exists(path):
                os.remove(path)
    except OSError as error:
        raise UserError(f"Cannot start over in {output_dir}: {error.strerror}.") from error


@contextlib.contextmanager
def _step(title):
    """Prints what was done and how long it took; what it yields has the `seconds` afterwards."""
    timer = types.SimpleNamespace(seconds=0.0)
    started = time.monotonic()
    yield timer
    timer.seconds = time.monotonic() - started
    print(f"{title}: {timer.seconds:.1f} s", flush=True)


def _make_records(config, num_train, num_val):
    folder, size = config.data.path, config.data.input_size
    source = {
        "format": "shapes",
        "num_train": num_train,
        "num_val": num_val,
        "image_size": list(size),
        "seed": _DRAWING_SEED,
    }
    splits = shapes_splits(folder, num_train, num_val, size, _DRAWING_SEED)
    convert(splits, folder, ConvertOptions(source=source))


def _export(trained, output_dir) -> dict:
    """Returns paths relative to the output folder by name."""
    saved_model = export_saved_model(trained, os.path.join(output_dir, "export", "saved_model"))
    export_tflite(trained, os.path.join(output_dir, "export", "detector.tflite"))
    return {
        "records": "records",
        "model_dir": "model",
        "metrics": "model/evaluation/metrics.json",
        "detections": "model/evaluation/detections.json",
        "saved_model": os.path.relpath(saved_model, output_dir),
        "tflite": "export/detector.tflite",
    }


def _pictures(trained, output_dir, artefacts) -> dict:
    """Returns the pictures of a `DemoResult`, made with the exported files, and their agreement."""
    data = trained.config.data
    manifest = load_manifest(data.path)
    names = manifest.class_names
    held_out = demo_pictures.first_images(manifest, data.eval_split, 6)
    served, mobile = (
        [predictor.predict(image.pixels) for image in held_out]
        for predictor in (
            load_predictor(os.path.join(output_dir, artefacts[name]))
            for name in ("saved_model", "tflite")
        )
    )
    difference = compare(served, mobile)
    samples = demo_pictures.first_images(manifest, data.train_split, 6)
    return {
        "samples": [demo_pictures.truth_picture(image, names) for image in samples],
        "predictions": [
            demo_pictures.prediction_picture(image, found, names, SHOWN_SCORE)
            for image, found in zip(held_out, served)
        ],
        "heatmaps": demo_pictures.heatmap_pictures(
            trained.network, trained.detector, trained.config, manifest, data.eval_split, 6
        ),
        "agreement": f"The TFLite file differs by at most {difference.box_px:.2g} px and "
        f"{difference.score:.2g} in score.",
    }


def _about(trained, num_train) -> str:
    data, model = trained.config.data, trained.config.model
    height, width = data.input_size
    return (
        f"{model.detector} with {model.backbone.name} at {height}x{width}, trained from scratch "
        f"for {count_of(trained.config.train.epochs, 'epoch')} on "
        f"{count_of(num_train, 'drawn image')}; "
        f"{describe_machine()}."
    )


def _commands(output_dir, artefacts) -> dict:
    model_dir, tflite = (os.path.join(output_dir, artefacts[n]) for n in ("model_dir", "tflite"))
    return {
        "Use the environment that make set up": "source .venv/bin/activate",
        "Score it again": f"python -m pipelines.evaluate --model_dir={model_dir}",
        "Detect in your own images": f"python -m pipelines.predict --model={tflite} "
        "--images=IMAGE_OR_FOLDER --output_dir=predictions",
    }


def _write_json(value, path):
    with open(path + ".tmp", "w", encoding="utf-8") as stream:
        json.dump(value, stream, indent=2)
        stream.write("\n")
    os.replace(path + ".tmp", path)
