"""ImageNet classifiers as the start of a backbone."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.backbones.resnet import resnet
from centernet_tf.config import load_config
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.weights.init_backbone import init_backbone
from centernet_tf.weights.matching import match_weights
from centernet_tf.weights.pytorch_file import open_pytorch_file
from centernet_tf.weights.torchvision import UNUSED, is_trunk, rules
from tests.weights.pth_writer import ordered, tensor, write
from tests.weights.test_golden_networks import close
from tests.weights.torch_twin import state_dict_of


def settings(**data):
    model = {"backbone": {"name": "res_18", "trunk_channels": [4], "neck_channels": [4, 4, 4]}}
    return load_config([], [str({"model": model, "data": {"input_size": [64, 64], **data}})])


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A trunk of random weights, and its weights as torchvision writes them."""
    network = make_detector(settings(), 1).build()
    rng = np.random.default_rng(3)
    for variable in network.variables:
        variable.assign(rng.uniform(0.1, 0.5, variable.shape))
    trunk = {
        key: value
        for key, value in state_dict_of(network).items()
        if key.startswith(("conv1", "bn1", "layer"))
    }
    trunk["fc.bias"] = tensor(np.zeros(10, np.float32))
    return network, write(tmp_path_factory.mktemp("trunk") / "resnet18.pth", ordered(trunk))


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_the_trunk_sees_what_it_was_trained_on(classifier, order):
    source, path = classifier
    config = settings(channel_order=order)
    network = make_detector(config, 2).build()
    before = {variable.name: variable.numpy() for variable in network.variables}
    told = init_backbone(network, path, "res_18", config.data)
    assert ("turned to BGR" in told) == (order == "bgr")
    for variable, given in zip(network.variables, source.variables):
        name = variable.name.split(":")[0]
        expected = given.numpy() if is_trunk(name) else before[variable.name]
        if name == "stem_conv/kernel" and order == "bgr":
            expected = expected[:, :, ::-1]
        np.testing.assert_array_equal(variable, expected)


def test_other_scales_are_told(classifier):
    imagenet = {"mean": [123.675, 116.28, 103.53], "std": [58.395, 57.12, 57.375]}
    network = make_detector(settings(), 2).build()
    for order, data, told in (
        ("rgb", imagenet, False),
        ("bgr", {name: values[::-1] for name, values in imagenet.items()}, False),
        ("bgr", imagenet, True),
        ("bgr", {}, True),
    ):
        config = settings(channel_order=order, **data)
        text = init_backbone(network, classifier[1], "res_18", config.data)
        assert ("which training has to make up for" in text) == told, text


def test_files_that_are_no_trunk(tmp_path, classifier):
    config = settings()
    network = make_detector(config, 2).build()
    path = write(tmp_path / "a.pth", ordered({"features.0.weight": tensor(np.zeros(3))}))
    with pytest.raises(UserError, match="no weight of the trunk of 'res_18'"):
        init_backbone(network, path, "res_18", config.data)
    whole = open_pytorch_file(classifier[1]).tensors
    cut = {key: tensor(value.numpy()) for key, value in whole.items() if "layer4.1" not in key}
    with pytest.raises(UserError, match="nothing for 10 variables .*stage4_block1_1_conv/kernel"):
        init_backbone(network, write(tmp_path / "b.pth", ordered(cut)), "res_18", config.data)


def test_a_trunk_of_another_width_or_depth(tmp_path, classifier):
    """ImageNet weights have full width; the configurations for small data sets have half of it."""
    config = settings()
    config.model.backbone.trunk_channels = [8]
    network = make_detector(config, 2).build()
    with pytest.raises(UserError, match=r"stem_conv|conv1.weight is \[4, .*width_multiplier"):
        init_backbone(network, classifier[1], "res_18", config.data)
    deeper = dict(open_pytorch_file(classifier[1]).tensors)
    for block in range(2, 6):
        deeper[f"layer3.{block}.conv1.weight"] = deeper["layer3.1.conv1.weight"]
    path = write(
        tmp_path / "deeper.pth", ordered({k: tensor(v.numpy()) for k, v in deeper.items()})
    )
    network = make_detector(settings(), 2).build()
    with pytest.raises(UserError, match="4 weights of a trunk .* those of a ResNet-34"):
        init_backbone(network, path, "res_18", config.data)


@pytest.mark.parametrize(
    "name, words",
    [("dla_34", "dla34-ba72"), ("hourglass_52", "No ImageNet"), ("res_50", "resnet50-")],
)
def test_which_file_a_trunk_starts_from_is_said(tmp_path, name, words):
    path = write(tmp_path / "a.pth", ordered({"features.0.weight": tensor(np.zeros(3))}))
    images = keras.Input([4, 4, 3])
    network = keras.Model(images, keras.layers.Conv2D(1, 1, name="a")(images))
    for given in (path, "imagenet"):
        with pytest.raises(UserError, match=words):
            init_backbone(network, given, name, settings().data)


@pytest.mark.slow
def test_the_classifier_of_dla(tmp_path, testdata):
    whole = open_pytorch_file(str(testdata / "golden" / "tiny" / "xy_dla_34.pth")).tensors
    trunk = {
        key[5:]: tensor(value.numpy()) for key, value in whole.items() if key.startswith("base.")
    }
    path = write(tmp_path / "dla34.pth", ordered(trunk))
    backbone = {"name": "dla_34", "trunk_channels": [4, 8, 12, 16, 22, 34]}
    config = load_config([], [str({"model": {"backbone": backbone}})])
    network = make_detector(config, 2).build()
    told = init_backbone(network, path, "dla_34", config.data)
    assert "missing         0" in told and "unexplained     0" in told
    kernel = whole["base.base_layer.0.weight"].numpy().transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(network.get_layer("base_conv").kernel, kernel[:, :, ::-1])
    bias = whole["base.level4.tree2.root.bn.bias"].numpy()
    np.testing.assert_array_equal(network.get_layer("level4_tree2_root_norm").beta, bias)


@pytest.mark.parametrize(
    "name, depth, width",
    [("tv_resnet18", 18, 7), pytest.param("tv_resnet50", 50, 5, marks=pytest.mark.slow)],
)
def test_torchvision_itself(testdata, name, depth, width):
    folder = testdata / "golden" / "tiny"
    images = keras.Input([128, 160, 3])
    network = keras.Model(images, resnet(images, depth, width))
    file = open_pytorch_file(str(folder / f"{name}.pth"))
    matching = match_weights(network, file.tensors, rules(), UNUSED)
    assert not matching.missing and not matching.mismatched
    assert all(matching.unused.values())
    matching.assign()
    with np.load(folder / f"{name}.npz") as vectors:
        loss, stages, gradients, pairs = stages_and_gradients(network, matching, vectors)
        for stage, output in zip("2345", stages):
            expected = vectors[f"out64.c{stage}"].transpose(0, 2, 3, 1)
            close(output.numpy(), expected, 1e-4, 4 * float(vectors[f"noise.out.c{stage}"]))
        np.testing.assert_allclose(loss, vectors["loss64"], rtol=1e-4)
        expected = vectors["grad.input_s2"].transpose(0, 2, 3, 1)
        close(gradients[0].numpy()[:, ::2, ::2], expected, 1e-3)
        for pair, gradient in zip(pairs, gradients[1:]):
            close(gradient.numpy(), pair.turned(vectors[f"grad.{pair.key}"]), 1e-3)


def stages_and_gradients(network, matching, vectors):
    images = tf.constant(vectors["input"].transpose(0, 2, 3, 1))
    pairs = [pair for pair in matching.pairs if f"grad.{pair.key}" in vectors]
    assert len(pairs) >= 5

    @tf.function
    def run(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            stages = network(images, training=False)
            loss = sum(
                tf.reduce_sum(vectors[f"loss_w.c{i}"].transpose(0, 2, 3, 1) * stage**2)
                for i, stage in enumerate(stages, start=2)
            )
        return loss, stages, tape.gradient(loss, [images, *(pair.variable for pair in pairs)])

    return (*run(images), pairs)
