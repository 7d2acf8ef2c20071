"""Exports a trained detector as a SavedModel in a numbered version folder."""

from typing import List

import tensorflow as tf

from centernet_tf.export.api_outputs import detections_from_outputs
from centernet_tf.export.assets import write_assets
from centernet_tf.export.comparison import Difference, compare, require_tolerable, worst
from centernet_tf.export.deploy_folder import model_name, write_deploy_folder
from centernet_tf.export.keras_predictor import KerasPredictor
from centernet_tf.export.options import DEFAULT_OPTIONS, ExportOptions
from centernet_tf.export.sample_images import NUM_IMAGES, sample_images
from centernet_tf.export.serving_module import ServingModule
from centernet_tf.export.version_folder import (
    incomplete_folder,
    publish,
    refuse_other_folder,
)
from centernet_tf.export.warmup import example_of, write_warmup_requests
from centernet_tf.ops.detections import Detections

# Drawn or taken from the evaluation split; enough for sizes to be mixed in a batch.
NO_WARMUP = (
    "Without tensorflow-serving-api this version has no warm-up requests: the first clients of "
    "TensorFlow Serving will wait longer. pip install 'centernet_tf[serving]' and export again."
)


def export_saved_model(trained, output_dir: str, options: ExportOptions = DEFAULT_OPTIONS) -> str:
    """Writes the next version of a served detector, and checks that it says what the network says.

    TensorFlow Serving watches `output_dir` for folders whose names are numbers. A version is
    written beside them under a name that is none, checked there, and renamed when it is complete;
    no version is ever overwritten. What a killed export left is removed. Beside the versions stands
    `deploy/`, what it takes to serve them; files of it that are there already are left alone.

    Args:
      trained: what `training.model_dir.load_trained` returns.
      output_dir: folder of the versions; made when missing.
      options: see `ExportOptions`.

    Returns:
      path of the new version folder.

    Raises:
      UserError: the options do not suit the model (`check_options`), the folder holds something
        else or cannot be written, or the exported detector differs from the network; then nothing
        is left behind.
    """
    refuse_other_folder(output_dir)
    module = ServingModule(trained, options)
    with incomplete_folder(output_dir) as folder:
        name = model_name(output_dir, options.model_name)
        tf.saved_model.save(module, folder, signatures=module.signatures())
        images, origin = sample_images(trained, NUM_IMAGES, options.max_pixels)
        difference = check_saved_model(trained, folder, images, options)
        require_tolerable(difference, "SavedModel", origin)
        write_assets(trained, folder, options, difference, origin)
        if not write_warmup_requests(folder, name, trained.config.data.input_size):
            print(NO_WARMUP, flush=True)
        write_deploy_folder(output_dir, name)
        return publish(folder, output_dir)


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
    examples = [example_of(image) for image in images]
    batches = [
        signatures["serving_default"](image_bytes=tf.constant(images)),
        signatures["tf_example"](tf_example=tf.constant(examples)),
    ]
    one_by_one = [signatures["image_tensor"](image_tensor=image[tf.newaxis]) for image in pixels]
    batches.append({name: tf.concat([o[name] for o in one_by_one], 0) for name in one_by_one[0]})
    found = [_rows(batch, pixels, trained.categories) for batch in batches]
    return worst([compare(expected, answers) for answers in found])


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
