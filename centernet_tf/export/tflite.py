"""Exports a trained detector as one float32 TFLite file."""

import contextlib
import hashlib
import json
import os
import tempfile
import zipfile

import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from centernet_tf.errors import UserError
from centernet_tf.export import flatbuffer, metadata
from centernet_tf.export.comparison import Difference, compare, require_tolerable
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.native_output import hidden_unless_it_fails
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.remains import remove_remains, temporary_path
from centernet_tf.export.sample_images import sample_images
from centernet_tf.export.tflite_module import OUTPUT_NAMES, TFLiteModule
from centernet_tf.export.tflite_predictor import TFLitePredictor

NUM_CHECKED_IMAGES = 4


def export_tflite(trained, path: str, options: ExportOptions = DEFAULT_OPTIONS) -> str:
    """Writes a TFLite file of built-in operations, and checks that it says what the network says.

    Labels and metadata are appended to the file, as TFLite Metadata's associated files are (it is
    also a zip archive), and stand beside it: NAME.labels.json and NAME.json for NAME.tflite. All
    are written under temporary names and renamed once the file has been run.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      path: of the file, ending in .tflite; replaced when it is there.
      options: see `ExportOptions`.

    Returns:
      `path`.

    Raises:
      UserError: the path cannot be written, the network needs other operations, or the file differs
        from the network; then nothing is left behind.
    """
    name = _checked_name(path)
    model = convert(trained, options)
    description = metadata.describe(trained, options, "tflite")
    description["operations"] = flatbuffer.operations(model)
    _require_builtin(description["operations"])
    description["sha256"] = hashlib.sha256(model).hexdigest()
    labels = metadata.labels_json(trained.categories)
    with _temporary_names([f"{name}.labels.json", f"{name}.json", path]) as temporary:
        _write(temporary[path], model, {"labels.json": labels, "metadata.json": _json(description)})
        images, origin = sample_images(trained, NUM_CHECKED_IMAGES)
        difference = check_tflite(trained, temporary[path], images, options)
        require_tolerable(difference, "TFLite file", origin)
        description["check"] = metadata.describe_check(difference, origin)
        metadata.write_text(temporary[f"{name}.labels.json"], labels)
        metadata.write_text(temporary[f"{name}.json"], _json(description))
    return path


def convert(trained, options: ExportOptions = DEFAULT_OPTIONS) -> bytes:
    """Returns the flatbuffer.

    Raises:
      UserError: the network needs operations that are not built into TFLite.
    """
    module = TFLiteModule(trained, options)
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serving_default": module.detect})
        converter = tf.lite.TFLiteConverter.from_saved_model(
            folder, signature_keys=["serving_default"]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        model, failure = None, None
        with hidden_unless_it_fails():
            try:
                model = converter.convert()
            except ConverterError as error:
                failure = error
    if failure:
        raise UserError(
            "The network cannot be written with TFLite's built-in operations alone: "
            f"{_reason(failure)}"
        ) from failure
    height, width = trained.config.data.input_size
    return flatbuffer.settle(model, [1, height, width, 3], OUTPUT_NAMES)


def check_tflite(trained, path: str, images, options: ExportOptions) -> Difference:
    """Runs a TFLite file and the network on the same encoded images."""
    one, other = KerasPredictor(trained, options), TFLitePredictor(path)
    pixels = [tf.io.decode_image(image, 3, expand_animations=False).numpy() for image in images]
    return compare(
        [one.predict(image) for image in pixels], [other.predict(image) for image in pixels]
    )


def _checked_name(path: str) -> str:
    """Returns the path without its ending, or raises where it cannot be that of a TFLite file."""
    name, ending = os.path.splitext(path)
    if ending != ".tflite":
        raise UserError(f"The output of a TFLite export is a file NAME.tflite; got '{path}'.")
    if os.path.isdir(path):
        raise UserError(f"Cannot write {path}: it is a folder.")
    return name


def _require_builtin(operations) -> None:
    foreign = [name for name in operations if name.startswith(("CUSTOM:", "Flex"))]
    if foreign:
        raise UserError(
            f"The network needs operations that are not built into TFLite: {', '.join(foreign)}."
        )


def _reason(error: Exception) -> str:
    """The converter's list of foreign operations, or the first line of what it says."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if line.startswith(("TF Select ops:", "Custom ops:"))]
    return " ".join(named or lines[:1])


def _json(value) -> str:
    return json.dumps(value, indent=1) + "\n"


def _write(path: str, model: bytes, files: dict) -> None:
    """Writes the flatbuffer and appends the archive of the associated files."""
    with open(path, "wb") as stream:
        stream.write(model)
    with zipfile.ZipFile(path, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)


@contextlib.contextmanager
def _temporary_names(paths):
    """Yields a temporary name for each path; renames in the order given, or removes all of them."""
    folder = os.path.dirname(paths[0]) or "."
    prefixes = {path: f"{path}.incomplete-" for path in paths}
    for prefix in prefixes.values():
        remove_remains(prefix)
    temporary = {path: temporary_path(prefix) for path, prefix in prefixes.items()}
    is_new = not os.path.isdir(folder)
    try:
        os.makedirs(folder, exist_ok=True)
        yield temporary
        for path in paths:
            os.replace(temporary[path], path)
    except BaseException as error:
        for name in temporary.values():
            with contextlib.suppress(OSError):
                os.remove(name)
        if is_new:
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        if isinstance(error, OSError) and not isinstance(error, UserError):
            raise UserError(f"Cannot write to {folder}: {error.strerror}.") from error
        raise
