"""What an experiment is: typed settings, YAML files, overrides and validation.

Every default of the package stands here, or in the `Options` of the detector that the experiment
names (`centernet_tf/detectors/NAME.py`), so that a new detector brings its own settings in its own
file.
"""

import dataclasses
import importlib
import os
import typing
from typing import List

import yaml
from official.modeling import hyperparams
from official.modeling.hyperparams import params_dict

from centernet_tf import setting_types, yaml_file
from centernet_tf.config_checks import setting_faults
from centernet_tf.errors import UserError, nearest


@dataclasses.dataclass
class AugmentationConfig(hyperparams.Config):
    """Random changes of training images."""

    # original: the affine recipe of CenterNet; mmdet: photometric distortion and centre crop;
    # lsj: large-scale jitter; none.
    recipe: str = "original"
    # Original and mmdet recipes: scale factors are drawn from {scale_min, scale_min + 0.1, ...,
    # scale_max}.
    scale_min: float = 0.6
    scale_max: float = 1.3
    # Recipe lsj: the image is scaled to fit the input times U(lsj_scale_min, lsj_scale_max).
    lsj_scale_min: float = 0.1
    lsj_scale_max: float = 2.0
    # Probability of mirroring left-right; the originals use 0.5.
    horizontal_flip: float = 0.5
    # Probability of mirroring top-down; for pictures without an up, such as microscopy.
    vertical_flip: float = 0.0
    # Original recipe: brightness, contrast and saturation factors are 1 + U(-jitter, jitter).
    color_jitter: float = 0.4
    # Original recipe: standard deviation of the PCA lighting noise.
    lighting: float = 0.1
    # Any recipe: probability of showing the corners of four augmented images around a random point.
    # Three further records are read for each example, and one for mixup; either doubles what
    # data.shuffle_buffer holds. They are decoded only where they are shown.
    mosaic: float = 0.0
    # Any recipe: probability of blending the image half and half with another augmented one.
    mixup: float = 0.0


@dataclasses.dataclass
class DataConfig(hyperparams.Config):
    """Where the records are and how images become network input."""

    # Folder written by pipelines/make_tfrecords.
    path: str = ""
    train_split: str = "train"
    eval_split: str = "val"
    # Network input (height, width) in pixels; both multiples of 32.
    input_size: List[int] = dataclasses.field(default_factory=lambda: [512, 512])
    # Objects kept for an image in training; the largest are kept.
    max_boxes: int = 128
    # "bgr" for networks trained by the original code, "rgb" otherwise.
    channel_order: str = "bgr"
    # Mean and standard deviation in 0..255 pixel units, in channel order (original: COCO, BGR).
    mean: List[float] = dataclasses.field(
        default_factory=lambda: [104.01361770, 114.03422265, 119.91659325]
    )
    std: List[float] = dataclasses.field(
        default_factory=lambda: [73.60285140, 69.88894140, 70.91507925]
    )
    # Serialised records held for shuffling (about 0.15 MB each at COCO's JPEG sizes).
    shuffle_buffer: int = 2048
    # A tf.data service that prepares the batches, grpc://HOST:PORT; "" prepares them here.
    service: str = ""
    # Keep serialised records in memory after the first epoch.
    cache: bool = False
    augmentation: AugmentationConfig = dataclasses.field(default_factory=AugmentationConfig)


@dataclasses.dataclass
class BackboneConfig(hyperparams.Config):
    """The network from image to the stride-4 feature map."""

    # A module of centernet_tf/backbones: res_18, resdcn_18, mmdet_resnet18, mmdet_resnet18_dcn.
    name: str = "res_18"
    # Channel multiplier; 1.0 is the published network.
    width_multiplier: float = 1.0


@dataclasses.dataclass
class ModelConfig(hyperparams.Config):
    """Detector, backbone and their options."""

    # A module of centernet_tf/detectors.
    detector: str = "centernet"
    # 0 takes the number of classes from the data set's manifest.
    num_classes: int = 0
    backbone: BackboneConfig = dataclasses.field(default_factory=BackboneConfig)
    # Replaced by the detector module's own `Options` when a config is loaded.
    options: hyperparams.Config = dataclasses.field(default_factory=hyperparams.Config)


@dataclasses.dataclass
class OptimizerConfig(hyperparams.Config):
    """Optimizer and learning-rate schedule."""

    # adam, adamw or sgd (with momentum).
    name: str = "adam"
    # At the configured global batch size; nothing is rescaled silently.
    learning_rate: float = 5e-4
    momentum: float = 0.9
    # sgd: L2 added to the gradient of every variable; adamw: decoupled. adam takes none.
    weight_decay: float = 0.0
    # Global gradient norm is clipped to this; 0 is off.
    clip_norm: float = 0.0
    # Every value of the gradient is clipped to +- this, before the norm; 0 is off.
    clip_value: float = 0.0
    # False spares biases and the scales and shifts of normalisations from weight decay.
    decay_norm_and_bias: bool = True
    # step: multiply by drop_factor after each of drop_epochs; cosine: to zero at the last epoch;
    # polynomial: (1 - progress) ** power, to zero at the last epoch.
    schedule: str = "step"
    power: float = 1.0
    drop_epochs: List[int] = dataclasses.field(default_factory=lambda: [90, 120])
    drop_factor: float = 0.1
    # Steps of linear warm-up from warmup_factor * learning_rate.
    warmup_steps: int = 0
    warmup_factor: float = 0.001


@dataclasses.dataclass
class TrainConfig(hyperparams.Config):
    """The length and bookkeeping of a training run."""

    global_batch_size: int = 32
    epochs: int = 140
    # Passes over the training split that make one epoch (mmdet repeats COCO five times).
    repeats_per_epoch: int = 1
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    # Epochs between checkpoints, and how many of the newest are kept.
    checkpoint_every: int = 1
    # Steps between checkpoints within an epoch, for epochs of hours; 0 saves at epochs alone.
    checkpoint_every_steps: int = 0
    keep_checkpoints: int = 3
    # Epochs between evaluations in --mode=train_and_eval; the last epoch is always evaluated.
    evaluate_every: int = 5


@dataclasses.dataclass
class EvaluationConfig(hyperparams.Config):
    """How a trained detector is scored."""

    batch_size: int = 8
    # fixed: images letterboxed to data.input_size; keep: each at its own resolution on a canvas of
    # the next multiple of pad_multiple, one at a time (the published protocol for COCO).
    resolution: str = "fixed"
    # 32; 128 for the hourglass, whose stages halve further.
    pad_multiple: int = 32
    # Merge the maps of every image with those of its mirror image.
    flip: bool = False
    # Detect at these scales of the images and merge with soft-NMS; the original's multi-scale test
    # is [0.5, 0.75, 1.0, 1.25, 1.5] with flip.
    scales: List[float] = dataclasses.field(default_factory=lambda: [1.0])
    # Soft-NMS with one scale, too (the original's --nms).
    soft_nms: bool = False
    # Round scores to two decimals, as the original writes them; the ties this makes change the AP.
    round_scores: bool = False


@dataclasses.dataclass
class RuntimeConfig(hyperparams.Config):
    """Machine and reproducibility settings."""

    # mirrored (all GPUs, or the CPU) or one_device.
    strategy: str = "mirrored"
    # auto: on for GPU and TPU, off for CPU, where graph mode is faster (BUILD_NOTES.md).
    xla: str = "auto"
    # Logical CPU devices to split one CPU into; 1 leaves it whole. More than 1 is for tests of
    # replicas.
    cpu_replicas: int = 1
    # Every random choice of the run follows from it.
    seed: int = 17


@dataclasses.dataclass
class ExperimentConfig(hyperparams.Config):
    """One experiment: data, model, training, evaluation, runtime."""

    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    train: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    evaluation: EvaluationConfig = dataclasses.field(default_factory=EvaluationConfig)
    runtime: RuntimeConfig = dataclasses.field(default_factory=RuntimeConfig)


def load_config(config_files=(), params_override=()) -> ExperimentConfig:
    """Builds a validated, locked experiment from YAML files and overrides, later ones winning.

    Args:
      config_files: paths of YAML files.
      params_override: strings, each `a.b=1,c.d=x` pairs, or a YAML or JSON mapping.

    Raises:
      UserError: a file is missing or is no mapping, a key is unknown (the nearest key is named), a
        value has the wrong type, or settings contradict each other.
    """
    layers = [(path, yaml_file.read_mapping(path)) for path in config_files]
    layers += [("--params_override", _parse_override(text)) for text in params_override]
    config = ExperimentConfig()
    for _, layer in layers:
        model = layer.get("model")
        if isinstance(model, dict):
            config.model.detector = model.get("detector", config.model.detector)
    config.model.__dict__["options"] = detector_options(config.model.detector)
    for origin, layer in layers:
        _apply(config, layer, origin)
    validate(config)
    config.lock()
    return config


def detector_options(name: str) -> hyperparams.Config:
    """Returns the default `Options` of the detector module `name`.

    Raises:
      UserError: there is no such detector.
    """
    return load_module("detectors", name).Options()


def load_module(room: str, name: str):
    """Imports `centernet_tf.<room>.<name>`, the file that holds one detector or backbone.

    Raises:
      UserError: no such file; the message lists those there are.
    """
    folder = os.path.join(os.path.dirname(__file__), room)
    names = sorted(
        entry[:-3] for entry in os.listdir(folder) if entry.endswith(".py") and entry[0] != "_"
    )
    if name not in names:
        raise UserError(
            f"There is no {room[:-1]} '{name}'; choose one of {', '.join(names)}."
            f"{nearest(name, names)}"
        )
    return importlib.import_module(f"centernet_tf.{room}.{name}")


def save_config(config: ExperimentConfig, path: str) -> None:
    """Writes the resolved experiment as YAML that `load_config` reads back to an equal one."""
    temporary = path + ".tmp"
    with open(temporary, "w", encoding="utf-8") as stream:
        yaml.safe_dump(config.as_dict(), stream, sort_keys=False)
    os.replace(temporary, path)


def _parse_override(text: str) -> dict:
    layer, fault = None, None
    try:
        layer = yaml.safe_load(text)
        if not isinstance(layer, dict):
            layer = yaml.safe_load(params_dict.nested_csv_str_to_json_str(text))
    except (ValueError, yaml.YAMLError) as error:
        fault = error
    if not isinstance(layer, dict):
        raise UserError(
            f"Cannot read --params_override='{text}': write key=value pairs such as "
            "train.epochs=10,data.path=records."
        ) from fault
    return layer


def _apply(config, layer: dict, origin: str, prefix: str = "") -> None:
    """Overrides `config` in place with the mapping `layer`, checking names and types."""
    known = config.as_dict()
    hints = typing.get_type_hints(type(config))
    for key, value in layer.items():
        name = f"{prefix}{key}"
        if key not in known:
            choices = ", ".join(known)
            raise UserError(
                f"Unknown setting '{name}' in {origin}.{nearest(key, known)} "
                f"The keys there are: {choices}."
            )
        current = getattr(config, key)
        if isinstance(current, hyperparams.Config):
            if not isinstance(value, dict):
                raise UserError(
                    f"'{name}' in {origin} must be a mapping; got {setting_types.quote(value)}."
                )
            _apply(current, value, origin, name + ".")
        else:
            setattr(config, key, _typed(value, hints[key], name, origin))


def _typed(value, hint, name: str, origin: str):
    """Returns `value` as the annotated type, or raises when it is of another kind."""
    try:
        return setting_types.read_as(value, hint)
    except ValueError as error:
        raise UserError(
            f"'{name}' in {origin} must be {setting_types.type_name(hint)}; "
            f"got {setting_types.quote(value)}."
        ) from error


def validate(config: ExperimentConfig) -> None:
    """Checks settings one by one and against each other.

    Raises:
      UserError: with every fault found, one sentence each; the detector's options are looked at
        when the rest is right, because they are held against it.
    """
    faults = setting_faults(config)
    faults = faults or config.model.options.faults(config)
    if faults:
        raise UserError(" ".join(faults))
