"""What a run is told before it starts: nothing wrong, but perhaps not what was meant."""

import os
from typing import List

from centernet_tf.config import flat_settings
from centernet_tf.count_of import count_of
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.model_dir import has_checkpoint, read_config

_CHANGES_SHOWN = 12


def start_notices(model_dir: str, config: ExperimentConfig, manifest, steps: int) -> List[str]:
    """Returns the sentences that apply; `steps` are those of an epoch."""
    split = manifest.split(config.data.train_split)
    train = config.train
    notices = (
        changed_settings(model_dir, config),
        too_many_objects(split, config.data.max_boxes),
        long_warmup(train.optimizer.warmup_steps, steps * train.epochs),
        late_drops(train.optimizer, train.epochs),
        "" if has_checkpoint(model_dir) else frozen_at_random(train, config.model.backbone),
    )
    return [notice for notice in notices if notice]


def changed_settings(model_dir: str, config: ExperimentConfig) -> str:
    """Names each setting of a run that goes on which differs from the folder's params.yaml.

    '' for a new run, for one without a checkpoint yet, and where nothing differs. Settings that
    would make another model are refused elsewhere (`model_dir.write_description`).
    """
    if not (has_checkpoint(model_dir) and os.path.exists(os.path.join(model_dir, "params.yaml"))):
        return ""
    before, now = flat_settings(read_config(model_dir)), flat_settings(config)
    changes = [
        f"{key}={now.get(key)} (was {before.get(key)})"
        for key in {**before, **now}
        if before.get(key) != now.get(key)
    ]
    if not changes:
        return ""
    more = len(changes) - _CHANGES_SHOWN
    rest = f" and {more} more" if more > 0 else ""
    shown = ", ".join(changes[:_CHANGES_SHOWN])
    return f"Going on with other settings than before: {shown}{rest}."


def too_many_objects(split, max_boxes: int) -> str:
    """Counts the images of a `manifest.Split` with more objects than are trained."""
    over, most = split.crowded(max_boxes)
    if not over:
        return ""
    return (
        f"More objects than data.max_boxes={max_boxes} in {over} of "
        f"{count_of(split.num_examples, 'image')} of '{split.name}' (at most {most}); the "
        "smallest are not trained."
    )


def long_warmup(warmup_steps: int, steps: int) -> str:
    """Tells a warm-up at whose end the schedule has hardly any rate left to warm up to."""
    if warmup_steps <= steps / 2:
        return ""
    part, effect = "more than half of", "its learning rate stays low"
    if warmup_steps >= steps:
        part, effect = "all of", "its learning rate stays near zero and it learns nothing"
    return (
        f"WARNING: The warm-up of {count_of(warmup_steps, 'step')} takes {part} this run's "
        f"{steps}, so {effect}; set train.optimizer.warmup_steps={steps // 10} or train for longer."
    )


def late_drops(optimizer, epochs: int) -> str:
    """Names the drops of a step schedule that the run ends before."""
    late = [epoch for epoch in optimizer.drop_epochs if epoch >= epochs]
    if optimizer.schedule != "step" or not late:
        return ""
    return (
        f"The learning rate never drops at {', '.join(map(str, late))} of "
        f"train.optimizer.drop_epochs, as the run ends after {count_of(epochs, 'epoch')}; set "
        "drops that suit its length, or another schedule."
    )


def frozen_at_random(train, backbone) -> str:
    """Tells what stays at its random start, as it is frozen and nothing is loaded into it."""
    frozen = [
        f"train.{name}"
        for name in ("freeze_backbone_stages", "freeze_batch_norm")
        if getattr(train, name)
    ]
    if not frozen or train.init_checkpoint or backbone.init_checkpoint:
        return ""
    return (
        f"{' and '.join(frozen)} keeps random weights as they are; start from trained ones with "
        "model.backbone.init_checkpoint or train.init_checkpoint."
    )
