"""What an experiment is: every setting with its default, its type and a comment.

A detector's own settings are the `Options` in its file, `centernet_tf/detectors/NAME.py`, so that
a new detector brings them along.
"""

import dataclasses
from typing import List

from official.modeling import hyperparams


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
    # Network input (height, width) in pixels; both multiples of 32, or for detectors of corners one
    # less, as 511 in their recipe.
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
        default_factory=lambda: [73.60276140, 69.89081820, 70.91507925]
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
    """The network from image to the stride-4 feature map, or to a pyramid of maps."""

    # A network of centernet_tf/backbones: res_18, resdcn_101, mmdet_resnet18_dcn, dla_34,
    # hourglass_104, fpn_resnet50_caffe, mobilenetv3_large and others.
    name: str = "res_18"
    # Channel multiplier; 1.0 is the published network.
    width_multiplier: float = 1.0
    # A PyTorch file of an ImageNet classifier, such as torchvision's resnet18-f37072fd.pth, whose
    # weights the trunk starts from; for MobileNets `imagenet`, which downloads keras.applications'
    # weights, or their .h5 file. "" starts from random values. train.init_checkpoint, where it is
    # set, counts instead.
    init_checkpoint: str = ""
    # Widths as they are, for networks that no multiplier gives; [] takes the published ones times
    # width_multiplier. The trunk's are one for ResNet (its first stage), six for DLA and the
    # hourglass.
    trunk_channels: List[int] = dataclasses.field(default_factory=list)
    # The neck's: three for ResNets, one for FPN and the hourglass (its output).
    neck_channels: List[int] = dataclasses.field(default_factory=list)
    # Hourglass: residual blocks of its six levels; [] takes the published ones.
    level_blocks: List[int] = dataclasses.field(default_factory=list)
    # ResNets of bottlenecks (50 and up): maps C3, C4, C5 whose stages have deformable 3x3
    # convolutions; [3, 4, 5] in the published variants.
    dcn_stages: List[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class ModelConfig(hyperparams.Config):
    """Detector, backbone and their options."""

    # A module of centernet_tf/detectors.
    detector: str = "centernet"
    # 0 takes the number of classes from the data set's manifest.
    num_classes: int = 0
    # Batch statistics over all replicas instead of each one's own, for few images a replica; not
    # with XLA.
    sync_batch_norm: bool = False
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
    # sgd: L2 added to the clipped gradient of every variable; adamw: decoupled. adam takes none.
    weight_decay: float = 0.0
    # Global gradient norm is clipped to this; 0 is off.
    clip_norm: float = 0.0
    # Every value of the gradient is clipped to +- this, before the norm; 0 is off.
    clip_value: float = 0.0
    # False spares the scales and shifts of normalisations from weight decay.
    decay_norm: bool = True
    # False spares biases, shifts of normalisations among them.
    decay_bias: bool = True
    # step: multiply by drop_factor after each of drop_epochs; cosine: to zero at the last epoch;
    # polynomial: (1 - progress) ** power, to zero at the last epoch.
    schedule: str = "step"
    power: float = 1.0
    drop_epochs: List[int] = dataclasses.field(default_factory=lambda: [90, 120])
    drop_factor: float = 0.1
    # Steps of warm-up: linear from warmup_factor * learning_rate, or constant at it.
    warmup_steps: int = 0
    warmup: str = "linear"
    warmup_factor: float = 0.001


@dataclasses.dataclass
class TrainConfig(hyperparams.Config):
    """The length and bookkeeping of a training run."""

    global_batch_size: int = 32
    # Equal micro-batches that a step splits the batch into, one after the other, so that a large
    # batch fits a small memory. Same loss and gradients (centernet_update: nearly); batch
    # statistics are the micro-batch's.
    accumulation_steps: int = 1
    epochs: int = 140
    # Passes over the training split that make one epoch (mmdet repeats COCO five times).
    repeats_per_epoch: int = 1
    optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    # Decay of a moving average of the weights, such as 0.9998, which evaluation and export then
    # use; 0 keeps none.
    ema_decay: float = 0.0
    # Keep the stem and the first N stages of the backbone as they are, batch statistics included;
    # 0 trains everything.
    freeze_backbone_stages: int = 0
    # Keep every batch normalisation as it is: statistics, scale and shift.
    freeze_batch_norm: bool = False
    # Start from the weights of another run: its model directory, or the path of a checkpoint
    # without its suffix. It may have other classes or heads.
    init_checkpoint: str = ""
    # Variables that may keep their random start where the checkpoint has none that fits; patterns
    # such as "heatmap*".
    init_allow_missing: List[str] = dataclasses.field(default_factory=list)
    # Epochs between checkpoints, and how many of the newest are kept.
    checkpoint_every: int = 1
    # Steps between checkpoints within an epoch, for epochs of hours; 0 saves at epochs alone.
    checkpoint_every_steps: int = 0
    keep_checkpoints: int = 3
    # Keep the checkpoint of the highest AP in best/, besides the newest.
    keep_best: bool = True
    # Epochs between evaluations in --mode=train_and_eval; the last epoch is always evaluated.
    evaluate_every: int = 5
    # Held-out images drawn for TensorBoard at each evaluation; 0 draws none.
    tensorboard_images: int = 4


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
    # Write report.html after pipelines.evaluate and after a training: curves, confusion, pictures.
    report: bool = True
    # What computes the COCO metrics: pycocotools, or faster (the package faster-coco-eval), which
    # gives the same numbers sooner.
    coco_backend: str = "pycocotools"


@dataclasses.dataclass
class RuntimeConfig(hyperparams.Config):
    """Machine and reproducibility settings."""

    # mirrored (all GPUs, or the CPU), one_device, multi_worker_mirrored (machines listed in the
    # environment variable TF_CONFIG, each running the same command), or tpu (not tested).
    strategy: str = "mirrored"
    # Address of the TPU for strategy tpu; "" is the machine's own.
    tpu: str = ""
    # float32, bfloat16 or float16: what the network computes in while training. Variables, heads
    # and losses are float32 in each; evaluation and export compute in float32.
    precision: str = "float32"
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
