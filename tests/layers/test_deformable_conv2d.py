import keras
import numpy as np
import pytest
import tensorflow as tf

from centernet_tf.layers.deformable_conv2d import DeformableConv2D
from centernet_tf.ops.deform_conv import modulated_deform_conv2d

CONFIGURATIONS = {
    "default": {},
    "strided": {"strides": 2, "use_bias": False},
    "everything": {
        "kernel_size": (3, 5),
        "strides": (2, 1),
        "dilation_rate": (1, 2),
        "groups": 2,
        "deformable_groups": 2,
        "padding": (0, 3),
        "kernel_initializer": "he_normal",
    },
}


def trained(rng, shape=(8, 10, 4), **configuration):
    """A built model of the layer alone, with offsets and masks that depend on the input."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, DeformableConv2D(6, name="dcn", **configuration)(inputs))
    layer = model.get_layer("dcn")
    for weight in (layer.offset_kernel, layer.offset_bias):
        weight.assign(rng.normal(scale=0.2, size=weight.shape))
    return model, layer


def image(rng, shape=(2, 8, 10, 4)):
    return tf.constant(rng.normal(size=shape), tf.float32)


def test_starts_as_half_a_plain_convolution(rng):
    layer, x = DeformableConv2D(6), image(rng)
    output = layer(x)
    plain = tf.nn.conv2d(x, layer.kernel, 1, "SAME")
    np.testing.assert_allclose(output, plain / 2, atol=1e-5)
    bound = (4 * 9) ** -0.5
    assert np.abs(layer.kernel).max() <= bound
    assert np.abs(layer.kernel).max() > bound / 2
    assert not np.any(layer.bias)


def test_weights_have_the_shapes_of_the_original():
    layer = DeformableConv2D(6, deformable_groups=2)
    layer.build((None, 8, 8, 4))
    shapes = {weight.name.split(":")[0]: tuple(weight.shape) for weight in layer.weights}
    assert shapes == {
        "kernel": (3, 3, 4, 6),
        "bias": (6,),
        "offset_kernel": (3, 3, 4, 54),
        "offset_bias": (54,),
    }


def test_first_two_thirds_of_the_offset_convolution_are_offsets(rng):
    _, layer = trained(rng, deformable_groups=2)
    x = image(rng)
    fields = tf.nn.conv2d(x, layer.offset_kernel, 1, "SAME") + layer.offset_bias
    expected = modulated_deform_conv2d(
        x,
        fields[..., :36],
        tf.sigmoid(fields[..., 36:]),
        layer.kernel,
        layer.bias,
        deformable_groups=2,
    )
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_saves_and_loads(rng, tmp_path, name):
    model, layer = trained(rng, **CONFIGURATIONS[name])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = image(rng)
    np.testing.assert_array_equal(loaded(x), model(x))
    assert loaded.get_layer("dcn").get_config() == layer.get_config()


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_weight_is_trained(rng, name, jit_compile):
    model, _ = trained(rng, **CONFIGURATIONS[name])
    x = image(rng)

    @tf.function(jit_compile=jit_compile)
    def gradients():
        with tf.GradientTape() as tape:
            output = model(x, training=True)
            loss = tf.reduce_sum(output**2)
        return output, tape.gradient(loss, model.trainable_variables)

    output, values = gradients()
    assert tuple(output.shape[1:]) == model.output_shape[1:]
    for variable, value in zip(model.trainable_variables, values):
        assert np.abs(value).max() > 0, variable.name


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(rng, policy):
    model, layer = trained(rng, dtype=policy)
    reference = DeformableConv2D(6)
    x = image(rng)
    reference.build(x.shape)
    reference.set_weights(layer.get_weights())
    output = layer(x)
    assert output.dtype == layer.compute_dtype
    assert all(weight.dtype == tf.float32 for weight in layer.weights)
    difference = np.abs(tf.cast(output, tf.float32) - reference(x))
    assert difference.max() < 0.1 * np.abs(reference(x)).max()


def test_unknown_image_size(rng):
    model, layer = trained(rng, shape=(None, None, 4), strides=2)
    assert model.output_shape == (None, None, None, 6)
    x = image(rng, (1, 9, 7, 4))
    assert model(x).shape == layer.compute_output_shape(x.shape)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_converts_to_builtin_tflite_operations(rng, name):
    model, _ = trained(rng, **CONFIGURATIONS[name])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    x = image(rng, (1, 8, 10, 4))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    np.testing.assert_allclose(output, model(x), atol=1e-4)
