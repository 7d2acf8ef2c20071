"""What a run is told before it starts."""

from types import SimpleNamespace

from centernet_tf.config import load_config, save_config
from centernet_tf.training.notices import (
    changed_settings,
    frozen_at_random,
    late_drops,
    long_warmup,
    too_many_objects,
)


def run_folder(folder, overrides, checkpoint=True):
    save_config(load_config([], [overrides]), str(folder / "params.yaml"))
    if checkpoint:
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints/checkpoint").write_text('model_checkpoint_path: "ckpt-1"')
        (folder / "checkpoints/ckpt-1.index").write_text("")
    return str(folder)


def test_every_changed_setting_is_named(tmp_path):
    folder = run_folder(tmp_path, "train.epochs=10")
    changed = load_config([], ["train.epochs=20,train.optimizer.learning_rate=0.001"])
    assert changed_settings(folder, changed) == (
        "Going on with other settings than before: train.epochs=20 (was 10), "
        "train.optimizer.learning_rate=0.001 (was 0.0005)."
    )


def test_nothing_is_said_where_nothing_differs_or_nothing_was_trained(tmp_path):
    same, other = (load_config([], [f"train.epochs={epochs}"]) for epochs in (10, 20))
    assert changed_settings(str(tmp_path), other) == ""
    folder = run_folder(tmp_path, "train.epochs=10", checkpoint=False)
    assert changed_settings(folder, other) == ""
    run_folder(tmp_path, "train.epochs=10")
    assert changed_settings(folder, same) == ""
    assert changed_settings(folder, other) != ""


def test_a_long_list_is_cut(tmp_path):
    folder = run_folder(tmp_path, "train.epochs=10")
    changes = {
        "data": {"input_size": [256, 256], "max_boxes": 7, "shuffle_buffer": 5, "cache": True},
        "evaluation": {"flip": True, "batch_size": 3, "round_scores": True},
        "train": {
            "epochs": 11,
            "global_batch_size": 4,
            "evaluate_every": 3,
            "checkpoint_every": 2,
            "optimizer": {"learning_rate": 0.1, "clip_norm": 1.0, "warmup_steps": 3},
        },
    }
    told = changed_settings(folder, load_config([], [str(changes)]))
    assert told.count("(was ") == 12 and told.endswith(" and 2 more.")


def test_a_warmup_that_eats_the_run_is_told():
    assert long_warmup(12, 24) == ""
    told = long_warmup(50, 24)
    assert "all of this run's 24, so" in told and "learns nothing" in told
    assert "warmup_steps=2 " in told
    assert "more than half of this run's 24" in long_warmup(13, 24)


def test_images_with_more_objects_than_are_trained_are_counted():
    split = SimpleNamespace(name="train", num_examples=7, crowded=lambda most: (int(most < 3), 3))
    assert too_many_objects(split, 3) == ""
    assert too_many_objects(split, 2).startswith(
        "More objects than data.max_boxes=2 in 1 of 7 images of 'train' (at most 3)"
    )


def test_drops_beyond_the_end_are_told():
    optimizer = load_config([], ["train.optimizer.drop_epochs=[5,10]"]).train.optimizer
    assert late_drops(optimizer, 11) == ""
    assert "never drops at 10 of" in late_drops(optimizer, 10)
    assert "never drops at 5, 10 of" in late_drops(optimizer, 1)
    cosine = load_config([], ["train.optimizer.schedule=cosine"]).train.optimizer
    assert late_drops(cosine, 1) == ""


def test_what_is_frozen_at_random_is_told():
    def told(*overrides):
        config = load_config([], list(overrides))
        return frozen_at_random(config.train, config.model.backbone)

    assert told() == ""
    assert told("train.freeze_batch_norm=true").startswith("train.freeze_batch_norm keeps random")
    frozen = "train.freeze_backbone_stages=1"
    assert told(frozen, "model.backbone.init_checkpoint=a.pth") == ""
    assert told(frozen, "train.init_checkpoint=runs/a") == ""
