"""Settings that cannot be, one by one and against each other."""

from centernet_tf.errors import nearest


def setting_faults(config) -> list:
    """Returns a sentence for every fault of an `ExperimentConfig`, its detector's options aside."""
    checks = (
        *_data_checks(config.data),
        *_augmentation_checks(config.data.augmentation),
        *_least_checks(config),
        *_model_checks(config),
        *_optimizer_checks(config.train.optimizer),
        *_runtime_checks(config),
    )
    return [sentence for wrong, sentence in checks if wrong]


# Each of the following yields (is wrong, sentence) pairs.
def _data_checks(data):
    size = data.input_size
    yield (
        # One less than a multiple is for the detectors that `backbone_faults` says so of.
        len(size) != 2 or any(side <= 0 or side % 32 not in (0, 31) for side in size),
        f"data.input_size must be two positive multiples of 32 (height, width); got {size}.",
    )
    for name in ("mean", "std"):
        values = getattr(data, name)
        yield len(values) != 3, f"data.{name} must have three values, one a channel; got {values}."
    yield (
        any(value <= 0 for value in data.std),
        f"data.std must be positive, in 0..255 pixel units; got {data.std}.",
    )
    yield _not_in("data.channel_order", data.channel_order, ("bgr", "rgb"))


def _augmentation_checks(augmentation):
    yield _not_in(
        "data.augmentation.recipe", augmentation.recipe, ("original", "mmdet", "lsj", "none")
    )
    for prefix in ("", "lsj_"):
        low, high = (getattr(augmentation, f"{prefix}scale_{end}") for end in ("min", "max"))
        yield (
            not 0 < low <= high,
            f"data.augmentation needs 0 < {prefix}scale_min <= {prefix}scale_max; got "
            f"{low} and {high}.",
        )
    for name in ("horizontal_flip", "vertical_flip", "mosaic", "mixup"):
        value = getattr(augmentation, name)
        yield (
            not 0 <= value <= 1,
            f"data.augmentation.{name} is a probability from 0 to 1; got {value}.",
        )


def _least_checks(config):
    train, evaluation, optimizer = config.train, config.evaluation, config.train.optimizer
    for name, value in (
        ("data.max_boxes", config.data.max_boxes),
        ("data.shuffle_buffer", config.data.shuffle_buffer),
        ("train.global_batch_size", train.global_batch_size),
        ("train.accumulation_steps", train.accumulation_steps),
        ("train.epochs", train.epochs),
        ("train.repeats_per_epoch", train.repeats_per_epoch),
        ("train.checkpoint_every", train.checkpoint_every),
        ("train.keep_checkpoints", train.keep_checkpoints),
        ("train.evaluate_every", train.evaluate_every),
        ("evaluation.batch_size", evaluation.batch_size),
        ("evaluation.pad_multiple", evaluation.pad_multiple),
        ("runtime.cpu_replicas", config.runtime.cpu_replicas),
    ):
        yield value < 1, f"{name} must be at least 1; got {value}."
    for name, value in (
        ("train.checkpoint_every_steps", train.checkpoint_every_steps),
        ("train.freeze_backbone_stages", train.freeze_backbone_stages),
        ("train.tensorboard_images", train.tensorboard_images),
        ("train.optimizer.clip_norm", optimizer.clip_norm),
        ("train.optimizer.clip_value", optimizer.clip_value),
        ("train.optimizer.weight_decay", optimizer.weight_decay),
        ("train.optimizer.warmup_steps", optimizer.warmup_steps),
        ("train.optimizer.power", optimizer.power),
        ("data.augmentation.color_jitter", config.data.augmentation.color_jitter),
        ("data.augmentation.lighting", config.data.augmentation.lighting),
        ("runtime.seed", config.runtime.seed),
    ):
        yield value < 0, f"{name} must be 0 or more; got {value}."


def _model_checks(config):
    yield (
        not config.evaluation.scales or min(config.evaluation.scales) <= 0,
        f"evaluation.scales must list positive scales; got {config.evaluation.scales}.",
    )
    yield _not_in("evaluation.resolution", config.evaluation.resolution, ("fixed", "keep"))
    backend = config.evaluation.coco_backend
    yield _not_in("evaluation.coco_backend", backend, ("pycocotools", "faster"))
    yield config.model.num_classes < 0, "model.num_classes must be 0 (from the data set) or more."
    yield (
        config.model.backbone.width_multiplier <= 0,
        "model.backbone.width_multiplier must be positive.",
    )


def _optimizer_checks(optimizer):
    yield _not_in("train.optimizer.name", optimizer.name, ("adam", "adamw", "sgd"))
    yield _not_in("train.optimizer.warmup", optimizer.warmup, ("linear", "constant"))
    yield _not_in("train.optimizer.schedule", optimizer.schedule, ("step", "cosine", "polynomial"))
    yield (
        optimizer.learning_rate <= 0,
        f"train.optimizer.learning_rate must be positive; got {optimizer.learning_rate}.",
    )
    for name in ("momentum", "warmup_factor", "drop_factor"):
        value = getattr(optimizer, name)
        yield not 0 <= value <= 1, f"train.optimizer.{name} must be from 0 to 1; got {value}."
    yield (
        optimizer.name == "adam" and optimizer.weight_decay != 0,
        "train.optimizer.weight_decay has no effect on adam; use adamw, or set it to 0.",
    )
    yield (
        optimizer.schedule == "step"
        and sorted(optimizer.drop_epochs) != list(optimizer.drop_epochs),
        f"train.optimizer.drop_epochs must rise; got {optimizer.drop_epochs}.",
    )


def _runtime_checks(config):
    train, runtime = config.train, config.runtime
    yield _not_in(
        "runtime.strategy",
        runtime.strategy,
        ("mirrored", "one_device", "multi_worker_mirrored", "tpu"),
    )
    yield _not_in("runtime.xla", runtime.xla, ("auto", "on", "off"))
    yield _not_in("runtime.precision", runtime.precision, ("float32", "bfloat16", "float16"))
    yield (
        not 0 <= train.ema_decay < 1,
        f"train.ema_decay must be 0 (off) or less than 1; got {train.ema_decay}.",
    )
    yield (
        runtime.seed >= 2**31,
        f"runtime.seed must be less than 2147483648; got {runtime.seed}.",
    )
    synchronised = config.model.sync_batch_norm
    yield (
        synchronised and runtime.xla == "on",
        "model.sync_batch_norm needs runtime.xla off: XLA compiles the step of each replica by "
        "itself, where statistics cannot be exchanged.",
    )
    yield (
        synchronised and train.accumulation_steps > 1,
        "model.sync_batch_norm and train.accumulation_steps cannot be combined: statistics cannot "
        "be exchanged within the loop over micro-batches.",
    )
    yield (
        train.global_batch_size % runtime.cpu_replicas != 0,
        f"train.global_batch_size ({train.global_batch_size}) must be a multiple of "
        f"runtime.cpu_replicas ({runtime.cpu_replicas}).",
    )
    parts = runtime.cpu_replicas * train.accumulation_steps
    yield (
        train.accumulation_steps > 1 and train.global_batch_size % parts != 0,
        f"train.global_batch_size ({train.global_batch_size}) must be a multiple of "
        f"train.accumulation_steps ({train.accumulation_steps}) times the number of replicas "
        f"({runtime.cpu_replicas}).",
    )


def _not_in(name, value, choices):
    wrong = value not in choices
    hint = nearest(value, choices) if wrong else ""
    return wrong, f"{name} must be one of {', '.join(choices)}; got '{value}'.{hint}"
