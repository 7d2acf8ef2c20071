"""Settings: layers of YAML and overrides, names and types checked, the resolved copy read back."""

import glob

import pytest

from centernet_tf.config import load_config, save_config
from centernet_tf.errors import UserError
from centernet_tf.settings import ExperimentConfig


def test_later_layers_win(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(
        "train: {epochs: 3, global_batch_size: 8}\nmodel: {options: {head_channels: 32}}\n"
    )
    second.write_text("train: {epochs: 5}\n")
    config = load_config([str(first), str(second)], ["train.global_batch_size=4,runtime.seed=9"])
    assert (config.train.epochs, config.train.global_batch_size, config.runtime.seed) == (5, 4, 9)
    assert config.model.options.head_channels == 32
    assert config.model.options.max_detections == 100


@pytest.mark.parametrize(
    "override,message",
    [
        (
            "train.epoch=3",
            r"Unknown setting 'train.epoch' in --params_override. Did you mean 'epochs'",
        ),
        (
            "model.options.radius_rul=mmdet",
            r"model.options.radius_rul'.*Did you mean 'radius_rule'",
        ),
        ("trian.epochs=3", r"Did you mean 'train'"),
        (
            "train.epochs=many",
            r"'train.epochs' in --params_override must be a whole number; got 'many'",
        ),
        (
            "data.input_size=[256,b]",
            r"'data.input_size' in --params_override must be a list of whole numbers; "
            r"got \[256, 'b'\]",
        ),
        ("train=3", r"'train' in --params_override must be a mapping; got 3"),
        ("model=3", r"'model' in --params_override must be a mapping; got 3"),
        ("train: ", r"'train' in --params_override must be a mapping; got nothing"),
        ("train.epochs=0", r"train.epochs must be at least 1; got 0"),
        ("data: {input_size: [100, 128]}", r"multiples of 32 \(height, width\); got \[100, 128\]"),
        ("data.channel_order=rbg", r"Did you mean 'rgb'"),
        ("model.detector=centrenet", r"There is no detector 'centrenet'.*Did you mean 'centernet'"),
        ("train.optimizer.weight_decay=1e-4", r"no effect on adam; use adamw"),
        ("model.options.peak_kernel=4", r"peak_kernel must be odd; got 4"),
        ("model.options.max_detections=100000", r"1 to 16384"),
        ("runtime.cpu_replicas=3", r"must be a multiple of runtime.cpu_replicas \(3\)"),
        ("runtime.strategy=miror", r"must be one of .*; got 'miror'. Did you mean 'mirrored'"),
        ("runtime.precision=float61", r"must be one of .* Did you mean 'float16'"),
        ("train.accumulation_steps=3", r"multiple of train.accumulation_steps \(3\) times"),
        ("train.ema_decay=1", r"train.ema_decay must be 0 \(off\) or less than 1; got 1"),
        ("{model: {sync_batch_norm: true}, runtime: {xla: on}}", r"needs runtime.xla off"),
        (
            "{model: {sync_batch_norm: true}, train: {accumulation_steps: 2}}",
            r"accumulation_steps cannot be combined",
        ),
        ("train.freeze_backbone_stages=-1", r"must be 0 or more; got -1"),
        ("train.optimizer.warmup_steps=-1", r"warmup_steps must be 0 or more; got -1"),
        ("train.optimizer.momentum=1.5", r"momentum must be from 0 to 1; got 1.5"),
        ("data.augmentation.lighting=-0.1", r"lighting must be 0 or more; got -0.1"),
        ("runtime.seed=-1", r"runtime.seed must be 0 or more; got -1"),
        ("runtime.seed=4294967296", r"runtime.seed must be less than 2147483648"),
        ("train.optimizer: [", r"Cannot read --params_override='train.optimizer: \['"),
        ("", r"Cannot read --params_override='': write key=value pairs such as train.epochs=10"),
        ("train.epochs", r"Cannot read --params_override='train.epochs'"),
    ],
)
def test_wrong_settings_are_explained(override, message):
    with pytest.raises(UserError, match=message):
        load_config([], [override])


@pytest.mark.parametrize("size", [[0, 0], []])
def test_a_wrong_input_size_is_the_only_fault_it_causes(size):
    with pytest.raises(UserError) as caught:
        load_config([], [f"data: {{input_size: {size}}}"])
    assert str(caught.value) == (
        f"data.input_size must be two positive multiples of 32 (height, width); got {size}."
    )


def test_a_broken_file_is_named(tmp_path):
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    with pytest.raises(UserError, match="broken.yaml is not valid YAML: line 2, column 1"):
        load_config([str(tmp_path / "broken.yaml")])


def test_yaml_reads_as_people_write_it():
    config = load_config([], ["train: {optimizer: {learning_rate: 5e-4}}", "runtime: {xla: on}"])
    assert config.train.optimizer.learning_rate == 5e-4
    assert config.runtime.xla == "on"


def test_resolved_copy_reads_back_equal(tmp_path):
    config = load_config([], ["train.epochs=3,data.path=/x,model.options.variant=mmdet"])
    save_config(config, str(tmp_path / "params.yaml"))
    assert load_config([str(tmp_path / "params.yaml")]).as_dict() == config.as_dict()


def test_a_loaded_config_is_locked():
    with pytest.raises(ValueError, match="locked"):
        load_config([]).train = None


def test_defaults_are_those_of_the_class():
    assert load_config([]).data.as_dict() == ExperimentConfig().data.as_dict()


@pytest.mark.parametrize("path", sorted(glob.glob("configs/*.yaml")))
def test_shipped_configs_load(path):
    load_config([path])
