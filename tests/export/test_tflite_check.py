"""The bounds on the AP of a TFLite file."""

import keras
import pytest

from centernet_tf.errors import UserError
from centernet_tf.export.tflite_check import max_drop, require_score
from centernet_tf.export.tflite_options import TFLiteOptions
from centernet_tf.layers.deformable_conv2d import DeformableConv2D


def test_bounds_on_ap():
    scores = {"images": 6, "split": "val"}
    scores.update(keras={"AP": 0.5, "AP50": 0.9}, tflite={"AP": 0.497, "AP50": 0.9})
    require_score(scores, TFLiteOptions(variant="float16"), 0.005)
    require_score(scores, TFLiteOptions(variant="int8"), 0.0)
    require_score(None, TFLiteOptions(), 0.0)
    with pytest.raises(UserError, match="AP 0.4970"):
        require_score(scores, TFLiteOptions(), 0.001)


@pytest.mark.parametrize(
    "variant, advice",
    [
        ("float32", "not kept. Report this with the params.yaml of the model."),
        ("float16", "not kept. Export with tflite_variant=float32."),
        ("dynamic_int8", "another tflite_variant, or allow more with tflite_max_ap_drop."),
        ("int8", "or with more tflite_calibration_images, or allow more with tflite_max_ap_drop."),
    ],
)
def test_a_small_loss_is_told_to_its_digits_with_what_can_be_done(variant, advice):
    scores = {"images": 6, "split": "val"}
    scores.update(keras={"AP": 0.88104, "AP50": 0.88104}, tflite={"AP": 0.881, "AP50": 0.881})
    with pytest.raises(UserError) as caught:
        require_score(scores, TFLiteOptions(variant=variant), 0.0)
    assert "0.8810: 4e-05 less, and at most 0 is allowed" in str(caught.value)
    assert str(caught.value).endswith(advice)
    assert ("calibration" in advice) == (variant == "int8")


@pytest.mark.parametrize(
    "variant, given, plain, deformable",
    [
        ("float32", None, 0.001, 0.001),
        ("float16", 0.5, 0.005, 0.005),
        ("dynamic_int8", None, 0.01, 0.02),
        ("int8", None, 0.01, 0.02),
        ("int8", 0.0, 0.0, 0.0),
        ("int8", 0.3, 0.3, 0.3),
    ],
)
def test_how_much_ap_may_be_lost(variant, given, plain, deformable):
    image = keras.Input([8, 8, 3])
    for layer, expected in ((keras.layers.Conv2D, plain), (DeformableConv2D, deformable)):
        # Deformable layers stand within others.
        network = keras.Model(image, keras.Sequential([layer(2, 3)])(image))
        for head, more in (("full", 0.0), ("raw", 0.01)):
            lite = TFLiteOptions(variant, head, max_ap_drop=given)
            assert max_drop(network, lite) == pytest.approx(expected + more)
