"""Exports a trained detector as a SavedModel in a numbered version folder."""

import contextlib
import json
import os
import shutil
from typing import List

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.export import metadata
from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.comparison import Difference, compare, require_tolerable, worst
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.remains import remove_remains, temporary_path
from centernet_tf.export.sample_images import sample_images
from centernet_tf.export.serving_module import ServingModule
from centernet_tf.ops.detections import Detections

# Drawn or taken from the evaluation split; enough for sizes to be mixed in a batch.
NUM_CHECKED_IMAGES = 4


def export_saved_model(trained, output_dir: str, options: ExportOptions = DEFAULT_OPTIONS) -> str:
    """Writes the next version of a served detector, and checks that it says what the network says.

    TensorFlow Serving watches `output_dir` for folders whose names are numbers. A version is
    written beside them under a name that is none, checked there, and renamed when it is complete;
    no version is ever overwritten. What a killed export left is removed.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      output_dir: folder of the versions; made when missing.
      options: see `ExportOptions`.

    Returns:
      path of the new version folder.

    Raises:
      UserError: the folder cannot be written, or the exported detector differs from the network;
        then nothing is left behind.
    """
    with _incomplete_folder(output_dir) as folder:
        module = ServingModule(trained, options)
        tf.saved_model.save(module, folder, signatures=module.signatures())
        images, origin = sample_images(trained, NUM_CHECKED_IMAGES)
        difference = check_saved_model(trained, folder, images, options)
        require_tolerable(difference, "SavedModel", origin)
        description = metadata.describe(trained, options, "saved_model")
        description["check"] = metadata.describe_check(difference, origin)
        assets = os.path.join(folder, "assets")
        metadata.write_text(
            os.path.join(assets, "labels.json"), metadata.labels_json(trained.categories)
        )
        metadata.write_text(
            os.path.join(assets, "metadata.json"), json.dumps(description, indent=1) + "\n"
        )
        return _publish(folder, output_dir)


def check_saved_model(
    trained, folder: str, images: List[bytes], options: ExportOptions
) -> Difference:
    """Runs the three signatures of a SavedModel on disk and the network on the same images.

    Args:
      trained: the network.
      folder: of the SavedModel.
      images: encoded; they are sent as one batch where the signature takes them.
      options: those it was exported with.

    Returns:
      the largest difference of any signature; its counts are those of one.
    """
    predictor = KerasPredictor(trained, options)
    pixels = [tf.io.decode_image(image, 3, expand_animations=False).numpy() for image in images]
    expected = [predictor.predict(image) for image in pixels]
    signatures = tf.saved_model.load(folder).signatures
    examples = [_example(image) for image in images]
    batches = [
        signatures["serving_default"](image_bytes=tf.constant(images)),
        signatures["tf_example"](tf_example=tf.constant(examples)),
    ]
    one_by_one = [signatures["image_tensor"](image_tensor=image[tf.newaxis]) for image in pixels]
    batches.append({name: tf.concat([o[name] for o in one_by_one], 0) for name in one_by_one[0]})
    found = [_rows(batch, pixels, trained.categories) for batch in batches]
    return worst([compare(expected, answers) for answers in found])


def version_folders(output_dir: str) -> List[int]:
    """Returns the versions in a folder, rising."""
    return sorted(
        int(name)
        for name in os.listdir(output_dir)
        if name.isdecimal() and os.path.isdir(os.path.join(output_dir, name))
    )


@contextlib.contextmanager
def _incomplete_folder(output_dir: str):
    """Yields a new folder in `output_dir`; after a failure there is none, nor an empty parent."""
    is_new = not os.path.isdir(output_dir)
    prefix = os.path.join(output_dir, "incomplete-")
    remove_remains(prefix)
    folder = temporary_path(prefix)
    try:
        os.makedirs(folder)
    except OSError as error:
        raise UserError(
            f"Cannot write to the output folder {output_dir}: {error.strerror}."
        ) from error
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):
                os.rmdir(output_dir)
        raise


def _publish(folder: str, output_dir: str) -> str:
    """Renames a complete folder to the next free number."""
    version = max([0, *version_folders(output_dir)]) + 1
    while True:
        path = os.path.join(output_dir, str(version))
        try:
            # Fails where another export has taken the number meanwhile.
            os.rename(folder, path)
            return path
        except OSError:
            if not os.path.exists(path):
                raise
            version += 1


def _rows(outputs: dict, pixels, categories) -> List[Detections]:
    """Returns the detections of each image from the outputs of a batch."""
    return [
        detections_from_outputs(
            {name: values.numpy()[row] for name, values in outputs.items()},
            image.shape[:2],
            categories,
        )
        for row, image in enumerate(pixels)
    ]


def _example(image: bytes) -> bytes:
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[image]))
    features = tf.train.Features(feature={"image/encoded": feature})
    return tf.train.Example(features=features).SerializeToString()
