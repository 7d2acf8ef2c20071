"""Imported networks agree with the originals: stages, heads, boxes and gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.weights.golden_networks import NETWORKS, STRIDE, WITH_MORE_HEADS, load

# One of each source in every run; all of them where there is time.
FAST = ("xy_res_18", "mm_centernet_r18_dcn")
CASES = [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in NETWORKS]


@pytest.fixture(scope="module", params=CASES)
def imported(request, testdata):
    return load(testdata / "golden" / "tiny", request.param)


@pytest.fixture(scope="module")
def results(imported):
    """Stages, heads, detections, loss and gradients by one traced call, as training computes."""
    layers = imported.golden.features
    stages = {name: imported.network.get_layer(layer).output for name, layer in layers.items()}
    model = keras.Model(imported.network.input, (stages, imported.network.output))
    variables = [pair.variable for pair in gradient_pairs(imported)]

    @tf.function
    def run(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            features, outputs = model(images, training=False)
            loss = golden_loss(imported, outputs)
        gradients = tape.gradient(loss, [images, *variables])
        return features, outputs, imported.detector.decode(outputs), loss, gradients

    return run(imported.images)


def gradient_pairs(imported):
    """The variables whose gradients the vectors have."""
    pairs = {pair.key: pair for pair in imported.matching.pairs}
    keys = [name[5:] for name in imported.vectors if name.startswith("grad.")]
    return [pairs[key] for key in keys if key != "input_s2"]


def close(found, expected, bound, floor=0.0):
    """Holds a result against a bound relative to the largest expected value."""
    assert found.shape == expected.shape
    largest = np.abs(expected).max()
    assert largest > 0
    assert np.abs(found - expected).max() <= max(bound * largest, floor)


def test_every_weight_is_used_or_explained(imported):
    matching = imported.matching
    assert [key for key, reason in matching.unused.items() if not reason] == []
    assert len(matching.pairs) == len(imported.network.variables) - len(matching.zeros)


def test_stages_and_heads(imported, results):
    features, outputs, *_ = results
    for name, found in features.items():
        expected = imported.vectors[f"feat.{name}"].transpose(0, 2, 3, 1)
        close(found.numpy(), expected, 1e-4, imported.noise(f"feat.{name}"))
    for name, (theirs, _) in imported.golden.heads.items():
        expected = imported.expected("out64", name)
        close(outputs[name].numpy(), expected, 1e-4, imported.noise(f"out.{theirs}"))


def test_decoded_boxes(imported, results):
    detections = results[2]
    kind = "det" if "det.boxes" in imported.vectors else "dec"
    boxes, scores, classes = (
        imported.vectors[f"{kind}.{name}"] for name in ("boxes", "scores", "classes")
    )
    # xingyizhou's decoder stays on the map; mmdet's returns to the input.
    scale = 4.0 if imported.golden.source == "xingyizhou" else 1.0
    rows = len(scores)
    assert detections.count[0] == rows
    np.testing.assert_allclose(
        detections.boxes[0, :rows], boxes[:, [1, 0, 3, 2]] * scale, atol=0.01, rtol=0
    )
    np.testing.assert_allclose(detections.scores[0, :rows], scores, atol=2e-5, rtol=0)
    np.testing.assert_array_equal(detections.classes[0, :rows], classes)


def test_gradients(imported, results):
    *_, loss, found = results
    np.testing.assert_allclose(loss, imported.vectors["loss64"], rtol=1e-4)
    expected = imported.vectors["grad.input_s2"].transpose(0, 2, 3, 1)
    close(found[0].numpy()[:, ::2, ::2], expected, 1e-3)
    pairs = gradient_pairs(imported)
    assert len(pairs) >= 5
    for pair, gradient in zip(pairs, found[1:]):
        expected = pair.turned(imported.vectors[f"grad.{pair.key}"])
        close(gradient.numpy(), expected, 1e-3)


def golden_loss(imported, outputs):
    """The sum of weighted squares that the gradients are of."""
    total = 0.0
    for name, (theirs, order) in imported.golden.heads.items():
        values = outputs[name]
        if theirs == "heatmap_logit":
            values, theirs = tf.sigmoid(values), "heatmap"
        if f"train_out.{theirs}" in imported.vectors:
            # Distances in strides of the level while training.
            values = values / STRIDE[name]
        weights = imported.vectors[f"loss_w.{theirs}"].transpose(0, 2, 3, 1)
        total += tf.reduce_sum((weights if order is None else weights[..., order]) * values**2)
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, file",
    [("xy_res_18", "xy_res_18.legacy.pth"), ("xy_resdcn_18", "xy_resdcn_18.module.pth")],
)
def test_other_forms_of_the_same_file(testdata, name, file):
    folder = testdata / "golden" / "tiny"
    first, second = load(folder, name), load(folder, name, file)
    for one, other in zip(first.network.variables, second.network.variables):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", WITH_MORE_HEADS)
def test_boxes_of_the_pose_and_3d_detectors(testdata, name):
    imported = load(testdata / "golden" / "tiny", name)
    test_every_weight_is_used_or_explained(imported)
    outputs = imported.network(imported.images, training=False)
    for ours in imported.golden.heads:
        expected = imported.expected("out", ours)
        close(outputs[ours].numpy(), expected, 1e-4, imported.noise(f"out.{ours}"))
