"""The warp of the TFLite file against the one of the evaluation, and against a naive one."""

import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.export.builtin_warp import warp_and_normalize
from centernet_tf.export.native_output import hidden_unless_it_fails
from centernet_tf.ops.geometry import letterbox_transform, warp_images
from centernet_tf.ops.normalize import normalize

UNCHANGED = ("rgb", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

# Larger, smaller, wider, higher, equal, filling one side exactly, one pixel, and awkward ratios.
SIZES = [
    (200, 301),
    (20, 31),
    (50, 333),
    (333, 50),
    (64, 96),
    (64, 40),
    (32, 48),
    (1, 1),
    (97, 145),
]


def warp_image(image, transform, output_size):
    return warp_and_normalize(image, transform, output_size, *UNCHANGED)


@pytest.mark.parametrize("size", SIZES)
def test_equals_the_warp_of_the_evaluation(rng, size):
    image = rng.integers(0, 256, [1, *size, 3], np.uint8)
    transform = letterbox_transform(tf.constant(size), (64, 96))
    expected = warp_images(image, transform[tf.newaxis], (64, 96))
    found = warp_image(tf.constant(image), transform, (64, 96))
    np.testing.assert_allclose(found, expected, atol=0.02)


@pytest.mark.parametrize("input_size", [(512, 512), (480, 640), (256, 256)])
def test_no_edge_turns_black_in_one_and_not_in_the_other(rng, input_size):
    for _ in range(30):
        size = rng.integers(1, 900, 2)
        image = np.full([1, *size, 3], 200, np.uint8)
        transform = letterbox_transform(tf.constant(size), input_size)
        expected = warp_images(image, transform[tf.newaxis], input_size)
        found = warp_image(tf.constant(image), transform, input_size)
        np.testing.assert_allclose(found, expected, atol=0.02, err_msg=str(size))


@pytest.mark.parametrize("channel_order", ["rgb", "bgr"])
@pytest.mark.parametrize("jit_compile", [None, False, True])
def test_normalizes_as_the_evaluation_does(rng, channel_order, jit_compile):
    normalization = (channel_order, (104.0, 117.5, 123.7), (70.1, 57.2, 58.3))
    image = tf.constant(rng.integers(0, 256, [1, 45, 61, 3], np.uint8))
    transform = letterbox_transform(tf.constant([45, 61]), (64, 96))

    def run(image):
        return warp_and_normalize(image, transform, (64, 96), *normalization)

    if jit_compile is not None:
        run = tf.function(run, jit_compile=jit_compile)
    expected = normalize(warp_images(image, transform[tf.newaxis], (64, 96)), *normalization)
    np.testing.assert_allclose(run(image), expected, atol=3e-4)
    # Black, and not the mean colour, is around the image.
    assert expected[0, 0, 0, 0] < -1


def test_equals_a_naive_warp(rng):
    image = rng.integers(0, 256, [1, 9, 14, 3], np.uint8)
    scale, shift_y, shift_x = 1.7, 3.25, -2.5
    found = warp_image(tf.constant(image), tf.constant([scale, shift_y, shift_x]), (20, 24)).numpy()
    for row in range(20):
        for column in range(24):
            y, x = (row - shift_y) / scale, (column - shift_x) / scale
            expected = np.zeros(3)
            if 0 <= y <= 8 and 0 <= x <= 13:
                top, left = int(y), int(x)
                for i in (top, top + 1):
                    for j in (left, left + 1):
                        if i <= 8 and j <= 13:
                            expected += (1 - abs(y - i)) * (1 - abs(x - j)) * image[0, i, j]
            np.testing.assert_allclose(found[0, row, column], expected, atol=0.01)


@pytest.mark.parametrize("size", [(50, 200), (200, 50), (33, 17), (480, 640), (61, 61)])
def test_rounds_the_same_way_once_converted(size, converted, rng):
    image = rng.integers(0, 256, [1, *size, 3], np.uint8)
    transform = letterbox_transform(tf.constant(size), (64, 96))
    expected = warp_images(image, transform[tf.newaxis], (64, 96))
    np.testing.assert_allclose(
        converted.get_signature_runner()(image=image)["warped"], expected, atol=0.02
    )


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """The letterbox to 64x96 as an interpreter."""

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="image")])
    def warp(image):
        transform = letterbox_transform(tf.shape(image)[1:3], (64, 96))
        return {"warped": warp_image(image, transform, (64, 96))}

    module, folder = tf.Module(), str(tmp_path_factory.mktemp("warp"))
    module.warp = warp
    tf.saved_model.save(module, folder, signatures={"serving_default": warp})
    with hidden_unless_it_fails():
        return tf.lite.Interpreter(
            model_content=tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        )
