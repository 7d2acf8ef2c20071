"""The delegates' peak filter against a naive one, eager, compiled, mapped, and as TFLite."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.ops.peak_filter import filter_peaks
from centernet_tf.ops.peaks import keep_peaks


def naive_peaks(heatmap, kernel_size):
    """Says which cells nothing in their window exceeds, bool like the map."""
    margin = kernel_size // 2
    found = np.zeros(heatmap.shape, bool)
    for image, row, column, channel in np.ndindex(*heatmap.shape):
        rows = slice(max(row - margin, 0), row + margin + 1)
        columns = slice(max(column - margin, 0), column + margin + 1)
        window = heatmap[image, rows, columns, channel]
        found[image, row, column, channel] = heatmap[image, row, column, channel] >= window.max()
    return found


def in_tflite(function, value):
    """What the converted function says, and its operations."""
    signature = [tf.TensorSpec(value.shape, tf.float32)]
    concrete = tf.function(function, input_signature=signature).get_concrete_function()
    model = tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert()
    interpreter = tf.lite.Interpreter(model_content=model)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def runs(function, value):
    """The function's results in every way it is run."""
    yield function(tf.constant(value)).numpy()
    yield tf.function(function, jit_compile=True)(tf.constant(value)).numpy()
    mapped = tf.data.Dataset.from_tensors(value).map(function)
    yield next(iter(mapped)).numpy()
    yield in_tflite(function, value)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_keeps_what_nothing_in_the_window_exceeds(rng, kernel_size):
    heatmap = np.float32(rng.normal(-3, 4, [1, 11, 14, 2]))
    expected = naive_peaks(heatmap, kernel_size)
    for found in runs(lambda value: filter_peaks(value, kernel_size), heatmap):
        np.testing.assert_array_equal(found[expected], heatmap[expected])
        assert (found[~expected] < -5e4).all()


def test_the_smallest_difference_decides():
    heatmap = np.full([1, 3, 9, 1], -2.0, np.float32)
    heatmap[0, 1, 4] = np.nextafter(np.float32(-2.0), np.float32(0.0))
    found = filter_peaks(tf.constant(heatmap), 3).numpy()
    assert found[0, 1, 4, 0] == heatmap[0, 1, 4, 0]
    assert (found[0, :, 3:6, 0] > -1e4).sum() == 1


@pytest.mark.parametrize("value", [-9.0, 0.0, 6.25, 15.0])
def test_of_a_plateau_one_cell_is_left(value):
    heatmap = np.full([1, 40, 64, 1], -12.0, np.float32)
    heatmap[0, 7:13, 20:41] = value
    for found in runs(lambda maps: filter_peaks(maps, 3, break_ties=True), heatmap):
        rows, columns = np.nonzero(found[0, 5:15, 18:43, 0] > -1e4)
        assert list(zip(rows + 5, columns + 18)) == [(7, 20)]
        assert found[0, 7, 20, 0] == np.float32(value)
    plateau = keep_peaks(tf.constant(heatmap), 3).numpy()[0, 7:13, 20:41]
    assert (plateau > -1e4).sum() == 6 * 21


def test_breaking_ties_changes_nothing_else(rng):
    heatmap = np.float32(np.round(rng.normal(-3, 4, [2, 30, 30, 3]), 2))
    one = filter_peaks(heatmap, 3).numpy() > -1e4
    other = filter_peaks(heatmap, 3, break_ties=True).numpy() > -1e4
    assert not (other & ~one).any()
    for image, row, column, channel in np.argwhere(one & ~other):
        window = heatmap[image, max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2, channel]
        assert (window == heatmap[image, row, column, channel]).sum() > 1


def test_sunk_cells_score_nothing():
    sunk = filter_peaks(tf.constant([[[[1.0], [2.0]]]]), 3)
    assert tf.sigmoid(sunk).numpy()[0, 0, 0, 0] == 0.0
