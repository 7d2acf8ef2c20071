"""Settings: layers of YAML and overrides, names and types checked, the resolved copy read back."""

import glob

import pytest

from centernet_tf.config import ExperimentConfig, load_config, save_config
from centernet_tf.errors import UserError


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
            r"'train.epochs' in --params_override must be of type int; got 'many'",
        ),
        ("train=3", r"'train' in --params_override must be a mapping"),
        ("train.epochs=0", r"train.epochs must be at least 1; got 0"),
        ("data: {input_size: [100, 128]}", r"multiples of 32 \(height, width\); got \[100, 128\]"),
        ("data.channel_order=rbg", r"Did you mean 'rgb'"),
        ("model.detector=centrenet", r"There is no detector 'centrenet'.*Did you mean 'centernet'"),
        ("train.optimizer.weight_decay=1e-4", r"no effect on adam; use adamw"),
        ("model.options.peak_kernel=4", r"peak_kernel must be odd; got 4"),
        ("model.options.max_detections=100000", r"1 to 16384"),
        ("runtime.cpu_replicas=3", r"must be a multiple of runtime.cpu_replicas \(3\)"),
        ("train.optimizer: [", r"Cannot read --params_override"),
    ],
)
def test_wrong_settings_are_explained(override, message):
    with pytest.raises(UserError, match=message):
        load_config([], [override])


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(UserError, match="Cannot read the config file nowhere.yaml: No such file"):
        load_config(["nowhere.yaml"])
    (tmp_path / "list.yaml").write_text("- 1\n")
    with pytest.raises(UserError, match="must hold a mapping"):
        load_config([str(tmp_path / "list.yaml")])
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    with pytest.raises(UserError, match="is not valid YAML"):
        load_config([str(tmp_path / "broken.yaml")])
    (tmp_path / "latin.yaml").write_bytes(b'data: {path: "caf\xe9"}\n')
    with pytest.raises(UserError, match="is not valid YAML in UTF-8"):
        load_config([str(tmp_path / "latin.yaml")])


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
