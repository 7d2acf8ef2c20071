"""Exports a trained detector as one TFLite file."""

import contextlib
import hashlib
import json
import os
import zipfile

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export import companion_files, flatbuffer, metadata
from centernet_tf.export.comparison import require_tolerable
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.model_guide import model_guide
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.raw_decoder import letterbox
from centernet_tf.export.remains import remove_remains, temporary_path
from centernet_tf.export.sample_images import NUM_IMAGES, sample_images
from centernet_tf.export.tflite_check import (
    ADVICE,
    TOLERANCES,
    as_json,
    check_tflite,
    max_drop,
    require_score,
    score_both,
)
from centernet_tf.export.tflite_convert import convert
from centernet_tf.export.tflite_options import DEFAULT_TFLITE_OPTIONS, TFLiteOptions
from centernet_tf.export.tflite_report import make_report


def export_tflite(
    trained,
    path: str,
    options: ExportOptions = DEFAULT_OPTIONS,
    lite: TFLiteOptions = DEFAULT_TFLITE_OPTIONS,
) -> str:
    """Writes a TFLite file of built-in operations, and checks that it says what the network says.

    Labels and metadata are appended to the file, as TFLite Metadata's associated files are (it is
    also a zip archive), and stand beside it: NAME.labels.json and NAME.json for NAME.tflite, with
    NAME.export_report.json (size, speed, differences, AP, operations) and NAME.md (how to call it).
    All are written under temporary names and renamed once the file has been run. Those of an
    earlier export are replaced, other files are not.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      path: of the file, ending in .tflite; replaced when it is there.
      options: see `ExportOptions`.
      lite: see `TFLiteOptions`.

    Returns:
      `path`.

    Raises:
      UserError: the options do not suit the model (`image_detector.check_options`), the path cannot
        be written, foreign files have the names of those beside it (`companion_files`), the network
        needs other operations, or the file differs from the network by more than the variant may;
        then nothing is left behind.
    """
    name = _checked_name(path)
    companion_files.refuse_foreign(name)
    model = convert(trained, options, lite)
    description = _describe(trained, options, lite, model)
    _require_builtin(description["operations"])
    labels = metadata.labels_json(trained.categories)
    beside = [name + ending for ending in companion_files.ENDINGS]
    with _temporary_names([*beside, path]) as temporary:
        _write(temporary[path], model, {"labels.json": labels, "metadata.json": _json(description)})
        images, origin = sample_images(trained, NUM_IMAGES)
        predictor, data = KerasPredictor(trained, options), trained.config.data
        difference = check_tflite(predictor, temporary[path], images, data.input_size, lite)
        if not lite.is_quantized:
            tolerance, advice = TOLERANCES[lite.variant], ADVICE[lite.variant]
            require_tolerable(difference, "TFLite file", origin, tolerance, advice)
        scores = score_both(predictor, temporary[path], data, lite)
        require_score(scores, lite, max_drop(trained.network, lite))
        description["check"] = {"images": origin, **as_json(difference)}
        report = make_report(model, description, _timed_image(images[0], lite, trained), scores)
        guide = model_guide(model, description, report, os.path.basename(path))
        texts = (_json(description), labels, _json(report), guide)
        for companion, text in zip(beside, texts):
            metadata.write_text(temporary[companion], text)
    return path


def _describe(trained, options, lite, model: bytes) -> dict:
    """The metadata, but for the check."""
    maps = flatbuffer.output_shapes(model)
    height, _ = trained.config.data.input_size
    limit = options.max_detections or trained.detector.options.max_detections
    description = metadata.describe(trained, options, "tflite")
    description.update(
        variant=lite.variant,
        head=lite.head,
        max_detections=limit,
        outputs=maps,
        operations=flatbuffer.operations(model),
        sha256=hashlib.sha256(model).hexdigest(),
    )
    if lite.head == "raw":
        description["stride"] = height // maps["peaks"][1]
    return description


def _timed_image(encoded: bytes, lite, trained):
    """A decoded image, of the input's size for a raw head."""
    image = tf.io.decode_image(encoded, 3, expand_animations=False).numpy()
    return letterbox(image, trained.config.data.input_size)[0][0] if lite.head == "raw" else image


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
