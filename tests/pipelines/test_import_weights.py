"""The program that reads published weights, from the command line to a model that predicts."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.training.imported_model import import_classifier, import_model
from centernet_tf.training.model_dir import load_trained, read_config
from tests.weights.pth_writer import ordered, tensor, write
from tests.weights.torch_twin import state_dict_of

NARROW = {"name": "res_18", "trunk_channels": [4], "neck_channels": [4, 4, 4]}
SETTINGS = {
    "model": {"backbone": NARROW, "options": {"head_channels": 4, "max_detections": 5}},
    "data": {"input_size": [64, 64]},
}


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    """A network of random weights, and its weights as a file of xingyizhou/CenterNet's."""
    detector = make_detector(load_config([], [str(SETTINGS)]), 3)
    network = detector.build()
    rng = np.random.default_rng(5)
    for variable in network.variables:
        variable.assign(rng.uniform(0.1, 0.5, variable.shape))
    path = tmp_path_factory.mktemp("twin") / "model.pth"
    content = {"epoch": 140, "state_dict": ordered(state_dict_of(network))}
    return network, write(path, content)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    path = tmp_path_factory.mktemp("names") / "names.txt"
    path.write_text("cat\ndog\ncow\n")
    return str(path)


def test_a_model_directory_that_predicts_the_same(tmp_path, twin, names, capsys):
    network, path = twin
    output = str(tmp_path / "out")
    told = import_model("xingyizhou", path, [], [str(SETTINGS)], output, names)
    assert "missing         0" in told and "unexplained     0" in told
    assert "BGR, (pixels in 0..255 - [104.014, 114.034, 119.917]) / [73.6028" in told
    assert "a detector of 3 classes (cat, dog, cow)" in told
    trained = load_trained(output)
    assert [category.name for category in trained.categories] == ["cat", "dog", "cow"]
    images = tf.random.stateless_normal([1, 64, 64, 3], [1, 2])
    expected = network(images, training=False)
    for name, found in trained.network(images, training=False).items():
        np.testing.assert_allclose(found, expected[name], rtol=1e-5, atol=1e-6)


def test_a_folder_with_a_model_is_left_alone(tmp_path, twin, names):
    (tmp_path / "params.yaml").write_text("data: {}\n")
    with pytest.raises(UserError, match="already holds a model"):
        import_model("xingyizhou", twin[1], [], [str(SETTINGS)], str(tmp_path), names)


def test_weights_without_a_place_are_no_import(tmp_path, twin, names):
    """Without its deformable layers a network would detect badly, and nobody would know why."""
    weights = state_dict_of(twin[0])
    weights["seg.0.bias"] = tensor(np.zeros(4, np.float32))
    weights["layer5.0.\x1b[2Jconv1.weight"] = tensor(np.zeros(4, np.float32))
    path, output = write(tmp_path / "more.pth", ordered(weights)), tmp_path / "out"
    arguments = ("xingyizhou", path, [], [str(SETTINGS)], str(output), names)
    with pytest.raises(UserError, match="2 weights that the configured .* --allow_unused") as fault:
        import_model(*arguments)
    assert "seg.0.bias, 'layer5.0.\\x1b[2Jconv1.weight'" in str(fault.value)
    assert not output.exists()
    told = import_model(*arguments, allow_unused=True)
    assert "unexplained     2  seg.0.bias, 'layer5" in told and "\x1b" not in told


def test_what_the_user_says_of_the_images_counts(tmp_path, twin, names):
    settings = [str(SETTINGS), "data.mean=[1, 2, 3]", "data.channel_order=rgb"]
    told = import_model("xingyizhou", twin[1], [], settings, str(tmp_path / "out"), names)
    assert "Images are prepared as --params_override says: RGB, (pixels in 0..255 - [1, 2," in told
    assert "WARNING: as far as the file tells, its weights are used to BGR" in told
    assert read_config(str(tmp_path / "out")).data.mean == [1, 2, 3]


@pytest.mark.parametrize(
    "source, settings, labels, sentence",
    [
        ("xingyizhou", {}, False, "3 classes apart, and nothing says what they are"),
        ("xingyizhou", {"model": {"num_classes": 4}}, True, "model.num_classes is 4"),
        ("mmdet", {}, True, "no layer that scores classes as networks of mmdet"),
        (
            "xingyizhou",
            {"model": {"backbone": {"neck_channels": [4, 8, 4]}}},
            True,
            r"deconv_layers.3.weight is \[4, 4, 4, 4\], here \[4, 8, 4, 4\].*"
            r"trunk_channels=\[4\], .*neck_channels=\[4, 4, 4\], .*head_channels=4\.",
        ),
        (
            "xingyizhou",
            {"model": {"backbone": {"name": "lateral_resnet18"}}},
            True,
            "deconv_layers.0.weight is .*name: res_18",
        ),
    ],
)
def test_what_does_not_fit(tmp_path, twin, names, source, settings, labels, sentence):
    output = tmp_path / "out"
    with pytest.raises(UserError, match=sentence):
        import_model(
            source,
            twin[1],
            [],
            [str(SETTINGS), str(settings)],
            str(output),
            names if labels else "",
        )
    assert not output.exists()


def test_missing_weights_are_named(tmp_path, twin, names):
    weights = state_dict_of(twin[0])
    for key in ("layer2.1.bn1.running_var", "hm.0.bias"):
        del weights[key]
    path, output = write(tmp_path / "cut.pth", ordered(weights)), tmp_path / "out"
    with pytest.raises(UserError, match="nothing for 2 variables") as fault:
        import_model("xingyizhou", path, [], [str(SETTINGS)], str(output), names)
    assert "stage2_block1_1_norm/moving_variance, heatmap_hidden/bias" in str(fault.value)
    assert not output.exists()


def test_a_classifier_becomes_a_configuration(tmp_path, twin):
    weights = state_dict_of(twin[0])
    trunk = {
        key: value for key, value in weights.items() if key.startswith(("conv1", "bn", "layer"))
    }
    trunk["fc.weight"] = tensor(np.zeros([10, 32], np.float32))
    path, output = write(tmp_path / "resnet18.pth", ordered(trunk)), tmp_path / "out"
    told = import_classifier(path, [], [str(SETTINGS)], str(output))
    assert "the classifier of ImageNet" in told and "Only the trunk is trained" in told
    config = read_config(str(output))
    assert config.data.channel_order == "rgb" and config.data.mean == [123.675, 116.28, 103.53]
    assert config.model.backbone.init_checkpoint == path


def test_a_classifier_of_torchvision_is_no_trunk_of_caffe(tmp_path, twin):
    settings = ["model: {detector: fcos, backbone: {name: fpn_resnet50_caffe}}"]
    with pytest.raises(UserError, match="do not suit .* take model.backbone.name=fpn_resnet50,"):
        import_classifier(twin[1], [], settings, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_checkpoint_that_cannot_be_written_leaves_no_model(tmp_path, twin, names):
    output = tmp_path / "out"
    output.mkdir()
    (output / "checkpoints").write_text("in the way")
    for _ in range(2):
        with pytest.raises(UserError, match="Cannot write a checkpoint"):
            import_model("xingyizhou", twin[1], [], [str(SETTINGS)], str(output), names)
    assert os.listdir(output) == ["checkpoints"]


def test_from_the_command_line(tmp_path, twin, names):
    config = tmp_path / "config.yaml"
    config.write_text(json.dumps(SETTINGS))
    command = [sys.executable, "-m", "pipelines.import_weights", "--source=xingyizhou"]
    command += [f"--checkpoint={twin[1]}", f"--config_file={config}", f"--labels={names}"]
    done = subprocess.run(
        [*command, f"--output={tmp_path / 'out'}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "matched       127" in done.stdout
    assert (tmp_path / "out" / "labels.json").exists()


def test_labels_of_a_classifier_are_refused(tmp_path, names):
    command = [sys.executable, "-m", "pipelines.import_weights", "--source=torchvision"]
    command += [f"--checkpoint={names}", f"--labels={names}", f"--output={tmp_path / 'out'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "--labels has no effect with --source=torchvision" in sentence
    assert not (tmp_path / "out").exists()


def test_a_hostile_file_runs_nothing(tmp_path, names):
    trap = tmp_path / "trap.pth"
    trap.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(UserError, match="asks for 'os.system'"):
        import_model("mmdet", str(trap), [], [str(SETTINGS)], str(tmp_path / "out"), names)
    assert not (tmp_path / "ran").exists()
