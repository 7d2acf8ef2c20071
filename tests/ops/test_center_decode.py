"""The decoder against a loop and both originals: eager, compiled by XLA, and in a TFLite file."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.center_decode import decode_centers
from centernet_tf.ops.peaks import keep_peaks, top_peaks


def naive_decode(logits, size, offset, k, kernel, stride):
    """Peaks cell by cell, sorted by score; one image."""
    height, width, num_classes = logits.shape
    reach, rows = kernel // 2, []
    for y in range(height):
        for x in range(width):
            for label in range(num_classes):
                window = logits[
                    max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1, label
                ]
                if logits[y, x, label] >= window.max():
                    rows.append((logits[y, x, label], y, x, label))
    rows = sorted(rows, key=lambda row: -row[0])[:k]
    boxes = []
    for _, y, x, _ in rows:
        cy, cx = y + offset[y, x, 0], x + offset[y, x, 1]
        h, w = size[y, x]
        boxes.append([cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2])
    return np.array(boxes) * stride, [row[0] for row in rows], [row[3] for row in rows]


def random_outputs(rng, batch=2, height=12, width=10, num_classes=3):
    shape = [batch, height, width]
    logits = rng.normal(size=[*shape, num_classes]).astype(np.float32)
    size = rng.uniform(1, 8, [*shape, 2]).astype(np.float32)
    return logits, size, rng.uniform(size=[*shape, 2]).astype(np.float32)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("compiled", [False, True])
def test_equals_the_naive_decoder(rng, kernel, compiled):
    outputs = random_outputs(rng)
    decode = tf.function(decode_centers, jit_compile=True) if compiled else decode_centers
    found = decode(*(tf.constant(value) for value in outputs), 10, kernel, 4)
    for image in range(2):
        boxes, values, classes = naive_decode(*(value[image] for value in outputs), 10, kernel, 4)
        np.testing.assert_allclose(found.boxes[image], boxes, atol=1e-4)
        np.testing.assert_allclose(
            found.scores[image], 1 / (1 + np.exp(-np.array(values))), rtol=1e-5
        )
        assert found.classes[image].numpy().tolist() == classes
    assert found.count.numpy().tolist() == [10, 10]


def test_a_plateau_keeps_all_its_cells():
    heatmap = tf.constant([[1.0, 3.0, 3.0, 0.0]])[:, tf.newaxis, :, tf.newaxis]
    kept = keep_peaks(heatmap, 3).numpy().ravel()
    assert kept[1:3].tolist() == [3.0, 3.0]
    assert (kept[[0, 3]] == tf.float32.min).all()


def test_a_window_of_one_cell_keeps_everything(rng):
    heatmap = tf.constant(rng.normal(size=[1, 4, 5, 2]), tf.float32)
    np.testing.assert_array_equal(keep_peaks(heatmap, 1), heatmap)


def test_equal_scores_come_in_the_order_of_cells():
    _, cell, classes = top_peaks(tf.zeros([1, 2, 2, 2]), 4)
    assert cell.numpy().tolist() == [[0, 0, 1, 1]]
    assert classes.numpy().tolist() == [[0, 1, 0, 1]]


@pytest.mark.parametrize("k", [1, 7, 40, 96])
def test_top_peaks_equal_one_search_over_all_values(rng, k):
    heatmap = rng.permutation(2 * 96).reshape([2, 4, 6, 4]).astype(np.float32)
    values, cell, classes = top_peaks(tf.constant(heatmap), k)
    order = np.argsort(-heatmap.reshape(2, -1), axis=-1)[:, :k]
    np.testing.assert_array_equal(values, np.take_along_axis(heatmap.reshape(2, -1), order, -1))
    np.testing.assert_array_equal(cell, order // 4)
    np.testing.assert_array_equal(classes, order % 4)


def test_without_offset_the_middle_of_the_cell(rng):
    logits, size, _ = random_outputs(rng)
    half = np.full([2, 12, 10, 2], 0.5, np.float32)
    ours = decode_centers(tf.constant(logits), tf.constant(size), None, 5, 3, 4)
    same = decode_centers(tf.constant(logits), tf.constant(size), tf.constant(half), 5, 3, 4)
    np.testing.assert_array_equal(ours.boxes, same.boxes)


def test_through_the_tflite_interpreter(rng):
    outputs = random_outputs(rng, batch=1)
    specs = [tf.TensorSpec(value.shape, tf.float32) for value in outputs]
    function = tf.function(
        lambda *maps: decode_centers(*maps, 10, 3, 4)._asdict(), input_signature=specs
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        place = int(detail["name"].split("_")[-1].split(":")[0]) if "_" in detail["name"] else 0
        interpreter.set_tensor(detail["index"], outputs[place])
    interpreter.invoke()
    found = {
        tuple(d["shape"]): interpreter.get_tensor(d["index"])
        for d in interpreter.get_output_details()
    }
    expected = decode_centers(*(tf.constant(value) for value in outputs), 10, 3, 4)
    np.testing.assert_allclose(found[(1, 10, 4)], expected.boxes, atol=1e-4)


def logits_of(heat):
    heat = np.clip(heat.astype(np.float64), 1e-30, 1 - 1e-12)
    return tf.constant(np.transpose(np.log(heat) - np.log1p(-heat), (0, 2, 3, 1)), tf.float32)


def swapped(maps):
    """(x, y) maps of the originals as our (y, x)."""
    return tf.constant(np.transpose(maps, (0, 2, 3, 1))[..., ::-1].copy())


def check_same_detections(found, boxes_yxyx, scores, classes):
    """Row by row; rows of equal score may come in any order."""
    np.testing.assert_allclose(found.scores, scores, atol=1e-4)
    for image in range(len(scores)):
        for row in range(scores.shape[1]):
            ties = np.flatnonzero(np.abs(scores[image] - scores[image, row]) < 1e-6)
            same = [
                other
                for other in ties
                if found.classes[image, other] == classes[image, row]
                and np.abs(found.boxes[image, other] - boxes_yxyx[image, row]).max() < 1e-2
            ]
            assert same, f"image {image}, row {row} is missing"


@pytest.mark.parametrize("name", ["single", "batch"])
def test_mmdet_golden(testdata, name):
    golden = np.load(testdata / f"golden/centernet_decode_{name}.npz")
    maps = logits_of(golden["heat"]), swapped(golden["wh"]), swapped(golden["off"])
    for kernel, k, prefix in ((3, 100, "raw"), (5, 50, "kernel5_k50")):
        rows = golden[f"{prefix}_boxes_scores"]
        found = decode_centers(*maps, k, kernel, 4)
        check_same_detections(
            found, rows[..., [1, 0, 3, 2]], rows[..., 4], golden[f"{prefix}_labels"]
        )


def test_mmdet_ties_golden(testdata):
    golden = np.load(testdata / "golden/centernet_decode_ties.npz")
    maps = logits_of(golden["heat"]), swapped(golden["wh"]), swapped(golden["off"])
    found = decode_centers(*maps, 40, 3, 4)
    rows = golden["raw_boxes_scores"][0]
    np.testing.assert_allclose(found.scores[0], rows[:, 4], atol=1e-5)
    above = rows[:, 4] > rows[-1, 4] + 1e-5
    assert above.any()
    ours = {tuple(np.round(box, 2)) for box in found.boxes[0].numpy()[above]}
    assert ours == {tuple(np.round(box, 2)) for box in rows[above][:, [1, 0, 3, 2]]}


def test_original_golden(testdata):
    golden = np.load(testdata / "golden/xy_ctdet_decode.npz")
    heat, size = logits_of(golden["heat"]), swapped(golden["wh"])
    for offset, k, name in ((swapped(golden["reg"]), 100, "dets"), (None, 40, "dets_noreg")):
        rows = golden[name]
        found = decode_centers(heat, size, offset, k, 3, 1)
        check_same_detections(found, rows[..., [1, 0, 3, 2]], rows[..., 4], rows[..., 5])
