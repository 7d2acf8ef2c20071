"""Published weights as a model directory, which evaluation, export and prediction read."""

import os

import tensorflow as tf
import yaml

from centernet_tf.config import load_config, save_config
from centernet_tf.count_of import count_of
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.quote import listed
from centernet_tf.training.model_dir import write_description
from centernet_tf.weights.class_lists import categories_of
from centernet_tf.weights.importing import class_count, import_weights
from centernet_tf.weights.init_backbone import init_backbone
from centernet_tf.weights.match_table import match_table
from centernet_tf.weights.mmdet_checks import check_notes
from centernet_tf.weights.preprocessing import (
    Preprocessing,
    is_caffe,
    of_imagenet,
    preprocessing_of,
)
from centernet_tf.weights.pytorch_file import open_pytorch_file


def import_model(
    source, checkpoint, config_files, params_override, output, labels="", allow_unused=False
) -> str:
    """Reads a published detector and writes it as a model directory.

    The preparation of images that belongs to the weights takes the place of what the files of the
    configuration say; what `params_override` says counts before either.

    Args:
      source: 'xingyizhou' or 'mmdet'.
      checkpoint: path of a file of `torch.save`.
      config_files, params_override: the experiment, as `load_config` takes them.
      output: folder to write; without a checkpoint of another model.
      labels: path of a file of class names; '' takes the file's, COCO's or Pascal's.
      allow_unused: see `import_weights`.

    Returns:
      what went where, as text.

    Raises:
      UserError: anything does not fit; nothing is written then.
    """
    _check_free(output)
    file = open_pytorch_file(checkpoint)
    num_classes = class_count(file, source)
    categories = categories_of(num_classes, file.class_names, labels)
    config = load_config(config_files, params_override)
    if config.model.num_classes not in (0, num_classes):
        raise UserError(
            f"model.num_classes is {config.model.num_classes}, but the checkpoint {checkpoint} "
            f"tells {count_of(num_classes, 'class')} apart; set it to {num_classes}, or to 0."
        )
    prepared = preprocessing_of(source, file, config, num_classes)
    config = _with_data(config_files, params_override, prepared)
    left_open = check_notes(file.configuration, config) if source == "mmdet" else ""
    network = make_detector(config, num_classes).build()
    backbone_name = config.model.backbone.name
    matching = import_weights(network, file, source, backbone_name, allow_unused)
    # The description last: it is what makes the folder a model.
    _save(network, output)
    write_description(output, config, categories)
    names = [category.name for category in categories]
    told = [match_table(matching, checkpoint), *_prepared(prepared, config.data), left_open]
    told.append(
        f"{output} holds a detector of {count_of(num_classes, 'class')} ({listed(names, 3)}) for "
        "pipelines.evaluate, pipelines.export and pipelines.predict."
    )
    return "\n".join(filter(None, told))


def import_classifier(checkpoint, config_files, params_override, output) -> str:
    """Checks an ImageNet classifier against a backbone, and writes a configuration to train with.

    Args, raises: as `import_model`.

    Returns:
      what went where, as text.
    """
    _check_free(output)
    config = load_config(config_files, params_override)
    name = config.model.backbone.name
    if is_caffe(name):
        raise UserError(
            f"torchvision's weights do not suit the trunk of '{name}', Caffe's ResNet; take "
            f"model.backbone.name={name.removesuffix('_caffe')}, or give weights of Caffe's, such "
            "as mmdet's resnet50_msra-5891d200.pth, as model.backbone.init_checkpoint of "
            "pipelines.train."
        )
    prepared = of_imagenet(name)
    path = os.path.abspath(checkpoint)
    start = {"model": {"backbone": {"init_checkpoint": path}}}
    config = _with_data(config_files, [*params_override, yaml.safe_dump(start)], prepared)
    network = make_detector(config, config.model.num_classes or 1).build()
    told = init_backbone(network, checkpoint, name, config.data)
    written = os.path.join(output, "params.yaml")
    try:
        os.makedirs(output, exist_ok=True)
        save_config(config, written)
    except OSError as error:
        raise UserError(f"Cannot write {written}: {error.strerror}.") from error
    # What the weights are used to otherwise was told with them.
    return (
        f"{told}\n{_prepared(prepared, config.data)[0]}\n"
        "Only the trunk is trained. Train the rest with python -m pipelines.train "
        f"--config_file={written} --model_dir=..."
    )


def _check_free(output):
    if os.path.exists(os.path.join(output, "params.yaml")):
        raise UserError(
            f"{output} already holds a model; choose another --output, or delete this one."
        )


def _with_data(config_files, params_override, prepared):
    data = yaml.safe_dump({"data": prepared.settings()})
    return load_config(config_files, [data, *params_override])


def _prepared(prepared, data):
    """Says how images are prepared, and where the user would have it otherwise."""
    chosen = Preprocessing(data.channel_order, tuple(data.mean), tuple(data.std))
    if chosen == prepared:
        return [f"Images are prepared as for these weights: {prepared}."]
    return [
        f"Images are prepared as --params_override says: {chosen}.",
        f"WARNING: as far as the file tells, its weights are used to {prepared}.",
    ]


def _save(network, output):
    checkpoint = tf.train.Checkpoint(network=network, step=tf.Variable(0, dtype=tf.int64))
    folder = os.path.join(output, "checkpoints")
    try:
        tf.train.CheckpointManager(checkpoint, folder, 1, checkpoint_name="ckpt").save()
    except tf.errors.OpError as error:
        raise UserError(f"Cannot write a checkpoint to {folder}: {error.message}") from error
